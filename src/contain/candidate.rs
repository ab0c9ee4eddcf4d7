//! A principal that a plan may change, with what is known about it.

use std::collections::BTreeSet;

use super::run_sessions::ObservedSessions;
use crate::aws::{AccessKey, Credential, KeyStatus, PrincipalDetail, ServiceUse};
use crate::settings::ContainAction;

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
    /// The credentials of a user besides access keys.
    pub credentials: Vec<Credential>,
    /// Whether a user has a console password; `None` if that is unknown.
    pub has_login_profile: Option<bool>,
    /// The serial numbers of a user's MFA devices.
    pub mfa_devices: Vec<String>,
    /// The principals that a role trusts, with their last use.
    pub trusted: Vec<String>,
    /// When it was last used and for what; empty if no use is known.
    pub last_used: String,
    /// The services that it used, the latest first.
    pub services: Vec<ServiceUse>,
    /// What it created, according to the run.
    pub created: Vec<String>,
    /// Whether only the run selects it: the user did not name it.
    pub only_from_run: bool,
    /// The sessions of a role in the records of the run.
    pub sessions: ObservedSessions,
    /// What could not be read, with the reason.
    pub unknown: Vec<String>,
    /// The actions of which a change may be missing, because what they change could not be read.
    pub unread_for: BTreeSet<ContainAction>,
    /// Why the contain role of its account cannot be assumed, with advice, if that is the case.
    pub contain_role_error: Option<String>,
}

impl Candidate {
    /// Notes what could not be read, with the reason, and the actions that change it.
    pub(super) fn note_unread(&mut self, actions: &[ContainAction], unread: String) {
        self.unread_for.extend(actions);
        self.unknown.push(unread);
    }

    /// Whether it has an active access key.
    pub(super) fn has_active_key(&self) -> bool {
        self.keys.iter().any(|key| key.status == KeyStatus::Active)
    }
}
