//! Log sources: exactly those account-Regions are reported as covered whose records are in the log
//! groups that were searched.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;

use crate::world::{Run, SMALL, World, event, record};

const IP: &str = "192.0.2.1";
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// Returns the organization of [`SMALL`] with `more` instead of its trail.
fn world(more: &str) -> World {
    let (before, trail_and_after) = SMALL.split_once("[[trails]]").unwrap();
    let (_, after) = trail_and_after.split_once("[[groups]]").unwrap();
    World::of(&format!("{before}[[groups]]{after}{more}"))
}

fn trail(name: &str, account: &str, home: &str, more: &str) -> String {
    format!("[[trails]]\nname = \"{name}\"\naccount = \"{account}\"\nhome = \"{home}\"\n{more}\n")
}

/// Returns a call in the form of a scenario. Its record is delivered by the trails that record this
/// account-Region.
fn record_toml(account: &str, region: &str, read_only: bool) -> String {
    format!(
        "[[records]]\naccount = \"{account}\"\nregion = \"{region}\"\nat = \"1h ago\"\nby = \"arn:aws:iam::{account}:user/bob\"\n\
         service = \"s3\"\naction = \"{}\"\nip = \"{IP}\"\nread_only = {read_only}\n",
        if read_only {
            "ListBuckets"
        } else {
            "DeleteBucket"
        }
    )
}

/// Returns the CloudTrail rows of `sources.csv` as `account region status`.
fn sources(run: &Run) -> Vec<String> {
    let rows = run.columns(
        "sources.csv",
        &["source", "event_account_id", "event_region", "status"],
    );
    rows.into_iter()
        .filter_map(|row| row.strip_prefix("cloudtrail ").map(str::to_owned))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_account_is_found_in_the_central_group_and_no_other() {
    let stored = |id: &str, account: &str, region: &str| {
        let record = record(id, account, region, "2026-03-02T10:00:00Z", IP);
        event(
            "111111111111",
            "us-east-1",
            "/trail",
            "2026-03-02T10:01:00Z",
            &record,
        )
    };
    let planted = [
        stored("dev", "333333333333", "eu-west-1"),
        stored("prod", "222222222222", "eu-west-1"),
        stored("stranger", "999999999999", "eu-west-1"),
        event(
            "111111111111",
            "us-east-1",
            "/trail",
            "1h ago",
            "no record 192.0.2.1",
        ),
    ];
    let world = World::small_with(&planted.concat());
    let run = world.sweep(&[IP, "--account", "dev"]).await;
    assert_eq!(
        run.columns("sightings.csv", &["record_id", "event_account_id"]),
        ["dev 333333333333"]
    );
    assert_eq!(
        run.place("111111111111"),
        "111111111111 us-east-1 /trail searched"
    );
    assert_eq!(run.status(), "complete");
    assert_eq!(run.summary()["accounts"]["in_scope"], 1);
    assert_eq!(
        run.summary()["sources"]["accounts"],
        serde_json::json!({"searched": 1})
    );
    assert_eq!(world.calls("GetTrailStatus"), 1);
    let run = world.sweep(&[IP, "--exclude-account", "management"]).await;
    assert_eq!(
        run.columns("sightings.csv", &["record_id"]),
        ["prod", "dev"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_region_is_found_in_the_home_of_its_trail() {
    let own = trail("own", "222222222222", "eu-west-1", "log_group = \"/own\"");
    let stored = |region: &str| {
        let record = record(region, "222222222222", region, "2026-03-02T10:00:00Z", IP);
        event(
            "222222222222",
            "eu-west-1",
            "/own",
            "2026-03-02T10:01:00Z",
            &record,
        )
    };
    let world = world(&[own, stored("us-east-1"), stored("eu-west-1")].concat());
    let run = world
        .sweep(&[IP, "--account", "prod", "--region", "us-east-1"])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &["record_id", "region"]),
        ["us-east-1 eu-west-1"]
    );
    assert_eq!(sources(&run), ["222222222222 us-east-1 searched"]);
    assert_eq!(
        (
            run.status().as_str(),
            run.summary()["targets"]["in_scope"].as_u64()
        ),
        ("complete", Some(1))
    );
}

#[tokio::test(start_paused = true)]
async fn each_trail_is_asked_about_once_and_each_group_is_read_once() {
    let world = World::small_with("");
    let run = world.sweep(&[IP]).await;
    assert_eq!(
        (world.calls("DescribeTrails"), world.calls("GetTrailStatus")),
        (6, 1)
    );
    assert_eq!(world.calls("GetEventSelectors"), 1);
    assert_eq!(
        run.coverage()
            .iter()
            .filter(|row| row.contains("/trail"))
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn every_state_of_a_source_is_told() {
    let [management, prod, dev] = ACCOUNTS;
    let stopped = trail(
        "stopped",
        management,
        "us-east-1",
        "log_group = \"/stopped\"\nlogging = false",
    );
    let failing = trail(
        "failing",
        prod,
        "us-east-1",
        "log_group = \"/t\"\ndelivery_error = \"AccessDenied\"",
    );
    let one_region = trail(
        "one",
        dev,
        "us-east-1",
        "multi_region = false\nlog_group = \"/one\"\nrecords = \"WriteOnly\"",
    );
    let bucket = trail("bucket", dev, "eu-west-1", "multi_region = false");
    let flow = "[[flow_logs]]\naccount = \"dev\"\nregion = \"us-east-1\"\nlog_group = \"/flows\"\n";
    let run = world(&[&stopped, &failing, &one_region, &bucket, flow].concat())
        .sweep(&[IP])
        .await;
    let all = run.columns(
        "sources.csv",
        &["event_account_id", "event_region", "source", "status"],
    );
    assert_eq!(
        all,
        [
            "111111111111 eu-west-1 cloudtrail stopped",
            "111111111111 eu-west-1 vpc-flow no-source",
            "111111111111 us-east-1 cloudtrail stopped",
            "111111111111 us-east-1 vpc-flow no-source",
            "222222222222 eu-west-1 cloudtrail failing",
            "222222222222 eu-west-1 vpc-flow no-source",
            "222222222222 us-east-1 cloudtrail failing",
            "222222222222 us-east-1 vpc-flow no-source",
            "333333333333 eu-west-1 cloudtrail only-s3",
            "333333333333 eu-west-1 vpc-flow no-source",
            "333333333333 us-east-1 cloudtrail partial",
            "333333333333 us-east-1 vpc-flow searched",
        ]
    );
    let reasons = run.columns("sources.csv", &["reason"]).join("\n");
    for part in [
        "s3://cloudtrail-333333333333",
        "AccessDenied",
        "writes alone",
        "switched off",
    ] {
        assert!(reasons.contains(part), "{part}: {reasons}");
    }
    assert_eq!(run.status(), "incomplete");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_records_is_a_gap_unless_that_is_not_asked_or_accepted() {
    let nothing = || world("");
    assert_eq!(nothing().sweep(&[IP]).await.status(), "incomplete");
    assert_eq!(
        nothing().sweep(&[IP, "--log-group", "/app"]).await.status(),
        "complete"
    );
    let with = |config: &'static str| async move {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dragnet.toml");
        std::fs::write(&file, config).unwrap();
        let world = nothing();
        world.sweep(&[IP, "--config", file.to_str().unwrap()]).await
    };
    assert_eq!(
        with("[scope]\nsources = \"report\"").await.status(),
        "complete"
    );
    let accepted = with(
        "[[scope.accepted_gap]]\naccounts = [\"*\"]\nreason = \"no trail yet\"\nby = \"secops\"\nexpires = \"2027-01-01\"",
    );
    let accepted = accepted.await;
    assert_eq!(accepted.status(), "complete");
    assert_eq!(
        accepted.summary()["sources"]["accounts"],
        serde_json::json!({"accepted": 3})
    );
}

#[tokio::test(start_paused = true)]
async fn a_central_group_that_cannot_be_reached_leaves_the_account_uncovered() {
    let away = "[[faults]]\noperation = \"FilterLogEvents\"\naccount = \"111111111111\"\nkind = \"access-denied\"\n";
    let run = World::small_with(away)
        .sweep(&[IP, "--account", "dev"])
        .await;
    assert_eq!(
        sources(&run),
        [
            "333333333333 eu-west-1 denied",
            "333333333333 us-east-1 denied"
        ]
    );
    assert_eq!(run.status(), "incomplete");
    let silent = "[[faults]]\noperation = \"DescribeTrails\"\naccount = \"333333333333\"\nregion = \"eu-west-1\"\nkind = \"access-denied\"\n";
    let run = World::small_with(silent)
        .sweep(&[IP, "--account", "dev"])
        .await;
    assert_eq!(
        sources(&run),
        [
            "333333333333 eu-west-1 searched",
            "333333333333 us-east-1 searched"
        ],
        "of all Regions"
    );
    let deaf = silent.replace("region = \"eu-west-1\"\n", "");
    let run = World::small_with(&deaf)
        .sweep(&[IP, "--account", "dev"])
        .await;
    assert_eq!(
        sources(&run),
        [
            "333333333333 eu-west-1 denied",
            "333333333333 us-east-1 denied"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_the_recording_is_told_without_being_asked_for() {
    let tampering = |id: &str, name: &str| {
        let record = record(
            id,
            "222222222222",
            "us-east-1",
            "2026-03-02T10:00:00Z",
            "203.0.113.7",
        );
        let record = record.replace("ListBuckets", name);
        event(
            "111111111111",
            "us-east-1",
            "/trail",
            "2026-03-02T10:01:00Z",
            &record,
        )
    };
    let planted = [
        tampering("a", "StopLogging"),
        tampering("b", "DeleteTrail"),
        tampering("c", "ListBuckets"),
    ]
    .concat();
    let world = World::small_with(&planted);
    let run = world.sweep(&[IP, "--account", "dev"]).await;
    assert_eq!(
        run.columns("tampering.csv", &["event_name", "source_ip"]),
        ["DeleteTrail 203.0.113.7", "StopLogging 203.0.113.7"]
    );
    let quiet = world
        .sweep(&[IP, "--account", "dev", "--no-tamper-check"])
        .await;
    assert_eq!(
        quiet.columns("tampering.csv", &["event_name"]),
        Vec::<String>::new()
    );
    // No filter pattern is safe for a character that may be escaped, so everything is read.
    let all = world.sweep(&["text:é"]).await;
    assert_eq!(
        all.summary()["tampering"],
        serde_json::json!({"DeleteTrail": 1, "StopLogging": 1})
    );
    let hours = all.columns("hours.csv", &["event_account_id", "hour", "records"]);
    assert!(
        hours.contains(&"222222222222 2026-03-02T10:00:00.000Z 3".to_owned()),
        "{hours:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_practice_organization_is_told_as_it_is() {
    let scenario = include_str!("../../config/range/small.toml");
    let world = World::of(scenario);
    let run = world.sweep(&["198.51.100.23"]).await;
    assert_covered_is_what_is_kept(&world, &run);
    let counts = &run.summary()["sources"]["accounts"];
    assert_eq!(counts, &serde_json::json!({"no-source": 2, "searched": 9}));
    let dev = world.sweep(&["198.51.100.23", "--account", "dev"]).await;
    assert_eq!(
        (dev.status().as_str(), dev.summary()["sightings"].as_u64()),
        ("complete", Some(8))
    );
}

/// Asserts that exactly those account-Regions are reported as covered whose records the range
/// stores in a log group that was searched.
fn assert_covered_is_what_is_kept(world: &World, run: &Run) {
    let searched: BTreeSet<String> = run
        .coverage()
        .into_iter()
        .filter_map(|row| row.strip_suffix(" searched").map(str::to_owned))
        .collect();
    let rows = sources(run);
    let cells: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row.rsplit_once(' '))
        .map(|(cell, _)| cell)
        .collect();
    for cell in cells {
        let (account, region) = cell.split_once(' ').unwrap();
        let kept = world
            .range()
            .kept_in(account.parse().unwrap(), &region.parse().unwrap())
            .into_iter();
        let is_kept = kept
            .map(|(account, region, name)| format!("{account} {region} {name}"))
            .any(|group| searched.contains(&group));
        let is_told = rows.iter().any(|row| row == &format!("{cell} searched"));
        assert_eq!(is_told, is_kept, "{cell}: {rows:#?}");
    }
}

/// A random trail.
fn any_trail(number: usize) -> impl Strategy<Value = String> {
    let state = prop_oneof![
        3 => Just("log_group = \"/t\""),
        1 => Just("log_group = \"/t\"\nlogging = false"),
        1 => Just("log_group = \"/t\"\ndelivery_error = \"AccessDenied\""),
        1 => Just("log_group = \"/t\"\nlast_delivery = \"5h ago\"\ndelivery_error = \"Throttled\""),
        1 => Just(""),
    ];
    let place = (
        prop::sample::select(&ACCOUNTS[..]),
        prop::sample::select(&REGIONS[..]),
    );
    (place, state, any::<bool>(), any::<bool>()).prop_map(
        move |((account, home), state, organization, multi_region)| {
            // Only the management account can have organization trails.
            let organization = organization && account == ACCOUNTS[0];
            let state = state.replace("/t", &format!("/trail-{number}"));
            let more =
                format!("{state}\norganization = {organization}\nmulti_region = {multi_region}");
            trail(&format!("t{number}"), account, home, &more)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn covered_is_what_the_searched_groups_hold(
        trails in (0_usize..4).prop_flat_map(|count| (0..count).map(any_trail).collect::<Vec<_>>()),
        narrowed in prop::option::of(prop::sample::select(vec!["prod", "dev"])),
    ) {
        let mut scenario = trails.concat();
        for account in ACCOUNTS {
            for region in REGIONS {
                _ = write!(scenario, "{}{}", record_toml(account, region, true), record_toml(account, region, false));
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = world(&scenario);
            let narrow: &[&str] = if let Some(account) = &narrowed { &["--account", account] } else { &[] };
            let run = world.sweep(&[&[IP], narrow].concat()).await;
            assert_covered_is_what_is_kept(&world, &run);
            // The sightings are those of the covered account-Regions, each of the two records once.
            let rows = sources(&run);
            let covered: BTreeSet<&str> = rows.iter().filter_map(|row| row.strip_suffix(" searched")).collect();
            let found = run.columns("sightings.csv", &["event_account_id", "event_region"]);
            let expected: BTreeSet<&str> = found.iter().map(String::as_str).collect();
            assert_eq!(covered, expected);
            assert_eq!(found.len(), expected.len() * 2, "{found:?}");
        });
    }
}
