//! The cost of a sweep in shards compared with one process: calls and processor time of 40 shards that
//! run at once, and of a single sweep, over the same served range. Prints one table with medians.
//!
//! `cargo bench --bench shards`

#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};

use support::served::{Served, summary_of};
use support::{children_cpu_seconds, head, row};

const DRAGNET: &str = env!("CARGO_BIN_EXE_dragnet");
const SHARDS: usize = 40;
/// An odd number, for a median. The two alternate, so that other load on the machine affects both.
const ROUNDS: usize = 5;
const INDICATOR: &str = "198.51.100.23";
const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

fn main() {
    head();
    let temp = tempfile::tempdir().unwrap();
    let scenario = include_str!("../config/range/org-100.toml");
    let served = Served::start(temp.path(), scenario, "off");
    // Warms up the served range: the cost of generating its logs is not measured.
    measure_single(&served, &temp.path().join("warm"));
    let mut calls = Vec::new();
    let mut processor = Vec::new();
    let mut overhead = Vec::new();
    for round in 0..ROUNDS {
        let single = measure_single(&served, &temp.path().join(format!("single-{round}")));
        let sharded = measure_shards(&served, &temp.path().join(format!("shards-{round}")));
        calls.push(sharded.run.calls / single.calls);
        processor.push(sharded.run.processor / single.processor);
        overhead.push(sharded.plan_and_merge / single.processor);
    }
    let label = |what: &str| format!("{what} of {SHARDS} shards at once / one process");
    row(&label("calls"), median(calls), "<= 1.02");
    row(&label("processor time"), median(processor), "<= 1.10");
    row(
        "processor time of plan and merge / one process",
        median(overhead),
        "",
    );
}

/// What a search took.
struct Cost {
    calls: f64,
    processor: f64,
}

/// What a search in shards took.
struct ShardedCost {
    run: Cost,
    plan_and_merge: f64,
}

fn measure_single(served: &Served, directory: &Path) -> Cost {
    std::fs::create_dir(directory).unwrap();
    let processor = measure(|| {
        run_to_end(served, directory, &["sweep", INDICATOR, "--since", "24h"]);
    });
    Cost {
        calls: calls_of(directory),
        processor,
    }
}

fn measure_shards(served: &Served, directory: &Path) -> ShardedCost {
    std::fs::create_dir(directory).unwrap();
    let number = SHARDS.to_string();
    let plan = [
        "shard", "plan", INDICATOR, "--since", "24h", "--shards", &number, "--store", "store",
    ];
    let planned = measure(|| run_to_end(served, directory, &plan));
    let processor = measure(|| {
        let shards: Vec<Child> = (0..SHARDS)
            .map(|index| {
                let index = index.to_string();
                let run = ["shard", "run", "--store", "store", "--index", &index];
                command(served, directory, &run).spawn().unwrap()
            })
            .collect();
        for mut shard in shards {
            assert!(shard.wait().unwrap().success());
        }
    });
    let merge = ["shard", "merge", "--store", "store", "--out", "runs"];
    let merged = measure(|| run_to_end(served, directory, &merge));
    ShardedCost {
        run: Cost {
            calls: calls_of(directory),
            processor,
        },
        plan_and_merge: planned + merged,
    }
}

/// The processor time of the processes that `run` starts and waits for, in seconds.
fn measure(run: impl FnOnce()) -> f64 {
    let before = children_cpu_seconds();
    run();
    children_cpu_seconds() - before
}

fn run_to_end(served: &Served, directory: &Path, arguments: &[&str]) {
    let code = command(served, directory, arguments)
        .status()
        .unwrap()
        .code();
    // Exit code 3 is accepted: the organization has gaps.
    assert!(matches!(code, Some(0 | 3)), "{arguments:?}: {code:?}");
}

/// A command whose state is its own, so that it knows no earlier run.
fn command(served: &Served, directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(DRAGNET);
    command
        .args(arguments)
        .args(["--progress", "none"])
        .current_dir(directory)
        .env("XDG_STATE_HOME", directory.join("state"))
        .env("DRAGNET_SHARD_KEY", KEY)
        .envs(served.environment.iter().cloned())
        .stdout(Stdio::null());
    command
}

/// The number of calls of the run in a directory, without those of a plan.
fn calls_of(directory: &Path) -> f64 {
    let summary = summary_of(directory);
    let calls = summary["api_calls"].as_object().unwrap();
    calls.values().filter_map(serde_json::Value::as_f64).sum()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
