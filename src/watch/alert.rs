//! Alerts: the messages to sinks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::RunUrl;
use dragnet_model::Severity;
use dragnet_model::time::rfc3339_ms;

/// A row of an alert: a sighting, a counted group or an account, by column. Every text is
/// untrusted.
pub type Row = Map<String, Value>;

/// One message to a sink. It may be delivered more than once, always with the same id, and each row
/// has only one alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The idempotency key.
    pub id: String,
    /// The name of the schedule.
    pub schedule: String,
    /// The subject of the alert.
    pub kind: AlertKind,
    /// The highest severity of the rows.
    #[serde(default = "default_severity")]
    pub severity: Severity,
    /// When the activation started, in RFC 3339 and UTC.
    pub at: String,
    /// The title, in one line.
    pub title: String,
    /// How many rows the alert is about. A digest contains fewer rows.
    pub count: u64,
    /// The rows. Long texts are truncated; the run has the full texts.
    pub rows: Vec<Row>,
    /// In a digest: how often each name occurs, with the most frequent names of each column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tally: BTreeMap<String, BTreeMap<String, u64>>,
    /// The directory of the run; empty if there is none.
    pub run: String,
    /// The address of the run, if one is configured.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run_url: String,
    /// What to do about the alert.
    #[serde(default)]
    pub next_step: String,
}

impl Alert {
    /// Creates a message that tests a sink.
    pub fn for_test(now: Timestamp, run_url: Option<&RunUrl>) -> Self {
        let at = rfc3339_ms(now);
        let id = format!("test-{at}");
        let schedule = "test";
        Self {
            schedule: schedule.to_owned(),
            kind: AlertKind::Test,
            severity: AlertKind::Test.severity(),
            at,
            title: "test alert of dragnet watch check: nothing was found".to_owned(),
            count: 0,
            rows: Vec::new(),
            tally: BTreeMap::new(),
            run: String::new(),
            run_url: run_url
                .map(|url| url.render("test", schedule, &id))
                .unwrap_or_default(),
            next_step: AlertKind::Test.next_step(""),
            id,
        }
    }
}

/// The severity of an alert that an earlier version stored.
fn default_severity() -> Severity {
    Severity::Medium
}

dragnet_model::word_enum! {
    /// The subject of an alert.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum AlertKind: Serialize, Deserialize {
        /// New sightings.
        Sightings => "sightings",
        /// Too many new sightings to list, so they are counted.
        Digest => "digest",
        /// A hunt counted a group that is new or above the threshold.
        Counts => "counts",
        /// A contained principal had a successful call, or somebody reverted a change of the
        /// containment.
        ContainmentBroken => "containment-broken",
        /// An account was covered and no longer is.
        CoverageLost => "coverage-lost",
        /// An account is covered again.
        CoverageRegained => "coverage-regained",
        /// An activation failed after one that did not.
        ActivationFailed => "activation-failed",
        /// A message that tests a sink.
        Test => "test",
    }
}

impl AlertKind {
    /// The severity of an alert whose rows have none.
    pub fn severity(self) -> Severity {
        match self {
            // Somebody may have removed the role to hide something.
            Self::CoverageLost => Severity::High,
            Self::ContainmentBroken => Severity::Critical,
            Self::Sightings | Self::Digest | Self::Counts | Self::ActivationFailed => {
                Severity::Medium
            }
            Self::CoverageRegained | Self::Test => Severity::Informational,
        }
    }

    /// What to do about an alert whose run is in this directory.
    pub fn next_step(self, run: &str) -> String {
        match self {
            Self::Sightings | Self::Digest => format!(
                "review the run: dragnet runs show {run}; to block the principals that it found: dragnet contain plan \
                 --from-run {run} --reason TEXT"
            ),
            Self::Counts => format!("review the run: dragnet runs show {run}"),
            Self::ContainmentBroken => {
                "check the containment: dragnet contain verify ID --from-logs; apply its plan again if a change was reverted"
                    .to_owned()
            }
            Self::CoverageLost => {
                "check the access to the account: dragnet doctor; if it was closed on purpose, \
                                   exclude it from the scope"
                    .to_owned()
            }
            Self::CoverageRegained => {
                "none: the log groups are read from where reading stopped".to_owned()
            }
            Self::ActivationFailed => {
                "correct the cause, then run dragnet watch check; the next activation reads \
                                       the same time range"
                    .to_owned()
            }
            Self::Test => "none: this is a test".to_owned(),
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// An alert with this id and without rows.
    pub(crate) fn alert(id: &str) -> Alert {
        Alert {
            id: id.to_owned(),
            schedule: "s".to_owned(),
            kind: AlertKind::Sightings,
            severity: Severity::Medium,
            at: "2026-03-01T12:00:00.000Z".to_owned(),
            title: "s: 1 sighting".to_owned(),
            count: 0,
            rows: Vec::new(),
            tally: BTreeMap::new(),
            run: "/runs/x".to_owned(),
            run_url: String::new(),
            next_step: "review the run".to_owned(),
        }
    }
}
