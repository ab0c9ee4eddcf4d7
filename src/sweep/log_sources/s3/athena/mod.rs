//! Athena as an index: queries over the lines of the objects name those that may contain a match, and only
//! these are read and matched. What a query did not name counts as searched; the list of the bucket still
//! decides what there is, so whatever Athena skips is known and read.
//!
//! ```text
//! folder_days ── lists the folders that have a table: objects and bytes by day
//! cost ───────── what queries and reading take, and whether Athena is clearly better
//! statement ──── the statements, cut by account, Region and day
//! query_runner ─ starts a statement or finds it again, waits, reads its rows, stops it
//! build ──────── all of it for one bucket
//! bucket_index ─ which objects need not be read
//! ```

mod bucket_index;
mod build;
mod cost;
mod folder_days;
mod query_end;
mod query_runner;
mod query_token;
mod statement;

pub(super) use bucket_index::BucketIndex;
pub(super) use build::build_index;
