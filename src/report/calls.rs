//! `calls.csv`: the audit of every AWS call.

use std::io::Write;

use super::{CsvFile, ReportError};
use dragnet_model::ApiCall;
use dragnet_model::time::rfc3339_ms;

const COLUMNS: [&str; 8] = [
    "time",
    "account_id",
    "region",
    "operation",
    "status",
    "request_id",
    "attempt",
    "milliseconds",
];

/// Writes every AWS call, in the order of the rows.
///
/// # Errors
/// Returns an error if a row cannot be read, or if `out` cannot be written.
pub fn write_calls<E: std::error::Error + 'static>(
    rows: impl IntoIterator<Item = Result<ApiCall, E>>,
    out: impl Write,
) -> Result<(), ReportError<E>> {
    let mut csv = CsvFile::new(out, &COLUMNS)?;
    for row in rows {
        let call = row.map_err(ReportError::Rows)?;
        let cells: [&str; COLUMNS.len()] = [
            &rfc3339_ms(call.time),
            &call.account.map(|id| id.to_string()).unwrap_or_default(),
            call.region.as_str(),
            &call.operation,
            &call.status,
            &call.request_id,
            &call.attempt.to_string(),
            &call.milliseconds.to_string(),
        ];
        csv.write_row(&cells)?;
    }
    Ok(csv.finish()?)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::report::testing::{account, written};

    #[test]
    fn each_call_has_a_row() {
        let call = ApiCall {
            time: "2026-03-01T12:00:00.25Z".parse().unwrap(),
            account: Some(account("111111111111")),
            region: "eu-west-1".parse().unwrap(),
            operation: "FilterLogEvents".into(),
            status: "ThrottlingException".to_owned(),
            request_id: "r-1".to_owned(),
            attempt: 2,
            milliseconds: 31,
        };
        insta::assert_snapshot!(written(|out| write_calls([Ok::<_, Infallible>(call)], out)), @"
        time,account_id,region,operation,status,request_id,attempt,milliseconds
        2026-03-01T12:00:00.250Z,111111111111,eu-west-1,FilterLogEvents,ThrottlingException,r-1,2,31
        ");
    }
}
