//! A sweep of objects that was killed continues after the last key, and equals one that was not.

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::sweeps::{IP, calls, scenario_with, trail};
use crate::scenario::{Fault, ObjectChange};
use crate::world::{Run, World};

/// Returns the records that were found, and the numbers of the folders.
pub(super) fn results(run: &Run) -> (Vec<String>, Vec<String>) {
    let columns = [
        "source",
        "account_id",
        "region",
        "status",
        "reason",
        "events",
        "sightings",
    ];
    let folders = run
        .columns("coverage.csv", &columns)
        .into_iter()
        .filter(|row| row.starts_with("s3 "));
    (
        run.columns("sightings.csv", &["event_time", "event_id", "copies"]),
        folders.collect(),
    )
}

/// Runs `work` as a process would: time starts over, and anything that was not written at its end
/// is lost.
pub(super) fn process<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

#[test]
fn killed_run_resumes_to_the_same_result() {
    const ARGUMENTS: [&str; 3] = [IP, "--sources", "s3"];
    // Problems before the last key are known after it too.
    let archived = ObjectChange::new("cloudtrail-111111111111", "*_20260302T05*", "archive");
    let tables = format!("{}{archived}{}", calls(60), Fault::slow("*", 50));
    // Without digests, which take time to sign.
    let scenario = scenario_with(&trail().validation(false), &tables);
    let expected = process(async { results(&World::from_toml(&scenario).sweep(&ARGUMENTS).await) });
    assert!(expected.0.len() > 20, "{expected:?}");
    let mut survived = 0;
    for time in (0..30).map(|n| Duration::from_millis(n * 60)) {
        let first = process(async { World::from_toml(&scenario) });
        process(async {
            let world = first.restarted_with(&scenario);
            _ = timeout(time, world.try_sweep(&ARGUMENTS, CancellationToken::new())).await;
        });
        let Some(directory) = first.runs().pop() else {
            continue;
        };
        let resumed = process(async {
            let world = first.restarted_with(&scenario);
            world.resume(&directory).await.ok().map(|run| results(&run))
        });
        if let Some(resumed) = resumed {
            assert_eq!(resumed, expected, "killed after {time:?}");
            survived += 1;
        }
    }
    assert!(survived > 5, "{survived}");
}
