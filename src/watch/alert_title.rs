//! The titles of alerts about findings and about coverage.

use super::alert::{Alert, AlertKind, Row};

/// The column with what a sighting shows against a monitored containment.
pub(super) const FINDING: &str = "finding";

/// Returns the title of an alert about findings.
pub(super) fn alert_title(schedule: &str, alert: &Alert) -> String {
    let count = alert.count;
    let is_monitored = matches!(alert.kind, AlertKind::ContainmentBroken | AlertKind::Digest);
    let first = alert.rows.first().filter(|_| is_monitored);
    let finding = first
        .and_then(|row| row.get(FINDING))
        .and_then(serde_json::Value::as_str);
    if let Some(finding) = finding {
        return match count {
            1 => format!("{schedule}: {finding}"),
            _ => format!("{schedule}: {count} calls against the containment; the first: {finding}"),
        };
    }
    match alert.kind {
        AlertKind::Digest => {
            format!("{schedule}: {count} sightings, too many to list; the run has all of them")
        }
        AlertKind::Counts if count == 1 => format!("{schedule}: 1 counted group"),
        AlertKind::Counts => format!("{schedule}: {count} counted groups"),
        _ if count == 1 => format!("{schedule}: 1 sighting"),
        _ => format!("{schedule}: {count} sightings"),
    }
}

/// Returns the title of an alert about accounts whose coverage changed.
pub(super) fn coverage_title(schedule: &str, kind: AlertKind, accounts: &[Row]) -> String {
    let text_of = |column: &str| {
        accounts
            .first()
            .and_then(|row| row.get(column))
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    };
    let which = match accounts.len() {
        1 => format!(
            "account {} ({}) is",
            text_of("account_id"),
            text_of("account_name")
        ),
        count => format!("{count} accounts are"),
    };
    match kind {
        AlertKind::CoverageLost => format!("{schedule}: {which} no longer covered"),
        _ => format!("{schedule}: {which} covered again"),
    }
}
