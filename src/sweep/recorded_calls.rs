//! Decides whether Dragnet itself made the call of a record: the journals of this run and of
//! earlier runs on this machine have the request ids of all its calls.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::store::{EarlierRuns, RunReader, RunRegistry, StoreError};
use dragnet_model::{EventDetails, OwnCall, RunId};

/// Parts of the user agent and of the session names that Dragnet uses. An attacker can use them
/// too.
const OWN_USER_AGENT: &str = "dragnet/";
const OWN_SESSION_NAME: &str = "/dragnet-";

/// The maximum number of request ids in memory: some ten megabytes. More are looked up one by one.
const MOST_REQUESTS: usize = 100_000;

/// The calls of a run and of the earlier ones.
pub(super) struct RecordedCalls<'r> {
    reader: &'r RunReader,
    /// The request ids of the run, if they are few enough for memory.
    own_requests: Option<HashSet<String>>,
    earlier_runs: EarlierRuns,
}

impl<'r> RecordedCalls<'r> {
    /// Prepares the calls of a run, and of the earlier ones of which `registry` knows the
    /// directories.
    pub(super) fn load(reader: &'r RunReader, registry: &RunRegistry) -> Result<Self, StoreError> {
        let facts = reader.facts()?;
        let ids = facts
            .earlier_runs
            .text()
            .map(earlier_run_ids)
            .unwrap_or_default();
        Ok(Self {
            reader,
            own_requests: reader.own_requests(MOST_REQUESTS)?,
            earlier_runs: registry.earlier_runs(&ids),
        })
    }

    /// Whether Dragnet made the call of a record. Only a request id in the journal of a run on this
    /// machine proves it: everything else in a record can be imitated.
    pub(super) fn classify(&self, details: &EventDetails<'_>) -> Result<OwnCall, StoreError> {
        let request_id = &details.request_id;
        let is_own = match &self.own_requests {
            Some(own) => own.contains(&**request_id),
            None => self.reader.is_own_request(request_id)?,
        };
        if is_own {
            return Ok(OwnCall::Yes);
        }
        let resembles_own = details.user_agent.contains(OWN_USER_AGENT)
            || details.identity.arn.contains(OWN_SESSION_NAME);
        if !resembles_own {
            return Ok(OwnCall::No);
        }
        let is_known =
            !request_id.is_empty() && self.earlier_runs.made_call(request_id, details.time_ms)?;
        Ok(if is_known {
            OwnCall::Yes
        } else {
            OwnCall::Claimed
        })
    }
}

/// Reads the fact. Earlier versions stored `[id, directory]` for each run. The directory is
/// ignored: a run that was handed over could name one with a forged journal. What is not understood
/// is left out, so that the calls are reported as claimed.
fn earlier_run_ids(json: &str) -> BTreeSet<RunId> {
    let entries: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    let run_id = |entry: &Value| -> Option<RunId> {
        let id = entry.as_str().or_else(|| entry.get(0)?.as_str())?;
        id.parse().ok()
    };
    entries.iter().filter_map(run_id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fact_of_earlier_versions_is_read_without_the_directories() {
        let ids = |json| {
            let ids = earlier_run_ids(json);
            ids.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let both = ["20260301T120000Z-0001", "20260301T130000Z-0002"];
        assert_eq!(
            ids(r#"["20260301T130000Z-0002","20260301T120000Z-0001"]"#),
            both
        );
        assert_eq!(
            ids(
                r#"[["20260301T120000Z-0001","/a"],["20260301T130000Z-0002","/b"],["x","/c"],[],7]"#
            ),
            both
        );
        assert!(ids("nonsense").is_empty());
    }
}
