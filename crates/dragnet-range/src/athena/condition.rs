//! The conditions of statements, and how a row meets them.

use regex::Regex;

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// `strpos(COLUMN, TEXT) > 0`
    Contains(String, String),
    /// `regexp_like(COLUMN, REGEX)`
    Matches(String, Regex),
    /// `COLUMN IN (…)` or `COLUMN = …`
    OneOf(String, Vec<String>),
    /// `COLUMN BETWEEN … AND …`
    Between(String, String, String),
}

impl Condition {
    /// Whether a row meets the condition. `None` stands for NULL, with which no comparison is true.
    pub(super) fn is_met(&self, value_of: &dyn Fn(&str) -> Option<String>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.is_met(value_of)),
            Self::Any(parts) => parts.iter().any(|part| part.is_met(value_of)),
            Self::Not(part) => !part.is_met(value_of),
            Self::Contains(column, text) => {
                value_of(column).is_some_and(|value| value.contains(text.as_str()))
            }
            Self::Matches(column, regex) => {
                value_of(column).is_some_and(|value| regex.is_match(&value))
            }
            Self::OneOf(column, values) => {
                value_of(column).is_some_and(|value| values.contains(&value))
            }
            Self::Between(column, low, high) => {
                value_of(column).is_some_and(|value| *low <= value && value <= *high)
            }
        }
    }

    /// The values that the condition demands of a column, if every row has to have one of them.
    pub(super) fn values_of(&self, wanted: &str) -> Option<Vec<String>> {
        match self {
            Self::OneOf(column, values) if column == wanted => Some(values.clone()),
            Self::All(parts) => parts.iter().find_map(|part| part.values_of(wanted)),
            _ => None,
        }
    }

    /// The first and the last value that the condition demands of a column.
    pub(super) fn range_of(&self, wanted: &str) -> Option<(String, String)> {
        match self {
            Self::Between(column, low, high) if column == wanted => {
                Some((low.clone(), high.clone()))
            }
            Self::All(parts) => parts.iter().find_map(|part| part.range_of(wanted)),
            _ => None,
        }
    }

    /// Whether the condition is about a column anywhere.
    pub(super) fn columns(&self, all: &mut Vec<String>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.columns(all)),
            Self::Not(part) => part.columns(all),
            Self::Contains(column, _)
            | Self::Matches(column, _)
            | Self::OneOf(column, _)
            | Self::Between(column, ..) => all.push(column.clone()),
        }
    }
}
