//! Compares the log sources of two runs.

use std::collections::BTreeMap;

use super::Difference;
use dragnet_model::{Source, SourceKind, Target};

/// Returns the differences between the log sources of two runs: those that only one run has, and
/// those whose status differs.
pub fn compare_sources(before: &[Source], after: &[Source]) -> Vec<Difference<Source>> {
    let mut sources: BTreeMap<SourceKey<'_>, Difference<&Source>> = BTreeMap::new();
    for source in before {
        let entry = sources.entry(source_key(source)).or_insert(NEITHER);
        entry.before = Some(source);
    }
    for source in after {
        let entry = sources.entry(source_key(source)).or_insert(NEITHER);
        entry.after = Some(source);
    }
    let status = |source: Option<&Source>| source.map(|source| source.status);
    sources
        .into_values()
        .filter(|source| status(source.before) != status(source.after))
        .map(|source| Difference {
            before: source.before.cloned(),
            after: source.after.cloned(),
        })
        .collect()
}

const NEITHER: Difference<&Source> = Difference {
    before: None,
    after: None,
};

/// The account-Region, the kind, and the trail or flow log.
type SourceKey<'s> = (&'s Target, &'static str, &'s str);

fn source_key(source: &Source) -> SourceKey<'_> {
    let kind: SourceKind = source.kind;
    (&source.target, kind.as_str(), &source.via)
}
