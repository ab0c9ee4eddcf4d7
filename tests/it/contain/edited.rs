//! The file of a plan is untrusted: an attacker who edits it can also compute its hash. Its content
//! must not be turned against the responder who applies it.

use std::time::Duration;

use dragnet::contain::{SealedPlan, confirmation_lines};
use dragnet::settings::Override;
use serde_json::{Value, json};

use super::world::{World, decode_document, edit_plan, inline_policies, states};
use crate::scenario::{Account, Behaviour, Fault, Role};

const APP: &str = "arn:aws:iam::222222222222:role/apps/App";
const EVE: &str = "arn:aws:iam::222222222222:user/staff/eve";
const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const DENY_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

/// Applies an edited plan. Asserts that it is refused before anything is written, and returns the
/// error.
async fn refused(world: &World, plan: &SealedPlan, edit: impl FnOnce(&mut Value)) -> String {
    let edited = edit_plan(plan, edit);
    let iam = world.iam("222222222222").await;
    let before = inline_policies(&iam, "role", "App").await;
    let error = match world.try_apply(&edited).await {
        Ok(containment) => panic!(
            "applied: {:?} {:?}",
            states(&containment),
            containment.events
        ),
        Err(error) => format!("{error:#}"),
    };
    assert_eq!(
        world.containments(),
        0,
        "a refused plan has no journal: {error}"
    );
    assert_eq!(
        inline_policies(&iam, "role", "App").await,
        before,
        "{error}"
    );
    error
}

fn step(plan: &mut Value) -> &mut Value {
    &mut plan["targets"][0]["steps"][0]
}

#[tokio::test(start_paused = true)]
async fn edited_document_is_refused() {
    let world = World::new("");
    let plan = world.plan(&["--role", APP]).await;
    let error = refused(&world, &plan, |plan| {
        step(plan)["change"]["document"] = json!(ALLOW_ALL);
    })
    .await;
    assert!(
        error.contains("edited") && error.contains("step 1"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn edited_policy_name_or_removal_is_refused() {
    let world = World::new("");
    let iam = world.iam("222222222222").await;
    let own = decode_document(&inline_policies(&iam, "role", "App").await[0].1);
    let plan = world.plan(&["--role", APP]).await;
    let removal = |policy: &str, prior: &str| {
        let change = json!({"change": "remove-deny-all", "policy": policy});
        json!({"number": 1, "change": change, "prior": {"policy": prior}})
    };
    let error = refused(&world, &plan, |plan| *step(plan) = removal("Own", &own)).await;
    assert!(
        error.contains("`Own`") && error.contains("contain.policy_name"),
        "{error}"
    );
    // The policy name is right, but the existing document is not a deny.
    iam.put_role_policy()
        .role_name("App")
        .policy_name("DenyAll")
        .policy_document(ALLOW_ALL)
        .send()
        .await
        .unwrap();
    let error = refused(&world, &plan, |plan| {
        *step(plan) = removal("DenyAll", ALLOW_ALL);
    })
    .await;
    assert!(error.contains("deny everything"), "{error}");
    let forged = edit_plan(&plan, |plan| *step(plan) = removal("DenyAll", DENY_ALL));
    assert_eq!(
        states(&world.apply(&forged).await),
        ["drifted"],
        "the existing policy is not the one in the file"
    );
    assert!(
        inline_policies(&iam, "role", "App")
            .await
            .iter()
            .any(|(_, document)| decode_document(document) == ALLOW_ALL)
    );
    for (kind, policy) in [
        ("deny-all", "Own"),
        ("revoke-sessions", "Own"),
        ("revoke-sessions", "DenyAll"),
    ] {
        let mut change = json!({"change": kind, "policy": policy});
        if kind == "deny-all" {
            change["document"] = json!(DENY_ALL);
        }
        let other = edit_plan(&plan, |plan| step(plan)["change"] = change);
        let error = world.try_apply(&other).await.unwrap_err().to_string();
        assert!(error.contains(&format!("`{policy}`")), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn guards_are_overridden_by_arguments_not_by_the_plan() {
    let world = World::new("");
    let arns: Vec<String> = (0..11)
        .map(|n| format!("arn:aws:iam::222222222222:user/user-{n}"))
        .collect();
    let plan = world.plan(&["--role", APP]).await;
    let error = refused(&world, &plan, |plan| {
        plan["forced"] = json!(["max-targets", "protect"]);
        let target = plan["targets"][0].clone();
        let targets = arns.iter().enumerate().map(|(n, arn)| {
            let mut target = target.clone();
            target["principal"] = json!(arn);
            target["steps"][0]["number"] = json!(n + 1);
            target
        });
        plan["targets"] = targets.collect();
    })
    .await;
    assert!(error.contains("contain.max_targets"), "{error}");

    let world = World::new(&Role::new("Break-Glass-1"));
    let plan = world
        .plan(&[
            "--role",
            "Break-Glass-1",
            "--account",
            "prod",
            "--force",
            "protect",
        ])
        .await;
    let containment = world.apply(&plan).await;
    assert_eq!(
        (states(&containment), containment.exit_code()),
        (vec!["failed"], 3)
    );
    assert!(
        containment.events[0].detail.contains("--force protect"),
        "{:?}",
        containment.events
    );
    let forced = world
        .try_apply_forcing(&plan, &[Override::Protect])
        .await
        .unwrap();
    assert_eq!(states(&forced), ["verified"]);
}

#[tokio::test(start_paused = true)]
async fn named_exactly_in_the_plan_is_ignored_by_apply() {
    let world = World::new("");
    let role = "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole";
    let plan = world.plan(&["--role", role]).await;
    assert!(plan.plan().targets[0].named_exactly);
    let containment = world.apply(&plan).await;
    assert_eq!(
        (states(&containment), containment.exit_code()),
        (vec!["failed"], 3)
    );
    assert!(
        containment.events[0].detail.contains("organization-roles"),
        "{:?}",
        containment.events
    );
}

#[tokio::test(start_paused = true)]
async fn edited_expiry_is_ignored() {
    let world = World::new("");
    let plan = world.plan(&["--role", APP]).await;
    tokio::time::advance(Duration::from_secs(3_601)).await;
    let error = refused(&world, &plan, |plan| {
        plan["expires"] = json!("2099-01-01T00:00:00Z");
    })
    .await;
    assert!(error.contains("expired"), "{error}");
    let error = refused(&world, &plan, |plan| {
        plan["created"] = json!("2098-12-31T23:00:00Z");
        plan["expires"] = json!("2099-01-01T00:00:00Z");
    })
    .await;
    assert!(error.contains("future"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_plan_still_expires() {
    let many = Account::new("400000000001", "many").count(9);
    let world = World::new(&many);
    let plan = world
        .plan(&["--role", "App", "--force", "max-targets"])
        .await;
    assert!(
        world
            .try_apply(&plan)
            .await
            .unwrap_err()
            .to_string()
            .contains("contain.max_targets")
    );
    assert_eq!(world.containments(), 0);
    tokio::time::advance(Duration::from_secs(3_601)).await;
    let forced = [Override::MaxTargets];
    assert!(
        world
            .try_apply_forcing(&plan, &forced)
            .await
            .unwrap_err()
            .to_string()
            .contains("expired")
    );
}

#[tokio::test(start_paused = true)]
async fn duplicate_step_number_or_target_is_refused() {
    let world = World::new("");
    let plan = world.plan(&["--role", "App"]).await;
    // With the same number for both steps, undo would treat the second as applied, and restore a
    // prior state that never existed.
    let error = refused(&world, &plan, |plan| {
        let second = &mut plan["targets"][1]["steps"][0];
        second["number"] = json!(1);
        second["prior"] = json!({"policy": ALLOW_ALL});
    })
    .await;
    assert!(error.contains("number"), "{error}");
    let error = refused(&world, &plan, |plan| {
        plan["targets"][1]["principal"] = json!("arn:aws:iam::222222222222:role/other/app");
    })
    .await;
    assert!(error.contains("twice"), "{error}");
    let error = refused(&world, &plan, |plan| {
        let mut again = step(plan).clone();
        again["number"] = json!(2);
        plan["targets"][1]["steps"][0]["number"] = json!(3);
        plan["targets"][0]["steps"]
            .as_array_mut()
            .unwrap()
            .push(again);
    })
    .await;
    assert!(error.contains("twice"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn step_must_fit_its_principal_and_prior_state() {
    let world = World::new("");
    let plan = world.plan(&["--role", APP]).await;
    let deactivate = json!({"change": "deactivate-key", "key": "AKIAEVE2222222222222"});
    let error = refused(&world, &plan, |plan| {
        *step(plan) = json!({"number": 1, "change": deactivate, "prior": {"key": "active"}});
    })
    .await;
    assert!(error.contains("role"), "{error}");
    let error = refused(&world, &plan, |plan| {
        plan["targets"][0]["principal"] = json!(EVE);
        step(plan)["change"] =
            json!({"change": "revoke-sessions", "policy": "AWSRevokeOlderSessions"});
    })
    .await;
    assert!(error.contains("user"), "{error}");
    let error = refused(&world, &plan, |plan| {
        step(plan)["prior"] = json!({"key": "active"});
    })
    .await;
    assert!(error.contains("prior"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_account_outside_the_organization_is_not_entered() {
    let world = World::new("");
    let plan = world.plan(&["--role", APP]).await;
    let entered = world.calls("AssumeRole");
    let forged = edit_plan(&plan, |plan| {
        plan["targets"][0]["principal"] = json!("arn:aws:iam::666666666666:role/App");
    });
    let error = world.try_apply(&forged).await.unwrap_err().to_string();
    assert!(error.contains("666666666666"), "{error}");
    assert_eq!(
        (world.calls("AssumeRole"), world.containments()),
        (entered, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_edited_prior_state_is_drift() {
    let world = World::new("");
    let plan = world.plan(&["--role", APP]).await;
    let forged = edit_plan(&plan, |plan| {
        step(plan)["prior"] = json!({"policy": ALLOW_ALL});
    });
    assert_eq!(states(&world.apply(&forged).await), ["drifted"]);
    world.undo(forged.short_hash(), true).await;
    let iam = world.iam("222222222222").await;
    assert!(
        inline_policies(&iam, "role", "App")
            .await
            .iter()
            .all(|(name, _)| name != "DenyAll")
    );
}

#[tokio::test(start_paused = true)]
async fn plan_in_another_json_form_is_refused() {
    let world = World::new("");
    let mut file: Value =
        serde_json::from_str(&world.plan(&["--role", APP]).await.to_text().unwrap()).unwrap();
    file["plan"]["targets"][0]
        .as_object_mut()
        .unwrap()
        .remove("reason");
    let read = SealedPlan::parse(&super::world::seal_again(&file["plan"]));
    assert!(read.unwrap_err().to_string().contains("form"));
}

#[tokio::test(start_paused = true)]
async fn deny_without_matching_simulation_is_unverified() {
    let world = World::new(&Behaviour::new().policy_propagation_seconds(120));
    let plan = world.plan(&["--role", APP]).await;
    let containment = world.apply(&plan).await;
    assert_eq!(
        (states(&containment), containment.exit_code()),
        (vec!["unverified"], 3)
    );
    assert!(
        containment
            .events
            .last()
            .unwrap()
            .detail
            .contains("simulation"),
        "{:?}",
        containment.events
    );
    let (verified, problems) = world.verify(plan.short_hash()).await;
    assert_eq!((states(&verified), problems.len()), (vec!["unverified"], 1));
    tokio::time::advance(Duration::from_mins(2)).await;
    assert_eq!(
        states(&world.verify(plan.short_hash()).await.0),
        ["verified"]
    );
    assert_eq!(states(&world.apply(&plan).await), ["verified"]);
}

#[tokio::test(start_paused = true)]
async fn denied_simulation_call_does_not_prevent_verification() {
    let fault = Fault::denied("SimulatePrincipalPolicy").times(1000);
    let world = World::new(&fault);
    let plan = world.plan(&["--role", APP]).await;
    assert_eq!(states(&world.apply(&plan).await), ["verified"]);
}

/// The plan was written by Dragnet at commit 1bd0458 for the same organization.
#[tokio::test(start_paused = true)]
async fn a_plan_of_an_older_version_can_be_applied_and_undone() {
    let world = World::new("");
    let iam = world.iam("222222222222").await;
    let before = inline_policies(&iam, "user", "eve").await;
    let plan = SealedPlan::parse(include_str!("plan-1bd0458.json")).unwrap();
    tokio::time::advance(Duration::from_mins(1)).await;
    let containment = world.apply(&plan).await;
    assert_eq!(
        containment.overall_status(),
        "contained",
        "{:?}",
        containment.events
    );
    assert_eq!(
        world.undo(plan.short_hash(), false).await.overall_status(),
        "undone"
    );
    assert_eq!(inline_policies(&iam, "user", "eve").await, before);
}

#[tokio::test(start_paused = true)]
async fn confirmation_lists_principals_without_the_hash() {
    let world = World::new("");
    let plan = world.plan(&["--role", APP, "--user", EVE]).await;
    let text = confirmation_lines(plan.plan()).join("\n");
    for expected in [
        APP,
        EVE,
        "account 222222222222",
        "1. put DenyAll: deny everything",
        "2 changes of 2 principals",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(
        !text.contains(plan.short_hash()) && !text.contains("ACT AGAIN"),
        "{text}"
    );
    let iam = world.iam("222222222222").await;
    iam.put_role_policy()
        .role_name("App")
        .policy_name("DenyAll")
        .policy_document(DENY_ALL)
        .send()
        .await
        .unwrap();
    let removal =
        confirmation_lines(world.plan(&["--role", APP, "--remove"]).await.plan()).join("\n");
    assert!(removal.contains("LETS IT ACT AGAIN"), "{removal}");
}
