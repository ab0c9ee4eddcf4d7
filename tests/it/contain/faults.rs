//! Every step fails and is repeated, the process crashes, resources drift, and an attacker fights
//! back.

use std::time::Duration;

use aws_sdk_iam::Client;
use dragnet::contain::{State, denies_all};

use super::world::{World, decode_document, inline_policies, states};
use crate::scenario::{Behaviour, Fault};

const APP: &str = "arn:aws:iam::222222222222:role/apps/App";

fn has_deny_all(policies: &[(String, String)]) -> bool {
    policies
        .iter()
        .any(|(name, text)| name == "DenyAll" && denies_all(&decode_document(text)))
}

#[tokio::test(start_paused = true)]
async fn failed_call_is_continued_by_next_apply_or_undo() {
    for operation in [
        "AssumeRole",
        "GetRole",
        "GetRolePolicy",
        "PutRolePolicy",
        "DeleteRolePolicy",
    ] {
        for kind in [
            "throttle",
            "server-error",
            "unavailable",
            "reset",
            "access-denied",
            "expired-token",
            "truncated",
        ] {
            // Each of the next calls of the operation may fail a few times.
            let fault = Fault::new(operation, kind).account("222222222222").times(9);
            let world = World::new(&fault);
            let apply = format!("{operation} {kind}: apply");
            let undo = format!("{operation} {kind}: undo");
            let iam = world.iam("222222222222").await;
            let before = inline_policies(&iam, "role", "App").await;
            let plan = world.plan(&["--role", APP]).await;
            let mut attempts = 0;
            loop {
                let containment = world.apply(&plan).await;
                let is_in_place = has_deny_all(&inline_policies(&iam, "role", "App").await);
                if containment.overall_status() == "contained" {
                    assert!(is_in_place, "{apply}");
                    break;
                }
                assert_eq!(containment.exit_code(), 3, "{apply}");
                attempts += 1;
                assert!(attempts < 20, "{apply}: {:?}", containment.events);
            }
            for attempt in 0.. {
                if world.undo(plan.short_hash(), false).await.overall_status() == "undone" {
                    break;
                }
                assert!(attempt < 20, "{undo}");
            }
            assert_eq!(inline_policies(&iam, "role", "App").await, before, "{undo}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn crash_at_any_time_is_continued() {
    // Every response takes a tenth of a second, so that cuts fall before, during and after every
    // call.
    let slow = Fault::slow("*Role*", 100).account("222222222222");
    for cut in (25..7_000)
        .step_by(225)
        .map(Duration::from_millis)
        .chain([Duration::from_mins(1)])
    {
        let world = World::new(&slow);
        let iam = world.iam("222222222222").await;
        let before = inline_policies(&iam, "role", "App").await;
        let plan = world
            .plan(&[
                "--role",
                APP,
                "--action",
                "deny-all",
                "--action",
                "revoke-sessions",
            ])
            .await;
        _ = tokio::time::timeout(cut, world.try_apply(&plan)).await;
        assert_eq!(
            states(&world.apply(&plan).await),
            ["verified", "verified"],
            "{cut:?}"
        );
        _ = tokio::time::timeout(cut, world.undo(plan.short_hash(), false)).await;
        assert_eq!(
            world.undo(plan.short_hash(), false).await.overall_status(),
            "undone",
            "{cut:?}"
        );
        assert_eq!(
            inline_policies(&iam, "role", "App").await,
            before,
            "{cut:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn interrupted_apply_can_be_undone() {
    let slow = Fault::slow("PutRolePolicy", 1000);
    let world = World::new(&slow);
    let iam = world.iam("222222222222").await;
    let before = inline_policies(&iam, "role", "App").await;
    let plan = world.plan(&["--role", APP]).await;
    let cut = tokio::time::timeout(Duration::from_millis(500), world.try_apply(&plan)).await;
    assert!(
        cut.is_err() && has_deny_all(&inline_policies(&iam, "role", "App").await),
        "the policy was written, but the response was lost"
    );
    assert_eq!(
        world.undo(plan.short_hash(), false).await.overall_status(),
        "undone"
    );
    assert_eq!(inline_policies(&iam, "role", "App").await, before);
}

/// Removes `DenyAll` whenever it exists, `times` times.
async fn fight(iam: Client, times: u32) {
    for _ in 0..times {
        let delete = || {
            iam.delete_role_policy()
                .role_name("App")
                .policy_name("DenyAll")
                .send()
        };
        while delete().await.is_err() {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn removed_policy_is_written_again_and_reported() {
    let world = World::new(&Behaviour::new().policy_propagation_seconds(8));
    let plan = world.plan(&["--role", APP]).await;
    let attacker = tokio::spawn(fight(
        Client::new(
            &world
                .sdk_clients()
                .assume("222222222222", "apps/App", "us-east-1")
                .await,
        ),
        3,
    ));
    let containment = world.apply(&plan).await;
    // Once the policy is in effect everywhere, every call of the attacker is denied.
    attacker.abort();
    assert_eq!(containment.overall_status(), "contained");
    let last = containment.events.last().unwrap();
    assert!(last.detail.contains("SOMEBODY IS FIGHTING"), "{last:?}");
    assert!(has_deny_all(
        &inline_policies(&world.iam("222222222222").await, "role", "App").await
    ));
}

#[tokio::test(start_paused = true)]
async fn endlessly_removed_policy_is_unverified() {
    let world = World::new("");
    let plan = world.plan(&["--role", APP]).await;
    let attacker = tokio::spawn(fight(world.iam("222222222222").await, u32::MAX));
    let containment = world.apply(&plan).await;
    attacker.abort();
    assert_eq!(
        (states(&containment), containment.exit_code()),
        (vec!["unverified"], 3)
    );
}

#[tokio::test(start_paused = true)]
async fn drifted_policy_is_not_changed() {
    let world = World::new("");
    let iam = world.iam("222222222222").await;
    let other = r#"{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#;
    let put = || {
        iam.put_role_policy()
            .role_name("App")
            .policy_name("DenyAll")
            .policy_document(other)
            .send()
    };
    let plan = world.plan(&["--role", APP]).await;
    put().await.unwrap();
    assert_eq!(states(&world.apply(&plan).await), ["drifted"]);
    iam.delete_role_policy()
        .role_name("App")
        .policy_name("DenyAll")
        .send()
        .await
        .unwrap();
    assert_eq!(
        states(&world.apply(&plan).await),
        ["verified"],
        "the prior state of the plan is there again"
    );
    put().await.unwrap();
    let undone = world.undo(plan.short_hash(), false).await;
    assert_eq!(
        (states(&undone), undone.exit_code()),
        (vec!["undo-drifted"], 3)
    );
    assert!(
        inline_policies(&iam, "role", "App")
            .await
            .iter()
            .any(|(name, _)| name == "DenyAll")
    );
    assert_eq!(
        world.undo(plan.short_hash(), true).await.overall_status(),
        "undone"
    );
    assert!(
        !inline_policies(&iam, "role", "App")
            .await
            .iter()
            .any(|(name, _)| name == "DenyAll")
    );
}

#[tokio::test(start_paused = true)]
async fn recreated_user_is_drifted() {
    let world = World::new("");
    let iam = world.iam("222222222222").await;
    iam.create_user().user_name("mallory").send().await.unwrap();
    let early = world.plan(&["--user", "mallory"]).await;
    let late = world
        .plan(&["--user", "mallory", "--action", "deny-all"])
        .await;
    assert_eq!(states(&world.apply(&late).await), ["verified"]);
    iam.delete_user_policy()
        .user_name("mallory")
        .policy_name("DenyAll")
        .send()
        .await
        .unwrap();
    iam.delete_user().user_name("mallory").send().await.unwrap();
    iam.create_user().user_name("mallory").send().await.unwrap();
    assert_eq!(states(&world.apply(&early).await), ["drifted"]);
    assert_eq!(
        world
            .undo(late.short_hash(), false)
            .await
            .counts()
            .get(&State::Undone),
        Some(&1),
        "already gone"
    );
}

#[tokio::test(start_paused = true)]
async fn failed_undo_is_stuck_with_advice() {
    let fault = Fault::denied("DeleteRolePolicy").times(1);
    let world = World::new(&fault);
    let plan = world.plan(&["--role", APP]).await;
    world.apply(&plan).await;
    let containment = world.undo(plan.short_hash(), false).await;
    assert_eq!(
        (containment.overall_status(), containment.exit_code()),
        ("stuck", 3)
    );
    assert!(
        containment
            .events
            .last()
            .unwrap()
            .detail
            .contains("delete its inline policy DenyAll")
    );
    assert_eq!(
        world.undo(plan.short_hash(), false).await.overall_status(),
        "undone"
    );
}
