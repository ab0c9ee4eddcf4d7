//! What `apply` checks, which a dry run checks too; where a plan was made; and denies that end.

use std::time::Duration;

use dragnet::commands::dry_run_plan;
use dragnet::contain::{SealKey, SealOrigin, SealedPlan, shell_script};
use serde_json::json;

use super::world::{World, edit_plan, inline_policies, is_allowed, states};
use crate::scenario::{Account, User};

const APP: &str = "arn:aws:iam::222222222222:role/apps/App";

/// Returns the results of a dry run: whether each step would succeed, and what it would do.
async fn dry_run(world: &World, plan: &SealedPlan) -> Result<Vec<(bool, String)>, String> {
    let steps = dry_run_plan(&world.environment, &world.settings(""), plan, &[]).await;
    let steps = steps.map_err(|error| error.to_string())?;
    Ok(steps
        .into_iter()
        .map(|step| (step.would_succeed, step.result))
        .collect())
}

#[tokio::test(start_paused = true)]
async fn dry_run_predicts_what_apply_does() {
    let world = World::new("");
    let iam = world.iam("222222222222").await;
    let plan = world.plan(&["--role", APP]).await;
    let first = dry_run(&world, &plan).await.unwrap();
    assert!(
        first[0].0 && first[0].1.contains("would put DenyAll"),
        "{first:?}"
    );
    assert_eq!(world.containments(), 0, "a dry run has no journal");
    world.apply(&plan).await;
    let applied = dry_run(&world, &plan).await.unwrap();
    assert!(
        applied[0].0 && applied[0].1.contains("nothing to do"),
        "{applied:?}"
    );
    iam.put_role_policy()
        .role_name("App")
        .policy_name("DenyAll")
        .policy_document(r#"{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#)
        .send()
        .await
        .unwrap();
    let drifted = dry_run(&world, &plan).await.unwrap();
    assert!(
        !drifted[0].0 && drifted[0].1.contains("drifted"),
        "{drifted:?}"
    );
    world.undo(plan.short_hash(), true).await;
    let undone = dry_run(&world, &plan).await.unwrap_err();
    assert!(undone.contains("was undone"), "{undone}");
}

#[tokio::test(start_paused = true)]
async fn dry_run_refuses_what_apply_refuses() {
    let world = World::new(&Account::new("400000000001", "many").count(9));
    let plan = world
        .plan(&["--role", "App", "--force", "max-targets"])
        .await;
    let too_many = dry_run(&world, &plan).await.unwrap_err();
    assert!(too_many.contains("contain.max_targets"), "{too_many}");
    let plan = world.plan(&["--role", APP]).await;
    let edited = edit_plan(&plan, |plan| {
        plan["targets"][0]["steps"][0]["change"]["policy"] = json!("Own");
    });
    assert!(
        dry_run(&world, &edited)
            .await
            .unwrap_err()
            .contains("`Own`")
    );
    tokio::time::advance(Duration::from_secs(3_601)).await;
    assert!(
        dry_run(&world, &plan)
            .await
            .unwrap_err()
            .contains("expired")
    );
    assert_eq!(world.containments(), 0);
}

#[tokio::test(start_paused = true)]
async fn seal_says_where_a_plan_was_made_and_undo_does_not_need_it() {
    let world = World::new("");
    let journals = world.settings("").journals;
    let plan = world.plan(&["--role", APP]).await;
    let key = SealKey::load(&journals).unwrap();
    assert_eq!(plan.origin(key.as_ref()), SealOrigin::Here);
    let text = plan.to_text().unwrap();
    assert_eq!(SealedPlan::parse(&text).unwrap(), plan);
    let edited = edit_plan(&plan, |plan| plan["reason"] = json!("another"));
    assert_eq!(edited.origin(key.as_ref()), SealOrigin::Unknown);
    let other = tempfile::tempdir().unwrap();
    let other = SealKey::load_or_create(other.path()).unwrap();
    assert_eq!(plan.origin(Some(&other)), SealOrigin::Unknown);
    assert_eq!(plan.origin(None), SealOrigin::Unknown);
    world.apply(&plan).await;
    std::fs::remove_file(journals.join("seal.key")).unwrap();
    let (containment, problems) = world.verify(plan.short_hash()).await;
    assert_eq!((containment.exit_code(), problems.len()), (0, 0));
    assert_eq!(
        world.undo(plan.short_hash(), false).await.overall_status(),
        "undone"
    );
}

#[tokio::test(start_paused = true)]
async fn verify_after_undo_has_a_problem() {
    let world = World::new("");
    let plan = world.plan(&["--role", APP]).await;
    world.apply(&plan).await;
    assert_eq!(world.verify(plan.short_hash()).await.1.len(), 0);
    world.undo(plan.short_hash(), false).await;
    let (_, problems) = world.verify(plan.short_hash()).await;
    assert!(
        problems.len() == 1 && problems[0].contains("undo was started"),
        "{problems:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn deny_with_an_end_stops_on_its_own() {
    let world = World::new("");
    let session = world
        .sdk_clients()
        .assume("222222222222", "apps/App", "us-east-1")
        .await;
    let iam = world.iam("222222222222").await;
    let before = inline_policies(&iam, "role", "App").await;
    let plan = world.plan(&["--role", APP, "--for", "30m"]).await;
    let warnings = &plan.plan().targets[0].warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("ends on its own")),
        "{warnings:?}"
    );
    assert_eq!(states(&world.apply(&plan).await), ["verified"]);
    assert!(!is_allowed(&session).await);
    assert_eq!(world.verify(plan.short_hash()).await.1.len(), 0);
    tokio::time::advance(Duration::from_mins(31)).await;
    assert!(is_allowed(&session).await, "it has ended");
    let (ended, problems) = world.verify(plan.short_hash()).await;
    assert!(problems[0].contains("has ended"), "{problems:?}");
    assert_eq!(states(&ended), ["missing"]);
    let again = world.try_apply(&plan).await.unwrap_err().to_string();
    assert!(again.contains("which has passed"), "{again}");
    world.undo(plan.short_hash(), false).await;
    assert_eq!(inline_policies(&iam, "role", "App").await, before);
}

#[tokio::test(start_paused = true)]
async fn deny_with_an_end_does_not_replace_one_without() {
    let world = World::new("");
    let plain = world.plan(&["--role", APP]).await;
    world.apply(&plain).await;
    let iam = world.iam("222222222222").await;
    let before = inline_policies(&iam, "role", "App").await;
    let plan = world.plan(&["--role", APP, "--for", "30m"]).await;
    assert_eq!(states(&world.apply(&plan).await), ["already-contained"]);
    assert_eq!(inline_policies(&iam, "role", "App").await, before);
    tokio::time::advance(Duration::from_mins(31)).await;
    assert_eq!(
        world.verify(plan.short_hash()).await.1,
        Vec::<String>::new(),
        "the deny without an end is still in place"
    );
}

/// Runs the script with an `aws` that prints the account, and otherwise fails for each user whose
/// name begins with `-`, as if IAM refused it.
#[test]
fn script_continues_after_a_failure_and_counts() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let users = User::new("222222222222", "-backdoor");
    let plan = runtime.block_on(async {
        let world = World::new(&users);
        world
            .plan(&["--user=-backdoor", "--user", "eve", "--account", "prod"])
            .await
    });
    let temp = tempfile::tempdir().unwrap();
    let script = temp.path().join("plan.sh");
    std::fs::write(&script, shell_script(plan.plan())).unwrap();
    let aws = temp.path().join("aws");
    let body = "#!/bin/sh\ncase \"$*\" in\n*get-caller-identity*) echo 222222222222 ;;\n*--user-name=-*) exit 1 ;;\n*) ;;\nesac\n";
    std::fs::write(&aws, body).unwrap();
    let mut permissions = std::fs::metadata(&aws).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&aws, permissions).unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = std::process::Command::new("sh")
        .arg(&script)
        .arg("apply")
        .env("PATH", format!("{}:{path}", temp.path().display()))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("FAILED: ") && stderr.contains("1 succeeded, 1 failed"),
        "{stderr}"
    );
}
