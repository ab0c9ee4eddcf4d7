//! Checks that every engine returns the rows of a naive evaluator over the raw events: nothing is
//! lost, and nothing is reported twice.
//!
//! Worlds and search sets are random, but the same in each run. A failure prints the smallest
//! failing case and its seed. `PROPTEST_RNG_SEED` selects other worlds, and `PROPTEST_CASES` more
//! of them.

mod check;
mod events;
mod faults;
mod found;
mod naive;
mod patterns;
mod search_set;
mod world;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use check::{Guarantee, Property, check_worlds};
use search_set::{HuntQuery, RecordSource, SearchSet, flow_log_hunt, search_set};
use world::{Group, OWN_TRAIL, PROD, Planted, RandomWorld, Scope};

fn world(faults: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = RandomWorld> {
    let flow_logs = subsequence(events::flow_logs(), 0..=6);
    let scope = select(
        &[
            Scope::Everything,
            Scope::Everything,
            Scope::Everything,
            Scope::Account,
            Scope::Region,
        ][..],
    );
    let pages = (any::<bool>(), select(&[3_usize, 7, 100_000][..]));
    let trails = (prop::bool::weighted(0.8), prop::bool::weighted(0.3));
    (trails, flow_logs, events::planted(), pages, scope, faults).prop_map(
        |(
            (is_trail_logging, has_own_trail),
            flow_logs,
            mut planted,
            (empty_pages, events_scanned_a_page),
            scope,
            faults,
        )| {
            planted.retain(|planted| has_own_trail || planted.group != OWN_TRAIL);
            RandomWorld {
                is_trail_logging,
                has_own_trail,
                flow_logs,
                planted,
                empty_pages,
                events_scanned_a_page,
                scope,
                faults,
            }
        },
    )
}

#[test]
fn engines_find_all_without_faults() {
    check_worlds(
        (37, 1),
        Guarantee::Complete,
        (world(Just(String::new())), search_set()),
        &[Property::Matched],
    );
}

/// Lines of flow logs in several formats, mixed with other events.
#[test]
fn engines_find_all_in_flow_logs_of_any_format() {
    let flows = (world(Just(String::new())), events::flow_lines())
        .prop_map(|(world, lines)| with_more_events(world, lines, 7));
    check_worlds(
        (20, 7),
        Guarantee::Complete,
        (flows, flow_log_hunt()),
        &[Property::Matched],
    );
}

#[test]
fn engines_find_all_despite_transient_faults() {
    let cases = (world(faults::transient()), search_set());
    check_worlds(
        (35, 2),
        Guarantee::Complete,
        cases,
        &[Property::CallsFailed, Property::Matched],
    );
}

#[test]
fn engines_invent_nothing_under_lasting_faults() {
    let cases = (world(faults::lasting()), search_set());
    check_worlds((20, 3), Guarantee::Sound, cases, &[Property::Incomplete]);
}

/// Search sets that match the events of a burst.
fn burst_search_sets() -> impl Strategy<Value = SearchSet> {
    let one = |query: &str| HuntQuery {
        source: RecordSource::Anything,
        query: query.to_owned(),
    };
    select(vec![
        SearchSet {
            indicators: vec![0],
            hunts: Vec::new(),
        },
        SearchSet {
            indicators: Vec::new(),
            hunts: vec![one("filter eventName = \"ListBuckets\"")],
        },
        SearchSet {
            indicators: vec![2],
            hunts: vec![
                one(
                    "filter size >= 5 | sort size desc, @message | limit 30 | display size, @timestamp",
                ),
                one(
                    "filter @message like /192.0.2.1/ | stats count(*) as n, sum(size), count_distinct(size) by eventName",
                ),
            ],
        },
        SearchSet {
            indicators: Vec::new(),
            hunts: vec![one(
                "stats count(*) as n, max(size) by bin(1s) | sort n desc",
            )],
        },
    ])
}

fn with_more_events(
    world: RandomWorld,
    more: Vec<Planted>,
    events_scanned_a_page: usize,
) -> RandomWorld {
    RandomWorld {
        planted: [world.planted, more].concat(),
        events_scanned_a_page,
        ..world
    }
}

const DENSE: Group = Group {
    account: PROD,
    region: "us-east-1",
    name: "/app",
};

/// There are events in every millisecond, and many in one of them, so that some are on every border
/// of the slices.
#[test]
fn engines_find_all_in_sliced_groups() {
    let dense = (world(Just(faults::slow_responses())), 60..120_u32)
        .prop_map(|(world, count)| with_more_events(world, events::burst(DENSE, count), 5));
    let search_set = prop_oneof![burst_search_sets(), search_set()];
    check_worlds(
        (11, 4),
        Guarantee::Complete,
        (dense, search_set),
        &[Property::Sliced, Property::Matched],
    );
}

/// More events in one millisecond than a page holds.
#[test]
fn engines_find_all_of_many_events_in_one_millisecond() {
    let bursts = world(faults::transient())
        .prop_map(|world| with_more_events(world, events::burst(DENSE, 10_050), 100_000));
    check_worlds(
        (1, 5),
        Guarantee::Complete,
        (bursts, burst_search_sets()),
        &[Property::Matched],
    );
}

/// Events of the maximum size, on the edges of the window.
#[test]
fn engines_find_all_in_largest_events() {
    let (from, to) = world::WINDOW_MS;
    let large = (
        world(faults::transient()),
        vec(select(vec![from - 1, from, from, to - 1, to]), 1..3),
    )
        .prop_map(|(world, times)| {
            let more = times
                .into_iter()
                .map(|at_ms| events::largest(DENSE, at_ms))
                .collect();
            with_more_events(world, more, 100_000)
        });
    check_worlds(
        (4, 6),
        Guarantee::Complete,
        (large, burst_search_sets()),
        &[Property::Matched],
    );
}
