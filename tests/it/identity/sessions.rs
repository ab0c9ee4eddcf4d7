//! The duration of sessions, and role chains through a hub.

use dragnet_model::{Partition, Region};

use super::{GROUP, HEAD, MEMBER, reader, with_mfa_device, with_serial};
use crate::scenario::{Account, Behaviour, Fault, Group, Role};
use crate::world::{World, event};

const IP: &str = "192.0.2.1";

#[tokio::test(start_paused = true)]
async fn short_sessions_last_through_a_long_sweep() {
    // 150 pages of 20 s: fifty minutes of pagination.
    let slow = Fault::slow("FilterLogEvents", 20_000);
    let small_pages = Behaviour::new().events_scanned_a_page(10);
    let matching_events: String = (0..1_500)
        .map(|n| {
            event(
                "222222222222",
                "us-east-1",
                "/app",
                "1h ago",
                &format!("{n} from 192.0.2.1"),
            )
        })
        .collect();
    let world = World::from_toml(&format!(
        "{HEAD}{small_pages}{MEMBER}{GROUP}{slow}{matching_events}"
    ))
    .with_config(
        r#"
[identity]
session_duration = "15m"
"#,
    );
    let started = world.environment().clock().now();
    let run = world.sweep(&[IP]).await;
    let elapsed = world.environment().clock().now().duration_since(started);
    assert!(elapsed.as_mins() > 40, "{elapsed:?}");
    assert_eq!(
        (run.status().as_str(), run.summary()["sightings"].as_u64()),
        ("complete", Some(1_500))
    );
    let statuses = run.columns("calls.csv", &["operation", "status"]);
    let assumed = statuses
        .iter()
        .filter(|row| *row == "AssumeRole ok")
        .count();
    assert!(
        (4..=6).contains(&assumed),
        "one for each quarter of an hour: {assumed}"
    );
    assert!(
        statuses.iter().all(|row| !row.contains("Expired")),
        "no session was used after it expired"
    );
}

#[tokio::test(start_paused = true)]
async fn shorter_maximum_duration_is_found() {
    let role = reader().max_session_seconds(7_200);
    let world = World::from_toml(&[HEAD, MEMBER, GROUP, &role].concat()).with_config(
        r#"
[identity]
session_duration = "12h"
"#,
    );
    let run = world.sweep(&[IP]).await;
    assert_eq!(run.status(), "complete", "{:?}", run.coverage());
    let assumed = run.columns("calls.csv", &["operation", "status"]);
    let refused = assumed
        .iter()
        .filter(|call| *call == "AssumeRole ValidationError")
        .count();
    assert_eq!(refused, 4, "12, 8, 6 and 4 hours are too long: {assumed:?}");
    assert!(assumed.contains(&"AssumeRole ok".to_owned()));
}

/// Returns an organization with a hub that requires MFA, member accounts that only trust the hub,
/// and a role that lists the accounts.
fn behind_a_hub() -> World {
    let security = Account::new("333333333333", "security");
    let hub = Role::new("Hub")
        .accounts("security")
        .mfa(true)
        .max_session_seconds(43_200)
        .allow(["sts:AssumeRole"]);
    let member_role = reader()
        .trusts(["arn:aws:iam::333333333333:role/Hub"])
        .accounts(["management", "prod", "security"])
        .max_session_seconds(43_200);
    let lister = Role::new("OrgRead")
        .accounts("management")
        .mfa(true)
        .max_session_seconds(43_200)
        .allow(["organizations:ListAccounts"]);
    World::from_toml(&format!(
        "{HEAD}{MEMBER}{GROUP}{security}{hub}{member_role}{lister}"
    ))
}

const HUB: &str = r#"
role_chain = ["arn:aws:iam::333333333333:role/Hub"]
session_duration = "12h"
[organization]
role = "arn:aws:iam::111111111111:role/OrgRead"
"#;

#[tokio::test(start_paused = true)]
async fn hub_with_mfa_opens_every_account() {
    let (world, device) = with_mfa_device(behind_a_hub().with_config(&with_serial(HUB)));
    let run = world.sweep(&[IP]).await;
    assert_eq!(run.status(), "complete", "{:#?}", run.coverage());
    assert_eq!(
        (device.code_requests(), world.calls("GetSessionToken")),
        (1, 1)
    );
    // Hub and OrgRead once each, however many accounts wait for them; then one role in each
    // account.
    assert_eq!(world.calls("AssumeRole"), 5);
    let statuses = run.columns("calls.csv", &["operation", "status"]);
    assert!(
        !statuses.contains(&"AssumeRole ValidationError".to_owned()),
        "no chained session requested more than an hour"
    );
}

#[tokio::test(start_paused = true)]
async fn denied_hub_is_named_in_every_account() {
    let named = r#"
[identity]
role_chain = ["arn:aws:iam::333333333333:role/Hub"]
[organization]
discover = false
[[accounts]]
id = "222222222222"
[[accounts]]
id = "333333333333"
"#;
    let run = behind_a_hub().with_config(named).sweep(&[IP]).await;
    for account in ["222222222222", "333333333333"] {
        let row = run.coverage_row(account);
        assert!(
            row.contains("denied hop-denied: AssumeRole of arn:aws:iam::333333333333:role/Hub"),
            "{row}"
        );
        assert!(
            row.contains("is a hop of the role chain, which every account needs")
                && row.contains("set identity.mfa_serial"),
            "{row}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn arns_follow_the_partition() {
    for partition in [
        Partition::Aws,
        Partition::AwsCn,
        Partition::AwsUsGov,
        Partition::AwsEusc,
        Partition::AwsIso,
        Partition::AwsIsoB,
        Partition::AwsIsoE,
        Partition::AwsIsoF,
    ] {
        let home: Region = partition.default_region();
        let scenario = [HEAD, MEMBER, GROUP]
            .concat()
            .replace("us-east-1", home.as_str());
        let run = World::from_toml(&scenario).sweep(&[IP]).await;
        assert_eq!(
            run.coverage_row("222222222222"),
            format!("222222222222 {home} /app searched")
        );
        assert_eq!(
            run.summary()["caller_arn"],
            format!("arn:{partition}:iam::111111111111:user/responder")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn opt_in_region_accepts_regional_sessions() {
    let member = Account::new("222222222222", "prod").opted_in(["ap-east-1"]);
    let more = Group::new("prod", "/asia").region("ap-east-1");
    let run = World::from_toml(&format!("{HEAD}{member}{GROUP}{more}"))
        .sweep(&[IP])
        .await;
    assert_eq!(
        run.coverage_row("222222222222 ap-east-1"),
        "222222222222 ap-east-1 /asia searched"
    );
    assert_eq!(run.status(), "complete");
}
