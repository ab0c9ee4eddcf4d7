//! Numbers, sizes, amounts and durations as text for people. Every message and report uses these
//! functions, so that the same number looks the same everywhere. Times are in [`crate::time`].

mod count;
mod duration;
mod list;
mod money;
mod size;

pub use count::{count, plural};
pub use duration::{clock_duration, duration};
pub use list::{abridged, kind_counts};
pub use money::{about_money, money};
pub use size::bytes;
