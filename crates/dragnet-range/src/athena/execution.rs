//! `GetQueryExecution`, `StopQueryExecution` and `GetWorkGroup`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::invalid_request;
use super::store::Execution;
use crate::call::Call;
use crate::wire::{AwsError, Reply};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ById {
    query_execution_id: String,
}

/// The query that a call names, if it is one of the account and Region.
pub(super) fn find<'c>(call: &'c Call<'_>, id: &str) -> Result<&'c Execution, AwsError> {
    let caller = call.caller;
    call.world
        .athena
        .executions
        .get(id)
        .filter(|query| query.account == caller.account && query.region == caller.region)
        .ok_or_else(|| invalid_request(format!("QueryExecution {id} was not found")))
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: ById = call.input.parse()?;
    let query = find(call, &input.query_execution_id)?;
    let now_ms = call.now.as_millisecond();
    let (state, reason) = query.state(now_ms);
    let seconds = |ms: i64| ms as f64 / 1_000.0;
    let mut status = json!({
        "State": state,
        "SubmissionDateTime": seconds(query.started_ms),
    });
    if let (Some(reason), Some(members)) = (reason, status.as_object_mut()) {
        members.insert("StateChangeReason".to_owned(), Value::String(reason));
    }
    if !query.is_active(now_ms)
        && let Some(members) = status.as_object_mut()
    {
        let ended = query.stopped_ms.unwrap_or(query.ends_ms);
        members.insert("CompletionDateTime".to_owned(), json!(seconds(ended)));
    }
    let bytes = if state == "QUEUED" { 0 } else { query.bytes };
    Reply::json(&json!({ "QueryExecution": {
        "QueryExecutionId": input.query_execution_id,
        "Query": query.statement,
        "StatementType": "DML",
        "QueryExecutionContext": { "Database": query.database, "Catalog": "awsdatacatalog" },
        "Status": status,
        "Statistics": {
            "DataScannedInBytes": bytes,
            "TotalExecutionTimeInMillis": query.ends_ms.min(now_ms) - query.started_ms,
        },
        "WorkGroup": query.workgroup,
    } }))
}

/// Stopping a query that has ended changes nothing.
pub(super) fn stop(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: ById = call.input.parse()?;
    let now_ms = call.now.as_millisecond();
    let is_active = find(call, &input.query_execution_id)?.is_active(now_ms);
    if let Some(query) = call
        .world
        .athena
        .executions
        .get_mut(&input.query_execution_id)
        && is_active
    {
        query.stopped_ms = Some(now_ms);
    }
    Ok(Reply::empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ByName {
    work_group: String,
}

pub(super) fn workgroup(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: ByName = call.input.parse()?;
    let caller = call.caller;
    let known = call
        .world
        .athena
        .workgroup(caller.account, &caller.region, &input.work_group);
    let known = known.ok_or_else(|| invalid_request("WorkGroup is not found."))?;
    let mut configuration = json!({
        "EnforceWorkGroupConfiguration": true,
        "ManagedQueryResultsConfiguration": { "Enabled": true },
    });
    if let (Some(cutoff), Some(members)) = (known.bytes_cutoff, configuration.as_object_mut()) {
        members.insert("BytesScannedCutoffPerQuery".to_owned(), json!(cutoff));
    }
    Reply::json(&json!({ "WorkGroup": {
        "Name": known.name,
        "State": if known.is_enabled { "ENABLED" } else { "DISABLED" },
        "Configuration": configuration,
    } }))
}
