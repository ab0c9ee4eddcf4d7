//! A CloudTrail record.
//!
//! Source: CloudTrail user guide, "CloudTrail record contents".

use jiff::Timestamp;
use serde_json::{Value, json};

use super::record_form::{Member, RecordForm};
use dragnet_model::{AccountId, Region};

/// The principal that made a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    /// The ARN of a user, of an assumed-role session, or of the root user of an account; empty for
    /// an identity of another account, which a record does not name.
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
    /// When trails deliver it, if not after the usual time.
    pub(crate) delivered: Option<Timestamp>,
}

impl Actor {
    /// The user name in the event history: that of a user, the name of a session, or `root`.
    ///
    /// Sources: CloudTrail user guide, "Looking up events" (`root`); published output of
    /// `lookup-events`, in which the calls of a role have the name of the session.
    pub(super) fn username(&self) -> &str {
        let resource = self.arn.splitn(6, ':').nth(5).unwrap_or_default();
        resource.rsplit('/').next().unwrap_or_default()
    }

    /// Source: IAM user guide, "Logging IAM and AWS STS API calls with AWS CloudTrail" (`AssumeRole`
    /// by an identity of another account: the record of the owner of the role has the type
    /// `AWSAccount`, and neither an ARN nor a user name).
    fn user_identity(&self, time: Timestamp) -> Value {
        if self.arn.is_empty() {
            return json!({
                "type": "AWSAccount",
                "principalId": self.principal_id,
                "accountId": self.account,
            });
        }
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

    /// The record as one line of JSON, as a source of this form writes it.
    pub(crate) fn to_json(&self, form: RecordForm) -> String {
        let account = self.account.to_string();
        let event_source = self.event_source();
        let event_time = format!("{:.0}", self.time);
        let identity = self.actor.user_identity(self.time);
        let event_type = if self.service == "signin" {
            "AwsConsoleSignIn"
        } else {
            "AwsApiCall"
        };
        // In the order of the documentation.
        let mut members = vec![
            ("eventVersion", Member::Text("1.11")),
            ("userIdentity", Member::Json(&identity)),
            ("eventTime", Member::Text(&event_time)),
            ("eventSource", Member::Text(&event_source)),
            ("eventName", Member::Text(&self.action)),
            ("awsRegion", Member::Text(self.region.as_str())),
            ("sourceIPAddress", Member::Text(&self.source_ip)),
            ("userAgent", Member::Text(&self.user_agent)),
        ];
        if let Some((code, message)) = &self.error {
            members.push(("errorCode", Member::Text(code)));
            members.push(("errorMessage", Member::Text(message)));
        }
        members.push(("requestParameters", Member::Json(&self.request)));
        members.push(("responseElements", Member::Json(&self.response)));
        if let Some(additional) = &self.additional {
            members.push(("additionalEventData", Member::Json(additional)));
        }
        members.extend([
            ("requestID", Member::Text(&self.request_id)),
            ("eventID", Member::Text(&self.event_id)),
            ("readOnly", Member::Flag(self.read_only)),
            ("eventType", Member::Text(event_type)),
            ("managementEvent", Member::Flag(true)),
            ("recipientAccountId", Member::Text(&account)),
        ]);
        if let Some(shared) = &self.shared_event_id {
            members.push(("sharedEventID", Member::Text(shared)));
        }
        members.push(("eventCategory", Member::Text("Management")));
        form.write(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_of_another_account_has_no_name() {
        let outsider = Actor {
            arn: String::new(),
            principal_id: "AIDAX".to_owned(),
            access_key_id: String::new(),
            account: "999999999999".parse().unwrap(),
            mfa: false,
        };
        let time = "2026-03-01T12:00:00Z".parse().unwrap();
        assert_eq!(
            outsider.user_identity(time),
            json!({"type": "AWSAccount", "principalId": "AIDAX", "accountId": "999999999999"})
        );
        assert_eq!(outsider.username(), "");
    }

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
            delivered: None,
        };
        let text = record.to_json(RecordForm::default());
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
