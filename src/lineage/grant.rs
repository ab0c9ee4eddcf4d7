//! What a call gave its actor: a new identity, or more access for one that exists.

use super::identity::Identity;

dragnet_model::word_enum! {
    /// How a call connects its actor to the identity that it names. The words are those of reports.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum EdgeKind {
        /// It issued temporary credentials.
        IssuesCredentials => "issues-credentials",
        /// It created a principal.
        CreatesPrincipal => "creates-principal",
        /// It created or activated a long-term credential of a user.
        AddsCredential => "adds-credential",
        /// It extended the access of a principal that exists. Others may use that principal, so it
        /// is not followed.
        ExtendsAccess => "extends-access",
        /// It changed who can assume a role that exists. The role is not followed.
        ChangesTrust => "changes-trust",
        /// It lets an account that is not a member of the organization assume a role. The sessions
        /// of that account are followed.
        TrustsOutsider => "trusts-outsider",
        /// It created an identity provider. Sessions that it vouches for are followed.
        CreatesProvider => "creates-provider",
        /// It started or changed something that acts with a role.
        RunsWithRole => "runs-with-role",
    }
}

impl EdgeKind {
    /// Whether the calls of the identity count from then on.
    pub fn is_followed(self) -> bool {
        !matches!(self, Self::ExtendsAccess | Self::ChangesTrust)
    }
}

/// An identity that a call created or extended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The identity.
    pub identity: Identity,
    /// How the call connects to it.
    pub kind: EdgeKind,
    /// The access key that was issued for it, if the record has one.
    pub access_key_id: Option<String>,
    /// Its user id (`aws:userid`), if the record has one: `AROA…:session` for a session.
    pub user_id: Option<String>,
    /// The user that has the permissions of the identity, if it is a credential of one.
    pub owner: Option<Identity>,
    /// The source identity, which stays the same in all sessions that follow.
    pub source_identity: Option<String>,
}

impl Grant {
    pub(super) fn new(kind: EdgeKind, identity: Identity) -> Self {
        Self {
            identity,
            kind,
            access_key_id: None,
            user_id: None,
            owner: None,
            source_identity: None,
        }
    }

    pub(super) fn with_owner(self, owner: Option<Identity>) -> Self {
        Self { owner, ..self }
    }
}
