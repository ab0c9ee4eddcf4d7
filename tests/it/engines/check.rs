//! Checks one search set in one random world: runs every engine and compares what each run reports
//! with the result of the naive evaluator.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use tokio_util::sync::CancellationToken;

use super::found;
use super::naive::{ExpectedResult, INDICATORS, Trails, expected_result};
use super::search_set::SearchSet;
use super::world::RandomWorld;
use crate::world::{Run, World};

/// An engine and the arguments that select it.
#[derive(Clone, Copy, Debug)]
struct Engine {
    name: &'static str,
    arguments: &'static [&'static str],
}

const ENGINES: [Engine; 2] = [
    Engine {
        name: "filter",
        arguments: &["--engine", "filter"],
    },
    Engine {
        name: "insights",
        arguments: &["--engine", "insights"],
    },
];

/// The number of cases that proptest runs by default. `PROPTEST_CASES=2560` runs ten times as many
/// worlds.
const USUAL_CASES: u32 = 256;

/// What must hold in a world; it depends on the faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guarantee {
    /// Everything is covered and every match is found.
    Complete,
    /// Every reported sighting is real. If the run is complete, all of them are reported.
    Sound,
}

/// A property of a world and of the sweeps over it. A test requires some of them, because it would
/// prove nothing about worlds that lack them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Property {
    /// The expected result is not empty.
    Matched,
    /// A call failed for another reason than `AccessDenied`.
    CallsFailed,
    /// A run was not complete.
    Incomplete,
    /// A log group was scanned in slices.
    Sliced,
}

/// Checks random worlds in every engine, starting from `seed`. At least one world in three must
/// have all `required` properties.
pub(super) fn check_worlds(
    (cases, seed): (u32, u64),
    guarantee: Guarantee,
    strategy: impl Strategy<Value = (RandomWorld, SearchSet)>,
    required: &[Property],
) {
    let configured = Config::default();
    let seed = if let RngSeed::Fixed(fixed) = configured.rng_seed {
        fixed
    } else {
        seed
    };
    let cases = crate::cases::cases(cases) * configured.cases / USUAL_CASES;
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_time: 60_000,
        ..configured
    };
    let matching_worlds = Cell::new(0);
    let outcome = TestRunner::new(config).run(&strategy, |(world, search_set)| {
        let properties = check(&world, &search_set, guarantee);
        let has_all = required
            .iter()
            .all(|property| properties.contains(property));
        matching_worlds.set(matching_worlds.get() + u32::from(has_all));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("PROPTEST_RNG_SEED={seed}: {failure}"));
    assert!(
        matching_worlds.get() * 3 >= cases,
        "of {cases} worlds only {} have the properties {required:?}",
        matching_worlds.get()
    );
}

/// Runs the search set with every engine and compares the results with the expected one. Returns
/// the properties of the world.
fn check(world: &RandomWorld, search_set: &SearchSet, guarantee: Guarantee) -> BTreeSet<Property> {
    let names: Vec<String> = (0..search_set.hunts.len())
        .map(|number| format!("q{number}"))
        .collect();
    let expected = expected_result(world, search_set, &names, Trails::Known);
    let at_most = expected_result(world, search_set, &names, Trails::Unknown);
    let mut properties = BTreeSet::new();
    if !expected.sightings.is_empty() || expected.hunts.iter().any(|hunt| !hunt.rows.is_empty()) {
        properties.insert(Property::Matched);
    }
    for engine in ENGINES {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let Some(run) = runtime.block_on(sweep(engine, world, search_set, &names)) else {
            assert_eq!(
                guarantee,
                Guarantee::Sound,
                "{}: the sweep failed",
                engine.name
            );
            properties.insert(Property::Incomplete);
            continue;
        };
        let is_part = guarantee == Guarantee::Sound && run.status() != "complete";
        if is_part {
            assert_is_part(engine.name, &run, &at_most);
        } else {
            compare(engine, &run, &names, &expected, guarantee);
        }
        // The caller cannot assume a role in the management account, so `AccessDenied` is expected.
        let is_failure = |status: &String| status != "ok" && status != "AccessDenied";
        let has_failed_call = run.columns("calls.csv", &["status"]).iter().any(is_failure);
        properties.extend(has_failed_call.then_some(Property::CallsFailed));
        properties.extend((run.status() != "complete").then_some(Property::Incomplete));
        properties.extend(found::is_sliced(&run).then_some(Property::Sliced));
    }
    properties
}

/// Runs a sweep. Returns `None` if it fails before there is a run, because of the world's faults.
async fn sweep(
    engine: Engine,
    world: &RandomWorld,
    search_set: &SearchSet,
    names: &[String],
) -> Option<Run> {
    let organization = World::from_toml(&world.scenario()).with_config(world.configuration());
    let organization = names
        .iter()
        .zip(&search_set.hunts)
        .fold(organization, |organization, (name, hunt)| {
            organization.with_hunt(name, &hunt.file(name))
        });
    let world_arguments = world.arguments();
    let mut arguments: Vec<&str> = engine.arguments.to_vec();
    arguments.extend(world_arguments.iter().map(String::as_str));
    arguments.extend(names.iter().flat_map(|name| ["--hunt", name]));
    arguments.extend(
        search_set
            .indicators
            .iter()
            .map(|number| INDICATORS[*number].0),
    );
    organization
        .try_sweep(&arguments, CancellationToken::new())
        .await
        .ok()
}

fn compare(
    engine: Engine,
    run: &Run,
    names: &[String],
    expected: &ExpectedResult,
    guarantee: Guarantee,
) {
    let name = engine.name;
    let status = run.status();
    assert_eq!(status, "complete", "{name}: {:#?}", run.coverage());
    // With lasting faults, one engine may scan what the other was denied.
    if guarantee == Guarantee::Complete {
        let engines = run.columns("coverage.csv", &["engine"]);
        assert!(
            engines
                .iter()
                .all(|engine| engine.is_empty() || engine == name),
            "{name}: {engines:?}"
        );
        assert!(
            engines.iter().any(|engine| engine == name),
            "{name} read nothing"
        );
    }
    for (table, found, expected) in found::tables(run, names, expected) {
        assert_same(&format!("{name}, {table}"), &found, &expected);
    }
    let summary = run.summary();
    for (hunt, expected) in summary["hunts"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&expected.hunts)
    {
        if let Some(may_double_count) = expected.may_double_count {
            assert_eq!(hunt["may_double_count"], may_double_count, "{name}");
        }
    }
}

/// Asserts that two tables have the same rows in the same order. On failure, shows the rows that
/// differ.
fn assert_same(table: &str, found: &[String], expected: &[String]) {
    let count = |rows: &[String]| {
        rows.iter()
            .fold(BTreeMap::new(), |mut counts: BTreeMap<String, i32>, row| {
                *counts.entry(row.clone()).or_default() += 1;
                counts
            })
    };
    let all_found = count(found);
    let all_expected = count(expected);
    let more = |one: &BTreeMap<String, i32>, other: &BTreeMap<String, i32>| -> Vec<String> {
        let rows = one
            .iter()
            .filter(|(row, count)| other.get(*row).copied().unwrap_or(0) < **count);
        rows.map(|(row, _)| row.chars().take(1_200).collect())
            .take(3)
            .collect()
    };
    let lost = more(&all_expected, &all_found);
    let invented = more(&all_found, &all_expected);
    assert!(
        lost.is_empty() && invented.is_empty(),
        "{table}: lost {lost:#?}, invented {invented:#?}"
    );
    let at = found
        .iter()
        .zip(expected)
        .position(|(found, expected)| found != expected);
    assert!(
        at.is_none(),
        "{table}: the order differs from row {at:?} on:\n{found:#?}\n{expected:#?}"
    );
}

/// Asserts that every sighting that was found is expected, and is not found more often than
/// expected.
fn assert_is_part(name: &str, run: &Run, expected: &ExpectedResult) {
    let mut left: BTreeMap<String, i32> = BTreeMap::new();
    for event in found::expected_sightings(expected)
        .iter()
        .map(|row| found::without_location(row))
    {
        *left.entry(event).or_default() += 1;
    }
    for row in found::found_sightings(run) {
        let left = left.entry(found::without_location(&row)).or_default();
        *left -= 1;
        assert!(*left >= 0, "{name}: invented {row}");
    }
}
