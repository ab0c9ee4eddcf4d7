//! `LookupEvents`: the event history of an account in a Region, newest first.
//!
//! Source: CloudTrail API, `LookupEvents` (90 days, management events, 50 a page).

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::history::HistoryEntry;
use crate::call::Call;
use crate::wire::{AwsError, Page, Reply};

const PAGE_SIZE: usize = 50;
const RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(default)]
    lookup_attributes: Vec<Attribute>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_key: String,
    attribute_value: String,
}

pub(super) fn lookup(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let size = input.max_results.unwrap_or(PAGE_SIZE);
    if !(1..=PAGE_SIZE).contains(&size) {
        return Err(AwsError::new(
            "InvalidMaxResultsException",
            format!("MaxResults must be between 1 and {PAGE_SIZE}."),
        ));
    }
    if input.lookup_attributes.len() > 1 {
        let text = "You may specify only one lookup attribute.";
        return Err(AwsError::new("InvalidLookupAttributesException", text));
    }
    let visible_until = call
        .now
        .saturating_sub(call.world.delivery)
        .unwrap_or(call.now);
    let retained_from = call.now.saturating_sub(RETENTION).unwrap_or(call.now);
    let from = to_timestamp(input.start_time)
        .unwrap_or(retained_from)
        .max(retained_from);
    let to = to_timestamp(input.end_time)
        .unwrap_or(call.now)
        .min(visible_until);
    let mut entries: Vec<&HistoryEntry> = call
        .world
        .history
        .entries(call.caller.account, &call.caller.region)
        .iter()
        .filter(|entry| from <= entry.time && entry.time <= to)
        .filter(|entry| {
            input
                .lookup_attributes
                .iter()
                .all(|attribute| attribute.matches(entry))
        })
        .collect();
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.time, &entry.event_id)));
    // `Page` sorts by ascending keys. Keys that decrease with time put the newest event first.
    let keyed: Vec<(String, &HistoryEntry)> = entries
        .into_iter()
        .map(|entry| (descending_key(entry), entry))
        .collect();
    let keyed = keyed.iter().map(|(key, entry)| (key.as_str(), *entry));
    let page = Page::from_sorted(keyed, &call.list_name(), input.next_token.as_deref(), size)
        .ok_or_else(|| AwsError::new("InvalidNextTokenException", "The NextToken is not valid."))?;
    let mut reply =
        json!({ "Events": page.items.into_iter().map(HistoryEntry::to_json).collect::<Vec<_>>() });
    if let Some(next) = page.next {
        reply["NextToken"] = json!(next);
    }
    Reply::json(&reply)
}

fn to_timestamp(seconds: Option<f64>) -> Option<Timestamp> {
    let since_epoch = SignedDuration::try_from_secs_f64(seconds?).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since_epoch).ok()
}

fn descending_key(entry: &HistoryEntry) -> String {
    let remaining_ms = i64::MAX - entry.time.as_millisecond();
    let id: String = entry
        .event_id
        .chars()
        .map(|c| {
            if c.is_ascii_hexdigit() {
                inverted_digit(c)
            } else {
                c
            }
        })
        .collect();
    format!("{remaining_ms:020} {id}")
}

/// Maps a hexadecimal digit to one that sorts in reverse order.
fn inverted_digit(digit: char) -> char {
    digit
        .to_digit(16)
        .and_then(|value| char::from_digit(15 - value, 16))
        .unwrap_or(digit)
}

impl Attribute {
    fn matches(&self, entry: &HistoryEntry) -> bool {
        let value = match self.attribute_key.as_str() {
            "AccessKeyId" => &entry.access_key_id,
            "EventId" => &entry.event_id,
            "EventName" => &entry.event_name,
            "EventSource" => &entry.event_source,
            "ReadOnly" => return entry.read_only.to_string() == self.attribute_value,
            "Username" => &entry.username,
            _ => return false,
        };
        *value == self.attribute_value
    }
}

impl HistoryEntry {
    fn to_json(&self) -> Value {
        json!({
            "EventId": self.event_id,
            "EventName": self.event_name,
            "EventSource": self.event_source,
            "EventTime": self.time.as_second(),
            "ReadOnly": self.read_only.to_string(),
            "AccessKeyId": self.access_key_id,
            "Username": self.username,
            "Resources": [],
            "CloudTrailEvent": self.message.as_ref(),
        })
    }
}
