//! The guards against locking oneself out, with every way in which a responder can get a session:
//! keys of a user, a profile with a role, a role chain, and a session in the environment.

use aws_sdk_sts::Client as Sts;
use serde_json::Value;
use tokio::process::Command;

use super::responder::{Responder, code_and_json};

const RESPONDER: &str = "arn:aws:iam::111111111111:user/responder";
const OPS: &str = "arn:aws:iam::111111111111:group/ops";
const HUB: &str = "arn:aws:iam::111111111111:role/Hub";
const PRINCIPALS: &str = r#"
[[user_groups]]
account = "111111111111"
name = "ops"
[[roles]]
name = "Hub"
accounts = ["management"]
attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
"#;
const PLAN: [&str; 11] = [
    "contain", "plan", "--reason", "test", "--json", "--user", RESPONDER, "--group", OPS, "--role",
    HUB,
];

/// Creates the organization, with the practice user in the group.
async fn organization() -> Responder {
    let responder = Responder::new(PRINCIPALS).await;
    let clients = responder.sdk_clients();
    let administrator = clients.user(&clients.range.administrator().access_key_id);
    aws_sdk_iam::Client::new(&administrator)
        .add_user_to_group()
        .group_name("ops")
        .user_name("responder")
        .send()
        .await
        .unwrap();
    responder
}

/// Runs the plan, and returns it.
async fn planned(mut command: Command) -> Value {
    let output = command.output().await.unwrap();
    let (code, file) = code_and_json(&output);
    assert_eq!(code, Some(3), "{file:#}");
    file["plan"].clone()
}

/// Returns the principals that are refused because blocking them would lock the responder out.
fn own(plan: &Value) -> Vec<&str> {
    let refused = plan["refused"].as_array().unwrap().iter();
    refused
        .filter(|refused| {
            refused["reasons"]
                .to_string()
                .contains("would lock you out")
        })
        .map(|refused| refused["principal"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn user_and_group_are_refused() {
    let responder = organization().await;
    let plan = planned(responder.command(&PLAN)).await;
    assert_eq!(own(&plan), [OPS, RESPONDER], "{plan:#}");
    assert_eq!(plan["targets"][0]["principal"], HUB);
}

#[tokio::test]
async fn role_behind_a_profile_is_refused() {
    let responder = organization().await;
    let clients = responder.sdk_clients();
    let keys = clients.range.credentials();
    let profiles = format!(
        "\
[profile keys]
aws_access_key_id = {}
aws_secret_access_key = {}
[profile hub]
role_arn = {HUB}
source_profile = keys
",
        keys.access_key_id, keys.secret_access_key
    );
    let folder = responder.home.path().join(".aws");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("config"), profiles).unwrap();
    let arguments = [&PLAN[..], &["--profile", "hub"]].concat();
    let plan = planned(responder.command(&arguments)).await;
    assert_eq!(own(&plan), [OPS, HUB, RESPONDER], "{plan:#}");
}

#[tokio::test]
async fn role_chain_is_refused() {
    let responder = organization().await;
    let config = format!(
        r#"
[identity]
role_chain = ["{HUB}"]
"#
    );
    std::fs::write(responder.home.path().join("dragnet.toml"), config).unwrap();
    let plan = planned(responder.command(&PLAN)).await;
    assert_eq!(own(&plan), [OPS, HUB, RESPONDER], "{plan:#}");
}

/// STS does not say who created a session. The name of the session is a hint, so there is a
/// warning.
#[tokio::test]
async fn role_of_a_session_in_the_environment_is_refused_and_its_creator_is_named() {
    let responder = organization().await;
    let sts = Sts::new(&responder.sdk_clients().responder());
    let assume = sts.assume_role().role_arn(HUB);
    let session = assume.role_session_name("responder").send().await.unwrap();
    let session = session.credentials.unwrap();
    let mut command = responder.command(&PLAN);
    command
        .env("AWS_ACCESS_KEY_ID", session.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", session.secret_access_key)
        .env("AWS_SESSION_TOKEN", session.session_token);
    let plan = planned(command).await;
    assert_eq!(own(&plan), [HUB], "{plan:#}");
    let targets = plan["targets"].as_array().unwrap();
    let user = targets
        .iter()
        .find(|target| target["principal"] == RESPONDER);
    let warnings = user.unwrap()["warnings"].to_string();
    assert!(
        warnings.contains("your own session has the name of this user"),
        "{warnings}"
    );
}
