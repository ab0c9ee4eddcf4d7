//! Checks each reason to refuse a principal, and the ways to bypass it.

use std::collections::BTreeSet;

use dragnet::aws::Caller;
use dragnet::contain::{Guard, GuardRefusal, plan_lines};
use dragnet::settings::Override;
use dragnet_model::RoleArn;

use super::world::{World, states};
use crate::scenario::{Role, UserGroup};

const RESPONDER: &str = "arn:aws:iam::111111111111:user/responder";
const MANY_ACCOUNTS: &str = r#"
[[accounts]]
id = "400000000001"
name = "many"
count = 9
"#;

/// Returns the guard for a caller and a configuration.
fn guard(caller: &str, config: &str, forced: &[Override]) -> Guard {
    guard_with_hops(caller, &[], config, forced)
}

/// Returns the guard for a caller whose profile has roles.
fn guard_with_hops(caller: &str, hops: &[&str], config: &str, forced: &[Override]) -> Guard {
    let settings = World::new("").settings(config);
    let arn: dragnet_model::Arn = caller.parse().unwrap();
    let caller = Caller {
        account: arn.account().unwrap(),
        partition: arn.partition().unwrap(),
        arn,
    };
    let hops: Vec<RoleArn> = hops.iter().map(|role| role.parse().unwrap()).collect();
    Guard::new(&caller, &hops, &settings.reach, &settings.contain, forced)
}

fn refusals(guard: &Guard, arn: &str, named_exactly: bool) -> Vec<GuardRefusal> {
    guard.check(&arn.parse().unwrap(), named_exactly, &BTreeSet::new(), "")
}

#[tokio::test(start_paused = true)]
async fn plan_warns_if_the_contain_role_cannot_be_assumed() {
    let with_mfa = "name = \"DragnetContain\"\nmfa = true";
    let scenario = super::world::ORGANIZATION.replace("name = \"DragnetContain\"", with_mfa);
    let world = World::from_scenario(&scenario);
    let plan = world.plan(&["--role", "App", "--account", "prod"]).await;
    let warnings = &plan.plan().targets[0].warnings;
    let warning = warnings
        .iter()
        .find(|warning| warning.starts_with("cannot be applied yet"))
        .unwrap();
    assert!(warning.contains("set identity.mfa_serial"), "{warning}");
    let summary = plan_lines(&plan).pop().unwrap();
    assert!(
        summary.contains("1 principal cannot be contained yet"),
        "{summary}"
    );
    let plan = World::new("")
        .plan(&["--role", "App", "--account", "prod"])
        .await;
    assert!(
        plan.plan().targets[0]
            .warnings
            .iter()
            .all(|warning| !warning.contains("cannot be applied"))
    );
}

#[tokio::test(start_paused = true)]
async fn principals_of_the_own_session_are_protected() {
    let chain = r#"
[identity]
role_chain = ["arn:aws:iam::444444444444:role/hubs/First", "arn:aws:iam::555555555555:role/Second"]
[organization]
role = "arn:aws:iam::666666666666:role/OrgRead"
"#;
    let all = [Override::Protect, Override::MaxTargets];
    let by_user = guard("arn:aws:iam::111111111111:user/team/alice", chain, &all);
    let by_role = guard(
        "arn:aws:sts::777777777777:assumed-role/Entry/session",
        chain,
        &all,
    );
    for own in [
        "arn:aws:iam::111111111111:user/team/alice",
        "arn:aws:iam::111111111111:user/alice",
        "arn:aws:iam::111111111111:user/elsewhere/ALICE",
        "arn:aws:iam::444444444444:role/hubs/First",
        "arn:aws:iam::444444444444:role/first",
        "arn:aws:iam::555555555555:role/Second",
        "arn:aws:iam::666666666666:role/OrgRead",
    ] {
        assert_eq!(
            refusals(&by_user, own, true),
            [GuardRefusal::OwnChain],
            "{own}: nothing overrides it"
        );
    }
    assert_eq!(
        refusals(&by_role, "arn:aws:iam::777777777777:role/x/entry", true),
        [GuardRefusal::OwnChain]
    );
    for other in [
        "arn:aws:iam::222222222222:user/alice",
        "arn:aws:iam::111111111111:role/alice",
        "arn:aws:iam::111111111111:group/alice",
    ] {
        assert_eq!(refusals(&by_user, other, true), [], "{other}");
    }
    let members = BTreeSet::from(["bob".to_owned(), "Alice".to_owned()]);
    let refused = by_user.check(
        &"arn:aws:iam::111111111111:group/ops".parse().unwrap(),
        true,
        &members,
        "",
    );
    assert_eq!(refused, [GuardRefusal::OwnGroup("alice".to_owned())]);
    assert!(
        by_user
            .check(
                &"arn:aws:iam::222222222222:group/ops".parse().unwrap(),
                true,
                &members,
                "",
            )
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn every_way_into_the_own_session_is_protected() {
    let all = [
        Override::Protect,
        Override::MaxTargets,
        Override::EvidenceRoles,
        Override::OrganizationRoles,
    ];
    // A profile with keys of a user and two roles, then a role chain.
    let chain = r#"
[identity]
role_chain = ["arn:aws:iam::444444444444:role/Third"]
"#;
    let hops = [
        "arn:aws:iam::222222222222:role/profile/First",
        "arn:aws:iam::333333333333:role/Second",
    ];
    let by_profile = guard_with_hops(RESPONDER, &hops, chain, &all);
    for own in [
        RESPONDER,
        "arn:aws:iam::222222222222:role/FIRST",
        "arn:aws:iam::222222222222:role/profile/First",
        "arn:aws:iam::333333333333:role/other/second",
        "arn:aws:iam::444444444444:role/Third",
    ] {
        assert_eq!(
            refusals(&by_profile, own, true),
            [GuardRefusal::OwnChain],
            "{own}"
        );
    }
    // A session in the environment: of a role, and of GetSessionToken, whose ARN is the user's.
    let by_role = guard(
        "arn:aws:sts::555555555555:assumed-role/Jump/alice",
        "",
        &all,
    );
    assert_eq!(
        refusals(&by_role, "arn:aws:iam::555555555555:role/team/jump", true),
        [GuardRefusal::OwnChain]
    );
    // A user who is called like the session is another principal.
    assert_eq!(
        refusals(&by_role, "arn:aws:iam::555555555555:user/alice", true),
        []
    );
    let members = BTreeSet::from(["RESPONDER".to_owned()]);
    let group = "arn:aws:iam::111111111111:group/team/ops".parse().unwrap();
    assert_eq!(
        by_profile.check(&group, true, &members, ""),
        [GuardRefusal::OwnGroup("responder".to_owned())]
    );
    assert_eq!(by_role.check(&group, true, &members, ""), []);
}

/// STS does not say who created a session, so a user who may be the creator is not refused.
#[tokio::test(start_paused = true)]
async fn user_who_may_have_created_the_own_session_has_a_warning() {
    let warning = |guard: &Guard, arn: &str| guard.warn_of_creator(&arn.parse().unwrap());
    let alice = "arn:aws:iam::111111111111:user/team/Alice";
    let source_identity = r#"
[identity]
source_identity = "alice"
"#;
    let session = "arn:aws:sts::555555555555:assumed-role/Jump/";
    for (caller, config) in [
        (format!("{session}alice"), ""),
        (format!("{session}botocore-session-1"), source_identity),
    ] {
        let guard = guard(&caller, config, &[]);
        let text = warning(&guard, alice).unwrap();
        assert!(text.contains("has the name of this user"), "{text}");
        assert_eq!(refusals(&guard, alice, true), []);
        for other in [
            "arn:aws:iam::111111111111:user/bob",
            "arn:aws:iam::555555555555:role/alice",
        ] {
            assert_eq!(warning(&guard, other), None, "{caller}: {other}");
        }
    }
    let federated = guard("arn:aws:sts::111111111111:federated-user/x", "", &[]);
    let text = warning(&federated, alice).unwrap();
    assert!(text.contains("locks you out"), "{text}");
    let other_account = "arn:aws:iam::222222222222:user/alice";
    assert_eq!(warning(&federated, other_account), None);
    // The own user is refused, so there is nothing to warn of.
    let by_user = guard(alice, source_identity, &[]);
    assert_eq!(warning(&by_user, alice), None);
    assert_eq!(refusals(&by_user, alice, true), [GuardRefusal::OwnChain]);
}

const DELIVERY_ROLES: &str = r#"
[[roles]]
name = "TrailToLogs"
trust_policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"sts:AssumeRole"}}'
[[roles]]
name = "Worker"
trust_policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}'
"#;

#[tokio::test(start_paused = true)]
async fn roles_that_deliver_logs_are_refused_unless_forced() {
    let world = World::new(DELIVERY_ROLES);
    let named = ["--role", "TrailToLogs", "--account", "prod"];
    let plan = world.plan(&named).await;
    assert_eq!(plan.plan().targets.len(), 0);
    let reason = &plan.plan().refused[0].reasons[0];
    assert!(
        reason.contains("cloudtrail.amazonaws.com") && reason.contains("--force evidence-roles"),
        "{reason}"
    );
    let forced = world
        .plan(&[&named[..], &["--force", "evidence-roles"]].concat())
        .await;
    assert_eq!(forced.plan().targets.len(), 1);
    let refused = world.apply(&forced).await;
    assert_eq!(states(&refused), ["failed"], "the plan cannot force itself");
    assert!(
        refused.events[0].detail.contains("evidence-roles"),
        "{:?}",
        refused.events
    );
    let applied = world
        .try_apply_forcing(&forced, &[Override::EvidenceRoles])
        .await
        .unwrap();
    assert_eq!(states(&applied), ["verified"]);
}

#[tokio::test(start_paused = true)]
async fn plan_says_what_a_workload_role_stops() {
    let world = World::new(DELIVERY_ROLES);
    let plan = world.plan(&["--role", "Worker", "--account", "prod"]).await;
    let target = &plan.plan().targets[0];
    assert_eq!(
        target.blast_radius.looks_like,
        ["a workload role: Lambda"],
        "{target:?}"
    );
    assert!(
        target
            .warnings
            .iter()
            .any(|warning| warning.starts_with("Lambda may assume it: every invocation")),
        "{:?}",
        target.warnings
    );
    let other = world.plan(&["--role", "App", "--account", "prod"]).await;
    assert!(other.plan().targets[0].blast_radius.looks_like.is_empty());
}

#[tokio::test(start_paused = true)]
async fn dragnet_roles_are_protected_in_every_account() {
    let config = r#"
[identity]
member_role = "audit/Reader"
contain_role = "Blocker"
[[accounts]]
id = "222222222222"
member_role = "OtherReader"
"#;
    let guard = guard(RESPONDER, config, &[Override::Protect]);
    for role in [
        "audit/Reader",
        "Reader",
        "x/y/READER",
        "Blocker",
        "OtherReader",
    ] {
        let arn = format!("arn:aws:iam::999999999999:role/{role}");
        assert_eq!(
            refusals(&guard, &arn, true),
            [GuardRefusal::ToolRole],
            "{role}"
        );
    }
    assert!(refusals(&guard, "arn:aws:iam::999999999999:user/Reader", true).is_empty());
}

#[tokio::test(start_paused = true)]
async fn aws_organization_and_configured_roles_are_protected() {
    let default = guard(RESPONDER, "", &[]);
    let first = |arn: &str, exactly: bool| refusals(&default, arn, exactly).into_iter().next();
    let role = |name: &str| format!("arn:aws:iam::222222222222:role/{name}");
    assert_eq!(
        first(
            &role("aws-service-role/x.amazonaws.com/AWSServiceRoleForX"),
            true
        ),
        Some(GuardRefusal::ServiceLinked)
    );
    let sso = first(
        &role("aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0"),
        true,
    )
    .unwrap();
    assert!(
        sso.to_string().contains("deny the user's id with an SCP"),
        "{sso}"
    );
    for name in [
        "OrganizationAccountAccessRole",
        "awscontroltowerexecution",
        "stacksets-exec-0a1b",
        "x/AWSControlTowerExecution",
    ] {
        assert_eq!(
            first(&role(name), false),
            Some(GuardRefusal::OrganizationRole),
            "{name}"
        );
        assert_eq!(first(&role(name), true), None, "{name} named exactly");
    }
    for name in ["BreakGlass", "team/break-glass-1", "EMERGENCY"] {
        assert!(
            matches!(first(&role(name), true), Some(GuardRefusal::Protected(_))),
            "{name}"
        );
    }
    let forced = guard(RESPONDER, "", &[Override::Protect]);
    assert!(refusals(&forced, &role("BreakGlass"), true).is_empty());
    let globs = guard(
        RESPONDER,
        r#"
[contain]
protect = ["arn:aws:iam::*:role/Billing"]
"#,
        &[],
    );
    for spelling in ["Billing", "finance/BILLING"] {
        assert!(
            matches!(
                refusals(&globs, &role(spelling), true)[..],
                [GuardRefusal::Protected(_)]
            ),
            "{spelling}"
        );
    }
    assert!(
        refusals(&globs, &role("BreakGlass"), true).is_empty(),
        "a configured list replaces the default"
    );
}

#[tokio::test(start_paused = true)]
async fn plan_refuses_the_own_user() {
    let world = World::new("");
    let plan = world
        .plan(&[
            "--user",
            RESPONDER,
            "--role",
            "arn:aws:iam::222222222222:role/apps/App",
        ])
        .await;
    assert_eq!(plan.plan().targets.len(), 1);
    assert!(plan.plan().refused[0].reasons[0].contains("lock you out"));
    let by_name = world
        .plan(&["--user", "Responder", "--account", "management"])
        .await;
    assert!(
        by_name.plan().targets.is_empty()
            && by_name.plan().refused[0].reasons[0].contains("lock you out")
    );
}

#[tokio::test(start_paused = true)]
async fn arn_with_another_case_or_path_is_refused_with_the_right_one() {
    let world = World::new("");
    let other_case = world
        .try_plan(&["--user", "arn:aws:iam::111111111111:user/RESPONDER"], "")
        .await
        .unwrap_err();
    assert!(
        other_case.to_string().contains("the one with this name is"),
        "{other_case}"
    );
    let other_path = world
        .try_plan(&["--role", "arn:aws:iam::222222222222:role/App"], "")
        .await
        .unwrap_err();
    assert!(
        other_path.to_string().contains("role/apps/App"),
        "{other_path}"
    );
}

#[tokio::test(start_paused = true)]
async fn glob_of_roles_selects_no_protected_role() {
    let world = World::new("");
    let all = world.plan(&["--role", "*", "--account", "prod"]).await;
    let names: Vec<&str> = all
        .plan()
        .targets
        .iter()
        .map(|target| target.principal.name())
        .collect();
    assert_eq!(
        (names, all.plan().refused.len()),
        (vec!["App"], 3),
        "Dragnet's roles and the organization's role are refused"
    );
    assert!(world.try_plan(&["--role", "Nobody"], "").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn more_than_max_targets_are_refused_unless_forced() {
    let world = World::new(MANY_ACCOUNTS);
    let too_many = world.try_plan(&["--role", "App"], "").await.unwrap_err();
    assert!(
        too_many.to_string().contains("11 principals")
            && too_many.to_string().contains("max_targets is 10")
    );
    assert_eq!(
        world
            .plan(&["--role", "App", "--force", "max-targets"])
            .await
            .plan()
            .forced
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn policy_above_the_size_limit_is_refused() {
    let world = World::new("");
    let iam = world.iam("222222222222").await;
    let long = |bytes: usize| {
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::{}"}}}}"#,
            "b".repeat(bytes)
        )
    };
    iam.put_user_policy()
        .user_name("eve")
        .policy_name("Long")
        .policy_document(long(1_800))
        .send()
        .await
        .unwrap();
    let plan = world.plan(&["--user", "eve"]).await;
    assert!(
        plan.plan().refused[0].reasons[0].contains("room for"),
        "{:?}",
        plan.plan().refused
    );
    // The policies are filled up between plan and apply, so the step must not be reported as
    // verified.
    iam.delete_user_policy()
        .user_name("eve")
        .policy_name("Long")
        .send()
        .await
        .unwrap();
    let plan = world.plan(&["--user", "eve"]).await;
    iam.put_user_policy()
        .user_name("eve")
        .policy_name("Long")
        .policy_document(long(1_800))
        .send()
        .await
        .unwrap();
    let containment = world.apply(&plan).await;
    assert_eq!(
        (states(&containment), containment.exit_code()),
        (vec!["unverified"], 3)
    );
    assert_eq!(
        world.undo(plan.short_hash(), false).await.overall_status(),
        "undone"
    );
}

#[tokio::test(start_paused = true)]
async fn guards_are_checked_again_by_apply() {
    let world = World::new(
        &(String::from(UserGroup::new("111111111111", "ops"))
            + &Role::new("DragnetContain")
                .accounts("management")
                .allow(["iam:*"])),
    );
    let administrator = world.sdk_clients().user(&world.administrator_key());
    let iam = aws_sdk_iam::Client::new(&administrator);
    let plan = world
        .plan(&["--group", "arn:aws:iam::111111111111:group/ops"])
        .await;
    assert_eq!(plan.plan().targets.len(), 1, "{:?}", plan.plan().refused);
    iam.add_user_to_group()
        .group_name("ops")
        .user_name("responder")
        .send()
        .await
        .unwrap();
    let containment = world.apply(&plan).await;
    assert_eq!(states(&containment), ["failed"]);
    assert!(
        containment.events[0].detail.contains("responder"),
        "{:?}",
        containment.events
    );
}
