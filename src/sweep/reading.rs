//! One log group: read it page by page, match every event, write each page down with its sightings.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::of_error;
use super::plan::LATE_ARRIVAL;
use super::run::Shared;
use crate::aws::{EventQuery, LogEvent, Session};
use crate::model::{AccountId, Outcome, Reason, Region, Status, TimeWindow};
use crate::search::happening;
use crate::store::{Entry, Found, JournalClosed, Page, PlaceId, UnitId, UnitRow};

/// A log group that is going to be read.
pub(super) struct Reading {
    pub shared: Arc<Shared>,
    pub session: Arc<Session>,
    pub account: AccountId,
    pub region: Region,
    pub log_group: String,
    pub place: PlaceId,
    /// Whether the server may filter.
    pub narrow: bool,
    /// How it ends if every page is read.
    pub outcome: Outcome,
}

/// Reads a log group to its end, or to what ends it.
pub(super) async fn read(reading: Reading) -> Result<(), JournalClosed> {
    let shared = &reading.shared;
    let window = shared.settings.window;
    let unit = UnitRow {
        id: shared.journal.new_unit(),
        place: reading.place,
        from_ms: window.from_ms(),
        to_ms: window.to_ms().saturating_add(milliseconds(LATE_ARRIVAL)),
    };
    shared.journal.write(Entry::Unit(unit)).await?;
    let query = EventQuery {
        log_group: reading.log_group.clone(),
        from_ms: unit.from_ms,
        to_ms: unit.to_ms,
        pattern: shared.pattern.clone().filter(|_| reading.narrow),
    };
    let outcome = match read_pages(&reading, unit.id, &query).await? {
        Ok(()) => reading.outcome,
        Err(outcome) => outcome,
    };
    shared.end(reading.place, outcome).await?;
    shared.tally.log_group_done();
    Ok(())
}

/// Reads page after page; the inner error is how the group ends instead.
async fn read_pages(reading: &Reading, unit: UnitId, query: &EventQuery) -> Result<Result<(), Outcome>, JournalClosed> {
    let shared = &reading.shared;
    let mut tokens = BTreeSet::new();
    let mut token = None;
    loop {
        let call = async {
            let page = shared.aws.events(&reading.session, &reading.region, query, token.take()).await;
            page.map_err(|error| of_error(&error))
        };
        let page = match shared.unless_interrupted(call).await {
            Ok(page) => page,
            Err(outcome) => return Ok(Err(outcome)),
        };
        let found: Vec<Found> = page.events.iter().filter_map(|event| examine(reading, event)).collect();
        let events = page.events.len() as u64;
        let bytes = page.events.iter().map(|event| event.message.len() as u64).sum();
        shared.tally.page(events, bytes, found.len() as u64);
        let next_token = page.next_token.clone();
        let read_at_ms = shared.clock.now_ms();
        shared.journal.write(Entry::Page(Page { unit, found, next_token, read_at_ms, events, bytes })).await?;
        match page.next_token {
            None => return Ok(Ok(())),
            Some(next) if !tokens.insert(next.clone()) => {
                return Ok(Err(Outcome::because(Status::Partial, Reason::RepeatedToken, "FilterLogEvents")));
            }
            next => token = next,
        }
    }
}

/// An event as a sighting, if something is in it and it happened when and where the sweep asks.
fn examine(reading: &Reading, event: &LogEvent) -> Option<Found> {
    let shared = &reading.shared;
    let hits = shared.matcher.find(&event.message)?;
    let told = happening(&event.message, &reading.account.to_string(), reading.region.as_str(), event.timestamp_ms);
    let happened_there = match told.region.parse() {
        Ok(region) => shared.settings.reach.scope.has_region(&region),
        // What names no Region at all cannot be told to be elsewhere.
        Err(_) => true,
    };
    if !happened_there || !happened_then(shared.settings.window, told.time_ms, event.timestamp_ms) {
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

/// Whether an event happened in the window. Its own time decides where that can be true; a line that claims
/// a time at which it could not have been stored so late, or so early, may be forged to be left out: there
/// the time at which it is stored counts too.
fn happened_then(window: TimeWindow, told_ms: i64, stored_ms: i64) -> bool {
    let believable = (0..=milliseconds(LATE_ARRIVAL)).contains(&stored_ms.saturating_sub(told_ms));
    window.contains_ms(told_ms) || (!believable && window.contains_ms(stored_ms))
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
