//! The principals that a run's sightings select for containment: those that acted with an
//! indicator, as a trail delivered it, and not those that a record or a log line merely mentions.

use std::collections::BTreeSet;

use dragnet::contain::{FromRun, SealedPlan, TrailDeliveries};
use dragnet::model::{
    Destination, LogGroupArn, LogSource, SourceKind, SourceLookup, SourceState, Target,
};
use dragnet::store::{SightingRecord, StoredRow};
use fastrand::Rng;
use serde_json::json;

use super::world::World;
use crate::cases::cases;
use crate::world::{SMALL, World as Sweeps, event};

const IP: &str = "192.0.2.1";
const KEY: &str = "AKIABOB2222222222222";

/// Runs a sweep with these arguments, and plans to contain the principals that it found.
async fn planned(scenario: &str, sweep: &[&str]) -> Result<SealedPlan, String> {
    let run = Box::pin(Sweeps::of(scenario).sweep(sweep)).await;
    let directory = run.outputs.directory.display().to_string();
    let world = World::of(scenario);
    let plan = Box::pin(world.try_plan(&["--from-run", &directory], "")).await;
    plan.map_err(|error| error.to_string())
}

fn targets(plan: &SealedPlan) -> Vec<String> {
    plan.plan()
        .targets
        .iter()
        .map(|target| target.principal.to_string())
        .collect()
}

fn users(names: &[&str]) -> String {
    names
        .iter()
        .flat_map(|name| {
            [
                "[[users]]\naccount = \"222222222222\"\nname = \"",
                *name,
                "\"\n",
            ]
        })
        .collect()
}

fn user(name: &str) -> String {
    format!("arn:aws:iam::222222222222:user/{name}")
}

/// Returns a record that the organization's trail delivers.
fn delivered(name: &str, more: &str) -> String {
    let by = user(name);
    format!(
        "[[records]]\naccount = \"222222222222\"\nregion = \"us-east-1\"\nat = \"1h ago\"\nby = \"{by}\"\n{more}\n"
    )
}

/// Returns a line that looks like a record, in the log group of an application.
fn line(name: &str, ip: &str) -> String {
    let by = user(name);
    let message = format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"{by}"}},"eventTime":"2026-03-02T11:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"us-east-1","sourceIPAddress":"{ip}","eventID":"forged","recipientAccountId":"222222222222"}}"#
    );
    event("222222222222", "us-east-1", "/app", "1h ago", &message)
}

#[tokio::test(start_paused = true)]
async fn the_colleague_who_switched_the_key_off_is_not_a_target() {
    let scenario = include_str!("../../../config/range/small.toml");
    let plan = planned(scenario, &["AKIADEPLOYBOT2LEAKED"]).await.unwrap();
    assert_eq!(
        targets(&plan),
        ["arn:aws:iam::666666666666:user/deploy-bot"]
    );
    assert!(
        plan.to_text().unwrap().contains("user/carol"),
        "{:#?}",
        plan.plan()
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_line_names_nobody() {
    let actor = delivered(
        "bob",
        &format!("service = \"s3\"\naction = \"ListBuckets\"\nip = \"{IP}\""),
    );
    let scenario = [
        SMALL,
        &users(&["bob", "innocent"]),
        &actor,
        &line("innocent", IP),
    ]
    .concat();
    let plan = planned(&scenario, &[IP]).await.unwrap();
    assert_eq!(targets(&plan), [user("bob")]);
    assert!(
        plan.to_text().unwrap().contains("user/innocent"),
        "{:#?}",
        plan.plan()
    );
    let scenario = [SMALL, &users(&["innocent"]), &line("innocent", IP)].concat();
    let nobody = planned(&scenario, &[IP]).await.unwrap_err();
    assert!(
        nobody.contains("no principal to contain") && nobody.contains("user/innocent"),
        "{nobody}"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_only_tried_is_not_a_target() {
    let tried = "service = \"iam\"\naction = \"ListUsers\"\nerror_code = \"AccessDenied\"";
    // Source: CloudTrail user guide, "AWS Management Console sign-in events": a failed login has no
    // errorCode.
    let login = "service = \"signin\"\naction = \"ConsoleLogin\"\nresponse = { ConsoleLogin = \"Failure\" }";
    let acted = "service = \"iam\"\naction = \"ListUsers\"";
    let records: String = [("tried", tried), ("victim", login), ("actor", acted)]
        .iter()
        .map(|(name, more)| delivered(name, &format!("{more}\nip = \"{IP}\"")))
        .collect();
    let scenario = [SMALL, &users(&["tried", "victim", "actor"]), &records].concat();
    let plan = planned(&scenario, &[IP]).await.unwrap();
    assert_eq!(targets(&plan), [user("actor")]);
}

#[tokio::test(start_paused = true)]
async fn a_target_says_what_its_evidence_is_and_what_it_created() {
    let created =
        "service = \"iam\"\naction = \"CreateUser\"\nrequest = { userName = \"backdoor\" }";
    let actor = delivered(
        "bob",
        &format!("{created}\nip = \"{IP}\"\naccess_key = \"{KEY}\""),
    );
    let forged = line("bob", IP)
        .replace("ListBuckets", "CreateUser")
        .replace(
            "\"eventID\"",
            "\"requestParameters\":{\"userName\":\"forged-user\"},\"eventID\"",
        );
    let scenario = [SMALL, &users(&["bob"]), &actor, &forged].concat();
    let plan = planned(&scenario, &[IP]).await.unwrap();
    let target = &plan.plan().targets[0];
    let reason = target.reason.as_deref().unwrap_or_default();
    assert!(
        reason.contains("1 record") && reason.contains("/trail"),
        "{reason}"
    );
    assert_eq!(target.blast_radius.created, ["user backdoor"]);
}

/// Returns the principal of a random sighting, the sighting as it is stored, and whether it shows
/// that the principal acted with an indicator.
fn random_sighting(rng: &mut Rng) -> (String, StoredRow, bool) {
    let principal = user(&format!("user-{}", rng.u8(..6)));
    let one_of = |rng: &mut Rng, texts: &[&str]| texts[rng.usize(..texts.len())].to_owned();
    let log_group = one_of(rng, &["/trail", "/trail", "/trail", "/app", "/own"]);
    let streams = [
        "o-practice00_222222222222_CloudTrail_us-east-1",
        "222222222222_CloudTrail_us-east-1",
        "stream",
    ];
    let log_stream = one_of(
        rng,
        &[streams[0], streams[0], streams[0], streams[1], streams[2]],
    );
    // The trail of account 333333333333 records no other account.
    let delivered = log_group == "/trail" && log_stream != "stream";
    let actors = [
        "sourceIPAddress",
        "userIdentity.accessKeyId",
        "userAgent",
        "userIdentity.sessionContext.x",
    ];
    let others = [
        "requestParameters.accessKeyId",
        "responseElements.accessKey.accessKeyId",
        "message",
        "userIdentityX",
    ];
    let is_hunt = rng.u8(..5) == 0;
    let by_actor = rng.bool();
    let mut matched_fields = vec![one_of(rng, &others)];
    if by_actor {
        matched_fields.push(one_of(rng, &actors));
    }
    let failures = [
        json!({"errorCode": "AccessDenied"}),
        json!({"errorMessage": "Failed authentication"}),
        json!({"responseElements": {"ConsoleLogin": "Failure"}}),
    ];
    let failed = rng.u8(..3) == 0;
    let mut record =
        json!({"userIdentity": {"type": "IAMUser", "arn": principal}, "eventName": "X"});
    if failed {
        let failure = failures[rng.usize(..failures.len())]
            .as_object()
            .unwrap()
            .clone();
        record.as_object_mut().unwrap().extend(failure);
    }
    let found = SightingRecord {
        time_ms: 0,
        event_account: "222222222222".to_owned(),
        event_region: "us-east-1".to_owned(),
        record_id: format!("{}", rng.u8(..20)),
        event_id: String::new(),
        log_stream,
        timestamp_ms: 0,
        ingestion_ms: 0,
        indicators: if is_hunt {
            Vec::new()
        } else {
            vec![IP.to_owned()]
        },
        hunts: if is_hunt {
            vec!["hunt".to_owned()]
        } else {
            Vec::new()
        },
        matched_fields: if is_hunt { Vec::new() } else { matched_fields },
        message: record.to_string(),
    };
    let account = if log_group == "/own" {
        "333333333333"
    } else {
        "111111111111"
    };
    let row = StoredRow {
        account: account.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        log_group,
        elsewhere: false,
        found,
    };
    (
        principal,
        row,
        delivered && !failed && (is_hunt || by_actor),
    )
}

/// Returns the trail of the organization, and one that a member account created.
fn trails() -> TrailDeliveries {
    let region = || "us-east-1".parse().unwrap();
    let target = |account: &str| Target {
        account: account.parse().unwrap(),
        region: region(),
    };
    let trail = |account: &str, group: &str| LogSource {
        kind: SourceKind::CloudTrail,
        via: format!("trail of {account}"),
        home: target(account),
        destination: Destination::LogGroup(LogGroupArn::new(target(account), group)),
        multi_region: true,
        told: SourceState::Unknown,
    };
    let seen = |account: &str, by: &[&str]| SourceLookup {
        target: target(account),
        kind: SourceKind::CloudTrail,
        answer: Ok(by.iter().map(|by| format!("trail of {by}")).collect()),
    };
    let recorders = [
        trail("111111111111", "/trail"),
        trail("333333333333", "/own"),
    ];
    let cells = [
        seen("111111111111", &["111111111111"]),
        seen("222222222222", &["111111111111"]),
        seen("333333333333", &["111111111111", "333333333333"]),
    ];
    TrailDeliveries::new(&recorders, &cells)
}

#[test]
fn whoever_only_acted_on_an_indicator_or_is_in_a_log_line_is_never_a_target() {
    let mut targets = 0;
    let mut mentions = 0;
    for seed in 0..cases(2_000) {
        let mut rng = Rng::with_seed(seed.into());
        let mut run = FromRun::new(trails());
        let mut at_work = BTreeSet::new();
        let mut named = BTreeSet::new();
        for _ in 0..rng.usize(1..12) {
            let (principal, row, is_evidence) = random_sighting(&mut rng);
            run.take(&row);
            named.insert(principal.clone());
            if is_evidence {
                at_work.insert(principal);
            }
        }
        let found: BTreeSet<String> = run
            .selectors()
            .map(|selector| selector.to_string())
            .collect();
        assert_eq!(found, at_work, "seed {seed}");
        let mentioned: BTreeSet<String> = run
            .mentioned()
            .into_iter()
            .map(|mentioned| mentioned.principal)
            .collect();
        assert_eq!(
            mentioned,
            named.difference(&at_work).cloned().collect(),
            "seed {seed}: nobody is left out"
        );
        targets += found.len();
        mentions += mentioned.len();
    }
    assert!(
        targets > 0 && mentions > 0,
        "both are met: {targets} targets, {mentions} mentioned"
    );
}
