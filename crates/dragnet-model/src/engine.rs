//! The engines that read log groups.

use std::fmt;

/// An engine that reads the events of a log group. Both return the same rows. A work unit keeps its
/// engine on resume, because each has its own event ids (`eventId`, `@ptr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// `FilterLogEvents`: free, paginated, as fast as its quota permits.
    Filter,
    /// CloudWatch Logs Insights: up to 50 log groups in a query, charged by scanned bytes.
    Insights,
}

impl Engine {
    /// Both engines.
    pub const ALL: [Self; 2] = [Self::Filter, Self::Insights];

    /// The name used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Insights => "insights",
        }
    }

    /// The engine with this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.as_str() == word)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
