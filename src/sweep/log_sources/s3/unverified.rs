//! Why the objects of a folder could not be verified. Pure.

use dragnet_model::{Outcome, Reason};

/// How the detail of an outcome begins if the folder could not be verified.
const NOT_VERIFIED: &str = "not verified: ";

/// Why a folder could not be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unverified {
    pub reason: Reason,
    detail: String,
}

impl Unverified {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }

    pub(super) fn interrupted() -> Self {
        Self::new(Reason::Interrupted, Reason::Interrupted.explanation())
    }

    /// A call failed with this outcome.
    pub(super) fn from_outcome(outcome: &Outcome) -> Self {
        if outcome.reason == Some(Reason::Interrupted) {
            return Self::interrupted();
        }
        Self::new(Reason::NotVerified, outcome.reason_text())
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.reason == Reason::Interrupted
    }

    /// Returns what the coverage says.
    pub(super) fn text(&self) -> String {
        format!("{NOT_VERIFIED}{}", self.detail)
    }

    /// Returns what the verdict says.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }
}

/// Whether an earlier part of the run could not verify a folder with this outcome, so that it did not
/// compare the objects either.
pub(super) fn was_not_verified(outcome: &Outcome) -> bool {
    outcome.detail.contains(NOT_VERIFIED)
}
