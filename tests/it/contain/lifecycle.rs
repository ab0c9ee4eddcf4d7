//! Blocks principals, verifies that they are blocked, and restores them.

use dragnet::contain::{State, markdown, service_control_policy, shell_script};
use dragnet::settings::Override;

use super::world::{World, inline_policies, is_allowed, states};
use crate::scenario::Account;

const EVE: &str = "arn:aws:iam::222222222222:user/staff/eve";
const APP: &str = "arn:aws:iam::222222222222:role/apps/App";

#[tokio::test(start_paused = true)]
async fn hundred_accounts_are_contained_and_undone() {
    let accounts = Account::new("400000000001", "many").count(98);
    let world = World::new(&accounts);
    let ids: Vec<String> = ["222222222222", "333333333333"]
        .map(str::to_owned)
        .into_iter()
        .chain((1..=98).map(|n| format!("4{n:011}")))
        .collect();
    let sdk = world.sdk_clients();
    let mut sessions = Vec::new();
    for id in &ids {
        let session = sdk.assume(id, "apps/App", "us-east-1").await;
        assert!(is_allowed(&session).await, "{id}");
        sessions.push(session);
    }
    let before = inline_policies(&world.iam(&ids[99]).await, "role", "App").await;

    let plan = world
        .plan(&["--role", "App", "--force", "max-targets"])
        .await;
    assert_eq!(plan.plan().targets.len(), 100);
    let started = tokio::time::Instant::now();
    let containment = world
        .try_apply_forcing(&plan, &[Override::MaxTargets])
        .await
        .unwrap();
    assert!(
        started.elapsed().as_secs() < 60,
        "accounts are processed concurrently: {:?}",
        started.elapsed()
    );
    assert_eq!(
        (
            containment.overall_status(),
            containment.counts().get(&State::Verified)
        ),
        ("contained", Some(&100))
    );
    for session in &sessions {
        assert!(!is_allowed(session).await);
    }
    assert_eq!(
        world.undo(plan.short_hash(), false).await.overall_status(),
        "undone"
    );
    for session in &sessions {
        assert!(is_allowed(session).await);
    }
    assert_eq!(
        inline_policies(&world.iam(&ids[99]).await, "role", "App").await,
        before
    );
}

#[tokio::test(start_paused = true)]
async fn plan_has_last_use_and_record_has_simulation() {
    let world = World::new("");
    world
        .sdk_clients()
        .assume("222222222222", "apps/App", "us-east-1")
        .await;
    assert!(
        is_allowed(
            &world
                .sdk_clients()
                .assume("222222222222", "apps/App", "us-east-1")
                .await
        )
        .await
    );
    assert!(is_allowed(&world.sdk_clients().user("AKIAEVE2222222222222")).await);

    let plan = world.plan(&["--role", "App", "--account", "prod"]).await;
    let radius = &plan.plan().targets[0].blast_radius;
    assert!(radius.last_used.ends_with("in us-east-1"), "{radius:?}");
    assert_eq!(radius.services.len(), 1, "{radius:?}");
    let containment = world.apply(&plan).await;
    let record = markdown(&containment);
    assert!(record.contains("IAM's simulation"), "{record}");

    let user_plan = world.plan(&["--user", EVE]).await;
    let radius = &user_plan.plan().targets[0].blast_radius;
    assert!(
        radius.last_used.ends_with("with AKIAEVE2222222222222"),
        "{radius:?}"
    );
    assert!(radius.unknown.is_empty(), "{radius:?}");
}

#[tokio::test(start_paused = true)]
async fn users_groups_and_keys_are_contained_and_undone() {
    let world = World::new("");
    let iam = world.iam("222222222222").await;
    let inactive = aws_sdk_iam::types::StatusType::Inactive;
    let update = iam
        .update_access_key()
        .user_name("eve")
        .access_key_id("AKIAEVE2222222222223");
    update.status(inactive.clone()).send().await.unwrap();
    let eve = world.sdk_clients().user("AKIAEVE2222222222222");
    let before = inline_policies(&iam, "user", "eve").await;

    let group = world.plan(&["--group", "staff"]).await;
    assert_eq!(group.plan().targets[0].blast_radius.members, ["eve"]);
    assert!(is_allowed(&eve).await);
    world.apply(&group).await;
    assert!(!is_allowed(&eve).await, "blocked by its group");
    world.undo(group.short_hash(), false).await;
    assert!(is_allowed(&eve).await);

    let plan = world
        .plan(&[
            "--user",
            EVE,
            "--action",
            "deny-all",
            "--action",
            "deactivate-keys",
        ])
        .await;
    assert_eq!(plan.plan().targets[0].blast_radius.groups, ["staff"]);
    let containment = world.apply(&plan).await;
    assert_eq!(
        states(&containment),
        ["verified", "verified", "already-contained"]
    );
    assert!(!is_allowed(&eve).await);
    assert_eq!(
        world.undo(plan.short_hash(), false).await.overall_status(),
        "undone"
    );
    assert!(is_allowed(&eve).await);
    assert_eq!(inline_policies(&iam, "user", "eve").await, before);
    let keys = iam
        .list_access_keys()
        .user_name("eve")
        .send()
        .await
        .unwrap();
    let status: Vec<_> = keys
        .access_key_metadata()
        .iter()
        .map(|key| key.status().unwrap().as_str())
        .collect();
    assert_eq!(
        status,
        ["Active", "Inactive"],
        "only the deactivated key is activated"
    );
}

#[tokio::test(start_paused = true)]
async fn replaced_policy_is_restored_byte_for_byte() {
    let world = World::new("");
    let iam = world.iam("222222222222").await;
    let unusual =
        "{ \"Statement\" : {\"Effect\":\"Deny\",\n\"Action\":\"s3:*\", \"Resource\":\"*\"} }";
    iam.put_role_policy()
        .role_name("App")
        .policy_name("DenyAll")
        .policy_document(unusual)
        .send()
        .await
        .unwrap();
    let before = inline_policies(&iam, "role", "App").await;
    let plan = world.plan(&["--role", APP]).await;
    assert!(
        plan.plan().targets[0]
            .warnings
            .iter()
            .any(|warning| warning.contains("it is replaced"))
    );
    world.apply(&plan).await;
    assert_ne!(inline_policies(&iam, "role", "App").await, before);
    world.undo(plan.short_hash(), false).await;
    assert_eq!(inline_policies(&iam, "role", "App").await, before);
}

#[tokio::test(start_paused = true)]
async fn existing_deny_all_is_kept_by_undo_and_can_be_removed() {
    let world = World::new("");
    let iam = world.iam("222222222222").await;
    let existing = r#"{"Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"]}]}"#;
    iam.put_role_policy()
        .role_name("App")
        .policy_name("DenyAll")
        .policy_document(existing)
        .send()
        .await
        .unwrap();
    let before = inline_policies(&iam, "role", "App").await;
    let plan = world.plan(&["--role", APP]).await;
    assert_eq!(states(&world.apply(&plan).await), ["already-contained"]);
    world.undo(plan.short_hash(), false).await;
    assert_eq!(inline_policies(&iam, "role", "App").await, before);

    let removal = world.plan(&["--role", APP, "--remove"]).await;
    assert_eq!(states(&world.apply(&removal).await), ["verified"]);
    assert_eq!(
        inline_policies(&iam, "role", "App").await.len(),
        before.len() - 1
    );
    world.undo(removal.short_hash(), false).await;
    assert_eq!(inline_policies(&iam, "role", "App").await, before);
}

#[tokio::test(start_paused = true)]
async fn revoke_sessions_blocks_only_old_sessions() {
    let world = World::new("");
    let old = world
        .sdk_clients()
        .assume("222222222222", "apps/App", "us-east-1")
        .await;
    let plan = world
        .plan(&["--role", APP, "--action", "revoke-sessions"])
        .await;
    assert_eq!(states(&world.apply(&plan).await), ["verified"]);
    assert!(!is_allowed(&old).await);
    // After the margin that is left for propagation.
    tokio::time::advance(std::time::Duration::from_mins(1)).await;
    assert!(
        is_allowed(
            &world
                .sdk_clients()
                .assume("222222222222", "apps/App", "us-east-1")
                .await
        )
        .await
    );
    world.undo(plan.short_hash(), false).await;
    assert!(is_allowed(&old).await);
}

#[tokio::test(start_paused = true)]
async fn verify_reports_missing_policy_and_apply_restores_it() {
    let world = World::new("");
    let iam = world.iam("222222222222").await;
    let plan = world.plan(&["--role", APP]).await;
    world.apply(&plan).await;
    let (containment, problems) = world.verify(plan.short_hash()).await;
    assert_eq!((containment.exit_code(), problems.len()), (0, 0));
    iam.delete_role_policy()
        .role_name("App")
        .policy_name("DenyAll")
        .send()
        .await
        .unwrap();
    let (containment, problems) = world.verify(plan.short_hash()).await;
    assert_eq!(
        (
            containment.exit_code(),
            states(&containment),
            problems.len()
        ),
        (3, vec!["missing"], 1)
    );
    assert_eq!(states(&world.apply(&plan).await), ["verified"]);
}

#[tokio::test(start_paused = true)]
async fn declined_canary_stops_the_other_targets() {
    let world = World::new("");
    let plan = world.plan(&["--role", "App"]).await;
    let containment = world.apply_canary(&plan, 1, false).await;
    assert_eq!(
        (states(&containment), containment.exit_code()),
        (vec!["verified", "planned"], 3)
    );
    assert_eq!(
        states(&world.apply_canary(&plan, 1, true).await),
        ["verified", "verified"]
    );
}

#[tokio::test(start_paused = true)]
async fn tampered_expired_or_undone_plan_is_refused() {
    let world = World::new("");
    let plan = world.plan(&["--role", APP]).await;
    let tampered = plan.to_text().unwrap().replace("apps/App", "apps/Other");
    assert!(
        dragnet::contain::SealedPlan::parse(&tampered)
            .unwrap_err()
            .to_string()
            .contains("changed after")
    );
    assert_eq!(
        dragnet::contain::SealedPlan::parse(&plan.to_text().unwrap()).unwrap(),
        plan
    );
    tokio::time::advance(std::time::Duration::from_secs(3_601)).await;
    assert!(
        world
            .try_apply(&plan)
            .await
            .unwrap_err()
            .to_string()
            .contains("expired")
    );
    let plan = world.plan(&["--role", APP]).await;
    world.apply(&plan).await;
    world.undo(plan.short_hash(), false).await;
    assert!(
        world
            .try_apply(&plan)
            .await
            .unwrap_err()
            .to_string()
            .contains("make a new plan")
    );
}

#[tokio::test(start_paused = true)]
async fn plan_is_exported_as_script_scp_and_record() {
    let world = World::new("");
    let plan = world
        .plan(&[
            "--role",
            "App",
            "--user",
            EVE,
            "--action",
            "deny-all",
            "--action",
            "deactivate-keys",
        ])
        .await;
    let script = shell_script(plan.plan());
    for line in [
        "apply/222222222222)",
        "aws iam put-role-policy --role-name='App' --policy-name='DenyAll' --policy-document='{\"Version\"",
        "aws iam delete-user-policy --user-name='eve' --policy-name='DenyAll'",
        "aws iam update-access-key --user-name='eve' --access-key-id='AKIAEVE2222222222222' --status=Active",
    ] {
        assert!(script.contains(line), "{line}: {script}");
    }
    let scp: serde_json::Value =
        serde_json::from_str(&service_control_policy(plan.plan())).unwrap();
    assert_eq!(
        scp["Statement"][0]["Condition"]["ArnEquals"]["aws:PrincipalArn"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let record = markdown(&world.apply(&plan).await);
    assert!(
        record.contains("read back three times") && record.contains(plan.hash()),
        "{record}"
    );
}
