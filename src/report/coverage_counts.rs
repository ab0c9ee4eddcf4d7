//! Counts of accounts, account-Regions and log groups by how they were covered.

use serde::Serialize;

use dragnet_model::{Outcome, Status};

/// The coverage of accounts or account-Regions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CoverageCounts {
    /// All that are in scope and active.
    pub in_scope: u64,
    /// All that are in scope but not active.
    pub out_of_scope: u64,
    /// Covered.
    pub swept: u64,
    /// Partly covered.
    pub partial: u64,
    /// Not covered because AWS denied access.
    pub denied: u64,
    /// Not covered for any other reason.
    pub failed: u64,
    /// Not covered, but accepted.
    pub accepted: u64,
}

impl CoverageCounts {
    pub(super) fn count(&mut self, level: CoverageLevel) {
        if level != CoverageLevel::OutOfScope {
            self.in_scope += 1;
        }
        *match level {
            CoverageLevel::OutOfScope => &mut self.out_of_scope,
            CoverageLevel::Swept => &mut self.swept,
            CoverageLevel::Partial => &mut self.partial,
            CoverageLevel::Denied => &mut self.denied,
            CoverageLevel::Failed => &mut self.failed,
            CoverageLevel::Accepted => &mut self.accepted,
        } += 1;
    }
}

/// The coverage of log groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogGroupCounts {
    /// All that are in scope.
    pub in_scope: u64,
    /// Read completely.
    pub searched: u64,
    /// Partly read, or read with values masked.
    pub partial: u64,
    /// Not read because absence is proven.
    pub skipped: u64,
    /// Not readable by any engine.
    pub unsearchable: u64,
    /// Not read because AWS denied access.
    pub denied: u64,
    /// Not read for any other reason.
    pub failed: u64,
    /// Not read, but accepted.
    pub accepted: u64,
}

impl LogGroupCounts {
    pub(super) fn count(&mut self, status: Status) {
        self.in_scope += 1;
        *match status {
            Status::Searched => &mut self.searched,
            Status::Partial => &mut self.partial,
            Status::Skipped => &mut self.skipped,
            Status::Unsearchable => &mut self.unsearchable,
            Status::Denied => &mut self.denied,
            Status::Failed => &mut self.failed,
            Status::Accepted => &mut self.accepted,
        } += 1;
    }
}

/// How much of an account or account-Region was covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CoverageLevel {
    OutOfScope,
    Swept,
    Partial,
    Denied,
    Failed,
    Accepted,
}

impl CoverageLevel {
    pub(super) fn from_outcome(outcome: &Outcome) -> Self {
        match outcome.status {
            _ if outcome.is_about_inactive_account() => Self::OutOfScope,
            Status::Accepted => Self::Accepted,
            _ if outcome.is_covered() => Self::Swept,
            Status::Denied => Self::Denied,
            Status::Partial | Status::Unsearchable => Self::Partial,
            Status::Searched | Status::Skipped | Status::Failed => Self::Failed,
        }
    }

    /// Combines the levels of two parts into the level of the whole.
    pub(super) fn combine(self, other: Self) -> Self {
        match (self, other) {
            (one, same) if one == same => one,
            // The account was closed during the run, so only what was done before that counts.
            (Self::OutOfScope, other) | (other, Self::OutOfScope) => other,
            (Self::Swept, Self::Accepted) | (Self::Accepted, Self::Swept) => Self::Accepted,
            (Self::Denied, Self::Failed) | (Self::Failed, Self::Denied) => Self::Failed,
            _ => Self::Partial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_combine_in_any_order() {
        use CoverageLevel::{Accepted, Denied, Failed, Partial, Swept};
        for (one, other, whole) in [
            (Swept, Swept, Swept),
            (Denied, Denied, Denied),
            (Swept, Denied, Partial),
            (Swept, Accepted, Accepted),
            (Accepted, Failed, Partial),
            (Denied, Failed, Failed),
        ] {
            assert_eq!(
                (one.combine(other), other.combine(one)),
                (whole, whole),
                "{one:?} {other:?}"
            );
        }
    }
}
