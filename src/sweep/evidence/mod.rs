//! Determines which log sources record each account-Region, and whether their records were
//! searched.
//!
//! In most organizations, one trail delivers the records of all accounts to one log group of one
//! account. Log groups alone therefore say little about coverage. Every account-Region is asked
//! which trails and flow logs record it (`ask`). The log groups that they deliver to join the plan,
//! wherever they are (`remote_sources`). At the end, each log source is judged by its reported
//! state and by how the search of its log group ended (`judge`, `sources`). `trail_integrity`
//! searches for calls that stop, reduce or destroy recording.

pub(super) mod event_names;
mod judge;
mod look_up;
mod other_ends;
pub(super) mod remote_sources;
mod sources;
pub(super) mod trail_integrity;

pub use judge::GroupEnd;
pub(in crate::sweep) use judge::bucket_proves_window;
pub use look_up::{SourceLookups, look_up_log_sources, look_up_trail_state};
pub(in crate::sweep) use other_ends::delivers_to;
pub use other_ends::{ObjectsEnd, OtherEnds};
pub(in crate::sweep) use sources::judged_sources;
pub use sources::{Sources, sources, sources_of_run};
