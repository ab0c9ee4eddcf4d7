//! `LookupEvents`: the event history of an account in a Region, newest first.
//!
//! Source: CloudTrail API, `LookupEvents` (parameters, order, errors); CloudTrail user guide,
//! "Lookup output fields". Published output of `lookup-events` shows that events without an access
//! key or user name lack these members.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::history::HistoryEntry;
use super::lookup_attribute::{LookupAttribute, SentAttribute, invalid_attribute};
use crate::call::Call;
use crate::wire::{AwsError, Input, Page, Reply};

const MAX_PAGE_SIZE: i64 = 50;
const RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);
const INSIGHT: &str = "insight";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lookup {
    #[serde(rename = "LookupAttributes")]
    attributes: Option<Vec<SentAttribute>>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    event_category: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn lookup(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Lookup = call.input.parse()?;
    let size = page_size(input.max_results)?;
    let wants_insights = is_insight(input.event_category.as_deref())?;
    let sent = input.attributes.unwrap_or_default();
    let attribute = LookupAttribute::from_sent(sent, call.world.partition)?;
    if wants_insights
        && attribute
            .as_ref()
            .is_some_and(|one| !one.applies_to_insights())
    {
        return Err(invalid_attribute(
            "Insights events do not have the lookup attribute.",
        ));
    }
    let window = Window::new(input.start_time, input.end_time, call)?;
    let list = list_name(call);
    let empty_page_first = call.world.empty_pages && input.next_token.is_none();
    let entries = call
        .world
        .history
        .entries(call.caller.account, &call.caller.region);
    // Only a trail that enables Insights produces Insights events, and the range has none.
    let found = entries
        .iter()
        .filter(|(_, entry)| !wants_insights && window.contains(entry))
        .filter(|(_, entry)| attribute.as_ref().is_none_or(|one| one.matches(entry)))
        .map(|(key, entry)| (key.as_str(), entry));
    let mut page = Page::from_sorted(found, &list, input.next_token.as_deref(), size)
        .ok_or_else(|| AwsError::new("InvalidNextTokenException", "The NextToken is not valid."))?;
    // Only a missing token is the end: nothing excludes a page without events before it.
    if empty_page_first && page.next.is_some() {
        page = Page::empty_before_first(&list);
    }
    let events: Vec<Value> = page.items.into_iter().map(HistoryEntry::to_json).collect();
    let mut reply = json!({ "Events": events });
    if let Some(next) = page.next {
        reply["NextToken"] = json!(next);
    }
    Reply::json(&reply)
}

fn page_size(max_results: Option<i64>) -> Result<usize, AwsError> {
    let size = max_results.unwrap_or(MAX_PAGE_SIZE);
    usize::try_from(size)
        .ok()
        .filter(|_| (1..=MAX_PAGE_SIZE).contains(&size))
        .ok_or_else(|| {
            AwsError::new(
                "InvalidMaxResultsException",
                format!("MaxResults must be between 1 and {MAX_PAGE_SIZE}."),
            )
        })
}

/// Whether Insights events are requested instead of management events.
fn is_insight(event_category: Option<&str>) -> Result<bool, AwsError> {
    match event_category {
        None => Ok(false),
        Some(INSIGHT) => Ok(true),
        Some(other) => Err(AwsError::new(
            "InvalidEventCategoryException",
            format!("The event category {other} is not valid."),
        )),
    }
}

/// The name of the list that page tokens are bound to: "This token must be passed in with the same
/// parameters that were specified in the original call."
fn list_name(call: &Call<'_>) -> String {
    let mut parameters = match call.input {
        Input::Json(parameters) => parameters.clone(),
        Input::Form(_) | Input::Rest(_) => Value::Null,
    };
    if let Value::Object(members) = &mut parameters {
        members.remove("NextToken");
    }
    format!("{} {parameters}", call.list_name())
}

/// Which events a lookup can return by their time.
struct Window {
    /// The start, inclusive.
    from: Timestamp,
    /// The end, inclusive.
    to: Timestamp,
    /// Calls after this time have not been delivered yet.
    delivered_until: Timestamp,
}

impl Window {
    /// Checks the times of a request.
    ///
    /// # Errors
    /// The end is before the start or before all events that are retained, or a time is out of
    /// range.
    fn new(start: Option<f64>, end: Option<f64>, call: &Call<'_>) -> Result<Self, AwsError> {
        let retained_from = call.now.saturating_sub(RETENTION).unwrap_or(call.now);
        let start = start.map(to_timestamp).transpose()?;
        let end = end.map(to_timestamp).transpose()?;
        let from = start.unwrap_or(retained_from);
        let to = end.unwrap_or(Timestamp::MAX);
        if to < from || to < retained_from {
            return Err(invalid_time_range());
        }
        Ok(Self {
            from: from.max(retained_from),
            to,
            delivered_until: call
                .now
                .saturating_sub(call.world.delivery)
                .unwrap_or(call.now),
        })
    }

    fn contains(&self, entry: &HistoryEntry) -> bool {
        (self.from..=self.to).contains(&entry.event_time) && entry.time <= self.delivered_until
    }
}

fn to_timestamp(seconds: f64) -> Result<Timestamp, AwsError> {
    SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|since_epoch| Timestamp::UNIX_EPOCH.checked_add(since_epoch).ok())
        .ok_or_else(invalid_time_range)
}

fn invalid_time_range() -> AwsError {
    AwsError::new(
        "InvalidTimeRangeException",
        "The start time is after the end time, or the time range is outside the range of possible values.",
    )
}

impl HistoryEntry {
    fn to_json(&self) -> Value {
        let resources: Vec<Value> = self
            .resources
            .iter()
            .map(|one| json!({ "ResourceType": one.kind, "ResourceName": one.name }))
            .collect();
        let mut event = json!({
            "EventId": self.event_id,
            "EventName": self.event_name,
            "EventSource": self.event_source,
            "EventTime": self.event_time.as_second(),
            "ReadOnly": self.read_only.to_string(),
            "Resources": resources,
            "CloudTrailEvent": self.message(),
        });
        for (member, value) in [
            ("AccessKeyId", &self.access_key_id),
            ("Username", &self.username),
        ] {
            if let Some(value) = value {
                event[member] = json!(value);
            }
        }
        event
    }
}
