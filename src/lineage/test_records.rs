//! Records of the tests.

use serde_json::{Value, json};

use super::LineageRecord;
use dragnet_model::EventDetails;

pub(super) const EVE: &str = "arn:aws:iam::111111111111:user/eve";
pub(super) const EVE_KEY: &str = "AKIAEVE1111111111111";

/// Returns a record in the form of CloudTrail.
///
/// Source: CloudTrail user guide, "CloudTrail record contents"; the published records of Stratus Red
/// Team.
pub(super) fn record_json(
    service: &str,
    event_name: &str,
    request: &Value,
    response: &Value,
) -> Value {
    json!({
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDAEVE", "arn": EVE, "accountId": "111111111111",
            "accessKeyId": EVE_KEY, "userName": "eve",
        },
        "eventTime": "2026-03-01T10:00:00Z",
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": event_name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2",
        "requestParameters": request,
        "responseElements": response,
        "eventID": format!("event of {event_name}"),
        "recipientAccountId": "111111111111",
    })
}

pub(super) fn parse(record: &Value) -> Option<LineageRecord> {
    let message = record.to_string();
    let details: EventDetails<'_> = serde_json::from_str(&message).unwrap();
    LineageRecord::parse(&message, &details)
}

pub(super) fn credentials(key: &str) -> Value {
    json!({"accessKeyId": key, "sessionToken": "…", "expiration": "Mar 1, 2026, 11:00:00 AM"})
}
