//! `summary.json`: the run in numbers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{
    CoverageCounts, FileSummary, FollowSummary, HuntSummary, LivenessCounts, LogGroupCounts,
    NotRequired, SourceCounts,
};
use crate::config::{RejectedEntries, Scope};
use crate::digests::IntegritySummary;
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{BucketReads, RequiredKinds, SlowedRate, TimeWindow};

/// The numbers of a run. The field names are the keys of `summary.json`, on which scripts depend.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The id of the run.
    pub run_id: String,
    /// The version of Dragnet that executed the run.
    pub tool_version: String,
    /// How the run ended.
    pub status: RunStatus,
    /// When the run started.
    #[serde(serialize_with = "milliseconds")]
    pub started: Timestamp,
    /// When the run ended.
    #[serde(serialize_with = "milliseconds")]
    pub finished: Timestamp,
    /// The window that was searched.
    pub window: SummaryWindow,
    /// The indicators that were searched for, in the order in which they were given.
    pub indicators: Vec<IndicatorSummary>,
    /// The entries of indicator lists that were not understood, and so were not searched for.
    pub rejected_entries: Vec<RejectedEntries>,
    /// The selectors of the scope that matched nothing, as options of the command line.
    pub unmatched_selectors: Vec<String>,
    /// What the indicator lists contained that cannot be searched for in logs; one line per list.
    pub not_looked_for: Vec<String>,
    /// The hunts that were run.
    pub hunts: Vec<HuntSummary>,
    /// How the accounts were covered.
    pub accounts: CoverageCounts,
    /// How the account-Regions were covered.
    pub targets: CoverageCounts,
    /// How the log groups were covered.
    pub log_groups: LogGroupCounts,
    /// The files on disk, if any were searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<FileSummary>,
    /// What CloudTrail's digests say about the objects in S3, if that was to be verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity: Option<IntegritySummary>,
    /// Whether reads of buckets were recorded: of those that were searched, and that sightings name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bucket_reads: Vec<BucketReads>,
    /// Whether the log groups of trails have the records that event histories have, if that was
    /// checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liveness: Option<LivenessCounts>,
    /// The lineage, if credentials were followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow: Option<FollowSummary>,
    /// Whether the CloudTrail of accounts and account-Regions was searched.
    pub sources: SourceCounts,
    /// Tampering calls, by event name, without those of low severity.
    pub tampering: BTreeMap<String, u64>,
    /// Tampering calls of low severity, which occur in every organization.
    #[serde(skip_serializing_if = "super::plan::is_zero")]
    pub tampering_low: u64,
    /// Whether only write calls were searched.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub changes_only: bool,
    /// The kinds of logs whose gaps make the run incomplete.
    pub required: RequiredKinds,
    /// The log groups of other kinds, with their gaps.
    pub not_required: NotRequired,
    /// What no search of CloudWatch Logs can find.
    pub never_in_logs: [&'static str; 3],
    /// Sightings, with copies combined, including calls of Dragnet itself.
    pub sightings: u64,
    /// The sightings that are calls of Dragnet itself. They are no findings.
    pub own_calls: u64,
    /// The sightings that only look like calls of Dragnet. They are findings.
    pub claimed_own_calls: u64,
    /// Events that were read and matched.
    pub events_examined: u64,
    /// Bytes of messages that were read.
    pub bytes_scanned: u64,
    /// The use of CloudWatch Logs Insights.
    pub insights: InsightsUse,
    /// The use of Athena, if it was to be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub athena: Option<AthenaSummary>,
    /// AWS calls, by operation.
    pub api_calls: BTreeMap<String, u64>,
    /// Throttled calls, by operation.
    pub throttled: BTreeMap<String, u64>,
    /// The quotas under which AWS throttled a call, and the lowest rate of each.
    pub rates: Vec<SlowedRate>,
    /// Whether only the accounts that are assigned to the caller in IAM Identity Center are known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub assigned_accounts_only: bool,
    /// The member role that was assumed in each account, if there were several to try.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub member_roles: BTreeMap<String, String>,
    /// The ARN of the caller.
    pub caller_arn: String,
    /// The scope of the run.
    pub scope: Scope,
}

impl Summary {
    /// Returns whether only files were searched, and nothing in AWS.
    pub(super) fn is_about_files_alone(&self) -> bool {
        self.files.is_some_and(|files| files.are_alone)
    }

    /// Returns the number of sightings that are not calls of Dragnet itself.
    pub fn findings(&self) -> u64 {
        self.sightings.saturating_sub(self.own_calls)
    }

    /// Returns whether anything was found besides calls of Dragnet itself: a sighting, or a row of a
    /// hunt that is no sighting.
    pub fn has_findings(&self) -> bool {
        self.findings() > 0 || self.hunts.iter().any(HuntSummary::has_findings)
    }

    /// Returns the names of everything that was searched for: indicators, then hunts.
    pub fn looked_for(&self) -> Vec<String> {
        let indicators = self.indicators.iter().map(|indicator| &indicator.value);
        indicators
            .chain(self.hunts.iter().map(|hunt| &hunt.name))
            .cloned()
            .collect()
    }
}

/// An indicator, and what was found of it. An indicator without sightings is listed too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndicatorSummary {
    /// The text as it was given.
    pub value: String,
    /// The name of its kind.
    pub kind: String,
    /// The number of sightings.
    pub sightings: u64,
    /// The earliest event time.
    pub first_seen: Option<String>,
    /// The latest event time.
    pub last_seen: Option<String>,
}

/// The use of CloudWatch Logs Insights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct InsightsUse {
    /// The queries that were completed.
    pub queries: u64,
    /// The bytes that they scanned, as AWS counts them.
    pub bytes_scanned: u64,
    /// Their cost at list prices, in US dollars.
    pub cost_usd: f64,
}

/// The use of Athena.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AthenaSummary {
    /// The queries that were started.
    pub queries: u64,
    /// The bytes that they scanned, as AWS counts them.
    pub bytes_scanned: u64,
    /// Their cost at list prices that was estimated before, in US dollars.
    pub estimated_usd: f64,
    /// Their cost at list prices, in US dollars.
    pub cost_usd: f64,
    /// The objects that they read and did not name, which were not read again.
    pub objects_ruled_out: u64,
    /// Why objects were read without asking Athena, by bucket.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_used: BTreeMap<String, String>,
}

/// A window in the form that the summary uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SummaryWindow {
    /// The start, inclusive.
    #[serde(serialize_with = "milliseconds")]
    pub from: Timestamp,
    /// The end, exclusive.
    #[serde(serialize_with = "milliseconds")]
    pub to: Timestamp,
    /// The time up to which the records had been delivered.
    #[serde(serialize_with = "milliseconds")]
    pub complete_until: Timestamp,
}

impl SummaryWindow {
    /// Creates the form of a window whose records had been delivered up to `complete_until`.
    pub fn new(window: TimeWindow, complete_until: Timestamp) -> Self {
        Self {
            from: window.from(),
            to: window.to(),
            complete_until,
        }
    }
}

fn milliseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339_ms(*at))
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Everything in scope was covered.
    Complete,
    /// Something in scope was not covered.
    Incomplete,
    /// The run was cancelled.
    Interrupted,
    /// The run could not be executed.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{testing, write_json};

    /// Scripts depend on these keys.
    const SUMMARY_JSON: &str = r#"{
  "run_id": "20260302T120000Z-3f9a",
  "tool_version": "0.1.0",
  "status": "incomplete",
  "started": "2026-03-02T12:00:00.000Z",
  "finished": "2026-03-02T12:05:00.000Z",
  "window": {
    "from": "2026-03-01T12:00:00.000Z",
    "to": "2026-03-02T12:00:00.000Z",
    "complete_until": "2026-03-02T12:00:00.000Z"
  },
  "indicators": [
    {
      "value": "192.0.2.1",
      "kind": "ip",
      "sightings": 0,
      "first_seen": null,
      "last_seen": null
    },
    {
      "value": "alice",
      "kind": "user",
      "sightings": 0,
      "first_seen": null,
      "last_seen": null
    }
  ],
  "rejected_entries": [],
  "unmatched_selectors": [],
  "not_looked_for": [
    "feed.json: 2 of mutex"
  ],
  "hunts": [],
  "accounts": {
    "in_scope": 0,
    "out_of_scope": 0,
    "swept": 0,
    "partial": 0,
    "denied": 0,
    "failed": 0,
    "accepted": 0
  },
  "targets": {
    "in_scope": 0,
    "out_of_scope": 0,
    "swept": 0,
    "partial": 0,
    "denied": 0,
    "failed": 0,
    "accepted": 0
  },
  "log_groups": {
    "in_scope": 0,
    "searched": 0,
    "partial": 0,
    "skipped": 0,
    "unsearchable": 0,
    "denied": 0,
    "failed": 0,
    "accepted": 0
  },
  "sources": {
    "accounts": {},
    "targets": {}
  },
  "tampering": {},
  "required": [
    "management",
    "data",
    "flow",
    "app"
  ],
  "not_required": {},
  "never_in_logs": [
    "CloudTrail events over 256 KB",
    "data events that no selector names",
    "S3 server access logs (unless delivered to Logs)"
  ],
  "sightings": 0,
  "own_calls": 0,
  "claimed_own_calls": 0,
  "events_examined": 0,
  "bytes_scanned": 0,
  "insights": {
    "queries": 0,
    "bytes_scanned": 0,
    "cost_usd": 0.0
  },
  "api_calls": {
    "AssumeRole": 404,
    "FilterLogEvents": 1200
  },
  "throttled": {
    "FilterLogEvents": 3
  },
  "rates": [],
  "caller_arn": "arn:aws:iam::999999999999:user/responder",
  "scope": {
    "include_accounts": [],
    "exclude_accounts": [],
    "regions": [],
    "exclude_regions": [],
    "log_groups": [],
    "exclude_log_groups": [],
    "new_regions": [],
    "accepted_gap": [],
    "sources": "require"
  }
}
"#;

    #[test]
    fn keys_of_summary_json_do_not_change() {
        let json =
            testing::written(|out| write_json(&testing::summary(RunStatus::Incomplete), out));
        assert_eq!(json, SUMMARY_JSON);
    }
}
