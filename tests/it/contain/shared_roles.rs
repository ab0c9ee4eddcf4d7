//! Roles that others use too: of those that only a run selects, the sessions that acted are denied,
//! with the principals that created them.

use aws_config::SdkConfig;
use dragnet::contain::{Change, SealedPlan, shell_script};

use super::world::{World, edit_plan, is_allowed, states};
use crate::range::clients::temporary;
use crate::scenario::{Inline, Record};
use crate::world::{SMALL, World as Sweeps};

const DEFAULT_ROLES: &str = include_str!("../../../config/range/default-roles.toml");
const KEY: &str = "ASIAEVE2222222222222";
const ROLE: &str = "arn:aws:iam::222222222222:role/Worker";
const CREATOR: &str = "arn:aws:iam::222222222222:user/ci";

/// Returns an organization with a role that a Lambda function and others may assume.
fn organization(trusted_service: &str) -> String {
    let service = if trusted_service.is_empty() {
        String::new()
    } else {
        format!(",\"Service\":\"{trusted_service}\"")
    };
    format!(
        r#"
{SMALL}{DEFAULT_ROLES}
[[users]]
account = "222222222222"
name = "ci"
[[roles]]
name = "Worker"
accounts = "prod"
attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
trust_policy = '{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"arn:aws:iam::111111111111:root"{service}}}}}}}'
"#
    )
}

/// Returns the unique id of the role in an organization.
async fn role_id(scenario: &str) -> String {
    let iam = World::from_scenario(scenario).iam("222222222222").await;
    let role = iam.get_role().role_name("Worker").send().await.unwrap();
    role.role.unwrap().role_id
}

/// Returns a record of a call by a session of the role.
fn session_record(session: &str, key: &str, more: &str) -> String {
    Record::new(
        "222222222222",
        "us-east-1",
        "1h ago",
        format!("arn:aws:sts::222222222222:assumed-role/Worker/{session}"),
    )
    .call("s3", "ListBuckets")
    .ip("192.0.2.1")
    .access_key(key)
    .raw(more)
    .to_string()
}

/// Returns the record with which `ci` created the session.
fn creation_record(role_id: &str, session: &str) -> String {
    let id = format!("{role_id}:{session}");
    Record::new("222222222222", "us-east-1", "2h ago", CREATOR)
        .call("sts", "AssumeRole")
        .ip("192.0.2.77")
        .request(Inline(&[("roleArn", ROLE), ("roleSessionName", session)]))
        .response(Inline(&[
            ("assumedRoleUser", Inline(&[("assumedRoleId", id.as_str())])),
            ("credentials", Inline(&[("accessKeyId", KEY)])),
        ]))
        .to_string()
}

/// Sweeps for the key, and plans to contain the principals of the run, with more arguments.
async fn plan_from_run(scenario: &str, more: &[&str]) -> (World, Result<SealedPlan, String>) {
    let run = Box::pin(Sweeps::from_toml(scenario).sweep(&[KEY])).await;
    let directory = run.outputs.directory.display().to_string();
    let world = World::from_scenario(scenario);
    let arguments = [&["--from-run", directory.as_str()][..], more].concat();
    let plan = Box::pin(world.try_plan(&arguments, "")).await;
    let plan = plan.map_err(|error| error.to_string());
    (world, plan)
}

/// Returns the changes of the target with this ARN.
fn changes(plan: &SealedPlan, arn: &str) -> Vec<Change> {
    let mut targets = plan.plan().targets.iter();
    let target = targets.find(|target| target.principal.arn().as_str() == arn);
    target
        .unwrap_or_else(|| panic!("{arn}: {:#?}", plan.plan()))
        .steps
        .iter()
        .map(|step| step.change.clone())
        .collect()
}

/// Assumes the role with this session name.
async fn assume(world: &World, session: &str) -> SdkConfig {
    let clients = world.sdk_clients();
    let sts = aws_sdk_sts::Client::new(&clients.responder());
    let request = sts.assume_role().role_arn(ROLE).role_session_name(session);
    let response = request.send().await.unwrap();
    clients.config(temporary(response.credentials().unwrap()), "us-east-1")
}

/// The name of the session of an instance is the id of the instance.
#[tokio::test(start_paused = true)]
async fn script_has_blocks_for_the_instances_that_acted() {
    let script_for = async |session: &str| {
        let scenario = organization("ec2.amazonaws.com") + &session_record(session, KEY, "");
        let (_world, plan) = plan_from_run(&scenario, &[]).await;
        shell_script(plan.unwrap().plan())
    };
    let script = script_for("i-0123456789abcdef0").await;
    for part in [
        "\nsnapshot/222222222222)\n",
        "aws ec2 create-snapshots --instance-specification='InstanceId=i-0123456789abcdef0'",
        "\nisolate/222222222222)\n",
        "--instance-id='i-0123456789abcdef0' --groups=\"${SECURITY_GROUP:?",
    ] {
        assert!(script.contains(part), "{part}: {script}");
    }
    let script = script_for("build-17").await;
    assert!(!script.contains("aws ec2"), "{script}");
}

#[tokio::test(start_paused = true)]
async fn only_the_session_that_acted_is_denied_and_its_creator_is_contained() {
    let organization = organization("lambda.amazonaws.com");
    let id = role_id(&organization).await;
    let scenario = [
        organization,
        session_record("evil", KEY, ""),
        creation_record(&id, "evil"),
    ]
    .concat();
    let (world, plan) = plan_from_run(&scenario, &[]).await;
    let plan = plan.unwrap();
    assert_eq!(
        changes(&plan, ROLE),
        [Change::DenySessions {
            policy: "DragnetDenySessions".to_owned(),
            sessions: vec![format!("{id}:evil")],
        }]
    );
    assert!(matches!(
        changes(&plan, CREATOR)[..],
        [Change::DenyAll { .. }]
    ));
    assert_eq!(plan.plan().mentioned, [], "the creator is a target");
    let evil = assume(&world, "evil").await;
    let other = assume(&world, "build-17").await;
    let applied = world.apply(&plan).await;
    assert_eq!(states(&applied), ["verified", "verified"]);
    assert!(!is_allowed(&evil).await);
    assert!(is_allowed(&other).await, "the other sessions go on");
    world.undo(plan.short_hash(), false).await;
    assert!(is_allowed(&evil).await);
}

#[tokio::test(start_paused = true)]
async fn the_whole_role_is_denied_if_it_is_named() {
    let organization = organization("lambda.amazonaws.com");
    let scenario = [organization, session_record("evil", KEY, "")].concat();
    let (_, plan) = plan_from_run(&scenario, &["--role", ROLE]).await;
    let plan = plan.unwrap();
    assert!(matches!(changes(&plan, ROLE)[..], [Change::DenyAll { .. }]));
}

#[tokio::test(start_paused = true)]
async fn a_role_of_which_the_run_has_no_other_session_is_denied() {
    let scenario = [organization(""), session_record("evil", KEY, "")].concat();
    let (_, plan) = plan_from_run(&scenario, &[]).await;
    assert!(matches!(
        changes(&plan.unwrap(), ROLE)[..],
        [Change::DenyAll { .. }]
    ));
    // `--action deny-session` denies the session anyway; who created it is not known.
    let (_, plan) = plan_from_run(&scenario, &["--action", "deny-session"]).await;
    let plan = plan.unwrap();
    assert!(matches!(
        changes(&plan, ROLE)[..],
        [Change::DenySessions { .. }]
    ));
    let warnings = &plan.plan().targets[0].warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("does not show who created")),
        "{warnings:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn other_sessions_in_the_run_make_a_role_shared() {
    let mentions = format!("request = {{ note = \"{KEY}\" }}");
    let scenario = [
        organization(""),
        session_record("evil", KEY, ""),
        session_record("build-17", "ASIABUILD22222222222", &mentions),
    ]
    .concat();
    let (_, plan) = plan_from_run(&scenario, &[]).await;
    let plan = plan.unwrap();
    assert!(matches!(
        changes(&plan, ROLE)[..],
        [Change::DenySessions { .. }]
    ));
    let sessions = &plan.plan().targets[0].blast_radius.sessions;
    assert!(
        sessions
            .last()
            .is_some_and(|last| last.starts_with("1 other session")),
        "{sessions:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn sessions_without_a_run_and_of_other_roles_are_refused() {
    let world = World::new("");
    let app = "arn:aws:iam::222222222222:role/apps/App";
    let none = world
        .plan(&["--role", app, "--action", "deny-session"])
        .await;
    assert!(
        none.plan().refused[0].reasons[0].contains("--from-run"),
        "{:?}",
        none.plan().refused
    );
    let plan = world.plan(&["--role", app]).await;
    let id = plan.plan().targets[0].id.clone();
    for (sessions, expected) in [
        (
            vec!["AROAOTHER:eve".to_owned()],
            "is not a session of the role",
        ),
        (vec![format!("{id}:*")], "is not a session of the role"),
        (Vec::new(), "sorted list"),
    ] {
        let edited = edit_plan(&plan, |plan| {
            plan["targets"][0]["steps"][0]["change"] = serde_json::json!({
                "change": "deny-sessions", "policy": "DragnetDenySessions", "sessions": sessions,
            });
        });
        let error = world.try_apply(&edited).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
