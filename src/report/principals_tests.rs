//! The summary per principal.

use std::convert::Infallible;

use serde_json::{Value, json};

use super::testing::sighting;
use super::{PrincipalSummaries, PrincipalSummary, summarize_principals};
use dragnet_model::{EventDetails, OwnCall, Sighting};

const ALICE: &str = "arn:aws:iam::111111111111:user/alice";
const ROLE: &str = "arn:aws:iam::111111111111:role/team/App";

/// Returns the sighting of a record of alice, with other members.
fn call(minute: u32, service: &str, event_name: &str, more: &Value) -> Sighting {
    let mut record = json!({
        "userIdentity": {"type": "IAMUser", "arn": ALICE, "accessKeyId": "AKIAALICE00000000000"},
        "eventTime": format!("2026-03-01T10:{minute:02}:00Z"),
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": event_name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "cli",
        "eventID": format!("e{minute}"),
        "recipientAccountId": "111111111111",
    });
    for (name, value) in more.as_object().unwrap() {
        record[name] = value.clone();
    }
    let message = record.to_string();
    let details: EventDetails<'_> = serde_json::from_str(&message).unwrap();
    Sighting {
        details: details.into_owned(),
        ..sighting(&message)
    }
}

fn summarize(sightings: Vec<Sighting>) -> PrincipalSummaries {
    summarize_principals(sightings.into_iter().map(Ok::<_, Infallible>)).unwrap()
}

fn only(sightings: Vec<Sighting>) -> PrincipalSummary {
    let mut principals = summarize(sightings).principals;
    assert_eq!(principals.len(), 1);
    principals.remove(0)
}

#[test]
fn calls_are_counted_by_name_and_outcome() {
    let denied = json!({"errorCode": "AccessDenied", "awsRegion": "eu-west-1"});
    let alice = only(vec![
        call(1, "s3", "ListBuckets", &json!({})),
        call(2, "s3", "ListBuckets", &json!({})),
        call(3, "iam", "CreateUser", &denied),
    ]);
    assert_eq!(alice.principal, ALICE);
    assert_eq!(alice.succeeded.top(9), [("ListBuckets", 2)]);
    assert_eq!(alice.failed.top(9), [("CreateUser", 1)]);
    assert_eq!(alice.errors.top(9), [("AccessDenied", 1)]);
    assert_eq!(alice.regions.in_order(), ["us-east-1", "eu-west-1"]);
    let span = (alice.first_seen_ms, alice.last_seen_ms);
    assert_eq!(span, (Some(1_772_359_260_000), Some(1_772_359_380_000)));
    let abused: Vec<(&str, u64, u64)> = alice
        .abused
        .iter()
        .map(|call| (call.event_name.as_str(), call.succeeded, call.failed))
        .collect();
    assert_eq!(abused, [("ListBuckets", 2, 0), ("CreateUser", 0, 1)]);
    // A call that failed created nothing.
    assert_eq!(alice.created, []);
}

#[test]
fn created_resources_and_issued_keys_are_named() {
    let user = json!({
        "requestParameters": {"userName": "eve"},
        "responseElements": {"user": {"arn": "arn:aws:iam::111111111111:user/eve"}},
    });
    let key = json!({
        "requestParameters": {"userName": "eve"},
        "responseElements": {"accessKey": {"userName": "eve", "accessKeyId": "AKIAEVE0000000000000"}},
    });
    let session = |key: &str| {
        json!({
            "requestParameters": {"roleArn": ROLE, "roleSessionName": "x"},
            "responseElements": {
                "credentials": {"accessKeyId": key},
                "assumedRoleUser": {"arn": "arn:aws:sts::111111111111:assumed-role/App/x"},
            },
        })
    };
    let alice = only(vec![
        call(1, "iam", "CreateUser", &user),
        call(2, "iam", "CreateAccessKey", &key),
        call(3, "sts", "AssumeRole", &session("ASIA1")),
        call(4, "sts", "AssumeRole", &session("ASIA2")),
        call(5, "sts", "AssumeRole", &session("ASIA2")),
    ]);
    let created: Vec<(&str, &str)> = alice
        .created
        .iter()
        .map(|created| (created.event_name.as_str(), created.resource.as_str()))
        .collect();
    assert_eq!(
        created,
        [
            ("CreateUser", "eve"),
            ("CreateAccessKey", "eve;AKIAEVE0000000000000")
        ]
    );
    let issued: Vec<(&str, Vec<&str>)> = alice
        .issued
        .iter()
        .map(|issued| {
            let keys = issued.keys.iter().map(String::as_str).collect();
            (issued.holder.as_str(), keys)
        })
        .collect();
    assert_eq!(
        issued,
        [
            ("user eve in 111111111111", vec!["AKIAEVE0000000000000"]),
            ("role App in 111111111111", vec!["ASIA1", "ASIA2"]),
        ]
    );
}

#[test]
fn sessions_are_summarized_as_their_role() {
    let session = |name: &str, issuer: Value| {
        json!({"userIdentity": {
            "type": "AssumedRole",
            "arn": format!("arn:aws:sts::111111111111:assumed-role/App/{name}"),
            "sessionContext": issuer,
        }})
    };
    let with_path = json!({"sessionIssuer": {"arn": ROLE}});
    let role = only(vec![
        call(1, "s3", "GetObject", &session("a", with_path.clone())),
        call(2, "s3", "GetObject", &session("b", with_path)),
    ]);
    assert_eq!(role.principal, ROLE);
    assert_eq!(role.sessions.in_order(), ["a", "b"]);
    let without_issuer = only(vec![call(1, "s3", "GetObject", &session("a", Value::Null))]);
    assert_eq!(
        without_issuer.principal,
        "arn:aws:iam::111111111111:role/App"
    );
}

#[test]
fn own_calls_and_plain_lines_have_no_principal() {
    let own = Sighting {
        own_call: OwnCall::Yes,
        ..call(1, "s3", "ListBuckets", &json!({}))
    };
    assert_eq!(
        summarize(vec![own, sighting("plain")]),
        PrincipalSummaries::default()
    );
}

#[test]
fn callers_without_arn_are_described() {
    for (identity, expected) in [
        (json!({"accessKeyId": "AKIA1"}), "access key AKIA1"),
        (json!({"principalId": "AIDA1"}), "id AIDA1"),
        (Value::Null, "caller at 192.0.2.1"),
    ] {
        let found = only(vec![call(
            1,
            "s3",
            "ListBuckets",
            &json!({"userIdentity": identity}),
        )]);
        assert_eq!(found.principal, expected);
    }
}

#[test]
fn any_number_of_principals_is_bounded() {
    let sightings = (0..300)
        .map(|number| {
            let identity = json!({"arn": format!("arn:aws:iam::111111111111:user/u{number}")});
            call(1, "s3", "ListBuckets", &json!({"userIdentity": identity}))
        })
        .collect();
    let summaries = summarize(sightings);
    assert_eq!(summaries.principals.len(), 200);
    assert_eq!(summaries.others, 100);
}
