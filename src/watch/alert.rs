//! Alerts: the messages to sinks, and how findings are split into them.

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

/// The subject of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// New sightings.
    Sightings,
    /// Too many new sightings to list, so they are counted.
    Digest,
    /// A hunt counted a group that is new or above the threshold.
    Counts,
    /// A contained principal had a successful call, or somebody reverted a change of the
    /// containment.
    ContainmentBroken,
    /// An account was covered and no longer is.
    CoverageLost,
    /// An account is covered again.
    CoverageRegained,
    /// An activation failed after one that did not.
    ActivationFailed,
    /// A message that tests a sink.
    Test,
}

impl AlertKind {
    /// The name used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sightings => "sightings",
            Self::Digest => "digest",
            Self::Counts => "counts",
            Self::ContainmentBroken => "containment-broken",
            Self::CoverageLost => "coverage-lost",
            Self::CoverageRegained => "coverage-regained",
            Self::ActivationFailed => "activation-failed",
            Self::Test => "test",
        }
    }

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

/// The maximum number of rows in one message. A hundred fit on a few screens.
const MAX_ROWS_PER_MESSAGE: usize = 100;
/// The maximum size of the rows in one message, in bytes.
///
/// Sources: SNS API, `Publish`, and EventBridge API, `PutEvents`: 256 KiB including everything
/// else.
const MAX_BYTES_PER_MESSAGE: usize = 128 << 10;
/// The maximum number of messages of one activation. People do not read more; beyond it there is
/// one digest.
const MAX_MESSAGES: usize = 10;
/// How many names of each column a digest counts. It bounds memory if an attacker invents names.
const MAX_NAMES_COUNTED: usize = 1_000;
/// How many names of each column a digest shows.
const MAX_NAMES_SHOWN: usize = 10;
/// The columns that a digest counts.
const COUNTED_COLUMNS: [&str; 6] = [
    "indicators",
    "hunts",
    "hunt",
    "event_account_id",
    "principal_arn",
    "event_name",
];
/// The longest texts in a row, in characters: of the `message` column and of the others. They keep
/// a row smaller than a message, however JSON escapes it.
const MAX_MESSAGE_CHARS: usize = 2_000;
const MAX_TEXT_CHARS: usize = 256;
/// The longest principal, which is never truncated. Source: IAM API, `arnType`: 2,048 characters.
const MAX_PRINCIPAL_CHARS: usize = 2_048;
/// How many names of a list are kept.
const MAX_NAMES_PER_LIST: usize = 20;

/// Collects rows into alerts. A small number is kept completely; of too many, the first are kept
/// and all are counted.
#[derive(Debug, Default)]
pub(super) struct Batch {
    messages: Vec<Vec<Row>>,
    bytes: usize,
    count: u64,
    /// The highest severity of all rows.
    severity: Option<Severity>,
    tally: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Batch {
    /// Adds a row and truncates its long texts.
    pub(super) fn push(&mut self, mut row: Row) {
        for (column, value) in &mut row {
            let max_chars = match column.as_str() {
                "message" => MAX_MESSAGE_CHARS,
                "principal_arn" => MAX_PRINCIPAL_CHARS,
                _ => MAX_TEXT_CHARS,
            };
            truncate_texts(value, max_chars);
        }
        self.count += 1;
        self.severity = self.severity.max(row_severity(&row));
        self.count_names(&row);
        let size = serde_json::to_string(&row).map_or(0, |text| text.len());
        let is_full = self.bytes + size > MAX_BYTES_PER_MESSAGE;
        let messages = self.messages.len();
        match self.messages.last_mut() {
            Some(last) if last.len() < MAX_ROWS_PER_MESSAGE && !is_full => {
                last.push(row);
                self.bytes += size;
            }
            _ if messages <= MAX_MESSAGES => {
                self.messages.push(vec![row]);
                self.bytes = size;
            }
            // Too many rows: a digest shows only the first ones.
            _ => {}
        }
    }

    fn count_names(&mut self, row: &Row) {
        for column in COUNTED_COLUMNS {
            let names: Vec<&str> = match row.get(column) {
                Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
                Some(Value::String(name)) if !name.is_empty() => vec![name],
                _ => continue,
            };
            let counts = self.tally.entry(column.to_owned()).or_default();
            for name in names {
                if counts.len() < MAX_NAMES_COUNTED || counts.contains_key(name) {
                    *counts.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
    }

    /// Returns the alerts: each is a copy of `template` with its own id, rows and counts.
    pub(super) fn finish(self, template: &Alert) -> Vec<Alert> {
        let Self {
            mut messages,
            count,
            severity,
            tally,
            ..
        } = self;
        let part = |number: usize, kind, count, rows: Vec<Row>, tally| {
            let id = format!("{}-{}", template.id, number + 1);
            let severity = rows.iter().filter_map(row_severity).max();
            Alert {
                id,
                kind,
                severity: severity.unwrap_or(template.severity),
                count,
                rows,
                tally,
                ..template.clone()
            }
        };
        if messages.len() > MAX_MESSAGES {
            messages.truncate(1);
            let rows = messages.pop().unwrap_or_default();
            let tally = tally
                .into_iter()
                .map(|(column, counts)| (column, most_frequent(counts)))
                .collect();
            let digest = part(0, AlertKind::Digest, count, rows, tally);
            return vec![Alert {
                severity: severity.unwrap_or(digest.severity),
                ..digest
            }];
        }
        let parts = messages.into_iter().enumerate();
        parts
            .map(|(number, rows)| {
                part(
                    number,
                    template.kind,
                    rows.len() as u64,
                    rows,
                    BTreeMap::new(),
                )
            })
            .collect()
    }
}

fn row_severity(row: &Row) -> Option<Severity> {
    serde_json::from_value(row.get("severity")?.clone()).ok()
}

fn most_frequent(counts: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by(|(one, n), (other, m)| m.cmp(n).then_with(|| one.cmp(other)));
    counts.truncate(MAX_NAMES_SHOWN);
    counts.into_iter().collect()
}

fn truncate_texts(value: &mut Value, max_chars: usize) {
    match value {
        Value::String(text) => {
            if let Some((at, _)) = text.char_indices().nth(max_chars) {
                text.truncate(at);
                text.push('…');
            }
        }
        Value::Array(values) => {
            values.truncate(MAX_NAMES_PER_LIST);
            for value in values {
                truncate_texts(value, max_chars);
            }
        }
        _ => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    fn alerts(rows: usize, text: &str) -> Vec<Alert> {
        let mut batch = Batch::default();
        for number in 0..rows {
            let row = serde_json::json!({ "n": number, "message": text, "event_name": format!("e{}", number % 3) });
            batch.push(row.as_object().unwrap().clone());
        }
        batch.finish(&testing::alert("s-run"))
    }

    #[test]
    fn few_rows_are_listed_and_many_become_a_digest() {
        let shape = |alerts: Vec<Alert>| {
            alerts
                .iter()
                .map(|a| (a.id.clone(), a.count, a.rows.len()))
                .collect::<Vec<_>>()
        };
        assert!(alerts(0, "").is_empty());
        assert_eq!(
            shape(alerts(101, "")),
            [
                ("s-run-1".to_owned(), 100, 100),
                ("s-run-2".to_owned(), 1, 1)
            ]
        );
        assert_eq!(shape(alerts(1_000, "")).len(), 10);
        let digest = alerts(2_001, "");
        assert_eq!(
            (
                digest.len(),
                digest[0].kind,
                digest[0].count,
                digest[0].rows.len()
            ),
            (1, AlertKind::Digest, 2_001, 100)
        );
        assert_eq!(digest[0].tally["event_name"]["e0"], 667);
    }

    #[test]
    fn severity_is_that_of_the_worst_row_and_principals_are_complete() {
        let principal = format!("arn:aws:iam::111111111111:role/{}", "r".repeat(600));
        let mut batch = Batch::default();
        for severity in ["low", "critical", "medium"] {
            let row = serde_json::json!({ "severity": severity, "principal_arn": principal });
            batch.push(row.as_object().unwrap().clone());
        }
        let alert = batch.finish(&testing::alert("s-run")).remove(0);
        assert_eq!(alert.severity, Severity::Critical);
        assert_eq!(alert.rows[0]["principal_arn"], principal);
        let stored = r#"{"id":"a","schedule":"s","kind":"counts","at":"t","title":"x","count":0,"rows":[],"run":""}"#;
        let older: Alert = serde_json::from_str(stored).unwrap();
        assert_eq!(older.severity, Severity::Medium);
    }

    #[test]
    fn message_size_is_bounded() {
        let long = "ü".repeat(200_000);
        for alert in alerts(300, &long) {
            assert!(serde_json::to_string(&alert).unwrap().len() < 200 << 10);
            assert!(alert.rows[0]["message"].as_str().unwrap().ends_with("ü…"));
        }
    }
}
