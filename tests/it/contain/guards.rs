//! Checks each reason to refuse a principal, and the ways to bypass it.

use std::collections::BTreeSet;

use dragnet::aws::Caller;
use dragnet::cli::Override;
use dragnet::contain::{Guard, Refusal};

use super::world::{World, states};

const RESPONDER: &str = "arn:aws:iam::111111111111:user/responder";

/// Returns the guard for a caller and a configuration.
fn guard(caller: &str, config: &str, forced: &[Override]) -> Guard {
    let settings = World::with("").settings(config);
    let arn: dragnet::model::Arn = caller.parse().unwrap();
    let caller = Caller {
        account: arn.account().unwrap(),
        partition: arn.partition().unwrap(),
        arn,
    };
    Guard::new(&caller, &[], &settings.reach, &settings.contain, forced)
}

fn refusals(guard: &Guard, arn: &str, named_exactly: bool) -> Vec<Refusal> {
    guard.check(&arn.parse().unwrap(), named_exactly, &BTreeSet::new())
}

#[tokio::test(start_paused = true)]
async fn a_contain_role_that_lets_nobody_in_is_told_in_the_plan() {
    let careful = "name = \"DragnetContain\"\nmfa = true";
    let world =
        World::of(&super::world::ORGANIZATION.replace("name = \"DragnetContain\"", careful));
    let plan = world.plan(&["--role", "App", "--account", "prod"]).await;
    let warnings = &plan.plan().targets[0].warnings;
    let told = warnings
        .iter()
        .find(|warning| warning.starts_with("it could not be applied today"))
        .unwrap();
    assert!(told.contains("set identity.mfa_serial"), "{told}");
    let plan = World::with("")
        .plan(&["--role", "App", "--account", "prod"])
        .await;
    assert!(
        plan.plan().targets[0]
            .warnings
            .iter()
            .all(|warning| !warning.contains("applied today"))
    );
}

#[tokio::test(start_paused = true)]
async fn the_way_in_is_never_closed() {
    let chain = "[identity]\nrole_chain = [\"arn:aws:iam::444444444444:role/hubs/First\", \"arn:aws:iam::555555555555:role/Second\"]\n\
                 [organization]\nrole = \"arn:aws:iam::666666666666:role/OrgRead\"";
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
            [Refusal::OwnChain],
            "{own}: nothing overrides it"
        );
    }
    assert_eq!(
        refusals(&by_role, "arn:aws:iam::777777777777:role/x/entry", true),
        [Refusal::OwnChain]
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
    );
    assert_eq!(refused, [Refusal::OwnGroup("alice".to_owned())]);
    assert!(
        by_user
            .check(
                &"arn:aws:iam::222222222222:group/ops".parse().unwrap(),
                true,
                &members
            )
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn the_tools_own_roles_are_kept_in_every_account() {
    let config = "[identity]\nmember_role = \"audit/Reader\"\ncontain_role = \"Blocker\"\n\
                  [[accounts]]\nid = \"222222222222\"\nmember_role = \"OtherReader\"";
    let guard = guard(RESPONDER, config, &[Override::Protect]);
    for role in [
        "audit/Reader",
        "Reader",
        "x/y/READER",
        "Blocker",
        "OtherReader",
    ] {
        let arn = format!("arn:aws:iam::999999999999:role/{role}");
        assert_eq!(refusals(&guard, &arn, true), [Refusal::ToolRole], "{role}");
    }
    assert!(refusals(&guard, "arn:aws:iam::999999999999:user/Reader", true).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_aws_s_or_the_organizations_or_protected_is_told_with_what_to_do() {
    let default = guard(RESPONDER, "", &[]);
    let first = |arn: &str, exactly: bool| refusals(&default, arn, exactly).into_iter().next();
    let role = |name: &str| format!("arn:aws:iam::222222222222:role/{name}");
    assert_eq!(
        first(
            &role("aws-service-role/x.amazonaws.com/AWSServiceRoleForX"),
            true
        ),
        Some(Refusal::ServiceLinked)
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
            Some(Refusal::OrganizationRole),
            "{name}"
        );
        assert_eq!(first(&role(name), true), None, "{name} named exactly");
    }
    for name in ["BreakGlass", "team/break-glass-1", "EMERGENCY"] {
        assert!(
            matches!(first(&role(name), true), Some(Refusal::Protected(_))),
            "{name}"
        );
    }
    let forced = guard(RESPONDER, "", &[Override::Protect]);
    assert!(refusals(&forced, &role("BreakGlass"), true).is_empty());
    let globs = guard(
        RESPONDER,
        "[contain]\nprotect = [\"arn:aws:iam::*:role/Billing\"]",
        &[],
    );
    for spelling in ["Billing", "finance/BILLING"] {
        assert!(
            matches!(
                refusals(&globs, &role(spelling), true)[..],
                [Refusal::Protected(_)]
            ),
            "{spelling}"
        );
    }
    assert!(
        refusals(&globs, &role("BreakGlass"), true).is_empty(),
        "a list of one's own replaces the default"
    );
}

#[tokio::test(start_paused = true)]
async fn plans_refuse_and_say_so() {
    let many = "\n[[accounts]]\nid = \"400000000001\"\nname = \"many\"\ncount = 9\n";
    let world = World::with(many);
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
    let spelling = world
        .try_plan(&["--user", "arn:aws:iam::111111111111:user/RESPONDER"], "")
        .await
        .unwrap_err();
    assert!(
        spelling.to_string().contains("the one of this name is"),
        "{spelling}"
    );
    let by_name = world
        .plan(&["--user", "Responder", "--account", "management"])
        .await;
    assert!(
        by_name.plan().targets.is_empty()
            && by_name.plan().refused[0].reasons[0].contains("lock you out")
    );
    let elsewhere = world
        .try_plan(&["--role", "arn:aws:iam::222222222222:role/App"], "")
        .await
        .unwrap_err();
    assert!(
        elsewhere.to_string().contains("role/apps/App"),
        "{elsewhere}"
    );
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
        "its own roles and the organization's are not met"
    );
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
    assert!(world.try_plan(&["--role", "Nobody"], "").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_would_not_fit_is_refused() {
    let world = World::with("");
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
async fn guards_hold_again_when_a_plan_is_applied() {
    let world = World::with(
        "\n[[user_groups]]\naccount = \"111111111111\"\nname = \"ops\"\n[[roles]]\nname = \"DragnetContain\"\naccounts = \"management\"\nallow = [\"iam:*\"]\n",
    );
    let administrator = world.wire().user(&world.administrators_key());
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
