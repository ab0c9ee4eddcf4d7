//! What reads a log group.

use std::fmt;

/// One of the two ways to the events of a log group. Both give the same rows; a unit keeps its engine when its run goes
/// on, since each names events in its own way (`eventId`, `@ptr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// `FilterLogEvents`: free, page by page, as fast as its quota.
    Filter,
    /// CloudWatch Logs Insights: up to 50 groups a query, paid by the bytes that are scanned.
    Insights,
}

impl Engine {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Filter, Self::Insights];

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Insights => "insights",
        }
    }

    /// The engine that `as_str` gave this word for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.as_str() == word)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
