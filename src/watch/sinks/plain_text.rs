//! Alerts as lines of plain text, for people. Every text of a row is untrusted and is escaped, so
//! that it cannot add a line.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::report::escape;
use crate::watch::alert::{Alert, AlertKind, Row};

/// How many rows a text lists.
pub(super) const MAX_ROWS: usize = 10;

/// The lines of a row: label, and the columns that the line shows.
const SIGHTING_LINES: [(&str, &str); 9] = [
    ("time", "event_time"),
    ("event", "event_name"),
    ("Region", "event_region"),
    ("principal", "principal_arn"),
    ("source IP", "source_ip"),
    ("error", "error_code"),
    ("indicators", "indicators"),
    ("hunts", "hunts"),
    ("severity", "severity"),
];
const FINDING_LINES: [(&str, &str); 5] = [
    ("time", "event_time"),
    ("event", "event_name"),
    ("principal", "principal_arn"),
    ("source IP", "source_ip"),
    ("finding", "finding"),
];
const ACCOUNT_LINES: [(&str, &str); 2] = [("since", "since"), ("reason", "reason")];

/// Returns a row as lines, each with a label and a value that is not empty.
pub(super) fn row_lines(kind: AlertKind, row: &Row) -> Vec<String> {
    let listed: Vec<(&str, &str)> = match kind {
        AlertKind::Sightings | AlertKind::Digest => SIGHTING_LINES.to_vec(),
        AlertKind::ContainmentBroken => FINDING_LINES.to_vec(),
        AlertKind::CoverageLost | AlertKind::CoverageRegained => ACCOUNT_LINES.to_vec(),
        // The columns of a counting hunt are its own.
        AlertKind::Counts | AlertKind::ActivationFailed | AlertKind::Test => row
            .keys()
            .filter(|column| *column != "alert_id")
            .map(|column| (column.as_str(), column.as_str()))
            .collect(),
    };
    let account = account(row).map(|account| ("account", account));
    let lines = listed
        .into_iter()
        .map(|(label, column)| (label, column_text(row, column)));
    account
        .into_iter()
        .chain(lines)
        .filter(|(_, value)| !value.is_empty())
        .map(|(label, value)| format!("{}: {}", escape(label), escape(&value)))
        .collect()
}

/// Returns the account of a row: its name and its id.
pub(super) fn account(row: &Row) -> Option<String> {
    let id = ["event_account_id", "account_id"]
        .into_iter()
        .map(|column| column_text(row, column))
        .find(|id| !id.is_empty())?;
    let name = column_text(row, "account_name");
    Some(if name.is_empty() {
        id
    } else {
        format!("{name} ({id})")
    })
}

/// Returns a column of a row as text.
pub(super) fn column_text(row: &Row, column: &str) -> String {
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

/// Returns the lines of a digest: for each column, its most frequent names.
pub(super) fn tally_lines(alert: &Alert) -> Vec<String> {
    let line = |(column, counts): (&String, &BTreeMap<String, u64>)| {
        let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
        counts.sort_by(|(one, n), (other, m)| m.cmp(n).then_with(|| one.cmp(other)));
        let counts = counts
            .iter()
            .map(|(name, count)| format!("{} ({count})", escape(name)));
        format!(
            "{}: {}",
            escape(column),
            counts.collect::<Vec<_>>().join(", ")
        )
    };
    alert.tally.iter().map(line).collect()
}

/// Returns the whole alert as text.
pub(super) fn text(alert: &Alert) -> String {
    let mut lines = vec![
        escape(&alert.title).into_owned(),
        format!("severity: {}", alert.severity),
    ];
    lines.extend(tally_lines(alert));
    for row in alert.rows.iter().take(MAX_ROWS) {
        lines.push(String::new());
        lines.extend(row_lines(alert.kind, row));
    }
    lines.push(String::new());
    let shown = alert.rows.len().min(MAX_ROWS) as u64;
    if alert.count > shown {
        lines.push(format!("… and {} more", alert.count - shown));
    }
    for (label, value) in [
        ("next step", &alert.next_step),
        ("run", &alert.run),
        ("link", &alert.run_url),
    ] {
        if !value.is_empty() {
            lines.push(format!("{label}: {}", escape(value)));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::watch::alert::testing::alert;

    #[test]
    fn text_names_account_principal_severity_and_next_step() {
        let principal = format!("arn:aws:sts::1:assumed-role/{}/ci-runner", "D".repeat(64));
        let row = json!({
            "event_account_id": "111111111111", "account_name": "prod\nforged: line", "principal_arn": principal,
            "indicators": ["a", "b"], "error_code": "",
        });
        let alert = Alert {
            rows: vec![row.as_object().unwrap().clone(); 12],
            count: 30,
            run_url: "https://soc.example/x".to_owned(),
            ..alert("s-1")
        };
        let text = text(&alert);
        for line in [
            "s: 1 sighting",
            "severity: medium",
            "account: prod\\u{a}forged: line (111111111111)",
            &format!("principal: {principal}"),
            "indicators: a;b",
            "… and 20 more",
            "next step: review the run",
            "link: https://soc.example/x",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        assert!(!text.contains("error"), "{text}");
    }
}
