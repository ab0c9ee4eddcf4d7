//! `GetQueryResults`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::queries::{RunningQuery, Status};
use crate::call::Call;
use crate::logs;
use crate::wire::{AwsError, Reply};

/// The page size limit. Source: CloudWatch Logs API, `GetQueryResults.maxItems`.
const PAGE_ROWS: usize = 10_000;

/// How long a page token is valid. Source: CloudWatch Logs API, `GetQueryResults.nextToken`.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

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
        Some(token) => decode_token(token, &query_id, now)
            .ok_or_else(|| logs::invalid("The specified nextToken is invalid."))?,
        None => 0,
    };
    let query = logs::log_store(call)?
        .queries
        .get(&query_id, now.as_millisecond());
    let query =
        query.ok_or_else(|| logs::not_found(&format!("Query '{query_id}' does not exist.")))?;
    Reply::json(&page(query, &query_id, first, size, now))
}

fn page(query: &RunningQuery, id: &str, first: usize, size: usize, now: Timestamp) -> Value {
    let now_ms = now.as_millisecond();
    let status = query.status(now_ms);
    let result = &query.result;
    let available =
        usize::try_from(query.progress(result.rows.len() as u64, now_ms)).unwrap_or(usize::MAX);
    let rows = result.rows.iter().take(available).skip(first).take(size);
    let fields: Vec<Vec<Value>> = rows
        .map(|row| {
            let fields = result.columns.iter().zip(row);
            // A row omits the fields that it does not have.
            fields
                .filter_map(|(field, value)| {
                    Some(json!({ "field": field, "value": value.as_ref()? }))
                })
                .collect()
        })
        .collect();
    let processed = |total| query.progress(total, now_ms);
    let mut reply = json!({
        "queryLanguage": "CWLI",
        "status": status.as_str(),
        "results": fields,
        "statistics": {
            "recordsMatched": processed(result.matched),
            "recordsScanned": processed(result.scanned),
            "bytesScanned": processed(result.bytes),
            "estimatedRecordsSkipped": 0,
            "estimatedBytesSkipped": 0,
            "logGroupsScanned": query.groups.len(),
            "resultCount": available,
        },
    });
    let next = first.saturating_add(size);
    if status == Status::Complete && next < available {
        reply["nextToken"] = json!(encode_token(next, id, now));
    }
    reply
}

fn encode_token(first: usize, query_id: &str, now: Timestamp) -> String {
    URL_SAFE_NO_PAD.encode(format!("{first} {} {query_id}", now.as_second()))
}

/// The first row of the page of a token. `None` if the token belongs to another query or has
/// expired.
fn decode_token(token: &str, query_id: &str, now: Timestamp) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.splitn(3, ' ');
    let first = parts.next()?.parse().ok()?;
    let issued = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
    let valid = parts.next()? == query_id && now.duration_since(issued) <= TOKEN_LIFETIME;
    valid.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_valid_for_its_query_and_one_hour() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let token = encode_token(10_000, "q", at(0));
        assert_eq!(decode_token(&token, "q", at(3_600)), Some(10_000));
        assert_eq!(decode_token(&token, "q", at(3_601)), None);
        assert_eq!(decode_token(&token, "other", at(0)), None);
        assert_eq!(decode_token("%%", "q", at(0)), None);
    }
}
