//! `dragnet doctor`: checks whether every account could be swept.

use dragnet::commands::{Check, State, examine};
use dragnet_range::Scenario;

use super::{HEAD, MEMBER, reader, with_mfa_device, with_serial};
use crate::world::World;

async fn run_checks(world: &World) -> Vec<Check> {
    let reach = world.settings(&["192.0.2.1"]).reach;
    let aws = world.environment().connect(&reach, None).await.unwrap();
    examine(aws, reach, world.environment().clock()).await
}

fn failed(checks: &[Check]) -> Vec<&Check> {
    checks
        .iter()
        .filter(|check| check.status == State::Failed)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn all_checks_succeed_with_mfa() {
    let role = reader().mfa(true);
    let (world, device) = with_mfa_device(
        World::from_toml(&[HEAD, MEMBER, &role].concat()).with_config(&with_serial("")),
    );
    let checks = run_checks(&world).await;
    assert_eq!(failed(&checks), Vec::<&Check>::new());
    assert_eq!(device.code_requests(), 1);
    let mentions = |part: &str| checks.iter().any(|check| check.detail.contains(part));
    for part in [
        "user/responder",
        "mfa/responder until 2026-03-03T00:00:00",
        "role/DragnetRead; Regions enabled: 1",
        "clock is 0 s off",
    ] {
        assert!(mentions(part), "{part}: {checks:#?}");
    }
    assert_eq!(
        world.calls("FilterLogEvents"),
        2,
        "one for each account and Region"
    );
}

#[tokio::test(start_paused = true)]
async fn uncovered_accounts_have_advice() {
    let more = r#"
[[accounts]]
id = "333333333333"
name = "no-role"
lacks_roles = ["DragnetRead"]
[[accounts]]
id = "444444444444"
name = "half"
[[roles]]
name = "DragnetRead"
accounts = ["prod", "no-role"]
allow = ["cloudtrail:*", "ec2:*", "logs:*"]
[[roles]]
name = "DragnetRead"
accounts = ["half"]
allow = ["cloudtrail:*", "ec2:*", "logs:DescribeLogGroups"]
"#;
    let checks = run_checks(&World::from_toml(&[HEAD, MEMBER, more].concat())).await;
    let failed = failed(&checks);
    assert_eq!(failed.len(), 2, "{failed:#?}");
    assert!(
        failed[0].account_name == "no-role" && failed[0].advice.contains("exists and trusts arn:"),
        "{:?}",
        failed[0]
    );
    let half = failed[1];
    assert!(
        half.detail.contains("FilterLogEvents") && half.advice.contains("dragnet setup policy"),
        "{half:?}"
    );
    assert_eq!(
        half.region.as_ref().map(ToString::to_string).as_deref(),
        Some("us-east-1")
    );
}

#[tokio::test(start_paused = true)]
async fn denied_hop_ends_the_checks() {
    let hub = r#"
[identity]
role_chain = ["arn:aws:iam::222222222222:role/Absent"]
"#;
    let checks = run_checks(&World::from_toml(&[HEAD, MEMBER].concat()).with_config(hub)).await;
    let last = failed(&checks);
    assert_eq!(last.len(), 1);
    assert!(
        last[0].reason == Some("hop-denied") && last[0].advice.contains("role/Absent exists"),
        "{last:?}"
    );
    assert!(checks.iter().all(|check| check.account_id.is_none()));
}

#[tokio::test(start_paused = true)]
async fn practice_range_reports_the_region_deny() {
    let world = World::from_scenario(&Scenario::builtin("small").unwrap());
    let checks = run_checks(&world).await;
    let denied: Vec<_> = failed(&checks)
        .into_iter()
        .filter(|check| check.account_name == "sandbox")
        .collect();
    assert!(
        !denied.is_empty()
            && denied
                .iter()
                .all(|check| check.advice.contains("service control policy")),
        "{denied:#?}"
    );
}
