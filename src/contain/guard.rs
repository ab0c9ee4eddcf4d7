//! Protects principals that must not be blocked: those that the responder and Dragnet use, those of
//! AWS, and those that the configuration protects. Checked when a plan is made and again when it is
//! applied.

use std::collections::BTreeSet;
use std::fmt;

use super::trust::evidence_service;
use crate::aws::Caller;
use crate::config::{Contain, Glob, MemberRole, MemberRoles, SourceIdentity};
use crate::settings::{Override, Reach};
use dragnet_model::{AccountId, Principal, PrincipalKind, RoleArn};

/// Roles with which the management account of an organization enters every account, and roles of
/// services that deploy to every account.
///
/// Sources: Organizations user guide; Control Tower user guide, "Roles"; the stack sets' user
/// guide.
const ORGANIZATION_ROLES: [&str; 6] = [
    "OrganizationAccountAccessRole",
    "AWSControlTowerExecution",
    "AWSControlTowerStackSetRole",
    "AWSControlTowerAdmin",
    "AWSCloudFormationStackSetExecutionRole",
    "AWSCloudFormationStackSetAdministrationRole",
];

/// Paths of roles that only AWS can change.
///
/// Source: IAM user guide, "Using service-linked roles"; IAM Identity Center user guide, "AWS
/// reserved roles".
const SERVICE_LINKED: &str = "/aws-service-role/";
const SSO_RESERVED: &str = "/aws-reserved/sso.amazonaws.com/";

/// Why a principal must not be blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuardRefusal {
    /// The session of the caller came through it.
    OwnChain,
    /// The group contains this user, through whom the session came.
    OwnGroup(String),
    /// Dragnet enters accounts with this role.
    ToolRole,
    /// A service-linked role.
    ServiceLinked,
    /// A role of IAM Identity Center.
    SsoReserved,
    /// A role with which the organization enters its accounts, and that was not named exactly.
    OrganizationRole,
    /// This service may assume it to deliver logs or configuration records.
    EvidenceRole(String),
    /// The configuration protects it with this glob.
    Protected(String),
    /// The policy would exceed the size limit.
    SizeLimit {
        /// The characters that the policy needs.
        needed: usize,
        /// The characters that are left.
        left: usize,
    },
}

impl GuardRefusal {
    /// Returns the override for this refusal. Most refusals have none.
    pub fn overridden_by(&self) -> Option<Override> {
        match self {
            Self::Protected(_) => Some(Override::Protect),
            Self::OrganizationRole => Some(Override::OrganizationRoles),
            Self::EvidenceRole(_) => Some(Override::EvidenceRoles),
            _ => None,
        }
    }
}

impl fmt::Display for GuardRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnChain => f.write_str("your own session depends on it: blocking it would lock you out"),
            Self::OwnGroup(user) => write!(f, "your own session depends on its member {user}: blocking it would lock you out"),
            Self::ToolRole => f.write_str("Dragnet enters accounts with a role of this name"),
            Self::ServiceLinked => f.write_str(
                "it is a service-linked role, which only its AWS service can change: stop the resource that uses it, or, \
                 in a member account, deny the role with an SCP",
            ),
            Self::SsoReserved => f.write_str(
                "it belongs to IAM Identity Center, and no other service can change it. Instead, in this order: deny the \
                 user's id with an SCP (contain plan --emit scp), remove the assignment, disable the user in the \
                 identity provider",
            ),
            Self::OrganizationRole => f.write_str(
                "the organization enters the account with this role: to contain it anyway, name it exactly for \
                 `contain plan`, and run `contain apply` with --force organization-roles",
            ),
            Self::EvidenceRole(service) => write!(
                f,
                "{service} may assume it to deliver logs or configuration records, and would stop: to contain it anyway, \
                 use --force evidence-roles"
            ),
            Self::Protected(glob) => {
                write!(f, "it matches `{glob}` in contain.protect; override with --force protect")
            }
            Self::SizeLimit { needed, left } => write!(
                f,
                "the policy needs {needed} characters, but its inline policies have room for only {left} more: use \
                 --action boundary, delete one first, contain its group, or deny it with an SCP"
            ),
        }
    }
}

/// The protected principals and the limits of a plan.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Users and roles of the caller's session, and of the sessions that Dragnet will create.
    own: Vec<(AccountId, PrincipalKind, String)>,
    /// Names of the roles with which Dragnet enters accounts.
    tool_roles: BTreeSet<String>,
    /// Each glob as configured, and in lower case for comparison.
    protect: Vec<(String, Option<Glob>)>,
    max_targets: usize,
    forced: BTreeSet<Override>,
    /// The user whose credentials created the caller's session, as far as that is known.
    creator: Option<SessionCreator>,
}

/// What is known about the user who created a session that the environment or a profile provides.
/// STS does not return the creator, so this is only worth a warning.
///
/// Sources: STS API, `GetCallerIdentity`; IAM user guide, "Monitor and control actions taken with
/// assumed roles": the session name and the source identity are chosen by the one who assumes the role,
/// and often are the name of the user.
#[derive(Clone, Debug)]
struct SessionCreator {
    /// The name of the session and the configured source identity.
    names: Vec<String>,
    /// For a federated session, the account of the creator. The session has no more permissions
    /// than its creator, so a deny of the creator denies the session.
    ///
    /// Source: STS API, `GetFederationToken`.
    federated_in: Option<AccountId>,
}

impl Guard {
    /// Creates the guard from the caller and the way in which accounts are entered. `hops` are the
    /// roles of the session, including those of the AWS profile.
    pub fn new(
        caller: &Caller,
        hops: &[RoleArn],
        reach: &Reach,
        contain: &Contain,
        forced: &[Override],
    ) -> Self {
        let identity = &reach.identity;
        let own_role =
            |role: &RoleArn| (role.account(), PrincipalKind::Role, role.name().to_owned());
        let entry_roles = hops
            .iter()
            .chain(&identity.role_chain)
            .chain(&reach.directory.organization_role);
        let mut own: Vec<_> = entry_roles.map(own_role).collect();
        own.extend(caller_principal(caller));
        let configured = reach
            .directory
            .accounts
            .iter()
            .filter_map(|account| account.member_role.as_ref());
        let members = configured
            .chain([&identity.member_role])
            .flat_map(MemberRoles::roles)
            .filter_map(|role| match role {
                MemberRole::Caller => None,
                MemberRole::Role(name) => Some(name),
            });
        let names = members
            .chain([&identity.contain_role])
            .map(|name| last_part(name.as_str()).to_ascii_lowercase());
        let protect = contain.protect.iter().map(|glob| {
            (
                glob.to_string(),
                glob.as_str().to_ascii_lowercase().parse().ok(),
            )
        });
        Self {
            own,
            tool_roles: names.collect(),
            protect: protect.collect(),
            max_targets: contain.max_targets,
            forced: forced.iter().copied().collect(),
            creator: SessionCreator::from_caller(caller, identity.source_identity.as_ref()),
        }
    }

    /// Returns a warning if the principal may be the user who created the caller's own session.
    pub fn warn_of_creator(&self, principal: &Principal) -> Option<String> {
        let creator = self.creator.as_ref()?;
        if principal.kind() != PrincipalKind::User {
            return None;
        }
        if creator.federated_in == Some(principal.account()) {
            return Some(
                "your own session is a federated one of a user of this account, and STS does not say which: if it is \
                 this one, blocking it locks you out"
                    .to_owned(),
            );
        }
        let name = principal.name();
        creator
            .names
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
            .then(|| {
                format!(
                    "your own session has the name of this user: if {name} created it, blocking {name} keeps you from \
                     creating another one"
                )
            })
    }

    /// Returns all reasons why a principal must not be blocked, except those that are overridden.
    /// `members` are the users of a group. `named_exactly` means that no pattern matched it. `trust`
    /// is the trust policy of a role.
    pub fn check(
        &self,
        principal: &Principal,
        named_exactly: bool,
        members: &BTreeSet<String>,
        trust: &str,
    ) -> Vec<GuardRefusal> {
        let mut refusals = Vec::new();
        let account = principal.account();
        if self
            .own
            .iter()
            .any(|(account, kind, name)| principal.is_called(*account, *kind, name))
        {
            refusals.push(GuardRefusal::OwnChain);
        }
        if principal.kind() == PrincipalKind::Group {
            let own_users = self
                .own
                .iter()
                .filter(|(own, kind, _)| *own == account && *kind == PrincipalKind::User);
            let is_member = |user: &str| {
                members
                    .iter()
                    .any(|member| member.eq_ignore_ascii_case(user))
            };
            refusals.extend(
                own_users
                    .filter(|(_, _, user)| is_member(user))
                    .map(|(_, _, user)| GuardRefusal::OwnGroup(user.clone())),
            );
        }
        if principal.kind() == PrincipalKind::Role {
            refusals.extend(self.check_role(principal, named_exactly));
            refusals.extend(evidence_service(trust).map(GuardRefusal::EvidenceRole));
        }
        refusals.extend(self.matching_glob(principal));
        refusals.retain(|refusal| {
            refusal
                .overridden_by()
                .is_none_or(|force| !self.forced.contains(&force))
        });
        refusals
    }

    fn check_role(&self, role: &Principal, named_exactly: bool) -> Vec<GuardRefusal> {
        let name = role.name();
        let path = role.path().to_ascii_lowercase();
        let mut refusals = Vec::new();
        if self.tool_roles.contains(&name.to_ascii_lowercase()) {
            refusals.push(GuardRefusal::ToolRole);
        }
        if path.starts_with(SERVICE_LINKED) {
            refusals.push(GuardRefusal::ServiceLinked);
        } else if path.starts_with(SSO_RESERVED) || name.starts_with("AWSReservedSSO_") {
            refusals.push(GuardRefusal::SsoReserved);
        }
        let is_organization_role = ORGANIZATION_ROLES
            .iter()
            .any(|organization_role| organization_role.eq_ignore_ascii_case(name))
            || name.to_ascii_lowercase().starts_with("stacksets-exec-");
        if is_organization_role && !named_exactly {
            refusals.push(GuardRefusal::OrganizationRole);
        }
        refusals
    }

    /// Returns the glob that protects a principal. It may match the ARN with or without the path.
    fn matching_glob(&self, principal: &Principal) -> Option<GuardRefusal> {
        let full_arn = principal.arn().as_str().to_ascii_lowercase();
        let arn = principal.arn();
        let partition = arn.partition_id();
        let account = principal.account();
        let pathless = format!(
            "arn:{partition}:iam::{account}:{}/{}",
            principal.kind(),
            principal.name()
        );
        let pathless = pathless.to_ascii_lowercase();
        let protects = |glob: &Option<Glob>| {
            // A glob that cannot be compared protects everything.
            glob.as_ref()
                .is_none_or(|glob| glob.is_match(&full_arn) || glob.is_match(&pathless))
        };
        self.protect
            .iter()
            .find(|(_, glob)| protects(glob))
            .map(|(configured, _)| GuardRefusal::Protected(configured.clone()))
    }

    /// Checks the number of principals that a plan changes.
    ///
    /// # Errors
    /// There are too many.
    pub fn check_count(&self, targets: usize) -> Result<(), TooManyTargets> {
        if targets <= self.max_targets || self.forced.contains(&Override::MaxTargets) {
            return Ok(());
        }
        Err(TooManyTargets {
            targets,
            max_targets: self.max_targets,
        })
    }
}

impl SessionCreator {
    /// Returns what the caller's ARN shows: `assumed-role/Hub/session`, `federated-user/name`.
    fn from_caller(caller: &Caller, source_identity: Option<&SourceIdentity>) -> Option<Self> {
        let mut parts = caller.arn.resource().split('/');
        let kind = parts.next()?;
        let is_federated = kind == "federated-user";
        if !is_federated && kind != "assumed-role" {
            return None;
        }
        let session = parts.next_back()?.to_owned();
        let configured = source_identity.map(ToString::to_string);
        Some(Self {
            names: configured.into_iter().chain([session]).collect(),
            federated_in: is_federated.then_some(caller.account),
        })
    }
}

/// A plan changes more principals than the configuration allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the plan would change {targets} principals, but contain.max_targets is {max_targets}: select fewer, or \
     override with --force max-targets"
)]
pub struct TooManyTargets {
    targets: usize,
    max_targets: usize,
}

/// Returns the user or role of the caller's ARN: `user/team/alice`, `assumed-role/Hub/session`.
fn caller_principal(caller: &Caller) -> Option<(AccountId, PrincipalKind, String)> {
    let mut parts = caller.arn.resource().split('/');
    match parts.next()? {
        "user" => Some((
            caller.account,
            PrincipalKind::User,
            last_part(caller.arn.resource()).to_owned(),
        )),
        "assumed-role" => Some((
            caller.account,
            PrincipalKind::Role,
            parts.next()?.to_owned(),
        )),
        _ => None,
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
