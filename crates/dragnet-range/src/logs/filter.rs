//! `FilterLogEvents`.
//!
//! A page ends at 1 MB, at the limit of events, or when the server has scanned a certain number of
//! events. Pages can therefore be partial or empty and still have a token; only a missing token
//! ends the list.
//!
//! Source: CloudWatch Logs API, `FilterLogEvents`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::group::EVENT_OVERHEAD;
use super::lookup::linked_group;
use super::mask::{mask_message, permit_unmask};
use super::position::Position;
use super::{GroupParameters, StoredGroup, group, invalid, not_found, page_size};
use crate::call::Call;
use crate::wire::{AwsError, Reply};
use cw_filter_pattern::FilterPattern;
use dragnet_model::LogGroupClass;

const PAGE_BYTES: usize = 1 << 20;
const PAGE_EVENTS: usize = 10_000;
const STREAM_NAMES: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    #[serde(flatten)]
    group_parameters: GroupParameters,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
    unmask: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    log_stream_name: &'a str,
    timestamp: i64,
    message: Cow<'a, str>,
    ingestion_time: i64,
    #[serde(rename = "eventId")]
    id: String,
}

/// The events of a group that a call selects.
struct EventSelection {
    from_ms: i64,
    to_ms: i64,
    now_ms: i64,
    streams: Option<BTreeSet<u32>>,
    pattern: FilterPattern,
    unmask: bool,
}

/// The events of a page, and the position of the next one.
struct FilteredPage<'a> {
    events: Vec<Event<'a>>,
    next: Option<Position>,
}

pub(super) fn filter(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let name = input.group_parameters.name()?.to_owned();
    let unmask = permit_unmask(call, &name, input.unmask.unwrap_or(false))?;
    let list = format!("{} {name}", call.list_name());
    let now = call.now;
    let scan_limit = call.world.events_scanned_a_page;
    let empty_page_first = call.world.empty_pages && starts_with_empty_page(&list);
    let position = match &input.next_token {
        Some(token) => Position::decode_token(token, &list, now)
            .ok_or_else(|| invalid("The specified nextToken is invalid."))?,
        None => Position::START,
    };
    let limit = page_size(input.limit, "limit", PAGE_EVENTS)?;
    let owner = input.group_parameters.owner();
    let group = match owner.filter(|owner| *owner != call.caller.account) {
        None => group(call, &name)?,
        Some(owner) => linked_group(call, owner, &name)?,
    };
    require_standard(group)?;
    let group = group.prepare();
    let selection = EventSelection::new(&input, group, now.as_millisecond(), unmask)?;
    let page = if empty_page_first && input.next_token.is_none() {
        FilteredPage {
            events: Vec::new(),
            next: Some(Position::START),
        }
    } else {
        read_page(group, &selection, position, limit, scan_limit)
    };
    let next_token = page.next.map(|next| next.encode_token(&list, now));
    let mut reply = json!({ "events": page.events, "searchedLogStreams": [] });
    if let Some(token) = next_token {
        reply["nextToken"] = json!(token);
    }
    Reply::json(&reply)
}

/// Whether a list begins with an empty page. One group in four does, and always the same ones.
fn starts_with_empty_page(list: &str) -> bool {
    list.bytes()
        .fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
        .is_multiple_of(4)
}

/// Only log groups of the standard class support `FilterLogEvents` and `GetLogEvents`.
///
/// Source: CloudWatch Logs user guide, "Log classes".
pub(super) fn require_standard(group: &StoredGroup) -> Result<(), AwsError> {
    if group.class == LogGroupClass::Standard {
        return Ok(());
    }
    Err(invalid(format!(
        "This operation is not supported for log groups of class {}.",
        group.class
    )))
}

impl EventSelection {
    fn new(
        input: &Input,
        group: &StoredGroup,
        now_ms: i64,
        unmask: bool,
    ) -> Result<Self, AwsError> {
        let text = input.filter_pattern.as_deref().unwrap_or("");
        let pattern = FilterPattern::parse(text).map_err(|error| invalid(error.to_string()))?;
        let from_ms = input.start_time.unwrap_or(0);
        let to_ms = input.end_time.unwrap_or(i64::MAX);
        if from_ms < 0 || to_ms < from_ms {
            return Err(invalid("startTime must not be negative nor after endTime."));
        }
        let from_ms = from_ms.max(group.retained_from_ms(now_ms));
        Ok(Self {
            from_ms,
            to_ms,
            now_ms,
            streams: selected_streams(input, group)?,
            pattern,
            unmask,
        })
    }
}

fn selected_streams(input: &Input, group: &StoredGroup) -> Result<Option<BTreeSet<u32>>, AwsError> {
    match (&input.log_stream_names, &input.log_stream_name_prefix) {
        (Some(_), Some(_)) => Err(invalid(
            "logStreamNames and logStreamNamePrefix cannot both be given.",
        )),
        (None, None) => Ok(None),
        (None, Some(prefix)) => Ok(Some(group.stream_numbers_with_prefix(prefix).collect())),
        (Some(names), None) if names.len() > STREAM_NAMES => Err(invalid(format!(
            "logStreamNames must have length less than or equal to {STREAM_NAMES}"
        ))),
        (Some(names), None) => {
            let missing = || not_found("The specified log stream does not exist.");
            names
                .iter()
                .map(|name| group.stream_number(name).ok_or_else(missing))
                .collect::<Result<_, _>>()
                .map(Some)
        }
    }
}

fn read_page<'a>(
    group: &'a StoredGroup,
    selection: &EventSelection,
    position: Position,
    limit: usize,
    scan_limit: usize,
) -> FilteredPage<'a> {
    let after = (position.timestamp_ms, position.serial);
    let all = group.events();
    let first = all.partition_point(|event| {
        event.timestamp_ms < selection.from_ms || event.position() <= after
    });
    let end = all.partition_point(|event| event.timestamp_ms <= selection.to_ms);
    let window = all.get(first..end).unwrap_or_default();
    let mut page = FilteredPage {
        events: Vec::new(),
        next: None,
    };
    let mut bytes = 0;
    for (scanned, event) in window.iter().enumerate() {
        let message = mask_message(group, &event.message, selection.unmask);
        let selected = event.ingestion_ms <= selection.now_ms
            && selection
                .streams
                .as_ref()
                .is_none_or(|streams| streams.contains(&event.stream))
            && selection.pattern.matches(&message);
        let size = event.message.len() + EVENT_OVERHEAD;
        let page_full = selected
            && (page.events.len() == limit
                || (bytes + size > PAGE_BYTES && !page.events.is_empty()));
        if page_full || scanned == scan_limit {
            page.next = scanned
                .checked_sub(1)
                .and_then(|last| window.get(last))
                .map(Position::after);
            break;
        }
        if selected {
            bytes += size;
            page.events.push(Event {
                log_stream_name: group.stream_name(event.stream),
                timestamp: event.timestamp_ms,
                message,
                ingestion_time: event.ingestion_ms,
                id: event.id(),
            });
        }
    }
    page
}
