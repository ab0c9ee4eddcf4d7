//! Whom a run's sightings show: principals to contain, and what they created.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::plan::RefusedTarget;
use crate::config::PrincipalSelector;
use crate::model::{Arn, PrincipalKind};

/// The principals of a run, gathered message by message.
#[derive(Debug, Default)]
pub struct FromRun {
    selectors: BTreeMap<String, PrincipalSelector>,
    refused: BTreeMap<String, RefusedTarget>,
    created: BTreeMap<(PrincipalKind, String), BTreeSet<String>>,
}

/// The part of a CloudTrail record that says who did it.
///
/// Source: CloudTrail user guide, "CloudTrail userIdentity element".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    user_identity: Identity,
    event_name: String,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    request_parameters: Option<Value>,
    #[serde(default)]
    response_elements: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    arn: String,
    #[serde(default)]
    principal_id: String,
    #[serde(default)]
    session_context: Option<SessionContext>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext {
    #[serde(default)]
    session_issuer: Option<SessionIssuer>,
}

#[derive(Deserialize)]
struct SessionIssuer {
    #[serde(default)]
    arn: String,
}

impl FromRun {
    /// Takes in a sighting's message. What is no CloudTrail record names nobody.
    pub fn take(&mut self, message: &str) {
        let Ok(record) = serde_json::from_str::<Record>(message) else { return };
        let identity = &record.user_identity;
        if identity.arn.is_empty() {
            return;
        }
        match containable(identity) {
            Ok(selector) => {
                if record.error_code.is_none() {
                    let key = (selector.kind, selector.name.to_string());
                    self.created.entry(key).or_default().extend(created(&record));
                }
                self.selectors.insert(selector.to_string(), selector);
            }
            Err(reason) => {
                let user_id = identity.arn.contains("AWSReservedSSO_").then(|| identity.principal_id.clone());
                let principal = identity.arn.clone();
                let refused = RefusedTarget { principal: principal.clone(), reasons: vec![reason], user_id };
                self.refused.insert(principal, refused);
            }
        }
    }

    /// Whom to look for.
    pub fn selectors(&self) -> impl Iterator<Item = &PrincipalSelector> {
        self.selectors.values()
    }

    /// Who cannot be contained, and what to do instead.
    pub fn refused(&self) -> impl Iterator<Item = &RefusedTarget> {
        self.refused.values()
    }

    /// What a principal created, in words.
    pub fn created_by(&self, kind: PrincipalKind, name: &str) -> Vec<String> {
        self.created.get(&(kind, name.to_owned())).into_iter().flatten().cloned().collect()
    }
}

/// The user or role behind an identity; a session is its role.
fn containable(identity: &Identity) -> Result<PrincipalSelector, String> {
    let issuer = identity.session_context.as_ref().and_then(|context| context.session_issuer.as_ref());
    let issuer = issuer.map(|issuer| issuer.arn.as_str()).filter(|arn| !arn.is_empty());
    let (arn, instead) = match identity.kind.as_str() {
        "Root" => {
            return Err("an account's root cannot be blocked by a policy in it: change its password and delete its \
                        keys, or deny it with an SCP"
                .to_owned());
        }
        "FederatedUser" => {
            return Err("a federated user acts with the permissions of the user who called GetFederationToken: \
                        contain that user"
                .to_owned());
        }
        _ if identity.arn.contains("AWSReservedSSO_") => {
            return Err("it comes from IAM Identity Center. In this order: deny its user id with an SCP \
                        (contain plan --emit scp), remove the assignment, disable the user in the identity provider"
                .to_owned());
        }
        _ => (issuer.unwrap_or(&identity.arn), "it is not a role or a user of an account"),
    };
    PrincipalSelector::of_arn(arn).or_else(|_| session(arn)).map_err(|()| instead.to_owned())
}

/// `arn:aws:sts::111111111111:assumed-role/Name/session`: the role's name, without its path.
fn session(arn: &str) -> Result<PrincipalSelector, ()> {
    let arn: Arn = arn.parse().map_err(drop)?;
    let name = arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next()).ok_or(())?;
    let selector = PrincipalSelector::named(PrincipalKind::Role, Some(arn.account().ok_or(())?), name).map_err(drop)?;
    // A name out of a log must not become a pattern.
    if selector.is_exact() { Ok(selector) } else { Err(()) }
}

/// What the call made, if it made a principal or a credential.
fn created(record: &Record) -> Option<String> {
    let text = |value: &Option<Value>, pointer: &str| {
        value.as_ref().and_then(|value| value.pointer(pointer)).and_then(Value::as_str).map(str::to_owned)
    };
    let named = |parameter: &str| text(&record.request_parameters, parameter);
    match record.event_name.as_str() {
        "CreateUser" => Some(format!("user {}", named("/userName")?)),
        "CreateRole" => Some(format!("role {}", named("/roleName")?)),
        "CreateGroup" => Some(format!("group {}", named("/groupName")?)),
        "CreateLoginProfile" => Some(format!("a password for user {}", named("/userName")?)),
        "CreateAccessKey" => {
            let key =
                text(&record.response_elements, "/accessKey/accessKeyId").unwrap_or_else(|| "an access key".to_owned());
            Some(format!("{key} of user {}", named("/userName")?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_become_roles_and_others_are_told() {
        let mut run = FromRun::default();
        let identity = |identity: &str, event: &str| format!(r#"{{"userIdentity":{identity},"eventName":"{event}"}}"#);
        run.take(&identity(r#"{"type":"AssumedRole","arn":"arn:aws:sts::111111111111:assumed-role/R/s","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111111111111:role/team/R"}}}"#, "X"));
        run.take(&identity(r#"{"type":"AssumedRole","arn":"arn:aws:sts::222222222222:assumed-role/S/s"}"#, "X"));
        run.take(&identity(r#"{"type":"AssumedRole","arn":"arn:aws:sts::222222222222:assumed-role/*/s"}"#, "X"));
        run.take(&identity(r#"{"type":"Root","arn":"arn:aws:iam::111111111111:root"}"#, "X"));
        run.take(&identity(r#"{"type":"AssumedRole","principalId":"AROAX:eve","arn":"arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_A_1/eve"}"#, "X"));
        run.take(r#"{"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/eve"},"eventName":"CreateUser","requestParameters":{"userName":"backdoor"}}"#);
        run.take("not json");
        let selectors: Vec<String> = run.selectors().map(ToString::to_string).collect();
        assert_eq!(
            selectors,
            ["arn:aws:iam::111111111111:role/team/R", "arn:aws:iam::111111111111:user/eve", "role S in 222222222222"]
        );
        assert_eq!(run.refused().count(), 3);
        assert!(run.refused().any(|refused| refused.user_id.as_deref() == Some("AROAX:eve")));
        assert_eq!(run.created_by(PrincipalKind::User, "eve"), ["user backdoor"]);
    }
}
