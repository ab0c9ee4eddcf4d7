//! Errors in a configuration or accounts file, with their line.

use std::fmt;
use std::io;

use toml::de::{DeTable, DeValue};

use super::nearest;

/// An error in a file that the user wrote: the name of the file, the line if it is known, and what
/// was expected there.
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

/// Rewrites serde's message for an unknown key, and adds the table and the nearest known key. Serde
/// provides the names only inside its message: the unknown key first, then the known ones, each in
/// backquotes.
fn unknown_key(text: &str, at: Option<usize>, message: &str) -> Option<String> {
    let quoted: Vec<&str> = message
        .strip_prefix("unknown field ")?
        .split('`')
        .skip(1)
        .step_by(2)
        .collect();
    let (key, known) = quoted.split_first()?;
    let table = at.and_then(|at| header_above(text, at));
    let subject = match &table {
        Some(header) => format!("unknown key `{key}` in {header}"),
        None => format!("unknown table or key `{key}`"),
    };
    Some(match nearest(key, known.iter().copied()) {
        Some(near) => format!("{subject}: did you mean `{near}`?"),
        None => format!("{subject}: expected one of `{}`", known.join("`, `")),
    })
}

/// Returns the `[table]` header above a byte offset, if the offset is at a key within a table.
fn header_above(text: &str, at: usize) -> Option<String> {
    let before = text.get(..at)?;
    let own_line = before.rfind('\n').map_or(0, |newline| newline + 1);
    // On a `[header]` line, the table itself is unknown.
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

/// An error in values that are valid alone but not together, located by a path of keys.
#[derive(Debug)]
pub(super) struct Problem {
    /// The innermost key is last; array items are numbers.
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

    /// Prefixes the path with the table `key`.
    pub(super) fn under(mut self, key: impl Into<String>) -> Self {
        self.path.insert(0, key.into());
        self
    }

    pub(super) fn in_toml(self, text: &str, origin: &str) -> ConfigError {
        ConfigError::new(origin, self.line(text), self.message)
    }

    /// Returns the line of the value at the path. If the file lacks a key of the path, the line of
    /// the last key that it has.
    fn line(&self, text: &str) -> Option<usize> {
        let document = DeTable::parse(text).ok()?;
        let mut keys = self.path.iter();
        let mut value = document.get_ref().get(keys.next()?.as_str())?;
        for key in keys {
            let child = match (value.get_ref(), key.parse::<usize>()) {
                (DeValue::Array(_), Ok(number)) => value.get_ref().get(number),
                (DeValue::Table(_), _) => value.get_ref().get(key.as_str()),
                _ => None,
            };
            let Some(child) = child else { break };
            value = child;
        }
        Some(line_at(text, value.span().start))
    }
}
