//! The Regions of a range.

use std::collections::BTreeSet;

use dragnet_model::Region;

/// The Regions that exist, and which of them require an opt-in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Regions {
    /// The first Region of the scenario, in which callers start.
    pub(crate) home: Option<Region>,
    /// Enabled in every account (`opt-in-not-required`).
    pub(crate) by_default: BTreeSet<Region>,
    /// Disabled until an account opts in.
    pub(crate) opt_in: BTreeSet<Region>,
}

impl Regions {
    /// All Regions, sorted by name, with whether each requires an opt-in.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Region, bool)> {
        let mut all: Vec<_> = self
            .by_default
            .iter()
            .map(|region| (region, false))
            .collect();
        all.extend(self.opt_in.iter().map(|region| (region, true)));
        all.sort();
        all.into_iter()
    }
}
