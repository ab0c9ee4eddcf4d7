//! Runs a watch over made-up organizations, in the process. A restart drops everything in memory
//! and opens the files again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use dragnet::cli::GlobalArguments;
use dragnet::commands::{Environment, WatchRuntime};
use dragnet::settings::WatchSettings;
use dragnet::watch::{ActivationRecord, Overview, RetryPolicy, State};
use dragnet_range::Scenario;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::world::resolve_context;

/// A file as the sink, and one schedule that searches for 192.0.2.1 every quarter of an hour.
pub(crate) const WATCH: &str = r#"
[watch]
state_dir = "state"
listen = "off"
[[watch.sink]]
name = "soc"
kind = "file"
path = "alerts.jsonl"
[[watch.schedule]]
name = "ip"
cron = "*/15 * * * *"
indicators = ["192.0.2.1"]
sinks = ["soc"]
"#;

/// The files that outlive a process.
pub(crate) struct Station {
    temp: TempDir,
}

/// A process: an organization from a certain time on, and a watch over it.
pub(crate) struct WatchProcess {
    environment: Environment,
    settings: WatchSettings,
    state: State,
}

impl Station {
    /// Creates a directory that only has this configuration file.
    pub(crate) fn configured(config: &str) -> Self {
        let station = Self {
            temp: tempfile::tempdir().unwrap(),
        };
        station.configure(config);
        station
    }

    pub(crate) fn configure(&self, config: &str) {
        std::fs::write(self.path().join("dragnet.toml"), config).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.temp.path()
    }

    /// Starts a new process over the organization of this scenario, at the scenario's time.
    pub(crate) fn start(&self, scenario: &str) -> WatchProcess {
        let scenario =
            Scenario::from_toml(scenario).unwrap_or_else(|error| panic!("{error}: {scenario}"));
        let environment = Environment::for_practice(&scenario).unwrap();
        let variables = |name: &str| (name == "KEY").then(|| "signing-key".to_owned());
        let context = resolve_context(&environment, self.path(), &variables);
        let settings = WatchSettings::resolve(&GlobalArguments::default(), &context).unwrap();
        let state = State::open(&settings.state_dir).unwrap();
        WatchProcess {
            environment,
            settings,
            state,
        }
    }

    /// Returns the alerts in the file, one per line.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path().join("alerts.jsonl")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Returns the messages of all sightings in the file.
    pub(crate) fn alerted_messages(&self) -> Vec<String> {
        let rows = self
            .alerts()
            .into_iter()
            .flat_map(|alert| alert["rows"].as_array().cloned().unwrap());
        rows.filter_map(|row| row["message"].as_str().map(str::to_owned))
            .collect()
    }

    /// Returns the kinds and titles of all alerts in the file.
    pub(crate) fn titles(&self) -> Vec<String> {
        let text = |alert: &Value, key: &str| alert[key].as_str().unwrap().to_owned();
        self.alerts()
            .iter()
            .map(|alert| format!("{}: {}", text(alert, "kind"), text(alert, "title")))
            .collect()
    }
}

impl WatchProcess {
    /// Returns the same process on the machine with this state directory.
    pub(crate) fn on_machine(self, state_directory: &Path) -> Self {
        let directory = state_directory.to_owned();
        Self {
            environment: self.environment.with_session_directory(directory),
            ..self
        }
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    async fn open_runtime(&self, retry_policy: RetryPolicy) -> WatchRuntime {
        let output = Arc::new(Mutex::new(std::io::sink()));
        let opened = WatchRuntime::open(
            &self.environment,
            self.settings.clone(),
            &self.state,
            output,
            retry_policy,
        );
        Box::pin(opened).await.unwrap()
    }

    /// Runs `dragnet watch once`.
    pub(crate) async fn run_once(&self, name: Option<&str>) -> Vec<ActivationRecord> {
        let runtime = self.open_runtime(RetryPolicy::default()).await;
        let results = runtime
            .run_once(name, &CancellationToken::new())
            .await
            .unwrap();
        results.into_iter().map(Option::unwrap).collect()
    }

    /// Runs `dragnet watch run` for this time, then stops it, whatever it is doing.
    pub(crate) async fn run_for(&self, time: Duration) {
        self.run_until(RetryPolicy::default(), tokio::time::sleep(time))
            .await;
    }

    /// Runs `dragnet watch run` until `until` completes, then stops it.
    pub(crate) async fn run_until(
        &self,
        retry_policy: RetryPolicy,
        until: impl Future<Output = ()>,
    ) {
        let stop = CancellationToken::new();
        let running = self
            .open_runtime(retry_policy)
            .await
            .run(CancellationToken::new(), stop.clone());
        let stopping = async {
            until.await;
            stop.cancel();
        };
        tokio::join!(running, stopping);
    }

    pub(crate) fn overview(&self) -> Overview {
        Overview::read(&self.settings, &self.state, self.environment.clock().now()).unwrap()
    }
}
