//! Runs that are interrupted and resumed, on paused time: at any time, and any number of times.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::run_checksums::{accept_changes, change_run, open_database as database};
use crate::scenario::{Behaviour, Fault, Group};
use crate::world::{SMALL, World, event};

const ARGUMENTS: [&str; 5] = [
    "192.0.2.1",
    "--query-string",
    "filter @message like /from 192.0.2/ | stats count(*) as n, earliest(@message) as first by @log",
    "--from",
    "2026-03-01T12:00:00Z",
];

/// A time at which some pages are read and others are not.
const MIDDLE: Duration = Duration::from_millis(500);

/// Returns three log groups with sixty events each, on pages of ten. Every response takes some
/// time.
fn scenario() -> String {
    let account_regions = [
        ("222222222222", "eu-west-1"),
        ("222222222222", "us-east-1"),
        ("333333333333", "eu-west-1"),
    ];
    let events = account_regions.iter().flat_map(|(account, region)| {
        (0..60).map(move |n| {
            let address = if n % 3 == 0 {
                "192.0.2.1"
            } else {
                "192.0.2.10"
            };
            event(
                account,
                region,
                "/app",
                &format!("{}m ago", 10 + n),
                &format!("{n} from {address}"),
            )
        })
    });
    let slow = String::from(Behaviour::new().events_scanned_a_page(10).own_traces(false))
        + &Fault::slow("*", 50);
    format!("{SMALL}{}{slow}", events.collect::<String>())
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

/// Returns the sightings, the counts of a hunt, and the numbers of the coverage of a run that was
/// not interrupted.
fn uninterrupted_result() -> ([String; 2], Vec<String>) {
    process(async {
        let run = World::from_toml(&scenario()).sweep(&ARGUMENTS).await;
        (sightings_and_counts(&run), coverage_numbers(&run))
    })
}

fn sightings_and_counts(run: &crate::world::Run) -> [String; 2] {
    ["sightings.csv", "hunts/query-string.by-target.csv"].map(|name| run.file(name))
}

fn coverage_numbers(run: &crate::world::Run) -> Vec<String> {
    let columns = [
        "account_id",
        "region",
        "log_group",
        "status",
        "reason",
        "pages",
        "events",
        "bytes",
        "sightings",
    ];
    run.columns("coverage.csv", &columns)
}

#[test]
fn run_killed_at_any_time_resumes_to_same_result() {
    let scenario = scenario();
    let expected = uninterrupted_result();
    let mut survived = 0;
    for time in (0..24).map(|n| Duration::from_millis(n * 30)) {
        let first = process(async { World::from_toml(&scenario) });
        process(async {
            let world = first.restarted_with(&scenario);
            _ = timeout(time, world.try_sweep(&ARGUMENTS, CancellationToken::new())).await;
        });
        let Some(directory) = first.runs().pop() else {
            continue;
        };
        // Kills the run again while it is resumed.
        process(async {
            _ = timeout(time / 2, first.restarted_with(&scenario).resume(&directory)).await;
        });
        let ended = process(async {
            let run = first
                .restarted_with(&scenario)
                .resume(&directory)
                .await
                .unwrap();
            (sightings_and_counts(&run), coverage_numbers(&run))
        });
        assert_eq!(ended, expected, "killed after {time:?}");
        survived += 1;
    }
    assert!(
        survived >= 15,
        "only {survived} kills were after the start of the run"
    );
}

#[test]
fn resume_continues_at_next_page_and_skips_finished_groups() {
    let scenario = scenario();
    let expected = uninterrupted_result();
    let world = process(async { World::from_toml(&scenario) });
    let (directory, pages_read) = process(async {
        let cancel = CancellationToken::new();
        let interrupting = cancel.clone();
        tokio::spawn(async move {
            sleep(MIDDLE).await;
            interrupting.cancel();
        });
        let run = world
            .restarted_with(&scenario)
            .try_sweep(&ARGUMENTS, cancel)
            .await
            .unwrap();
        assert_eq!(run.status(), "interrupted");
        (run.outputs.directory.clone(), pages(&run))
    });
    process(async {
        let world = world.restarted_with(&scenario);
        let run = world.resume(&directory).await.unwrap();
        assert_eq!(
            (sightings_and_counts(&run), coverage_numbers(&run)),
            expected
        );
        assert_eq!(run.status(), "complete");
        assert!(
            (1..pages(&run)).contains(&pages_read),
            "{pages_read} pages were read before"
        );
        assert_eq!(
            world.calls("FilterLogEvents"),
            pages(&run) - pages_read,
            "no page is read twice"
        );
    });
    process(async {
        let world = world.restarted_with(&scenario);
        let run = world.resume(&directory).await.unwrap();
        assert_eq!(
            (sightings_and_counts(&run), world.calls("FilterLogEvents")),
            (expected.0.clone(), 0)
        );
    });
}

fn pages(run: &crate::world::Run) -> u64 {
    run.columns("coverage.csv", &["pages"])
        .iter()
        .map(|pages| pages.parse::<u64>().unwrap())
        .sum()
}

#[test]
fn expired_page_token_restarts_its_group() {
    let scenario = scenario();
    let expected = uninterrupted_result();
    for spoil in [
        // Older than 24 hours, the lifetime of a token.
        "UPDATE unit SET token_ms = token_ms - 86400000 WHERE token IS NOT NULL",
        // The token of a server that has forgotten it.
        "UPDATE unit SET token = 'forgotten' WHERE token IS NOT NULL",
    ] {
        // Finds the first time at which there is a token to spoil.
        let spoiled = (4..60).find_map(|n| {
            let world = process(async { World::from_toml(&scenario) });
            process(async {
                let sweep = world.restarted_with(&scenario);
                let time = Duration::from_millis(n * 50);
                _ = timeout(time, sweep.try_sweep(&ARGUMENTS, CancellationToken::new())).await;
            });
            let directory = world.runs().pop()?;
            // A run that was stopped before its database had tables cannot be spoiled.
            let spoiled = database(&directory).execute(spoil, []).ok()?;
            accept_changes(&directory, &database(&directory));
            (spoiled > 0).then_some((world, directory))
        });
        let (world, directory) = spoiled.unwrap();
        process(async {
            let run = world
                .restarted_with(&scenario)
                .resume(&directory)
                .await
                .unwrap();
            assert_eq!(
                (sightings_and_counts(&run), coverage_numbers(&run)),
                expected,
                "{spoil}"
            );
        });
    }
}

#[tokio::test(start_paused = true)]
async fn denied_group_is_retried_on_resume() {
    let planted = event(
        "333333333333",
        "us-east-1",
        "/app",
        "1h ago",
        "from 192.0.2.1",
    );
    let fault = Fault::denied("*LogGroups").account("333333333333");
    let world = World::small_with(&format!("{planted}{fault}"));
    let run = world.sweep(&ARGUMENTS).await;
    assert_eq!(
        (run.status().as_str(), run.summary()["sightings"].as_u64()),
        ("incomplete", Some(0))
    );
    let allowed = world.restarted_with(&format!("{SMALL}{planted}"));
    let run = allowed.resume(&run.outputs.directory).await.unwrap();
    assert_eq!(
        (run.status().as_str(), run.summary()["sightings"].as_u64()),
        ("complete", Some(1))
    );
    assert_eq!(
        run.coverage()
            .iter()
            .filter(|row| row.starts_with("333333333333"))
            .count(),
        2,
        "no stale row is left"
    );
}

#[tokio::test(start_paused = true)]
async fn resume_refuses_another_scope_or_format() {
    let world = World::small_with("");
    let directory = world.sweep(&ARGUMENTS).await.outputs.directory.clone();
    let resume_error = async || {
        world
            .restarted_with(SMALL)
            .resume(&directory)
            .await
            .err()
            .unwrap()
            .to_string()
    };
    let change = |sql: &str| assert!(change_run(&directory, sql) > 0);

    let other_account =
        "UPDATE fact SET value = 'arn:aws:iam::999999999999:user/x' WHERE key = 'caller_arn'";
    change(other_account);
    assert!(
        resume_error()
            .await
            .contains("use credentials of the account")
    );
    change("UPDATE fact SET value = 'arn:aws:iam::111111111111:user/x' WHERE key = 'caller_arn'");
    assert!(
        world.restarted_with(SMALL).resume(&directory).await.is_ok(),
        "another user of the same account may resume"
    );

    change(
        "UPDATE fact SET value = replace(value, '192.0.2.1', '192.0.2.2') WHERE key = 'settings'",
    );
    assert!(resume_error().await.contains("settings do not match"));
    change("UPDATE fact SET value = '99' WHERE key = 'format'");
    assert!(resume_error().await.contains("format 99"));
}

#[tokio::test(start_paused = true)]
async fn groups_created_or_deleted_during_run_are_reported() {
    let fault = Fault::new("FilterLogEvents", "delete-group")
        .account("222222222222")
        .region("eu-west-1")
        .after(1)
        .times(1);
    let two = Group::new("prod", "/zz").region("eu-west-1");
    let run = World::small_with(&format!("{two}{fault}"))
        .sweep(&ARGUMENTS)
        .await;
    let disappeared: Vec<String> = run
        .coverage()
        .into_iter()
        .filter(|row| row.contains("disappeared"))
        .collect();
    assert_eq!(disappeared.len(), 1, "{:#?}", run.coverage());
    assert!(disappeared[0].contains("group-gone"), "{disappeared:?}");
    // Created after the run started. Events of an earlier log group with the same name are unknown.
    let late = Group::new("prod", "/late")
        .region("eu-west-1")
        .created("2026-03-02T12:00:01Z");
    let run = World::small_with(&late).sweep(&ARGUMENTS).await;
    assert!(
        run.coverage_row("222222222222 eu-west-1 /late")
            .contains("partial appeared-during-run"),
        "{:?}",
        run.coverage()
    );
}
