//! Runs sweeps over made-up organizations, in the process and on paused time, and reads the files
//! that a user would get.

mod run;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use dragnet::aws::CodeSource;
use dragnet::cli::{Arguments, Command};
use dragnet::commands::{CommandError, Connection, Environment, Resumable, RunOutput, run_sweep};
use dragnet::config::Config;
use dragnet::settings::{ProgressStyle, ResolveContext, SweepSettings};
use dragnet::sweep::SweepError;
use dragnet_range::{Range, Scenario};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) use run::Run;

use crate::scenario::Event;

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

/// The configuration of a sweep that is complete although no trail is searched.
pub(crate) const REPORT_SOURCES: &str = r#"
[scope]
sources = "report"
"#;

/// An organization, and the directory in which sweeps over it are run.
pub(crate) struct World {
    environment: Environment,
    temp: Arc<TempDir>,
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

    /// Runs `dragnet sweep --files` with these arguments, without AWS, and writes the reports.
    pub(crate) async fn search_files(&self, arguments: &[&str]) -> Run {
        let run = run_sweep(
            Connection::without_aws(&self.environment),
            self.settings(arguments),
            ProgressStyle::None,
            CancellationToken::new(),
        );
        let (outputs, failure) = Box::pin(run).await.unwrap();
        Run::new(outputs, failure, Arc::clone(&self.temp))
    }

    /// Runs `dragnet resume`, and writes the reports.
    pub(crate) async fn resume(&self, directory: &Path) -> Result<Run, CommandError> {
        // Boxed, because clippy limits the size of the tests' futures.
        let resumed = Box::pin(async {
            let run = Resumable::open(directory)?;
            let settings = run.settings(&Config::default())?;
            let connection = Connection::open(&self.environment, &settings.reach).await?;
            let resumed = run.resume(
                connection,
                settings,
                ProgressStyle::None,
                CancellationToken::new(),
            );
            Box::pin(resumed).await
        });
        self.checked_run(resumed.await)
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
        let run = Run::new(outputs, failure, Arc::clone(&self.temp));
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
        settings(&resolve_context(
            &self.environment,
            self.temp.path(),
            &|_| None,
        ))
    }
}

/// Returns what settings are resolved from: the time of an organization, this directory and these
/// environment variables, without a terminal.
pub(crate) fn resolve_context<'a>(
    environment: &Environment,
    directory: &'a Path,
    variables: &'a dyn Fn(&str) -> Option<String>,
) -> ResolveContext<'a> {
    ResolveContext {
        environment: variables,
        working_directory: directory,
        now: environment.clock().now(),
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    }
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
    Event::new("111111111111", "us-east-1", "/trail", at, record)
        .stream("o-practice00_222222222222_CloudTrail_us-east-1")
        .to_string()
}

/// Returns a planted event in the form of a scenario.
pub(crate) fn event(account: &str, region: &str, group: &str, at: &str, message: &str) -> String {
    Event::new(account, region, group, at, message).to_string()
}
