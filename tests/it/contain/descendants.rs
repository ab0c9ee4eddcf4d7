//! `contain plan --from-run … --descendants`: everything that descends from a leaked key is
//! contained, and nothing else. What is not contained or was not searched for is an open end.

use aws_config::SdkConfig;
use dragnet::contain::{Change, SealedPlan, plan_lines};

use super::world::{World, is_allowed, states};
use crate::range::clients::temporary;
use crate::scenario::{Inline, Raw, Record, Role, User};
use crate::world::{SMALL, World as Sweeps, event};

const DEFAULT_ROLES: &str = include_str!("../../../config/range/default-roles.toml");
const PROD: &str = "222222222222";
const DEV: &str = "333333333333";

const KEY: &str = "AKIACI22222222222222";
const FIRST_SESSION: &str = "ASIAEVE2222222222222";
const SECOND_SESSION: &str = "ASIAEVE3333333333333";
const BACKDOOR_KEY: &str = "AKIABACK333333333333";

const CI: &str = "arn:aws:iam::222222222222:user/ci";
const INTERN: &str = "arn:aws:iam::222222222222:user/intern";
const WORKER: &str = "arn:aws:iam::222222222222:role/Worker";
const DEPLOY: &str = "arn:aws:iam::333333333333:role/Deploy";
const BACKDOOR: &str = "arn:aws:iam::333333333333:user/backdoor";
const PERSIST: &str = "arn:aws:iam::333333333333:role/Persist";

/// Everything to search for, as a responder finds it round by round.
const EVERYTHING: [&str; 7] = [
    KEY,
    FIRST_SESSION,
    SECOND_SESSION,
    BACKDOOR_KEY,
    "user:backdoor",
    "user:intern",
    "role:Persist",
];

fn role(name: &str, account: &str) -> String {
    Role::new(name)
        .accounts(account)
        .attached(["arn:aws:iam::aws:policy/AdministratorAccess"])
        .to_string()
}

fn user(name: &str, account: &str, keys: &str) -> String {
    User::new(account, name)
        .access_keys(Raw(format!("[{keys}]")))
        .to_string()
}

/// Returns the organization with the principals that the attacker created.
fn organization() -> String {
    [
        SMALL.to_owned(),
        DEFAULT_ROLES.to_owned(),
        user("ci", PROD, &format!("\"{KEY}\"")),
        user("intern", PROD, ""),
        user("carol", PROD, ""),
        user("victim", PROD, ""),
        user("backdoor", DEV, &format!("\"{BACKDOOR_KEY}\"")),
        role("Worker", "prod"),
        role("Deploy", "dev"),
        role("Persist", "dev"),
    ]
    .concat()
}

/// Returns the unique id of a role.
async fn role_id(account: &str, name: &str) -> String {
    let iam = World::from_scenario(&organization()).iam(account).await;
    let role = iam.get_role().role_name(name).send().await.unwrap();
    role.role.unwrap().role_id
}

/// Returns the record of a call, which the organization's trail delivers. `name` is the service and
/// the action: `iam CreateUser`.
fn call(account: &str, minutes_ago: u32, by: &str, key: &str, name: &str) -> Record {
    let (service, action) = name.split_once(' ').unwrap();
    Record::new(account, "us-east-1", format!("{minutes_ago}m ago"), by)
        .access_key(key)
        .call(service, action)
        .ip("192.0.2.1")
}

/// Adds the request and the response of `AssumeRole`.
fn assume(call: Record, role: &str, id: &str, session: &str, key: &str) -> Record {
    let arn = role
        .replace(":iam:", ":sts:")
        .replace(":role/", ":assumed-role/");
    let session_id = format!("{id}:{session}");
    let session_arn = format!("{arn}/{session}");
    call.request(Inline(&[("roleArn", role), ("roleSessionName", session)]))
        .response(Inline(&[
            (
                "assumedRoleUser",
                Inline(&[
                    ("assumedRoleId", session_id.as_str()),
                    ("arn", session_arn.as_str()),
                ]),
            ),
            ("credentials", Inline(&[("accessKeyId", key)])),
        ]))
}

/// The calls of the attacker: a session, a session in the next account, a password, a user with a
/// key, and a role with external trust.
async fn attack() -> String {
    let worker = role_id(PROD, "Worker").await;
    let deploy = role_id(DEV, "Deploy").await;
    let evil = "arn:aws:sts::222222222222:assumed-role/Worker/evil";
    let evil_in_dev = "arn:aws:sts::333333333333:assumed-role/Deploy/evil-2";
    let first = call(PROD, 60, CI, KEY, "sts AssumeRole");
    let first = assume(first, WORKER, &worker, "evil", FIRST_SESSION);
    let second = call(PROD, 55, evil, FIRST_SESSION, "sts AssumeRole");
    let second = assume(second, DEPLOY, &deploy, "evil-2", SECOND_SESSION);
    let password = call(PROD, 54, evil, FIRST_SESSION, "iam CreateLoginProfile")
        .request(Inline(&[("userName", "intern")]));
    let user = call(DEV, 50, evil_in_dev, SECOND_SESSION, "iam CreateUser")
        .request(Inline(&[("userName", "backdoor")]))
        .response(Inline(&[("user", Inline(&[("arn", BACKDOOR)]))]));
    let key = call(DEV, 49, evil_in_dev, SECOND_SESSION, "iam CreateAccessKey")
        .request(Inline(&[("userName", "backdoor")]))
        .response(Inline(&[(
            "accessKey",
            Inline(&[("accessKeyId", BACKDOOR_KEY), ("userName", "backdoor")]),
        )]));
    let role = call(DEV, 48, evil_in_dev, SECOND_SESSION, "iam CreateRole")
        .request(Inline(&[("roleName", "Persist")]))
        .response(Inline(&[("role", Inline(&[("arn", PERSIST)]))]));
    let use_of_key = call(DEV, 40, BACKDOOR, BACKDOOR_KEY, "s3 ListBuckets");
    format!("{first}{second}{password}{user}{key}{role}{use_of_key}")
}

/// The calls of others in the records of the run: 300 sessions of the shared role, the colleague
/// who deactivated the key, and a line in the log of an application that looks like a record.
fn bystanders() -> String {
    let mut records = String::new();
    for number in 0..300 {
        let by = format!("arn:aws:sts::222222222222:assumed-role/Worker/build-{number}");
        let build = call(PROD, 30, &by, "ASIABUILD22222222222", "s3 ListBuckets");
        records += &build.request(Inline(&[("note", KEY)]));
    }
    let carol = "arn:aws:iam::222222222222:user/carol";
    let deactivated = call(
        PROD,
        20,
        carol,
        "AKIACAROL22222222222",
        "iam UpdateAccessKey",
    );
    records += &deactivated.request(Inline(&[
        ("userName", "ci"),
        ("accessKeyId", KEY),
        ("status", "Inactive"),
    ]));
    let forged = format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"{CI}","accessKeyId":"{KEY}"}},"eventTime":"2026-03-02T11:30:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateLoginProfile","requestParameters":{{"userName":"victim"}},"awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","eventID":"forged","recipientAccountId":"{PROD}"}}"#
    );
    records + &event(PROD, "us-east-1", "/app", "30m ago", &forged)
}

/// Sweeps for the indicators, and plans to contain the principals of the run, with more arguments.
async fn plan_from_run(scenario: &str, indicators: &[&str], more: &[&str]) -> (World, SealedPlan) {
    let run = Box::pin(Sweeps::from_toml(scenario).sweep(indicators)).await;
    let directory = run.outputs.directory.display().to_string();
    let world = World::from_scenario(scenario);
    let arguments = [&["--from-run", directory.as_str()][..], more].concat();
    let plan = Box::pin(world.try_plan(&arguments, "")).await.unwrap();
    (world, plan)
}

/// Returns the targets, each with the first change.
fn targets(plan: &SealedPlan) -> Vec<(String, &'static str)> {
    let targets = plan.plan().targets.iter();
    targets
        .map(|target| {
            let change = match &target.steps[0].change {
                Change::DenyAll { .. } => "all",
                Change::DenySessions { .. } => "sessions",
                other => panic!("{other:?}"),
            };
            (target.principal.to_string(), change)
        })
        .collect()
}

fn has_open_end(plan: &SealedPlan, parts: &[&str]) -> bool {
    let mut open_ends = plan.plan().open_ends.iter();
    open_ends.any(|open_end| parts.iter().all(|part| open_end.contains(part)))
}

/// Assumes the shared role with this session name.
async fn assume_shared_role(world: &World, session: &str) -> SdkConfig {
    let clients = world.sdk_clients();
    let sts = aws_sdk_sts::Client::new(&clients.responder());
    let request = sts
        .assume_role()
        .role_arn(WORKER)
        .role_session_name(session);
    let response = request.send().await.unwrap();
    clients.config(temporary(response.credentials().unwrap()), "us-east-1")
}

#[tokio::test(start_paused = true)]
async fn all_six_footholds_are_contained_and_nothing_else() {
    let scenario = [organization(), attack().await, bystanders()].concat();
    let (world, plan) = plan_from_run(&scenario, &EVERYTHING, &["--descendants"]).await;
    let mut expected = [
        (CI, "all"),
        (INTERN, "all"),
        (WORKER, "sessions"),
        (DEPLOY, "sessions"),
        (BACKDOOR, "all"),
        (PERSIST, "all"),
    ]
    .map(|(arn, change)| (arn.to_owned(), change));
    expected.sort();
    let mut planned = targets(&plan);
    planned.sort();
    assert_eq!(planned, expected, "{:#?}", plan.plan());
    assert_eq!(plan.plan().open_ends, Vec::<String>::new());
    let text = plan.to_text().unwrap();
    assert!(
        text.contains("CreateRole by session evil-2 of role Deploy"),
        "{text}"
    );
    assert!(
        !text.contains(":build-7\""),
        "no innocent session is denied"
    );
    let evil = assume_shared_role(&world, "evil").await;
    let innocent = assume_shared_role(&world, "build-7").await;
    let applied = world.apply(&plan).await;
    assert_eq!(states(&applied), ["verified"; 6]);
    assert!(!is_allowed(&evil).await);
    assert!(is_allowed(&innocent).await);
    // Longer than the delivery lag.
    tokio::time::sleep(std::time::Duration::from_hours(1)).await;
    let verification = world.verify_from_logs(&applied.id).await;
    assert_eq!(verification.principals.len(), 6, "{verification:#?}");
    let succeeded = verification.principals.iter().map(|found| found.succeeded);
    assert_eq!(succeeded.sum::<u64>(), 0, "{verification:#?}");
    assert!(verification.is_verified(), "{verification:#?}");
}

#[tokio::test(start_paused = true)]
async fn an_omitted_foothold_is_an_open_end() {
    let scenario = [organization(), attack().await].concat();
    let searched = [KEY, FIRST_SESSION, "user:intern"];
    let (_, plan) = plan_from_run(&scenario, &searched, &["--descendants"]).await;
    // The records show the session, but not what it did.
    assert!(targets(&plan).contains(&(DEPLOY.to_owned(), "sessions")));
    assert!(!targets(&plan).iter().any(|(arn, _)| arn == BACKDOOR));
    let expected = [
        "session evil-2 of role Deploy",
        "dragnet sweep",
        SECOND_SESSION,
    ];
    assert!(
        has_open_end(&plan, &expected),
        "{:#?}",
        plan.plan().open_ends
    );
    let lines = plan_lines(&plan).join("\n");
    assert!(
        lines.contains("Open ends") && lines.contains(SECOND_SESSION),
        "{lines}"
    );
    // Each identity that is not searched for is named. The name of a user also finds its keys.
    for omitted in [
        SECOND_SESSION,
        "user:backdoor",
        "user:intern",
        "role:Persist",
    ] {
        let searched: Vec<&str> = EVERYTHING
            .into_iter()
            .filter(|indicator| *indicator != omitted)
            .collect();
        let (_, plan) = plan_from_run(&scenario, &searched, &["--descendants"]).await;
        assert!(!plan.plan().open_ends.is_empty(), "{omitted}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_contained_is_an_open_end() {
    let by_ci = |name| call(PROD, 10, CI, KEY, name);
    let outside = "arn:aws:iam::999999999999:role/Outside";
    let calls = [
        assume(
            by_ci("sts AssumeRole"),
            outside,
            "AROAOUTSIDE",
            "evil",
            FIRST_SESSION,
        ),
        by_ci("iam UpdateAssumeRolePolicy").request(Inline(&[("roleName", "Worker")])),
        by_ci("iam AttachUserPolicy").request(Inline(&[("userName", "intern")])),
        by_ci("iam AttachUserPolicy").request(Inline(&[("userName", "ci")])),
        by_ci("iam CreateSAMLProvider").response(Inline(&[("sAMLProviderArn", "saml-1")])),
    ];
    let scenario = organization() + &calls.map(String::from).concat();
    let searched = [KEY, FIRST_SESSION];
    let (_, plan) = plan_from_run(&scenario, &searched, &["--descendants"]).await;
    assert_eq!(targets(&plan), [(CI.to_owned(), "all")]);
    for expected in [
        &["session evil of role Outside", "not found", "configuration"][..],
        &["role Worker", "UpdateAssumeRolePolicy", "block-assume"],
        &["user intern", "AttachUserPolicy", "review"],
        &["saml-1", "delete it"],
    ] {
        assert!(
            has_open_end(&plan, expected),
            "{expected:?}: {:#?}",
            plan.plan().open_ends
        );
    }
    assert_eq!(plan.plan().open_ends.len(), 4, "the user ci is contained");
    assert!(plan.plan().refused.is_empty(), "{:#?}", plan.plan().refused);
}

#[tokio::test(start_paused = true)]
async fn session_without_user_id_is_an_open_end_unless_its_role_is_denied() {
    let assumption = call(PROD, 10, CI, KEY, "sts AssumeRole")
        .request(Inline(&[("roleArn", WORKER), ("roleSessionName", "evil")]))
        .response(Inline(&[(
            "credentials",
            Inline(&[("accessKeyId", FIRST_SESSION)]),
        )]));
    let scenario = organization() + &assumption;
    let searched = [KEY, FIRST_SESSION];
    let is_open = |plan: &SealedPlan| has_open_end(plan, &["session evil", "user id"]);
    let (_, plan) = plan_from_run(&scenario, &searched, &["--descendants"]).await;
    assert!(is_open(&plan), "{:#?}", plan.plan().open_ends);
    let arguments = ["--descendants", "--role", WORKER];
    let (_, plan) = plan_from_run(&scenario, &searched, &arguments).await;
    assert!(targets(&plan).contains(&(WORKER.to_owned(), "all")));
    assert!(!is_open(&plan), "{:#?}", plan.plan().open_ends);
}

#[tokio::test(start_paused = true)]
async fn descendants_are_contained_only_on_request() {
    let scenario = [organization(), attack().await].concat();
    let (_, plan) = plan_from_run(&scenario, &[KEY, FIRST_SESSION], &[]).await;
    let arns: Vec<String> = targets(&plan).into_iter().map(|(arn, _)| arn).collect();
    assert_eq!(arns, [WORKER, CI]);
    assert!(plan.plan().open_ends.is_empty());
}

#[tokio::test(start_paused = true)]
async fn run_that_follows_the_key_finds_all_footholds() {
    let scenario = [organization(), attack().await, bystanders()].concat();
    let (_, plan) = plan_from_run(&scenario, &[KEY, "--follow"], &["--descendants"]).await;
    let mut planned = targets(&plan);
    planned.sort();
    let mut expected = [
        (CI, "all"),
        (INTERN, "all"),
        (WORKER, "sessions"),
        (DEPLOY, "sessions"),
        (BACKDOOR, "all"),
        (PERSIST, "all"),
    ]
    .map(|(arn, change)| (arn.to_owned(), change));
    expected.sort();
    assert_eq!(planned, expected, "{:#?}", plan.plan());
    assert_eq!(plan.plan().open_ends, Vec::<String>::new());
    // What was found by following is contained only on request.
    let (_, plan) = plan_from_run(&scenario, &[KEY, "--follow"], &[]).await;
    assert_eq!(targets(&plan), [(CI.to_owned(), "all")]);
}

#[tokio::test(start_paused = true)]
async fn open_ends_of_a_followed_run_are_open_ends_of_its_plan() {
    let scenario = [organization(), attack().await].concat();
    let sweep = [KEY, "--follow", "--exclude-account", "dev"];
    for arguments in [&[][..], &["--descendants"][..]] {
        let (_, plan) = plan_from_run(&scenario, &sweep, arguments).await;
        let expected = [
            "session evil-2 of role Deploy in 333333333333 may continue unseen",
            "account 333333333333 was not searched",
        ];
        assert!(has_open_end(&plan, &expected), "{:#?}", plan.plan());
    }
}
