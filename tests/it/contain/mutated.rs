//! If a response is changed by a broken server or proxy, a plan is refused or complete, and what is
//! reported as contained is contained.

use serde_json::Value;

use super::world::{World, inline_policies};
use crate::cases::cases;
use crate::scenario::Fault;

const APP: &str = "arn:aws:iam::222222222222:role/apps/App";
const EVE: &str = "arn:aws:iam::222222222222:user/staff/eve";

fn fault(operation: &str, case: u32) -> String {
    let seed = fastrand::Rng::with_seed(u64::from(case)).u32(..);
    let after = case % 3;
    Fault::incomplete(operation, "any")
        .account("222222222222")
        .seed(seed)
        .after(after)
        .to_string()
}

/// Returns the principals and steps of a plan, or `None` if it is refused or has gaps.
async fn planned(world: &World) -> Option<Vec<[Value; 3]>> {
    let plan = world.try_plan(&["--role", APP, "--user", EVE], "").await;
    let plan = serde_json::to_value(plan.ok()?.plan()).unwrap();
    let is_complete = ["gaps", "refused"]
        .iter()
        .all(|name| plan[name] == Value::Array(Vec::new()));
    let targets = plan["targets"].as_array().unwrap().iter();
    let targets =
        targets.map(|target| ["principal", "id", "steps"].map(|name| target[name].clone()));
    is_complete.then(|| targets.collect())
}

#[tokio::test(start_paused = true)]
async fn plan_is_refused_or_complete() {
    let truth = planned(&World::new("")).await;
    assert!(truth.is_some());
    let mut noticed = 0;
    for operation in [
        "DescribeRegions",
        "GetAccountAuthorizationDetails",
        "GetGroup",
        "GetUser",
        "GetRole",
        "ListAccessKeys",
        "ListUsers",
    ] {
        for case in 0..cases(4) {
            let fault = fault(operation, case);
            let found = planned(&World::new(&fault)).await;
            assert!(found.is_none() || found == truth, "{fault}: {found:#?}");
            noticed += u32::from(found.is_none());
        }
    }
    assert!(noticed > 0, "no change was noticed");
}

#[tokio::test(start_paused = true)]
async fn contained_means_contained() {
    for operation in [
        "AssumeRole",
        "GetRole",
        "GetRolePolicy",
        "GetUser",
        "GetUserPolicy",
        "ListAccessKeys",
        "PutRolePolicy",
        "PutUserPolicy",
        "SimulatePrincipalPolicy",
        "UpdateAccessKey",
    ] {
        for case in 0..cases(2) {
            let fault = fault(operation, case);
            let world = World::new(&fault);
            let iam = world.iam("222222222222").await;
            let Ok(plan) = world.try_plan(&["--role", APP, "--user", EVE], "").await else {
                continue;
            };
            let Ok(containment) = world.try_apply(&plan).await else {
                continue;
            };
            if containment.overall_status() != "contained" {
                continue;
            }
            for (kind, name) in [("role", "App"), ("user", "eve")] {
                let policies = inline_policies(&iam, kind, name).await;
                assert!(
                    policies.iter().any(|(name, _)| name == "DenyAll"),
                    "{fault}: {kind} {name}: {policies:?}"
                );
            }
        }
    }
}
