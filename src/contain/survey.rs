//! Finds the requested principals in an account and reads everything that a plan contains about
//! them.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};

use super::plan::RefusedTarget;
use crate::aws::{AccessKey, Aws, CallError, PrincipalDetail, ServiceUse, Session};
use crate::config::PrincipalSelector;
use crate::model::{AccountId, PrincipalKind};

/// Principals of one account that are read concurrently. IAM takes seconds for each report about
/// service usage.
const AT_ONCE: usize = 8;

/// A principal that was requested, with what is known about it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What IAM returns about it.
    pub detail: PrincipalDetail,
    /// Whether it was named exactly and not matched by a pattern.
    pub named_exactly: bool,
    /// The reason for this principal, if it has its own.
    pub reason: Option<String>,
    /// The members of a group.
    pub members: BTreeSet<String>,
    /// The access keys of a user.
    pub keys: Vec<AccessKey>,
    /// When it was last used and for what; empty if no use is known.
    pub last_used: String,
    /// The services that it used, the latest first.
    pub services: Vec<ServiceUse>,
    /// What it created, according to the run.
    pub created: Vec<String>,
    /// What could not be read, with the reason.
    pub unknown: Vec<String>,
    /// Why the contain role of its account cannot be assumed, with advice, if that is the case.
    pub no_entry: Option<String>,
}

/// The requested principals of one account.
#[derive(Debug, Default)]
pub struct Survey {
    /// The principals that were found.
    pub candidates: Vec<Candidate>,
    /// Principals that do not exist under the given ARN.
    pub refused: Vec<RefusedTarget>,
    /// The selectors that matched a principal, as they are displayed.
    pub met: BTreeSet<String>,
}

/// Finds the principals that `selectors` match in the account of `session`.
///
/// # Errors
/// The principals of the account cannot be listed. Other failures are noted in the candidate.
pub async fn survey(
    aws: &Aws,
    session: &Session,
    account: AccountId,
    selectors: &[PrincipalSelector],
) -> Result<Survey, CallError> {
    let mut survey = Survey::default();
    let here = |selector: &&PrincipalSelector| selector.account.is_none_or(|only| only == account);
    let kinds: BTreeSet<PrincipalKind> = selectors
        .iter()
        .filter(here)
        .map(|selector| selector.kind)
        .collect();
    // The users contain the group memberships, so they are also needed for groups.
    let users = if kinds.iter().any(|kind| *kind != PrincipalKind::Role) {
        aws.principals(session, PrincipalKind::User).await?
    } else {
        Vec::new()
    };
    let mut chosen = Vec::new();
    for kind in kinds {
        let all = if kind == PrincipalKind::User {
            users.clone()
        } else {
            aws.principals(session, kind).await?
        };
        for detail in all {
            let met: Vec<_> = selectors
                .iter()
                .filter(|selector| selector.matches(&detail.principal))
                .collect();
            if met.is_empty() {
                continue;
            }
            survey.met.extend(met.iter().map(ToString::to_string));
            let under_another_path = |selector: &PrincipalSelector| {
                selector
                    .arn
                    .as_ref()
                    .filter(|given| given.arn() != detail.principal.arn())
                    .cloned()
            };
            let misplaced = met.iter().find_map(|selector| under_another_path(selector));
            if let Some(given) = misplaced {
                let reason = format!(
                    "there is none under this ARN; the one of this name is {}",
                    detail.principal
                );
                survey.refused.push(RefusedTarget {
                    principal: given.to_string(),
                    reasons: vec![reason],
                    user_id: None,
                });
                continue;
            }
            let named_exactly = met.iter().any(|selector| selector.is_exact());
            let reason = met.iter().find_map(|selector| selector.reason.clone());
            chosen.push((detail, named_exactly, reason));
        }
    }
    let closer = chosen.into_iter().map(|(detail, named_exactly, reason)| {
        look_closer(aws, session, detail, named_exactly, reason, &users)
    });
    survey.candidates = stream::iter(closer).buffered(AT_ONCE).collect().await;
    Ok(survey)
}

/// Reads what a plan contains about a principal besides its policies.
async fn look_closer(
    aws: &Aws,
    session: &Session,
    detail: PrincipalDetail,
    named_exactly: bool,
    reason: Option<String>,
    users: &[PrincipalDetail],
) -> Candidate {
    let name = detail.principal.name().to_owned();
    let members = users.iter().filter(|user| {
        detail.principal.kind() == PrincipalKind::Group && user.groups.contains(&name)
    });
    let members = members
        .map(|user| user.principal.name().to_owned())
        .collect();
    let mut candidate = Candidate {
        last_used: detail
            .last_used
            .as_ref()
            .map(|used| format!("{} in {}", used.at, used.region))
            .unwrap_or_default(),
        detail,
        named_exactly,
        reason,
        members,
        keys: Vec::new(),
        services: Vec::new(),
        created: Vec::new(),
        unknown: Vec::new(),
        no_entry: None,
    };
    if candidate.detail.principal.kind() == PrincipalKind::User {
        match aws.access_keys(session, &name).await {
            Ok(keys) => candidate.keys = keys,
            Err(error) => candidate.unknown.push(format!("its access keys: {error}")),
        }
        let mut latest = None;
        for key in &candidate.keys {
            match aws.key_last_used(session, &key.id).await {
                Ok(used) => latest = latest.max(used.map(|(at, service)| (at, service, &key.id))),
                Err(error) => candidate
                    .unknown
                    .push(format!("when {} was last used: {error}", key.id)),
            }
        }
        if let Some((at, service, key)) = latest {
            candidate.last_used = format!("{at} for {service} with {key}");
        }
    }
    if candidate.detail.principal.kind() != PrincipalKind::Group {
        match aws
            .services_used(session, &candidate.detail.principal)
            .await
        {
            Ok(Some(services)) => candidate.services = services,
            Ok(None) => candidate
                .unknown
                .push("services last accessed: the report was not ready in time".to_owned()),
            Err(error) => candidate
                .unknown
                .push(format!("services last accessed: {error}")),
        }
    }
    candidate
}
