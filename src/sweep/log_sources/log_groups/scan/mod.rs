//! Scans log groups in work units. A unit is a time range of a log group that is read page by page
//! and can be resumed independently.
//!
//! A log group starts as one unit per time range (`passes`). The units of an account-Region wait in
//! a queue, and the longest one is started whenever the quota has a permit that no unit in progress
//! needs (`queue`). A unit that turns out to be long is split into slices, which join the queue
//! (`slices`).
//!
//! Units that Insights reads wait until one query can cover many of them (`batches`). A query that
//! has more rows than Insights returns (`queries`) is split by time, by log group and by log stream
//! (`insights_runner`, `cuts`).

mod batches;
mod class_limits;
mod cuts;
mod group_scan;
mod insights_runner;
mod log_objects;
mod page_positions;
mod passes;
mod queries;
mod query_outcome;
mod query_results;
mod query_rows;
mod queue;
mod queue_handle;
mod received_rows;
mod scan_spec;
mod slices;
mod truncated_events;
mod unit;
mod work_ahead;

use std::time::Duration;

pub(super) use passes::start_passes;
pub(super) use queue::Queue;
pub(super) use scan_spec::ScanSpec;

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
