//! Actions besides inline policies: credentials, sign-in, trust policies and permissions
//! boundaries.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::types::StatusType;
use dragnet::contain::{
    confirmation_lines, markdown, plan_lines, resource_control_policy, shell_script,
};
use fastrand::Rng;
use serde_json::{Value, json};

use super::world::{World, edit_plan, is_allowed, retry_while_throttled, states};
use crate::scenario::{Fault, Inline, Role};

pub(super) const MALLORY: &str = "arn:aws:iam::222222222222:user/mallory";
pub(super) const TRUSTED: &str = "arn:aws:iam::222222222222:role/Trusted";
const FULL: &str = "arn:aws:iam::222222222222:role/Full";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const DENY_ALL: &str = "arn:aws:iam::aws:policy/AWSDenyAll";

/// A user with every kind of credential, and a role with an unusually written trust policy.
pub(super) const PRINCIPALS: &str = r#"
[[users]]
account = "222222222222"
name = "mallory"
access_keys = ["AKIAMALLORY222222222"]
ssh_keys = ["APKAMALLORY222222222"]
signing_certificates = ["CERTMALLORY222222222222"]
service_specific_credentials = ["ACCAMALLORY222222222", "ACCAMALLORY222222223"]
login_profile = true
mfa = true
attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
[[roles]]
name = "Trusted"
accounts = ["222222222222"]
trust_policy = '{ "Version":"2012-10-17",  "Statement": {"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::222222222222:user/staff/eve"]},"Action":"sts:AssumeRole"} }'
attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
"#;

/// A role whose inline policies leave no room for another one.
fn full_role(boundary: &str) -> String {
    let resource = format!("arn:aws:s3:::{}", "A".repeat(10_087));
    let policy = format!(
        r#"{{"Statement":{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{resource}"}}}}"#
    );
    Role::new("Full")
        .accounts(["222222222222"])
        .raw(boundary)
        .attached([ADMINISTRATOR])
        .policies(Inline(&[("Big", policy)]))
        .to_string()
}

/// Returns what the actions change, by name: the status of every credential of mallory, her
/// boundary, and the trust policy of the role byte for byte.
pub(super) async fn snapshot(iam: &Client) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let keys =
        retry_while_throttled(async || iam.list_access_keys().user_name("mallory").send().await)
            .await
            .unwrap();
    for key in keys.access_key_metadata() {
        let status = key.status().unwrap().as_str();
        found.insert(key.access_key_id().unwrap().to_owned(), status.to_owned());
    }
    let credentials = retry_while_throttled(async || {
        iam.list_service_specific_credentials()
            .user_name("mallory")
            .send()
            .await
    })
    .await
    .unwrap();
    for credential in credentials.service_specific_credentials() {
        let id = credential.service_specific_credential_id().to_owned();
        found.insert(id, credential.status().as_str().to_owned());
    }
    let keys = retry_while_throttled(async || {
        iam.list_ssh_public_keys().user_name("mallory").send().await
    })
    .await
    .unwrap();
    for key in keys.ssh_public_keys() {
        let id = key.ssh_public_key_id().to_owned();
        found.insert(id, key.status().as_str().to_owned());
    }
    let certificates = retry_while_throttled(async || {
        iam.list_signing_certificates()
            .user_name("mallory")
            .send()
            .await
    })
    .await
    .unwrap();
    for certificate in certificates.certificates() {
        let id = certificate.certificate_id().to_owned();
        found.insert(id, certificate.status().as_str().to_owned());
    }
    let user = retry_while_throttled(async || iam.get_user().user_name("mallory").send().await)
        .await
        .unwrap();
    let boundary = user
        .user()
        .and_then(|user| user.permissions_boundary())
        .and_then(|boundary| boundary.permissions_boundary_arn());
    found.insert(
        "boundary".to_owned(),
        boundary.unwrap_or_default().to_owned(),
    );
    found.insert("trust".to_owned(), trust(iam).await);
    found
}

/// Returns the trust policy of the role, as IAM returns it.
async fn trust(iam: &Client) -> String {
    let role = retry_while_throttled(async || iam.get_role().role_name("Trusted").send().await)
        .await
        .unwrap();
    let document = role.role().unwrap().assume_role_policy_document();
    document.unwrap().to_owned()
}

pub(super) async fn boundary_of_role(iam: &Client, role: &str) -> Option<String> {
    let found = retry_while_throttled(async || iam.get_role().role_name(role).send().await)
        .await
        .unwrap();
    let boundary = found.role().unwrap().permissions_boundary();
    boundary
        .and_then(|boundary| boundary.permissions_boundary_arn())
        .map(str::to_owned)
}

pub(super) async fn has_password(iam: &Client) -> bool {
    let profile =
        retry_while_throttled(async || iam.get_login_profile().user_name("mallory").send().await)
            .await;
    match profile {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code(), Some("NoSuchEntity"));
            false
        }
    }
}

pub(super) async fn mfa_devices(iam: &Client) -> usize {
    let devices =
        retry_while_throttled(async || iam.list_mfa_devices().user_name("mallory").send().await)
            .await
            .unwrap();
    devices.mfa_devices().len()
}

/// Whether the responder may assume the role.
async fn can_assume(world: &World) -> bool {
    let sts = aws_sdk_sts::Client::new(&world.sdk_clients().responder());
    let assumed = sts
        .assume_role()
        .role_arn(TRUSTED)
        .role_session_name("test")
        .send()
        .await;
    match assumed {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code(), Some("AccessDenied"));
            false
        }
    }
}

fn actions(principal: [&'static str; 2], actions: &[&'static str]) -> Vec<&'static str> {
    let mut arguments = principal.to_vec();
    for action in actions {
        arguments.extend(["--action", *action]);
    }
    arguments
}

#[tokio::test(start_paused = true)]
async fn only_credentials_that_were_active_are_activated_by_undo() {
    let world = World::new(PRINCIPALS);
    let iam = world.iam("222222222222").await;
    iam.update_service_specific_credential()
        .user_name("mallory")
        .service_specific_credential_id("ACCAMALLORY222222223")
        .status(StatusType::Inactive)
        .send()
        .await
        .unwrap();
    let mallory = world.sdk_clients().user("AKIAMALLORY222222222");
    let before = snapshot(&iam).await;
    assert_eq!(
        before.values().filter(|status| *status == "Active").count(),
        4
    );
    assert!(is_allowed(&mallory).await);

    let plan = world
        .plan(&actions(
            ["--user", MALLORY],
            &["deactivate-credentials", "deactivate-keys"],
        ))
        .await;
    let containment = world.apply(&plan).await;
    assert_eq!(
        states(&containment),
        [
            "verified",
            "verified",
            "already-contained",
            "verified",
            "verified"
        ],
        "every credential once"
    );
    assert!(!is_allowed(&mallory).await);
    let contained = snapshot(&iam).await;
    assert!(contained.values().all(|status| status != "Active"));
    let (verified, problems) = world.verify(plan.short_hash()).await;
    assert_eq!((verified.exit_code(), problems), (0, Vec::new()));
    iam.update_ssh_public_key()
        .user_name("mallory")
        .ssh_public_key_id("APKAMALLORY222222222")
        .status(StatusType::Active)
        .send()
        .await
        .unwrap();
    let (verified, problems) = world.verify(plan.short_hash()).await;
    assert_eq!(
        (verified.exit_code(), problems.len()),
        (3, 1),
        "{problems:?}"
    );
    assert!(problems[0].contains("SSH public key APKAMALLORY222222222 is ACTIVE again"));

    assert_eq!(
        world.undo(plan.short_hash(), false).await.overall_status(),
        "undone"
    );
    assert_eq!(snapshot(&iam).await, before);
    assert!(is_allowed(&mallory).await);
}

#[tokio::test(start_paused = true)]
async fn password_and_mfa_devices_are_removed_and_said_not_to_come_back() {
    let world = World::new(PRINCIPALS);
    let iam = world.iam("222222222222").await;
    let plan = world
        .plan(&actions(
            ["--user", MALLORY],
            &["delete-login-profile", "deactivate-mfa"],
        ))
        .await;
    for lines in [plan_lines(&plan), confirmation_lines(plan.plan())] {
        let said = lines
            .iter()
            .filter(|line| line.contains("CANNOT BE UNDONE"));
        assert_eq!(said.count(), 2, "{lines:#?}");
    }
    assert_eq!(states(&world.apply(&plan).await), ["verified", "verified"]);
    assert!(!has_password(&iam).await);
    assert_eq!(mfa_devices(&iam).await, 0);
    let undone = world.undo(plan.short_hash(), false).await;
    assert_eq!(
        (states(&undone), undone.overall_status()),
        (vec!["irreversible", "irreversible"], "undone")
    );
    let last = undone.events.last().unwrap();
    assert!(last.detail.contains("cannot be restored"), "{last:?}");
    assert!(!has_password(&iam).await);
    // Nothing is left to do, and a second undo changes nothing.
    assert_eq!(
        states(&world.undo(plan.short_hash(), false).await),
        ["irreversible", "irreversible"]
    );
    assert_eq!(world.calls("DeleteLoginProfile"), 1);
}

#[tokio::test(start_paused = true)]
async fn password_that_is_created_again_is_deleted_again() {
    let world = World::new(PRINCIPALS);
    let iam = world.iam("222222222222").await;
    let plan = world
        .plan(&actions(["--user", MALLORY], &["delete-login-profile"]))
        .await;
    let attacker = iam.clone();
    let recreate = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        while attacker
            .get_login_profile()
            .user_name("mallory")
            .send()
            .await
            .is_ok()
        {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        attacker
            .create_login_profile()
            .user_name("mallory")
            .password("correct horse")
            .send()
            .await
            .unwrap();
    });
    let containment = world.apply(&plan).await;
    recreate.await.unwrap();
    assert_eq!(states(&containment), ["verified"]);
    let last = containment.events.last().unwrap();
    assert!(last.detail.contains("SOMEBODY IS FIGHTING"), "{last:?}");
    assert!(!has_password(&iam).await);
}

#[tokio::test(start_paused = true)]
async fn blocked_role_cannot_be_assumed_until_undo() {
    let world = World::new(PRINCIPALS);
    let iam = world.iam("222222222222").await;
    let before = trust(&iam).await;
    assert!(can_assume(&world).await);
    let session = world
        .sdk_clients()
        .assume("222222222222", "Trusted", "us-east-1")
        .await;
    let plan = world
        .plan(&actions(["--role", TRUSTED], &["block-assume"]))
        .await;
    let target = &plan.plan().targets[0];
    assert_eq!(target.locked_out.len(), 2, "{:?}", target.locked_out);
    assert!(target.locked_out[1].starts_with("arn:aws:iam::222222222222:user/staff/eve (no use"));
    let prompt = confirmation_lines(plan.plan()).join("\n");
    for principal in &target.locked_out {
        assert!(prompt.contains(principal), "{principal}: {prompt}");
    }

    let containment = world.apply(&plan).await;
    assert_eq!(states(&containment), ["verified"]);
    assert!(!can_assume(&world).await);
    assert!(is_allowed(&session).await, "a session that exists stays");
    assert!(
        markdown(&containment).contains("add --action revoke-sessions"),
        "the record says so"
    );
    assert_eq!(
        world.undo(plan.short_hash(), false).await.overall_status(),
        "undone"
    );
    assert_eq!(trust(&iam).await, before, "byte for byte");
    assert!(can_assume(&world).await);
}

#[tokio::test(start_paused = true)]
async fn trust_policy_that_others_changed_is_not_overwritten() {
    let world = World::new(PRINCIPALS);
    let iam = world.iam("222222222222").await;
    let plan = world
        .plan(&actions(["--role", TRUSTED], &["block-assume"]))
        .await;
    world.apply(&plan).await;
    let other = r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}"#;
    iam.update_assume_role_policy()
        .role_name("Trusted")
        .policy_document(other)
        .send()
        .await
        .unwrap();
    let changed = trust(&iam).await;
    let undone = world.undo(plan.short_hash(), false).await;
    assert_eq!(
        (states(&undone), undone.exit_code()),
        (vec!["undo-drifted"], 3)
    );
    assert_eq!(trust(&iam).await, changed);
    let last = undone.events.last().unwrap();
    assert!(last.detail.contains("somebody else has changed it"));
}

#[tokio::test(start_paused = true)]
async fn boundary_blocks_where_an_inline_policy_has_no_room() {
    for (scenario, prior) in [
        (String::new(), None),
        (
            format!("boundary = \"{ADMINISTRATOR}\""),
            Some(ADMINISTRATOR.to_owned()),
        ),
    ] {
        let world = World::new(&full_role(&scenario));
        let iam = world.iam("222222222222").await;
        let session = world
            .sdk_clients()
            .assume("222222222222", "Full", "us-east-1")
            .await;
        assert!(is_allowed(&session).await);
        let refused = world.plan(&["--role", FULL]).await;
        let reasons = &refused.plan().refused[0].reasons;
        assert!(reasons[0].contains("--action boundary"), "{reasons:?}");

        let plan = world.plan(&actions(["--role", FULL], &["boundary"])).await;
        assert_eq!(states(&world.apply(&plan).await), ["verified"]);
        assert_eq!(
            boundary_of_role(&iam, "Full").await.as_deref(),
            Some(DENY_ALL)
        );
        assert!(!is_allowed(&session).await);
        assert_eq!(
            world.undo(plan.short_hash(), false).await.overall_status(),
            "undone"
        );
        assert_eq!(boundary_of_role(&iam, "Full").await, prior);
        assert!(is_allowed(&session).await);
    }
}

#[tokio::test(start_paused = true)]
async fn actions_that_do_not_apply_or_lock_out_are_refused() {
    let world = World::new(PRINCIPALS);
    for (principal, action, reason) in [
        (["--user", MALLORY], "block-assume", "none of the actions"),
        (["--group", "staff"], "boundary", "none of the actions"),
        (
            ["--role", TRUSTED],
            "deactivate-credentials",
            "none of the actions",
        ),
        (
            ["--role", "DragnetContain"],
            "block-assume",
            "Dragnet enters",
        ),
        (
            ["--role", "OrganizationAccountAccess*"],
            "block-assume",
            "the organization enters",
        ),
    ] {
        let plan = world.plan(&actions(principal, &[action])).await;
        assert!(plan.plan().targets.is_empty(), "{principal:?} {action}");
        let reasons = &plan.plan().refused[0].reasons;
        assert!(
            reasons.iter().any(|found| found.contains(reason)),
            "{principal:?} {action}: {reasons:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn edited_steps_are_refused() {
    let world = World::new(PRINCIPALS);
    let iam = world.iam("222222222222").await;
    let before = snapshot(&iam).await;
    let block = world
        .plan(&actions(["--role", TRUSTED], &["block-assume"]))
        .await;
    let boundary = world
        .plan(&actions(["--user", MALLORY], &["boundary"]))
        .await;
    let open = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    let edits: [(_, &str, Value); 4] = [
        (
            &block,
            "change",
            json!({"change": "block-assume", "document": open}),
        ),
        (&block, "prior", json!({"trust": null})),
        (
            &boundary,
            "change",
            json!({"change": "boundary", "policy": ADMINISTRATOR}),
        ),
        (&boundary, "prior", json!({"present": true})),
    ];
    for (plan, member, value) in edits {
        let edited = edit_plan(plan, |plan| {
            plan["targets"][0]["steps"][0][member] = value.clone();
        });
        let error = world.try_apply(&edited).await.unwrap_err().to_string();
        assert!(error.contains("step 1 was edited"), "{value}: {error}");
    }
    let other_kind = edit_plan(&block, |plan| {
        plan["targets"][0]["steps"][0]["change"] = json!({"change": "delete-login-profile"});
        plan["targets"][0]["steps"][0]["prior"] = json!({"present": true});
    });
    let error = world.try_apply(&other_kind).await.unwrap_err().to_string();
    assert!(error.contains("does not apply to a role"), "{error}");
    assert_eq!(snapshot(&iam).await, before);
}

#[tokio::test(start_paused = true)]
async fn plan_says_what_remains_possible_and_is_exported() {
    let world = World::new(PRINCIPALS);
    let denied = world.plan(&["--user", MALLORY]).await;
    let text = plan_lines(&denied).join("\n");
    for part in [
        "SSH public key APKAMALLORY222222222",
        "service-specific credential ACCAMALLORY222222222 for codecommit.amazonaws.com",
        "the console password",
        "they work again after undo",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let user = [
        "deactivate-credentials",
        "delete-login-profile",
        "deactivate-mfa",
        "boundary",
    ];
    let plan = world.plan(&actions(["--user", MALLORY], &user)).await;
    let remaining = plan.plan().targets[0].remaining.join("\n");
    assert!(!remaining.contains("stay active"), "{remaining}");
    let script = shell_script(plan.plan());
    for line in [
        "aws iam update-service-specific-credential --user-name='mallory' --service-specific-credential-id='ACCAMALLORY222222222' --status=Inactive",
        "aws iam update-ssh-public-key --user-name='mallory' --ssh-public-key-id='APKAMALLORY222222222' --status=Active",
        "aws iam update-signing-certificate --user-name='mallory' --certificate-id='CERTMALLORY222222222222' --status=Inactive",
        "aws iam delete-login-profile --user-name='mallory'",
        "aws iam deactivate-mfa-device --user-name='mallory' --serial-number='arn:aws:iam::222222222222:mfa/mallory'",
        "aws iam put-user-permissions-boundary --user-name='mallory' --permissions-boundary='arn:aws:iam::aws:policy/AWSDenyAll'",
        "aws iam delete-user-permissions-boundary --user-name='mallory'",
        "# a deleted password cannot be restored",
    ] {
        assert!(script.contains(line), "{line}: {script}");
    }
    let rcp: Value = serde_json::from_str(&resource_control_policy(plan.plan())).unwrap();
    let statement = &rcp["Statement"][0];
    assert_eq!(
        statement["Condition"]["ArnEquals"]["aws:PrincipalArn"],
        json!([MALLORY])
    );
    assert_eq!(
        (&statement["Effect"], &statement["Principal"]),
        (&json!("Deny"), &json!("*"))
    );
    let block = world
        .plan(&actions(["--role", TRUSTED], &["block-assume"]))
        .await;
    let script = shell_script(block.plan());
    assert_eq!(
        script
            .matches("aws iam update-assume-role-policy --role-name='Trusted'")
            .count(),
        2,
        "{script}"
    );
}

#[tokio::test(start_paused = true)]
async fn crash_at_any_time_is_continued_for_every_action() {
    let slow = Fault::slow("*", 100).account("222222222222");
    for cut in (25..8_000).step_by(725).map(Duration::from_millis) {
        let world = World::new(&format!("{PRINCIPALS}{slow}"));
        let iam = world.iam("222222222222").await;
        let before = snapshot(&iam).await;
        for arguments in [
            actions(["--role", TRUSTED], &["block-assume", "boundary"]),
            actions(
                ["--user", MALLORY],
                &["deactivate-credentials", "delete-login-profile", "boundary"],
            ),
        ] {
            let plan = world.plan(&arguments).await;
            _ = tokio::time::timeout(cut, world.try_apply(&plan)).await;
            let applied = world.apply(&plan).await;
            assert_eq!(
                applied.overall_status(),
                "contained",
                "{cut:?}: {:?}",
                applied.events
            );
            _ = tokio::time::timeout(cut, world.undo(plan.short_hash(), false)).await;
            let undone = world.undo(plan.short_hash(), false).await;
            assert_eq!(
                undone.overall_status(),
                "undone",
                "{cut:?}: {:?}",
                undone.events
            );
        }
        assert_eq!(snapshot(&iam).await, before, "{cut:?}");
        assert!(!has_password(&iam).await, "{cut:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn random_runs_of_every_action_end_as_reported() {
    let faults = String::from(Fault::new("Update*", "reset").every(5))
        + &Fault::new("*Boundary", "server-error").every(4);
    let mut contained = 0;
    for seed in 0..12 {
        let mut rng = Rng::with_seed(seed);
        let world = World::new(&format!("{PRINCIPALS}{faults}"));
        let iam = world.iam("222222222222").await;
        let before = snapshot(&iam).await;
        for round in 0..3 {
            let label = format!("seed {seed}, round {round}");
            let arguments = if rng.bool() {
                actions(["--role", TRUSTED], &["block-assume"])
            } else {
                let all = ["deactivate-keys", "deactivate-credentials", "boundary"];
                let chosen: Vec<_> = all.into_iter().filter(|_| rng.bool()).collect();
                let chosen = if chosen.is_empty() {
                    all.to_vec()
                } else {
                    chosen
                };
                actions(["--user", MALLORY], &chosen)
            };
            let plan = world.plan(&arguments).await;
            let cut = Duration::from_millis(rng.u64(0..9_000));
            _ = tokio::time::timeout(cut, world.try_apply(&plan)).await;
            let applied = world.apply(&plan).await;
            if applied.overall_status() == "contained" {
                contained += 1;
                assert_ne!(snapshot(&iam).await, before, "{label}");
            } else {
                assert_eq!(applied.exit_code(), 3, "{label}");
            }
            for attempt in 0.. {
                let undone = world.undo(plan.short_hash(), false).await;
                if undone.overall_status() == "undone" {
                    break;
                }
                assert_eq!(undone.exit_code(), 3, "{label}");
                assert!(attempt < 20, "{label}: {:?}", undone.events);
            }
            assert_eq!(snapshot(&iam).await, before, "{label}");
        }
    }
    assert!(contained > 12, "{contained}");
}
