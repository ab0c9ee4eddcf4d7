//! Runs sweeps over made-up organizations, in the process and on paused time, and reads the files
//! that a user would get.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use dragnet::aws::CodeSource;
use dragnet::cli::settings::{ProgressStyle, ResolveContext, SweepSettings};
use dragnet::cli::{Arguments, Command};
use dragnet::commands::{CommandError, Connection, Environment, Resumable, RunOutput, run_sweep};
use dragnet::config::Config;
use dragnet::sweep::SweepError;
use dragnet_range::{Range, Scenario};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// An organization of two member accounts in two Regions, without planted events. Tests append to
/// it.
pub(crate) const SMALL: &str = r#"
name = "test"
now = "2026-03-02T12:00:00Z"
[organization]
management = "111111111111"
regions = ["eu-west-1", "us-east-1"]
[[accounts]]
id = "111111111111"
name = "management"
[[accounts]]
id = "222222222222"
name = "prod"
[[accounts]]
id = "333333333333"
name = "dev"
[[trails]]
name = "organization"
account = "111111111111"
home = "us-east-1"
organization = true
log_group = "/trail"
[[groups]]
accounts = ["prod", "dev"]
name = "/app"
"#;

/// An organization, and the directory in which sweeps over it are run.
pub(crate) struct World {
    environment: Environment,
    temp: Arc<TempDir>,
}

/// A finished run.
pub(crate) struct Run {
    pub outputs: RunOutput,
    pub failure: Option<SweepError>,
    /// Keeps the directory of the run alive.
    _temp: Arc<TempDir>,
}

impl World {
    /// Creates the organization of a scenario in TOML.
    pub(crate) fn from_toml(scenario: &str) -> Self {
        Self::from_scenario(
            &Scenario::from_toml(scenario).unwrap_or_else(|error| panic!("{error}: {scenario}")),
        )
    }

    /// Creates the organization of a parsed scenario.
    pub(crate) fn from_scenario(scenario: &Scenario) -> Self {
        Self::from_environment(Environment::for_practice(scenario).unwrap())
    }

    /// Returns the organization of an environment, with a new directory.
    pub(crate) fn from_environment(environment: Environment) -> Self {
        Self {
            environment,
            temp: Arc::new(tempfile::tempdir().unwrap()),
        }
    }

    /// Creates the organization of [`SMALL`] with more tables.
    pub(crate) fn small_with(more: &str) -> Self {
        Self::from_toml(&format!("{SMALL}{more}"))
    }

    /// Returns a new organization with the same directory, as another process would see it: its
    /// time starts over, and changes in the old one are undone.
    pub(crate) fn restarted_with(&self, scenario: &str) -> Self {
        Self {
            temp: Arc::clone(&self.temp),
            ..Self::from_toml(scenario)
        }
    }

    /// Writes the configuration file.
    pub(crate) fn with_config(self, config: &str) -> Self {
        std::fs::write(self.temp.path().join("dragnet.toml"), config).unwrap();
        self
    }

    /// Adds a hunt with this text to the catalogue.
    pub(crate) fn with_hunt(self, name: &str, text: &str) -> Self {
        let folder = self.temp.path().join("hunts");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
        self
    }

    /// Runs `dragnet sweep` with these arguments, and writes the reports.
    pub(crate) async fn sweep(&self, arguments: &[&str]) -> Run {
        self.try_sweep(arguments, CancellationToken::new())
            .await
            .unwrap()
    }

    /// Runs `dragnet sweep` until it ends or is cancelled.
    pub(crate) async fn try_sweep(
        &self,
        arguments: &[&str],
        cancel: CancellationToken,
    ) -> Result<Run, CommandError> {
        let settings = self.settings(arguments);
        let connection = Connection::open(&self.environment, &settings.reach).await?;
        let run = Box::pin(run_sweep(connection, settings, ProgressStyle::None, cancel));
        self.checked_run(run.await)
    }

    /// Runs `dragnet resume`, and writes the reports.
    pub(crate) async fn resume(&self, directory: &Path) -> Result<Run, CommandError> {
        let run = Resumable::open(directory)?;
        let settings = run.settings(&Config::default())?;
        let connection = Connection::open(&self.environment, &settings.reach).await?;
        self.checked_run(
            run.resume(
                connection,
                settings,
                ProgressStyle::None,
                CancellationToken::new(),
            )
            .await,
        )
    }

    /// Returns the directories of the runs.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let runs = std::fs::read_dir(self.temp.path().join("runs"));
        runs.into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    fn checked_run(
        &self,
        result: Result<(RunOutput, Option<SweepError>), CommandError>,
    ) -> Result<Run, CommandError> {
        let (outputs, failure) = result?;
        let run = Run {
            outputs,
            failure,
            _temp: Arc::clone(&self.temp),
        };
        run.assert_consistent();
        Ok(run)
    }

    /// Takes MFA codes from `codes`.
    pub(crate) fn with_codes(self, codes: Arc<dyn CodeSource>) -> Self {
        Self {
            environment: self.environment.with_codes(codes),
            ..self
        }
    }

    /// Stores MFA sessions in this directory.
    pub(crate) fn with_session_directory(self, directory: &Path) -> Self {
        Self {
            environment: self
                .environment
                .with_session_directory(directory.to_owned()),
            ..self
        }
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) fn range(&self) -> &Range {
        self.environment.range().unwrap()
    }

    /// Returns how often an operation was called.
    pub(crate) fn calls(&self, operation: &str) -> u64 {
        self.range()
            .calls()
            .iter()
            .filter(|seen| seen.operation == operation)
            .map(|seen| seen.count)
            .sum()
    }

    pub(crate) fn settings(&self, arguments: &[&str]) -> SweepSettings {
        let parsed =
            Arguments::try_parse_from([&["dragnet", "sweep"], arguments].concat()).unwrap();
        let Command::Sweep(sweep) = parsed.command else {
            panic!("not a sweep")
        };
        self.resolve(|context| SweepSettings::resolve(&parsed.global, &sweep, context).unwrap())
    }

    /// Resolves the settings of a command in this world.
    pub(crate) fn resolve<T>(&self, settings: impl FnOnce(&ResolveContext<'_>) -> T) -> T {
        settings(&ResolveContext {
            environment: &|_| None,
            working_directory: self.temp.path(),
            now: self.environment.clock().now(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        })
    }
}

impl Run {
    /// Asserts that every count of the summary is the sum of its parts and agrees with the rows of
    /// the coverage. Every run of every test is checked.
    fn assert_consistent(&self) {
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
            && !has_unmatched_inclusion(&summary);
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
            if !is_inactive
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

/// Returns a CloudTrail record as JSON. `at` is RFC 3339.
pub(crate) fn record(id: &str, account: &str, region: &str, at: &str, ip: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::{account}:user/bob","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}},"eventTime":"{at}","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"{region}","sourceIPAddress":"{ip}","userAgent":"cli","requestID":"r-{id}","eventID":"{id}","eventType":"AwsApiCall","recipientAccountId":"{account}"}}"#
    )
}

/// Returns the event with which the trail of [`SMALL`] delivers a record to its log group. The
/// record may name any account and Region.
pub(crate) fn delivered(at: &str, record: &str) -> String {
    let stream = "stream = \"o-practice00_222222222222_CloudTrail_us-east-1\"\n";
    event("111111111111", "us-east-1", "/trail", at, record) + stream
}

/// Returns a planted event in the form of a scenario.
pub(crate) fn event(account: &str, region: &str, group: &str, at: &str, message: &str) -> String {
    assert!(!message.contains("'''"));
    format!(
        "[[events]]\naccount = \"{account}\"\nregion = \"{region}\"\ngroup = \"{group}\"\nat = \"{at}\"\nmessage = '''{message}'''\n"
    )
}
