//! Random sequences of plan, apply, crash, apply and undo, with drift in between. They end in the
//! prior state or in the contained state, and the journal says which. Any state in between is
//! reported.

use std::time::Duration;

use aws_sdk_iam::Client;
use dragnet::contain::{SealedPlan, denies_all};
use fastrand::Rng;

use super::world::{World, inline};

const APP: &str = "arn:aws:iam::222222222222:role/apps/App";
const SLOW: &str = "\n[[faults]]\noperation = \"*RolePolicy\"\nkind = \"slow\"\nmilliseconds = 100\n\
                    [[faults]]\noperation = \"PutRolePolicy\"\nkind = \"reset\"\nevery = 5\n";
const OTHER: &str = r#"{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#;
const SAME: &str = r#"{"Statement":{"Effect":"Deny","Action":["*"],"Resource":["*"]}}"#;

/// Returns the document of the policy `DenyAll`, if it exists.
async fn deny_all(iam: &Client) -> Option<String> {
    let policies = inline(iam, "role", "App").await;
    let text = policies
        .into_iter()
        .find(|(name, _)| name == "DenyAll")
        .map(|(_, text)| text)?;
    Some(
        percent_encoding::percent_decode_str(&text)
            .decode_utf8()
            .unwrap()
            .into_owned(),
    )
}

async fn drift(iam: &Client, rng: &mut Rng) {
    let put = |document: &str| {
        iam.put_role_policy()
            .role_name("App")
            .policy_name("DenyAll")
            .policy_document(document)
            .send()
    };
    // The call may fail because of a fault; then nothing drifts.
    match rng.u8(..3) {
        0 => _ = put(OTHER).await,
        1 => _ = put(SAME).await,
        _ => {
            _ = iam
                .delete_role_policy()
                .role_name("App")
                .policy_name("DenyAll")
                .send()
                .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn never_in_between_without_saying_so() {
    let mut ends = std::collections::BTreeMap::<&str, u32>::new();
    for seed in 0..40 {
        let mut rng = Rng::with_seed(seed);
        let world = World::with(SLOW);
        let iam = world.iam("222222222222").await;
        let (mut plan, mut prior): (Option<SealedPlan>, Option<String>) = (None, None);
        for step in 0..12 {
            let cut = Duration::from_millis(rng.u64(0..9_000));
            let what = format!("seed {seed}, step {step}");
            match (rng.u8(..6), &plan) {
                (0, _) => drift(&iam, &mut rng).await,
                (_, None) => {
                    prior = deny_all(&iam).await;
                    plan = world.try_plan(&["--role", APP], "").await.ok();
                }
                (1, Some(plan)) => _ = tokio::time::timeout(cut, world.try_apply(plan)).await,
                (2, Some(plan)) => {
                    _ = tokio::time::timeout(cut, world.try_undo(plan.short_hash(), rng.bool()))
                        .await;
                }
                (3 | 4, Some(sealed)) => {
                    let Ok(containment) = world.try_apply(sealed).await else {
                        continue;
                    };
                    let now = deny_all(&iam).await;
                    *ends.entry(containment.overall_status()).or_default() += 1;
                    if containment.overall_status() == "contained" {
                        assert!(
                            now.as_deref().is_some_and(denies_all),
                            "{what}: {:?}",
                            containment.events
                        );
                    } else {
                        assert_eq!(containment.exit_code(), 3, "{what}");
                    }
                }
                (_, Some(sealed)) => {
                    let events = world.events(sealed.short_hash());
                    let Ok(containment) = world.try_undo(sealed.short_hash(), true).await else {
                        continue;
                    };
                    *ends.entry(containment.overall_status()).or_default() += 1;
                    if containment.overall_status() == "undone" {
                        // Only if this call did the undo: an earlier one may have been cut off
                        // after its last write, and followed by drift.
                        if containment.events.len() > events {
                            assert_eq!(
                                deny_all(&iam).await,
                                prior,
                                "{what}: {:?}",
                                containment.events
                            );
                        }
                        plan = None;
                    } else {
                        assert_eq!(containment.exit_code(), 3, "{what}");
                    }
                }
            }
        }
    }
    assert!(
        ends["contained"] > 10 && ends["undone"] > 10,
        "both ends are met: {ends:?}"
    );
}
