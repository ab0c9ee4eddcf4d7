//! Random sequences of plan, apply, crash, apply and undo, with drift in between. They end in the
//! prior state or in the contained state, and the journal says which. Any state in between is
//! reported.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_iam::Client;
use dragnet::contain::{SealedPlan, denies_all};
use fastrand::Rng;

use super::world::{World, decode_document, inline_policies};

const APP: &str = "arn:aws:iam::222222222222:role/apps/App";
const SLOW_FAULTS: &str = r#"
[[faults]]
operation = "*RolePolicy"
kind = "slow"
milliseconds = 100
[[faults]]
operation = "PutRolePolicy"
kind = "reset"
every = 5
"#;
const OTHER_POLICY: &str = r#"{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#;
const SAME_POLICY: &str = r#"{"Statement":{"Effect":"Deny","Action":["*"],"Resource":["*"]}}"#;

/// Returns the document of the policy `DenyAll`, if it exists.
async fn deny_all(iam: &Client) -> Option<String> {
    let policies = inline_policies(iam, "role", "App").await;
    policies
        .into_iter()
        .find(|(name, _)| name == "DenyAll")
        .map(|(_, document)| decode_document(&document))
}

/// Changes or removes the policy `DenyAll`.
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
        0 => _ = put(OTHER_POLICY).await,
        1 => _ = put(SAME_POLICY).await,
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

/// A random run of plan, apply and undo, and what is known about its plan.
struct Run {
    world: World,
    iam: Client,
    rng: Rng,
    plan: Option<SealedPlan>,
    /// The document of `DenyAll` when the plan was made.
    prior: Option<String>,
}

impl Run {
    async fn new(seed: u64) -> Self {
        let world = World::new(SLOW_FAULTS);
        let iam = world.iam("222222222222").await;
        Self {
            world,
            iam,
            rng: Rng::with_seed(seed),
            plan: None,
            prior: None,
        }
    }

    /// Takes a random step. Returns the status of the containment if apply or undo was not cut off.
    async fn step(&mut self, label: &str) -> Option<&'static str> {
        let cut = Duration::from_millis(self.rng.u64(0..9_000));
        match (self.rng.u8(..6), self.plan.clone()) {
            (0, _) => {
                drift(&self.iam, &mut self.rng).await;
                None
            }
            (_, None) => {
                self.prior = deny_all(&self.iam).await;
                self.plan = self.world.try_plan(&["--role", APP], "").await.ok();
                None
            }
            (1, Some(plan)) => {
                _ = tokio::time::timeout(cut, self.world.try_apply(&plan)).await;
                None
            }
            (2, Some(plan)) => {
                let overwrite_drift = self.rng.bool();
                let undo = self.world.try_undo(plan.short_hash(), overwrite_drift);
                _ = tokio::time::timeout(cut, undo).await;
                None
            }
            (3 | 4, Some(plan)) => self.apply(&plan, label).await,
            (_, Some(plan)) => self.undo(&plan, label).await,
        }
    }

    /// Applies the plan to its end, and checks the reported status.
    async fn apply(&self, plan: &SealedPlan, label: &str) -> Option<&'static str> {
        let containment = self.world.try_apply(plan).await.ok()?;
        let document = deny_all(&self.iam).await;
        if containment.overall_status() == "contained" {
            assert!(
                document.as_deref().is_some_and(denies_all),
                "{label}: {:?}",
                containment.events
            );
        } else {
            assert_eq!(containment.exit_code(), 3, "{label}");
        }
        Some(containment.overall_status())
    }

    /// Undoes the plan to its end, and checks the reported status.
    async fn undo(&mut self, plan: &SealedPlan, label: &str) -> Option<&'static str> {
        let events = self.world.events(plan.short_hash());
        let containment = self.world.try_undo(plan.short_hash(), true).await.ok()?;
        if containment.overall_status() == "undone" {
            // Only if this call did the undo: an earlier one may have been cut off after its last
            // write, and followed by drift.
            if containment.events.len() > events {
                assert_eq!(
                    deny_all(&self.iam).await,
                    self.prior,
                    "{label}: {:?}",
                    containment.events
                );
            }
            self.plan = None;
        } else {
            assert_eq!(containment.exit_code(), 3, "{label}");
        }
        Some(containment.overall_status())
    }
}

#[tokio::test(start_paused = true)]
async fn random_runs_report_every_intermediate_state() {
    let mut statuses = BTreeMap::<&str, u32>::new();
    for seed in 0..40 {
        let mut run = Run::new(seed).await;
        for step in 0..12 {
            let label = format!("seed {seed}, step {step}");
            if let Some(status) = run.step(&label).await {
                *statuses.entry(status).or_default() += 1;
            }
        }
    }
    assert!(
        statuses["contained"] > 10 && statuses["undone"] > 10,
        "both final states occur: {statuses:?}"
    );
}
