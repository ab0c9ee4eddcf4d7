//! Reads from a record what its call gave, where the table says.

use serde_json::Value;

use super::actor::Actor;
use super::call::{LineageCall, NewIdentity};
use super::grant::{EdgeKind, Grant};
use super::identity::{Identity, last_segment, parse_account};
use super::issued_credentials::read_issued;
use super::trust_policy::read_trusted;
use dragnet_model::AccountId;

/// A record, with what is known about its call.
pub(super) struct GrantReader<'r> {
    pub(super) record: &'r Value,
    pub(super) call: LineageCall,
    pub(super) actor: Actor,
    /// The account that the record is about.
    pub(super) account: Option<AccountId>,
}

impl GrantReader<'_> {
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        let text = self.record.pointer(pointer)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }

    fn first_text(&self, pointers: &[&str]) -> Option<&str> {
        pointers.iter().find_map(|pointer| self.text(pointer))
    }

    fn new_grant(&self, identity: Identity) -> Grant {
        Grant::new(self.call.kind, identity)
    }

    /// Adds the key of `responseElements.credentials`.
    fn with_key(&self, grant: Grant) -> Grant {
        let key = self.text("/responseElements/credentials/accessKeyId");
        Grant {
            access_key_id: key.map(str::to_owned),
            source_identity: self
                .text("/responseElements/sourceIdentity")
                .map(str::to_owned),
            ..grant
        }
    }

    /// Returns what the call gave, or would have given.
    pub(super) fn grants(&self) -> Vec<Grant> {
        match self.call.new_identity {
            NewIdentity::Credentials => self.credentials(),
            NewIdentity::Instances => self.instances(),
            NewIdentity::ExistingRole if self.call.kind == EdgeKind::ChangesTrust => {
                let mut grants = self.trusted_accounts();
                grants.extend(self.grant());
                grants
            }
            _ => self.grant().into_iter().collect(),
        }
    }

    fn grant(&self) -> Option<Grant> {
        match self.call.new_identity {
            NewIdentity::AssumedRole => self.assumed_role(),
            NewIdentity::UserSession => {
                let key = self.text("/responseElements/credentials/accessKeyId")?;
                let grant = self.new_grant(Identity::Key(key.to_owned()));
                Some(grant.with_owner(self.actor.user()))
            }
            NewIdentity::FederatedUser => self.federated_user(),
            NewIdentity::RootSession => {
                let target = self.text("/requestParameters/targetPrincipal")?;
                let account = parse_account(target)?;
                Some(self.with_key(self.new_grant(Identity::RootSession(account))))
            }
            NewIdentity::PermissionSet => self.permission_set(),
            NewIdentity::SwitchedRole => {
                let session = Identity::from_arn(self.text("/userIdentity/arn")?)?;
                let user_id = self.text("/userIdentity/principalId").map(str::to_owned);
                let access_key_id = self.text("/userIdentity/accessKeyId").map(str::to_owned);
                Some(Grant {
                    access_key_id,
                    user_id,
                    ..self.new_grant(session)
                })
            }
            NewIdentity::Actor => self.actor_again(),
            NewIdentity::User => {
                let user = self.created("/responseElements/user/arn", "userName", named_user)?;
                let user_id = self
                    .text("/responseElements/user/userId")
                    .map(str::to_owned);
                Some(Grant {
                    user_id,
                    ..self.new_grant(user)
                })
            }
            NewIdentity::Role => {
                let role = self.created("/responseElements/role/arn", "roleName", named_role)?;
                Some(self.new_grant(role))
            }
            _ => self.credential_grant(),
        }
    }

    /// The grants of long-term credentials.
    fn credential_grant(&self) -> Option<Grant> {
        match self.call.new_identity {
            NewIdentity::AccessKey => {
                let key = self.text("/responseElements/accessKey/accessKeyId")?;
                let owner = self
                    .text("/responseElements/accessKey/userName")
                    .and_then(|name| Some(named_user(self.account?, name)))
                    .or_else(|| self.requested_user());
                Some(
                    self.new_grant(Identity::Key(key.to_owned()))
                        .with_owner(owner),
                )
            }
            NewIdentity::ActivatedKey => {
                let is_active = self.text("/requestParameters/status") == Some("Active");
                let key = self
                    .text("/requestParameters/accessKeyId")
                    .filter(|_| is_active)?;
                let grant = self.new_grant(Identity::Key(key.to_owned()));
                Some(grant.with_owner(self.requested_user()))
            }
            NewIdentity::Password => {
                let owner = self.requested_user()?;
                let Identity::User { account, name } = owner.clone() else {
                    return None;
                };
                let password = Identity::Console {
                    account,
                    user: name,
                };
                Some(self.new_grant(password).with_owner(Some(owner)))
            }
            NewIdentity::UserCredential(pointers) => self.user_credential(pointers),
            NewIdentity::ActivatedCredential(pointers) => {
                let is_active = self.text("/requestParameters/status") == Some("Active");
                self.user_credential(pointers).filter(|_| is_active)
            }
            _ => self.access_grant(),
        }
    }

    fn user_credential(&self, pointers: &[&str]) -> Option<Grant> {
        let owner = self.requested_user()?;
        let Identity::User { account, name } = owner.clone() else {
            return None;
        };
        let credential = Identity::Credential {
            account,
            user: name,
            id: self.first_text(pointers)?.to_owned(),
        };
        Some(self.new_grant(credential).with_owner(Some(owner)))
    }

    /// The grants of access for principals, providers and resources.
    fn access_grant(&self) -> Option<Grant> {
        let request = |name: &str| self.text(&format!("/requestParameters/{name}"));
        let identity = match self.call.new_identity {
            NewIdentity::ExistingUser => self.requested_user()?,
            NewIdentity::ExistingRole => named_role(self.account?, request("roleName")?),
            NewIdentity::ExistingGroup => Identity::Group {
                account: self.account?,
                name: request("groupName")?.to_owned(),
            },
            NewIdentity::Provider(pointers) => {
                Identity::Provider(self.first_text(pointers)?.to_owned())
            }
            NewIdentity::InstanceWithProfile => Identity::Instance {
                account: self.account?,
                id: self.first_text(&INSTANCE_ID).map(str::to_owned)?,
            },
            NewIdentity::Function => self.function()?,
            NewIdentity::Resource(pointers) => {
                // A grant without a name must not go unnoticed.
                let name = self.first_text(pointers).unwrap_or(self.call.service);
                Identity::Resource(format!("{name} ({})", self.call.event_name))
            }
            _ => return None,
        };
        Some(self.new_grant(identity))
    }

    fn assumed_role(&self) -> Option<Grant> {
        let session = self
            .text("/responseElements/assumedRoleUser/arn")
            .and_then(Identity::from_arn)
            .or_else(|| self.requested_session())?;
        let user_id = self.text("/responseElements/assumedRoleUser/assumedRoleId");
        Some(Grant {
            user_id: user_id.map(str::to_owned),
            ..self.with_key(self.new_grant(session))
        })
    }

    /// The session of the request: CloudTrail leaves out large response elements, and those of
    /// failed calls.
    ///
    /// Source: CloudTrail user guide, "CloudTrail record contents" (`responseElements`).
    fn requested_session(&self) -> Option<Identity> {
        let role = Identity::from_arn(self.text("/requestParameters/roleArn")?)?;
        let Identity::Role { account, name } = role else {
            return None;
        };
        let session = self.text("/requestParameters/roleSessionName")?;
        Some(Identity::Session {
            account,
            role: name,
            name: session.to_owned(),
        })
    }

    fn federated_user(&self) -> Option<Grant> {
        let owner = self.actor.user();
        let requested = || {
            Some(Identity::FederatedUser {
                account: self.account?,
                name: self.text("/requestParameters/name")?.to_owned(),
            })
        };
        let user = self
            .text("/responseElements/federatedUser/arn")
            .and_then(Identity::from_arn)
            .or_else(requested)?;
        let user_id = self.text("/responseElements/federatedUser/federatedUserId");
        let grant = Grant {
            user_id: user_id.map(str::to_owned),
            ..self.with_key(self.new_grant(user))
        };
        Some(grant.with_owner(owner))
    }

    /// A role of IAM Identity Center. The record has it in `serviceEventDetails`.
    fn permission_set(&self) -> Option<Grant> {
        let account = self.first_text(&[
            "/serviceEventDetails/account_id",
            "/requestParameters/accountId",
        ])?;
        let name = self.first_text(&[
            "/serviceEventDetails/role_name",
            "/requestParameters/roleName",
        ])?;
        Some(self.new_grant(Identity::PermissionSet {
            account: account.parse().ok()?,
            name: name.to_owned(),
        }))
    }

    /// The actor, which continues in the console or with renewed keys.
    fn actor_again(&self) -> Option<Grant> {
        let owner = self.actor.user();
        let identity = match self.actor.identity()? {
            Identity::User { account, name } => Identity::Console {
                account,
                user: name,
            },
            other => other,
        };
        // The id of a user would also match its other credentials.
        let user_id = self
            .text("/userIdentity/principalId")
            .filter(|_| matches!(identity, Identity::Session { .. }))
            .map(str::to_owned);
        let grant = Grant {
            user_id,
            ..self.new_grant(identity)
        };
        Some(grant.with_owner(owner))
    }

    /// Credentials in `responseElements`, also of calls that the table does not have.
    fn credentials(&self) -> Vec<Grant> {
        let Some(response) = self.record.pointer("/responseElements") else {
            return Vec::new();
        };
        let issued = read_issued(response, !self.call.service.is_empty());
        issued
            .into_iter()
            .map(|issued| Grant {
                access_key_id: Some(issued.access_key_id),
                user_id: issued.user_id,
                ..self.new_grant(issued.identity)
            })
            .collect()
    }

    /// The instances that were started with an instance profile.
    fn instances(&self) -> Vec<Grant> {
        let profile = self.first_text(&[
            "/requestParameters/iamInstanceProfile/name",
            "/requestParameters/iamInstanceProfile/arn",
        ]);
        let items = self
            .record
            .pointer("/responseElements/instancesSet/items")
            .and_then(Value::as_array);
        let (Some(account), Some(_), Some(items)) = (self.account, profile, items) else {
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| item.get("instanceId")?.as_str())
            .map(|id| {
                self.new_grant(Identity::Instance {
                    account,
                    id: id.to_owned(),
                })
            })
            .collect()
    }

    fn function(&self) -> Option<Identity> {
        let role = self.first_text(&["/responseElements/role", "/requestParameters/role"])?;
        let name = self.first_text(&[
            "/responseElements/functionName",
            "/requestParameters/functionName",
        ])?;
        let Some(Identity::Role {
            account,
            name: role,
        }) = Identity::from_arn(role)
        else {
            return None;
        };
        Some(Identity::Function {
            account,
            role,
            name: name.to_owned(),
        })
    }

    /// The accounts that a new trust policy lets into the role.
    fn trusted_accounts(&self) -> Vec<Grant> {
        let document = self.text("/requestParameters/policyDocument");
        let role = self.text("/requestParameters/roleName");
        let (Some(account), Some(role), Some(document)) = (self.account, role, document) else {
            return Vec::new();
        };
        let trusted = read_trusted(document, account, last_segment(role));
        trusted
            .into_iter()
            .map(|(kind, identity)| Grant::new(kind, identity))
            .collect()
    }

    /// The principal of a response, otherwise the requested one.
    fn created(
        &self,
        arn: &str,
        parameter: &str,
        name: fn(AccountId, &str) -> Identity,
    ) -> Option<Identity> {
        let requested = || {
            let requested = self.text(&format!("/requestParameters/{parameter}"))?;
            Some(name(self.account?, requested))
        };
        self.text(arn)
            .and_then(Identity::from_arn)
            .or_else(requested)
    }

    /// The user of the request. Without a name, IAM takes the user who calls.
    ///
    /// Source: IAM API, `CreateAccessKey` (`UserName`).
    fn requested_user(&self) -> Option<Identity> {
        match self.text("/requestParameters/userName") {
            Some(name) => Some(named_user(self.account?, name)),
            None => self.actor.user(),
        }
    }
}

const INSTANCE_ID: [&str; 4] = [
    "/requestParameters/AssociateIamInstanceProfileRequest/InstanceId",
    "/requestParameters/instanceId",
    "/responseElements/AssociateIamInstanceProfileResponse/iamInstanceProfileAssociation/instanceId",
    "/responseElements/ReplaceIamInstanceProfileAssociationResponse/iamInstanceProfileAssociation/instanceId",
];

fn named_user(account: AccountId, name: &str) -> Identity {
    Identity::User {
        account,
        name: last_segment(name).to_owned(),
    }
}

fn named_role(account: AccountId, name: &str) -> Identity {
    Identity::Role {
        account,
        name: last_segment(name).to_owned(),
    }
}
