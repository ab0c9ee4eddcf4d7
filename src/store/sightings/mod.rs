//! The stored sightings of a run: narrow rows, with their messages in zstd chunks of some 64 KiB.
//!
//! Neighbouring messages are similar, so some fifty of them together compress three times better
//! than each alone. To read one of them, only about 64 KiB must be unpacked. Rows are sorted without
//! their messages, which are then read for thousands of rows together.

mod messages;
mod narrow_row;
mod packing;
mod reading;
mod record;
mod stored_row;

pub use packing::Sightings;
pub use reading::SightingRows;
pub(super) use reading::{newest_chunk, pass_new_rows};
pub use record::SightingRecord;
pub use stored_row::StoredRow;
