//! CloudWatch Logs Insights: queries that run for some time, and their results.
//!
//! A query is evaluated when it starts, on the events that are readable then. Afterwards only its
//! status changes with time: it is scheduled, then runs for as long as its bytes require while its
//! rows appear gradually, and then ends. The same calls at the same times therefore always return
//! the same results.
//!
//! Source: CloudWatch Logs API, `StartQuery`, `GetQueryResults`, `StopQuery`, `DescribeQueries`,
//! `GetLogRecord`; user guide, "CloudWatch Logs quotas".

mod control;
mod discovery;
mod fixed_result;
mod pointer;
mod queries;
mod results;
mod search;
mod start;

pub(crate) use fixed_result::FixedQueryResult;
pub(crate) use queries::{Queries, Speed};
pub(crate) use search::MAX_ROWS;

use super::call::Call;
use super::wire::{AwsError, Reply};

/// Performs a call of one of these operations.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    match call.operation {
        "DescribeQueries" => control::describe(call),
        "GetLogRecord" => pointer::get_log_record(call),
        "GetQueryResults" => results::get(call),
        "StartQuery" => start::start(call),
        "StopQuery" => control::stop(call),
        _ => Err(call.unknown_operation()),
    }
}
