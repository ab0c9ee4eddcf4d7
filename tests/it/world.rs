//! Sweeps over made-up organizations, in process and on paused time: what a user would see, to the row.

use std::sync::Arc;

use clap::Parser;
use dragnet::aws::CodeSource;
use dragnet::cli::settings::{ProgressStyle, Surroundings, SweepSettings};
use dragnet::cli::{Arguments, Command};
use dragnet::commands::{CommandError, Connection, Outputs, Place, run_sweep};
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
[[groups]]
accounts = ["prod", "dev"]
name = "/app"
"#;

/// An organization, and the sweeps made over it.
pub struct World {
    place: Place,
    temp: Arc<TempDir>,
}

/// A finished run.
pub struct Run {
    pub outputs: Outputs,
    pub failure: Option<SweepError>,
    /// Keeps the run's directory alive.
    _temp: Arc<TempDir>,
}

impl World {
    /// The organization of a scenario's text.
    pub fn of(scenario: &str) -> Self {
        Self::practising(&Scenario::from_toml(scenario).unwrap_or_else(|error| panic!("{error}: {scenario}")))
    }

    /// The organization of a scenario.
    pub fn practising(scenario: &Scenario) -> Self {
        Self { place: Place::practising(scenario).unwrap(), temp: Arc::new(tempfile::tempdir().unwrap()) }
    }

    /// [`SMALL`] with more in it.
    pub fn small_with(more: &str) -> Self {
        Self::of(&format!("{SMALL}{more}"))
    }

    /// The same, with `dragnet.toml` saying this.
    pub fn configured(self, config: &str) -> Self {
        std::fs::write(self.temp.path().join("dragnet.toml"), config).unwrap();
        self
    }

    /// The same, with MFA codes from here.
    pub fn asking(self, codes: Arc<dyn CodeSource>) -> Self {
        Self { place: self.place.with_codes(codes), ..self }
    }

    /// The same, keeping MFA sessions in this directory.
    pub fn keeping_sessions_in(self, directory: &std::path::Path) -> Self {
        Self { place: self.place.keeping_sessions_in(directory.to_owned()), ..self }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    pub fn range(&self) -> &Range {
        self.place.range().unwrap()
    }

    /// How often an operation was called.
    pub fn calls(&self, operation: &str) -> u64 {
        self.range().calls().iter().filter(|seen| seen.operation == operation).map(|seen| seen.count).sum()
    }

    /// `dragnet sweep` with these arguments, up to the files.
    pub async fn sweep(&self, arguments: &[&str]) -> Run {
        self.try_sweep(arguments).await.unwrap()
    }

    /// The same, where there may be no way in at all.
    pub async fn try_sweep(&self, arguments: &[&str]) -> Result<Run, CommandError> {
        let settings = self.settings(arguments);
        let connection = Connection::open(&self.place, &settings.reach).await?;
        let (outputs, failure) = run_sweep(connection, settings, ProgressStyle::None, CancellationToken::new()).await?;
        Ok(Run { outputs, failure, _temp: Arc::clone(&self.temp) })
    }

    pub fn settings(&self, arguments: &[&str]) -> SweepSettings {
        let parsed = Arguments::try_parse_from([&["dragnet", "sweep"], arguments].concat()).unwrap();
        let Command::Sweep(sweep) = parsed.command else { panic!("not a sweep") };
        let surroundings = Surroundings {
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
                header.iter().position(|name| name == *column).unwrap_or_else(|| panic!("no column {column}"))
            })
            .collect();
        csv.records()
            .map(|record| {
                let record = record.unwrap();
                at.iter().map(|at| &record[*at]).collect::<Vec<_>>().join(" ").trim_end().to_owned()
            })
            .collect()
    }

    /// The coverage as `account region group status reason`.
    pub fn coverage(&self) -> Vec<String> {
        self.columns("coverage.csv", &["account_id", "region", "log_group", "status", "reason"])
    }

    /// The one row of the coverage that begins so.
    pub fn place(&self, begins: &str) -> String {
        let rows: Vec<String> = self.coverage().into_iter().filter(|row| row.starts_with(begins)).collect();
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

/// A planted event, as a scenario has it.
pub fn event(account: &str, region: &str, group: &str, at: &str, message: &str) -> String {
    assert!(!message.contains("'''"));
    format!(
        "[[events]]\naccount = \"{account}\"\nregion = \"{region}\"\ngroup = \"{group}\"\nat = \"{at}\"\nmessage = '''{message}'''\n"
    )
}
