//! `[watch]`: searches on schedules, and the sinks that receive their alerts.

mod body_template;
mod run_url;
mod schedule;
mod sink;
mod timetable;
mod topic_arn;

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use body_template::{BodyTemplate, InvalidBodyTemplate};
pub use run_url::RunUrl;
pub use schedule::{AlertCondition, Schedule};
pub use sink::{BodySource, EventBus, SecretSource, Sink, SinkAddress, SinkTarget, SinkUrl};
pub use timetable::{TimeZoneName, Timetable};
pub use topic_arn::TopicArn;

use super::error::Problem;
use super::text::{checked_text, has_form, written_as_text};
use super::{ConfiguredDuration, KnownRegions, Limits, QuotaShare};

/// Settings that all schedules share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Watch {
    /// The directory of watermarks, alerts and runs; default: `watch` in Dragnet's state directory.
    pub state_dir: Option<PathBuf>,
    /// How long before the start of an activation its windows end, because logs arrive late.
    pub lag: ConfiguredDuration,
    /// How long before the watermark windows begin, to find events that arrived even later.
    pub overlap: ConfiguredDuration,
    /// How far back the first window of an account, a Region or a log group begins.
    pub lookback: ConfiguredDuration,
    /// How much of a log group's past one activation catches up on at most.
    pub catch_up: ConfiguredDuration,
    /// The upper bound by which activations are delayed; each schedule has its own share of it.
    pub jitter: Option<ConfiguredDuration>,
    /// The address at which health and metrics are served.
    pub listen: Listen,
    /// How long runs are kept.
    pub keep_runs_for: ConfiguredDuration,
    /// How many runs are kept.
    pub keep_runs: usize,
    /// How many gigabytes all schedules together may scan per day (UTC); `None`: no limit.
    pub scan_budget_gb: Option<ScanBudget>,
    /// The share of each AWS quota that a watch uses; default: 0.3, or `limits.quota_share` if that
    /// is less.
    pub quota_share: Option<QuotaShare>,
    /// The address at which the receivers of alerts find a run.
    pub run_url: Option<RunUrl>,
    /// `[[watch.schedule]]`.
    pub schedule: Vec<Schedule>,
    /// `[[watch.sink]]`.
    pub sink: Vec<Sink>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            state_dir: None,
            lag: minutes(15),
            overlap: minutes(15),
            lookback: minutes(60),
            catch_up: minutes(6 * 60),
            jitter: None,
            listen: Listen::default(),
            keep_runs_for: minutes(30 * 24 * 60),
            keep_runs: 5_000,
            scan_budget_gb: None,
            quota_share: None,
            run_url: None,
            schedule: Vec::new(),
            sink: Vec::new(),
        }
    }
}

const fn minutes(number: u64) -> ConfiguredDuration {
    ConfiguredDuration::new(Duration::from_mins(number))
}

impl Watch {
    /// Makes the paths relative to the directory of the configuration file.
    pub(in crate::config) fn resolve_paths(&mut self, directory: &Path) {
        if let Some(state_dir) = &mut self.state_dir {
            *state_dir = directory.join(&*state_dir);
        }
        for schedule in &mut self.schedule {
            schedule.resolve_paths(directory);
        }
        for sink in &mut self.sink {
            sink.resolve_paths(directory);
        }
    }

    /// Returns the share of each quota to use. A watch runs all the time, so it leaves more to
    /// others than a sweep.
    pub fn quota_share(&self, limits: &Limits) -> QuotaShare {
        self.quota_share
            .unwrap_or_else(|| limits.quota_share.min(QuotaShare::OF_WATCH))
    }

    /// Returns the environment variables that contain secrets of the sinks.
    pub fn secret_variables(&self) -> impl Iterator<Item = &str> {
        self.sink.iter().flat_map(Sink::secret_variables)
    }

    /// Checks that names are unique and that every sink of a schedule is defined.
    pub(in crate::config) fn check(&self, known: &KnownRegions<'_>) -> Result<(), Problem> {
        let mut sinks = BTreeSet::new();
        for (number, sink) in self.sink.iter().enumerate() {
            let locate = |problem: Problem| problem.under(number.to_string()).under("sink");
            if !sinks.insert(sink.name.as_str()) {
                return Err(locate(Problem::new(
                    "name",
                    format!("the sink `{}` is defined twice", sink.name),
                )));
            }
            sink.parse_target().map_err(locate)?;
        }
        let mut schedules = BTreeSet::new();
        for (number, schedule) in self.schedule.iter().enumerate() {
            let locate = |problem: Problem| problem.under(number.to_string()).under("schedule");
            if !schedules.insert(schedule.name.as_str()) {
                let message = format!("the schedule `{}` is defined twice", schedule.name);
                return Err(locate(Problem::new("name", message)));
            }
            schedule.check(&sinks, known).map_err(locate)?;
        }
        Ok(())
    }
}

checked_text! {
    /// The name of a schedule or a sink, in files, metrics and messages.
    WatchName,
    "a name: expected 1 to 64 letters, digits and _-",
    |text| has_form(text, 1, 64, "_-")
}

checked_text! {
    /// The id of a containment: the short hash of its plan.
    ContainmentId,
    "the id of a containment: expected hexadecimal digits, as `dragnet contain list` prints them",
    |text| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The address at which health and metrics are served, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Listen {
    /// They are not served.
    Off,
    /// They are served at this address. There is no authentication, so any address but loopback
    /// exposes them to others.
    At(SocketAddr),
}

/// The text is not a valid address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address to listen on: expected the form 127.0.0.1:9464, or off")]
pub struct InvalidListen(String);

impl Default for Listen {
    fn default() -> Self {
        Self::At(SocketAddr::from(([127, 0, 0, 1], 9_464)))
    }
}

impl FromStr for Listen {
    type Err = InvalidListen;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            address => address
                .parse()
                .map(Self::At)
                .map_err(|_| InvalidListen(text.to_owned())),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.pad("off"),
            Self::At(address) => address.fmt(f),
        }
    }
}

written_as_text!(Listen, InvalidListen);

/// Gigabytes (of 10^9 bytes) per day: more than 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct ScanBudget(f64);

/// The budget is out of range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("scan_budget_gb must be more than 0 gigabytes per day, but is {0}")]
pub struct InvalidScanBudget(f64);

impl ScanBudget {
    /// Returns the budget in bytes.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is positive, and `as` saturates"
    )]
    pub fn bytes(self) -> u64 {
        (self.0 * 1e9) as u64
    }
}

impl TryFrom<f64> for ScanBudget {
    type Error = InvalidScanBudget;

    fn try_from(gigabytes: f64) -> Result<Self, Self::Error> {
        if gigabytes > 0.0 && gigabytes.is_finite() {
            Ok(Self(gigabytes))
        } else {
            Err(InvalidScanBudget(gigabytes))
        }
    }
}

impl From<ScanBudget> for f64 {
    fn from(budget: ScanBudget) -> Self {
        budget.0
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const VALID: &str = "[[watch.sink]]\nname = \"soc\"\nkind = \"stdout\"\n\
         [[watch.schedule]]\nname = \"a\"\ncron = \"*/15 * * * *\"\nindicators = [\"192.0.2.1\"]\nsinks = [\"soc\"]\n";

    #[test]
    fn watch_uses_a_smaller_share_of_the_quotas() {
        for (config, expected) in [
            ("", 0.3),
            ("[limits]\nquota_share = 1.0", 0.3),
            ("[limits]\nquota_share = 0.1", 0.1),
            ("[watch]\nquota_share = 0.6", 0.6),
        ] {
            let config = Config::from_toml(config, "x").unwrap();
            assert_eq!(config.watch.quota_share(&config.limits).get(), expected);
        }
    }

    #[test]
    fn paths_are_relative_to_the_configuration_file() {
        let directory = tempfile::tempdir().unwrap();
        let text = format!(
            "[watch]\nstate_dir = \"state\"\n{}",
            VALID
                .replace(
                    "kind = \"stdout\"",
                    "kind = \"file\"\npath = \"/var/alerts\""
                )
                .replace("sinks = [", "indicator_files = [\"feed\"]\nsinks = [")
        );
        let file = directory.path().join("x.toml");
        std::fs::write(&file, text).unwrap();
        let watch = Config::load(&file).unwrap().watch;
        assert_eq!(watch.state_dir, Some(directory.path().join("state")));
        assert_eq!(
            watch.schedule[0].indicator_files,
            [directory.path().join("feed")]
        );
        assert_eq!(watch.sink[0].path, Some("/var/alerts".into()));
    }

    #[test]
    fn inconsistent_values_are_located() {
        assert!(Config::from_toml(VALID, "x").is_ok());
        for (invalid, line, part) in [
            (
                VALID.replace("[\"soc\"]", "[\"sox\"]"),
                8,
                "did you mean `soc`?",
            ),
            (VALID.replace("sinks = [\"soc\"]", ""), 5, "sinks"),
            (
                VALID.replace("indicators", "containment = \"3f9a0c1d2e4b\"\nindicators"),
                5,
                "remove hunts, indicators",
            ),
            (
                VALID.replace(
                    "indicators = [\"192.0.2.1\"]",
                    "containment = \"3f9a0c1d2e4b\"\nalert_when = \"a > 1\"",
                ),
                5,
                "remove scope and alert_when",
            ),
            (
                VALID.replace("indicators = [\"192.0.2.1\"]", "containment = \"../x\""),
                7,
                "hexadecimal",
            ),
            (VALID.replace("*/15 * * * *", "*/15 * *"), 6, "cron"),
            (
                VALID.replace("indicators = [\"192.0.2.1\"]", ""),
                5,
                "nothing to search for",
            ),
            (VALID.replace("cron", "crno"), 6, "did you mean `cron`?"),
            (
                VALID.replace("indicators", "alert_when = \"a >\"\nindicators"),
                7,
                "alert_when",
            ),
            (
                VALID.replace("indicators", "time_zone = \"Europe/Berln\"\nindicators"),
                7,
                "time zone",
            ),
            (
                VALID.replace("kind = \"stdout\"", "kind = \"webhook\""),
                3,
                "url",
            ),
            (format!("{VALID}{VALID}"), 10, "defined twice"),
            ("[watch]\nlisten = \"9464\"".to_owned(), 2, "127.0.0.1:9464"),
            ("[watch]\nscan_budget_gb = 0.0".to_owned(), 2, "more than 0"),
            ("[watch]\nlag = \"0s\"".to_owned(), 2, "not a duration"),
        ] {
            let message = Config::from_toml(&invalid, "f").unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("f:{line}: ")) && message.contains(part),
                "{message}\n{invalid}"
            );
        }
    }
}
