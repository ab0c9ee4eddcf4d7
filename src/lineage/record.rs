//! A record of the lineage table: who called, when, and what the call gave.

use serde_json::Value;

use super::actor::Actor;
use super::call::{LineageCall, NewIdentity};
use super::grant::Grant;
use super::grant_reader::GrantReader;
use dragnet_model::{EventDetails, UserIdentity};

/// A CloudTrail record of a call in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageRecord {
    /// CloudTrail's `eventID`.
    pub event_id: String,
    /// CloudTrail's `sharedEventID`, which the records of several accounts about one call have in
    /// common; empty if there is none.
    pub shared_event_id: String,
    /// The event time, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The account that the record is about.
    pub account: String,
    /// CloudTrail's `eventSource`.
    pub event_source: String,
    /// CloudTrail's `eventName`.
    pub event_name: String,
    /// Who called.
    pub actor: Actor,
    /// Why the call failed; `None` if it succeeded.
    pub failure: Option<String>,
    /// What the call gave, or would have given.
    pub grants: Vec<Grant>,
}

impl LineageRecord {
    /// Reads a record that a trail delivered, with the details of its event. `None` if its call is
    /// not in the table, or gave nothing.
    pub fn parse(message: &str, details: &EventDetails<'_>) -> Option<Self> {
        if !details.is_cloudtrail() {
            return None;
        }
        let call = LineageCall::find(&details.event_source, &details.event_name, message)?;
        let message: Value = serde_json::from_str(message).ok()?;
        // Source: EventBridge user guide, "AWS service events delivered via AWS CloudTrail".
        let record = if message.get("eventID").is_some() {
            &message
        } else {
            message.get("detail")?
        };
        let reader = GrantReader {
            record,
            call,
            actor: read_actor(call, &details.identity, record),
            account: details.account.parse().ok(),
        };
        let grants = reader.grants();
        let failure = (!details.succeeded()).then(|| describe_failure(details));
        if grants.is_empty() && failure.is_none() {
            return None;
        }
        // A failed call that the table does not have would have given nothing that is known.
        if grants.is_empty() && call.new_identity == NewIdentity::Credentials {
            return None;
        }
        Some(Self {
            event_id: details.record_id.to_string(),
            shared_event_id: reader.text("/sharedEventID").unwrap_or_default().to_owned(),
            time_ms: details.time_ms,
            account: details.account.to_string(),
            event_source: details.event_source.to_string(),
            event_name: details.event_name.to_string(),
            actor: reader.actor,
            failure,
            grants,
        })
    }
}

/// Reads who called. The record of a switched role has the previous identity apart.
///
/// Source: CloudTrail user guide, "AWS Management Console sign-in events" (`SwitchRole`).
fn read_actor(call: LineageCall, identity: &UserIdentity<'_>, record: &Value) -> Actor {
    if call.new_identity != NewIdentity::SwitchedRole {
        return Actor::from_record(identity, record);
    }
    let switched_from = record
        .pointer("/additionalEventData/SwitchFrom")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let previous = UserIdentity {
        arn: switched_from.into(),
        ..UserIdentity::default()
    };
    Actor::from_record(&previous, &Value::Null)
}

fn describe_failure(details: &EventDetails<'_>) -> String {
    if details.error_code.is_empty() {
        "failed".to_owned()
    } else {
        details.error_code.to_string()
    }
}
