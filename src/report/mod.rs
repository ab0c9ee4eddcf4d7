//! Reports: write the results of a run to files and to the terminal.
//!
//! Everything here is pure. Rows arrive sorted, as an iterator that is read once, and are written
//! to a `Write`; they are not collected, no file is opened, and no clock is read. Much of the text
//! is untrusted, because an attacker can write to logs, so each format has one encoder, which all
//! writers of the format use: [`escape`] for terminals, `CsvFile`, `JsonText`, `HtmlEscaper` and
//! `escape_markdown`.

mod abused_calls;
mod account_names;
mod calls;
mod coverage;
mod coverage_counts;
mod coverage_grid;
mod coverage_tally;
mod csv_file;
mod digest_text;
mod evidence_tally;
mod file_summary;
mod follow_summary;
mod formats;
mod gaps;
mod hours;
mod html;
mod hunts;
mod lineage_graph;
mod liveness_counts;
mod markdown;
mod name_counts;
mod next_commands;
mod not_required;
mod other_source_tally;
mod own_calls;
mod page;
mod page_tally;
mod plan;
mod principals;
mod resource;
mod resource_members;
mod row_batches;
mod run_report;
mod sections;
mod sighting_hours;
mod sighting_rows;
mod sighting_tally;
mod sightings;
mod source_choices;
mod source_tally;
mod sources;
mod stream_row;
mod summary;
mod table;
mod tampering;
mod terminal;
mod time_histogram;
mod untrusted;
mod verdict;
mod wrap;

use std::io::{self, Write};

use serde::Serialize;

pub use account_names::AccountNames;
pub use calls::write_calls;
pub use coverage::write_coverage;
pub use coverage_counts::{CoverageCounts, LogGroupCounts};
pub use coverage_tally::CoverageTally;
pub(crate) use csv_file::CsvFile;
pub use csv_file::defuse;
pub use evidence_tally::EvidenceTally;
pub use file_summary::FileSummary;
pub use follow_summary::FollowSummary;
pub use formats::{FlowRecord, ReportFormat, ReportedEvent, write_report_format};
pub use gaps::Gap;
pub use hours::{HourGap, HourGapTally, write_hours};
pub use html::{PageInput, write_html};
pub use hunts::{HuntSummary, HuntWriter, RECORD_COLUMNS, TARGET_COLUMNS};
pub use lineage_graph::{GraphEdge, GraphNode, GraphOpenEnd, LineageGraph};
pub use liveness_counts::LivenessCounts;
pub(crate) use markdown::escape_markdown;
pub use name_counts::NameCounts;
pub use next_commands::suggest_commands;
pub use not_required::NotRequired;
pub use other_source_tally::OtherSourceTally;
pub use page::{write_hanging, write_items};
pub use page_tally::PageTally;
pub(crate) use plan::{AthenaStatement, PlanReport, PlannedGap, PlannedTarget, write_plan};
pub use principals::{
    AbusedCount, CreatedResource, IssuedKeys, PrincipalSummaries, PrincipalSummary, PrincipalTally,
    summarize_principals,
};
pub use run_report::RunReport;
pub use sighting_tally::{SightingTally, TopCounts};
pub use sightings::{SightingColumns, sighting_row, write_extended_sightings, write_sightings};
pub(crate) use source_choices::{PlannedSources, SourceEstimate};
pub use source_tally::{SourceCounts, SourceGap, SourceTally};
pub use sources::{sources_json, sources_table, write_sources};
pub use stream_row::write_stream_row;
pub use summary::{
    AthenaSummary, IndicatorSummary, InsightsUse, RunStatus, Summary, SummaryWindow,
};
pub use table::Table;
pub use tampering::{TamperingTally, write_tampering};
pub use terminal::{write_fitted_run_report, write_run_report};
pub(crate) use untrusted::JsonText;
pub use untrusted::{escape, escape_json};
pub(crate) use verdict::delivery_sentence;
pub(crate) use wrap::{cut as cut_to_width, fit as fit_to_width};

use crate::store::StoreError;

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError<E: std::error::Error + 'static> {
    /// A row could not be read.
    #[error(transparent)]
    Rows(E),
    /// The output could not be written, for example because of a full disk or a closed pipe.
    #[error("failed to write the report")]
    Write(#[from] io::Error),
}

impl From<StoreError> for ReportError<StoreError> {
    fn from(error: StoreError) -> Self {
        Self::Rows(error)
    }
}

impl<E: std::error::Error + 'static> From<serde_json::Error> for ReportError<E> {
    fn from(error: serde_json::Error) -> Self {
        Self::Write(error.into())
    }
}

/// Writes one indented JSON value, for a file or for a terminal.
///
/// # Errors
/// Returns an error if `out` cannot be written.
pub fn write_json(value: &impl Serialize, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "{}", JsonText::indented(value)?)
}

/// What no search of CloudWatch Logs can find, because it is never delivered there.
///
/// Sources: CloudTrail user guide, "Sending events to CloudWatch Logs"; S3 user guide, "Server access
/// logs"; CloudWatch Observability Admin API, `CreateTelemetryRule`: a rule for `AWS::S3::Bucket`
/// delivers server access logs to CloudWatch Logs.
pub const NEVER_IN_LOGS: [&str; 3] = [
    "CloudTrail events over 256 KB",
    "data events that no selector names",
    "S3 server access logs (unless delivered to Logs)",
];

#[cfg(test)]
mod principals_tests;

#[cfg(test)]
mod testing {
    use std::collections::BTreeMap;

    use super::{CoverageCounts, LogGroupCounts, RunStatus, SourceCounts, Summary, SummaryWindow};
    use crate::config::Scope;
    use dragnet_model::{
        AccountId, Coverage, EventDetails, Outcome, Sighting, Stored, UserIdentity,
    };

    pub(super) const MARCH: i64 = 1_772_366_400_000;

    pub(super) fn account(id: &str) -> AccountId {
        id.parse().unwrap()
    }

    pub(super) fn target(id: &str, region: &str) -> dragnet_model::Target {
        dragnet_model::Target {
            account: account(id),
            region: region.parse().unwrap(),
        }
    }

    pub(super) fn written<E: std::fmt::Debug>(
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    pub(super) fn sighting(message: &str) -> Sighting {
        Sighting {
            stored: Stored {
                account: account("999999999999"),
                region: "us-east-1".parse().unwrap(),
                source: dragnet_model::StorageKind::Logs,
                log_group: "/trail".to_owned(),
                log_stream: "s".to_owned(),
                event_id: "e1".to_owned(),
                timestamp_ms: MARCH + 5_000,
                ingestion_ms: MARCH + 6_000,
            },
            details: EventDetails {
                time_ms: MARCH,
                account: "111111111111".into(),
                region: "eu-west-1".into(),
                event_name: "ListBuckets".into(),
                identity: UserIdentity {
                    arn: "arn:aws:iam::111111111111:user/alice".into(),
                    ..UserIdentity::default()
                },
                source_ip: "192.0.2.1".into(),
                ..EventDetails::default()
            },
            indicators: vec!["192.0.2.1".to_owned(), "alice".to_owned()],
            hunts: vec!["iam-access-key".to_owned()],
            matched_fields: vec!["sourceIPAddress".to_owned(), "userIdentity.arn".to_owned()],
            copies: 2,
            own_call: dragnet_model::OwnCall::No,
            trusted: true,
            copies_differ: false,
            message: message.to_owned(),
        }
    }

    pub(super) fn coverage_row(
        id: &str,
        region: Option<&str>,
        log_group: Option<&str>,
        outcome: Outcome,
    ) -> Coverage {
        let was_read = log_group.is_some();
        Coverage {
            account: account(id),
            account_name: format!("n{}", &id[..1]),
            region: region.map(|name| name.parse().unwrap()),
            source: log_group.map(|_| dragnet_model::StorageKind::Logs),
            log_group: log_group.map(str::to_owned),
            file: None,
            bucket_prefix: None,
            class: was_read.then_some(dragnet_model::LogGroupClass::Standard),
            engines: if was_read {
                vec![dragnet_model::Engine::Filter]
            } else {
                Vec::new()
            },
            outcome,
            from_ms: was_read.then_some(MARCH),
            to_ms: was_read.then_some(MARCH + 86_400_000),
            pages: u64::from(was_read),
            events: 100,
            bytes: 5_000,
            sightings: 1,
            out_of_scope: false,
            kinds: std::collections::BTreeSet::new(),
        }
    }

    /// A summary of a run, without the counts of coverage and sightings.
    pub(super) fn summary(status: RunStatus) -> Summary {
        let timestamp = |text: &str| text.parse().unwrap();
        Summary {
            run_id: "20260302T120000Z-3f9a".to_owned(),
            tool_version: "0.1.0".to_owned(),
            status,
            started: timestamp("2026-03-02T12:00:00Z"),
            finished: timestamp("2026-03-02T12:05:00Z"),
            window: SummaryWindow {
                from: timestamp("2026-03-01T12:00:00Z"),
                to: timestamp("2026-03-02T12:00:00Z"),
                complete_until: timestamp("2026-03-02T12:00:00Z"),
            },
            indicators: [("192.0.2.1", "ip"), ("alice", "user")]
                .map(|(value, kind)| super::IndicatorSummary {
                    value: value.to_owned(),
                    kind: kind.to_owned(),
                    sightings: 0,
                    first_seen: None,
                    last_seen: None,
                })
                .to_vec(),
            rejected_entries: Vec::new(),
            unmatched_selectors: Vec::new(),
            not_looked_for: vec!["feed.json: 2 of mutex".to_owned()],
            hunts: Vec::new(),
            accounts: CoverageCounts::default(),
            targets: CoverageCounts::default(),
            log_groups: LogGroupCounts::default(),
            files: None,
            integrity: None,
            bucket_reads: Vec::new(),
            liveness: None,
            follow: None,
            sources: SourceCounts::default(),
            tampering: BTreeMap::new(),
            tampering_low: 0,
            changes_only: false,
            required: dragnet_model::RequiredKinds::all(),
            not_required: super::NotRequired::default(),
            never_in_logs: super::NEVER_IN_LOGS,
            sightings: 0,
            own_calls: 0,
            claimed_own_calls: 0,
            events_examined: 0,
            bytes_scanned: 0,
            insights: crate::report::InsightsUse::default(),
            athena: None,
            api_calls: BTreeMap::from([
                ("FilterLogEvents".to_owned(), 1_200),
                ("AssumeRole".to_owned(), 404),
            ]),
            throttled: BTreeMap::from([("FilterLogEvents".to_owned(), 3)]),
            rates: Vec::new(),
            assigned_accounts_only: false,
            member_roles: BTreeMap::new(),
            caller_arn: "arn:aws:iam::999999999999:user/responder".to_owned(),
            scope: Scope::default(),
        }
    }
}
