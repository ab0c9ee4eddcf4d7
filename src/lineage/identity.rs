//! The identities of a lineage.

use std::fmt;

use dragnet_model::{AccountId, Arn};

/// An identity or a resource that acts, or that lets somebody act.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// An access key that belongs to no other identity of this list: that of a user, or a session
    /// of a user (`GetSessionToken`).
    Key(String),
    /// A session of a role.
    Session {
        /// The account of the role.
        account: AccountId,
        /// The name of the role without its path.
        role: String,
        /// The name of the session, which its creator chooses.
        name: String,
    },
    /// A session of `GetFederationToken`.
    FederatedUser {
        /// The account of the user who called.
        account: AccountId,
        /// The name that the caller chose.
        name: String,
    },
    /// A session of `AssumeRoot`.
    RootSession(AccountId),
    /// A user that was created: all its calls count.
    User {
        /// The account of the user.
        account: AccountId,
        /// The name of the user without its path.
        name: String,
    },
    /// The console sessions of a user whose password was set. Its access keys do not belong to it.
    Console {
        /// The account of the user.
        account: AccountId,
        /// The name of the user.
        user: String,
    },
    /// A credential besides access keys and passwords: an SSH key, a signing certificate, a
    /// service-specific credential.
    Credential {
        /// The account of the user.
        account: AccountId,
        /// The name of the user.
        user: String,
        /// The id of the credential.
        id: String,
    },
    /// A role that was created: all its sessions count.
    Role {
        /// The account of the role.
        account: AccountId,
        /// The name of the role without its path.
        name: String,
    },
    /// A group of users.
    Group {
        /// The account of the group.
        account: AccountId,
        /// The name of the group.
        name: String,
    },
    /// An identity provider or a trust anchor, by its ARN.
    Provider(String),
    /// An EC2 instance, whose sessions have its id as their name.
    Instance {
        /// The account of the instance.
        account: AccountId,
        /// The id: `i-…`.
        id: String,
    },
    /// A Lambda function, whose sessions have its name.
    Function {
        /// The account of the function.
        account: AccountId,
        /// The name of its role without its path.
        role: String,
        /// The name of the function.
        name: String,
    },
    /// A permission set of IAM Identity Center in an account.
    PermissionSet {
        /// The account that the permission set applies to.
        account: AccountId,
        /// The name of the permission set.
        name: String,
    },
    /// An account that was let into a role: its sessions of the role count.
    Outsider {
        /// The account of the role.
        account: AccountId,
        /// The name of the role without its path.
        role: String,
        /// The account that can assume it.
        outsider: AccountId,
    },
    /// Anything else that gives access, by its name or ARN.
    Resource(String),
}

impl Identity {
    /// Returns the identity that signs with the ARN of a caller: a user, a session of a role or a
    /// federated user.
    pub fn from_arn(arn: &str) -> Option<Self> {
        let arn: Arn = arn.parse().ok()?;
        let account = arn.account()?;
        let (kind, rest) = arn.resource().split_once('/')?;
        match (arn.service(), kind) {
            ("sts", "assumed-role") => {
                let (role, name) = rest.split_once('/')?;
                Some(Self::Session {
                    account,
                    role: role.to_owned(),
                    name: name.to_owned(),
                })
            }
            ("sts", "federated-user") => Some(Self::FederatedUser {
                account,
                name: rest.to_owned(),
            }),
            ("iam", "user") => Some(Self::User {
                account,
                name: last_segment(rest).to_owned(),
            }),
            ("iam", "role") => Some(Self::Role {
                account,
                name: last_segment(rest).to_owned(),
            }),
            _ => None,
        }
    }

    /// Whether both are the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }

    /// The text by which identities are compared. Names of users, roles and groups are
    /// case-insensitive.
    ///
    /// Source: IAM user guide, "IAM identifiers", friendly names.
    pub(super) fn canonical(&self) -> String {
        let lower = |name: &str| name.to_ascii_lowercase();
        match self {
            Self::Key(id) => format!("key {id}"),
            Self::Session {
                account,
                role,
                name,
            } => format!("session {account} {} {name}", lower(role)),
            Self::FederatedUser { account, name } => format!("federated-user {account} {name}"),
            Self::RootSession(account) => format!("root-session {account}"),
            Self::User { account, name } => format!("user {account} {}", lower(name)),
            Self::Console { account, user } => format!("console {account} {}", lower(user)),
            Self::Credential { account, user, id } => {
                format!("credential {account} {} {id}", lower(user))
            }
            Self::Role { account, name } => format!("role {account} {}", lower(name)),
            Self::Group { account, name } => format!("group {account} {}", lower(name)),
            Self::Provider(arn) => format!("provider {arn}"),
            Self::Instance { account, id } => format!("instance {account} {id}"),
            Self::Function {
                account,
                role,
                name,
            } => format!("function {account} {} {name}", lower(role)),
            Self::PermissionSet { account, name } => format!("permission-set {account} {name}"),
            Self::Outsider {
                account,
                role,
                outsider,
            } => format!("outsider {account} {} {outsider}", lower(role)),
            Self::Resource(name) => format!("resource {name}"),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "access key {id}"),
            Self::Session {
                account,
                role,
                name,
            } => write!(f, "session {name} of role {role} in {account}"),
            Self::FederatedUser { account, name } => {
                write!(f, "federated user {name} in {account}")
            }
            Self::RootSession(account) => write!(f, "root session in {account}"),
            Self::User { account, name } => write!(f, "user {name} in {account}"),
            Self::Console { account, user } => write!(f, "password of user {user} in {account}"),
            Self::Credential { account, user, id } => {
                write!(f, "credential {id} of user {user} in {account}")
            }
            Self::Role { account, name } => write!(f, "role {name} in {account}"),
            Self::Group { account, name } => write!(f, "group {name} in {account}"),
            Self::Provider(arn) => write!(f, "identity provider {arn}"),
            Self::Instance { account, id } => write!(f, "instance {id} in {account}"),
            Self::Function {
                account,
                role,
                name,
            } => write!(f, "function {name} with role {role} in {account}"),
            Self::PermissionSet { account, name } => {
                write!(f, "permission set {name} in {account}")
            }
            Self::Outsider {
                account,
                role,
                outsider,
            } => write!(f, "account {outsider} with role {role} in {account}"),
            Self::Resource(name) => f.write_str(name),
        }
    }
}

/// The name at the end of a path: `Name` of `team/Name`.
pub(super) fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The account of an account id, or of the ARN of a principal in it.
pub(super) fn parse_account(text: &str) -> Option<AccountId> {
    text.parse().ok().or_else(|| {
        let arn: Arn = text.parse().ok()?;
        arn.account()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_callers_are_identities() {
        let shown = |arn: &str| Identity::from_arn(arn).map(|identity| identity.to_string());
        for (arn, expected) in [
            (
                "arn:aws:sts::111111111111:assumed-role/App/eve",
                "session eve of role App in 111111111111",
            ),
            (
                "arn:aws:sts::111111111111:federated-user/Bob",
                "federated user Bob in 111111111111",
            ),
            (
                "arn:aws:iam::111111111111:user/team/alice",
                "user alice in 111111111111",
            ),
            (
                "arn:aws:iam::111111111111:role/team/App",
                "role App in 111111111111",
            ),
        ] {
            assert_eq!(shown(arn).as_deref(), Some(expected), "{arn}");
        }
        for other in ["", "arn:aws:iam::111111111111:root", "arn:aws:s3:::b/k"] {
            assert_eq!(shown(other), None, "{other}");
        }
    }

    #[test]
    fn names_of_roles_ignore_case_and_names_of_sessions_do_not() {
        let canonical =
            |arn: &str| Identity::from_arn(arn).map(|identity| Identity::canonical(&identity));
        let arn = |rest: &str| format!("arn:aws:sts::111111111111:assumed-role/{rest}");
        assert_eq!(canonical(&arn("App/eve")), canonical(&arn("APP/eve")));
        assert_ne!(canonical(&arn("App/eve")), canonical(&arn("App/Eve")));
    }
}
