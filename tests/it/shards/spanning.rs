//! What one shard finds out with the help of accounts and runs that are not its own: the merged run has
//! it as one process would.

use dragnet_model::AccountId;

use super::sharded::{Sharded, coverage, liveness, sources};
use crate::liveness::{call, organization_trail, scenario};
use crate::scenario::{Account, Behaviour, Event, Group, ScenarioBuilder, Trail};
use crate::world::World;

const IP: &str = "192.0.2.1";
const MANAGEMENT: &str = "111111111111";
const MEMBER: &str = "222222222222";
const CENTRAL: &str = "333333333333";
const OTHER_MEMBER: &str = "444444444444";

/// Asserts that no shard enters both accounts.
fn assert_in_different_shards(sharded: &Sharded, accounts: [&str; 2]) {
    let accounts: [AccountId; 2] = accounts.map(|account| account.parse().unwrap());
    let has_both = sharded.plan.content.shards.iter().any(|shard| {
        let mut both = accounts.iter();
        both.all(|account| shard.accounts.contains_key(account))
    });
    assert!(!has_both, "{:?}", sharded.plan.content.shards);
}

#[tokio::test(start_paused = true)]
async fn deleted_records_are_noticed_in_the_log_group_of_another_shard() {
    let trail = organization_trail().emptied("2h ago");
    let calls = call(MEMBER, "3h ago").to_string() + &call(CENTRAL, "1h ago");
    let toml = scenario(&trail).with(&calls).toml();
    let arguments = [IP, "--sources", "logs"];
    let single = World::from_toml(&toml).sweep(&arguments).await;
    let sharded = Sharded::plan(World::from_toml(&toml), &arguments, 6).await;
    assert_in_different_shards(&sharded, [MANAGEMENT, MEMBER]);
    sharded.run_all().await;
    let (merged, missing) = sharded.merge().await;
    assert_eq!(missing, []);
    let found = liveness(&merged);
    assert_eq!(found, liveness(&single));
    let is_missing = |row: &String| row.contains(MEMBER) && row.ends_with(" records-missing");
    assert!(found.iter().any(is_missing), "{found:#?}");
    assert_eq!(merged.status(), "incomplete");
    assert_eq!(coverage(&merged), coverage(&single));
}

/// The state of a trail in a Region is known to its owner only, whose account another shard enters.
#[tokio::test(start_paused = true)]
async fn region_that_a_trail_of_another_shard_does_not_record_is_noticed() {
    let bucket_only = Trail::new("organization", MANAGEMENT, "us-east-1")
        .organization(true)
        .last_delivery("1m ago")
        .bucket_failing_regions(["eu-west-1"]);
    for (trail, selection, status) in [
        (
            organization_trail().failing_regions(["eu-west-1"]),
            "logs,history",
            " failing",
        ),
        (bucket_only, "s3", " stale"),
    ] {
        let toml = scenario(&trail).with(&call(MEMBER, "3h ago")).toml();
        let arguments = [IP, "--sources", selection, "--require", "management"];
        let single = World::from_toml(&toml).sweep(&arguments).await;
        let sharded = Sharded::plan(World::from_toml(&toml), &arguments, 6).await;
        assert_in_different_shards(&sharded, [MANAGEMENT, MEMBER]);
        sharded.run_all().await;
        let (merged, _) = sharded.merge().await;
        let found = sources(&merged);
        assert_eq!(found, sources(&single));
        assert_eq!(coverage(&merged), coverage(&single));
        let has_status = |region: &str| {
            let start = format!("cloudtrail {MEMBER} {region} ");
            let mut rows = found.iter().filter(|row| row.starts_with(&start));
            rows.any(|row| row.ends_with(status))
        };
        assert!(has_status("eu-west-1"), "{status}: {found:#?}");
        // What is noticed is the state of the trail in the Region, not of the trail as a whole.
        assert!(!has_status("us-east-1"), "{status}: {found:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn copies_of_lost_events_are_read_by_the_shards_of_their_originals() {
    let rule = "[[centralization]]\nto_account = \"333333333333\"\nto_region = \"us-east-1\"\n";
    let line = |account| {
        let message = format!("from {IP} in {account}");
        Event::new(account, "us-east-1", "/app/web", "40h ago", message).stream("i-1")
    };
    let toml = ScenarioBuilder::new("central")
        .account(MEMBER, "dev")
        .account(CENTRAL, "central")
        .account(OTHER_MEMBER, "prod")
        .with(&Behaviour::new().own_traces(false))
        .with(&Group::new("dev", "/app/web").retention_days(1))
        .with(&Group::new("prod", "/app/web").retention_days(1))
        .with(rule)
        .with(&line(MEMBER))
        .with(&line(OTHER_MEMBER))
        .toml();
    let arguments = [
        IP,
        "--account",
        "dev",
        "--account",
        "prod",
        "--sources",
        "logs",
        "--since",
        "48h",
    ];
    let single = World::from_toml(&toml).sweep(&arguments).await;
    let sharded = Sharded::plan(World::from_toml(&toml), &arguments, 6).await;
    assert_in_different_shards(&sharded, [MEMBER, OTHER_MEMBER]);
    sharded.run_all().await;
    let (merged, missing) = sharded.merge().await;
    assert_eq!(missing, []);
    let columns = ["event_account_id", "account_id", "copies"];
    assert_eq!(
        merged.columns("sightings.csv", &columns),
        [
            format!("{MEMBER} {CENTRAL} 1"),
            format!("{OTHER_MEMBER} {CENTRAL} 1")
        ]
    );
    assert_eq!(merged.file("sightings.csv"), single.file("sightings.csv"));
    // Both shards read the log group of the central account; the merged run has it once.
    assert_eq!(coverage(&merged), coverage(&single));
}

#[tokio::test(start_paused = true)]
async fn denied_account_is_read_through_the_monitoring_account_of_another_shard() {
    let link = "[[links]]\nmonitoring = \"333333333333\"\naccount = \"dev\"\ngroup = \"/app/*\"\n";
    let line = Event::new(
        MEMBER,
        "us-east-1",
        "/app/web",
        "2h ago",
        format!("from {IP}"),
    );
    let toml = ScenarioBuilder::new("linked")
        .with(&Account::new(MEMBER, "dev").lacks_roles(["DragnetRead"]))
        .account(CENTRAL, "central")
        .with(&Behaviour::new().own_traces(false))
        .with(&line)
        .with(link)
        .toml();
    let arguments = [IP, "--sources", "logs"];
    let single = World::from_toml(&toml).sweep(&arguments).await;
    let sharded = Sharded::plan(World::from_toml(&toml), &arguments, 6).await;
    assert_in_different_shards(&sharded, [MEMBER, CENTRAL]);
    sharded.run_all().await;
    let (merged, _) = sharded.merge().await;
    let accounts = merged.columns("sightings.csv", &["event_account_id"]);
    assert_eq!(accounts, [MEMBER]);
    assert_eq!(merged.file("sightings.csv"), single.file("sightings.csv"));
    assert_eq!(coverage(&merged), coverage(&single));
}

#[tokio::test(start_paused = true)]
async fn region_that_was_disabled_since_an_earlier_run_is_a_gap() {
    let state = tempfile::tempdir().unwrap();
    let organization = |now: &str, opted_in: &[&str]| {
        ScenarioBuilder::new("regions")
            .now(now)
            .opt_in_regions(&["ap-east-1"])
            .with(&Account::new(MEMBER, "dev").opted_in(opted_in))
            .organization_trail("us-east-1")
            .toml()
    };
    let before = organization("2026-03-02T12:00:00Z", &["ap-east-1"]);
    let world = World::from_toml(&before).with_session_directory(state.path());
    world.sweep(&[IP]).await;
    let after = organization("2026-03-02T13:00:00Z", &[]);
    let world = world
        .restarted_with(&after)
        .with_session_directory(state.path());
    let sharded = Sharded::plan(world, &[IP], 4).await;
    sharded.run_all().await;
    let (merged, _) = sharded.merge().await;
    let columns = ["account_id", "region", "status", "reason"];
    let rows = merged.columns("coverage.csv", &columns);
    let gap = format!("{MEMBER} ap-east-1 unsearchable region-disabled: enabled in run ");
    let gaps = rows.iter().filter(|row| row.starts_with(&gap));
    assert_eq!(gaps.count(), 1, "{rows:#?}");
}
