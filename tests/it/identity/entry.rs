//! Every kind of denial has its own reason and its own advice.

use super::{HEAD, MEMBER, READ, with_mfa_device, with_serial};
use crate::world::World;

const IP: &str = "192.0.2.1";
const GROUP: &str = "[[groups]]\naccount = \"prod\"\nregion = \"us-east-1\"\nname = \"/app\"\n";

fn world(role: &str) -> World {
    World::from_toml(&format!(
        "{HEAD}{MEMBER}{GROUP}[[roles]]\nname = \"DragnetRead\"\n{role}\n{READ}\n"
    ))
}

/// Returns the coverage row of the member account.
async fn member_row(world: &World, arguments: &[&str]) -> String {
    let run = world.sweep(&[&[IP], arguments].concat()).await;
    assert_eq!(run.status(), "incomplete");
    run.coverage_row("222222222222")
}

#[tokio::test(start_paused = true)]
async fn wrong_external_id_is_denied() {
    let requirements = "mfa = true\nexternal_id = \"the-right-one\"";
    let (denied, _) = with_mfa_device(
        world(requirements).with_config(&with_serial("external_id = \"a-wrong-one\"")),
    );
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
    let (accepted, _) = with_mfa_device(
        world(requirements).with_config(&with_serial("external_id = \"the-right-one\"")),
    );
    assert_eq!(accepted.sweep(&[IP]).await.status(), "complete");
}

#[tokio::test(start_paused = true)]
async fn missing_mfa_is_denied() {
    let row = member_row(&world("mfa = true"), &[]).await;
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
    let row = member_row(&world(""), &["--region", "ap-east-1"]).await;
    assert!(
        row.contains(
            "ap-east-1  skipped region-not-enabled: enable the Region in the account, or exclude it"
        ),
        "{row}"
    );
}

#[tokio::test(start_paused = true)]
async fn expired_source_credentials_fail() {
    let expires = "[[faults]]\noperation = \"AssumeRole\"\nkind = \"expired-token\"\n";
    let row = member_row(
        &world(&format!("{READ}\n{expires}[[roles]]\nname = \"Other\"")),
        &[],
    )
    .await;
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
    let scp = r#"
[[scps]]
name = "deny"
targets = ["prod"]
policy = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "logs:*", "Resource": "*"}]}'''
"#;
    let row = member_row(&World::from_toml(&[HEAD, MEMBER, GROUP, scp].concat()), &[]).await;
    assert!(
        row.contains("us-east-1  denied access-denied: DescribeLogGroups"),
        "{row}"
    );
    assert!(
        row.contains("to do: exempt the role from the service control policy"),
        "{row}"
    );
}
