//! The further rows of the table.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::granted;
use crate::lineage::test_records::{credentials, record_json};
use crate::lineage::{ACCESS_CALLS, LINEAGE_CALLS, LineageCall, NewIdentity};

/// Returns the record of a call with a text at a pointer, which begins with a member of the record.
fn record_with(call: &LineageCall, pointer: &str) -> Value {
    let mut record = record_json(call.service, call.event_name, &Value::Null, &Value::Null);
    let mut names: Vec<&str> = pointer.trim_start_matches('/').split('/').collect();
    let member = names.remove(0);
    let mut value = json!("x");
    for name in names.into_iter().rev() {
        value = if name == "0" {
            json!([value])
        } else {
            json!({ name: value })
        };
    }
    record[member] = value;
    record
}

#[test]
fn resources_have_the_name_of_the_record() {
    let mut tested = 0;
    for call in ACCESS_CALLS {
        let NewIdentity::Resource(pointers) = call.new_identity else {
            continue;
        };
        for pointer in pointers {
            let expected = format!("x ({})", call.event_name);
            assert_eq!(
                granted(&record_with(call, pointer)),
                [expected],
                "{pointer}"
            );
            tested += 1;
        }
        let unnamed = record_json(call.service, call.event_name, &Value::Null, &Value::Null);
        let expected = format!("{} ({})", call.service, call.event_name);
        assert_eq!(granted(&unnamed), [expected]);
    }
    assert!(tested > 60, "{tested}");
}

#[test]
fn keys_are_found_wherever_a_response_has_them() {
    for (service, event_name, response) in [
        (
            "lakeformation",
            "AssumeDecoratedRoleWithSAML",
            credentials("ASIA1"),
        ),
        (
            "datazone",
            "GetEnvironmentCredentials",
            credentials("ASIA1"),
        ),
        (
            "datazone",
            "GetConnection",
            json!({"connectionCredentials": credentials("ASIA1")}),
        ),
    ] {
        let record = record_json(service, event_name, &Value::Null, &response);
        assert_eq!(
            granted(&record),
            ["access key ASIA1 [ASIA1]"],
            "{event_name}"
        );
    }
    // The key of a call that is not listed may be that of somebody else.
    let mentioned = json!({"accessKeyId": "AKIAERIC", "credentials": {}});
    let unlisted = record_json("example", "GetOwner", &Value::Null, &mentioned);
    assert_eq!(granted(&unlisted), Vec::<String>::new());
}

#[test]
fn each_call_has_one_row() {
    let mut names = BTreeSet::new();
    for call in LINEAGE_CALLS.iter().chain(ACCESS_CALLS) {
        let name = format!("{} {}", call.service, call.event_name);
        assert!(names.insert(name), "{} has two rows", call.event_name);
    }
}
