//! Splits the rows of findings into alerts of bounded size.

use std::collections::BTreeMap;

use serde_json::Value;

use super::alert::{Alert, AlertKind, Row};
use dragnet_model::Severity;

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
mod tests {
    use super::*;
    use crate::watch::alert::testing;

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
