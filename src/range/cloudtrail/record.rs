//! A CloudTrail record, and its delivery to the log groups of the trails that record it.
//!
//! Source: CloudTrail user guide, "CloudTrail record contents".

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{AccountId, Region};
use crate::range::logs::NewEvent;
use crate::range::world::World;

/// The principal that made a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    /// The ARN of a user, of an assumed-role session, or of the root user of an account.
    pub(crate) arn: String,
    /// `AIDA…`, or `AROA…:session`.
    pub(crate) principal_id: String,
    /// The access key that signed; empty if there is none, as for a console login.
    pub(crate) access_key_id: String,
    /// The account that the principal belongs to.
    pub(crate) account: AccountId,
    /// Whether the session was authenticated with MFA.
    pub(crate) mfa: bool,
}

/// The content of a CloudTrail record.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) time: Timestamp,
    pub(crate) actor: Actor,
    /// The short name of the service, e.g. `iam`.
    pub(crate) service: String,
    /// The operation, e.g. `CreateUser`.
    pub(crate) action: String,
    pub(crate) source_ip: String,
    pub(crate) user_agent: String,
    /// The code and message of the error, if the call failed.
    pub(crate) error: Option<(String, String)>,
    /// `requestParameters`.
    pub(crate) request: Value,
    /// `responseElements`.
    pub(crate) response: Value,
    /// `additionalEventData`, e.g. whether a console login used MFA.
    pub(crate) additional: Option<Value>,
    pub(crate) read_only: bool,
    pub(crate) request_id: String,
    /// `eventID`, which is unique to this record.
    pub(crate) event_id: String,
    /// `sharedEventID`, which links the records of the same call in two accounts.
    pub(crate) shared_event_id: Option<String>,
}

/// The record as it is serialized, with the fields in CloudTrail's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SerializedRecord<'a> {
    event_version: &'static str,
    user_identity: Value,
    event_time: String,
    event_source: String,
    event_name: &'a str,
    aws_region: &'a Region,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: &'a str,
    user_agent: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    request_parameters: &'a Value,
    response_elements: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_event_data: Option<&'a Value>,
    #[serde(rename = "requestID")]
    request_id: &'a str,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    read_only: bool,
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: AccountId,
    #[serde(rename = "sharedEventID", skip_serializing_if = "Option::is_none")]
    shared_event_id: Option<&'a str>,
    event_category: &'static str,
}

impl Actor {
    fn user_identity(&self, time: Timestamp) -> Value {
        let resource = self.arn.splitn(6, ':').nth(5).unwrap_or_default();
        if let Some(rest) = resource.strip_prefix("assumed-role/") {
            let role = rest.split('/').next().unwrap_or_default();
            let partition = self.arn.split(':').nth(1).unwrap_or("aws");
            return json!({
                "type": "AssumedRole",
                "principalId": self.principal_id,
                "arn": self.arn,
                "accountId": self.account,
                "accessKeyId": self.access_key_id,
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": self.principal_id.split(':').next().unwrap_or_default(),
                        "arn": format!("arn:{partition}:iam::{}:role/{role}", self.account),
                        "accountId": self.account,
                        "userName": role,
                    },
                    "attributes": {
                        "creationDate": format!("{time:.0}"),
                        "mfaAuthenticated": self.mfa.to_string(),
                    },
                },
            });
        }
        let is_root = resource == "root";
        let mut identity = json!({
            "type": if is_root { "Root" } else { "IAMUser" },
            "principalId": self.principal_id,
            "arn": self.arn,
            "accountId": self.account,
        });
        if !self.access_key_id.is_empty() {
            identity["accessKeyId"] = json!(self.access_key_id);
        }
        if !is_root {
            identity["userName"] = json!(resource.rsplit('/').next().unwrap_or_default());
        }
        identity
    }
}

impl Record {
    pub(crate) fn event_source(&self) -> String {
        format!("{}.amazonaws.com", self.service)
    }

    /// The record as one line of JSON.
    pub(crate) fn to_json(&self) -> String {
        let serialized = SerializedRecord {
            event_version: "1.11",
            user_identity: self.actor.user_identity(self.time),
            event_time: format!("{:.0}", self.time),
            event_source: self.event_source(),
            event_name: &self.action,
            aws_region: &self.region,
            source_ip_address: &self.source_ip,
            user_agent: &self.user_agent,
            error_code: self.error.as_ref().map(|(code, _)| code.as_str()),
            error_message: self.error.as_ref().map(|(_, message)| message.as_str()),
            request_parameters: &self.request,
            response_elements: &self.response,
            additional_event_data: self.additional.as_ref(),
            request_id: &self.request_id,
            event_id: &self.event_id,
            read_only: self.read_only,
            event_type: if self.service == "signin" {
                "AwsConsoleSignIn"
            } else {
                "AwsApiCall"
            },
            management_event: true,
            recipient_account_id: self.account,
            shared_event_id: self.shared_event_id.as_deref(),
            event_category: "Management",
        };
        // Serializing plain data with string keys cannot fail.
        serde_json::to_string(&serialized).unwrap_or_default()
    }
}

/// Adds a record to the event history and to the log group of every trail that records it.
pub(crate) fn deliver(world: &mut World, record: &Record) {
    let message: Arc<str> = record.to_json().into();
    world.history.add(record, Arc::clone(&message));
    let timestamp_ms = record.time.as_millisecond();
    let ingestion_ms =
        timestamp_ms.saturating_add(i64::try_from(world.delivery.as_millis()).unwrap_or(0));
    let World {
        trails,
        accounts,
        organization,
        ..
    } = world;
    for trail in trails.iter().filter(|trail| trail.delivers(record)) {
        let store = accounts
            .get_mut(&trail.account)
            .and_then(|account| account.logs.get_mut(&trail.home));
        let name = trail.log_group.as_ref();
        let Some(group) = store
            .zip(name)
            .and_then(|(store, name)| store.groups.get_mut(name))
        else {
            continue;
        };
        group.add_event(NewEvent {
            stream: trail.stream_name(&organization.id, record.account, &record.region),
            timestamp_ms,
            ingestion_ms,
            id: None,
            message: Arc::clone(&message),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_serializes_in_cloudtrail_format() {
        let account: AccountId = "111111111111".parse().unwrap();
        let record = Record {
            account,
            region: "us-east-1".parse().unwrap(),
            time: "2026-03-01T12:00:00.5Z".parse().unwrap(),
            actor: Actor {
                arn: "arn:aws:sts::111111111111:assumed-role/Deploy/ci".to_owned(),
                principal_id: "AROAX:ci".to_owned(),
                access_key_id: "ASIAX".to_owned(),
                account,
                mfa: false,
            },
            service: "iam".to_owned(),
            action: "CreateUser".to_owned(),
            source_ip: "198.51.100.23".to_owned(),
            user_agent: "aws-cli".to_owned(),
            error: Some(("AccessDenied".to_owned(), "no".to_owned())),
            request: json!({"userName": "x"}),
            response: Value::Null,
            additional: None,
            read_only: false,
            request_id: "r".to_owned(),
            event_id: "e".to_owned(),
            shared_event_id: None,
        };
        let text = record.to_json();
        assert!(
            text.starts_with(r#"{"eventVersion":"1.11","userIdentity":{"#),
            "{text}"
        );
        let parsed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed["eventTime"], "2026-03-01T12:00:00Z");
        assert_eq!(
            parsed["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"],
            "arn:aws:iam::111111111111:role/Deploy"
        );
        assert_eq!(parsed["errorCode"], "AccessDenied");
        assert_eq!(parsed["recipientAccountId"], "111111111111");
    }
}
