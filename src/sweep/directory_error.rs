//! Why the accounts of an organization cannot be listed or selected.

use crate::aws::{CallError, Endless};

/// Why the accounts cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The call to AWS Organizations failed.
    #[error(
        "cannot list the accounts of the organization: set organization.role to a role of the management account, name \
         the accounts ([[accounts]] or --accounts-file), or sweep only this account (--member-role self)"
    )]
    Organizations(#[source] Box<CallError>),
    /// The pages of the list repeat without end.
    #[error("cannot list the accounts of the organization: the pages of ListAccounts do not end")]
    Endless(#[from] Endless),
    /// The list is empty.
    #[error(
        "cannot list the accounts of the organization: ListAccounts returned no account, not even the management account; \
         run the command again, or name the accounts ([[accounts]] or --accounts-file)"
    )]
    NoAccounts,
    /// The organizational units or tags of accounts cannot be looked up.
    #[error(
        "cannot select accounts by {what}: allow the caller, or organization.role, to call the operations \
         organizations:List* (see `dragnet setup cloudformation --management`), or name the accounts (--account)"
    )]
    Selection {
        /// What cannot be looked up.
        what: &'static str,
        /// The call that failed.
        #[source]
        error: Box<CallError>,
    },
    /// Several organizational units have the name of a selector.
    #[error(
        "several organizational units are called `{name}`: {candidates}; use the ID of one of them"
    )]
    AmbiguousUnit {
        /// The name or path.
        name: String,
        /// The ids and paths of these units.
        candidates: String,
    },
    /// The tree of organizational units has a cycle or too many levels.
    #[error(
        "cannot select accounts by organizational units: the units that AWS lists are nested without end; run the \
         command again, or name the accounts (--account)"
    )]
    EndlessUnits,
}
