//! The form in which a pipeline writes a record: OCSF, version 1.5.
//!
//! Sources: CloudWatch user guide, "Parser processors" (`ocsf`, schema `cloud_trail`);
//! github.com/ocsf/examples, "Event Dossier: Amazon CloudTrail Generic API Activity" and
//! "Authentication API Activity" (the mapping; what has no mapping is in `unmapped`).

use serde_json::{Map, Value, json};

use super::{Record, RecordForm};

/// The members of a record that have an OCSF field of their own.
const MAPPED: [&str; 12] = [
    "awsRegion",
    "errorCode",
    "errorMessage",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "recipientAccountId",
    "requestID",
    "sourceIPAddress",
    "userAgent",
    "userIdentity",
];

/// Writes a record as a pipeline does, perhaps with the original inside.
pub(super) fn to_ocsf(record: &Record, include_original: bool) -> String {
    let original = record.to_json(RecordForm::default());
    let fields: Map<String, Value> = serde_json::from_str(&original).unwrap_or_default();
    let identity = fields.get("userIdentity").cloned().unwrap_or_default();
    let is_sign_in = record.service == "signin";
    let mut event = json!({
        "metadata": {
            "product": { "name": "CloudTrail", "vendor_name": "AWS", "version": fields.get("eventVersion") },
            "profiles": ["cloud", "datetime"],
            "version": "1.5.0",
            "uid": record.event_id,
        },
        "time": record.time.as_second() * 1_000,
        "class_uid": if is_sign_in { 3002 } else { 6003 },
        "class_name": if is_sign_in { "Authentication" } else { "API Activity" },
        "category_uid": if is_sign_in { 3 } else { 6 },
        "severity_id": 1,
        "cloud": { "provider": "AWS", "region": record.region, "account": { "uid": record.account } },
        "api": {
            "operation": record.action,
            "service": { "name": record.event_source() },
            "request": { "uid": record.request_id },
        },
        "actor": { "user": user(&identity), "session": session(&identity) },
        "src_endpoint": endpoint(&record.source_ip),
        "http_request": { "user_agent": record.user_agent },
        "status": status(record),
        "unmapped": unmapped(&fields),
    });
    if let Some((code, message)) = &record.error {
        event["api"]["response"] = json!({ "error": code, "message": message });
    }
    if include_original {
        event["@original"] = json!(original);
    }
    event.to_string()
}

fn user(identity: &Value) -> Value {
    let mut user = json!({});
    for (field, member) in [
        ("type", "type"),
        ("uid", "arn"),
        ("uid_alt", "principalId"),
        ("credential_uid", "accessKeyId"),
        ("name", "userName"),
    ] {
        if let Some(value) = identity.get(member) {
            user[field] = value.clone();
        }
    }
    if let Some(account) = identity.get("accountId") {
        user["account"] = json!({ "uid": account });
    }
    user
}

fn session(identity: &Value) -> Value {
    let issuer = &identity["sessionContext"]["sessionIssuer"]["arn"];
    json!({ "issuer": issuer })
}

/// A caller is an address, or a service with its name.
fn endpoint(caller: &str) -> Value {
    if caller.parse::<std::net::IpAddr>().is_ok() {
        json!({ "ip": caller })
    } else {
        json!({ "domain": caller })
    }
}

fn status(record: &Record) -> &'static str {
    let result = record.response.get("ConsoleLogin").and_then(Value::as_str);
    if record.error.is_some() || result == Some("Failure") {
        "Failure"
    } else {
        "Success"
    }
}

fn unmapped(fields: &Map<String, Value>) -> Value {
    let rest = fields
        .iter()
        .filter(|(name, _)| !MAPPED.contains(&name.as_str()));
    let rest: Map<String, Value> = rest
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Value::Object(rest)
}
