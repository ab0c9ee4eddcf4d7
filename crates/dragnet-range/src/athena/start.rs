//! `StartQueryExecution`.

use serde::Deserialize;
use serde_json::json;

use super::evaluate::{Evaluation, evaluate};
use super::invalid_request;
use super::sql::Statement;
use super::store::{Execution, QueryResult, Workgroup};
use crate::access::authorize;
use crate::call::Call;
use crate::policy::AccessRequest;
use crate::wire::{AwsError, Reply};

/// Source: Athena API, `QueryString`.
const LONGEST: usize = 262_144;

/// The workgroup that every account has.
const PRIMARY: &str = "primary";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    query_string: String,
    client_request_token: Option<String>,
    query_execution_context: Option<Context>,
    work_group: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    database: Option<String>,
}

pub(super) fn start(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let token = input.client_request_token.clone().unwrap_or_default();
    if !(32..=128).contains(&token.len()) {
        return Err(invalid_request(
            "clientRequestToken: must have 32 to 128 characters",
        ));
    }
    if input.query_string.is_empty() || input.query_string.len() > LONGEST {
        return Err(invalid_request(format!(
            "queryString: must have 1 to {LONGEST} bytes"
        )));
    }
    let account = call.caller.account;
    let key = (account, token);
    if let Some(id) = call.world.athena.tokens.get(&key).cloned() {
        return started_before(call, &input, &id);
    }
    let workgroup = find_workgroup(call, input.work_group.as_deref().unwrap_or(PRIMARY))?;
    let now_ms = call.now.as_millisecond();
    check_capacity(call, &workgroup, now_ms)?;
    let database = input
        .query_execution_context
        .and_then(|context| context.database);
    let evaluation = run(call, &input.query_string, database.as_deref());
    let is_cut_off = workgroup
        .bytes_cutoff
        .is_some_and(|cutoff| evaluation.bytes > cutoff);
    let is_too_long = workgroup
        .most_days
        .is_some_and(|most| evaluation.days > most);
    let result = if is_too_long {
        QueryResult::Failed("Query timeout".to_owned())
    } else if is_cut_off {
        QueryResult::CutOff
    } else {
        evaluation.result
    };
    let execution = Execution {
        account,
        region: call.caller.region.clone(),
        workgroup: workgroup.name.clone(),
        database: database.unwrap_or_default(),
        statement: input.query_string,
        started_ms: now_ms,
        ends_ms: now_ms.saturating_add(i64::from(workgroup.seconds).saturating_mul(1_000)),
        stopped_ms: None,
        bytes: evaluation.bytes,
        result,
    };
    let id = call.world.mint.next_uuid();
    call.world.athena.tokens.insert(key, id.clone());
    call.world.athena.executions.insert(id.clone(), execution);
    Reply::json(&json!({ "QueryExecutionId": id }))
}

/// Source: Athena API, `ClientRequestToken`: the same response is returned, or an error if a parameter has
/// changed.
fn started_before(call: &Call<'_>, input: &Input, id: &str) -> Result<Reply, AwsError> {
    let known = call.world.athena.executions.get(id);
    if known.is_none_or(|known| known.statement != input.query_string) {
        return Err(invalid_request("Idempotent parameters do not match"));
    }
    Reply::json(&json!({ "QueryExecutionId": id }))
}

fn find_workgroup(call: &Call<'_>, name: &str) -> Result<Workgroup, AwsError> {
    let caller = call.caller;
    let known = call
        .world
        .athena
        .workgroup(caller.account, &caller.region, name);
    let known = known.ok_or_else(|| invalid_request("WorkGroup is not found."))?;
    if known.is_enabled {
        Ok(known.clone())
    } else {
        Err(invalid_request(format!("WorkGroup {name} is disabled.")))
    }
}

/// Source: Amazon Athena user guide, "Service Quotas": active DML queries.
fn check_capacity(call: &Call<'_>, workgroup: &Workgroup, now_ms: i64) -> Result<(), AwsError> {
    let queries = call.world.athena.executions.values();
    let active =
        queries.filter(|query| query.account == workgroup.account && query.is_active(now_ms));
    if active.count() < workgroup.concurrent {
        return Ok(());
    }
    let message = "You have exceeded the limit for the number of queries you can run concurrently.";
    Err(AwsError::new("TooManyRequestsException", message))
}

fn run(call: &mut Call<'_>, text: &str, database: Option<&str>) -> Evaluation {
    let failed = |reason: String| Evaluation {
        result: QueryResult::Failed(reason),
        bytes: 0,
        days: 0,
    };
    let statement = match Statement::parse(text) {
        Ok(statement) => statement,
        Err(problem) => return failed(format!("SYNTAX_ERROR: line 1:1: {problem}")),
    };
    let database = statement
        .database
        .as_deref()
        .or(database)
        .unwrap_or("default");
    let caller = call.caller;
    let place = (database, statement.table.as_str());
    let table = call
        .world
        .athena
        .table(caller.account, &caller.region, place);
    let Some(table) = table.cloned() else {
        let name = &statement.table;
        return failed(format!(
            "TABLE_NOT_FOUND: line 1:1: Table '{database}.{name}' does not exist"
        ));
    };
    if let Err(problem) = authorize_table(call, database, &table.name) {
        return failed(problem);
    }
    evaluate(call, &table, &statement)
}

/// Athena reads the table with the permissions of its caller.
pub(super) fn authorize_table(call: &Call<'_>, database: &str, table: &str) -> Result<(), String> {
    let caller = call.caller;
    let resource = call.world.arn(
        "glue",
        caller.region.as_str(),
        caller.account,
        &format!("table/{database}/{table}"),
    );
    let context = caller.request_context(call.world, call.now);
    let request = AccessRequest {
        action: "glue:GetTable",
        resource: &resource,
        context: &context,
    };
    authorize(call.world, caller, &request).map_err(|denial| {
        let message = denial.message(&caller.arn(call.world), &request);
        format!("Insufficient permissions to execute the query. {message}")
    })
}
