//! `sources.csv`, and the table and JSON of `dragnet sources`: which log sources record each
//! account-Region.

use std::io::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::{CsvFile, ReportError, Table};
use dragnet_model::time::format_ms;
use dragnet_model::{Liveness, Source};

const COLUMNS: [&str; 13] = [
    "event_account_id",
    "event_region",
    "source",
    "log_group_arn",
    "via",
    "logging",
    "last_delivery",
    "delivery_error",
    "selectors",
    "status",
    "reason",
    "bucket_prefix",
    "liveness",
];

/// Writes `sources.csv`. The rows must be sorted.
///
/// # Errors
/// Returns an error if `out` cannot be written.
pub fn write_sources<E: std::error::Error + 'static>(
    rows: &[Source],
    out: impl Write,
) -> Result<(), ReportError<E>> {
    let mut csv = CsvFile::new(out, &COLUMNS)?;
    for row in rows {
        csv.write_row(&cells(row))?;
    }
    Ok(csv.finish()?)
}

fn cells(row: &Source) -> [String; COLUMNS.len()] {
    [
        row.target.account.to_string(),
        row.target.region.to_string(),
        row.kind.to_string(),
        row.log_group
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        row.via.clone(),
        row.logging
            .map(|logging| logging.to_string())
            .unwrap_or_default(),
        row.last_delivery_ms.map(format_ms).unwrap_or_default(),
        row.delivery_error.clone(),
        row.selectors.clone(),
        row.status.to_string(),
        row.reason.clone(),
        row.bucket_prefix.clone().unwrap_or_default(),
        row.liveness
            .map(|liveness| liveness.to_string())
            .unwrap_or_default(),
    ]
}

/// Returns the rows as a table for the terminal, with the columns that fit there.
pub fn sources_table(rows: &[Source]) -> Table {
    let mut table = Table::new(&[
        "account",
        "region",
        "source",
        "status",
        "log group",
        "reason",
    ]);
    for row in rows {
        table.push(vec![
            row.target.account.to_string(),
            row.target.region.to_string(),
            row.kind.to_string(),
            row.status.to_string(),
            describe_place(row),
            row.reason.clone(),
        ]);
    }
    table
}

/// Describes where the records are: in a log group, in a bucket or in the event history.
fn describe_place(row: &Source) -> String {
    match &row.log_group {
        Some(group) => format!("{} {}", group.target, group.name),
        None if row.is_event_history() => row.via.clone(),
        None => row
            .bucket_prefix
            .as_ref()
            .map(|location| format!("s3://{location}"))
            .unwrap_or_default(),
    }
}

#[derive(Serialize)]
struct Row<'a> {
    event_account_id: String,
    event_region: &'a str,
    source: &'static str,
    log_group_arn: Option<String>,
    via: &'a str,
    logging: Option<bool>,
    last_delivery: Option<String>,
    delivery_error: &'a str,
    selectors: &'a str,
    status: &'static str,
    reason: &'a str,
    bucket_prefix: Option<&'a str>,
    liveness: Option<&'static str>,
}

/// Returns the rows as JSON with the keys of `sources.csv`: `{"sources": [...]}`.
pub fn sources_json(rows: &[Source]) -> Value {
    let rows = rows.iter().map(|row| Row {
        event_account_id: row.target.account.to_string(),
        event_region: row.target.region.as_str(),
        source: row.kind.as_str(),
        log_group_arn: row.log_group.as_ref().map(ToString::to_string),
        via: &row.via,
        logging: row.logging,
        last_delivery: row.last_delivery_ms.map(format_ms),
        delivery_error: &row.delivery_error,
        selectors: &row.selectors,
        status: row.status.as_str(),
        reason: &row.reason,
        bucket_prefix: row.bucket_prefix.as_deref(),
        liveness: row.liveness.map(Liveness::as_str),
    });
    json!({ "sources": rows.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::report::testing::{MARCH, target, written};
    use dragnet_model::{LogGroupArn, SourceKind, SourceStatus};

    #[test]
    fn columns_of_sources_csv_do_not_change() {
        let nothing = Source {
            target: target("111111111111", "eu-west-1"),
            kind: SourceKind::VpcFlow,
            log_group: None,
            bucket_prefix: None,
            via: String::new(),
            logging: None,
            last_delivery_ms: None,
            delivery_error: String::new(),
            selectors: String::new(),
            records_data_events: false,
            status: SourceStatus::NoSource,
            reason: String::new(),
            liveness: None,
        };
        let trail = Source {
            kind: SourceKind::CloudTrail,
            log_group: Some(LogGroupArn::new(
                target("999999999999", "us-east-1"),
                "/trail",
            )),
            via: "arn:aws:cloudtrail:us-east-1:999999999999:trail/org".to_owned(),
            logging: Some(true),
            last_delivery_ms: Some(MARCH),
            delivery_error: "=no".to_owned(),
            selectors: "management events; no data events".to_owned(),
            status: SourceStatus::Failing,
            reason: "deliveries fail".to_owned(),
            liveness: Some(Liveness::Confirmed),
            ..nothing.clone()
        };
        let rows = [trail, nothing];
        insta::assert_snapshot!(written(|out| write_sources::<Infallible>(&rows, out)), @r"
        event_account_id,event_region,source,log_group_arn,via,logging,last_delivery,delivery_error,selectors,status,reason,bucket_prefix,liveness
        111111111111,eu-west-1,cloudtrail,arn:aws:logs:us-east-1:999999999999:log-group:/trail,arn:aws:cloudtrail:us-east-1:999999999999:trail/org,true,2026-03-01T12:00:00.000Z,'=no,management events; no data events,failing,deliveries fail,,confirmed
        111111111111,eu-west-1,vpc-flow,,,,,,,no-source,,,
        ");
        assert_eq!(sources_json(&rows)["sources"][1]["status"], "no-source");
    }
}
