//! `GetQueryResults`.
//!
//! Source: Athena API, `GetQueryResults`, `ResultSet`; Amazon Athena user guide, "Work with query results": the first
//! row has the names of the columns.

use serde::Deserialize;
use serde_json::{Value, json};

use super::execution::find;
use super::invalid_request;
use super::sql::PATH;
use super::store::QueryResult;
use crate::call::Call;
use crate::wire::{AwsError, Reply};

/// Source: Athena API, `MaxQueryResults`.
const MOST_ROWS: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    query_execution_id: String,
    next_token: Option<String>,
    max_results: Option<usize>,
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let query = find(call, &input.query_execution_id)?;
    let (state, _) = query.state(call.now.as_millisecond());
    let QueryResult::Paths(paths) = &query.result else {
        return Err(not_finished(state));
    };
    if state != "SUCCEEDED" {
        return Err(not_finished(state));
    }
    let asked = input.max_results.unwrap_or(MOST_ROWS);
    if !(1..=MOST_ROWS).contains(&asked) {
        return Err(invalid_request("MaxResults: must be between 1 and 1000"));
    }
    let caller = call.caller;
    let workgroup = call
        .world
        .athena
        .workgroup(caller.account, &caller.region, &query.workgroup);
    let size = workgroup
        .map_or(asked, |known| known.rows_a_page.min(asked))
        .max(1);
    let first = match input.next_token.as_deref() {
        None => 0,
        Some(token) => first_row(token, &input.query_execution_id)
            .ok_or_else(|| invalid_request("NextToken is invalid"))?,
    };
    let all = [PATH].into_iter().chain(paths.iter().map(String::as_str));
    let rows: Vec<Value> = all
        .skip(first)
        .take(size)
        .map(|value| json!({ "Data": [{ "VarCharValue": value }] }))
        .collect();
    let next = first.saturating_add(rows.len());
    let has_more = next <= paths.len();
    let column = json!({ "Name": PATH, "Label": PATH, "Type": "varchar", "Nullable": "UNKNOWN" });
    let mut reply = json!({
        "UpdateCount": 0,
        "ResultSet": { "Rows": rows, "ResultSetMetadata": { "ColumnInfo": [column] } },
    });
    if let (true, Some(members)) = (has_more, reply.as_object_mut()) {
        let token = format!("{next}-{}", input.query_execution_id);
        members.insert("NextToken".to_owned(), Value::String(token));
    }
    Reply::json(&reply)
}

/// Reads the number of the first row from a token of this query.
fn first_row(token: &str, id: &str) -> Option<usize> {
    let (row, of) = token.split_once('-')?;
    (of == id).then(|| row.parse().ok()).flatten()
}

fn not_finished(state: &str) -> AwsError {
    invalid_request(format!(
        "Query did not finish successfully. Final query state: {state}"
    ))
}
