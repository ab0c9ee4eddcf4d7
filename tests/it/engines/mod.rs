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

use check::{Promise, Was, ask_all};
use search_set::{About, Asked, SearchSet, question_about_flows, search_set};
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
            (trail_is_sound, has_own_trail),
            flow_logs,
            mut planted,
            (empty_pages, events_scanned_a_page),
            scope,
            faults,
        )| {
            planted.retain(|planted| has_own_trail || planted.group != OWN_TRAIL);
            RandomWorld {
                trail_is_sound,
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
fn in_quiet_worlds() {
    ask_all(
        (110, 1),
        Promise::Covered,
        (world(Just(String::new())), search_set()),
        &[Was::Answered],
    );
}

/// Lines of flow logs in several formats, mixed with other events.
#[test]
fn in_flow_logs_of_any_format() {
    let flows = (world(Just(String::new())), events::flow_lines())
        .prop_map(|(world, lines)| with_more(world, lines, 7));
    ask_all(
        (20, 7),
        Promise::Covered,
        (flows, question_about_flows()),
        &[Was::Answered],
    );
}

#[test]
fn amid_troubles_that_pass() {
    let cases = (world(faults::passing()), search_set());
    ask_all(
        (104, 2),
        Promise::Covered,
        cases,
        &[Was::Troubled, Was::Answered],
    );
}

#[test]
fn amid_troubles_that_do_not_pass_nothing_is_invented() {
    let cases = (world(faults::lasting()), search_set());
    ask_all((40, 3), Promise::Honest, cases, &[Was::Incomplete]);
}

/// Search sets that match the events of a burst.
fn questions_about_bursts() -> impl Strategy<Value = SearchSet> {
    let one = |query: &str| Asked {
        about: About::Anything,
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

fn with_more(world: RandomWorld, more: Vec<Planted>, events_scanned_a_page: usize) -> RandomWorld {
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
fn in_groups_that_are_read_in_slices() {
    let dense = (world(Just(faults::slow_answers())), 60..120_u32)
        .prop_map(|(world, count)| with_more(world, events::burst(DENSE, count), 5));
    let search_set = prop_oneof![questions_about_bursts(), search_set()];
    ask_all(
        (22, 4),
        Promise::Covered,
        (dense, search_set),
        &[Was::Sliced, Was::Answered],
    );
}

/// More events in one millisecond than a page holds.
#[test]
fn in_one_millisecond_of_many_events() {
    let bursts = world(faults::passing())
        .prop_map(|world| with_more(world, events::burst(DENSE, 10_050), 100_000));
    ask_all(
        (2, 5),
        Promise::Covered,
        (bursts, questions_about_bursts()),
        &[Was::Answered],
    );
}

/// Events of the maximum size, on the edges of the window.
#[test]
fn with_the_largest_events() {
    let (from, to) = world::WINDOW_MS;
    let large = (
        world(faults::passing()),
        vec(select(vec![from - 1, from, from, to - 1, to]), 1..3),
    )
        .prop_map(|(world, times)| {
            let more = times
                .into_iter()
                .map(|at_ms| events::largest(DENSE, at_ms))
                .collect();
            with_more(world, more, 100_000)
        });
    ask_all(
        (4, 6),
        Promise::Covered,
        (large, questions_about_bursts()),
        &[Was::Answered],
    );
}
