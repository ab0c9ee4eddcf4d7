//! Job 2: block a principal in every account, prove it, and put everything back.

mod document;

pub use document::{DENY_ALL, counted_size, denies_all, means_same};
