//! Examines a page of events: which of them are sightings, what they add to the counts of hunts,
//! and what they show about trail integrity.

use super::context::SweepContext;
use super::delivery_trust::DeliveryTrust;
use super::evidence::trail_integrity;
use super::hunts::{PageCounts, kind_of_count};
use super::window_basis::TimeFilter;
use crate::aws::{EventPage, LogEvent};
use crate::config::Scope;
use crate::search::{
    Document, Finding, FlowLogFormats, RecordKind, SearchSet, parse_event_details,
    translate_ocsf_record,
};
use crate::store::{IntegrityFindings, Page, Pass, SightingRecord, Sightings, UnitId};
use dragnet_model::{CentralStream, EventDetails, Target};
use insights_ql::Event;

/// Where the events of a page are stored, and what is known about that log.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageOrigin<'s> {
    pub shared: &'s SweepContext,
    /// The origin of each of its events.
    pub event: EventOrigin<'s>,
    /// Whether a trail delivers to the log, as far as known.
    pub receives_trail: bool,
}

/// What is searched for in an event, and where it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventOrigin<'s> {
    pub search_set: &'s SearchSet,
    pub scope: &'s Scope,
    /// The account-Region that stores it.
    pub stored: &'s Target,
    /// The name of the log: that of the log group, the bucket and the folder, or empty for the event
    /// history and for files.
    pub log_name: &'s str,
    pub trust: &'s DeliveryTrust,
    /// Which events are searched, by time.
    pub time_filter: &'s TimeFilter,
    /// The formats of the flow logs that deliver to the log.
    pub flow_logs: &'s FlowLogFormats,
}

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
    origin: &PageOrigin<'_>,
    pass: Pass,
    unit: UnitId,
    prefilter_hits: PrefilterHits,
    page: EventPage,
) -> Page {
    let EventPage {
        events, next_token, ..
    } = page;
    let shared = origin.shared;
    let checks_integrity = shared.settings.check_trail_integrity
        && origin.receives_trail
        && prefilter_hits.has_tampering;
    let integrity_findings = if checks_integrity {
        trail_integrity::check_events(
            &events,
            origin.event.stored,
            shared.settings.window,
            prefilter_hits.are_all,
        )
    } else {
        IntegrityFindings::default()
    };
    let number = events.len() as u64;
    let bytes = events.iter().map(|event| event.message.len() as u64).sum();
    let mut counts = PageCounts::default();
    let account = origin.event.stored.account.to_string();
    let mut regions = RegionFilterCache::default();
    let mut examine =
        |event| examine_event(&origin.event, &account, event, &mut regions, &mut counts);
    let sightings = match pass {
        Pass::Search => {
            let sightings = events.into_iter().filter_map(&mut examine);
            sightings
                .inspect(|sighting| shared.note_sighting(sighting))
                .collect()
        }
        Pass::TrailIntegrity | Pass::Passthrough => Sightings::default(),
    };
    Page {
        unit,
        found: sightings,
        counts: counts.into_rows(shared.search_set.hunts()),
        next_token,
        read_at_ms: shared.clock.now_ms(),
        events: number,
        bytes,
        integrity_findings,
        objects: Vec::new(),
        flow_headers: Vec::new(),
    }
}

/// Returns an event as a sighting, if it contains an indicator or is a row of a hunt, and its
/// Region and time are in scope. What it adds to hunts that count goes to `counts`. `account` is
/// the account that stores it. A copy of another account-Region's event happened there.
pub(super) fn examine_event(
    origin: &EventOrigin<'_>,
    account: &str,
    event: LogEvent,
    regions: &mut RegionFilterCache,
    counts: &mut PageCounts,
) -> Option<SightingRecord> {
    let search_set = origin.search_set;
    let document = Document::new(&event.message);
    let hits = search_set.indicators(&document);
    if hits.is_none() && search_set.hunts().is_empty() {
        return None;
    }
    let central = CentralStream::parse(&event.log_stream, origin.stored);
    let copied_from = central.map(|central| central.origin);
    let copied_account = copied_from
        .as_ref()
        .map(|origin| origin.account.to_string());
    let details = parse_event_details(
        &document,
        copied_account.as_deref().unwrap_or(account),
        copied_from
            .as_ref()
            .unwrap_or(origin.stored)
            .region
            .as_str(),
        event.timestamp_ms,
    );
    let is_trail_written = origin
        .trust
        .is_trail_written(&event.log_stream, &details.account);
    if !is_in_scope(
        origin,
        &details,
        event.timestamp_ms,
        is_trail_written,
        regions,
    ) {
        return None;
    }
    if search_set.leaves_out(&event.message, &details) {
        return None;
    }
    let hunts = matching_hunts(origin, &event, &details, is_trail_written, counts);
    if hits.is_none() && hunts.is_empty() {
        return None;
    }
    let hits = hits.unwrap_or_default();
    let is_record = details.is_cloudtrail();
    Some(SightingRecord {
        time_ms: details.time_ms,
        event_account: details.account.into_owned(),
        event_region: details.region.into_owned(),
        record_id: details.record_id.into_owned(),
        event_id: event.event_id,
        log_stream: event.log_stream,
        timestamp_ms: event.timestamp_ms,
        ingestion_ms: event.ingestion_ms,
        indicators: hits.indicators,
        hunts,
        matched_fields: hits.fields,
        is_trusted: is_trail_written && is_record,
        message: event.message,
    })
}

/// Returns whether the Region and time of an event are in scope. An event that no trail wrote may
/// claim any Region and time, so the Region and log time at which it is stored count as well: no
/// log line can exclude itself from the search.
fn is_in_scope(
    origin: &EventOrigin<'_>,
    details: &EventDetails<'_>,
    log_ms: i64,
    is_trail_written: bool,
    regions: &mut RegionFilterCache,
) -> bool {
    let EventOrigin {
        scope,
        time_filter,
        trust,
        ..
    } = origin;
    let is_stored_in_scope = !is_trail_written && trust.is_in_scope;
    let is_stored_in_window = !is_trail_written && time_filter.contains(log_ms, log_ms);
    (is_stored_in_scope || regions.contains(&details.region, scope))
        && (is_stored_in_window || time_filter.contains(details.time_ms, log_ms))
}

/// Returns the names of the hunts that have the event as a row, sorted.
fn matching_hunts(
    origin: &EventOrigin<'_>,
    event: &LogEvent,
    details: &EventDetails<'_>,
    is_trail_written: bool,
    counts: &mut PageCounts,
) -> Vec<String> {
    let search_set = origin.search_set;
    if search_set.hunts().is_empty() {
        return Vec::new();
    }
    let kind = RecordKind::detect(&event.message, details.is_cloudtrail(), origin.flow_logs);
    let translated = if details.is_transformed {
        translate_ocsf_record(&event.message)
    } else {
        None
    };
    let log = format!("{}:{}", origin.stored.account, origin.log_name);
    let event = Event {
        timestamp: event.timestamp_ms,
        ingestion_time: event.ingestion_ms,
        log: &log,
        log_stream: &event.log_stream,
        ptr: &event.event_id,
        message: translated.as_deref().unwrap_or(&event.message),
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
                counts.add(
                    number,
                    details,
                    kind_of_count(kind, is_trail_written),
                    partial,
                );
            }
        }
    }
    names.sort();
    names
}

/// Whether a Region is in scope. Most events of a page are from one Region, so the last answer is
/// cached.
pub(super) struct RegionFilterCache {
    region: String,
    is_in_scope: bool,
}

impl Default for RegionFilterCache {
    fn default() -> Self {
        // An event that names no Region cannot be shown to be out of scope.
        Self {
            region: String::new(),
            is_in_scope: true,
        }
    }
}

impl RegionFilterCache {
    fn contains(&mut self, region: &str, scope: &Scope) -> bool {
        if self.region != region {
            let is_in_scope = region
                .parse()
                .map_or(true, |region| scope.has_region(&region));
            *self = Self {
                region: region.to_owned(),
                is_in_scope,
            };
        }
        self.is_in_scope
    }
}
