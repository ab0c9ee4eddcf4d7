//! The sessions of roles in the records of a run: those that acted with an indicator, the others,
//! and who created them.

use std::collections::{BTreeMap, BTreeSet};

use super::acting_principal::selects_same_principal;
use crate::config::PrincipalSelector;
use dragnet_model::{AccountId, Principal, PrincipalKind};

/// How many sessions one policy denies. The names have up to 64 characters, and the inline policies
/// of a role have room for 10,240.
///
/// Source: IAM user guide, "IAM and AWS STS quotas".
pub(super) const MAX_DENIED_SESSIONS: usize = 50;
/// How many sessions of a role are remembered. A function can have thousands.
const MAX_SESSIONS: usize = 1_000;

/// What the records of a run show about the sessions of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedSessions {
    /// The sessions that acted with an indicator, as `aws:userid` has them, sorted.
    pub acted: Vec<String>,
    /// How many other sessions the records have.
    pub others: usize,
    /// The sessions that acted, but whose creator the records do not show.
    pub of_unknown_creator: Vec<String>,
    /// Whether they descend from an identity that acted. Others may use the role, also if the run
    /// does not have their sessions.
    pub is_followed: bool,
}

/// The sessions of all roles in a run.
#[derive(Debug, Default)]
pub(super) struct RunSessions {
    roles: BTreeMap<(AccountId, String), RoleSessions>,
    /// The principals that created each session, with their own session if they have one.
    creators: BTreeMap<String, Vec<Creator>>,
}

#[derive(Debug, Default)]
struct RoleSessions {
    acted: BTreeSet<String>,
    seen: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Creator {
    selector: PrincipalSelector,
    user_id: String,
}

impl RunSessions {
    /// Adds the session of a record. `acted` means that it acted with an indicator.
    pub(super) fn add(&mut self, selector: &PrincipalSelector, user_id: &str, acted: bool) {
        let Some(account) = selector.account else {
            return;
        };
        if selector.kind != PrincipalKind::Role || !user_id.contains(':') {
            return;
        }
        let key = (account, selector.name.as_str().to_ascii_lowercase());
        let sessions = self.roles.entry(key).or_default();
        for (set, applies) in [(&mut sessions.seen, true), (&mut sessions.acted, acted)] {
            if applies && set.len() < MAX_SESSIONS {
                set.insert(user_id.to_owned());
            }
        }
    }

    /// Marks the sessions of a role with this name as sessions that acted, if the run has any.
    pub(super) fn mark_named(&mut self, selector: &PrincipalSelector, name: &str) {
        let Some(account) = selector.account else {
            return;
        };
        let key = (account, selector.name.as_str().to_ascii_lowercase());
        if let Some(sessions) = self.roles.get_mut(&key) {
            let is_named = |session: &&String| {
                let parts = session.split_once(':');
                parts.is_some_and(|(_, session_name)| session_name == name)
            };
            let named = sessions.seen.iter().filter(is_named).cloned();
            sessions.acted.extend(named);
        }
    }

    /// Adds the principal that created a session.
    pub(super) fn add_creator(
        &mut self,
        session: &str,
        selector: &PrincipalSelector,
        user_id: &str,
    ) {
        if self.creators.len() >= MAX_SESSIONS && !self.creators.contains_key(session) {
            return;
        }
        let creators = self.creators.entry(session.to_owned()).or_default();
        if !creators
            .iter()
            .any(|creator| selects_same_principal(&creator.selector, selector))
        {
            creators.push(Creator {
                selector: selector.clone(),
                user_id: user_id.to_owned(),
            });
        }
    }

    /// Returns the sessions of a role. Sessions of another role with the same name, which was
    /// deleted, have another id and are left out.
    pub(super) fn observed(&self, role: &Principal, id: &str) -> ObservedSessions {
        let key = (role.account(), role.name().to_ascii_lowercase());
        let Some(sessions) = self.roles.get(&key) else {
            return ObservedSessions::default();
        };
        if role.kind() != PrincipalKind::Role {
            return ObservedSessions::default();
        }
        let acted: Vec<String> = sessions
            .acted
            .iter()
            .filter(|session| is_session_of(session, id))
            .cloned()
            .collect();
        let others = sessions
            .seen
            .iter()
            .filter(|session| is_session_of(session, id) && !acted.contains(session))
            .count();
        let of_unknown_creator = acted
            .iter()
            .filter(|session| !self.creators.contains_key(*session))
            .cloned()
            .collect();
        ObservedSessions {
            acted,
            others,
            of_unknown_creator,
            is_followed: false,
        }
    }

    /// Returns the principals that created these sessions, and adds their own sessions to those
    /// that acted.
    pub(super) fn creators(&mut self, sessions: &[String]) -> Vec<PrincipalSelector> {
        let mut found = Vec::new();
        for session in sessions {
            for creator in self.creators.get(session).cloned().unwrap_or_default() {
                self.add(&creator.selector, &creator.user_id, true);
                found.push(PrincipalSelector {
                    reason: Some(format!("it created the session {session}")),
                    ..creator.selector
                });
            }
        }
        found
    }
}

/// Whether a user id is that of a session of the role with this unique id.
///
/// Source: IAM user guide, "IAM policy elements: Variables and tags" (`aws:userid`); STS API,
/// `AssumeRole`: a session name is 2 to 64 of `[\w+=,.@-]`.
pub(super) fn is_session_of(user_id: &str, role_id: &str) -> bool {
    let Some((id, name)) = user_id.split_once(':') else {
        return false;
    };
    let is_name_character = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    !role_id.is_empty()
        && id == role_id
        && (2..=64).contains(&name.len())
        && name.chars().all(is_name_character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> PrincipalSelector {
        let account = "111111111111".parse().unwrap();
        PrincipalSelector::named(PrincipalKind::Role, Some(account), name).unwrap()
    }

    #[test]
    fn sessions_are_counted_by_role_and_creators_act_too() {
        let mut run = RunSessions::default();
        run.add(&role("Shared"), "AROAS:eve", true);
        run.add(&role("shared"), "AROAS:build-1", false);
        run.add(&role("Shared"), "AROAOLD:eve", true);
        run.add(&role("Shared"), "AIDAX", true);
        run.add_creator("AROAS:eve", &role("First"), "AROAF:hop");
        let principal = |name: &str| {
            format!("arn:aws:iam::111111111111:role/x/{name}")
                .parse()
                .unwrap()
        };
        let observed = run.observed(&principal("Shared"), "AROAS");
        assert_eq!(
            observed,
            ObservedSessions {
                acted: vec!["AROAS:eve".to_owned()],
                others: 1,
                of_unknown_creator: Vec::new(),
                is_followed: false,
            }
        );
        assert_eq!(run.creators(&["AROAS:build-1".to_owned()]).len(), 0);
        let creators = run.creators(&observed.acted);
        assert_eq!(creators[0].name.as_str(), "First");
        assert_eq!(
            run.observed(&principal("First"), "AROAF").acted,
            ["AROAF:hop"]
        );
    }

    #[test]
    fn session_ids_have_the_id_of_the_role_and_a_session_name() {
        assert!(is_session_of("AROAX:eve@example.com", "AROAX"));
        for other in [
            "AROAX",
            "AROAX:",
            "AROAX:*",
            "AROAX:a",
            "AROAY:eve",
            "*:eve",
            "AROAX:${aws:username}",
        ] {
            assert!(!is_session_of(other, "AROAX"), "{other}");
        }
        assert!(!is_session_of(":eve", ""));
    }
}
