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

use dragnet::query::Query;

pub use fields::Event;
pub use indicators::INDICATORS;
use indicators::{Finder, hits};
pub use query::{Cells, columns, is_count};

use super::search_set::{About, Asked, SearchSet};
use super::world::{
    DEV, Group, HOUR_MS, MANAGEMENT, NOW_MS, OWN_STREAM, OWN_TRAIL, PROD, RandomWorld, Scope,
    Stored, TRAIL, TRAIL_STREAM, WINDOW_MS,
};

/// How far beyond the end of the window logs are read.
const LATE_MS: i64 = 2 * HOUR_MS;

/// One row of the sightings.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The first of all copies.
    pub event: Event,
    pub copies: u32,
    pub indicators: BTreeSet<String>,
    pub matched_fields: BTreeSet<String>,
    pub hunts: BTreeSet<String>,
}

/// The expected result of one hunt.
#[derive(Debug)]
pub struct HuntAnswer {
    pub columns: Vec<String>,
    /// The rows in order, each with its record if it is one.
    pub rows: Vec<(Option<Event>, Cells)>,
    /// For a hunt that aggregates: the same rows for each account and Region of the events.
    pub by_place: Option<BTreeMap<(String, String), Vec<Cells>>>,
    /// Whether something may be counted twice. `None` if that depends on flow logs.
    pub may_double_count: Option<bool>,
}

/// The expected result of a sweep.
#[derive(Debug)]
pub struct Answer {
    pub sightings: Vec<Sighting>,
    pub hunts: Vec<HuntAnswer>,
}

/// Evaluates the search set. `names` are the names of its hunts, in order.
pub fn answer(
    world: &RandomWorld,
    search_set: &SearchSet,
    names: &[String],
    trails: Trails,
) -> Answer {
    let stored = world.stored().into_iter().enumerate();
    let mut events: Vec<Event> = stored
        .filter(|(_, stored)| is_read(world, stored))
        .map(|(number, stored)| Event::of(world, number, stored))
        .filter(|event| is_asked_about(world, event, trails))
        .collect();
    events.sort_by_cached_key(place_in_order);
    let finders: Vec<Finder> = search_set
        .indicators
        .iter()
        .map(|number| Finder::of(*number))
        .collect();
    let queries: Vec<Query> = search_set
        .hunts
        .iter()
        .map(|hunt| hunt.query.parse().unwrap())
        .collect();
    let found: Vec<Vec<Event>> = queries
        .iter()
        .zip(&search_set.hunts)
        .map(|(query, hunt)| {
            let about: Vec<Event> = events
                .iter()
                .filter(|event| is_about(hunt, event))
                .cloned()
                .collect();
            query::found(query, &about)
        })
        .collect();
    let rows_of_hunts: Vec<(&String, BTreeSet<usize>)> = names
        .iter()
        .zip(queries.iter().zip(&found))
        .filter(|(_, (query, _))| !is_count(query))
        .map(|(name, (_, found))| (name, found.iter().map(|event| event.number).collect()))
        .collect();
    let mut sightings = Vec::new();
    for event in events {
        let (indicators, matched_fields) = hits(&finders, &event);
        let is_row = rows_of_hunts
            .iter()
            .filter(|(_, rows)| rows.contains(&event.number));
        let hunts: BTreeSet<String> = is_row.map(|(name, _)| (*name).clone()).collect();
        if !indicators.is_empty() || !hunts.is_empty() {
            fold(
                &mut sightings,
                Sighting {
                    event,
                    copies: 1,
                    indicators,
                    matched_fields,
                    hunts,
                },
            );
        }
    }
    let hunts = queries
        .iter()
        .zip(found)
        .map(|(query, found)| hunt(world, query, found))
        .collect();
    Answer { sightings, hunts }
}

/// Returns whether the log group of the event is scanned, and the event had arrived and has a log
/// time that is read.
fn is_read(world: &RandomWorld, stored: &Stored) -> bool {
    let group = stored.group;
    let is_there = group != OWN_TRAIL || world.has_own_trail;
    let is_delivered_to = group == TRAIL || (group == OWN_TRAIL && world.has_own_trail);
    let is_in_scope = match world.scope {
        Scope::Everything => true,
        Scope::Account => group.account == PROD || is_delivered_to,
        Scope::Region => group.region == "us-east-1" || is_delivered_to,
    };
    is_there
        && is_in_scope
        && stored.ingestion_ms <= NOW_MS
        && (WINDOW_MS.0..WINDOW_MS.1 + LATE_MS).contains(&stored.timestamp_ms)
}

/// Returns whether the event is in scope and in the window. If no trail wrote the event, its log
/// group and log time also count. The log time also counts if the event time is impossible: after
/// the log time, or more than two hours before it.
fn is_asked_about(world: &RandomWorld, event: &Event, trails: Trails) -> bool {
    let told = &event.told;
    let stored = &event.stored;
    let group = event.stored.group;
    let is_trails = trails == Trails::Known && is_written_by_trail(world, event);
    let is_in_scope = |account: &str, region: &str| match world.scope {
        Scope::Everything => true,
        Scope::Account => account == PROD,
        Scope::Region => region == "us-east-1",
    };
    let window = WINDOW_MS.0..WINDOW_MS.1;
    let is_believable = is_trails && (0..=LATE_MS).contains(&(stored.timestamp_ms - told.time_ms));
    let is_then =
        window.contains(&told.time_ms) || (!is_believable && window.contains(&stored.timestamp_ms));
    let is_there = is_in_scope(&told.account, &told.region)
        || (!is_trails && is_in_scope(group.account, group.region));
    is_then && is_there
}

/// Whether a sweep can find out which trails deliver to which log groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trails {
    Known,
    Unknown,
}

fn is_written_by_trail(world: &RandomWorld, event: &Event) -> bool {
    let group = event.stored.group;
    let stream = event.stored.stream;
    let is_own = world.has_own_trail
        && group == OWN_TRAIL
        && stream == OWN_STREAM
        && event.told.account == PROD;
    is_own || (group == TRAIL && stream == TRAIL_STREAM)
}

/// Returns whether two records are copies of the same record.
fn are_copies(one: &Event, other: &Event) -> bool {
    let document =
        |event: &Event| serde_json::from_str::<serde_json::Value>(&event.stored.message).unwrap();
    one.told == other.told && document(one) == document(other)
}

/// Returns the sort key: event time, account, Region, record id, log group, then the location of
/// the log group and the order of planting.
fn place_in_order(event: &Event) -> impl Ord + use<> {
    let told = event.told.clone();
    let group = event.stored.group;
    let kept = (
        group.name,
        group.account,
        group.region,
        event.stored.timestamp_ms,
        event.number,
    );
    (
        told.time_ms,
        told.account,
        told.region,
        told.record_id,
        kept,
    )
}

fn is_about(hunt: &Asked, event: &Event) -> bool {
    match hunt.about {
        About::CloudTrail => event.is_record(),
        About::VpcFlow => event.is_flow_line,
        About::Anything => true,
    }
}

/// Adds an event to the sightings. Equal copies of a record become one sighting, which is the first
/// of them. Other events are never combined.
fn fold(sightings: &mut Vec<Sighting>, next: Sighting) {
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
        }
    }
}

fn hunt(world: &RandomWorld, query: &Query, found: Vec<Event>) -> HuntAnswer {
    let columns = columns(query);
    if !is_count(query) {
        let mut once: Vec<Event> = Vec::new();
        for event in found {
            let is_copy = |first: &Event| first.is_record() && are_copies(first, &event);
            if !(event.is_record() && once.iter().any(is_copy)) {
                once.push(event);
            }
        }
        let rows = query::rows(query, once);
        let rows = rows
            .into_iter()
            .map(|row| (Some(row.clone()), query::cells(&row, &columns)))
            .collect();
        return HuntAnswer {
            columns,
            rows,
            by_place: None,
            may_double_count: Some(false),
        };
    }
    let mut places: BTreeMap<(String, String), Vec<Event>> = BTreeMap::new();
    for event in found {
        places
            .entry((event.told.account.clone(), event.told.region.clone()))
            .or_default()
            .push(event);
    }
    let mut doubts_records = false;
    for events in places.values_mut() {
        doubts_records |= !keep_once(world, events);
    }
    let has_flow_lines = places.values().flatten().any(|event| event.is_flow_line);
    let may_double_count = if doubts_records {
        Some(true)
    } else {
        (!has_flow_lines).then_some(false)
    };
    let table = |events: &[Event]| -> Vec<Cells> {
        query::rows(query, events.to_vec())
            .iter()
            .map(|row| query::cells(row, &columns))
            .collect()
    };
    let all: Vec<Event> = places.values().flatten().cloned().collect();
    let rows = table(&all).into_iter().map(|cells| (None, cells)).collect();
    let by_place = places
        .into_iter()
        .map(|(place, events)| (place, table(&events)))
        .collect();
    HuntAnswer {
        columns,
        rows,
        by_place: Some(by_place),
        may_double_count,
    }
}

/// Keeps the records of one log group, if that log group is certain to have all of an
/// account-Region's records. Otherwise an aggregate reads every log group. Returns whether no copy
/// is counted twice.
fn keep_once(world: &RandomWorld, events: &mut Vec<Event>) -> bool {
    let groups = |events: &[Event]| -> BTreeSet<Group> {
        events
            .iter()
            .filter(|event| event.is_record())
            .map(|event| event.stored.group)
            .collect()
    };
    let account = events
        .first()
        .map_or("", |event| event.told.account.as_str());
    let is_member = [MANAGEMENT, PROD, DEV].contains(&account);
    let trail = (world.trail_is_sound && is_member).then_some(TRAIL);
    let own = (world.has_own_trail && account == PROD).then_some(OWN_TRAIL);
    let whole = trail
        .into_iter()
        .chain(own)
        .find(|group| groups(events).contains(group));
    if let Some(group) = whole {
        events.retain(|event| !event.is_record() || event.stored.group == group);
    }
    groups(events).len() < 2
}
