//! `coverage.csv`: one row per account, account-Region, log group, event history and folder of a
//! bucket.

use std::io::{self, Write};

use super::{CsvFile, ReportError};
use dragnet_model::Coverage;
use dragnet_model::time::format_ms;

const COLUMNS: [&str; 19] = [
    "account_id",
    "account_name",
    "region",
    "log_group",
    "log_class",
    "status",
    "reason",
    "denied_by",
    "engine",
    "from",
    "to",
    "pages",
    "events",
    "bytes",
    "sightings",
    "kinds",
    "source",
    "file",
    "bucket_prefix",
];

/// Writes the coverage. The rows must be sorted.
///
/// # Errors
/// Returns an error if a row cannot be read, or if `out` cannot be written.
pub fn write_coverage<E: std::error::Error + 'static>(
    rows: impl IntoIterator<Item = Result<Coverage, E>>,
    out: impl Write,
) -> Result<(), ReportError<E>> {
    let mut csv = CsvFile::new(out, &COLUMNS)?;
    for row in rows {
        write_record(&row.map_err(ReportError::Rows)?, &mut csv)?;
    }
    Ok(csv.finish()?)
}

fn write_record<W: Write>(row: &Coverage, csv: &mut CsvFile<W>) -> io::Result<()> {
    let engines: Vec<&str> = row.engines.iter().map(|engine| engine.as_str()).collect();
    let kinds: Vec<&str> = row.kinds.iter().map(|kind| kind.as_str()).collect();
    let cells: [String; COLUMNS.len()] = [
        row.account.to_string(),
        row.account_name.clone(),
        row.region
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        row.log_group.clone().unwrap_or_default(),
        row.class
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        row.outcome.status.to_string(),
        row.outcome.reason_text(),
        row.outcome
            .denied_by
            .map(|by| by.as_str().to_owned())
            .unwrap_or_default(),
        engines.join(";"),
        row.from_ms.map(format_ms).unwrap_or_default(),
        row.to_ms.map(format_ms).unwrap_or_default(),
        row.pages.to_string(),
        row.events.to_string(),
        row.bytes.to_string(),
        row.sightings.to_string(),
        kinds.join(";"),
        row.source
            .map(|source| source.to_string())
            .unwrap_or_default(),
        row.file.clone().unwrap_or_default(),
        row.bucket_prefix.clone().unwrap_or_default(),
    ];
    csv.write_row(&cells)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::report::testing::{coverage_row, written};
    use dragnet_model::{Outcome, Reason, Status};

    #[test]
    fn accounts_targets_and_log_groups_have_rows() {
        let closed = Outcome::with_reason(Status::Skipped, Reason::AccountNotActive, "SUSPENDED");
        let rows = [
            coverage_row(
                "111111111111",
                Some("eu-west-1"),
                Some("/aws/a"),
                Outcome::searched(),
            ),
            coverage_row(
                "111111111111",
                Some("us-east-1"),
                None,
                Outcome::denied("no: in a service control policy"),
            ),
            coverage_row("222222222222", None, None, closed),
        ];
        insta::assert_snapshot!(written(|out| write_coverage(rows.map(Ok::<_, Infallible>), out)), @"
        account_id,account_name,region,log_group,log_class,status,reason,denied_by,engine,from,to,pages,events,bytes,sightings,kinds,source,file,bucket_prefix
        111111111111,n1,eu-west-1,/aws/a,STANDARD,searched,,,filter,2026-03-01T12:00:00.000Z,2026-03-02T12:00:00.000Z,1,100,5000,1,,logs,,
        111111111111,n1,us-east-1,,,denied,access-denied: no: in a service control policy,scp,,,,0,100,5000,1,,,,
        222222222222,n2,,,,skipped,account-not-active: SUSPENDED,,,,,0,100,5000,1,,,,
        ");
    }
}
