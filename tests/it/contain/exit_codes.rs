//! Exit codes of the commands, and what they leave behind.

use std::process::Output;

use dragnet::contain::DENY_ALL;

use super::responder::{Responder, code_and_json};
use crate::scenario::Fault;

const WORKERS: &str = r#"
[[roles]]
name = "Worker"
accounts = ["222222222222", "333333333333"]
"#;
const PLAN: [&str; 11] = [
    "contain",
    "plan",
    "--reason",
    "test",
    "--json",
    "--role",
    "Worker",
    "--account",
    "prod",
    "--account",
    "dev",
];

/// Returns what a command printed to stderr, on one line.
fn stderr(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Plans to contain `Worker` in both accounts, and returns the id.
async fn plan(responder: &Responder) -> String {
    let (code, file) = code_and_json(&responder.run(&PLAN).await);
    assert_eq!(code, Some(0), "{file:#}");
    file["hash"].as_str().unwrap()[..12].to_owned()
}

#[tokio::test]
async fn plan_that_cannot_be_applied_ends_with_3() {
    let responder = Responder::new(WORKERS).await;
    let config = r#"
[identity]
contain_role = "NoSuchRole"
"#;
    std::fs::write(responder.home.path().join("dragnet.toml"), config).unwrap();
    let output = responder.run(&PLAN).await;
    let stderr = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("cannot be applied to 2 principals yet"),
        "{stderr}"
    );
}

#[tokio::test]
async fn rejected_apply_leaves_no_journal() {
    let responder = Responder::new(WORKERS).await;
    plan(&responder).await;
    // Another hash, no hash and no terminal, too many principals, and an edited plan.
    let file = responder.home.path().join("plan.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let edited = responder.home.path().join("edited.json");
    std::fs::write(&edited, text.replace("Worker", "Other")).unwrap();
    let id: serde_json::Value = serde_json::from_str(&text).unwrap();
    let id = &id["hash"].as_str().unwrap()[..12];
    let config = responder.home.path().join("dragnet.toml");
    std::fs::write(
        config,
        r"
[contain]
max_targets = 1
",
    )
    .unwrap();
    for (arguments, reason) in [
        (
            &["plan.json", "--confirm", "0123456789ab"][..],
            "not the hash",
        ),
        (&["plan.json"][..], "not a terminal"),
        (&["plan.json", "--confirm", id][..], "max_targets"),
        (&["edited.json", "--confirm", id][..], "changed after"),
    ] {
        let output = responder
            .run(&[&["contain", "apply"], arguments].concat())
            .await;
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
        let list = responder.run(&["contain", "list", "--json"]).await;
        let (_, list) = code_and_json(&list);
        assert_eq!(list["containments"], serde_json::json!([]), "{arguments:?}");
    }
}

#[tokio::test]
async fn canary_of_one_is_the_default() {
    let denied = Fault::denied("PutRolePolicy").account("222222222222");
    let responder = Responder::new(&format!("{WORKERS}{denied}")).await;
    let id = plan(&responder).await;
    let apply = [
        "contain",
        "apply",
        "plan.json",
        "--confirm",
        id.as_str(),
        "--json",
    ];
    let (code, record) = code_and_json(&responder.run(&apply).await);
    let states = record["steps"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|step| step["state"].clone()).collect();
    assert_eq!(
        (code, states),
        (Some(3), vec!["unverified".into(), "planned".into()]),
        "the others follow only if the first is contained"
    );
}

#[tokio::test]
async fn verify_after_undo_ends_with_3() {
    let responder = Responder::new(WORKERS).await;
    // Both deny already, so that nothing has to be read back.
    for account in ["222222222222", "333333333333"] {
        let role = "OrganizationAccountAccessRole";
        let clients = responder.sdk_clients();
        let administrator = clients.assume(account, role, "us-east-1").await;
        let put = aws_sdk_iam::Client::new(&administrator)
            .put_role_policy()
            .role_name("Worker")
            .policy_name("DenyAll")
            .policy_document(DENY_ALL);
        put.send().await.unwrap();
    }
    let id = plan(&responder).await;
    let id = id.as_str();
    for (arguments, code) in [
        (&["apply", "plan.json", "--confirm", id][..], 0),
        (&["verify", id][..], 0),
        (&["undo", id][..], 0),
        (&["verify", id][..], 3),
    ] {
        let output = responder.run(&[&["contain"], arguments].concat()).await;
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    }
}
