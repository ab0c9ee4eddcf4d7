//! The lineage in `summary.json`.

use serde::Serialize;

use dragnet_model::format::plural;

/// The lineage of a run in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FollowSummary {
    /// The identities.
    pub identities: usize,
    /// The calls that connect them.
    pub calls: usize,
    /// The calls that failed.
    pub attempts: usize,
    /// The rounds after the first search.
    pub rounds: usize,
    /// Where the lineage may continue unseen.
    pub open_ends: usize,
    /// Whether one of these makes the run incomplete: the configuration does not accept it.
    #[serde(skip)]
    pub has_gaps: bool,
}

impl FollowSummary {
    /// Describes the open ends, if there are any.
    pub(super) fn sentence(&self) -> Option<String> {
        let open_ends = u64::try_from(self.open_ends).unwrap_or(u64::MAX);
        (open_ends > 0).then(|| {
            format!(
                "The lineage may continue unseen: {} in follow.json.",
                plural(open_ends, "open end")
            )
        })
    }
}
