//! Verification from logs: what the contained principals did since, according to the records that a
//! trail delivered.

use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};
use std::time::Duration;

use dragnet::commands::verification_exit_code;
use dragnet::contain::{
    DENY_ALL, Journals, LogVerdict, PrincipalVerdict, incident_json, incident_markdown,
};
use tokio::time::sleep;

use super::eve::{ACCOUNT, EVE, KEY, contain_eve, world};
use super::world::{World, is_allowed};
use crate::scenario::{Fault, Inline, User};
use crate::survive::binary::dragnet;

/// Longer than the delivery lag and the time that a change needs to propagate.
const LATER: Duration = Duration::from_hours(1);

/// Removes the policy of the containment, and calls as the user.
async fn call_without_deny(world: &World) {
    let removal = world
        .iam(ACCOUNT)
        .await
        .delete_user_policy()
        .user_name("eve")
        .policy_name("DenyAll");
    removal.send().await.unwrap();
    assert!(is_allowed(&world.sdk_clients().user(KEY)).await);
}

async fn verdict(world: &World, id: &str) -> PrincipalVerdict {
    let verification = world.verify_from_logs(id).await;
    assert_eq!(verification.principals.len(), 1, "{verification:#?}");
    let principal = verification.principals[0].clone();
    assert_eq!(
        verification.is_verified(),
        principal.verdict == LogVerdict::Verified
    );
    principal
}

#[tokio::test(start_paused = true)]
async fn attacker_who_keeps_calling_is_denied() {
    let world = world("");
    let eve = world.sdk_clients().user(KEY);
    assert!(is_allowed(&eve).await);
    sleep(Duration::from_mins(1)).await;
    let id = contain_eve(&world, &[]).await;
    for _ in 0..14 {
        sleep(Duration::from_secs(10)).await;
        assert!(!is_allowed(&eve).await);
    }
    sleep(LATER).await;
    let found = verdict(&world, &id).await;
    assert_eq!(
        (found.verdict, found.denied, found.succeeded),
        (LogVerdict::Verified, 14, 0),
        "{found:#?}"
    );
    assert_eq!(found.denied_by.get("identity-policy"), Some(&14));
    assert_eq!(found.denials.len(), 10, "{found:#?}");
    assert_eq!(found.denials[0].cause.as_deref(), Some("identity-policy"));
    assert_eq!(Some(&found.denials[0]), found.first_denial.as_ref());
    let last = found.last_success_before.as_ref().unwrap();
    let first = found.first_denial.as_ref().unwrap();
    assert_eq!(last.event, "iam.amazonaws.com ListUsers");
    assert!(last.at < first.at, "{found:#?}");
}

/// Verifies in IAM and from the logs, as `dragnet contain verify --from-logs` does.
async fn exit_code(world: &World, id: &str) -> u8 {
    let from_logs = world.verify_from_logs(id).await;
    let (containment, problems) = world.verify(id).await;
    assert!(problems.is_empty(), "{problems:?}");
    verification_exit_code(&containment, &problems, Some(&from_logs))
}

#[tokio::test(start_paused = true)]
async fn exit_code_is_3_until_the_logs_are_complete_and_0_then() {
    let world = world("");
    let id = contain_eve(&world, &[]).await;
    sleep(Duration::from_mins(10)).await;
    assert_eq!(exit_code(&world, &id).await, 3);
    sleep(LATER).await;
    assert_eq!(exit_code(&world, &id).await, 0);
}

/// The policy is back in place when it is verified, but a call succeeded meanwhile.
#[tokio::test(start_paused = true)]
async fn exit_code_is_3_after_a_success_although_the_policy_is_back() {
    let world = world("");
    let id = contain_eve(&world, &[]).await;
    sleep(Duration::from_mins(5)).await;
    call_without_deny(&world).await;
    let colleague = world.iam(ACCOUNT).await;
    let restoration = colleague
        .put_user_policy()
        .user_name("eve")
        .policy_name("DenyAll")
        .policy_document(DENY_ALL);
    restoration.send().await.unwrap();
    sleep(LATER).await;
    assert_eq!(exit_code(&world, &id).await, 3);
}

/// After the end of a deny, a policy of the account itself denies the call.
#[tokio::test(start_paused = true)]
async fn denials_by_policies_of_others_are_not_attributed_to_the_containment() {
    let ben = "arn:aws:iam::222222222222:user/ben";
    let key = "AKIABEN2222222222222";
    let user = User::new(ACCOUNT, "ben")
        .access_keys([key])
        .attached(["arn:aws:iam::aws:policy/AdministratorAccess"])
        .policies(Inline(&[("Old", DENY_ALL)]));
    let world = world(&user);
    let plan = world.plan(&["--user", ben, "--for", "30m"]).await;
    let id = world.apply(&plan).await.id;
    let caller = world.sdk_clients().user(key);
    sleep(Duration::from_mins(5)).await;
    assert!(!is_allowed(&caller).await);
    sleep(Duration::from_mins(40)).await;
    assert!(!is_allowed(&caller).await);
    sleep(LATER).await;
    let found = verdict(&world, &id).await;
    let causes: Vec<_> = found
        .denials
        .iter()
        .map(|denial| denial.cause.as_deref().unwrap())
        .collect();
    assert_eq!(causes, ["identity-policy", "other-policy"], "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn success_after_a_removed_policy_is_named() {
    let world = world("");
    let id = contain_eve(&world, &[]).await;
    sleep(Duration::from_mins(5)).await;
    call_without_deny(&world).await;
    sleep(LATER).await;
    let found = verdict(&world, &id).await;
    assert_eq!(
        (found.verdict, found.succeeded),
        (LogVerdict::StillActive, 1),
        "{found:#?}"
    );
    assert_eq!(found.successes[0].event, "iam.amazonaws.com ListUsers");
    assert_eq!(found.successes[0].source_ip, "127.0.0.1");
    let (_, problems) = world.verify(&id).await;
    assert_eq!(problems.len(), 1, "{problems:?}");
}

/// Returns the faults with which neither the log group nor the bucket of the trail can be read.
fn unreadable_trail() -> String {
    let of_owner = ["FilterLogEvents", "StartQuery"]
        .map(|operation| Fault::denied(operation).account("111111111111").to_string())
        .concat();
    format!("{of_owner}{}", Fault::denied("ListObjectsV2"))
}

#[tokio::test(start_paused = true)]
async fn event_history_verifies_where_no_trail_can_be_read() {
    let world = world(&unreadable_trail());
    let eve = world.sdk_clients().user(KEY);
    let id = contain_eve(&world, &[]).await;
    sleep(Duration::from_mins(2)).await;
    assert!(!is_allowed(&eve).await);
    let early = verdict(&world, &id).await;
    assert_eq!(early.verdict, LogVerdict::NotVerified, "{early:#?}");
    assert!(
        early.reasons[0].contains("complete only up to"),
        "{early:#?}"
    );
    sleep(LATER).await;
    let late = verdict(&world, &id).await;
    assert_eq!(
        (late.verdict, late.denied),
        (LogVerdict::Verified, 1),
        "{late:#?}"
    );
    call_without_deny(&world).await;
    sleep(LATER).await;
    let active = verdict(&world, &id).await;
    assert_eq!(active.verdict, LogVerdict::StillActive, "{active:#?}");
}

#[tokio::test(start_paused = true)]
async fn trail_and_history_that_cannot_be_read_prove_nothing() {
    let history = Fault::denied("LookupEvents").account(ACCOUNT);
    let world = world(&format!("{}{history}", unreadable_trail()));
    let id = contain_eve(&world, &[]).await;
    sleep(LATER).await;
    let found = verdict(&world, &id).await;
    assert_eq!(found.verdict, LogVerdict::NotVerified, "{found:#?}");
    assert!(
        found.reasons.iter().any(|reason| reason.contains(ACCOUNT)),
        "{found:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn records_that_may_still_arrive_are_not_complete() {
    let world = world("");
    let id = contain_eve(&world, &[]).await;
    sleep(Duration::from_mins(10)).await;
    let early = verdict(&world, &id).await;
    assert_eq!(early.verdict, LogVerdict::NotVerified, "{early:#?}");
    assert!(
        early.reasons[0].contains("complete only up to"),
        "{early:#?}"
    );
    assert!(early.complete_until < early.changed_at, "{early:#?}");
    sleep(LATER).await;
    let late = verdict(&world, &id).await;
    assert_eq!(
        (late.verdict, late.denied),
        (LogVerdict::Verified, 0),
        "{late:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn undone_containment_is_not_verified() {
    let world = world("");
    let id = contain_eve(&world, &[]).await;
    world.undo(&id, false).await;
    let error = world.try_verify_from_logs(&id).await.unwrap_err();
    assert!(error.to_string().contains("was undone"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn incident_record_has_calls_and_verification() {
    let world = world("");
    let id = contain_eve(&world, &[]).await;
    let journals = Journals::new(world.settings("").journals);
    let before = incident_markdown(&journals.read(&id).unwrap());
    assert!(before.contains("not verified from logs"), "{before}");
    sleep(LATER).await;
    verdict(&world, &id).await;
    let containment = journals.read(&id).unwrap();
    let record = incident_json(&containment);
    assert_eq!(record["calls"][0]["operation"], "PutUserPolicy");
    assert_eq!(record["calls"][0]["status"], "ok");
    let request_id = record["calls"][0]["request_id"].as_str().unwrap();
    assert!(!request_id.is_empty(), "{record:#}");
    assert_eq!(record["targets"][0]["principal"], EVE);
    assert_eq!(
        record["log_verification"]["principals"][0]["verdict"],
        "verified"
    );
    let markdown = incident_markdown(&containment);
    for part in ["## Calls", "**verified**", "## Access that remains", &id] {
        assert!(markdown.contains(part), "{part}: {markdown}");
    }
}

/// Runs `dragnet contain status` with these arguments on the machine of the world.
fn status(world: &World, arguments: &[&str]) -> Output {
    let mut command = dragnet(world.path());
    command
        .args(["contain", "status"])
        .args(arguments)
        .env("XDG_STATE_HOME", world.path())
        .stdout(Stdio::piped());
    command.as_std_mut().output().unwrap()
}

#[tokio::test(start_paused = true)]
async fn record_is_written_to_a_file_for_its_owner_only() {
    let world = world("");
    let id = contain_eve(&world, &[]).await;
    for (format, part) in [("md", "## Calls"), ("json", "\"calls\"")] {
        let file = format!("record.{format}");
        let printed = status(&world, &[&id, "--record", format]);
        let written = status(&world, &[&id, "--record", format, "--out", &file]);
        for output in [&printed, &written] {
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{stderr}");
        }
        assert!(written.stdout.is_empty(), "{:?}", written.stdout);
        let path = world.path().join(&file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.as_bytes(), printed.stdout);
        assert!(text.contains(part) && text.contains(&id), "{text}");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let without_format = status(&world, &[&id, "--out", "record.md"]);
    assert_eq!(without_format.status.code(), Some(2));
}
