//! IAM: the principals of an account, and the changes that containment makes to them.
//!
//! IAM is a global service; it is called through the partition of the home Region. Its quotas are
//! not published, so each operation starts at the default rate of the quota table and slows down
//! when it is throttled.

mod advice;
mod credentials;
mod detail;
mod keys;
mod limits;
mod list_page;
mod policies;
mod sign_in;

pub use advice::ServiceUse;
pub use credentials::{Credential, CredentialId, CredentialKind};
pub use detail::{AttachedPolicy, FoundPrincipal, LastUsed, PrincipalDetail};
pub use keys::{AccessKey, KeyStatus};
