//! Follows credentials: from the identities that an attacker holds, through the calls that issue
//! credentials or create and extend access, to everything that descends from them.
//!
//! ```text
//! CloudTrail record ─ LINEAGE_CALLS ── LineageRecord ── follow_lineage ── Lineage
//!                     the table        actor, grants    fixed point       nodes, edges, attempts
//! ```
//! The caller passes only records that a trail delivered. A call counts if it succeeded and an
//! identity of the lineage was its *actor*, from the time at which that identity was created. A role
//! that others use is followed by session. Nothing here does I/O.

mod access_calls;
mod actor;
mod call;
mod call_lookup;
mod follow;
mod grant;
mod grant_reader;
mod graph;
mod identity;
mod issued_credentials;
mod joined_call;
mod record;
mod trust_policy;

pub use access_calls::ACCESS_CALLS;
pub use actor::Actor;
pub use call::{LINEAGE_CALLS, LineageCall, NewIdentity};
pub(crate) use call_lookup::session_issuing_calls;
pub use follow::{follow_lineage, follow_lineage_with_outsiders};
pub use grant::{EdgeKind, Grant};
pub use graph::{Attempt, Edge, Lineage, Node, Start};
pub use identity::Identity;
pub use record::LineageRecord;

#[cfg(test)]
mod follow_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod test_records;
