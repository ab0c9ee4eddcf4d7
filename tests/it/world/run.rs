//! A finished run and its files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dragnet::commands::RunOutput;
use dragnet::sweep::SweepError;
use tempfile::TempDir;

/// A finished run.
pub(crate) struct Run {
    pub outputs: RunOutput,
    pub failure: Option<SweepError>,
    /// Keeps the directory of the run alive.
    _temp: Arc<TempDir>,
}

impl Run {
    /// A run whose directory is below `temp`.
    pub(crate) fn new(outputs: RunOutput, failure: Option<SweepError>, temp: Arc<TempDir>) -> Self {
        Self {
            outputs,
            failure,
            _temp: temp,
        }
    }

    /// Asserts that every count of the summary is the sum of its parts and agrees with the rows of
    /// the coverage. Every run of every test is checked.
    pub(crate) fn assert_consistent(&self) {
        let summary = self.summary();
        assert_parts_add_up(&summary);
        let rows = self.coverage();
        let counted = self.count_coverage();
        assert_eq!(
            count(&summary, "accounts", "in_scope"),
            counted.accounts.len() as u64,
            "{rows:#?}"
        );
        for status in LOG_GROUP_STATUSES {
            assert_eq!(
                count(&summary, "log_groups", status),
                counted.log_groups.get(status).copied().unwrap_or(0),
                "{status}: {rows:#?}"
            );
        }
        let is_covered = counted.is_covered
            && has_no_source_gap(&summary)
            && self.has_no_flow_log_gap(&summary)
            && !has_unmatched_inclusion(&summary)
            && !has_open_end(&summary);
        match self.status().as_str() {
            "complete" => assert!(is_covered && !counted.accounts.is_empty(), "{rows:#?}"),
            "incomplete" => assert!(!is_covered || counted.accounts.is_empty(), "{rows:#?}"),
            _ => {}
        }
    }

    /// Whether all flow logs were searched, or are not required.
    fn has_no_flow_log_gap(&self, summary: &serde_json::Value) -> bool {
        let is_required = requires(summary, "flow") && requires_sources(summary);
        let gaps = [
            "skipped",
            "unsearchable",
            "denied",
            "failed",
            "failing",
            "stale",
            "only-s3",
        ];
        let rows = self.columns("sources.csv", &["source", "status"]);
        !is_required
            || !rows.iter().any(|row| {
                row.split_once(' ')
                    .is_some_and(|(source, status)| source == "vpc-flow" && gaps.contains(&status))
            })
    }

    /// Counts the rows of `coverage.csv`.
    fn count_coverage(&self) -> CountedCoverage {
        let accounts_of_sources: BTreeSet<String> = self
            .columns("sources.csv", &["event_account_id"])
            .into_iter()
            .collect();
        let required: BTreeSet<String> =
            serde_json::from_value(self.summary()["required"].clone()).unwrap();
        let mut csv = csv::Reader::from_path(self.outputs.directory.join("coverage.csv")).unwrap();
        let mut counted = CountedCoverage {
            accounts: BTreeSet::new(),
            log_groups: BTreeMap::new(),
            is_covered: true,
        };
        for row in csv.deserialize::<BTreeMap<String, String>>() {
            let row = row.unwrap();
            let account = &row["account_id"];
            let is_inactive = row["reason"].starts_with("account-not-active");
            // A log group that is only read for the records of other accounts does not bring its
            // account into scope.
            // Neither does a copy on disk.
            let is_file = row["source"] == "file";
            if !is_inactive
                && !is_file
                && (row["log_group"].is_empty() || accounts_of_sources.contains(account))
            {
                counted.accounts.insert(account.clone());
            }
            if !row["log_group"].is_empty() {
                let status = row["status"].clone();
                *counted.log_groups.entry(status).or_insert(0) += 1;
            }
            let kinds: Vec<&str> = row["kinds"].split(';').collect();
            let is_required =
                row["kinds"].is_empty() || kinds.iter().any(|kind| required.contains(*kind));
            counted.is_covered &= !is_required || is_covered(&row["status"], &row["reason"]);
        }
        counted
    }

    /// Reads a file of the run.
    pub(crate) fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.outputs.directory.join(name)).unwrap()
    }

    /// Returns some columns of a CSV file. The values of a row are joined with spaces.
    pub(crate) fn columns(&self, name: &str, columns: &[&str]) -> Vec<String> {
        let text = self.file(name);
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        let header = csv.headers().unwrap().clone();
        let positions: Vec<usize> = columns
            .iter()
            .map(|column| {
                header
                    .iter()
                    .position(|name| name == *column)
                    .unwrap_or_else(|| panic!("no column {column}"))
            })
            .collect();
        csv.records()
            .map(|record| {
                let record = record.unwrap();
                positions
                    .iter()
                    .map(|position| &record[*position])
                    .collect::<Vec<_>>()
                    .join(" ")
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }

    /// Returns the coverage as `account region group status reason`.
    pub(crate) fn coverage(&self) -> Vec<String> {
        self.columns(
            "coverage.csv",
            &["account_id", "region", "log_group", "status", "reason"],
        )
    }

    /// Returns the only coverage row that begins with this text.
    pub(crate) fn coverage_row(&self, prefix: &str) -> String {
        let rows: Vec<String> = self
            .coverage()
            .into_iter()
            .filter(|row| row.starts_with(prefix))
            .collect();
        assert_eq!(rows.len(), 1, "{prefix}: {rows:?}");
        rows.into_iter().next().unwrap()
    }

    /// Reads `summary.json`.
    pub(crate) fn summary(&self) -> serde_json::Value {
        serde_json::from_str(&self.file("summary.json")).unwrap()
    }

    /// Returns the status of the run, from the summary.
    pub(crate) fn status(&self) -> String {
        self.summary()["status"].as_str().unwrap().to_owned()
    }
}

/// The counts of accounts and account-Regions in `summary.json`.
const LEVELS: [&str; 5] = ["swept", "partial", "denied", "failed", "accepted"];

/// The counts of log groups in `summary.json`.
const LOG_GROUP_STATUSES: [&str; 7] = [
    "searched",
    "partial",
    "skipped",
    "unsearchable",
    "denied",
    "failed",
    "accepted",
];

/// What the rows of a coverage add up to.
struct CountedCoverage {
    /// The accounts in scope.
    accounts: BTreeSet<String>,
    /// The number of log groups by status.
    log_groups: BTreeMap<String, u64>,
    /// Whether every row is covered.
    is_covered: bool,
}

fn count(summary: &serde_json::Value, section: &str, key: &str) -> u64 {
    summary[section][key].as_u64().unwrap()
}

fn assert_parts_add_up(summary: &serde_json::Value) {
    for (section, parts) in [
        ("accounts", &LEVELS[..]),
        ("targets", &LEVELS),
        ("log_groups", &LOG_GROUP_STATUSES),
    ] {
        let sum: u64 = parts.iter().map(|part| count(summary, section, part)).sum();
        assert_eq!(
            count(summary, section, "in_scope"),
            sum,
            "{section}: {summary}"
        );
    }
}

/// Returns whether a coverage row with this status and reason is covered.
fn is_covered(status: &str, reason: &str) -> bool {
    let proofs_of_absence = [
        "account-not-active",
        "no-log-groups",
        "no-regions",
        "created-after-window",
        "nothing-delivered",
        "read-in-bucket",
    ];
    match status {
        "searched" | "accepted" => true,
        "skipped" => proofs_of_absence
            .iter()
            .any(|proof| reason.starts_with(proof)),
        _ => false,
    }
}

/// Returns whether the CloudTrail of every account-Region was searched, or is not required.
fn requires_sources(summary: &serde_json::Value) -> bool {
    let scope = &summary["scope"];
    scope["sources"] == "require" && scope["log_groups"].as_array().unwrap().is_empty()
}

fn requires(summary: &serde_json::Value, kind: &str) -> bool {
    summary["required"]
        .as_array()
        .unwrap()
        .contains(&kind.into())
}

fn has_no_source_gap(summary: &serde_json::Value) -> bool {
    let is_required = requires(summary, "management") && requires_sources(summary);
    let statuses = summary["sources"]["targets"].as_object().unwrap();
    !is_required
        || statuses
            .keys()
            .all(|status| status == "searched" || status == "accepted")
}

/// Returns whether an option that includes something matched nothing.
fn has_unmatched_inclusion(summary: &serde_json::Value) -> bool {
    let unmatched = summary["unmatched_selectors"].as_array().unwrap();
    let mut selectors = unmatched.iter().map(|selector| selector.as_str().unwrap());
    selectors.any(|selector| selector.starts_with("--") && !selector.starts_with("--exclude-"))
}

/// Returns whether the lineage of a run that follows credentials has an open end.
fn has_open_end(summary: &serde_json::Value) -> bool {
    summary["follow"]["open_ends"]
        .as_u64()
        .is_some_and(|number| number > 0)
}
