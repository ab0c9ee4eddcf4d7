//! What a sweep has to find, told from all raw events of a world at once: no pages, no patterns, no journal.
//!
//! Written from the contract and from issue 5, to be plain to read. Of the code under test it uses the query's tree and
//! the value of one expression.

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

/// How much longer than the window logs are read for.
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

/// What one hunt comes to.
#[derive(Debug)]
pub struct HuntAnswer {
    pub columns: Vec<String>,
    /// In order; of a row that is a record, the record.
    pub rows: Vec<(Option<Event>, Cells)>,
    /// Of a hunt that counts: the same for each account and Region where it happened.
    pub by_place: Option<BTreeMap<(String, String), Vec<Cells>>>,
    /// Whether something may be counted twice; `None` if flow logs decide that.
    pub may_double_count: Option<bool>,
}

/// All that a sweep has to find.
#[derive(Debug)]
pub struct Answer {
    pub sightings: Vec<Sighting>,
    pub hunts: Vec<HuntAnswer>,
}

/// Answers the questions; `names` are those of the hunts, in their order.
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

/// Whether the event lies in a group that is read, was there in time, and its time of storage is read.
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

/// Whether it happened where and when the sweep asks, or is stored there and then: that counts too of what no trail wrote,
/// and the time does of a claim that cannot be true, since it would have been stored too late or too early.
fn is_asked_about(world: &RandomWorld, event: &Event, trails: Trails) -> bool {
    let (told, stored, group) = (&event.told, &event.stored, event.stored.group);
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

/// Whether a sweep gets to know which trails deliver where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trails {
    Known,
    Unknown,
}

fn is_written_by_trail(world: &RandomWorld, event: &Event) -> bool {
    let (group, stream) = (event.stored.group, event.stored.stream);
    let is_own = world.has_own_trail
        && group == OWN_TRAIL
        && stream == OWN_STREAM
        && event.told.account == PROD;
    is_own || (group == TRAIL && stream == TRAIL_STREAM)
}

/// Whether two records are one that is kept twice.
fn are_copies(one: &Event, other: &Event) -> bool {
    let document =
        |event: &Event| serde_json::from_str::<serde_json::Value>(&event.stored.message).unwrap();
    one.told == other.told && document(one) == document(other)
}

/// By event time, account, Region, record id, log group; then where it is kept, and by arrival.
fn place_in_order(event: &Event) -> impl Ord + use<> {
    let (told, group) = (event.told.clone(), event.stored.group);
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

/// Copies of a record that say the same are one sighting, where the first of them is; other events are their own.
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

/// Of one place, an aggregate reads the records of one group that surely has them all. Where none has, it reads all
/// groups; no, then: copies may be counted twice.
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
