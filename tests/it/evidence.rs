//! Log sources: exactly those account-Regions are reported as covered whose records are in the log
//! groups that were searched.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;

use crate::world::{Run, SMALL, World, delivered, event, record};

const IP: &str = "192.0.2.1";
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// Returns the organization of [`SMALL`] with `more` instead of its trail.
fn world(more: &str) -> World {
    let (before, trail_and_after) = SMALL.split_once("[[trails]]").unwrap();
    let (_, after) = trail_and_after.split_once("[[groups]]").unwrap();
    World::from_toml(&format!("{before}[[groups]]{after}{more}"))
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
    let run = world.sweep(&[IP, "--account", "dev"]).await;
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
    assert_eq!(world.calls("GetTrailStatus"), 1);
    let run = world.sweep(&[IP, "--exclude-account", "management"]).await;
    assert_eq!(
        run.columns("sightings.csv", &["record_id"]),
        ["prod", "dev"]
    );
}

#[tokio::test(start_paused = true)]
async fn records_of_a_region_are_read_in_the_home_region_of_its_trail() {
    let own = trail("own", "222222222222", "eu-west-1", "log_group = \"/own\"");
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
    let world = world(&[own, trail_event("us-east-1"), trail_event("eu-west-1")].concat());
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
async fn each_trail_is_described_once_and_each_log_group_is_read_once() {
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
async fn sources_csv_has_the_status_of_every_source() {
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
    assert_eq!(no_trails().sweep(&[IP]).await.status(), "incomplete");
    let one_group = no_trails().sweep(&[IP, "--log-group", "/app"]).await;
    assert_eq!(one_group.status(), "complete");
    let not_required = no_trails().with_config("[scope]\nsources = \"report\"");
    assert_eq!(not_required.sweep(&[IP]).await.status(), "complete");
    let gap = "[[scope.accepted_gap]]\naccounts = [\"*\"]\nreason = \"no trail yet\"\nby = \"secops\"\nexpires = \"2027-01-01\"";
    let accepted = no_trails().with_config(gap).sweep(&[IP]).await;
    assert_eq!(accepted.status(), "complete");
    assert_eq!(
        accepted.summary()["sources"]["accounts"],
        serde_json::json!({"accepted": 3})
    );
}

#[tokio::test(start_paused = true)]
async fn denied_central_group_leaves_the_account_uncovered() {
    let central_denied = "[[faults]]\noperation = \"FilterLogEvents\"\naccount = \"111111111111\"\nkind = \"access-denied\"\n";
    let run = World::small_with(central_denied)
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
    let one_region_denied = "[[faults]]\noperation = \"DescribeTrails\"\naccount = \"333333333333\"\nregion = \"eu-west-1\"\nkind = \"access-denied\"\n";
    let run = World::small_with(one_region_denied)
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
    let all_regions_denied = one_region_denied.replace("region = \"eu-west-1\"\n", "");
    let run = World::small_with(&all_regions_denied)
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
async fn tampering_is_reported_by_every_sweep() {
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
async fn practice_organization_reports_its_sources_correctly() {
    let scenario = include_str!("../../config/range/small.toml");
    let world = World::from_toml(scenario);
    let run = world.sweep(&["198.51.100.23"]).await;
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
    let state = prop_oneof![
        3 => Just("log_group = \"/t\""),
        1 => Just("log_group = \"/t\"\nlogging = false"),
        1 => Just("log_group = \"/t\"\ndelivery_error = \"AccessDenied\""),
        1 => Just("log_group = \"/t\"\nlast_delivery = \"5h ago\"\ndelivery_error = \"Throttled\""),
        1 => Just(""),
    ];
    let owner = (
        prop::sample::select(&ACCOUNTS[..]),
        prop::sample::select(&REGIONS[..]),
    );
    (owner, state, any::<bool>(), any::<bool>()).prop_map(
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
    fn covered_targets_are_those_stored_in_searched_groups(
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
    let small_pages = "[behaviour]\nevents_scanned_a_page = 10\n";
    let fault = "[[faults]]\noperation = \"FilterLogEvents\"\naccount = \"111111111111\"\nkind = \"repeated-token\"\n";
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
