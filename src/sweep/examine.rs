//! A page of events: what of it is a sighting, and what it tells of the recording itself.

use super::evidence::silence;
use super::reading::Reading;
use crate::aws::{EventPage, EventQuery, LogEvent};
use crate::model::Target;
use crate::search::happening;
use crate::store::{Found, Page, Pass, Traces, UnitId};

/// What is to be written down of a page.
pub(super) fn examine_page(reading: &Reading, pass: Pass, unit: UnitId, query: &EventQuery, page: EventPage) -> Page {
    let EventPage { events, next_token } = page;
    let shared = &reading.shared;
    let are_all = query.pattern.is_none();
    let tells_of_recording = shared.settings.silence && reading.keeps_trail && (are_all || pass == Pass::Silence);
    let traces = if tells_of_recording {
        silence::traces(&events, &reading.target, shared.settings.window, are_all)
    } else {
        Traces::default()
    };
    let found = match pass {
        Pass::Search => events.iter().filter_map(|event| examine(reading, event)).collect(),
        Pass::Silence => Vec::new(),
    };
    Page {
        unit,
        found,
        next_token,
        read_at_ms: shared.clock.now_ms(),
        events: events.len() as u64,
        bytes: events.iter().map(|event| event.message.len() as u64).sum(),
        traces,
    }
}

/// An event as a sighting, if something is in it and it happened when and where the sweep asks.
fn examine(reading: &Reading, event: &LogEvent) -> Option<Found> {
    let shared = &reading.shared;
    let hits = shared.matcher.find(&event.message)?;
    let Target { account, region } = &reading.target;
    let told = happening(&event.message, &account.to_string(), region.as_str(), event.timestamp_ms);
    let happened_there = match told.region.parse() {
        Ok(region) => shared.settings.reach.scope.has_region(&region),
        // What names no Region at all cannot be told to be elsewhere.
        Err(_) => true,
    };
    if !happened_there || !reading.look.has(told.time_ms, event.timestamp_ms) {
        return None;
    }
    Some(Found {
        time_ms: told.time_ms,
        event_account: told.account,
        event_region: told.region,
        record_id: told.record_id,
        event_id: event.event_id.clone(),
        log_stream: event.log_stream.clone(),
        timestamp_ms: event.timestamp_ms,
        ingestion_ms: event.ingestion_ms,
        indicators: hits.indicators,
        matched_fields: hits.fields,
        message: event.message.clone(),
    })
}
