//! `GetQueryResults`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::queries::{RunningQuery, Status};
use crate::range::call::Call;
use crate::range::logs;
use crate::range::wire::{AwsError, Reply};

/// The page size limit. Source: CloudWatch Logs API, `GetQueryResults.maxItems`.
const PAGE_ROWS: usize = 10_000;

/// How long a page token is valid. Source: CloudWatch Logs API, `GetQueryResults.nextToken`.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(1);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    query_id: String,
    next_token: Option<String>,
    max_items: Option<usize>,
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let Input {
        query_id,
        next_token,
        max_items,
    } = call.input.parse()?;
    let now = call.now;
    let size = max_items.unwrap_or(PAGE_ROWS);
    if !(1..=PAGE_ROWS).contains(&size) {
        return Err(logs::invalid(format!(
            "Value '{size}' at 'maxItems' must be between 1 and {PAGE_ROWS}"
        )));
    }
    let first = match &next_token {
        Some(token) => open(token, &query_id, now)
            .ok_or_else(|| logs::invalid("The specified nextToken is invalid."))?,
        None => 0,
    };
    let query = logs::store(call)?
        .queries
        .get(&query_id, now.as_millisecond());
    let query =
        query.ok_or_else(|| logs::not_found(&format!("Query '{query_id}' does not exist.")))?;
    Reply::json(&page(query, &query_id, first, size, now))
}

fn page(query: &RunningQuery, id: &str, first: usize, size: usize, now: Timestamp) -> Value {
    let now_ms = now.as_millisecond();
    let status = query.status(now_ms);
    let answer = &query.answer;
    let there =
        usize::try_from(query.progress(answer.rows.len() as u64, now_ms)).unwrap_or(usize::MAX);
    let rows = answer.rows.iter().take(there).skip(first).take(size);
    let told: Vec<Vec<Value>> = rows
        .map(|row| {
            let fields = answer.columns.iter().zip(row);
            // A row omits the fields that it does not have.
            fields
                .filter_map(|(field, value)| {
                    Some(json!({ "field": field, "value": value.as_ref()? }))
                })
                .collect()
        })
        .collect();
    let so_far = |total| query.progress(total, now_ms);
    let mut reply = json!({
        "queryLanguage": "CWLI",
        "status": status.as_str(),
        "results": told,
        "statistics": {
            "recordsMatched": so_far(answer.matched),
            "recordsScanned": so_far(answer.scanned),
            "bytesScanned": so_far(answer.bytes),
            "estimatedRecordsSkipped": 0,
            "estimatedBytesSkipped": 0,
            "logGroupsScanned": query.groups.len(),
            "resultCount": there,
        },
    });
    let next = first.saturating_add(size);
    if status == Status::Complete && next < there {
        reply["nextToken"] = json!(seal(next, id, now));
    }
    reply
}

fn seal(first: usize, query_id: &str, now: Timestamp) -> String {
    URL_SAFE_NO_PAD.encode(format!("{first} {} {query_id}", now.as_second()))
}

/// The first row of the page of a token. `None` if the token belongs to another query or has
/// expired.
fn open(token: &str, query_id: &str, now: Timestamp) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.splitn(3, ' ');
    let first = parts.next()?.parse().ok()?;
    let issued = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
    let valid = parts.next()? == query_id && now.duration_since(issued) <= TOKEN_LIFE;
    valid.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_query_and_an_hour() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let token = seal(10_000, "q", at(0));
        assert_eq!(open(&token, "q", at(3_600)), Some(10_000));
        assert_eq!(open(&token, "q", at(3_601)), None);
        assert_eq!(open(&token, "other", at(0)), None);
        assert_eq!(open("%%", "q", at(0)), None);
    }
}
