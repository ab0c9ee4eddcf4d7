//! A page of events: what of it is a sighting or counts for a hunt, and what it tells of the recording itself.

use super::evidence::silence;
use super::hunts::{PageCounts, kind_of_count};
use super::reading::{Group, Reading};
use crate::aws::{EventPage, LogEvent};
use crate::config::Scope;
use crate::query::Event;
use crate::search::{Document, Finding, Happened, RecordKind, happened};
use crate::store::{Found, Page, Pass, Sightings, Traces, UnitId};

/// What the server let through.
#[derive(Clone, Copy, Debug)]
pub(super) struct LetThrough {
    /// Every event.
    pub are_all: bool,
    /// Every call that tampers with records.
    pub has_tampering: bool,
}

/// What is to be written down of a page.
pub(super) fn examine_page(
    reading: &Reading,
    pass: Pass,
    unit: UnitId,
    let_through: LetThrough,
    page: EventPage,
) -> Page {
    let EventPage { events, next_token } = page;
    let shared = &reading.group.shared;
    let tells_of_recording = shared.settings.silence && reading.keeps_trail() && let_through.has_tampering;
    let traces = if tells_of_recording {
        silence::traces(&events, &reading.group.target, shared.settings.window, let_through.are_all)
    } else {
        Traces::default()
    };
    let (number, bytes) = (events.len() as u64, events.iter().map(|event| event.message.len() as u64).sum());
    let mut counts = PageCounts::default();
    let (account, mut regions) = (reading.group.target.account.to_string(), RegionsAsked::default());
    let mut examine = |event| examine(reading, &account, event, &mut regions, &mut counts);
    let found = match pass {
        Pass::Search => events.into_iter().filter_map(&mut examine).collect(),
        Pass::Silence | Pass::Written => Sightings::default(),
    };
    Page {
        unit,
        found,
        counts: counts.into_rows(shared.questions.hunts()),
        next_token,
        read_at_ms: shared.clock.now_ms(),
        events: number,
        bytes,
        traces,
    }
}

/// An event as a sighting, if something is in it or it is a row of a hunt, and it happened when and where the
/// sweep asks. What it adds to hunts that count goes to `counts`. `account`: where it is stored.
fn examine(
    reading: &Reading,
    account: &str,
    event: LogEvent,
    regions: &mut RegionsAsked,
    counts: &mut PageCounts,
) -> Option<Found> {
    let questions = &reading.group.shared.questions;
    let document = Document::of(&event.message);
    let hits = questions.indicators(&document);
    if hits.is_none() && questions.hunts().is_empty() {
        return None;
    }
    let region = reading.group.target.region.as_str();
    let told = happened(&document, account, region, event.timestamp_ms);
    let is_trails = reading.group.trust.is_trail_written(&event.log_stream, &told.account);
    if !is_asked_for(reading, &told, event.timestamp_ms, is_trails, regions) {
        return None;
    }
    let hunts = rows_of_hunts(reading, &event, &told, is_trails, counts);
    if hits.is_none() && hunts.is_empty() {
        return None;
    }
    let hits = hits.unwrap_or_default();
    Some(Found {
        time_ms: told.time_ms,
        event_account: told.account.into_owned(),
        event_region: told.region.into_owned(),
        record_id: told.record_id.into_owned(),
        event_id: event.event_id,
        log_stream: event.log_stream,
        timestamp_ms: event.timestamp_ms,
        ingestion_ms: event.ingestion_ms,
        indicators: hits.indicators,
        hunts,
        matched_fields: hits.fields,
        message: event.message,
    })
}

/// Whether an event happened in a Region and at a time that the sweep asks about. What no trail wrote may claim any,
/// so that it counts as well where and when it is stored: no line can leave itself out.
fn is_asked_for(
    reading: &Reading,
    told: &Happened<'_>,
    stored_ms: i64,
    is_trails: bool,
    regions: &mut RegionsAsked,
) -> bool {
    let Group { shared, look, trust, .. } = &reading.group;
    let is_here = !is_trails && trust.is_in_scope;
    let is_now = !is_trails && look.has(stored_ms, stored_ms);
    (is_here || regions.has(&told.region, &shared.settings.reach.scope))
        && (is_now || look.has(told.time_ms, stored_ms))
}

/// The names of the hunts that the event is a row of, sorted.
fn rows_of_hunts(
    reading: &Reading,
    event: &LogEvent,
    told: &Happened<'_>,
    is_trails: bool,
    counts: &mut PageCounts,
) -> Vec<String> {
    let questions = &reading.group.shared.questions;
    if questions.hunts().is_empty() {
        return Vec::new();
    }
    let kind = RecordKind::of(&event.message, told.is_cloudtrail(), &reading.group.flow_logs);
    let log = format!("{}:{}", reading.group.target.account, reading.group.name);
    let event = Event {
        timestamp: event.timestamp_ms,
        ingestion_time: event.ingestion_ms,
        log: &log,
        log_stream: &event.log_stream,
        ptr: &event.event_id,
        message: &event.message,
    };
    let mut names = Vec::new();
    for (number, finding) in questions.findings(event, kind) {
        match finding {
            Finding::Row(_) => names.extend(questions.hunts().get(number).map(|hunt| hunt.hunt().name.clone())),
            Finding::Counted(partial) => counts.add(number, told, kind_of_count(kind, is_trails), partial),
        }
    }
    names.sort();
    names
}

/// Whether events of a Region are asked for. One page's are mostly of one Region, so the last answer is kept.
struct RegionsAsked {
    region: String,
    is_asked: bool,
}

impl Default for RegionsAsked {
    fn default() -> Self {
        // What names no Region at all cannot be told to be elsewhere.
        Self { region: String::new(), is_asked: true }
    }
}

impl RegionsAsked {
    fn has(&mut self, region: &str, scope: &Scope) -> bool {
        if self.region != region {
            let is_asked = region.parse().map_or(true, |region| scope.has_region(&region));
            *self = Self { region: region.to_owned(), is_asked };
        }
        self.is_asked
    }
}
