//! The results of hunts: counts are collected page by page during the sweep and merged over the
//! organization after it.
//!
//! A row of a hunt is a sighting. Its columns are evaluated again from the stored message when the
//! run is merged, so nothing is stored twice. Counts are stored per page, account-Region and log
//! group, and can be added in any order.

mod counts;
mod page_counts;
mod rows;

pub use counts::{HuntCounts, merged_counts};
pub(super) use page_counts::{PageCounts, kind_of_count};
pub(crate) use rows::file_formats;
pub use rows::{HuntRows, POINTER, RowOrigin, merged_rows};
