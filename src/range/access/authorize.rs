//! Evaluates all policies that apply to a call.
//!
//! Source: IAM user guide, "Policy evaluation logic" and "Troubleshoot access denied error
//! messages" (the wording).

use std::sync::Arc;

use jiff::Timestamp;

use super::{Caller, Principal};
use crate::range::policy::{Ask, Document, PolicyKind, Verdict};
use crate::range::world::World;

/// The policy that denied a call, and whether it did so explicitly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// A service control policy denies it explicitly; holds the ARN of that policy.
    Organization(String),
    /// A policy on the user, its groups or the role denies it explicitly.
    Identity,
    /// No policy on the user, its groups or the role allows it.
    IdentitySilent,
    /// The session policy denies it explicitly.
    Session,
    /// The session policy does not allow it.
    SessionSilent,
    /// The trust policy of the role does not allow the caller.
    Trust,
}

impl Denial {
    /// The text of AWS's error message.
    pub(crate) fn sentence(&self, who: &str, ask: &Ask<'_>) -> String {
        let Ask {
            action, resource, ..
        } = ask;
        let on = if *resource == "*" {
            String::new()
        } else {
            format!(" on resource: {resource}")
        };
        let why = match self {
            Self::Organization(arn) => {
                format!(" with an explicit deny in a service control policy: {arn}")
            }
            Self::Identity => " with an explicit deny in an identity-based policy".to_owned(),
            Self::IdentitySilent => {
                format!(" because no identity-based policy allows the {action} action")
            }
            Self::Session => " with an explicit deny in a session policy".to_owned(),
            Self::SessionSilent => format!(" because no session policy allows the {action} action"),
            Self::Trust => String::new(),
        };
        format!("User: {who} is not authorized to perform: {action}{on}{why}")
    }
}

/// Checks whether the policies allow the call.
///
/// # Errors
/// The first denial, in AWS's evaluation order.
pub(crate) fn authorize(world: &World, caller: &Caller, ask: &Ask<'_>) -> Result<(), Denial> {
    let identity = identity_verdict(world, caller, ask);
    let session = session_verdict(caller, ask);
    let forbidding = world
        .scps_over(caller.account)
        .find(|scp| scp.policy.document.verdict(ask) == Verdict::Deny);
    match (forbidding, identity, session) {
        (Some(scp), _, _) => Err(Denial::Organization(scp.arn.clone())),
        (None, Verdict::Deny, _) => Err(Denial::Identity),
        (None, _, Some(Verdict::Deny)) => Err(Denial::Session),
        (None, Verdict::Silent, _) => Err(Denial::IdentitySilent),
        (None, Verdict::Allow, Some(Verdict::Silent)) => Err(Denial::SessionSilent),
        (None, Verdict::Allow, None | Some(Verdict::Allow)) => Ok(()),
    }
}

fn identity_verdict(world: &World, caller: &Caller, ask: &Ask<'_>) -> Verdict {
    let documents = identity_documents(world, caller, ask.facts.now);
    Verdict::all(documents.into_iter().map(|document| document.verdict(ask)))
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
        Principal::User { name } => account.documents_of_user(name, now),
    }
}

fn session_verdict(caller: &Caller, ask: &Ask<'_>) -> Option<Verdict> {
    let policy = caller.session.as_ref()?.policy.as_deref()?;
    // The session policy was parsed when the session was issued, so it parses again; if it did not,
    // it would allow nothing.
    Some(
        Document::parse(policy, PolicyKind::Identity)
            .map_or(Verdict::Silent, |document| document.verdict(ask)),
    )
}
