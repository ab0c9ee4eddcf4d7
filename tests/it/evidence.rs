//! Log sources: exactly those account-Regions are reported as covered whose records are in the log
//! groups that were searched.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;

use crate::scenario::{Behaviour, Fault, FlowLog, Record, ScenarioBuilder, Trail};
use crate::world::{REPORT_SOURCES, Run, World, delivered, event, record};

const IP: &str = "192.0.2.1";
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// Returns an organization of two member accounts in two Regions without a trail, and `more`.
fn world(more: &str) -> World {
    let scenario = ScenarioBuilder::new("test")
        .regions(&["eu-west-1", "us-east-1"])
        .account("222222222222", "prod")
        .account("333333333333", "dev")
        .group(["prod", "dev"], "/app")
        .with(more);
    World::from_toml(&scenario.toml())
}

/// Returns a call in the form of a scenario. Its record is delivered by the trails that record this
/// account-Region.
fn call(account: &str, region: &str, read_only: bool) -> Record {
    let action = if read_only {
        "ListBuckets"
    } else {
        "DeleteBucket"
    };
    let bob = format!("arn:aws:iam::{account}:user/bob");
    Record::new(account, region, "1h ago", bob)
        .call("s3", action)
        .ip(IP)
        .read_only(read_only)
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
async fn sweep_of_one_account_reads_its_records_in_the_central_group() {
    let trail_event = |id: &str, account: &str, region: &str| {
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
        trail_event("dev", "333333333333", "eu-west-1"),
        trail_event("prod", "222222222222", "eu-west-1"),
        trail_event("unlisted", "999999999999", "eu-west-1"),
        event(
            "111111111111",
            "us-east-1",
            "/trail",
            "1h ago",
            "no record 192.0.2.1",
        ),
    ];
    let world = World::small_with(&planted.concat());
    let run = world
        .sweep(&[IP, "--sources", "logs", "--account", "dev"])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &["record_id", "event_account_id"]),
        ["dev 333333333333"]
    );
    assert_eq!(
        run.coverage_row("111111111111"),
        "111111111111 us-east-1 /trail searched"
    );
    assert_eq!(run.status(), "complete");
    assert_eq!(run.summary()["accounts"]["in_scope"], 1);
    assert_eq!(
        run.summary()["sources"]["accounts"],
        serde_json::json!({"searched": 1})
    );
    // One call in its home Region, and one in the other Region that it records.
    assert_eq!(world.calls("GetTrailStatus"), 2);
    let run = world.sweep(&[IP, "--exclude-account", "management"]).await;
    assert_eq!(
        run.columns("sightings.csv", &["record_id"]),
        ["prod", "dev"]
    );
}

#[tokio::test(start_paused = true)]
async fn records_of_a_region_are_read_in_the_home_region_of_its_trail() {
    let own = Trail::new("own", "222222222222", "eu-west-1").log_group("/own");
    let trail_event = |region: &str| {
        let record = record(region, "222222222222", region, "2026-03-02T10:00:00Z", IP);
        event(
            "222222222222",
            "eu-west-1",
            "/own",
            "2026-03-02T10:01:00Z",
            &record,
        )
    };
    let world = world(&format!(
        "{own}{}{}",
        trail_event("us-east-1"),
        trail_event("eu-west-1")
    ));
    let run = world
        .sweep(&[
            IP,
            "--sources",
            "logs",
            "--account",
            "prod",
            "--region",
            "us-east-1",
        ])
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
async fn each_trail_is_described_once_and_each_log_group_is_read_once() {
    let world = World::small_with("");
    let run = world.sweep(&[IP, "--sources", "logs"]).await;
    assert_eq!(
        (world.calls("DescribeTrails"), world.calls("GetTrailStatus")),
        (6, 2)
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
async fn sources_csv_has_the_status_of_every_source() {
    let [management, prod, dev] = ACCOUNTS;
    let stopped = Trail::new("stopped", management, "us-east-1")
        .log_group("/stopped")
        .logging(false);
    let failing = Trail::new("failing", prod, "us-east-1")
        .log_group("/t")
        .delivery_error("AccessDenied");
    let one_region = Trail::new("one", dev, "us-east-1")
        .multi_region(false)
        .log_group("/one")
        .records("WriteOnly");
    let bucket = Trail::new("bucket", dev, "eu-west-1").multi_region(false);
    let flow = FlowLog::new("dev", "us-east-1", "/flows");
    let run = world(&format!("{stopped}{failing}{one_region}{bucket}{flow}"))
        .sweep(&[IP, "--sources", "logs"])
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
        "only writes",
        "logging is off",
    ] {
        assert!(reasons.contains(part), "{part}: {reasons}");
    }
    assert_eq!(run.status(), "incomplete");
}

#[tokio::test(start_paused = true)]
async fn missing_trail_is_a_gap_unless_not_required_or_accepted() {
    let no_trails = || world("");
    assert_eq!(
        no_trails().sweep(&[IP, "--sources", "logs"]).await.status(),
        "incomplete"
    );
    let one_group = no_trails()
        .sweep(&[IP, "--sources", "logs", "--log-group", "/app"])
        .await;
    assert_eq!(one_group.status(), "complete");
    let not_required = no_trails().with_config(REPORT_SOURCES);
    assert_eq!(
        not_required
            .sweep(&[IP, "--sources", "logs"])
            .await
            .status(),
        "complete"
    );
    let gap = r#"
[[scope.accepted_gap]]
accounts = ["*"]
reason = "no trail yet"
by = "secops"
expires = "2027-01-01"
"#;
    let accepted = no_trails()
        .with_config(gap)
        .sweep(&[IP, "--sources", "logs"])
        .await;
    assert_eq!(accepted.status(), "complete");
    assert_eq!(
        accepted.summary()["sources"]["accounts"],
        serde_json::json!({"accepted": 3})
    );
}

#[tokio::test(start_paused = true)]
async fn denied_central_group_leaves_the_account_uncovered() {
    let central_denied = Fault::denied("FilterLogEvents").account("111111111111");
    let run = World::small_with(&central_denied)
        .sweep(&[IP, "--sources", "logs", "--account", "dev"])
        .await;
    assert_eq!(
        sources(&run),
        [
            "333333333333 eu-west-1 denied",
            "333333333333 us-east-1 denied"
        ]
    );
    assert_eq!(run.status(), "incomplete");
    let one_region_denied = Fault::denied("DescribeTrails")
        .account("333333333333")
        .region("eu-west-1");
    let run = World::small_with(&one_region_denied)
        .sweep(&[IP, "--sources", "logs", "--account", "dev"])
        .await;
    assert_eq!(
        sources(&run),
        [
            "333333333333 eu-west-1 searched",
            "333333333333 us-east-1 searched"
        ],
        "of all Regions"
    );
    let all_regions_denied = Fault::denied("DescribeTrails").account("333333333333");
    let run = World::small_with(&all_regions_denied)
        .sweep(&[IP, "--sources", "logs", "--account", "dev"])
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
async fn tampering_is_reported_by_every_sweep() {
    let tampering = |id: &str, name: &str| {
        let record = record(
            id,
            "222222222222",
            "us-east-1",
            "2026-03-02T10:00:00Z",
            "203.0.113.7",
        );
        let record = record
            .replace("ListBuckets", name)
            .replace("s3.amazonaws.com", "cloudtrail.amazonaws.com");
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
    let run = world
        .sweep(&[IP, "--sources", "logs", "--account", "dev"])
        .await;
    assert_eq!(
        run.columns("tampering.csv", &["event_name", "source_ip"]),
        ["DeleteTrail 203.0.113.7", "StopLogging 203.0.113.7"]
    );
    let quiet = world
        .sweep(&[
            IP,
            "--sources",
            "logs",
            "--account",
            "dev",
            "--no-tamper-check",
        ])
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
async fn practice_organization_reports_its_sources_correctly() {
    let scenario = include_str!("../../config/range/small.toml");
    let world = World::from_toml(scenario);
    let run = world.sweep(&["198.51.100.23", "--sources", "logs"]).await;
    assert_covered_targets_are_stored(&world, &run);
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
fn assert_covered_targets_are_stored(world: &World, run: &Run) {
    let searched: BTreeSet<String> = run
        .coverage()
        .into_iter()
        .filter_map(|row| row.strip_suffix(" searched").map(str::to_owned))
        .collect();
    let rows = sources(run);
    let targets: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row.rsplit_once(' '))
        .map(|(target, _)| target)
        .collect();
    for target in targets {
        let (account, region) = target.split_once(' ').unwrap();
        let log_groups = world
            .range()
            .cloudtrail_log_groups(account.parse().unwrap(), &region.parse().unwrap())
            .into_iter();
        let is_stored = log_groups
            .map(|(account, region, name)| format!("{account} {region} {name}"))
            .any(|group| searched.contains(&group));
        let is_covered = rows.iter().any(|row| row == &format!("{target} searched"));
        assert_eq!(is_covered, is_stored, "{target}: {rows:#?}");
    }
}

/// A random trail.
fn any_trail(number: usize) -> impl Strategy<Value = String> {
    let log_group = format!("/trail-{number}");
    let states: [fn(Trail, &str) -> Trail; 5] = [
        |trail, log_group| trail.log_group(log_group),
        |trail, log_group| trail.log_group(log_group).logging(false),
        |trail, log_group| trail.log_group(log_group).delivery_error("AccessDenied"),
        |trail, log_group| {
            let late = trail.log_group(log_group).last_delivery("5h ago");
            late.delivery_error("Throttled")
        },
        |trail, _| trail,
    ];
    let [logging, stopped, denied, throttled, bucket] = states;
    let state = prop_oneof![
        3 => Just(logging),
        1 => Just(stopped),
        1 => Just(denied),
        1 => Just(throttled),
        1 => Just(bucket),
    ];
    let owner = (
        prop::sample::select(&ACCOUNTS[..]),
        prop::sample::select(&REGIONS[..]),
    );
    (owner, state, any::<bool>(), any::<bool>()).prop_map(
        move |((account, home), state, organization, multi_region)| {
            // Only the management account can have organization trails.
            let organization = organization && account == ACCOUNTS[0];
            let trail = Trail::new(format!("t{number}"), account, home)
                .organization(organization)
                .multi_region(multi_region);
            state(trail, &log_group).to_string()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn covered_targets_are_those_stored_in_searched_groups(
        trails in (0_usize..4).prop_flat_map(|count| (0..count).map(any_trail).collect::<Vec<_>>()),
        narrowed in prop::option::of(prop::sample::select(vec!["prod", "dev"])),
    ) {
        let mut scenario = trails.concat();
        for account in ACCOUNTS {
            for region in REGIONS {
                _ = write!(scenario, "{}{}", call(account, region, true), call(account, region, false));
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = world(&scenario);
            let narrow: &[&str] = if let Some(account) = &narrowed { &["--account", account] } else { &[] };
            let run = world.sweep(&[&[IP, "--sources", "logs"], narrow].concat()).await;
            assert_covered_targets_are_stored(&world, &run);
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

/// A log group that was read only in part has hours without records because they were not read.
#[tokio::test(start_paused = true)]
async fn hours_are_reported_only_for_groups_that_were_read_completely() {
    let planted: String = (0..40)
        .map(|number| {
            let at = format!("2026-03-02T{:02}:00:00Z", 1 + number / 4);
            let id = format!("e{number}");
            delivered(&at, &record(&id, "222222222222", "us-east-1", &at, IP))
        })
        .collect();
    let small_pages = Behaviour::new().events_scanned_a_page(10);
    let fault = Fault::new("FilterLogEvents", "repeated-token").account("111111111111");
    // No filter pattern is safe for a character that may be escaped, so everything is read.
    let all = ["text:é"];
    let whole = World::small_with(&format!("{small_pages}{planted}"))
        .sweep(&all)
        .await;
    assert_eq!(whole.columns("hours.csv", &["hour"]).len(), 10);
    let run = World::small_with(&format!("{small_pages}{planted}{fault}"))
        .sweep(&all)
        .await;
    let row = run.coverage_row("111111111111 us-east-1 /trail");
    assert!(row.contains("partial endless-pages"), "{row}");
    assert_eq!(run.columns("hours.csv", &["hour"]), [""; 0]);
}
