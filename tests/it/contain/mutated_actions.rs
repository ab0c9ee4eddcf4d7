//! A broken server or proxy changes responses of the operations that an action needs, anywhere in
//! `plan`, `apply` and `undo`. A plan is complete or says that it is not, what is reported as
//! contained is contained, and undo restores the prior state.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use dragnet::contain::SealedPlan;
use fastrand::Rng;
use serde_json::Value;

use super::actions::{
    MALLORY, PRINCIPALS, TRUSTED, boundary_of_role, has_password, mfa_devices, snapshot,
};
use super::world::World;
use crate::cases::cases;
use crate::scenario::Fault;

const USER: [&str; 2] = ["--user", MALLORY];
const ROLE: [&str; 2] = ["--role", TRUSTED];

/// Operations, each with a principal and an action that needs it.
const OPERATIONS: [(&str, [&str; 2], &str); 20] = [
    ("ListAccessKeys", USER, "deactivate-credentials"),
    ("UpdateAccessKey", USER, "deactivate-credentials"),
    ("ListSSHPublicKeys", USER, "deactivate-credentials"),
    ("UpdateSSHPublicKey", USER, "deactivate-credentials"),
    (
        "ListServiceSpecificCredentials",
        USER,
        "deactivate-credentials",
    ),
    (
        "UpdateServiceSpecificCredential",
        USER,
        "deactivate-credentials",
    ),
    ("ListSigningCertificates", USER, "deactivate-credentials"),
    ("UpdateSigningCertificate", USER, "deactivate-credentials"),
    ("GetLoginProfile", USER, "delete-login-profile"),
    ("DeleteLoginProfile", USER, "delete-login-profile"),
    ("ListMFADevices", USER, "deactivate-mfa"),
    ("DeactivateMFADevice", USER, "deactivate-mfa"),
    ("GetRole", ROLE, "block-assume"),
    ("UpdateAssumeRolePolicy", ROLE, "block-assume"),
    ("GetRole", ROLE, "boundary"),
    ("PutRolePermissionsBoundary", ROLE, "boundary"),
    ("DeleteRolePermissionsBoundary", ROLE, "boundary"),
    ("GetUser", USER, "boundary"),
    ("PutUserPermissionsBoundary", USER, "boundary"),
    ("DeleteUserPermissionsBoundary", USER, "boundary"),
];

/// The first changed response comes after fewer responses than this.
const LATEST: u32 = 6;
/// At most this many responses are changed, so that an undo succeeds at last.
const MOST: u32 = 8;

/// Returns a fault that changes some responses to `operation`.
fn fault(operation: &str, rng: &mut Rng) -> String {
    let seed = rng.u32(..);
    let after = rng.u32(0..LATEST);
    let times = rng.u32(1..=MOST);
    Fault::incomplete(operation, "any")
        .account("222222222222")
        .seed(seed)
        .after(after)
        .times(times)
        .to_string()
}

/// Returns everything that the actions change, by name.
async fn state(iam: &Client) -> BTreeMap<String, String> {
    let mut state = Box::pin(snapshot(iam)).await;
    let boundary = boundary_of_role(iam, "Trusted").await.unwrap_or_default();
    state.insert("boundary of the role".to_owned(), boundary);
    let has_password = has_password(iam).await;
    state.insert("password".to_owned(), has_password.to_string());
    let devices = mfa_devices(iam).await;
    state.insert("MFA devices".to_owned(), devices.to_string());
    state
}

/// Whether the action is in effect.
fn is_in_effect(action: &str, principal: [&str; 2], state: &BTreeMap<String, String>) -> bool {
    match action {
        "deactivate-credentials" => state.values().all(|value| value != "Active"),
        "delete-login-profile" => state["password"] == "false",
        "deactivate-mfa" => state["MFA devices"] == "0",
        "block-assume" => state["trust"].contains("DragnetBlockAssume"),
        _ if principal == ROLE => state["boundary of the role"].ends_with("/AWSDenyAll"),
        _ => state["boundary"].ends_with("/AWSDenyAll"),
    }
}

/// Makes calls of the operation until no response to it is changed any more. An operation that
/// writes is not needed to read the state.
async fn exhaust_fault(iam: &Client, operation: &str) {
    for _ in 0..LATEST + MOST {
        match operation {
            "GetLoginProfile" => _ = iam.get_login_profile().user_name("mallory").send().await,
            "GetRole" => _ = iam.get_role().role_name("Trusted").send().await,
            "GetUser" => _ = iam.get_user().user_name("mallory").send().await,
            "ListAccessKeys" => _ = iam.list_access_keys().user_name("mallory").send().await,
            "ListMFADevices" => _ = iam.list_mfa_devices().user_name("mallory").send().await,
            "ListSSHPublicKeys" => {
                _ = iam.list_ssh_public_keys().user_name("mallory").send().await;
            }
            "ListServiceSpecificCredentials" => {
                let list = iam.list_service_specific_credentials();
                _ = list.user_name("mallory").send().await;
            }
            "ListSigningCertificates" => {
                let list = iam.list_signing_certificates();
                _ = list.user_name("mallory").send().await;
            }
            _ => return,
        }
    }
}

/// Returns the plan, or `None` if it is refused or says that something is missing: `contain plan`
/// ends with exit code 1 or 3 then.
async fn complete_plan(world: &World, arguments: &[&str]) -> Option<SealedPlan> {
    let plan = world.try_plan(arguments, "").await.ok()?;
    let is_complete = plan.plan().gaps.is_empty() && plan.plan().refused.is_empty();
    is_complete.then_some(plan)
}

/// Runs a containment with a fault. Returns whether the fault was noticed.
async fn contain_with_fault(
    operation: &str,
    principal: [&str; 2],
    action: &str,
    rng: &mut Rng,
) -> bool {
    let fault = fault(operation, rng);
    let label = format!("{action}: {fault}");
    let world = World::new(&format!("{PRINCIPALS}{fault}"));
    let iam = world.iam("222222222222").await;
    let arguments = [&principal[..], &["--action", action]].concat();
    let Some(plan) = complete_plan(&world, &arguments).await else {
        return true;
    };
    let applied = world.apply(&plan).await;
    let is_contained = applied.overall_status() == "contained";
    assert!(is_contained || applied.exit_code() == 3, "{label}");
    // In the other cases, responses may still be changed while it is undone.
    if rng.bool() {
        exhaust_fault(&iam, operation).await;
        let now = state(&iam).await;
        let is_in_effect = is_in_effect(action, principal, &now);
        assert!(is_in_effect || !is_contained, "{label}: {now:#?}");
    }
    for attempt in 0.. {
        let undone = world.undo(plan.short_hash(), false).await;
        if undone.overall_status() == "undone" {
            break;
        }
        assert_eq!(undone.exit_code(), 3, "{label}");
        assert!(attempt < 20, "{label}: {:?}", undone.events);
    }
    exhaust_fault(&iam, operation).await;
    let restored = state(&iam).await;
    let before = state(&World::new(PRINCIPALS).iam("222222222222").await).await;
    let is_kept = |name: &&String| !matches!(name.as_str(), "password" | "MFA devices");
    for name in before.keys().filter(is_kept) {
        assert_eq!(restored[name], before[name], "{label}: {name}");
    }
    !is_contained
}

#[tokio::test(start_paused = true)]
async fn contained_means_contained_and_undone_means_undone() {
    let mut noticed = 0;
    for (number, (operation, principal, action)) in (0_u64..).zip(OPERATIONS) {
        for case in 0..cases(1) {
            let mut rng = Rng::with_seed(number * 10_000 + u64::from(case));
            let was_noticed = contain_with_fault(operation, principal, action, &mut rng);
            noticed += u32::from(Box::pin(was_noticed).await);
        }
    }
    assert!(noticed > 0, "no change was noticed");
}

/// Returns the principals and steps of a plan of every action, or `None` if it says that something
/// is missing.
async fn planned(world: &World) -> Option<Vec<[Value; 3]>> {
    let actions = [
        "deactivate-credentials",
        "delete-login-profile",
        "deactivate-mfa",
        "block-assume",
        "boundary",
    ];
    let mut arguments = [USER, ROLE].concat();
    for action in actions {
        arguments.extend(["--action", action]);
    }
    let plan = complete_plan(world, &arguments).await?;
    let plan = serde_json::to_value(plan.plan()).unwrap();
    let targets = plan["targets"].as_array().unwrap().iter();
    let targets =
        targets.map(|target| ["principal", "id", "steps"].map(|name| target[name].clone()));
    Some(targets.collect())
}

#[tokio::test(start_paused = true)]
async fn plan_of_every_action_is_complete_or_says_that_it_is_not() {
    let truth = planned(&World::new(PRINCIPALS)).await;
    assert!(truth.is_some());
    let mut noticed = 0;
    for operation in [
        "GetAccountAuthorizationDetails",
        "GetLoginProfile",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
        "ListSigningCertificates",
    ] {
        for case in 0..cases(2) {
            let seed = Rng::with_seed(u64::from(case)).u32(..);
            let fault = Fault::incomplete(operation, "any")
                .account("222222222222")
                .seed(seed)
                .after(case % 2);
            let found = planned(&World::new(&format!("{PRINCIPALS}{fault}"))).await;
            assert!(found.is_none() || found == truth, "{fault}: {found:#?}");
            noticed += u32::from(found.is_none());
        }
    }
    assert!(noticed > 0, "no change was noticed");
}
