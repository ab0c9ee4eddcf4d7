//! Calls that reduce evidence: every sweep reports those of the table, with their severity, and no
//! others.

use std::collections::BTreeSet;

use dragnet::config::Catalogue;
use dragnet_model::{Severity, TAMPERING_RULES, TAMPERING_TEXTS, TamperingCondition};

use crate::scenario::ScenarioBuilder;
use crate::world::{Run, World, event};

const IP: &str = "192.0.2.1";

/// Returns an organization whose trail recorded these calls: the source and name of each, and its
/// request parameters as JSON.
fn world(calls: &[(String, String, String)]) -> World {
    let mut scenario = ScenarioBuilder::new("tampering")
        .account("222222222222", "prod")
        .organization_trail("us-east-1");
    for (number, (source, name, parameters)) in calls.iter().enumerate() {
        let record = format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::222222222222:user/mallory"}},"eventTime":"2026-03-02T10:00:00Z","eventSource":"{source}","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","requestParameters":{parameters},"eventID":"e-{number:04}","eventType":"AwsApiCall","recipientAccountId":"222222222222"}}"#
        );
        scenario = scenario.with(&event(
            "111111111111",
            "us-east-1",
            "/trail",
            "2026-03-02T10:05:00Z",
            &record,
        ));
    }
    World::from_toml(&scenario.toml())
}

fn call(source: &str, name: &str, parameters: &str) -> (String, String, String) {
    (source.to_owned(), name.to_owned(), parameters.to_owned())
}

async fn sweep(calls: &[(String, String, String)]) -> Run {
    world(calls)
        .sweep(&[IP, "--sources", "logs", "--since", "24h"])
        .await
}

fn reported(run: &Run) -> BTreeSet<String> {
    run.columns("tampering.csv", &["event_name", "severity"])
        .into_iter()
        .collect()
}

/// An indicator that no event contains is searched with a filter pattern, so this also shows that
/// the pattern of the tampering calls selects every one of them.
#[tokio::test(start_paused = true)]
async fn every_call_of_the_table_is_reported() {
    let mut calls = Vec::new();
    let mut expected = BTreeSet::new();
    for rule in TAMPERING_RULES {
        for name in rule.event_names {
            let source = format!("{}.amazonaws.com", rule.service);
            calls.push(call(&source, name, "null"));
            expected.insert(format!("{name} {}", rule.severity));
        }
    }
    let run = sweep(&calls).await;
    assert_eq!(reported(&run), expected);
    let rows = run.columns("tampering.csv", &["record_id"]);
    assert_eq!(rows.len(), calls.len());
}

/// Names of the table under other services, and calls of the same services about something else.
#[tokio::test(start_paused = true)]
async fn other_calls_are_not_reported() {
    let mut calls: Vec<_> = TAMPERING_RULES
        .iter()
        .flat_map(|rule| rule.event_names)
        .map(|name| call("unrelated.amazonaws.com", name, "null"))
        .collect();
    calls.push(call("cloudtrail.amazonaws.com", "StopLoggingX", "null"));
    for rule in TAMPERING_RULES {
        if let TamperingCondition::Mentions(_) = rule.condition {
            let source = format!("{}.amazonaws.com", rule.service);
            for name in rule.event_names {
                calls.push(call(&source, name, r#"{"other":true}"#));
            }
        }
    }
    let run = sweep(&calls).await;
    assert_eq!(reported(&run), BTreeSet::new());
    assert_eq!(run.summary()["tampering"], serde_json::json!({}));
}

/// The eleven calls of an attack that Dragnet 1.0 reported as one.
#[tokio::test(start_paused = true)]
async fn an_attack_on_what_records_is_reported_call_by_call() {
    let calls = [
        ("logs", "PutAccountPolicy"),
        ("logs", "PutDataProtectionPolicy"),
        ("cloudtrail", "StopEventDataStoreIngestion"),
        ("cloudtrail", "DeleteEventDataStore"),
        ("cloudtrail", "PutEventConfiguration"),
        ("observabilityadmin", "CreateTelemetryPipeline"),
        ("observabilityadmin", "DeleteTelemetryRuleForOrganization"),
        ("kms", "DisableKey"),
        ("organizations", "LeaveOrganization"),
        ("s3", "PutBucketLifecycle"),
        ("cloudtrail", "PutEventSelectors"),
    ];
    let calls = calls.map(|(service, name)| call(&format!("{service}.amazonaws.com"), name, "{}"));
    let run = sweep(&calls).await;
    let by_name = run.summary()["tampering"].clone();
    assert_eq!(by_name.as_object().unwrap().len(), 11, "{by_name}");
    assert!(
        by_name
            .as_object()
            .unwrap()
            .values()
            .all(|number| number == 1)
    );
    assert!(run.summary().get("tampering_low").is_none());
}

#[tokio::test(start_paused = true)]
async fn buckets_without_logs_are_of_low_severity() {
    let calls = [
        call(
            "s3.amazonaws.com",
            "PutBucketPolicy",
            r#"{"bucketName":"website"}"#,
        ),
        call(
            "s3.amazonaws.com",
            "PutBucketPolicy",
            r#"{"bucketName":"central-logs"}"#,
        ),
    ];
    let run = sweep(&calls).await;
    assert_eq!(
        run.columns("tampering.csv", &["resource", "severity"]),
        ["website low", "central-logs high"]
    );
    assert_eq!(
        run.summary()["tampering"],
        serde_json::json!({"PutBucketPolicy": 1})
    );
    assert_eq!(run.summary()["tampering_low"], 1);
}

/// One filter pattern takes one pass over a log group.
#[test]
fn one_filter_pattern_has_all_texts() {
    let terms: Vec<String> = TAMPERING_TEXTS
        .iter()
        .map(|text| format!("?{text}"))
        .collect();
    let pattern = format!("{} ?_CloudTrail_", terms.join(" "));
    assert!(pattern.len() <= 1_024, "{}", pattern.len());
}

#[test]
fn hunt_and_table_agree() {
    let catalogue = Catalogue::load(None).unwrap();
    let hunt = catalogue
        .iter()
        .find(|hunt| hunt.name == "trail-stopped-or-changed")
        .unwrap();
    let listed: BTreeSet<&str> = hunt
        .query
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| *text != "cloudtrail.amazonaws.com")
        .collect();
    let severe: BTreeSet<&str> = TAMPERING_RULES
        .iter()
        .filter(|rule| rule.service == "cloudtrail" && rule.severity >= Severity::High)
        .flat_map(|rule| rule.event_names)
        .copied()
        .collect();
    assert_eq!(listed, severe);
}
