//! What hunts come to: counted page by page while the sweep goes on, merged over the organization after it.
//!
//! A row of a hunt is a sighting; its columns are read from the stored message again when the run is merged,
//! so that nothing is stored twice. What a hunt counts is stored by page and place, and adds up in any order.

mod counts;
mod page_counts;
mod rows;

pub use counts::{HuntCounts, merged_counts};
pub(super) use page_counts::{PageCounts, kind_of_count};
pub use rows::{HuntRows, POINTER, RowPlace, merged_rows};
