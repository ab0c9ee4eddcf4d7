//! Who made a call, with every name by which a lineage may know it.

use serde_json::Value;

use super::identity::Identity;
use dragnet_model::{AccountId, UserIdentity};

/// The actor of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// The ARN; empty if the record has none, as in the account of a role that another account
    /// assumes.
    pub arn: String,
    /// The access key that signed; empty if the record has none.
    pub access_key_id: String,
    /// The names that prove the actor by themselves, the most specific first.
    pub(super) exact_names: Vec<String>,
    /// The names of sessions. Another session may have the same name, so they count only if the
    /// access key is not known to be issued to somebody else.
    pub(super) session_names: Vec<String>,
}

impl Actor {
    /// Reads the actor of a record.
    ///
    /// Sources: CloudTrail user guide, "CloudTrail userIdentity element" (`principalId`,
    /// `identityProvider`; the values for SAML and web identity federation); IAM Roles Anywhere
    /// user guide, "Logging with CloudTrail" (`trustAnchorArn`).
    pub(super) fn from_record(identity: &UserIdentity<'_>, record: &Value) -> Self {
        let mut actor = Self {
            arn: identity.arn.to_string(),
            access_key_id: identity.access_key_id.to_string(),
            ..Self::default()
        };
        if !actor.access_key_id.is_empty() {
            let key = Identity::Key(actor.access_key_id.clone());
            actor.exact_names.push(key.canonical());
        }
        actor.add_principal();
        if !identity.principal_id.is_empty() {
            actor
                .session_names
                .push(user_id_name(&identity.principal_id));
        }
        actor.add_provider(record);
        actor.add_outsider(record);
        actor
    }

    /// Adds the account that assumes a role. The record in the account of the role does not name
    /// the caller in another account, only its account.
    ///
    /// Source: IAM user guide, "Logging IAM and AWS STS API calls with AWS CloudTrail"
    /// (`AssumeRole` by an identity of another account).
    fn add_outsider(&mut self, record: &Value) {
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
        if text("/eventName") != Some("AssumeRole") {
            return;
        }
        let outsider = text("/userIdentity/accountId").and_then(|id| id.parse().ok());
        let role = text("/requestParameters/roleArn").and_then(Identity::from_arn);
        if let (Some(outsider), Some(Identity::Role { account, name })) = (outsider, role) {
            let outsider = Identity::Outsider {
                account,
                role: name,
                outsider,
            };
            self.exact_names.push(outsider.canonical());
        }
    }

    /// Adds the identity provider that vouched for the caller.
    fn add_provider(&mut self, record: &Value) {
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
        let requested = match text("/eventName") {
            Some("AssumeRoleWithSAML") => text("/requestParameters/principalArn"),
            Some("CreateSession") => text("/requestParameters/trustAnchorArn"),
            _ => None,
        };
        for provider in [requested, text("/userIdentity/identityProvider")] {
            let name = provider.map(|arn| Identity::Provider(arn.to_owned()).canonical());
            self.exact_names.extend(name);
        }
    }

    /// Adds the names of the principal behind the ARN.
    fn add_principal(&mut self) {
        let Some(identity) = Identity::from_arn(&self.arn) else {
            return;
        };
        match &identity {
            Identity::Session {
                account,
                role,
                name,
            } => self.add_session(*account, role, name),
            Identity::User { account, name } => {
                let console = Identity::Console {
                    account: *account,
                    user: name.clone(),
                };
                // Calls of the console have a temporary key, or none.
                if self.access_key_id.is_empty() || self.access_key_id.starts_with("ASIA") {
                    self.session_names.push(console.canonical());
                }
                self.exact_names.push(identity.canonical());
            }
            _ => self.session_names.push(identity.canonical()),
        }
    }

    fn add_session(&mut self, account: AccountId, role: &str, name: &str) {
        let session = Identity::Session {
            account,
            role: role.to_owned(),
            name: name.to_owned(),
        };
        // Source: IAM user guide, "IAM policy elements: Variables and tags" (`aws:userid` of a role
        // that is assigned to an EC2 instance: `role-id:ec2-instance-id`).
        let instance = Identity::Instance {
            account,
            id: name.to_owned(),
        };
        let function = Identity::Function {
            account,
            role: role.to_owned(),
            name: name.to_owned(),
        };
        let whole_role = Identity::Role {
            account,
            name: role.to_owned(),
        };
        self.exact_names.push(whole_role.canonical());
        for identity in [session, instance, function] {
            self.session_names.push(identity.canonical());
        }
    }

    /// The user who made the call, if it was one.
    pub fn user(&self) -> Option<Identity> {
        Identity::from_arn(&self.arn).filter(|identity| matches!(identity, Identity::User { .. }))
    }

    /// The identity itself: the session, the federated user or the user, otherwise the access key.
    pub fn identity(&self) -> Option<Identity> {
        Identity::from_arn(&self.arn).or_else(|| {
            (!self.access_key_id.is_empty()).then(|| Identity::Key(self.access_key_id.clone()))
        })
    }
}

/// The canonical name of a user id (`aws:userid`): `AROA…:session` of a session.
pub(super) fn user_id_name(user_id: &str) -> String {
    format!("id {user_id}")
}
