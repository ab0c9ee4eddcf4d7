//! Containment on independent servers: ministack enforces the deny, and moto stores the policies.

use std::process::Output;
use std::time::Duration;

use aws_sdk_iam::Client as Iam;
use serde_json::{Value, json};

use super::moto::management_keys;
use super::server::{Keys, Server};

pub(super) const MANAGEMENT: &str = "111111111111";

/// The home directory of a responder, which successive commands share.
pub(super) struct Home<'a> {
    server: &'a Server,
    keys: Keys,
    directory: tempfile::TempDir,
}

impl<'a> Home<'a> {
    pub(super) fn new(server: &'a Server, keys: Keys, config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("dragnet.toml"), config).unwrap();
        Self {
            server,
            keys,
            directory,
        }
    }

    pub(super) fn run_contain(&self, arguments: &[&str]) -> Output {
        assert_cmd::Command::new(env!("CARGO_BIN_EXE_dragnet"))
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("AWS_ENDPOINT_URL", &self.server.url)
            .env("AWS_ACCESS_KEY_ID", &self.keys.id)
            .env("AWS_SECRET_ACCESS_KEY", &self.keys.secret)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .arg("contain")
            .args(arguments)
            .timeout(Duration::from_mins(5))
            .output()
            .unwrap()
    }

    /// Runs a command, asserts that it succeeds, and returns its JSON.
    pub(super) fn run_contain_json(&self, arguments: &[&str]) -> Value {
        let output = self.run_contain(&[arguments, &["--json"]].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {stderr}{}",
            String::from_utf8_lossy(&output.stdout)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Plans and applies a containment, and returns its id.
    pub(super) fn apply_containment(&self, principals: &[&str]) -> String {
        let plan = self.run_contain_json(&[&["plan", "--reason", "a test"], principals].concat());
        let id = plan["hash"].as_str().unwrap()[..12].to_owned();
        let record = self.run_contain_json(&["apply", "plan.json", "--confirm", &id]);
        assert_eq!(record["standing"], "contained", "{record:#}");
        id
    }
}

/// Creates an organization on moto with the account `member`. Returns Dragnet's home, and IAM in
/// the account.
pub(super) async fn create_member(server: &Server) -> (Home<'_>, Iam) {
    server.reset("/moto-api/reset");
    let management = management_keys();
    let organizations =
        aws_sdk_organizations::Client::new(&server.config(&management, "us-east-1"));
    organizations.create_organization().send().await.unwrap();
    let role = "OrganizationAccountAccessRole";
    let account = server
        .create_account(&management, "member", Some(role))
        .await;
    let member = assume_role(server, &management, &account, role).await;
    let iam = Iam::new(&server.config(&member, "us-east-1"));
    let settings = format!(
        r#"
[identity]
member_role = "{role}"
contain_role = "{role}"
"#
    );
    (Home::new(server, management, &settings), iam)
}

/// Returns a configuration without the management account, which has no role for Dragnet.
pub(super) fn without_management() -> String {
    format!(
        r#"
[scope]
exclude_accounts = ["{MANAGEMENT}"]
"#
    )
}

pub(super) fn allow_policy(actions: &[&str]) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}).to_string()
}

pub(super) async fn create_role(iam: &Iam, name: &str, actions: &[&str]) {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{MANAGEMENT}:root")}, "Action": "sts:AssumeRole",
    }]});
    iam.create_role()
        .role_name(name)
        .assume_role_policy_document(trust.to_string())
        .send()
        .await
        .unwrap();
    let put = iam
        .put_role_policy()
        .role_name(name)
        .policy_name("own")
        .policy_document(allow_policy(actions));
    put.send().await.unwrap();
}

pub(super) async fn assume_role(server: &Server, keys: &Keys, account: &str, role: &str) -> Keys {
    let sts = aws_sdk_sts::Client::new(&server.config(keys, "us-east-1"));
    let assume = sts
        .assume_role()
        .role_arn(format!("arn:aws:iam::{account}:role/{role}"))
        .role_session_name("test");
    let credentials = assume.send().await.unwrap().credentials.unwrap();
    Keys {
        id: credentials.access_key_id,
        secret: credentials.secret_access_key,
        token: Some(credentials.session_token),
    }
}

/// Returns whether boto3 can list users with these keys, or `None` if there is no Python that has
/// it.
fn boto3_lists_users(server: &Server, keys: &Keys) -> Option<bool> {
    const SCRIPT: &str = r#"
import boto3, sys
from botocore.exceptions import ClientError
try:
    boto3.client("iam").list_users()
except ClientError as error:
    sys.exit(3 if error.response["Error"]["Code"] == "AccessDenied" else str(error))
"#;
    let python = std::env::var("DRAGNET_PYTHON").ok()?;
    let output = assert_cmd::Command::new(python)
        .args(["-c", SCRIPT])
        .env_clear()
        .env("AWS_ENDPOINT_URL", &server.url)
        .env("AWS_ACCESS_KEY_ID", &keys.id)
        .env("AWS_SECRET_ACCESS_KEY", &keys.secret)
        .env(
            "AWS_SESSION_TOKEN",
            keys.token.as_deref().unwrap_or_default(),
        )
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{stderr}");
    Some(output.status.success())
}

/// Returns the keys of an account's root user. In ministack, an access key id that is an account id,
/// with the secret `test`, belongs to that user.
pub(super) fn ministack_root(account: &str) -> Keys {
    Keys {
        id: account.to_owned(),
        secret: "test".to_owned(),
        token: None,
    }
}

/// Creates a member account with Dragnet's roles and the role `App`, and returns a session of `App`.
async fn create_app_session(server: &Server, name: &str) -> Keys {
    let management = ministack_root(MANAGEMENT);
    let account = server.create_account(&management, name, None).await;
    let iam = Iam::new(&server.config(&ministack_root(&account), "us-east-1"));
    create_role(&iam, "DragnetRead", &["ec2:DescribeRegions", "iam:*"]).await;
    create_role(&iam, "DragnetContain", &["iam:*"]).await;
    create_role(&iam, "App", &["iam:ListUsers"]).await;
    assume_role(server, &management, &account, "App").await
}

/// Returns for each session whether it can list users, on which the SDK and boto3 must agree.
async fn sessions_work(server: &Server, sessions: &[Keys]) -> Vec<bool> {
    let mut work = Vec::new();
    for keys in sessions {
        let iam = Iam::new(&server.config(keys, "us-east-1"));
        let works = iam.list_users().send().await.is_ok();
        assert!(boto3_lists_users(server, keys).is_none_or(|boto3| boto3 == works));
        work.push(works);
    }
    work
}

#[tokio::test]
async fn sessions_are_denied_in_every_account_until_undo() {
    let Some(server) = Server::from_env("DRAGNET_MINISTACK_URL") else {
        return;
    };
    server.reset("/_ministack/reset");
    let sessions = [
        create_app_session(&server, "one").await,
        create_app_session(&server, "two").await,
    ];
    assert_eq!(sessions_work(&server, &sessions).await, [true, true]);
    // The management account has no role for Dragnet and is out of scope.
    let home = Home::new(&server, ministack_root(MANAGEMENT), &without_management());
    let id = home.apply_containment(&["--role", "App"]);
    assert_eq!(sessions_work(&server, &sessions).await, [false, false]);
    assert_eq!(
        home.run_contain_json(&["verify", &id])["problems"],
        json!([])
    );
    assert_eq!(home.run_contain_json(&["undo", &id])["standing"], "undone");
    assert_eq!(sessions_work(&server, &sessions).await, [true, true]);
}

/// Creates a role, a user and a group with the name `bad`.
async fn create_bad_principals(iam: &Iam) {
    create_role(iam, "bad", &["s3:*"]).await;
    iam.create_user().user_name("bad").send().await.unwrap();
    iam.create_group().group_name("bad").send().await.unwrap();
    iam.add_user_to_group()
        .group_name("bad")
        .user_name("bad")
        .send()
        .await
        .unwrap();
}

/// Returns the names of the inline policies of the role, the user and the group `bad`.
async fn bad_policies(iam: &Iam) -> [Vec<String>; 3] {
    let role = iam.list_role_policies().role_name("bad");
    let user = iam.list_user_policies().user_name("bad");
    let group = iam.list_group_policies().group_name("bad");
    [
        role.send().await.unwrap().policy_names,
        user.send().await.unwrap().policy_names,
        group.send().await.unwrap().policy_names,
    ]
}

#[tokio::test]
async fn deny_policy_is_put_and_removed_for_role_user_and_group() {
    let Some(server) = Server::from_env("DRAGNET_MOTO_URL") else {
        return;
    };
    let (home, iam) = create_member(&server).await;
    create_bad_principals(&iam).await;
    let before = bad_policies(&iam).await;
    let id = home.apply_containment(&[
        "--role",
        "bad",
        "--user",
        "bad",
        "--group",
        "bad",
        "--account",
        "member",
    ]);
    assert!(
        bad_policies(&iam)
            .await
            .iter()
            .all(|names| names.contains(&"DenyAll".to_owned()))
    );
    assert_eq!(home.run_contain_json(&["undo", &id])["standing"], "undone");
    assert_eq!(bad_policies(&iam).await, before);
    assert_eq!(
        home.run_contain_json(&["list"])["containments"][0]["standing"],
        "undone"
    );
}
