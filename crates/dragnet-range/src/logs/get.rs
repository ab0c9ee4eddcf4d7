//! `GetLogEvents`: one stream, read from either end.
//!
//! Source: CloudWatch Logs API, `GetLogEvents`: the end time is exclusive, unlike that of
//! `FilterLogEvents`; a token that is returned unchanged marks the end of the list.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::filter::require_standard;
use super::group::EVENT_OVERHEAD;
use super::mask::{mask_message, permit_unmask};
use super::position::Position;
use super::{GroupParameters, StoredEvent, StoredGroup, group, invalid, not_found, page_size};
use crate::call::Call;
use crate::wire::{AwsError, Reply};

const PAGE_BYTES: usize = 1 << 20;
const PAGE_EVENTS: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    #[serde(flatten)]
    group_parameters: GroupParameters,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<usize>,
    start_from_head: Option<bool>,
    unmask: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    timestamp: i64,
    message: Cow<'a, str>,
    ingestion_time: i64,
}

/// The position to read from, and the direction.
#[derive(Clone, Copy)]
enum Cursor {
    Forward(Position),
    Backward(Position),
}

pub(super) fn get_events(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let limit = page_size(input.limit, "limit", PAGE_EVENTS)?;
    let name = input.group_parameters.name()?.to_owned();
    let unmask = permit_unmask(call, &name, input.unmask.unwrap_or(false))?;
    let list = format!("{} {name} {}", call.list_name(), input.log_stream_name);
    let now = call.now;
    let cursor = match input.next_token.as_deref() {
        Some(token) => match token.split_at_checked(2) {
            Some(("f/", token)) => Position::decode_token(token, &list, now).map(Cursor::Forward),
            Some(("b/", token)) => Position::decode_token(token, &list, now).map(Cursor::Backward),
            _ => None,
        }
        .ok_or_else(|| invalid("The specified nextToken is invalid."))?,
        None if input.start_from_head.unwrap_or(false) => Cursor::Forward(Position::START),
        None => Cursor::Backward(Position::END),
    };
    let group = group(call, &name)?;
    require_standard(group)?;
    let group = group.prepare();
    let stream = group.stream_number(&input.log_stream_name);
    let stream = stream.ok_or_else(|| not_found("The specified log stream does not exist."))?;
    let now_ms = now.as_millisecond();
    let from_ms = input
        .start_time
        .unwrap_or(0)
        .max(group.retained_from_ms(now_ms));
    let to_ms = input.end_time.unwrap_or(i64::MAX);
    let selected = |event: &&StoredEvent| {
        event.stream == stream
            && event.ingestion_ms <= now_ms
            && (from_ms..to_ms).contains(&event.timestamp_ms)
    };
    let events = read_events(group, cursor, limit, selected);
    let (first, last) = page_bounds(&events, cursor);
    let events: Vec<Event<'_>> = events
        .into_iter()
        .map(|event| Event {
            timestamp: event.timestamp_ms,
            message: mask_message(group, &event.message, unmask),
            ingestion_time: event.ingestion_ms,
        })
        .collect();
    Reply::json(&json!({
        "events": events,
        "nextForwardToken": format!("f/{}", last.encode_token(&list, now)),
        "nextBackwardToken": format!("b/{}", first.encode_token(&list, now)),
    }))
}

fn read_events(
    group: &StoredGroup,
    cursor: Cursor,
    limit: usize,
    selected: impl Fn(&&StoredEvent) -> bool,
) -> Vec<&StoredEvent> {
    let all = group.events();
    let mut bytes = 0;
    let fits_in_page = |event: &&StoredEvent| {
        bytes += event.message.len() + EVENT_OVERHEAD;
        bytes <= PAGE_BYTES || bytes == event.message.len() + EVENT_OVERHEAD
    };
    match cursor {
        Cursor::Forward(after) => {
            let start =
                all.partition_point(|event| event.position() <= (after.timestamp_ms, after.serial));
            all.get(start..)
                .unwrap_or_default()
                .iter()
                .filter(selected)
                .take(limit)
                .take_while(fits_in_page)
                .collect()
        }
        Cursor::Backward(before) => {
            let end = all
                .partition_point(|event| event.position() < (before.timestamp_ms, before.serial));
            let preceding = all.get(..end).unwrap_or_default().iter().rev();
            let mut events: Vec<_> = preceding
                .filter(selected)
                .take(limit)
                .take_while(fits_in_page)
                .collect();
            events.reverse();
            events
        }
    }
}

/// The positions of the first and last event of a page; for an empty page, the position of the
/// request.
fn page_bounds(events: &[&StoredEvent], cursor: Cursor) -> (Position, Position) {
    let (Cursor::Forward(position) | Cursor::Backward(position)) = cursor;
    let position_after =
        |event: Option<&&StoredEvent>| event.map_or(position, |event| Position::after(event));
    (
        position_after(events.first()),
        position_after(events.last()),
    )
}
