//! The table, with a record in AWS's form for each call.

mod access_calls;
mod iam_calls;
mod issuing_calls;
mod provider_calls;
mod workload_calls;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::test_records::{EVE, credentials, parse, record_json};
use super::{LINEAGE_CALLS, NewIdentity};
use iam_calls::iam_calls;
use issuing_calls::issuing_calls;
use provider_calls::provider_calls;
use workload_calls::workload_calls;

/// Returns what a call gave, as `identity [key]`.
fn granted(record: &Value) -> Vec<String> {
    let parsed = parse(record);
    let grants = parsed.iter().flat_map(|record| &record.grants);
    grants
        .map(|grant| match &grant.access_key_id {
            Some(key) => format!("{} [{key}]", grant.identity),
            None => grant.identity.to_string(),
        })
        .collect()
}

/// A call: service, event name, request, response, and what it gives.
type Case = (&'static str, &'static str, Value, Value, &'static str);

/// The calls that extend access, which have their identity in the request.
fn extending_calls() -> Vec<Case> {
    let policy = "arn:aws:iam::aws:policy/AdministratorAccess";
    let principals =
        json!({"userName": "eric", "roleName": "R", "groupName": "G", "policyArn": policy});
    let mut cases = Vec::new();
    for call in LINEAGE_CALLS {
        let expected = match call.new_identity {
            NewIdentity::ExistingUser => "user eric in 111111111111",
            NewIdentity::ExistingRole => "role R in 111111111111",
            NewIdentity::ExistingGroup => "group G in 111111111111",
            _ => continue,
        };
        cases.push((
            call.service,
            call.event_name,
            principals.clone(),
            Value::Null,
            expected,
        ));
    }
    for (event_name, expected) in [
        (
            "CreatePolicyVersion",
            "arn:aws:iam::aws:policy/AdministratorAccess (CreatePolicyVersion)",
        ),
        (
            "SetDefaultPolicyVersion",
            "arn:aws:iam::aws:policy/AdministratorAccess (SetDefaultPolicyVersion)",
        ),
    ] {
        cases.push(("iam", event_name, principals.clone(), Value::Null, expected));
    }
    cases
}

/// Returns the record of a role that was switched in the console.
fn switched_role() -> Value {
    let mut record = record_json(
        "signin",
        "SwitchRole",
        &Value::Null,
        &json!({"SwitchRole": "Success"}),
    );
    record["userIdentity"] = json!({
        "type": "AssumedRole", "principalId": "AROAAPP:eve",
        "arn": "arn:aws:sts::222222222222:assumed-role/App/eve",
    });
    record["additionalEventData"] = json!({"SwitchFrom": EVE});
    record
}

#[test]
fn every_call_of_the_table_gives_what_its_record_shows() {
    let mut tested = BTreeSet::from([("signin", "SwitchRole")]);
    let cases = [
        issuing_calls(),
        iam_calls(),
        extending_calls(),
        provider_calls(),
        workload_calls(),
    ];
    for (service, event_name, request, response, expected) in cases.into_iter().flatten() {
        let record = record_json(service, event_name, &request, &response);
        assert_eq!(granted(&record), [expected], "{event_name}");
        tested.insert((service, event_name));
    }
    assert_eq!(
        granted(&switched_role()),
        ["session eve of role App in 222222222222"]
    );
    for call in LINEAGE_CALLS {
        let has_case = tested.contains(&(call.service, call.event_name));
        assert!(has_case, "{} has no record", call.event_name);
    }
}

#[test]
fn calls_that_give_nothing_are_left_out() {
    let inactive = json!({"userName": "eric", "accessKeyId": "AKIA1", "status": "Inactive"});
    let without_role = json!({"instancesSet": {"items": [{"instanceId": "i-1"}]}});
    let inactive_credential =
        json!({"userName": "eric", "sSHPublicKeyId": "C1", "status": "Inactive"});
    for record in [
        record_json("iam", "UpdateAccessKey", &inactive, &Value::Null),
        record_json(
            "iam",
            "UpdateSSHPublicKey",
            &inactive_credential,
            &Value::Null,
        ),
        record_json("ec2", "RunInstances", &json!({}), &without_role),
        record_json("s3", "ListBuckets", &Value::Null, &Value::Null),
    ] {
        assert_eq!(parse(&record), None, "{record}");
    }
}

#[test]
fn versions_of_lambda_and_unlisted_calls_are_found() {
    let function = json!({"functionName": "f", "role": "arn:aws:iam::111111111111:role/L"});
    let versioned = record_json("lambda", "CreateFunction20150331", &function, &function);
    assert_eq!(
        granted(&versioned),
        ["function f with role L in 111111111111"]
    );
    let response = json!({"credentials": credentials("ASIA9")});
    let unlisted = record_json(
        "deadline",
        "AssumeQueueRoleForUser",
        &Value::Null,
        &response,
    );
    assert_eq!(granted(&unlisted), ["access key ASIA9 [ASIA9]"]);
}

#[test]
fn a_session_without_response_is_that_of_the_request() {
    let role =
        json!({"roleArn": "arn:aws:iam::222222222222:role/team/App", "roleSessionName": "hop"});
    let record = record_json("sts", "AssumeRole", &role, &Value::Null);
    assert_eq!(
        granted(&record),
        ["session hop of role App in 222222222222"]
    );
}
