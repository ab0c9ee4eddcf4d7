//! `GetLogEvents`: one stream, read from either end.
//!
//! Source: CloudWatch Logs API, `GetLogEvents`: the end time is exclusive, unlike that of
//! `FilterLogEvents`; a token that is returned unchanged marks the end of the list.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::filter::require_standard;
use super::group::EVENT_OVERHEAD;
use super::mask::{permit_unmask, shown};
use super::position::Position;
use super::{Named, StoredEvent, StoredGroup, group, invalid, not_found};
use crate::range::call::Call;
use crate::range::wire::{AwsError, Reply};

const PAGE_BYTES: usize = 1 << 20;
const PAGE_EVENTS: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    #[serde(flatten)]
    named: Named,
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
enum Reading {
    Forward(Position),
    Backward(Position),
}

pub(super) fn get_events(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let limit = input.limit.unwrap_or(PAGE_EVENTS);
    if !(1..=PAGE_EVENTS).contains(&limit) {
        return Err(invalid(format!(
            "Value '{limit}' at 'limit' must be between 1 and {PAGE_EVENTS}"
        )));
    }
    let name = input.named.get()?.to_owned();
    let unmask = permit_unmask(call, &name, input.unmask.unwrap_or(false))?;
    let list = format!("{} {name} {}", call.list_name(), input.log_stream_name);
    let now = call.now;
    let reading = match input.next_token.as_deref() {
        Some(token) => match token.split_at_checked(2) {
            Some(("f/", token)) => Position::open(token, &list, now).map(Reading::Forward),
            Some(("b/", token)) => Position::open(token, &list, now).map(Reading::Backward),
            _ => None,
        }
        .ok_or_else(|| invalid("The specified nextToken is invalid."))?,
        None if input.start_from_head.unwrap_or(false) => Reading::Forward(Position::START),
        None => Reading::Backward(Position::END),
    };
    let group = group(call, &name)?;
    require_standard(group)?;
    let group = group.prepare();
    let stream = group.stream(&input.log_stream_name);
    let stream = stream.ok_or_else(|| not_found("The specified log stream does not exist."))?;
    let now_ms = now.as_millisecond();
    let from_ms = input
        .start_time
        .unwrap_or(0)
        .max(group.kept_from_ms(now_ms));
    let to_ms = input.end_time.unwrap_or(i64::MAX);
    let wanted = |event: &&StoredEvent| {
        event.stream == stream
            && event.ingestion_ms <= now_ms
            && (from_ms..to_ms).contains(&event.timestamp_ms)
    };
    let events = read(group, reading, limit, wanted);
    let (first, last) = ends(&events, reading);
    let events: Vec<Event<'_>> = events
        .into_iter()
        .map(|event| Event {
            timestamp: event.timestamp_ms,
            message: shown(group, &event.message, unmask),
            ingestion_time: event.ingestion_ms,
        })
        .collect();
    Reply::json(&json!({
        "events": events,
        "nextForwardToken": format!("f/{}", last.seal(&list, now)),
        "nextBackwardToken": format!("b/{}", first.seal(&list, now)),
    }))
}

fn read(
    group: &StoredGroup,
    reading: Reading,
    limit: usize,
    wanted: impl Fn(&&StoredEvent) -> bool,
) -> Vec<&StoredEvent> {
    let all = group.events();
    let mut bytes = 0;
    let fits = |event: &&StoredEvent| {
        bytes += event.message.len() + EVENT_OVERHEAD;
        bytes <= PAGE_BYTES || bytes == event.message.len() + EVENT_OVERHEAD
    };
    match reading {
        Reading::Forward(after) => {
            let start =
                all.partition_point(|event| event.position() <= (after.timestamp_ms, after.serial));
            all.get(start..)
                .unwrap_or_default()
                .iter()
                .filter(wanted)
                .take(limit)
                .take_while(fits)
                .collect()
        }
        Reading::Backward(before) => {
            let end = all
                .partition_point(|event| event.position() < (before.timestamp_ms, before.serial));
            let back = all.get(..end).unwrap_or_default().iter().rev();
            let mut events: Vec<_> = back.filter(wanted).take(limit).take_while(fits).collect();
            events.reverse();
            events
        }
    }
}

/// The positions of the first and last event of a page; for an empty page, the position of the
/// request.
fn ends(events: &[&StoredEvent], reading: Reading) -> (Position, Position) {
    let (Reading::Forward(place) | Reading::Backward(place)) = reading;
    let of = |event: Option<&&StoredEvent>| event.map_or(place, |event| Position::of(event));
    (of(events.first()), of(events.last()))
}
