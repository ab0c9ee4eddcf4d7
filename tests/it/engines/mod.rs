//! Every engine gives the rows of a naive evaluator over the raw events: nothing lost, nothing twice.
//!
//! Worlds and questions are random, but the same in each run. A failure prints the smallest case that was found, and the
//! seed; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` look at others, at more.

mod events;
mod faults;
mod found;
mod naive;
mod patterns;
mod questions;
mod world;

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use tokio_util::sync::CancellationToken;

use crate::world::{Run, World};
use naive::{Answer, answer};
use questions::{Questions, questions};
use world::{Group, OWN_TRAIL, PROD, RandomWorld, Scope};

/// An engine, by what a sweep is told to use it.
#[derive(Clone, Copy, Debug)]
struct Engine {
    name: &'static str,
    arguments: &'static [&'static str],
}

const ENGINES: [Engine; 1] = [Engine { name: "filter", arguments: &[] }];

/// What a world's troubles allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    /// Everything is covered and found.
    Covered,
    /// Whatever is found is there; all of it, if the coverage says so.
    Honest,
}

fn world(faults: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = RandomWorld> {
    let flow_logs = proptest::collection::vec((events::flow_group(), 0..3_usize), 0..3);
    let scope = select(&[Scope::Everything, Scope::Everything, Scope::Everything, Scope::Account, Scope::Region][..]);
    let pages = (any::<bool>(), select(&[1_usize, 2, 7, 100_000][..]));
    let trails = (prop::bool::weighted(0.8), prop::bool::weighted(0.3));
    (trails, flow_logs, events::planted(), pages, scope, faults).prop_map(
        |((trail_is_sound, has_own_trail), flow_logs, mut planted, (empty_pages, events_scanned_a_page), scope, faults)| {
            planted.retain(|planted| has_own_trail || planted.group != OWN_TRAIL);
            RandomWorld { trail_is_sound, has_own_trail, flow_logs, planted, empty_pages, events_scanned_a_page, scope, faults }
        },
    )
}

/// Asks every engine in so many worlds. Some of the worlds must have something to be found.
fn ask_all(cases: u32, seed: u64, promise: Promise, worlds: impl Strategy<Value = RandomWorld>) {
    let given = Config::default();
    let seed = match given.rng_seed {
        RngSeed::Random => seed,
        RngSeed::Fixed(seed) => seed,
    };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { given.cases } else { cases };
    let config = Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, max_shrink_time: 60_000, ..given };
    let answers = Cell::new(0);
    let outcome = TestRunner::new(config).run(&(worlds, questions()), |(world, questions)| {
        answers.set(answers.get() + usize::from(check(&world, &questions, promise) > 0));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("PROPTEST_RNG_SEED={seed}: {failure}"));
    assert!(answers.get() * 3 > cases as usize, "of {cases} worlds only {} have an answer", answers.get());
}

/// Asks every engine, and compares; gives how many rows there are to find.
fn check(world: &RandomWorld, questions: &Questions, promise: Promise) -> usize {
    let names: Vec<String> = (0..questions.hunts.len()).map(|number| format!("q{number}")).collect();
    let expected = answer(world, questions, &names);
    for engine in ENGINES {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        if let Some(run) = runtime.block_on(sweep(engine, world, questions, &names)) {
            compare(engine, &run, &names, &expected, promise);
        } else {
            assert_eq!(promise, Promise::Honest, "{}: there is no run", engine.name);
        }
    }
    expected.sightings.len() + expected.hunts.iter().map(|hunt| hunt.rows.len()).sum::<usize>()
}

/// A sweep; `None` where the world's troubles do not even let it begin.
async fn sweep(engine: Engine, world: &RandomWorld, questions: &Questions, names: &[String]) -> Option<Run> {
    let organization = World::of(&world.scenario()).with_config(world.configuration());
    let organization = names.iter().zip(&questions.hunts).fold(organization, |organization, (name, hunt)| {
        organization.with_hunt(name, &hunt.file(name))
    });
    let of_world = world.arguments();
    let mut arguments: Vec<&str> = engine.arguments.to_vec();
    arguments.extend(of_world.iter().map(String::as_str));
    arguments.extend(names.iter().flat_map(|name| ["--hunt", name]));
    arguments.extend(questions.indicators.iter().map(|number| naive::INDICATORS[*number].0));
    organization.try_sweep(&arguments, CancellationToken::new()).await.ok()
}

fn compare(engine: Engine, run: &Run, names: &[String], expected: &Answer, promise: Promise) {
    let name = engine.name;
    let status = run.status();
    if promise == Promise::Honest && status != "complete" {
        return assert_is_part(name, run, expected);
    }
    assert_eq!(status, "complete", "{name}: {:#?}", run.coverage());
    for (table, found, expected) in found::tables(run, names, expected) {
        assert_same(&format!("{name}, {table}"), &found, &expected);
    }
    let summary = run.summary();
    for (hunt, expected) in summary["hunts"].as_array().unwrap().iter().zip(&expected.hunts) {
        if expected.doubts_records {
            assert_eq!(hunt["may_double_count"], true, "{name}");
        }
    }
}

/// Whether two tables are the same, row by row; tells the first rows that are not.
fn assert_same(table: &str, found: &[String], expected: &[String]) {
    let count = |rows: &[String]| {
        rows.iter().fold(BTreeMap::new(), |mut counts: BTreeMap<String, i32>, row| {
            *counts.entry(row.clone()).or_default() += 1;
            counts
        })
    };
    let (all_found, all_expected) = (count(found), count(expected));
    let more = |one: &BTreeMap<String, i32>, other: &BTreeMap<String, i32>| -> Vec<String> {
        let rows = one.iter().filter(|(row, count)| other.get(*row).copied().unwrap_or(0) < **count);
        rows.map(|(row, _)| row.chars().take(1_200).collect()).take(3).collect()
    };
    let (lost, invented) = (more(&all_expected, &all_found), more(&all_found, &all_expected));
    assert!(lost.is_empty() && invented.is_empty(), "{table}: lost {lost:#?}, invented {invented:#?}");
    let at = found.iter().zip(expected).position(|(found, expected)| found != expected);
    assert!(at.is_none(), "{table}: the order differs from row {at:?} on:\n{found:#?}\n{expected:#?}");
}

/// Whether all that was found is there to be found, and no more of it.
fn assert_is_part(name: &str, run: &Run, expected: &Answer) {
    // Of a sighting, copies may be missing, and with them the one that is shown.
    let event = |row: &String| {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        [&row[0], &row[1], &row[2], &row[3]].map(ToString::to_string).concat()
    };
    let mut left: BTreeMap<String, i32> = BTreeMap::new();
    for row in found::expected_sightings(expected) {
        *left.entry(event(&row)).or_default() += 1;
    }
    for row in found::found_sightings(run) {
        let left = left.entry(event(&row)).or_default();
        *left -= 1;
        assert!(*left >= 0, "{name}: invented {row}");
    }
}

#[test]
fn in_quiet_worlds() {
    ask_all(150, 1, Promise::Covered, world(Just(String::new())));
}

#[test]
fn amid_troubles_that_pass() {
    ask_all(110, 2, Promise::Covered, world(faults::passing()));
}

#[test]
fn amid_troubles_that_do_not_pass_nothing_is_invented() {
    ask_all(50, 3, Promise::Honest, world(faults::lasting()));
}

/// Events in every millisecond around the middle of the window, in a group that is cut into slices: many lie on borders.
#[test]
fn in_groups_that_are_read_in_slices() {
    let dense = (world(Just(faults::slow_answers())), 60..120_u32).prop_map(|(mut world, count)| {
        let group = Group { account: PROD, region: "us-east-1", name: "/app" };
        world.planted.extend(events::burst(group, count));
        world.events_scanned_a_page = 5;
        world
    });
    ask_all(30, 4, Promise::Covered, dense);
}

/// More events in one millisecond than a page holds, and events as large as they get.
#[test]
fn in_worlds_of_many_and_of_large_events() {
    let large = (world(Just(String::new())), select(&[10_050_u32, 0][..])).prop_map(|(mut world, count)| {
        let group = Group { account: PROD, region: "us-east-1", name: "/app" };
        world.planted.extend(events::burst(group, count.max(1)));
        world.planted.push(events::largest(group, world::WINDOW_MS.0));
        world.events_scanned_a_page = 100_000;
        world
    });
    ask_all(6, 5, Promise::Covered, large);
}
