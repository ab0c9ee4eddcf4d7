//! Selects accounts by organizational unit.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidText;
use super::text::written_as_text;

/// An organizational unit (OU) by id, or by name or path: `ou-ab12-cd34ef56`, `Prod`,
/// `Workloads/Prod`. The id of the root stands for all accounts of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum OuSelector {
    /// The OU or root with this id.
    Id(String),
    /// The OU with this name or path.
    Name(String),
}

impl OuSelector {
    /// Whether an OU has this name, or this path from any of its ancestors. `names` are the names
    /// of its ancestors below the root, and its own.
    pub fn matches_names(&self, names: &[String]) -> bool {
        let Self::Name(text) = self else {
            return false;
        };
        // Names may contain slashes, so the parts of the text are not compared one by one.
        (0..names.len()).any(|first| {
            names
                .get(first..)
                .is_some_and(|names| names.join("/") == *text)
        })
    }
}

impl FromStr for OuSelector {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim() != text || text.is_empty() {
            return Err(InvalidText {
                text: text.to_owned(),
                expected: "an organizational unit: expected its id, name or path, without spaces around it",
            });
        }
        Ok(if is_id(text) {
            Self::Id(text.to_owned())
        } else {
            Self::Name(text.to_owned())
        })
    }
}

written_as_text!(OuSelector, InvalidText);

impl fmt::Display for OuSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(text) | Self::Name(text) => f.pad(text),
        }
    }
}

/// Whether a text has the form of the id of an OU or root.
///
/// Source: Organizations API, `OrganizationalUnit.Id` (`^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$`) and
/// `Root.Id` (`^r-[0-9a-z]{4,32}$`).
fn is_id(text: &str) -> bool {
    let is_part = |part: &str, shortest: usize| {
        (shortest..=32).contains(&part.len())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if let Some(root) = text.strip_prefix("r-") {
        return is_part(root, 4);
    }
    let parts = text
        .strip_prefix("ou-")
        .and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(root, unit)| is_part(root, 4) && is_part(unit, 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_from_names() {
        let parse = |text: &str| text.parse::<OuSelector>().unwrap();
        for id in ["ou-ab12-cd34ef56", "r-ab12"] {
            assert_eq!(parse(id), OuSelector::Id(id.to_owned()));
        }
        for name in [
            "Prod",
            "Workloads/Prod",
            "ou-prod",
            "r-d",
            "ou-AB12-cd34ef56",
        ] {
            assert_eq!(parse(name), OuSelector::Name(name.to_owned()));
        }
        assert!("".parse::<OuSelector>().is_err() && " Prod".parse::<OuSelector>().is_err());
    }

    #[test]
    fn name_and_every_path_to_it_match() {
        let matches = |text: &str, names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            text.parse::<OuSelector>().unwrap().matches_names(&names)
        };
        let names = ["Workloads", "Prod", "EU"];
        for text in ["EU", "Prod/EU", "Workloads/Prod/EU"] {
            assert!(matches(text, &names), "{text}");
        }
        for text in ["Prod", "Workloads", "Workloads/EU", "U", "eu"] {
            assert!(!matches(text, &names), "{text}");
        }
        assert!(matches("a/b", &["a/b"]) && !matches("b", &["a/b"]));
    }
}
