//! Evaluates all policies that apply to a call.
//!
//! Source: IAM user guide, "Policy evaluation logic" and "Troubleshoot access denied error
//! messages" (the wording).

use std::sync::Arc;

use jiff::Timestamp;

use super::{Caller, Principal};
use crate::policy::{AccessRequest, Decision, Document, PolicyKind};
use crate::world::World;
use dragnet_model::AccountId;

/// The policy that denied a call, and whether it did so explicitly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// A service control policy denies it explicitly; holds the ARN of that policy.
    Organization(String),
    /// A policy on the user, its groups or the role denies it explicitly.
    IdentityExplicit,
    /// No policy on the user, its groups or the role allows it.
    IdentityImplicit,
    /// The permissions boundary of the user or role denies it explicitly.
    BoundaryExplicit,
    /// The permissions boundary of the user or role does not allow it.
    BoundaryImplicit,
    /// The session policy denies it explicitly.
    SessionExplicit,
    /// The session policy does not allow it.
    SessionImplicit,
    /// The trust policy of the role does not allow the caller.
    Trust,
    /// The policy of the resource denies it explicitly.
    ResourceExplicit,
    /// The resource is in another account, and its policy does not allow it.
    ResourceImplicit,
}

impl Denial {
    /// AWS's error message.
    pub(crate) fn message(&self, caller_arn: &str, request: &AccessRequest<'_>) -> String {
        let AccessRequest {
            action, resource, ..
        } = request;
        let on_resource = if *resource == "*" {
            String::new()
        } else {
            format!(" on resource: {resource}")
        };
        let reason = match self {
            Self::Organization(arn) => {
                format!(" with an explicit deny in a service control policy: {arn}")
            }
            Self::IdentityExplicit => {
                " with an explicit deny in an identity-based policy".to_owned()
            }
            Self::IdentityImplicit => {
                format!(" because no identity-based policy allows the {action} action")
            }
            Self::BoundaryExplicit => " with an explicit deny in a permissions boundary".to_owned(),
            Self::BoundaryImplicit => {
                format!(" because no permissions boundary allows the {action} action")
            }
            Self::SessionExplicit => " with an explicit deny in a session policy".to_owned(),
            Self::SessionImplicit => {
                format!(" because no session policy allows the {action} action")
            }
            Self::Trust => String::new(),
            Self::ResourceExplicit => {
                " with an explicit deny in a resource-based policy".to_owned()
            }
            Self::ResourceImplicit => {
                format!(" because no resource-based policy allows the {action} action")
            }
        };
        format!("User: {caller_arn} is not authorized to perform: {action}{on_resource}{reason}")
    }
}

/// Checks whether the policies allow the call.
///
/// # Errors
/// The first denial, in AWS's evaluation order.
pub(crate) fn authorize(
    world: &World,
    caller: &Caller,
    request: &AccessRequest<'_>,
) -> Result<(), Denial> {
    let identity = evaluate_identity_policies(world, caller, request);
    let boundary = evaluate_boundary(world, caller, request);
    let session = evaluate_session_policy(caller, request);
    let denying_scp = world
        .scps_for(caller.account)
        .find(|scp| scp.policy.document.evaluate(request) == Decision::ExplicitDeny);
    if let Some(scp) = denying_scp {
        return Err(Denial::Organization(scp.arn.clone()));
    }
    match (identity, boundary, session) {
        (Decision::ExplicitDeny, _, _) => Err(Denial::IdentityExplicit),
        (_, Some(Decision::ExplicitDeny), _) => Err(Denial::BoundaryExplicit),
        (_, _, Some(Decision::ExplicitDeny)) => Err(Denial::SessionExplicit),
        (Decision::ImplicitDeny, _, _) => Err(Denial::IdentityImplicit),
        (Decision::Allow, Some(Decision::ImplicitDeny), _) => Err(Denial::BoundaryImplicit),
        (Decision::Allow, _, Some(Decision::ImplicitDeny)) => Err(Denial::SessionImplicit),
        (Decision::Allow, None | Some(Decision::Allow), None | Some(Decision::Allow)) => Ok(()),
    }
}

/// The owner and the policy of a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourceAccess<'a> {
    pub(crate) owner: AccountId,
    pub(crate) policy: Option<&'a Document>,
}

/// Checks whether the policies of the caller and of the resource allow the call. Within an account
/// one of them is enough; across accounts both must allow it.
///
/// # Errors
/// The first denial, in AWS's evaluation order.
///
/// Source: IAM user guide, "Cross-account policy evaluation logic", "Identity-based policies and
/// resource-based policies".
pub(crate) fn authorize_on_resource(
    world: &World,
    caller: &Caller,
    request: &AccessRequest<'_>,
    resource: ResourceAccess<'_>,
) -> Result<(), Denial> {
    let ResourceAccess { owner, policy } = resource;
    let decision = policy.map_or(Decision::ImplicitDeny, |policy| policy.evaluate(request));
    if decision == Decision::ExplicitDeny {
        return Err(Denial::ResourceExplicit);
    }
    let is_own = owner == caller.account;
    let is_granted = is_own && policy.is_some_and(|policy| policy.allows_directly(request));
    match authorize(world, caller, request) {
        Err(Denial::IdentityImplicit) if is_granted => check_limits(world, caller, request),
        Err(denial) => Err(denial),
        Ok(()) if is_own || decision == Decision::Allow => Ok(()),
        Ok(()) => Err(Denial::ResourceImplicit),
    }
}

/// Checks whether the permissions boundary and the session policy allow the call.
fn check_limits(world: &World, caller: &Caller, request: &AccessRequest<'_>) -> Result<(), Denial> {
    if evaluate_boundary(world, caller, request) == Some(Decision::ImplicitDeny) {
        return Err(Denial::BoundaryImplicit);
    }
    if evaluate_session_policy(caller, request) == Some(Decision::ImplicitDeny) {
        return Err(Denial::SessionImplicit);
    }
    Ok(())
}

/// The decision of the permissions boundary; `None` if the caller has none.
fn evaluate_boundary(
    world: &World,
    caller: &Caller,
    request: &AccessRequest<'_>,
) -> Option<Decision> {
    let account = world.account(caller.account)?;
    let boundary = match &caller.principal {
        Principal::Role { name, .. } => &account.roles.get(name)?.boundary,
        Principal::User { name } => &account.users.get(name)?.boundary,
    };
    let document = boundary.in_force(request.context.now)?;
    Some(document.evaluate(request))
}

fn evaluate_identity_policies(
    world: &World,
    caller: &Caller,
    request: &AccessRequest<'_>,
) -> Decision {
    let documents = identity_documents(world, caller, request.context.now);
    Decision::combine(
        documents
            .into_iter()
            .map(|document| document.evaluate(request)),
    )
}

/// The policies on the caller itself and, for a user, on its groups.
fn identity_documents<'a>(
    world: &'a World,
    caller: &Caller,
    now: Timestamp,
) -> Vec<&'a Arc<Document>> {
    let Some(account) = world.account(caller.account) else {
        return Vec::new();
    };
    match &caller.principal {
        Principal::Role { name, .. } => account
            .roles
            .get(name)
            .map(|role| role.policies.in_force(now).iter().collect())
            .unwrap_or_default(),
        Principal::User { name } => account.user_policies(name, now),
    }
}

fn evaluate_session_policy(caller: &Caller, request: &AccessRequest<'_>) -> Option<Decision> {
    let policy = caller.session.as_ref()?.policy.as_deref()?;
    // The session policy was parsed when the session was issued, so it parses again; if it did not,
    // it would allow nothing.
    Some(
        Document::parse(policy, PolicyKind::Identity).map_or(Decision::ImplicitDeny, |document| {
            document.evaluate(request)
        }),
    )
}
