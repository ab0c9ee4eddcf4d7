//! Sweeps over made-up organizations, in process and on paused time: what a user would see, to the row.

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

/// An organization of two member accounts in two Regions, on a quiet day. Tests append to it.
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

/// An organization, and the sweeps made over it.
pub struct World {
    place: Environment,
    temp: Arc<TempDir>,
}

/// A finished run.
pub struct Run {
    pub outputs: RunOutput,
    pub failure: Option<SweepError>,
    /// Keeps the run's directory alive.
    _temp: Arc<TempDir>,
}

impl World {
    /// The organization of a scenario's text.
    pub fn of(scenario: &str) -> Self {
        Self::practising(
            &Scenario::from_toml(scenario).unwrap_or_else(|error| panic!("{error}: {scenario}")),
        )
    }

    /// The organization of a scenario.
    pub fn practising(scenario: &Scenario) -> Self {
        Self {
            place: Environment::practising(scenario).unwrap(),
            temp: Arc::new(tempfile::tempdir().unwrap()),
        }
    }

    /// [`SMALL`] with more in it.
    pub fn small_with(more: &str) -> Self {
        Self::of(&format!("{SMALL}{more}"))
    }

    /// The same organization in another process at the same time of day: whatever was done in it is undone.
    pub fn again(&self, scenario: &str) -> Self {
        Self {
            temp: Arc::clone(&self.temp),
            ..Self::of(scenario)
        }
    }

    /// Sweeps with this configuration file.
    pub fn with_config(self, config: &str) -> Self {
        std::fs::write(self.temp.path().join("dragnet.toml"), config).unwrap();
        self
    }

    /// The same, with a hunt of this text in its catalogue.
    pub fn with_hunt(self, name: &str, text: &str) -> Self {
        let folder = self.temp.path().join("hunts");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
        self
    }

    /// `dragnet sweep` with these arguments, up to the files.
    pub async fn sweep(&self, arguments: &[&str]) -> Run {
        self.try_sweep(arguments, CancellationToken::new())
            .await
            .unwrap()
    }

    /// The same, until somebody ends it.
    pub async fn try_sweep(
        &self,
        arguments: &[&str],
        cancel: CancellationToken,
    ) -> Result<Run, CommandError> {
        let settings = self.settings(arguments);
        let connection = Connection::open(&self.place, &settings.reach).await?;
        self.run(run_sweep(connection, settings, ProgressStyle::None, cancel).await)
    }

    /// `dragnet resume`, up to the files.
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

    /// The directories of the runs that were made.
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

    /// The same, with `dragnet.toml` saying this.
    pub fn configured(self, config: &str) -> Self {
        std::fs::write(self.temp.path().join("dragnet.toml"), config).unwrap();
        self
    }

    /// The same, with MFA codes from here.
    pub fn asking(self, codes: Arc<dyn CodeSource>) -> Self {
        Self {
            place: self.place.with_codes(codes),
            ..self
        }
    }

    /// The same, keeping MFA sessions in this directory.
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

    /// How often an operation was called.
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
    /// Whether every count of the summary is the sum of its parts, and of the rows of the coverage. Asked
    /// of every run that any test makes.
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
        let (mut accounts, mut groups, mut is_covered) = (BTreeSet::new(), BTreeMap::new(), true);
        for row in coverage
            .deserialize::<BTreeMap<String, String>>()
            .map(Result::unwrap)
        {
            let inactive = row["reason"].starts_with("account-not-active");
            // A log group that is read for the records of others brings no account into scope.
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

    /// One of the run's files.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.outputs.directory.join(name)).unwrap()
    }

    /// Some columns of a CSV file, each row joined by blanks.
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

    /// The coverage as `account region group status reason`.
    pub fn coverage(&self) -> Vec<String> {
        self.columns(
            "coverage.csv",
            &["account_id", "region", "log_group", "status", "reason"],
        )
    }

    /// The one row of the coverage that begins so.
    pub fn place(&self, begins: &str) -> String {
        let rows: Vec<String> = self
            .coverage()
            .into_iter()
            .filter(|row| row.starts_with(begins))
            .collect();
        assert_eq!(rows.len(), 1, "{begins}: {rows:?}");
        rows.into_iter().next().unwrap()
    }

    /// `summary.json`.
    pub fn summary(&self) -> serde_json::Value {
        serde_json::from_str(&self.file("summary.json")).unwrap()
    }

    /// The run's status, as the summary has it.
    pub fn status(&self) -> String {
        self.summary()["status"].as_str().unwrap().to_owned()
    }
}

/// A CloudTrail record as JSON, planted as an event. `at` is RFC 3339.
pub fn record(id: &str, account: &str, region: &str, at: &str, ip: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::{account}:user/bob","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}},"eventTime":"{at}","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"{region}","sourceIPAddress":"{ip}","userAgent":"cli","requestID":"r-{id}","eventID":"{id}","eventType":"AwsApiCall","recipientAccountId":"{account}"}}"#
    )
}

/// A record of `prod` in us-east-1 as the trail of [`SMALL`] delivers it; it may tell of other places.
pub fn delivered(at: &str, record: &str) -> String {
    let stream = "stream = \"o-exampleorgid_222222222222_CloudTrail_us-east-1\"\n";
    event("111111111111", "us-east-1", "/trail", at, record) + stream
}

/// A planted event, as a scenario has it.
pub fn event(account: &str, region: &str, group: &str, at: &str, message: &str) -> String {
    assert!(!message.contains("'''"));
    format!(
        "[[events]]\naccount = \"{account}\"\nregion = \"{region}\"\ngroup = \"{group}\"\nat = \"{at}\"\nmessage = '''{message}'''\n"
    )
}
