//! Log streams and `PutLogEvents`.
//!
//! Source: CloudWatch Logs API, `CreateLogStream`, `PutLogEvents`.

use serde::Deserialize;
use serde_json::json;

use super::group::EVENT_OVERHEAD;
use super::{GroupParameters, NewEvent, group, invalid, not_found};
use crate::call::Call;
use crate::wire::{AwsError, Reply};

const BATCH_BYTES: usize = 1_048_576;
const BATCH_EVENTS: usize = 10_000;
const DAY_MS: i64 = 86_400_000;
const MAX_AGE_MS: i64 = 14 * DAY_MS;
const MAX_FUTURE_MS: i64 = 2 * 3_600_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StreamName {
    log_group_name: String,
    log_stream_name: String,
}

pub(super) fn create_stream(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: StreamName = call.input.parse()?;
    let name = input.log_stream_name;
    if name.is_empty() || name.len() > 512 || name.contains([':', '*']) {
        return Err(invalid(format!(
            "Value '{name}' at 'logStreamName' failed to satisfy constraint: [^:*]*"
        )));
    }
    let group = group(call, &input.log_group_name)?;
    if group.stream_number(&name).is_some() {
        return Err(AwsError::new(
            "ResourceAlreadyExistsException",
            "The specified log stream already exists",
        ));
    }
    group.get_or_create_stream(&name);
    Ok(Reply::empty())
}

pub(super) fn delete_stream(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: StreamName = call.input.parse()?;
    if group(call, &input.log_group_name)?.remove_stream(&input.log_stream_name) {
        return Ok(Reply::empty());
    }
    Err(not_found("The specified log stream does not exist."))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutEvents {
    #[serde(flatten)]
    group_parameters: GroupParameters,
    log_stream_name: String,
    log_events: Vec<InputEvent>,
}

#[derive(Deserialize)]
struct InputEvent {
    timestamp: i64,
    message: String,
}

pub(super) fn put_events(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let PutEvents {
        group_parameters,
        log_stream_name,
        log_events,
    } = call.input.parse()?;
    let now_ms = call.now.as_millisecond();
    let group = group(call, group_parameters.name()?)?;
    if group.stream_number(&log_stream_name).is_none() {
        return Err(not_found("The specified log stream does not exist."));
    }
    check_batch(&log_events)?;
    let retained_from = group.retained_from_ms(now_ms);
    // AWS reports rejected events only by index: where the ones that are too old end, and where
    // those that are too new begin.
    let too_old = log_events
        .iter()
        .take_while(|event| event.timestamp < now_ms - MAX_AGE_MS)
        .count();
    let expired = log_events
        .iter()
        .take_while(|event| event.timestamp < retained_from)
        .count();
    let first_too_new =
        log_events.partition_point(|event| event.timestamp <= now_ms + MAX_FUTURE_MS);
    let mut rejected = serde_json::Map::new();
    if first_too_new < log_events.len() {
        rejected.insert("tooNewLogEventStartIndex".to_owned(), json!(first_too_new));
    }
    if too_old > 0 {
        rejected.insert("tooOldLogEventEndIndex".to_owned(), json!(too_old));
    }
    if expired > 0 {
        rejected.insert("expiredLogEventEndIndex".to_owned(), json!(expired));
    }
    for event in log_events
        .into_iter()
        .take(first_too_new)
        .skip(too_old.max(expired))
    {
        group.add_event(NewEvent {
            stream: log_stream_name.clone(),
            timestamp_ms: event.timestamp,
            ingestion_ms: now_ms,
            id: None,
            message: event.message.into(),
        });
    }
    let mut reply = json!({ "nextSequenceToken": "0" });
    if !rejected.is_empty() {
        reply["rejectedLogEventsInfo"] = rejected.into();
    }
    Reply::json(&reply)
}

fn check_batch(events: &[InputEvent]) -> Result<(), AwsError> {
    if events.is_empty() || events.len() > BATCH_EVENTS {
        return Err(invalid(format!(
            "logEvents must have between 1 and {BATCH_EVENTS} members"
        )));
    }
    if events
        .iter()
        .any(|event| event.timestamp < 0 || event.message.is_empty())
    {
        return Err(invalid(
            "A log event needs a timestamp that is not negative and a message that is not empty.",
        ));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    let bytes: usize = events
        .iter()
        .map(|event| event.message.len() + EVENT_OVERHEAD)
        .sum();
    if bytes > BATCH_BYTES {
        return Err(invalid(format!(
            "Upload too large: {bytes} bytes exceeds limit of {BATCH_BYTES}"
        )));
    }
    if let (Some(first), Some(last)) = (events.first(), events.last())
        && last.timestamp.saturating_sub(first.timestamp) > DAY_MS
    {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    Ok(())
}
