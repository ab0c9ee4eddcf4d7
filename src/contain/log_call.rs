//! A CloudTrail record of a call, as evidence of what a contained principal can still do: who made
//! the call, and whether it succeeded or was denied.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::plan::PlannedTarget;
use dragnet_model::{DeniedBy, PrincipalKind};

/// The phrase of an explicit deny in a policy of the user, its groups or the role.
///
/// Source: IAM user guide, "Troubleshoot access denied error messages".
const EXPLICIT_IDENTITY_DENY: &str = "with an explicit deny in an identity-based policy";

/// The phrase of an explicit deny in the permissions boundary of the user or the role.
const EXPLICIT_BOUNDARY_DENY: &str = "with an explicit deny in a permissions boundary";

/// Calls that succeed whatever the policies of the caller deny.
///
/// Source: STS API reference, `GetCallerIdentity` and `GetSessionToken` ("Permissions").
const NEVER_DENIED: [&str; 2] = ["GetCallerIdentity", "GetSessionToken"];

/// The result of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallResult {
    /// The caller was authorized.
    Succeeded,
    /// A policy denied the call.
    Denied(DenialCause),
    /// It failed for another reason, which does not show whether a policy would have denied it.
    Failed,
    /// No policy of the caller decides it: it shows nothing about the containment.
    Undecided,
}

dragnet_model::word_enum! {
    /// The policy that denied a call, as far as the error message shows it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub(super) enum DenialCause {
        /// An explicit deny in a policy of the principal or its groups that has no ARN: the policy
        /// of the containment is of this kind.
        InlineDeny => "identity-policy",
        /// An explicit deny in the permissions boundary.
        BoundaryDeny => "boundary",
        /// Another policy, or no policy that allows the call.
        OtherPolicy => "other-policy",
        /// The message does not show it.
        NotShown => "not-shown",
    }
}

impl DenialCause {
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::InlineDeny => {
                "by the policy of the containment: the error names an explicit deny in a policy of its kind"
            }
            Self::BoundaryDeny => "by the permissions boundary of the containment",
            Self::OtherPolicy => "by another policy, or because no policy allows the call",
            Self::NotShown => "cause not shown in the record",
        }
    }

    /// Sources: IAM user guide, "Troubleshoot access denied error messages"; AWS Security Blog,
    /// "Enhanced access denied error messages with policy ARNs": within an account or organization,
    /// the message ends with the ARN of the policy. An inline policy has none.
    fn from_message(message: &str) -> Self {
        // The text before the phrase contains names that the caller chose.
        match message.rsplit_once(EXPLICIT_IDENTITY_DENY) {
            Some((_, rest)) if rest.contains(":policy/") => Self::OtherPolicy,
            Some(_) => Self::InlineDeny,
            None if message.contains(EXPLICIT_BOUNDARY_DENY) => Self::BoundaryDeny,
            None if DeniedBy::from_message(message) == DeniedBy::Unknown => Self::NotShown,
            None => Self::OtherPolicy,
        }
    }
}

/// The fields of a CloudTrail record that show who called and what the result was.
///
/// Source: CloudTrail user guide, "CloudTrail record contents" and "CloudTrail userIdentity
/// element".
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogCall {
    #[serde(default)]
    user_identity: Option<Caller>,
    #[serde(default)]
    event_name: String,
    #[serde(default)]
    event_source: String,
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    error_code: Option<Value>,
    #[serde(default)]
    error_message: Option<Value>,
    #[serde(default)]
    request_parameters: Option<Value>,
    #[serde(default)]
    response_elements: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Caller {
    #[serde(rename = "type")]
    kind: String,
    arn: String,
    account_id: String,
    principal_id: String,
    user_name: String,
    access_key_id: String,
    /// The AWS service that made the call for the principal.
    invoked_by: String,
    session_context: Option<SessionContext>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SessionContext {
    session_issuer: Option<SessionIssuer>,
    attributes: Option<SessionAttributes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SessionIssuer {
    arn: String,
    principal_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SessionAttributes {
    creation_date: String,
}

/// Whether a call succeeded.
///
/// Source: CloudTrail user guide, "CloudTrail record contents" (`errorCode`, `errorMessage`), and
/// "AWS Management Console sign-in events": a failed login has no `errorCode`.
pub(super) fn has_succeeded(
    error_code: Option<&Value>,
    error_message: Option<&Value>,
    response: Option<&Value>,
) -> bool {
    let login = response.and_then(|response| response.get("ConsoleLogin"));
    error_code.is_none() && error_message.is_none() && login.is_none_or(|login| login == "Success")
}

/// Whether a policy, or a deactivated access key, is the reason for this error.
///
/// Sources: the services' API references, "Common errors". CloudTrail writes the codes of EC2 with
/// the prefix `Client.`.
fn is_denial(code: &str) -> bool {
    let code = code.strip_prefix("Client.").unwrap_or(code);
    code.contains("AccessDenied")
        || code.contains("Unauthorized")
        || matches!(
            code,
            "AuthFailure"
                | "AuthorizationError"
                | "AuthorizationErrorException"
                | "InvalidClientTokenId"
                | "NotAuthorized"
                | "NotAuthorizedException"
                | "UnrecognizedClientException"
        )
}

impl LogCall {
    /// Whether the principal of a plan made the call: the user, a session of the role, or a member
    /// of the group.
    pub(super) fn is_made_by(&self, target: &PlannedTarget) -> bool {
        let Some(caller) = &self.user_identity else {
            return false;
        };
        let principal = &target.principal;
        if principal.kind() == PrincipalKind::Group {
            return caller.kind == "IAMUser"
                && caller.account_id == principal.account().to_string()
                && target.blast_radius.members.contains(&caller.user_name);
        }
        let issuer = caller
            .session_context
            .as_ref()
            .and_then(|context| context.session_issuer.as_ref());
        let issuer_id = issuer.map_or("", |issuer| issuer.principal_id.as_str());
        let issuer_arn = issuer.map_or("", |issuer| issuer.arn.as_str());
        if caller.principal_id.is_empty() && issuer_id.is_empty() {
            let arn = principal.arn().as_str();
            return caller.arn == arn || issuer_arn == arn;
        }
        // The id of a session is that of its role, a colon, and the session name.
        let own_id = caller
            .principal_id
            .split_once(':')
            .map_or(caller.principal_id.as_str(), |(id, _)| id);
        !target.id.is_empty() && (own_id == target.id || issuer_id == target.id)
    }

    /// The result of the call.
    pub(super) fn result(&self) -> CallResult {
        if self.event_type == "AwsServiceEvent" {
            // Source: CloudTrail user guide, "Non-API events captured by CloudTrail".
            return CallResult::Undecided;
        }
        let succeeded = has_succeeded(
            self.error_code.as_ref(),
            self.error_message.as_ref(),
            self.response_elements.as_ref(),
        );
        if succeeded {
            let is_undecided = self.event_type == "AwsConsoleSignIn"
                || (self.event_source == "sts.amazonaws.com"
                    && NEVER_DENIED.contains(&self.event_name.as_str()));
            return if is_undecided {
                CallResult::Undecided
            } else {
                CallResult::Succeeded
            };
        }
        let text = |value: &Option<Value>| {
            let text = value.as_ref().and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let code = text(&self.error_code);
        if code.ends_with("DryRunOperation") {
            // The caller has the permission.
            // Source: EC2 API reference, "Error codes", `DryRunOperation`.
            return CallResult::Succeeded;
        }
        if is_denial(&code) {
            return CallResult::Denied(DenialCause::from_message(&text(&self.error_message)));
        }
        CallResult::Failed
    }

    /// The call for people: `s3.amazonaws.com ListBuckets`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.event_source, self.event_name)
    }

    pub(super) fn event_name(&self) -> &str {
        &self.event_name
    }

    /// The text of a request parameter; empty if there is none.
    pub(super) fn parameter(&self, name: &str) -> &str {
        let parameters = self.request_parameters.as_ref();
        let value = parameters.and_then(|parameters| parameters.get(name));
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether a request parameter has this text, whatever its name is.
    pub(super) fn has_parameter_value(&self, text: &str) -> bool {
        let parameters = self.request_parameters.as_ref();
        let members = parameters.and_then(Value::as_object);
        members.is_some_and(|members| members.values().any(|value| value == text))
    }

    /// The access key of the caller; empty if there is none.
    pub(super) fn access_key_id(&self) -> &str {
        let caller = self.user_identity.as_ref();
        caller.map_or("", |caller| caller.access_key_id.as_str())
    }

    /// The user id of the caller as the condition key `aws:userid` has it: `AROA…:session-name`.
    pub(super) fn user_id(&self) -> &str {
        let caller = self.user_identity.as_ref();
        caller.map_or("", |caller| caller.principal_id.as_str())
    }

    /// The AWS service that made the call for the principal, if one did.
    pub(super) fn invoked_by(&self) -> Option<&str> {
        let caller = self.user_identity.as_ref()?;
        Some(caller.invoked_by.as_str()).filter(|service| !service.is_empty())
    }

    /// When the session of the caller started, if the record contains it.
    pub(super) fn session_started(&self) -> Option<Timestamp> {
        let context = self.user_identity.as_ref()?.session_context.as_ref()?;
        context.attributes.as_ref()?.creation_date.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(record: Value) -> LogCall {
        let mut all = json!({"userIdentity": {}, "eventName": "ListUsers", "eventSource": "iam.amazonaws.com"});
        let Value::Object(more) = record else {
            panic!("not an object")
        };
        all.as_object_mut().unwrap().extend(more);
        serde_json::from_value(all).unwrap()
    }

    fn denied(code: &str, message: &str) -> CallResult {
        call(json!({"errorCode": code, "errorMessage": message})).result()
    }

    #[test]
    fn results_are_recognised() {
        assert_eq!(call(json!({})).result(), CallResult::Succeeded);
        assert_eq!(
            call(json!({"errorCode": null, "errorMessage": null})).result(),
            CallResult::Succeeded
        );
        for undecided in [
            json!({"eventSource": "sts.amazonaws.com", "eventName": "GetCallerIdentity"}),
            json!({"eventType": "AwsServiceEvent"}),
            json!({"eventType": "AwsConsoleSignIn", "responseElements": {"ConsoleLogin": "Success"}}),
        ] {
            assert_eq!(
                call(undecided.clone()).result(),
                CallResult::Undecided,
                "{undecided}"
            );
        }
        for failed in [
            json!({"errorCode": "ThrottlingException"}),
            json!({"errorCode": "NoSuchEntityException"}),
            json!({"errorMessage": "Failed authentication"}),
            json!({"responseElements": {"ConsoleLogin": "Failure"}}),
        ] {
            assert_eq!(
                call(failed.clone()).result(),
                CallResult::Failed,
                "{failed}"
            );
        }
        assert_eq!(
            denied("Client.DryRunOperation", "Request would have succeeded"),
            CallResult::Succeeded
        );
    }

    #[test]
    fn cause_of_a_denial_is_in_its_message() {
        let user = "User: arn:aws:iam::111111111111:user/eve is not authorized to perform: s3:ListAllMyBuckets";
        let explicit = format!("{user} {EXPLICIT_IDENTITY_DENY}");
        let managed = format!("{explicit}: arn:aws:iam::111111111111:policy/Quarantine");
        let implicit = format!(
            "{user} because no identity-based policy allows the s3:ListAllMyBuckets action"
        );
        let scp = format!("{user} with an explicit deny in a service control policy");
        for (code, message, cause) in [
            ("AccessDenied", explicit.as_str(), DenialCause::InlineDeny),
            (
                "AccessDeniedException",
                managed.as_str(),
                DenialCause::OtherPolicy,
            ),
            ("AccessDenied", implicit.as_str(), DenialCause::OtherPolicy),
            ("AccessDenied", scp.as_str(), DenialCause::OtherPolicy),
            (
                "Client.UnauthorizedOperation",
                "Encoded authorization failure message: x",
                DenialCause::NotShown,
            ),
        ] {
            assert_eq!(
                denied(code, message),
                CallResult::Denied(cause),
                "{code} {message}"
            );
        }
    }
}
