//! The message for Slack-compatible webhooks: title, a table of rows, and the directory of the run.

use serde_json::{Value, json};

use crate::report::escape;
use crate::watch::alert::{Alert, AlertKind, Row};

/// How many rows the table has. They fit on a screen.
const MAX_ROWS: usize = 15;
/// The longest text in the table, in characters.
const MAX_TEXT_CHARS: usize = 48;

const SIGHTING_COLUMNS: [&str; 7] = [
    "event_time",
    "event_account_id",
    "event_name",
    "principal_arn",
    "source_ip",
    "indicators",
    "hunts",
];
const FINDING_COLUMNS: [&str; 5] = [
    "event_time",
    "event_account_id",
    "event_name",
    "source_ip",
    "finding",
];
const ACCOUNT_COLUMNS: [&str; 4] = ["account_id", "account_name", "since", "reason"];

/// The body of the POST request.
///
/// Source: Slack API, "Sending messages using incoming webhooks"; "Formatting text for app
/// surfaces": only `&`, `<` and `>` are escaped.
pub(super) fn message(alert: &Alert) -> String {
    let columns_of_first_row = || {
        alert
            .rows
            .first()
            .map(|row| row.keys().map(String::as_str).collect())
    };
    let columns: Vec<&str> = match alert.kind {
        AlertKind::Sightings | AlertKind::Digest => SIGHTING_COLUMNS.to_vec(),
        AlertKind::Counts => columns_of_first_row().unwrap_or_default(),
        AlertKind::ContainmentBroken => FINDING_COLUMNS.to_vec(),
        AlertKind::CoverageLost | AlertKind::CoverageRegained | AlertKind::ActivationFailed => {
            ACCOUNT_COLUMNS.to_vec()
        }
    };
    let mut parts = vec![format!("*{}*", escape_text(&alert.title, usize::MAX))];
    for (column, counts) in &alert.tally {
        let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
        counts.sort_by(|(one, n), (other, m)| m.cmp(n).then_with(|| one.cmp(other)));
        let counts = counts
            .iter()
            .map(|(name, count)| format!("{} ({count})", escape_text(name, MAX_TEXT_CHARS)));
        parts.push(format!(
            "{column}: {}",
            counts.collect::<Vec<_>>().join(", ")
        ));
    }
    if !alert.rows.is_empty() {
        parts.push(format!("```\n{}```", table(&columns, &alert.rows)));
    }
    let shown = alert.rows.len().min(MAX_ROWS) as u64;
    if alert.count > shown {
        parts.push(format!("… and {} more", alert.count - shown));
    }
    if !alert.run.is_empty() {
        parts.push(format!("Run: `{}`", escape_text(&alert.run, usize::MAX)));
    }
    let text = parts.join("\n");
    json!({ "text": text }).to_string()
}

fn table(columns: &[&str], rows: &[Row]) -> String {
    let header = columns
        .iter()
        .map(|column| (*column).to_owned())
        .collect::<Vec<_>>();
    let line_of_row = |row: &Row| {
        columns
            .iter()
            .map(|column| escape_text(&column_text(row, column), MAX_TEXT_CHARS))
            .collect::<Vec<_>>()
    };
    let lines: Vec<Vec<String>> = std::iter::once(header)
        .chain(rows.iter().take(MAX_ROWS).map(line_of_row))
        .collect();
    let width = |at: usize| {
        lines
            .iter()
            .filter_map(|line| Some(line.get(at)?.chars().count()))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |line: &Vec<String>| {
        let padded = line
            .iter()
            .zip(&widths)
            .map(|(text, width)| format!("{text:<width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

fn column_text(row: &Row, column: &str) -> String {
    match row.get(column) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(";"),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Escapes untrusted text, so that it cannot leave the table, mention, link or format anything.
fn escape_text(text: &str, max_chars: usize) -> String {
    let mut escaped = String::new();
    for character in escape(text).chars().take(max_chars) {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '`' => escaped.push('\''),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::alert::testing::alert;

    fn text(alert: &Alert) -> String {
        let message: Value = serde_json::from_str(&message(alert)).unwrap();
        message["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn message_has_title_table_and_run() {
        let row = json!({ "event_time": "t", "event_account_id": "1", "event_name": "ListBuckets", "indicators": ["a", "b"] });
        let alert = Alert {
            rows: vec![row.as_object().unwrap().clone(); 20],
            count: 30,
            ..alert("s-1")
        };
        let text = text(&alert);
        assert!(
            text.starts_with("*s: 1 sighting*\n```\nevent_time  event_account_id  event_name   "),
            "{text}"
        );
        assert!(
            text.contains(&format!(
                "t           1                 ListBuckets{:28}a;b\n",
                ""
            )),
            "{text}"
        );
        assert!(
            text.ends_with("```\n… and 15 more\nRun: `/runs/x`"),
            "{text}"
        );
    }

    #[test]
    fn untrusted_text_is_escaped() {
        let row =
            json!({ "event_name": "```<!channel> & <https://evil.example|ok>\n*x*\u{1b}[2J" });
        let alert = Alert {
            rows: vec![row.as_object().unwrap().clone()],
            count: 1,
            ..alert("s-1")
        };
        let text = text(&alert);
        assert_eq!(text.matches("```").count(), 2, "{text}");
        assert!(
            !text.contains('<')
                && !text.contains('\u{1b}')
                && text.contains("&lt;!channel&gt; &amp;"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 6, "{text}");
    }
}
