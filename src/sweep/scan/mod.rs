//! Log groups are read in units: stretches of a group's time, each page by page, each resumable by itself.
//!
//! A group begins as one unit (`group`). The units of one account's Region wait in a queue, and the longest is begun
//! whenever the quota has a permit that no unit under way wants (`queue`). A unit that turns out to be long is cut,
//! as is one that goes on while the quota is not used up (`slices`): its parts join the queue.
//!
//! Units that Insights reads wait until one query can ask about many of them (`batches`). A query that gives more rows
//! than can be had (`queries`) is cut by time, by log group and by stream (`inquiry`, `cuts`).

mod batches;
mod cuts;
mod group_scan;
mod insights_runner;
mod queries;
mod queue;
mod slices;
mod unit;

use std::time::Duration;

pub(super) use group_scan::{GroupScan, ScanSpec};
pub(super) use queue::Queue;

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
