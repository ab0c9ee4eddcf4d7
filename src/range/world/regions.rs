//! The Regions of a range.

use std::collections::BTreeSet;

use crate::model::Region;

/// Which Regions exist, and which of them an account has to opt in to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Regions {
    /// Where callers begin: the first that the scenario names.
    pub(crate) home: Option<Region>,
    /// On in every account (`opt-in-not-required`).
    pub(crate) by_default: BTreeSet<Region>,
    /// Off until an account opts in.
    pub(crate) opt_in: BTreeSet<Region>,
}

impl Regions {
    /// Every Region with whether it needs opting in, in order of name.
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
