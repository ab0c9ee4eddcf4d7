//! The principals that a run's sightings select for containment: those that acted with an
//! indicator, as a trail delivered it, and not those that a record or a log line merely mentions.

use std::collections::BTreeSet;

use dragnet::contain::{FromRun, SealedPlan};
use dragnet::search::event_details;
use dragnet::store::{SightingRecord, StoredRow, TrailDeliveries};
use dragnet_model::{
    Destination, LogGroupArn, LogSource, SourceKind, SourceState, StorageKind, Target,
};
use fastrand::Rng;
use serde_json::{Value, json};

use super::world::World;
use crate::cases::cases;
use crate::scenario::{Inline, Record, User};
use crate::world::{SMALL, World as Sweeps, event};

const IP: &str = "192.0.2.1";
const KEY: &str = "AKIABOB2222222222222";

/// Runs a sweep with these arguments, and plans to contain the principals that it found.
async fn plan_from_run(scenario: &str, sweep: &[&str]) -> Result<SealedPlan, String> {
    let run = Box::pin(Sweeps::from_toml(scenario).sweep(sweep)).await;
    let directory = run.outputs.directory.display().to_string();
    let world = World::from_scenario(scenario);
    let plan = Box::pin(world.try_plan(&["--from-run", &directory], "")).await;
    plan.map_err(|error| error.to_string())
}

fn target_arns(plan: &SealedPlan) -> Vec<String> {
    plan.plan()
        .targets
        .iter()
        .map(|target| target.principal.to_string())
        .collect()
}

fn user_tables(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| User::new("222222222222", name).to_string())
        .collect()
}

fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::222222222222:user/{name}")
}

/// Returns a record that the organization's trail delivers.
fn trail_record(name: &str, service: &str, action: &str) -> Record {
    let actor = user_arn(name);
    Record::new("222222222222", "us-east-1", "1h ago", actor)
        .call(service, action)
        .ip(IP)
}

/// Returns a line that looks like a record.
fn forged_record(name: &str) -> String {
    let actor = user_arn(name);
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"{actor}"}},"eventTime":"2026-03-02T11:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"us-east-1","sourceIPAddress":"{IP}","eventID":"forged","recipientAccountId":"222222222222"}}"#
    )
}

/// Returns the line as an event of an application.
fn app_event(message: &str) -> String {
    event("222222222222", "us-east-1", "/app", "1h ago", message)
}

#[tokio::test(start_paused = true)]
async fn colleague_who_deactivated_the_key_is_only_mentioned() {
    let scenario = include_str!("../../../config/range/small.toml");
    let plan = plan_from_run(scenario, &["AKIADEPLOYBOT2LEAKED"])
        .await
        .unwrap();
    assert_eq!(
        target_arns(&plan),
        ["arn:aws:iam::666666666666:user/deploy-bot"]
    );
    assert!(
        plan.to_text().unwrap().contains("user/carol"),
        "{:#?}",
        plan.plan()
    );
}

#[tokio::test(start_paused = true)]
async fn application_log_line_is_not_evidence() {
    let actor = trail_record("bob", "s3", "ListBuckets");
    let scenario = [
        SMALL,
        &user_tables(&["bob", "innocent"]),
        &actor,
        &app_event(&forged_record("innocent")),
    ]
    .concat();
    let plan = plan_from_run(&scenario, &[IP]).await.unwrap();
    assert_eq!(target_arns(&plan), [user_arn("bob")]);
    assert!(
        plan.to_text().unwrap().contains("user/innocent"),
        "{:#?}",
        plan.plan()
    );
    let scenario = [
        SMALL,
        &user_tables(&["innocent"]),
        &app_event(&forged_record("innocent")),
    ]
    .concat();
    let error = plan_from_run(&scenario, &[IP]).await.unwrap_err();
    assert!(
        error.contains("no principal to contain") && error.contains("user/innocent"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn failed_calls_are_not_evidence() {
    let tried = trail_record("tried", "iam", "ListUsers").error_code("AccessDenied");
    // Source: CloudTrail user guide, "AWS Management Console sign-in events": a failed login has no
    // errorCode.
    let login = trail_record("victim", "signin", "ConsoleLogin")
        .response(Inline(&[("ConsoleLogin", "Failure")]));
    let acted = trail_record("actor", "iam", "ListUsers");
    let records = format!("{tried}{login}{acted}");
    let scenario = [SMALL, &user_tables(&["tried", "victim", "actor"]), &records].concat();
    let plan = plan_from_run(&scenario, &[IP]).await.unwrap();
    assert_eq!(target_arns(&plan), [user_arn("actor")]);
}

#[tokio::test(start_paused = true)]
async fn target_has_its_evidence_and_what_it_created() {
    let actor = trail_record("bob", "iam", "CreateUser")
        .request(Inline(&[("userName", "backdoor")]))
        .access_key(KEY);
    let forged = forged_record("bob")
        .replace("ListBuckets", "CreateUser")
        .replace(
            "\"eventID\"",
            "\"requestParameters\":{\"userName\":\"forged-user\"},\"eventID\"",
        );
    let scenario = [SMALL, &user_tables(&["bob"]), &actor, &app_event(&forged)].concat();
    let plan = plan_from_run(&scenario, &[IP]).await.unwrap();
    let target = &plan.plan().targets[0];
    let reason = target.reason.as_deref().unwrap_or_default();
    assert!(
        reason.contains("1 record") && reason.contains("/trail"),
        "{reason}"
    );
    assert_eq!(target.blast_radius.created, ["user backdoor"]);
}

/// A random sighting, its principal, and whether it shows that the principal acted with an
/// indicator.
struct RandomSighting {
    principal: String,
    row: StoredRow,
    is_evidence: bool,
}

fn pick(rng: &mut Rng, texts: &[&str]) -> String {
    texts[rng.usize(..texts.len())].to_owned()
}

/// Returns fields in which an indicator was found, and whether one of them describes the actor.
fn random_matched_fields(rng: &mut Rng) -> (Vec<String>, bool) {
    let actor_fields = [
        "sourceIPAddress",
        "userIdentity.accessKeyId",
        "userAgent",
        "userIdentity.sessionContext.x",
    ];
    let other_fields = [
        "requestParameters.accessKeyId",
        "responseElements.accessKey.accessKeyId",
        "message",
        "userIdentityX",
    ];
    let mut fields = vec![pick(rng, &other_fields)];
    let has_actor_field = rng.bool();
    if has_actor_field {
        fields.push(pick(rng, &actor_fields));
    }
    (fields, has_actor_field)
}

/// Returns a CloudTrail record with the fields that every record has.
fn minimal_record(identity: &Value, event_name: &str) -> Value {
    json!({
        "userIdentity": identity, "eventTime": "2026-03-02T11:00:00Z", "eventSource": "x.amazonaws.com",
        "eventName": event_name, "awsRegion": "us-east-1", "eventID": "e",
        "recipientAccountId": "222222222222",
    })
}

fn add_sighting(run: &mut FromRun, row: &StoredRow) {
    let account = row.account.to_string();
    let details = event_details(&row.found.message, &account, row.region.as_str(), 0);
    run.add_sighting(row, &details);
}

/// Returns a CloudTrail record of the principal, and whether its call failed.
fn random_record(rng: &mut Rng, principal: &str) -> (Value, bool) {
    let failures = [
        json!({"errorCode": "AccessDenied"}),
        json!({"errorMessage": "Failed authentication"}),
        json!({"responseElements": {"ConsoleLogin": "Failure"}}),
    ];
    let mut record = minimal_record(&json!({"type": "IAMUser", "arn": principal}), "X");
    let failed = rng.u8(..3) == 0;
    if failed {
        let failure = failures[rng.usize(..failures.len())]
            .as_object()
            .unwrap()
            .clone();
        record.as_object_mut().unwrap().extend(failure);
    }
    (record, failed)
}

fn random_sighting(rng: &mut Rng) -> RandomSighting {
    let principal = user_arn(&format!("user-{}", rng.u8(..6)));
    let log_group = pick(rng, &["/trail", "/trail", "/trail", "/app", "/own"]);
    let organization_stream = "o-practice00_222222222222_CloudTrail_us-east-1";
    let streams = [
        organization_stream,
        organization_stream,
        organization_stream,
        "222222222222_CloudTrail_us-east-1",
        "stream",
    ];
    let log_stream = pick(rng, &streams);
    // The trail of account 333333333333 records no other account.
    let is_delivered = log_group == "/trail" && log_stream != "stream";
    let is_hunt = rng.u8(..5) == 0;
    let (matched_fields, has_actor_field) = random_matched_fields(rng);
    let (record, failed) = random_record(rng, &principal);
    let account = if log_group == "/own" {
        "333333333333"
    } else {
        "111111111111"
    };
    let mut found = SightingRecord {
        time_ms: 0,
        event_account: "222222222222".to_owned(),
        event_region: "us-east-1".to_owned(),
        record_id: format!("{}", rng.u8(..20)),
        event_id: String::new(),
        log_stream,
        timestamp_ms: 0,
        ingestion_ms: 0,
        indicators: vec![IP.to_owned()],
        hunts: Vec::new(),
        matched_fields,
        is_trusted: false,
        message: record.to_string(),
    };
    if is_hunt {
        found.indicators = Vec::new();
        found.hunts = vec!["hunt".to_owned()];
        found.matched_fields = Vec::new();
    }
    let row = StoredRow {
        account: account.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        source: StorageKind::Logs,
        log_group,
        bucket_prefix: None,
        out_of_scope: false,
        found,
    };
    RandomSighting {
        principal,
        row,
        is_evidence: is_delivered && !failed && (is_hunt || has_actor_field),
    }
}

/// Returns the trail of the organization, and one that a member account created.
fn trail_deliveries() -> TrailDeliveries {
    let region = || "us-east-1".parse().unwrap();
    let target = |account: &str| Target {
        account: account.parse().unwrap(),
        region: region(),
    };
    let trail = |account: &str, group: &str, is_organization_trail| LogSource {
        kind: SourceKind::CloudTrail,
        via: format!("trail of {account}"),
        home: target(account),
        destination: Destination::LogGroup(LogGroupArn::new(target(account), group)),
        bucket: None,
        multi_region: true,
        is_organization_trail,
        state: SourceState::Unknown,
    };
    let log_sources = [
        trail("111111111111", "/trail", true),
        trail("333333333333", "/own", false),
    ];
    TrailDeliveries::new(&log_sources, None)
}

#[test]
fn only_actors_with_trail_evidence_are_targets() {
    let mut target_count = 0;
    let mut mention_count = 0;
    for seed in 0..cases(2_000) {
        let mut rng = Rng::with_seed(seed.into());
        let mut run = FromRun::new(trail_deliveries());
        let mut actors = BTreeSet::new();
        let mut all = BTreeSet::new();
        for _ in 0..rng.usize(1..12) {
            let sighting = random_sighting(&mut rng);
            add_sighting(&mut run, &sighting.row);
            all.insert(sighting.principal.clone());
            if sighting.is_evidence {
                actors.insert(sighting.principal);
            }
        }
        let targets: BTreeSet<String> = run
            .selectors()
            .map(|selector| selector.to_string())
            .collect();
        assert_eq!(targets, actors, "seed {seed}");
        let mentioned: BTreeSet<String> = run
            .mentioned()
            .into_iter()
            .map(|mentioned| mentioned.principal)
            .collect();
        assert_eq!(
            mentioned,
            all.difference(&actors).cloned().collect(),
            "seed {seed}: every other principal is mentioned"
        );
        target_count += targets.len();
        mention_count += mentioned.len();
    }
    assert!(
        target_count > 0 && mention_count > 0,
        "both cases occur: {target_count} targets, {mention_count} mentioned"
    );
}

/// Returns a sighting of a record that the trail of the organization delivered.
fn delivered_sighting(message: String) -> StoredRow {
    StoredRow {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        source: StorageKind::Logs,
        log_group: "/trail".to_owned(),
        bucket_prefix: None,
        out_of_scope: false,
        found: SightingRecord {
            time_ms: 0,
            event_account: "222222222222".to_owned(),
            event_region: "us-east-1".to_owned(),
            record_id: "e".to_owned(),
            event_id: "e".to_owned(),
            log_stream: "222222222222_CloudTrail_us-east-1".to_owned(),
            timestamp_ms: 0,
            ingestion_ms: 0,
            indicators: vec![IP.to_owned()],
            hunts: Vec::new(),
            matched_fields: vec!["sourceIPAddress".to_owned()],
            is_trusted: false,
            message,
        },
    }
}

#[test]
fn sessions_become_roles_and_others_are_refused() {
    let mut run = FromRun::new(trail_deliveries());
    let session = |role: &str, issuer: &Value| {
        json!({
            "type": "AssumedRole", "principalId": "AROAX:eve", "sessionContext": issuer,
            "arn": format!("arn:aws:sts::222222222222:assumed-role/{role}/s"),
        })
    };
    let issuer = json!({"sessionIssuer": {"arn": "arn:aws:iam::222222222222:role/team/R"}});
    for identity in [
        session("R", &issuer),
        session("S", &Value::Null),
        session("*", &Value::Null),
        session("AWSReservedSSO_A_1", &Value::Null),
        json!({"type": "Root", "arn": "arn:aws:iam::222222222222:root"}),
        json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}),
    ] {
        let message = minimal_record(&identity, "X").to_string();
        add_sighting(&mut run, &delivered_sighting(message));
    }
    let eve = json!({"type": "IAMUser", "arn": user_arn("eve")});
    let mut created = minimal_record(&eve, "CreateUser");
    created["requestParameters"] = json!({"userName": "backdoor"});
    add_sighting(&mut run, &delivered_sighting(created.to_string()));
    let no_record = json!({"userIdentity": {"arn": user_arn("mallory")}, "eventName": "X"});
    for message in [no_record.to_string(), "not json".to_owned()] {
        add_sighting(&mut run, &delivered_sighting(message));
    }
    let selectors: Vec<String> = run
        .selectors()
        .map(|selector| selector.to_string())
        .collect();
    assert_eq!(
        selectors,
        [
            "arn:aws:iam::222222222222:role/team/R".to_owned(),
            user_arn("eve"),
            "role S in 222222222222".to_owned(),
        ]
    );
    assert_eq!(run.refused().count(), 3);
    assert!(
        run.refused()
            .any(|refused| refused.user_id.as_deref() == Some("AROAX:eve"))
    );
    assert_eq!(
        run.created_by(&user_arn("eve").parse().unwrap()),
        ["user backdoor"]
    );
    assert!(run.mentioned().is_empty());
}
