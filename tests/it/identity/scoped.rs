//! The permissions that a session has at most, and those that the deployed role must have.

use dragnet::config::Identity;
use dragnet::store::ScopeMembership;
use dragnet::sweep::{Access, Member};
use dragnet_model::{Account, AccountState, Operation, Policy};

use super::{GROUP, HEAD, MEMBER};
use crate::scenario::{Group, Inline, Role, Trail};
use crate::world::World;

const IP: &str = "192.0.2.1";
const ADMINISTRATOR: &str = r#"
[[roles]]
name = "DragnetRead"
attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
"#;

/// Enters the member account with a session for `operations`, and lists its log groups.
async fn list_log_groups(operations: &[Operation], scope_down: bool) -> Result<(), String> {
    let world = World::from_toml(&[HEAD, MEMBER, GROUP, ADMINISTRATOR].concat());
    let settings = world.settings(&[IP]);
    let aws = world
        .environment()
        .connect(&settings.reach, None)
        .await
        .unwrap();
    let caller = aws.authenticate().await.unwrap();
    let identity = Identity {
        scope_down,
        ..Identity::default()
    };
    let access = Access::new(&aws, &caller, &identity, "test".to_owned(), operations);
    let account = Account {
        id: "222222222222".parse().unwrap(),
        name: String::new(),
        state: AccountState::Active,
    };
    let member = Member {
        account,
        membership: ScopeMembership::InScope,
        configured: None,
        listed: None,
    };
    let entered = access.enter(&aws, &member).await.unwrap();
    let region = "us-east-1".parse().unwrap();
    aws.log_groups(&entered.session, &region, None)
        .await
        .map(drop)
        .map_err(|error| error.message)
}

#[tokio::test(start_paused = true)]
async fn session_of_an_administrator_is_scoped_down() {
    let regions_only = [Operation::DescribeRegions];
    let refusal = list_log_groups(&regions_only, true).await.unwrap_err();
    assert!(
        refusal.contains("because no session policy allows the logs:DescribeLogGroups action"),
        "{refusal}"
    );
    assert!(list_log_groups(&regions_only, false).await.is_ok());
    assert!(list_log_groups(&Operation::SWEEP, true).await.is_ok());
}

/// Sweeps with a role that allows only these actions, and returns the status of the run.
async fn sweep_with(actions: &[&'static str]) -> String {
    let policy = Policy::allowing(actions.iter().copied());
    let role = Role::new("DragnetRead").policies(Inline(&[("Read", policy.to_string())]));
    // Each account has a trail of its own, so that the role needs the permission to look it up.
    let own_trail = Trail::new("own", "222222222222", "us-east-1").log_group("/own");
    // A log group that only Insights can read.
    let archive = Group::new("prod", "/archive")
        .region("us-east-1")
        .class("INFREQUENT_ACCESS");
    let head = HEAD.replace("organization = true\n", "");
    World::from_toml(&format!("{head}{MEMBER}{GROUP}{own_trail}{archive}{role}"))
        .sweep(&[IP, "--require", "all", "--sources", "logs"])
        .await
        .status()
}

#[tokio::test(start_paused = true)]
async fn deployed_policy_is_sufficient_and_minimal() {
    let actions: Vec<&str> = Operation::SWEEP
        .iter()
        .filter_map(|operation| operation.action())
        .collect();
    assert_eq!(sweep_with(&actions).await, "complete");
    for removed in 0..actions.len() {
        let mut fewer = actions.clone();
        let action = fewer.remove(removed);
        // Channels are only looked up where no trail delivers to a log group, and can only add coverage.
        // `ListTrails` is for a response of `DescribeTrails` without a list. The two of CloudWatch
        // Logs are for queries with too many rows and for cancelled queries. This sweep reads
        // neither the event history nor S3, there are no truncated events, and a list of imports is
        // optional.
        let expected = match action {
            "cloudtrail:GetChannel"
            | "cloudtrail:ListChannels"
            | "cloudtrail:ListPublicKeys"
            | "cloudtrail:ListTrails"
            | "cloudtrail:LookupEvents"
            | "kms:Decrypt"
            | "logs:DescribeImportTasks"
            | "logs:DescribeLogStreams"
            | "logs:GetLogRecord"
            | "logs:StopQuery"
            | "s3:GetBucketLogging"
            | "s3:GetObject"
            | "s3:ListBucket" => "complete",
            _ => "incomplete",
        };
        assert_eq!(sweep_with(&fewer).await, expected, "{action}");
    }
}
