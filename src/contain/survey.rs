//! Finds the requested principals in an account and reads everything that a plan contains about
//! them.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};

use super::candidate::Candidate;
use super::inventory::{RoleUses, role_uses};
use super::plan::RefusedTarget;
use super::run_sessions::ObservedSessions;
use crate::aws::{Aws, CallError, PrincipalDetail, Session};
use crate::config::PrincipalSelector;
use crate::settings::ContainAction;
use dragnet_model::{AccountId, PrincipalKind};

/// Principals of one account that are read concurrently. IAM takes seconds for each report about
/// service usage.
const CONCURRENT_READS: usize = 8;

/// The requested principals of one account.
#[derive(Debug, Default)]
pub struct Survey {
    /// The principals that were found.
    pub candidates: Vec<Candidate>,
    /// Principals that do not exist under the given ARN.
    pub refused: Vec<RefusedTarget>,
    /// The selectors that matched a principal, as they are displayed.
    pub matched: BTreeSet<String>,
}

/// A principal that a selector matches, before more is read about it.
struct Selected {
    detail: PrincipalDetail,
    named_exactly: bool,
    reason: Option<String>,
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
    let kinds: BTreeSet<PrincipalKind> = selectors
        .iter()
        .filter(|selector| selector.account.is_none_or(|only| only == account))
        .map(|selector| selector.kind)
        .collect();
    // The users contain the group memberships, so they are also needed for groups.
    let users = if kinds.iter().any(|kind| *kind != PrincipalKind::Role) {
        aws.principals(session, PrincipalKind::User).await?
    } else {
        Vec::new()
    };
    let mut survey = Survey::default();
    let mut selected = Vec::new();
    let mut uses = RoleUses::new();
    for kind in kinds {
        let all = if kind == PrincipalKind::User {
            users.clone()
        } else {
            aws.principals(session, kind).await?
        };
        if kind == PrincipalKind::Role {
            uses = role_uses(&all);
        }
        selected.extend(
            all.into_iter()
                .filter_map(|detail| survey.select(detail, selectors)),
        );
    }
    let candidates = selected
        .into_iter()
        .map(|selected| read_candidate(aws, session, selected, &users, &uses));
    survey.candidates = stream::iter(candidates)
        .buffered(CONCURRENT_READS)
        .collect()
        .await;
    Ok(survey)
}

impl Survey {
    /// Returns the principal if a selector matches it. Notes the selectors that match, and refuses
    /// the principal if the ARN of a selector has another path.
    fn select(
        &mut self,
        detail: PrincipalDetail,
        selectors: &[PrincipalSelector],
    ) -> Option<Selected> {
        let matching: Vec<&PrincipalSelector> = selectors
            .iter()
            .filter(|selector| selector.matches(&detail.principal))
            .collect();
        if matching.is_empty() {
            return None;
        }
        self.matched
            .extend(matching.iter().map(ToString::to_string));
        let other_arn = matching
            .iter()
            .filter_map(|selector| selector.arn.as_ref())
            .find(|given| given.arn() != detail.principal.arn());
        if let Some(given) = other_arn {
            let reason = format!(
                "no principal has this ARN; the one with this name is {}",
                detail.principal
            );
            self.refused.push(RefusedTarget {
                principal: given.to_string(),
                reasons: vec![reason],
                user_id: None,
            });
            return None;
        }
        let named_exactly = matching.iter().any(|selector| selector.is_exact());
        let reason = matching.iter().find_map(|selector| selector.reason.clone());
        Some(Selected {
            detail,
            named_exactly,
            reason,
        })
    }
}

/// Reads what a plan contains about a principal besides its policies.
async fn read_candidate(
    aws: &Aws,
    session: &Session,
    selected: Selected,
    users: &[PrincipalDetail],
    uses: &RoleUses,
) -> Candidate {
    let mut candidate = Candidate::new(selected, users);
    let kind = candidate.detail.principal.kind();
    match kind {
        PrincipalKind::User => {
            candidate.read_access_keys(aws, session).await;
            candidate.read_inventory(aws, session).await;
        }
        PrincipalKind::Role => {
            if candidate.detail.trust.is_empty() {
                let unread = "trust policy: IAM returned none".to_owned();
                candidate.note_unread(&[ContainAction::BlockAssume], unread);
            }
            candidate.read_trusted(aws, session, uses).await;
        }
        PrincipalKind::Group => {}
    }
    if kind != PrincipalKind::Group {
        candidate.read_services(aws, session).await;
    }
    candidate
}

impl Candidate {
    /// Creates the candidate from what is known about the principal and all users of its account.
    fn new(selected: Selected, users: &[PrincipalDetail]) -> Self {
        let detail = selected.detail;
        let is_group = detail.principal.kind() == PrincipalKind::Group;
        let name = detail.principal.name();
        let members = users
            .iter()
            .filter(|user| is_group && user.groups.contains(name))
            .map(|user| user.principal.name().to_owned())
            .collect();
        let last_used = detail
            .last_used
            .as_ref()
            .map(|used| format!("{} in {}", used.at, used.region))
            .unwrap_or_default();
        Self {
            detail,
            named_exactly: selected.named_exactly,
            reason: selected.reason,
            members,
            keys: Vec::new(),
            credentials: Vec::new(),
            has_login_profile: None,
            mfa_devices: Vec::new(),
            trusted: Vec::new(),
            last_used,
            services: Vec::new(),
            created: Vec::new(),
            only_from_run: false,
            sessions: ObservedSessions::default(),
            unknown: Vec::new(),
            unread_for: BTreeSet::new(),
            contain_role_error: None,
        }
    }

    /// Reads the access keys of a user and when they were last used.
    async fn read_access_keys(&mut self, aws: &Aws, session: &Session) {
        let user = self.detail.principal.name();
        match aws.access_keys(session, user).await {
            Ok(keys) => self.keys = keys,
            Err(error) => {
                let actions = [
                    ContainAction::DeactivateKeys,
                    ContainAction::DeactivateCredentials,
                ];
                self.note_unread(&actions, format!("access keys: {error}"));
            }
        }
        let mut latest = None;
        for key in &self.keys {
            match aws.key_last_used(session, &key.id).await {
                Ok(used) => latest = latest.max(used.map(|(at, service)| (at, service, &key.id))),
                Err(error) => self
                    .unknown
                    .push(format!("last use of access key {}: {error}", key.id)),
            }
        }
        if let Some((at, service, key)) = latest {
            self.last_used = format!("{at} for {service} with {key}");
        }
    }

    /// Reads the services that a role or user used.
    async fn read_services(&mut self, aws: &Aws, session: &Session) {
        match aws.services_used(session, &self.detail.principal).await {
            Ok(Some(services)) => self.services = services,
            Ok(None) => self
                .unknown
                .push("services last accessed: the report was not ready in time".to_owned()),
            Err(error) => self
                .unknown
                .push(format!("services last accessed: {error}")),
        }
    }
}
