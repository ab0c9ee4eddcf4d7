//! Computes the expected result of a sweep from all raw events of a world at once, without pages,
//! filter patterns or a journal.
//!
//! It was written from the contract and from issue 5, and is meant to be easy to read. Of the code
//! under test, it only uses the parsed query and the evaluation of one expression.

mod aggregate;
mod fields;
mod indicators;
mod query;

use std::collections::{BTreeMap, BTreeSet};

use insights_ql::Query;

pub(super) use fields::Event;
pub(super) use indicators::INDICATORS;
use indicators::{Finder, find_matches};
pub(super) use query::{RowValues, columns, is_count};

use super::search_set::{HuntQuery, RecordSource, SearchSet};
use super::world::{
    DEV, Group, HOUR_MS, MANAGEMENT, NOW_MS, OWN_STREAM, OWN_TRAIL, PROD, RandomWorld, Scope,
    Stored, TRAIL, TRAIL_STREAM, WINDOW_MS,
};

/// How far beyond the end of the window logs are read.
const LATE_MS: i64 = 2 * HOUR_MS;

/// One row of the sightings.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    /// The first of all copies.
    pub event: Event,
    pub copies: u32,
    pub indicators: BTreeSet<String>,
    pub matched_fields: BTreeSet<String>,
    pub hunts: BTreeSet<String>,
}

/// The expected result of one hunt.
#[derive(Debug)]
pub(super) struct HuntResult {
    pub columns: Vec<String>,
    /// The rows in order, each with its record if it is one.
    pub rows: Vec<(Option<Event>, RowValues)>,
    /// For a hunt that aggregates: the same rows for each account and Region of the events.
    pub by_target: Option<BTreeMap<(String, String), Vec<RowValues>>>,
    /// Whether something may be counted twice. `None` if that depends on flow logs.
    pub may_double_count: Option<bool>,
}

/// The expected result of a sweep.
#[derive(Debug)]
pub(super) struct ExpectedResult {
    pub sightings: Vec<Sighting>,
    pub hunts: Vec<HuntResult>,
}

/// Evaluates the search set. `names` are the names of its hunts, in order.
pub(super) fn expected_result(
    world: &RandomWorld,
    search_set: &SearchSet,
    names: &[String],
    trails: Trails,
) -> ExpectedResult {
    let events = searched_events(world, trails);
    let queries: Vec<Query> = search_set
        .hunts
        .iter()
        .map(|hunt| hunt.query.parse().unwrap())
        .collect();
    let found: Vec<Vec<Event>> = queries
        .iter()
        .zip(&search_set.hunts)
        .map(|(query, hunt)| find_events(query, hunt, &events))
        .collect();
    let rows_of_hunts: Vec<(&String, BTreeSet<usize>)> = names
        .iter()
        .zip(queries.iter().zip(&found))
        .filter(|(_, (query, _))| !is_count(query))
        .map(|(name, (_, found))| (name, found.iter().map(|event| event.number).collect()))
        .collect();
    let is_trusted = |event: &Event| trails == Trails::Known && is_trusted(world, event);
    let sightings = expected_sightings(search_set, events, &rows_of_hunts, is_trusted);
    let hunts = queries
        .iter()
        .zip(found)
        .map(|(query, found)| hunt_result(world, query, found, is_trusted))
        .collect();
    ExpectedResult { sightings, hunts }
}

/// Returns the events that a sweep searches, in the order of the sightings.
fn searched_events(world: &RandomWorld, trails: Trails) -> Vec<Event> {
    let stored = world.stored().into_iter().enumerate();
    let mut events: Vec<Event> = stored
        .filter(|(_, stored)| is_read(world, stored))
        .map(|(number, stored)| Event::new(world, number, stored))
        .filter(|event| is_searched(world, event, trails))
        .collect();
    events.sort_by_cached_key(sort_key);
    events
}

/// Returns the events of the hunt's kind of record that its query finds.
fn find_events(query: &Query, hunt: &HuntQuery, events: &[Event]) -> Vec<Event> {
    let of_source: Vec<Event> = events
        .iter()
        .filter(|event| is_of_source(hunt.source, event))
        .cloned()
        .collect();
    query::find_events(query, &of_source)
}

/// Returns the sightings: the events that contain an indicator or are a row of a hunt.
/// `rows_of_hunts` has the numbers of these events for each hunt that does not aggregate.
fn expected_sightings(
    search_set: &SearchSet,
    events: Vec<Event>,
    rows_of_hunts: &[(&String, BTreeSet<usize>)],
    is_trusted: impl Fn(&Event) -> bool,
) -> Vec<Sighting> {
    let finders: Vec<Finder> = search_set
        .indicators
        .iter()
        .map(|number| Finder::new(*number))
        .collect();
    let mut sightings = Vec::new();
    for event in events {
        let (indicators, matched_fields) = find_matches(&finders, &event);
        let hunts: BTreeSet<String> = rows_of_hunts
            .iter()
            .filter(|(_, rows)| rows.contains(&event.number))
            .map(|(name, _)| (*name).clone())
            .collect();
        if !indicators.is_empty() || !hunts.is_empty() {
            let sighting = Sighting {
                event,
                copies: 1,
                indicators,
                matched_fields,
                hunts,
            };
            add_sighting(&mut sightings, sighting, &is_trusted);
        }
    }
    sightings.sort_by_cached_key(|sighting| sort_key(&sighting.event));
    sightings
}

/// Returns whether the log group of the event is scanned, and the event had arrived and has a log
/// time that is read.
fn is_read(world: &RandomWorld, stored: &Stored) -> bool {
    let group = stored.group;
    let exists = group != OWN_TRAIL || world.has_own_trail;
    let is_delivered_to = group == TRAIL || (group == OWN_TRAIL && world.has_own_trail);
    let is_in_scope = match world.scope {
        Scope::Everything => true,
        Scope::Account => group.account == PROD || is_delivered_to,
        Scope::Region => group.region == "us-east-1" || is_delivered_to,
    };
    exists
        && is_in_scope
        && stored.ingestion_ms <= NOW_MS
        && (WINDOW_MS.0..WINDOW_MS.1 + LATE_MS).contains(&stored.timestamp_ms)
}

/// Returns whether the event is in scope and in the window. If no trail wrote the event, its log
/// group and log time also count. The log time also counts if the event time is impossible: after
/// the log time, or more than two hours before it.
fn is_searched(world: &RandomWorld, event: &Event, trails: Trails) -> bool {
    let details = &event.details;
    let stored = &event.stored;
    let group = event.stored.group;
    let is_from_trail = trails == Trails::Known && is_written_by_trail(world, event);
    let is_in_scope = |account: &str, region: &str| match world.scope {
        Scope::Everything => true,
        Scope::Account => account == PROD,
        Scope::Region => region == "us-east-1",
    };
    let window = WINDOW_MS.0..WINDOW_MS.1;
    let is_plausible =
        is_from_trail && (0..=LATE_MS).contains(&(stored.timestamp_ms - details.time_ms));
    let is_in_window = window.contains(&details.time_ms)
        || (!is_plausible && window.contains(&stored.timestamp_ms));
    let is_in_area = is_in_scope(&details.account, &details.region)
        || (!is_from_trail && is_in_scope(group.account, group.region));
    is_in_window && is_in_area
}

/// Whether a sweep can find out which trails deliver to which log groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trails {
    Known,
    Unknown,
}

fn is_written_by_trail(world: &RandomWorld, event: &Event) -> bool {
    let group = event.stored.group;
    let stream = event.stored.stream;
    let is_own = world.has_own_trail
        && group == OWN_TRAIL
        && stream == OWN_STREAM
        && event.details.account == PROD;
    is_own || (group == TRAIL && stream == TRAIL_STREAM)
}

/// Returns whether a trail wrote the record of an account of the organization.
fn is_trusted(world: &RandomWorld, event: &Event) -> bool {
    let is_member = [PROD, DEV, MANAGEMENT].contains(&event.details.account.as_str());
    event.is_record() && is_member && is_written_by_trail(world, event)
}

/// Returns whether two records are copies of the same record.
fn are_copies(one: &Event, other: &Event) -> bool {
    let document =
        |event: &Event| serde_json::from_str::<serde_json::Value>(&event.stored.message).unwrap();
    one.details == other.details && document(one) == document(other)
}

/// Returns the sort key: event time, account, Region, record id, log group, then the location of
/// the log group and the order of planting.
fn sort_key(event: &Event) -> impl Ord + use<> {
    let details = event.details.clone();
    let group = event.stored.group;
    let storage = (
        group.name,
        group.account,
        group.region,
        event.stored.timestamp_ms,
        event.number,
    );
    (
        details.time_ms,
        details.account,
        details.region,
        details.record_id,
        storage,
    )
}

fn is_of_source(source: RecordSource, event: &Event) -> bool {
    match source {
        RecordSource::CloudTrail => event.is_record(),
        RecordSource::VpcFlow => event.is_flow_line,
        RecordSource::Anything => true,
    }
}

/// Adds an event to the sightings. Equal copies of a record become one sighting, which is the first
/// that a trail wrote, or else the first of them. Other events are never combined.
fn add_sighting(
    sightings: &mut Vec<Sighting>,
    next: Sighting,
    is_trusted: impl Fn(&Event) -> bool,
) {
    let is_copy =
        |one: &&mut Sighting| one.event.is_record() && are_copies(&one.event, &next.event);
    let first = if next.event.is_record() {
        sightings.iter_mut().find(is_copy)
    } else {
        None
    };
    match first {
        None => sightings.push(next),
        Some(first) => {
            first.copies += 1;
            first.indicators.extend(next.indicators);
            first.matched_fields.extend(next.matched_fields);
            first.hunts.extend(next.hunts);
            if !is_trusted(&first.event) && is_trusted(&next.event) {
                first.event = next.event;
            }
        }
    }
}

fn hunt_result(
    world: &RandomWorld,
    query: &Query,
    found: Vec<Event>,
    is_trusted: impl Fn(&Event) -> bool,
) -> HuntResult {
    if is_count(query) {
        aggregate_result(world, query, found)
    } else {
        row_result(query, found, is_trusted)
    }
}

/// Returns the result of a hunt whose rows are records.
fn row_result(query: &Query, found: Vec<Event>, is_trusted: impl Fn(&Event) -> bool) -> HuntResult {
    let columns = columns(query);
    let mut distinct: Vec<Event> = Vec::new();
    for event in found {
        let is_copy = |first: &&mut Event| first.is_record() && are_copies(first, &event);
        match distinct.iter_mut().find(is_copy) {
            Some(first) if event.is_record() => {
                if !is_trusted(first) && is_trusted(&event) {
                    *first = event;
                }
            }
            _ => distinct.push(event),
        }
    }
    distinct.sort_by_cached_key(sort_key);
    let rows = query::rows(query, distinct);
    let rows = rows
        .into_iter()
        .map(|row| (Some(row.clone()), query::row_values(&row, &columns)))
        .collect();
    HuntResult {
        columns,
        rows,
        by_target: None,
        may_double_count: Some(false),
    }
}

/// Returns the result of a hunt that aggregates.
fn aggregate_result(world: &RandomWorld, query: &Query, found: Vec<Event>) -> HuntResult {
    let columns = columns(query);
    let mut targets: BTreeMap<(String, String), Vec<Event>> = BTreeMap::new();
    for event in found {
        targets
            .entry((event.details.account.clone(), event.details.region.clone()))
            .or_default()
            .push(event);
    }
    let mut counts_record_twice = false;
    for events in targets.values_mut() {
        counts_record_twice |= !drop_copies(world, events);
    }
    let has_flow_lines = targets.values().flatten().any(|event| event.is_flow_line);
    let may_double_count = if counts_record_twice {
        Some(true)
    } else {
        (!has_flow_lines).then_some(false)
    };
    let table = |events: &[Event]| -> Vec<RowValues> {
        query::rows(query, events.to_vec())
            .iter()
            .map(|row| query::row_values(row, &columns))
            .collect()
    };
    let all: Vec<Event> = targets.values().flatten().cloned().collect();
    let rows = table(&all)
        .into_iter()
        .map(|values| (None, values))
        .collect();
    let by_target = targets
        .into_iter()
        .map(|(target, events)| (target, table(&events)))
        .collect();
    HuntResult {
        columns,
        rows,
        by_target: Some(by_target),
        may_double_count,
    }
}

/// Keeps the records of one log group, if that log group is certain to have all of an
/// account-Region's records. Otherwise an aggregate reads every log group. Returns whether no copy
/// is counted twice.
fn drop_copies(world: &RandomWorld, events: &mut Vec<Event>) -> bool {
    let groups = |events: &[Event]| -> BTreeSet<Group> {
        events
            .iter()
            .filter(|event| event.is_record())
            .map(|event| event.stored.group)
            .collect()
    };
    let account = events
        .first()
        .map_or("", |event| event.details.account.as_str());
    let is_member = [MANAGEMENT, PROD, DEV].contains(&account);
    let trail = (world.is_trail_logging && is_member).then_some(TRAIL);
    let own = (world.has_own_trail && account == PROD).then_some(OWN_TRAIL);
    let complete_group = trail
        .into_iter()
        .chain(own)
        .find(|group| groups(events).contains(group));
    if let Some(group) = complete_group {
        events.retain(|event| !event.is_record() || event.stored.group == group);
    }
    groups(events).len() < 2
}
