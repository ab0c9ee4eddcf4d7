//! `StopQuery` and `DescribeQueries`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::logs;
use crate::wire::{AwsError, Page, Reply};

/// The page size limit. Source: CloudWatch Logs API, `DescribeQueries.maxResults`.
const PAGE_SIZE: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop {
    query_id: String,
}

pub(super) fn stop(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let Stop { query_id } = call.input.parse()?;
    let now_ms = call.now.as_millisecond();
    let query = logs::log_store(call)?.queries.get_mut(&query_id);
    let query =
        query.ok_or_else(|| logs::not_found(&format!("Query '{query_id}' does not exist.")))?;
    let status = query.status(now_ms);
    if !status.is_active() {
        return Err(logs::invalid(format!(
            "Query '{query_id}' has ended with status {}.",
            status.as_str()
        )));
    }
    query.stopped_ms = Some(now_ms);
    Reply::json(&json!({ "success": true }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name: Option<String>,
    status: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// Lists queries, newest first.
pub(super) fn describe(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Describe = call.input.parse()?;
    let size = logs::page_size(input.max_results, "maxResults", PAGE_SIZE)?;
    let list = call.list_name();
    let now_ms = call.now.as_millisecond();
    let mut queries: Vec<(String, Value)> = Vec::new();
    for (id, query) in logs::log_store(call)?.queries.iter() {
        let status = query.status(now_ms).as_str();
        let in_group = input
            .log_group_name
            .as_ref()
            .is_none_or(|name| query.groups.contains(name));
        if !in_group
            || input
                .status
                .as_ref()
                .is_some_and(|status_filter| status_filter != status)
        {
            continue;
        }
        let row = json!({
            "queryLanguage": "CWLI",
            "queryId": id,
            "queryString": query.text,
            "status": status,
            "createTime": query.started_ms,
            "logGroupName": query.groups.first(),
        });
        queries.push((
            format!("{:020} {id}", i64::MAX - query.started_ms.max(0)),
            row,
        ));
    }
    queries.sort_by(|(left, _), (right, _)| left.cmp(right));
    let items = queries.iter().map(|(key, row)| (key.as_str(), row));
    let page = Page::from_sorted(items, &list, input.next_token.as_deref(), size)
        .ok_or_else(|| logs::invalid("The specified nextToken is invalid."))?;
    let mut reply = json!({ "queries": page.items });
    if let Some(next) = page.next {
        reply["nextToken"] = json!(next);
    }
    Reply::json(&reply)
}
