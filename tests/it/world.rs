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
use dragnet::range::{Range, Scenario};
use dragnet::sweep::SweepError;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// An organization of two member accounts in two Regions, without planted events. Tests append to
/// it.
pub const SMALL: &str = r#"
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
pub struct World {
    place: Environment,
    temp: Arc<TempDir>,
}

/// A finished run.
pub struct Run {
    pub outputs: RunOutput,
    pub failure: Option<SweepError>,
    /// Keeps the directory of the run alive.
    _temp: Arc<TempDir>,
}

impl World {
    /// Creates the organization of a scenario in TOML.
    pub fn of(scenario: &str) -> Self {
        Self::practising(
            &Scenario::from_toml(scenario).unwrap_or_else(|error| panic!("{error}: {scenario}")),
        )
    }

    /// Creates the organization of a parsed scenario.
    pub fn practising(scenario: &Scenario) -> Self {
        Self {
            place: Environment::practising(scenario).unwrap(),
            temp: Arc::new(tempfile::tempdir().unwrap()),
        }
    }

    /// Creates the organization of [`SMALL`] with more tables.
    pub fn small_with(more: &str) -> Self {
        Self::of(&format!("{SMALL}{more}"))
    }

    /// Returns a new organization with the same directory, as another process would see it: its
    /// time starts over, and changes in the old one are undone.
    pub fn again(&self, scenario: &str) -> Self {
        Self {
            temp: Arc::clone(&self.temp),
            ..Self::of(scenario)
        }
    }

    /// Writes the configuration file.
    pub fn with_config(self, config: &str) -> Self {
        std::fs::write(self.temp.path().join("dragnet.toml"), config).unwrap();
        self
    }

    /// Adds a hunt with this text to the catalogue.
    pub fn with_hunt(self, name: &str, text: &str) -> Self {
        let folder = self.temp.path().join("hunts");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
        self
    }

    /// Runs `dragnet sweep` with these arguments, and writes the reports.
    pub async fn sweep(&self, arguments: &[&str]) -> Run {
        self.try_sweep(arguments, CancellationToken::new())
            .await
            .unwrap()
    }

    /// Runs `dragnet sweep` until it ends or is cancelled.
    pub async fn try_sweep(
        &self,
        arguments: &[&str],
        cancel: CancellationToken,
    ) -> Result<Run, CommandError> {
        let settings = self.settings(arguments);
        let connection = Connection::open(&self.place, &settings.reach).await?;
        self.run(run_sweep(connection, settings, ProgressStyle::None, cancel).await)
    }

    /// Runs `dragnet resume`, and writes the reports.
    pub async fn resume(&self, directory: &Path) -> Result<Run, CommandError> {
        let run = Resumable::open(directory)?;
        let settings = run.settings(&Config::default())?;
        let connection = Connection::open(&self.place, &settings.reach).await?;
        self.run(
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
    pub fn runs(&self) -> Vec<PathBuf> {
        let runs = std::fs::read_dir(self.temp.path().join("runs"));
        runs.into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    fn run(
        &self,
        ended: Result<(RunOutput, Option<SweepError>), CommandError>,
    ) -> Result<Run, CommandError> {
        let (outputs, failure) = ended?;
        let run = Run {
            outputs,
            failure,
            _temp: Arc::clone(&self.temp),
        };
        run.assert_it_adds_up();
        Ok(run)
    }

    /// Writes the configuration file.
    pub fn configured(self, config: &str) -> Self {
        std::fs::write(self.temp.path().join("dragnet.toml"), config).unwrap();
        self
    }

    /// Takes MFA codes from `codes`.
    pub fn asking(self, codes: Arc<dyn CodeSource>) -> Self {
        Self {
            place: self.place.with_codes(codes),
            ..self
        }
    }

    /// Stores MFA sessions in this directory.
    pub fn keeping_sessions_in(self, directory: &std::path::Path) -> Self {
        Self {
            place: self.place.keeping_sessions_in(directory.to_owned()),
            ..self
        }
    }

    pub fn place(&self) -> &Environment {
        &self.place
    }

    pub fn range(&self) -> &Range {
        self.place.range().unwrap()
    }

    /// Returns how often an operation was called.
    pub fn calls(&self, operation: &str) -> u64 {
        self.range()
            .calls()
            .iter()
            .filter(|seen| seen.operation == operation)
            .map(|seen| seen.count)
            .sum()
    }

    pub fn settings(&self, arguments: &[&str]) -> SweepSettings {
        let parsed =
            Arguments::try_parse_from([&["dragnet", "sweep"], arguments].concat()).unwrap();
        let Command::Sweep(sweep) = parsed.command else {
            panic!("not a sweep")
        };
        let surroundings = ResolveContext {
            environment: &|_| None,
            working_directory: self.temp.path(),
            now: self.place.clock().now(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        };
        SweepSettings::resolve(&parsed.global, &sweep, &surroundings).unwrap()
    }
}

impl Run {
    /// Asserts that every count of the summary is the sum of its parts and agrees with the rows of
    /// the coverage. Every run of every test is checked.
    fn assert_it_adds_up(&self) {
        let summary = self.summary();
        let number = |of: &str, key: &str| summary[of][key].as_u64().unwrap();
        let place_parts = ["swept", "partial", "denied", "failed", "accepted"];
        let group_parts = [
            "searched",
            "partial",
            "skipped",
            "unsearchable",
            "denied",
            "failed",
            "accepted",
        ];
        for (of, parts) in [
            ("accounts", &place_parts[..]),
            ("targets", &place_parts),
            ("log_groups", &group_parts),
        ] {
            let sum: u64 = parts.iter().map(|part| number(of, part)).sum();
            assert_eq!(number(of, "in_scope"), sum, "{of}: {summary}");
        }
        let rows = self.coverage();
        let told: BTreeSet<String> = self
            .columns("sources.csv", &["event_account_id"])
            .into_iter()
            .collect();
        let mut coverage =
            csv::Reader::from_path(self.outputs.directory.join("coverage.csv")).unwrap();
        let mut accounts = BTreeSet::new();
        let mut groups = BTreeMap::new();
        let mut is_covered = true;
        for row in coverage
            .deserialize::<BTreeMap<String, String>>()
            .map(Result::unwrap)
        {
            let inactive = row["reason"].starts_with("account-not-active");
            // A log group that is only read for the records of other accounts does not bring its
            // account into scope.
            if !inactive && (row["log_group"].is_empty() || told.contains(&row["account_id"])) {
                accounts.insert(row["account_id"].clone());
            }
            if !row["log_group"].is_empty() {
                *groups.entry(row["status"].clone()).or_insert(0) += 1;
            }
            let proves = ["no-log-groups", "no-regions", "created-after-window"];
            is_covered &= match row["status"].as_str() {
                "searched" | "accepted" => true,
                "skipped" => {
                    inactive
                        || proves
                            .iter()
                            .any(|reason| row["reason"].starts_with(reason))
                }
                _ => false,
            };
        }
        assert_eq!(
            number("accounts", "in_scope"),
            accounts.len() as u64,
            "{rows:#?}"
        );
        let scope = &summary["scope"];
        if scope["sources"] == "require" && scope["log_groups"].as_array().unwrap().is_empty() {
            let targets = summary["sources"]["targets"].as_object().unwrap();
            is_covered &= targets
                .keys()
                .all(|status| status == "searched" || status == "accepted");
        }
        for part in group_parts {
            assert_eq!(
                number("log_groups", part),
                groups.get(part).copied().unwrap_or(0),
                "{part}: {rows:#?}"
            );
        }
        match self.status().as_str() {
            "complete" => assert!(is_covered && !accounts.is_empty(), "{rows:#?}"),
            "incomplete" => assert!(!is_covered || accounts.is_empty(), "{rows:#?}"),
            _ => {}
        }
    }

    /// Reads a file of the run.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.outputs.directory.join(name)).unwrap()
    }

    /// Returns some columns of a CSV file. The values of a row are joined with spaces.
    pub fn columns(&self, name: &str, columns: &[&str]) -> Vec<String> {
        let text = self.file(name);
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        let header = csv.headers().unwrap().clone();
        let at: Vec<usize> = columns
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
                at.iter()
                    .map(|at| &record[*at])
                    .collect::<Vec<_>>()
                    .join(" ")
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }

    /// Returns the coverage as `account region group status reason`.
    pub fn coverage(&self) -> Vec<String> {
        self.columns(
            "coverage.csv",
            &["account_id", "region", "log_group", "status", "reason"],
        )
    }

    /// Returns the only coverage row that begins with this text.
    pub fn place(&self, begins: &str) -> String {
        let rows: Vec<String> = self
            .coverage()
            .into_iter()
            .filter(|row| row.starts_with(begins))
            .collect();
        assert_eq!(rows.len(), 1, "{begins}: {rows:?}");
        rows.into_iter().next().unwrap()
    }

    /// Reads `summary.json`.
    pub fn summary(&self) -> serde_json::Value {
        serde_json::from_str(&self.file("summary.json")).unwrap()
    }

    /// Returns the status of the run, from the summary.
    pub fn status(&self) -> String {
        self.summary()["status"].as_str().unwrap().to_owned()
    }
}

/// Returns a CloudTrail record as JSON. `at` is RFC 3339.
pub fn record(id: &str, account: &str, region: &str, at: &str, ip: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::{account}:user/bob","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}},"eventTime":"{at}","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"{region}","sourceIPAddress":"{ip}","userAgent":"cli","requestID":"r-{id}","eventID":"{id}","eventType":"AwsApiCall","recipientAccountId":"{account}"}}"#
    )
}

/// Returns the event with which the trail of [`SMALL`] delivers a record to its log group. The
/// record may name any account and Region.
pub fn delivered(at: &str, record: &str) -> String {
    let stream = "stream = \"o-exampleorgid_222222222222_CloudTrail_us-east-1\"\n";
    event("111111111111", "us-east-1", "/trail", at, record) + stream
}

/// Returns a planted event in the form of a scenario.
pub fn event(account: &str, region: &str, group: &str, at: &str, message: &str) -> String {
    assert!(!message.contains("'''"));
    format!(
        "[[events]]\naccount = \"{account}\"\nregion = \"{region}\"\ngroup = \"{group}\"\nat = \"{at}\"\nmessage = '''{message}'''\n"
    )
}
