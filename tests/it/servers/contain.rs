//! Containment on independent servers: ministack enforces the deny, and moto stores the policies.

use std::process::Output;
use std::time::Duration;

use aws_sdk_iam::Client as Iam;
use serde_json::{Value, json};

use super::server::{Keys, Server};

const MANAGEMENT: &str = "111111111111";

/// The home directory of a responder, which successive commands share.
struct Home<'a> {
    server: &'a Server,
    keys: Keys,
    directory: tempfile::TempDir,
}

impl<'a> Home<'a> {
    fn new(server: &'a Server, keys: Keys, config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("dragnet.toml"), config).unwrap();
        Self {
            server,
            keys,
            directory,
        }
    }

    fn contain(&self, arguments: &[&str]) -> Output {
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
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.contain(&[arguments, &["--json"]].concat());
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
    fn contained(&self, whom: &[&str]) -> String {
        let plan = self.json(&[&["plan", "--reason", "a test"], whom].concat());
        let id = plan["hash"].as_str().unwrap()[..12].to_owned();
        let record = self.json(&["apply", "plan.json", "--confirm", &id]);
        assert_eq!(record["standing"], "contained", "{record:#}");
        id
    }
}

fn allowing(actions: &[&str]) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}).to_string()
}

async fn create_role(iam: &Iam, name: &str, actions: &[&str]) {
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
        .policy_document(allowing(actions));
    put.send().await.unwrap();
}

async fn session(server: &Server, keys: &Keys, account: &str, role: &str) -> Keys {
    let sts = aws_sdk_sts::Client::new(&server.config(keys, "us-east-1"));
    let assume = sts
        .assume_role()
        .role_arn(format!("arn:aws:iam::{account}:role/{role}"))
        .role_session_name("test");
    let given = assume.send().await.unwrap().credentials.unwrap();
    Keys {
        id: given.access_key_id,
        secret: given.secret_access_key,
        token: Some(given.session_token),
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
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{told}");
    Some(output.status.success())
}

#[tokio::test]
async fn live_sessions_are_blocked_in_every_account_and_let_in_again() {
    let Some(server) = Server::from_env("DRAGNET_MINISTACK_URL") else {
        return;
    };
    server.reset("/_ministack/reset");
    // In ministack, an access key id that is an account id, with the secret `test`, belongs to the
    // root user of that account.
    let root = |account: &str| Keys {
        id: account.to_owned(),
        secret: "test".to_owned(),
        token: None,
    };
    let management = root(MANAGEMENT);
    let organizations =
        aws_sdk_organizations::Client::new(&server.config(&management, "us-east-1"));
    let mut sessions = Vec::new();
    for name in ["one", "two"] {
        let create = organizations
            .create_account()
            .account_name(name)
            .email(format!("{name}@example.com"));
        let account = create
            .send()
            .await
            .unwrap()
            .create_account_status
            .unwrap()
            .account_id
            .unwrap();
        let iam = Iam::new(&server.config(&root(&account), "us-east-1"));
        create_role(&iam, "DragnetRead", &["ec2:DescribeRegions", "iam:*"]).await;
        create_role(&iam, "DragnetContain", &["iam:*"]).await;
        create_role(&iam, "App", &["iam:ListUsers"]).await;
        let keys = session(&server, &management, &account, "App").await;
        sessions.push(keys);
    }
    let all_work = async || {
        let mut work = Vec::new();
        for keys in &sessions {
            let works = Iam::new(&server.config(keys, "us-east-1"))
                .list_users()
                .send()
                .await
                .is_ok();
            assert!(boto3_lists_users(&server, keys).is_none_or(|boto3| boto3 == works));
            work.push(works);
        }
        work
    };
    assert_eq!(all_work().await, [true, true]);
    // The management account has no role for Dragnet and is out of scope.
    let home = Home::new(
        &server,
        management.clone(),
        &format!("[scope]\nexclude_accounts = [\"{MANAGEMENT}\"]"),
    );
    let id = home.contained(&["--role", "App"]);
    assert_eq!(all_work().await, [false, false]);
    assert_eq!(home.json(&["verify", &id])["problems"], json!([]));
    assert_eq!(home.json(&["undo", &id])["standing"], "undone");
    assert_eq!(all_work().await, [true, true]);
}

#[tokio::test]
async fn policies_are_there_and_gone_again_for_role_user_and_group() {
    let Some(server) = Server::from_env("DRAGNET_MOTO_URL") else {
        return;
    };
    server.reset("/moto-api/reset");
    let management = Keys {
        id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret: "secret".to_owned(),
        token: None,
    };
    let config = server.config(&management, "us-east-1");
    let organizations = aws_sdk_organizations::Client::new(&config);
    organizations.create_organization().send().await.unwrap();
    let role = "OrganizationAccountAccessRole";
    let create = organizations
        .create_account()
        .account_name("member")
        .email("member@example.com")
        .role_name(role);
    let account = create
        .send()
        .await
        .unwrap()
        .create_account_status
        .unwrap()
        .account_id
        .unwrap();
    let iam = Iam::new(&server.config(
        &session(&server, &management, &account, role).await,
        "us-east-1",
    ));
    create_role(&iam, "bad", &["s3:*"]).await;
    iam.create_user().user_name("bad").send().await.unwrap();
    iam.create_group().group_name("bad").send().await.unwrap();
    iam.add_user_to_group()
        .group_name("bad")
        .user_name("bad")
        .send()
        .await
        .unwrap();
    let policies = async || {
        let role = iam
            .list_role_policies()
            .role_name("bad")
            .send()
            .await
            .unwrap()
            .policy_names;
        let user = iam
            .list_user_policies()
            .user_name("bad")
            .send()
            .await
            .unwrap()
            .policy_names;
        let group = iam
            .list_group_policies()
            .group_name("bad")
            .send()
            .await
            .unwrap()
            .policy_names;
        [role, user, group]
    };
    let before = policies().await;
    let settings = format!("[identity]\nmember_role = \"{role}\"\ncontain_role = \"{role}\"");
    let home = Home::new(&server, management.clone(), &settings);
    let id = home.contained(&[
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
        policies()
            .await
            .iter()
            .all(|names| names.contains(&"DenyAll".to_owned()))
    );
    assert_eq!(home.json(&["undo", &id])["standing"], "undone");
    assert_eq!(policies().await, before);
    assert_eq!(
        home.json(&["list"])["containments"][0]["standing"],
        "undone"
    );
}
