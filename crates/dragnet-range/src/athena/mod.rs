//! Athena: queries over the lines of objects in buckets, which run for some time, and their results.
//!
//! A query is evaluated when it starts, like those of Insights. Only the statements that name objects are
//! evaluated: `SELECT DISTINCT "$path"` with conditions on the line and on the columns of partitions. The parser
//! follows the grammar of Trino, and knows nothing of what writes the statements.
//!
//! Sources: Athena API, `StartQueryExecution`, `GetQueryExecution`, `GetQueryResults`, `StopQueryExecution`,
//! `GetTableMetadata`, `GetWorkGroup`, and the service model in botocore, `data/athena/2017-05-18/service-2.json`; Amazon Athena user
//! guide, "Partition projection with Amazon Athena", "Create tables in Athena"; Trino documentation, "SELECT".

mod condition;
mod evaluate;
mod execution;
mod metadata;
mod results;
mod sql;
mod start;
mod store;
mod tokens;

pub(crate) use store::{AthenaStore, Table, Workgroup};

use super::call::Call;
use super::wire::{AwsError, Reply};

/// Performs a call of this service.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    match call.operation {
        "GetQueryExecution" => execution::get(call),
        "GetQueryResults" => results::get(call),
        "GetTableMetadata" => metadata::get(call),
        "GetWorkGroup" => execution::workgroup(call),
        "StartQueryExecution" => start::start(call),
        "StopQueryExecution" => execution::stop(call),
        _ => Err(call.unknown_operation()),
    }
}

/// The error for input that an operation refuses.
fn invalid_request(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidRequestException", message)
}
