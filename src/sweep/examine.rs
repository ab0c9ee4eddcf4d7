//! Examines a page of events: which of them are sightings, what they add to the counts of hunts,
//! and what they show about trail integrity.

use super::evidence::trail_integrity;
use super::hunts::{PageCounts, kind_of_count};
use super::scan::{GroupScan, ScanSpec};
use crate::aws::{EventPage, LogEvent};
use crate::config::Scope;
use crate::query::Event;
use crate::search::{Document, Finding, ParsedEventDetails, RecordKind, parse_event_details};
use crate::store::{IntegrityFindings, Page, Pass, SightingRecord, Sightings, UnitId};

/// Which events passed the prefilter on the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrefilterHits {
    /// Whether all events did.
    pub are_all: bool,
    /// Whether all tampering calls did.
    pub has_tampering: bool,
}

/// Returns what the journal stores of a page.
pub(super) fn examine_page(
    reading: &GroupScan,
    pass: Pass,
    unit: UnitId,
    let_through: PrefilterHits,
    page: EventPage,
) -> Page {
    let EventPage { events, next_token } = page;
    let shared = &reading.group.shared;
    let tells_of_recording =
        shared.settings.silence && reading.keeps_trail() && let_through.has_tampering;
    let traces = if tells_of_recording {
        trail_integrity::traces(
            &events,
            &reading.group.target,
            shared.settings.window,
            let_through.are_all,
        )
    } else {
        IntegrityFindings::default()
    };
    let number = events.len() as u64;
    let bytes = events.iter().map(|event| event.message.len() as u64).sum();
    let mut counts = PageCounts::default();
    let account = reading.group.target.account.to_string();
    let mut regions = RegionFilterCache::default();
    let mut examine = |event| examine(reading, &account, event, &mut regions, &mut counts);
    let found = match pass {
        Pass::Search => events.into_iter().filter_map(&mut examine).collect(),
        Pass::TrailIntegrity | Pass::Passthrough => Sightings::default(),
    };
    Page {
        unit,
        found,
        counts: counts.into_rows(shared.search_set.hunts()),
        next_token,
        read_at_ms: shared.clock.now_ms(),
        events: number,
        bytes,
        traces,
    }
}

/// Returns an event as a sighting, if it contains an indicator or is a row of a hunt, and its
/// Region and time are in scope. What it adds to hunts that count goes to `counts`. `account` is
/// the account that stores it.
fn examine(
    reading: &GroupScan,
    account: &str,
    event: LogEvent,
    regions: &mut RegionFilterCache,
    counts: &mut PageCounts,
) -> Option<SightingRecord> {
    let search_set = &reading.group.shared.search_set;
    let document = Document::new(&event.message);
    let hits = search_set.indicators(&document);
    if hits.is_none() && search_set.hunts().is_empty() {
        return None;
    }
    let region = reading.group.target.region.as_str();
    let told = parse_event_details(&document, account, region, event.timestamp_ms);
    let is_trails = reading
        .group
        .trust
        .is_trail_written(&event.log_stream, &told.account);
    if !is_asked_for(reading, &told, event.timestamp_ms, is_trails, regions) {
        return None;
    }
    let hunts = rows_of_hunts(reading, &event, &told, is_trails, counts);
    if hits.is_none() && hunts.is_empty() {
        return None;
    }
    let hits = hits.unwrap_or_default();
    Some(SightingRecord {
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

/// Returns whether the Region and time of an event are in scope. An event that no trail wrote may
/// claim any Region and time, so the Region and log time at which it is stored count as well: no
/// log line can remove itself from the search.
fn is_asked_for(
    reading: &GroupScan,
    told: &ParsedEventDetails<'_>,
    stored_ms: i64,
    is_trails: bool,
    regions: &mut RegionFilterCache,
) -> bool {
    let ScanSpec {
        shared,
        time_filter,
        trust,
        ..
    } = &reading.group;
    let is_here = !is_trails && trust.is_in_scope;
    let is_now = !is_trails && time_filter.contains(stored_ms, stored_ms);
    (is_here || regions.has(&told.region, &shared.settings.reach.scope))
        && (is_now || time_filter.contains(told.time_ms, stored_ms))
}

/// Returns the names of the hunts that have the event as a row, sorted.
fn rows_of_hunts(
    reading: &GroupScan,
    event: &LogEvent,
    told: &ParsedEventDetails<'_>,
    is_trails: bool,
    counts: &mut PageCounts,
) -> Vec<String> {
    let search_set = &reading.group.shared.search_set;
    if search_set.hunts().is_empty() {
        return Vec::new();
    }
    let kind = RecordKind::detect(
        &event.message,
        told.is_cloudtrail(),
        &reading.group.flow_logs,
    );
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
    for (number, finding) in search_set.findings(event, kind) {
        match finding {
            Finding::Row(_) => names.extend(
                search_set
                    .hunts()
                    .get(number)
                    .map(|hunt| hunt.hunt().name.clone()),
            ),
            Finding::Counted(partial) => {
                counts.add(number, told, kind_of_count(kind, is_trails), partial);
            }
        }
    }
    names.sort();
    names
}

/// Whether a Region is in scope. Most events of a page are from one Region, so the last answer is
/// cached.
struct RegionFilterCache {
    region: String,
    is_asked: bool,
}

impl Default for RegionFilterCache {
    fn default() -> Self {
        // An event that names no Region cannot be shown to be out of scope.
        Self {
            region: String::new(),
            is_asked: true,
        }
    }
}

impl RegionFilterCache {
    fn has(&mut self, region: &str, scope: &Scope) -> bool {
        if self.region != region {
            let is_asked = region
                .parse()
                .map_or(true, |region| scope.has_region(&region));
            *self = Self {
                region: region.to_owned(),
                is_asked,
            };
        }
        self.is_asked
    }
}
