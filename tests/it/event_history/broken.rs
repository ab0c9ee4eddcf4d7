//! Broken responses, throttled calls and a process that is killed: nothing is lost without a gap.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{IP, call, covered, histories, scenario, world};
use crate::cases::cases;
use crate::scenario::Fault;
use crate::world::{Run, World};

/// Returns this many calls in one account-Region, a second apart.
fn calls_in_a_row(number: u32) -> String {
    (0..number)
        .map(|n| {
            let at = format!("{}s ago", 1_200 + n);
            call("222222222222", "eu-west-1", &at, "DeleteBucket").to_string()
        })
        .collect()
}

/// Searches the event history of the account-Region of these calls.
const ONE_HISTORY: [&str; 9] = [
    IP,
    "--sources",
    "history",
    "--require",
    "management",
    "--account",
    "prod",
    "--region",
    "eu-west-1",
];

#[tokio::test(start_paused = true)]
async fn pages_without_end_or_list_are_a_gap() {
    let endless = Fault::new("LookupEvents", "repeated-token");
    let absent = Fault::incomplete("LookupEvents", "without-member").member("Events");
    for (fault, expected) in [
        (endless, "partial endless-pages: LookupEvents: the server"),
        (absent, "failed unproven-empty: LookupEvents"),
    ] {
        let run = world(&(calls_in_a_row(120) + &fault))
            .sweep(&ONE_HISTORY)
            .await;
        let rows = histories(&run);
        let expected = format!("222222222222 eu-west-1 {expected}");
        assert!(
            rows.len() == 1 && rows[0].starts_with(&expected),
            "{rows:?}"
        );
        assert!(covered(&run).is_empty());
        assert_eq!(run.status(), "incomplete");
    }
}

#[tokio::test(start_paused = true)]
async fn changed_responses_hide_nothing() {
    let records = calls_in_a_row(70);
    let truth = world(&records).sweep(&ONE_HISTORY).await;
    assert_eq!(truth.status(), "complete");
    let truth = results(&truth);
    assert_eq!(truth.0.len(), 70);
    let mut noticed = 0;
    for case in 0..cases(12) {
        let fault = Fault::incomplete("LookupEvents", "any")
            .seed(Rng::with_seed(u64::from(case)).u32(..))
            .after(case % 3)
            .times(if case.is_multiple_of(4) { 1 } else { 10_000 });
        let run = world(&format!("{records}{fault}"))
            .sweep(&ONE_HISTORY)
            .await;
        let is_complete = run.status() == "complete";
        assert!(!is_complete || results(&run) == truth, "{fault}");
        noticed += u32::from(!is_complete);
    }
    assert!(noticed > 0, "no change was noticed");
}

/// Returns the records that were found, and the numbers of the event histories.
fn results(run: &Run) -> (Vec<String>, Vec<String>) {
    let columns = [
        "source",
        "account_id",
        "region",
        "status",
        "events",
        "sightings",
    ];
    let numbers = run
        .columns("coverage.csv", &columns)
        .into_iter()
        .filter(|row| row.starts_with("history "));
    (
        run.columns("sightings.csv", &["event_time", "record_id", "copies"]),
        numbers.collect(),
    )
}

#[tokio::test(start_paused = true)]
async fn throttled_pages_are_read_again() {
    let planted = call("222222222222", "eu-west-1", "1h ago", "DeleteBucket");
    let throttled = Fault::new("LookupEvents", "throttle").times(5);
    let run = world(&(planted.to_string() + &throttled))
        .sweep(&[IP, "--require", "management"])
        .await;
    assert_eq!(run.status(), "complete");
    assert_eq!(
        run.columns("sightings.csv", &["event_name"]),
        ["DeleteBucket"]
    );
    assert!(run.summary()["throttled"]["LookupEvents"].as_u64() >= Some(1));
}

/// Runs `work` as a process would: time starts over, and anything that was not written at its end
/// is lost.
fn process<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

#[test]
fn killed_run_resumes_to_the_same_result() {
    const ARGUMENTS: [&str; 5] = [IP, "--since", "2h", "--sources", "history"];
    let scenario = scenario(&(calls_in_a_row(120) + &Fault::slow("*", 50)));
    let expected = process(async {
        let run = World::from_toml(&scenario).sweep(&ARGUMENTS).await;
        assert!(histories(&run).iter().all(|row| row.ends_with(" searched")));
        results(&run)
    });
    assert_eq!(expected.0.len(), 120);
    let mut survived = 0;
    for time in (0..30).map(|n| Duration::from_millis(n * 150)) {
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
    assert!(survived > 10, "{survived}");
}
