//! What is wrong with a configuration or accounts file, and where.

use std::fmt;
use std::io;

use toml::de::{DeTable, DeValue};

use super::nearest;

/// What is wrong with a file that the user wrote: its name, the line where it is known, and what was
/// expected there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    origin: String,
    line: Option<usize>,
    message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.origin, self.message),
            None => write!(f, "{}: {}", self.origin, self.message),
        }
    }
}

impl ConfigError {
    pub(super) fn new(origin: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        Self {
            origin: origin.to_owned(),
            line,
            message: message.into(),
        }
    }

    pub(super) fn unreadable(origin: &str, error: &io::Error) -> Self {
        Self::new(origin, None, format!("cannot be read: {error}"))
    }

    pub(super) fn in_toml(text: &str, origin: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map(|span| span.start);
        let message = unknown_key(text, at, error.message())
            .unwrap_or_else(|| error.message().trim().to_owned());
        Self::new(origin, at.map(|at| line_at(text, at)), message)
    }
}

/// Serde's own words for an unknown key, said with the table and the nearest known key. Serde hands
/// the names on only as text: the unknown one and then the known ones, each between back quotes.
fn unknown_key(text: &str, at: Option<usize>, message: &str) -> Option<String> {
    let quoted: Vec<&str> = message
        .strip_prefix("unknown field ")?
        .split('`')
        .skip(1)
        .step_by(2)
        .collect();
    let (key, known) = quoted.split_first()?;
    let table = at.and_then(|at| header_above(text, at));
    let place = match &table {
        Some(header) => format!("unknown key `{key}` in {header}"),
        None => format!("unknown table or key `{key}`"),
    };
    Some(match nearest(key, known.iter().copied()) {
        Some(near) => format!("{place}: did you mean `{near}`?"),
        None => format!("{place}: expected one of `{}`", known.join("`, `")),
    })
}

/// The `[table]` line that a byte of the file stands under, if it is a key in a table.
fn header_above(text: &str, at: usize) -> Option<String> {
    let before = text.get(..at)?;
    let own_line = before.rfind('\n').map_or(0, |newline| newline + 1);
    // On a `[header]` line it is the table itself that is unknown.
    if before.get(own_line..)?.trim_start().starts_with('[') {
        return None;
    }
    let header = before
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| line.starts_with('['))?;
    Some(header.split('#').next().unwrap_or(header).trim().to_owned())
}

fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Values that do not fit together, placed by the path of keys to the one that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    /// Innermost key last; an array's items by number.
    path: Vec<String>,
    message: String,
}

impl Problem {
    pub(super) fn new(key: &str, message: impl fmt::Display) -> Self {
        Self {
            path: vec![key.to_owned()],
            message: message.to_string(),
        }
    }

    /// The same problem, seen from the table `key`.
    pub(super) fn under(mut self, key: impl Into<String>) -> Self {
        self.path.insert(0, key.into());
        self
    }

    pub(super) fn in_toml(self, text: &str, origin: &str) -> ConfigError {
        ConfigError::new(origin, self.line(text), self.message)
    }

    /// The line of the value at the path, or of the last key on the way that the file has.
    fn line(&self, text: &str) -> Option<usize> {
        let document = DeTable::parse(text).ok()?;
        let mut keys = self.path.iter();
        let mut place = document.get_ref().get(keys.next()?.as_str())?;
        for key in keys {
            let below = match (place.get_ref(), key.parse::<usize>()) {
                (DeValue::Array(_), Ok(number)) => place.get_ref().get(number),
                (DeValue::Table(_), _) => place.get_ref().get(key.as_str()),
                _ => None,
            };
            let Some(below) = below else { break };
            place = below;
        }
        Some(line_at(text, place.span().start))
    }
}
