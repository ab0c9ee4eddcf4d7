//! How a sweep follows credentials (`--follow`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::round_lookups::RoundLookups;
use dragnet_model::{LogSource, SourceKind, SourceLookup, Target};

/// How a sweep follows credentials. A run stores it as a part of its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowSettings {
    /// The maximum number of rounds after the first search.
    pub max_rounds: u32,
    /// The maximum number of identities.
    pub max_identities: usize,
    /// From when the calls of the identities that are given count, in milliseconds since the Unix
    /// epoch; `None`: the start of the window.
    pub from_ms: Option<i64>,
    /// Whether to search for the addresses of the followed identities.
    pub addresses: bool,
    /// The log sources that the first search found; set for a round.
    #[serde(skip)]
    pub known_sources: Option<Arc<KnownSources>>,
    /// The attribute lookups that find the same in event histories; set for a round.
    #[serde(skip)]
    pub round_lookups: Option<Arc<RoundLookups>>,
}

impl FollowSettings {
    /// The maximum number of identities.
    pub const MAX_IDENTITIES: usize = 1_000;
}

/// The log sources that the first search of a run found. A round reads only what trails deliver, so
/// it asks AWS neither for log sources nor for other log groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownSources {
    lookups: Vec<SourceLookup>,
    log_sources: Vec<LogSource>,
}

impl KnownSources {
    /// Keeps the CloudTrail log sources.
    pub fn new(
        lookups: impl IntoIterator<Item = SourceLookup>,
        log_sources: impl IntoIterator<Item = LogSource>,
    ) -> Self {
        let lookups = lookups.into_iter();
        let log_sources = log_sources.into_iter();
        Self {
            lookups: lookups
                .filter(|lookup| lookup.kind == SourceKind::CloudTrail)
                .collect(),
            log_sources: log_sources
                .filter(|source| source.kind == SourceKind::CloudTrail)
                .collect(),
        }
    }

    /// Returns the lookup of an account-Region, if there was one.
    pub fn lookup(&self, target: &Target) -> Option<&SourceLookup> {
        self.lookups.iter().find(|lookup| lookup.target == *target)
    }

    /// Returns the log sources that a lookup names.
    pub fn log_sources<'s>(
        &'s self,
        lookup: &'s SourceLookup,
    ) -> impl Iterator<Item = &'s LogSource> {
        let names = lookup.result.as_deref().unwrap_or_default();
        self.log_sources
            .iter()
            .filter(move |source| names.contains(&source.via))
    }
}
