//! Every kind of denial has its own reason and its own advice.

use super::{GROUP, HEAD, MEMBER, reader, with_mfa_device, with_serial};
use crate::scenario::{Fault, Role, Scp};
use crate::world::World;

const IP: &str = "192.0.2.1";

fn world(role: &Role) -> World {
    World::from_toml(&format!("{HEAD}{MEMBER}{GROUP}{role}"))
}

/// Returns the coverage row of the member account.
async fn member_row(world: &World, arguments: &[&str]) -> String {
    let run = world.sweep(&[&[IP], arguments].concat()).await;
    assert_eq!(run.status(), "incomplete");
    run.coverage_row("222222222222")
}

#[tokio::test(start_paused = true)]
async fn wrong_external_id_is_denied() {
    let role = reader().mfa(true).external_id("the-right-one");
    let (denied, _) =
        with_mfa_device(world(&role).with_config(&with_serial("external_id = \"a-wrong-one\"")));
    let row = member_row(&denied, &[]).await;
    assert!(
        row.contains("denied role-denied: requested with MFA and with an ExternalId"),
        "{row}"
    );
    assert!(
        row.contains("compare identity.external_id") && !row.contains("mfa_serial"),
        "{row}"
    );
    assert!(!row.contains("a-wrong-one"), "{row}");
    let (accepted, _) =
        with_mfa_device(world(&role).with_config(&with_serial("external_id = \"the-right-one\"")));
    assert_eq!(accepted.sweep(&[IP]).await.status(), "complete");
}

#[tokio::test(start_paused = true)]
async fn missing_mfa_is_denied() {
    let row = member_row(&world(&reader().mfa(true)), &[]).await;
    assert!(
        row.contains("denied role-denied: requested without MFA and without an ExternalId"),
        "{row}"
    );
    assert!(
        row.contains("if its trust policy requires MFA, set identity.mfa_serial"),
        "{row}"
    );
}

#[tokio::test(start_paused = true)]
async fn region_that_is_not_enabled_is_skipped() {
    let row = member_row(&world(&reader()), &["--region", "ap-east-1"]).await;
    assert!(
        row.contains(
            "ap-east-1  skipped region-not-enabled: enable the Region in the account, or exclude it"
        ),
        "{row}"
    );
}

#[tokio::test(start_paused = true)]
async fn expired_source_credentials_fail() {
    let expires = Fault::new("AssumeRole", "expired-token");
    let world = World::from_toml(&format!("{HEAD}{MEMBER}{GROUP}{}{expires}", reader()));
    let row = member_row(&world, &[]).await;
    assert!(
        row.contains(
            "failed source-credentials: AssumeRole of arn:aws:iam::222222222222:role/DragnetRead"
        ),
        "{row}"
    );
    assert!(row.contains("to do: log in again"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn scp_deny_is_reported() {
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "logs:*", "Resource": "*"}]}"#;
    let scp = Scp::new("deny", ["prod"], policy);
    let row = member_row(
        &World::from_toml(&[HEAD, MEMBER, GROUP, &scp].concat()),
        &[],
    )
    .await;
    assert!(
        row.contains("us-east-1  denied access-denied: DescribeLogGroups"),
        "{row}"
    );
    assert!(
        row.contains("to do: exempt the role from the service control policy"),
        "{row}"
    );
}
