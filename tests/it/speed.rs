//! Checks on paused time that a sweep uses its quotas completely, in a good order, and never beyond
//! the limit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dragnet::store::{Checkpoint, EarlierFindings, Journal, RunDir, RunFacts};
use dragnet::sweep::{SweepParts, Tally, WindowBasis};
use dragnet_model::RunId;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::scenario::{Account, Event, Fault, Group, Trail};
use crate::world::{Run, World};

pub(crate) const ARGUMENTS: [&str; 7] = [
    "192.0.2.1",
    "--from",
    "2026-03-01T12:00:00Z",
    "--to",
    "2026-03-02T12:00:00Z",
    "--sources",
    "logs",
];

/// Two accounts in one Region. It allows 10 `FilterLogEvents` calls per second, of which a sweep
/// uses 8. A page has ten events.
pub(crate) const HEAD: &str = r#"
name = "speed"
now = "2026-03-02T12:00:00Z"
[organization]
management = "111111111111"
regions = ["eu-west-1"]
[behaviour]
events_scanned_a_page = 10
own_traces = false
empty_pages = false
[[accounts]]
id = "111111111111"
name = "management"
[[accounts]]
id = "222222222222"
name = "prod"
"#;

/// Returns events in a log group of `prod`, three per second until the end of the window. One in
/// three contains the address.
pub(crate) fn events(group: &str, count: u32) -> String {
    let seconds = count / 3;
    let at = format!(
        "2026-03-02T11:{:02}:{:02}Z",
        59 - (seconds - 1) / 60,
        59 - (seconds - 1) % 60
    );
    let mut text = String::from(Group::new("prod", group));
    for (offset, message) in [
        ("", "from 192.0.2.1 {n}"),
        (".3", "from 192.0.2.10 {n}"),
        (".7", "from 10.0.0.1 {n}"),
    ] {
        let at = at.replace('Z', &format!("{offset}Z"));
        text += &Event::new("222222222222", "eu-west-1", group, at, message).count(seconds);
    }
    text
}

pub(crate) fn slow(account: &str, milliseconds: u32) -> String {
    Fault::slow("FilterLogEvents", milliseconds)
        .account(account)
        .to_string()
}

/// Sweeps, and returns the run and its duration.
async fn timed(scenario: &str) -> (Run, Duration) {
    let world = World::from_toml(scenario);
    let start = Instant::now();
    let run = world.sweep(&ARGUMENTS).await;
    (run, start.elapsed())
}

fn units(run: &Run) -> Vec<(i64, i64)> {
    let database = rusqlite::Connection::open(run.outputs.directory.join("run.db")).unwrap();
    let mut select = database
        .prepare("SELECT from_ms, to_ms FROM unit WHERE events > 0 ORDER BY from_ms")
        .unwrap();
    select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn long_scan_is_sliced_with_the_same_result() {
    // Sixty pages at one second each: without slices, the scan would take a minute.
    let content = events("/central", 600);
    let (unsliced, _) = timed(&format!("{HEAD}{content}")).await;
    assert_eq!(
        units(&unsliced).len(),
        1,
        "responses are so fast that one scan uses the whole quota"
    );
    let (sliced, elapsed) = timed(&format!("{HEAD}{content}{}", slow("222222222222", 1_000))).await;
    assert!(elapsed < Duration::from_secs(15), "{elapsed:?}");
    assert!(units(&sliced).len() >= 6, "{:?}", units(&sliced));
    for name in ["sightings.csv", "sightings.jsonl"] {
        assert_eq!(sliced.file(name), unsliced.file(name), "{name}");
    }
    let numbers = |run: &Run| {
        run.columns(
            "coverage.csv",
            &[
                "log_group",
                "status",
                "from",
                "to",
                "events",
                "bytes",
                "sightings",
            ],
        )
    };
    assert_eq!(numbers(&sliced), numbers(&unsliced));
    assert_eq!(sliced.summary()["sightings"], 200);
}

#[tokio::test(start_paused = true)]
async fn long_scan_without_matches_is_sliced() {
    // Some two hundred pages at one second each, without a match. Their number is not known in
    // advance.
    let trail = Trail::new("all", "111111111111", "eu-west-1")
        .organization(true)
        .log_group("/trail")
        .events_a_day(30_000);
    let head = HEAD.replace(
        "events_scanned_a_page = 10\n",
        "events_scanned_a_page = 300\n",
    );
    let world = World::from_toml(&format!("{head}{trail}{}", slow("111111111111", 1_000)));
    let start = Instant::now();
    let run = world
        .sweep(&[&ARGUMENTS[..], &["--no-tamper-check"]].concat())
        .await;
    let calls = run.summary()["api_calls"]["FilterLogEvents"]
        .as_u64()
        .unwrap();
    assert!(calls > 150 && run.summary()["sightings"] == 0, "{calls}");
    // Eight pages are read before the scan is known to be long.
    assert!(
        start.elapsed() < Duration::from_secs(calls / 4),
        "{:?} for {calls} calls",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn many_scans_without_matches_are_not_sliced() {
    // Twenty log groups of twenty pages: 50 s at eight calls per second, with four calls in flight.
    let (run, elapsed) = timed(&format!(
        "{HEAD}{}{}",
        twenty_quiet_groups(),
        slow("222222222222", 500)
    ))
    .await;
    assert!(elapsed < Duration::from_secs(53), "{elapsed:?}");
    assert_eq!(run.summary()["api_calls"]["FilterLogEvents"], 400);
}

/// Returns log groups of twenty pages, none of whose events match.
pub(crate) fn twenty_quiet_groups() -> String {
    (0..20)
        .map(|n| events(&format!("/app-{n:02}"), 200).replace("192.0.2.1", "10.0.0.2"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn events_at_slice_borders_are_found_once() {
    // Events in every millisecond of half a second, and a hundred more in one of them. A page has
    // ten.
    let mut content = String::from(Group::new("prod", "/burst"));
    let times = (0..500).chain(std::iter::repeat_n(250, 100));
    for (n, ms) in times.enumerate() {
        content += &Event::new(
            "222222222222",
            "eu-west-1",
            "/burst",
            format!("2026-03-02T11:59:59.{ms:03}Z"),
            format!("{n} from 192.0.2.1"),
        );
    }
    let (run, _) = timed(&format!("{HEAD}{content}{}", slow("222222222222", 1_000))).await;
    let units = units(&run);
    assert!(units.len() >= 6, "{units:?}");
    assert!(
        units.windows(2).all(|pair| pair[0].1 <= pair[1].0),
        "{units:?}"
    );
    let found = run.columns("sightings.csv", &["message"]);
    assert_eq!(
        (found.len(), found.iter().collect::<BTreeSet<_>>().len()),
        (600, 600)
    );
    assert_eq!(
        run.columns("sightings.csv", &["copies"])
            .iter()
            .filter(|copies| *copies != "1")
            .count(),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn slices_cost_few_calls_when_the_quota_is_in_use() {
    // One log group of a hundred pages, and forty of three pages.
    let mut content = events("/central", 1_000);
    for n in 0..40 {
        content.push_str(&events(&format!("/app-{n:02}"), 27));
    }
    let (run, elapsed) = timed(&format!("{HEAD}{content}{}", slow("222222222222", 1_000))).await;
    let calls = run.summary()["api_calls"]["FilterLogEvents"]
        .as_u64()
        .unwrap();
    assert!((220..=235).contains(&calls), "{calls} calls for 220 pages");
    // Eight calls per second. The rest is for the assumed role, the two lists and the last
    // responses.
    assert!(
        elapsed < Duration::from_secs_f64(calls as f64 / 8.0 + 4.0),
        "{elapsed:?} for {calls} calls"
    );
}

#[tokio::test(start_paused = true)]
async fn largest_log_group_is_started_first() {
    // The last log group of the list has the most bytes, and is too short to be sliced.
    let mut content = events("/zz", 60);
    for n in 0..30 {
        content.push_str(&events(&format!("/app-{n:02}"), 3));
    }
    let run = World::from_toml(&format!("{HEAD}{content}{}", slow("222222222222", 1_000)))
        .sweep(&ARGUMENTS)
        .await;
    let database = rusqlite::Connection::open(run.outputs.directory.join("run.db")).unwrap();
    let groups = "SELECT DISTINCT location FROM sighting JOIN unit ON unit.id = unit JOIN place ON place.id = place
                  ORDER BY sighting.rowid LIMIT 2";
    let mut select = database.prepare(groups).unwrap();
    let first: Vec<String> = select
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(
        first.contains(&"/zz".to_owned()),
        "two calls are in flight at once: {first:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn slow_account_does_not_delay_others() {
    let other =
        String::from(Account::new("333333333333", "dev")) + &Group::new("dev", "/app").count(40);
    let crowd = Group::new("prod", "/app").count(100);
    let throttled = Fault::new("FilterLogEvents", "throttle")
        .account("222222222222")
        .every(2);
    for fault in [slow("222222222222", 20_000), throttled.into()] {
        let run = World::from_toml(&format!("{HEAD}{other}{crowd}{fault}"))
            .sweep(&ARGUMENTS)
            .await;
        let mut ended = BTreeMap::new();
        for call in run.columns("calls.csv", &["account_id", "time", "operation"]) {
            let [account, time, operation] = call.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{call}")
            };
            if operation == "FilterLogEvents" {
                ended.insert(account.to_owned(), time.to_owned());
            }
        }
        // Forty calls at eight per second for one account, a hundred for the other.
        assert!(
            ended["333333333333"].as_str() < "2026-03-02T12:00:07",
            "{ended:?}"
        );
        assert!(
            ended["222222222222"].as_str() > "2026-03-02T12:00:12",
            "{ended:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn full_quota_share_is_hardly_throttled() {
    let regions = HEAD.replace(
        "[\"eu-west-1\"]",
        "[\"eu-west-1\", \"us-east-1\", \"eu-central-1\"]",
    );
    let crowd = Group::everywhere("/app").count(120);
    let world = World::from_toml(&format!("{regions}{crowd}")).with_config(
        r"
[limits]
quota_share = 1.0
",
    );
    let summary = world.sweep(&ARGUMENTS).await.summary();
    let total = |section: &str| {
        summary[section]
            .as_object()
            .unwrap()
            .values()
            .map(|n| n.as_u64().unwrap())
            .sum::<u64>()
    };
    assert!(total("api_calls") > 700, "{summary}");
    assert!(total("throttled") * 100 < total("api_calls"), "{summary}");
}

#[tokio::test(start_paused = true)]
async fn summary_has_the_slowed_rates() {
    let content = events("/app", 300);
    let throttled = Fault::new("FilterLogEvents", "throttle").after(2).times(1);
    let run = World::from_toml(&format!("{HEAD}{content}{throttled}"))
        .sweep(&ARGUMENTS)
        .await;
    let rates = run.summary()["rates"].clone();
    let expected = serde_json::json!([{
        "operation": "FilterLogEvents", "account": "222222222222", "region": "eu-west-1",
        "allowed": 8.0, "slowest": 4.0, "last": 6.0,
    }]);
    assert_eq!(rates, expected);
}

#[tokio::test(start_paused = true)]
async fn stuck_call_times_out_and_is_retried() {
    let stuck = Fault::slow("FilterLogEvents", 600_000).after(1).times(1);
    let (run, elapsed) = timed(&format!("{HEAD}{}{stuck}", events("/app", 90))).await;
    assert!((60..75).contains(&elapsed.as_secs()), "{elapsed:?}");
    let calls = run.columns("calls.csv", &["operation", "status", "attempt"]);
    let attempts = |call: &str| calls.iter().filter(|made| *made == call).count();
    assert_eq!(
        ["FilterLogEvents Timeout 1", "FilterLogEvents ok 2"].map(attempts),
        [1, 1],
        "{calls:?}"
    );
    let searched = &run.summary()["log_groups"]["searched"];
    assert_eq!(
        (
            searched.as_u64(),
            run.columns("sightings.csv", &["event_id"]).len()
        ),
        (Some(1), 30)
    );
}

#[tokio::test(start_paused = true)]
async fn interruption_waits_briefly_for_pages_in_flight() {
    let content = format!("{HEAD}{}", events("/app", 300));
    for (latency, waited, pages) in [(2_000, 1.0, 1), (20_000, 5.0, 0)] {
        let world = World::from_toml(&format!("{content}{}", slow("222222222222", latency)));
        let cancel = CancellationToken::new();
        let interrupt = async {
            sleep(Duration::from_secs(1)).await;
            cancel.cancel();
            Instant::now()
        };
        let (run, interrupted) =
            tokio::join!(world.try_sweep(&ARGUMENTS, cancel.clone()), interrupt);
        let run = run.unwrap();
        assert_eq!(run.status(), "interrupted");
        let elapsed = interrupted.elapsed().as_secs_f64();
        assert!(
            (waited - 0.2..waited + 0.2).contains(&elapsed),
            "{elapsed} s"
        );
        let read: u64 = run
            .columns("coverage.csv", &["pages"])
            .iter()
            .map(|pages| pages.parse::<u64>().unwrap())
            .sum();
        assert_eq!(read, pages, "{latency} ms a response");
    }
}

pub(crate) async fn sweep_parts(
    world: &World,
    arguments: &[&str],
    directory: &Path,
    tally: Arc<Tally>,
) -> SweepParts {
    let settings = world.settings(arguments);
    let clock = world.environment().clock();
    let (audit, calls) = tokio::sync::mpsc::channel(64);
    let aws = world
        .environment()
        .connect(&settings.reach, Some(audit))
        .await
        .unwrap();
    let run_id = RunId::new(clock.now(), 1);
    let dir = RunDir::create(directory, &run_id).unwrap();
    let (journal, _) = Journal::create(&dir, &RunFacts::default()).unwrap();
    let started = clock.now();
    let checkpoint = Checkpoint::default();
    let cancel = CancellationToken::new();
    SweepParts {
        part: None,
        aws,
        calls,
        clock,
        windows: WindowBasis::EventTime(settings.window),
        settings,
        run_id,
        started,
        checkpoint,
        earlier: EarlierFindings::default(),
        journal,
        tally,
        cancel,
    }
}
