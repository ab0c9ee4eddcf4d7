//! CloudWatch Logs Insights: queries that run for a while, and their results.
//!
//! A query is evaluated when it is started, on what can be read then; after that only time passes: it is scheduled,
//! it runs for as long as its bytes take and shows ever more of its rows, and it ends. So the same calls at the same
//! times always give the same answers.
//!
//! Source: CloudWatch Logs API, `StartQuery`, `GetQueryResults`, `StopQuery`, `DescribeQueries`, `GetLogRecord`;
//! user guide, "CloudWatch Logs quotas".

mod control;
mod pointer;
mod queries;
mod results;
mod search;
mod start;

pub(crate) use queries::{Queries, Speed};
pub(crate) use search::MOST_ROWS;
pub(crate) use start::InsightsAnswer;

use super::call::Call;
use super::wire::{AwsError, Reply};

/// Does a call of one of these operations.
///
/// # Errors
/// AWS's own, for each operation.
pub(crate) fn answer(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    match call.operation {
        "DescribeQueries" => control::describe(call),
        "GetLogRecord" => pointer::log_record(call),
        "GetQueryResults" => results::get(call),
        "StartQuery" => start::start(call),
        "StopQuery" => control::stop(call),
        _ => Err(call.unknown_operation()),
    }
}
