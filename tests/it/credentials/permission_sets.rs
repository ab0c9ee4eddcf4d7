//! Accounts are entered with a permission set of IAM Identity Center.

use crate::identity::{HEAD, MEMBER};
use crate::world::World;

const ROLES: &str = r#"
[[accounts]]
id = "333333333333"
name = "other"
[[roles]]
name = "AWSReservedSSO_Audit_0123456789abcdef"
path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
accounts = ["management", "prod"]
allow = ["cloudtrail:*", "ec2:*", "logs:*"]
[[roles]]
name = "AWSReservedSSO_Billing_0123456789abcdef"
path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
accounts = ["other"]
allow = ["ec2:DescribeRegions"]
"#;

fn world() -> World {
    World::from_toml(&[HEAD, MEMBER, ROLES].concat())
        .with_config("[identity]\npermission_set = \"Audit\"\n")
}

#[tokio::test(start_paused = true)]
async fn accounts_are_entered_with_the_permission_set() {
    let world = world();
    let run = world.sweep(&["192.0.2.1", "--since", "24h"]).await;
    assert_eq!(world.calls("AssumeRole"), 0);
    assert!(world.calls("GetRoleCredentials") >= 3);
    let prod = run
        .coverage()
        .into_iter()
        .filter(|row| row.starts_with("222222222222"))
        .all(|row| !row.contains("denied"));
    assert!(prod, "{:?}", run.coverage());
    let other = run.coverage_row("333333333333");
    assert!(
        other.contains("denied role-denied") && other.contains("you may use Billing there"),
        "{other}"
    );
    assert_eq!(run.status(), "incomplete");
}

#[tokio::test(start_paused = true)]
async fn assigned_accounts_are_listed_if_the_organization_is_not() {
    let faults = r#"
[[faults]]
operation = "ListAccounts"
kind = "access-denied"
"#;
    let world = World::from_toml(&[HEAD, MEMBER, ROLES, faults].concat())
        .with_config("[identity]\npermission_set = \"Audit\"\n");
    let run = world.sweep(&["192.0.2.1", "--since", "24h"]).await;
    assert_eq!(run.summary()["assigned_accounts_only"], true);
    assert!(
        run.coverage()
            .iter()
            .any(|row| row.starts_with("222222222222")),
        "{:?}",
        run.coverage()
    );
}
