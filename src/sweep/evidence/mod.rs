//! Where the evidence is: what records what happens in each account's Region, and whether that was searched.
//!
//! In most organizations one trail delivers everybody's records into one log group of one account. So groups
//! alone say little about coverage: every target is asked which trails and flow logs record it (`ask`), the
//! groups that they deliver to join the plan wherever they are (`elsewhere`), and at the end each recorder is
//! judged by what its owner tells and by how the search of its group ended (`judge`). `silence` looks for
//! whoever switches the recording off.

mod ask;
mod judge;
pub(super) mod remote_sources;
mod sources;
pub(super) mod trail_integrity;

pub use ask::{Answer, ask, ask_owner};
pub use judge::GroupEnd;
pub use sources::{Sources, sources, sources_of_run};
