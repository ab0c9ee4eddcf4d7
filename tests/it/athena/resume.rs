//! A query is stopped if the sweep is cancelled, and found again if the process was killed.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{IP, calls, results, used, world};
use crate::cases::{cases, seed};
use crate::world::{Run, World};

const ARGUMENTS: [&str; 3] = [IP, "--sources", "athena"];

/// An organization whose queries take a minute.
fn slow() -> World {
    world("seconds = 60", &calls(60))
}

#[tokio::test(start_paused = true)]
async fn cancellation_stops_the_query_and_resume_starts_it_again() {
    let world = slow();
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let sweep = Box::pin(world.try_sweep(&ARGUMENTS, cancel));
    let (run, ()) = tokio::join!(sweep, async {
        // The query is running.
        while world.calls("GetQueryExecution") < 2 {
            sleep(Duration::from_millis(100)).await;
        }
        stop.cancel();
    });
    drop(run.unwrap());
    assert_eq!(world.calls("StopQueryExecution"), 1);
    assert_eq!(world.calls("GetQueryResults"), 0);
    let directory = world.runs().pop().unwrap();
    let resumed = Box::pin(world.resume(&directory)).await.unwrap();
    assert_eq!(world.calls("StartQueryExecution"), 2);
    assert_eq!(results(&resumed).0.len(), 6);
    assert_eq!(used(&resumed), (54, 2), "{}", resumed.summary()["athena"]);
}

/// Runs `work` as a process would: anything that was not written at its end is lost.
fn process<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

#[test]
fn killed_sweep_finds_its_query_again() {
    let expected = process(async { results(&slow().sweep(&ARGUMENTS).await) });
    let world = process(async { slow() });
    process(async {
        let killed = timeout(
            Duration::from_secs(20),
            world.try_sweep(&ARGUMENTS, CancellationToken::new()),
        );
        assert!(killed.await.is_err(), "it ended too early");
    });
    assert_eq!(world.calls("StartQueryExecution"), 1);
    assert_eq!(world.calls("StopQueryExecution"), 0, "it was killed");
    let directory = world.runs().pop().unwrap();
    let resumed = process(async { world.resume(&directory).await.unwrap() });
    assert_eq!(
        world.calls("StartQueryExecution"),
        1,
        "the query was found again"
    );
    assert_eq!(results(&resumed), expected);
    assert_eq!(used(&resumed), (54, 1));
}

/// An organization with several queries, some of which fail and are cut into days, and with results of several pages.
fn cut_into_days() -> World {
    world("seconds = 20\nmost_days = 1\nrows_a_page = 3", &calls(400))
}

const TWO_DAYS: [&str; 5] = [IP, "--sources", "athena", "--since", "2d"];

/// Resumes the run of a world, once there is one, until it ends or is killed after this time.
fn resume_for(world: &World, limit: Duration) -> Option<Run> {
    let directory = world.runs().pop()?;
    process(async {
        let resumed = timeout(limit, world.resume(&directory)).await.ok()?;
        // A run that was killed before its first request cannot be resumed.
        resumed.ok()
    })
}

/// Kills sweeps at random times, before, while and after their queries run, resumes and kills them again. The last
/// process ends with what an undisturbed sweep finds, and no query was started twice.
#[test]
fn sweeps_killed_at_any_time_start_no_query_twice() {
    let undisturbed = process(async { cut_into_days() });
    let expected = process(async {
        let run = undisturbed.sweep(&TWO_DAYS).await;
        (results(&run), used(&run))
    });
    let queries = undisturbed.range().athena_statements().len();
    assert!(queries > 3, "{queries} queries");
    let mut rng = Rng::with_seed(seed());
    let mut compared = 0;
    for case in 0..cases(6) {
        let world = process(async { cut_into_days() });
        let limits = [(); 2].map(|()| Duration::from_millis(rng.u64(1..100_000)));
        let ended = process(async {
            let sweep = world.try_sweep(&TWO_DAYS, CancellationToken::new());
            let sweep = timeout(limits[0], sweep).await.ok()?;
            Some(sweep.unwrap())
        });
        let ended = ended
            .or_else(|| resume_for(&world, limits[1]))
            .or_else(|| resume_for(&world, Duration::MAX));
        let Some(run) = ended else {
            assert_eq!(world.calls("StartQueryExecution"), 0, "case {case}");
            continue;
        };
        let found = (results(&run), used(&run));
        assert_eq!(found, expected, "case {case}, killed after {limits:?}");
        let started = world.range().athena_statements().len();
        assert_eq!(started, queries, "case {case}, killed after {limits:?}");
        compared += 1;
    }
    assert!(compared > 0, "no run was compared");
}
