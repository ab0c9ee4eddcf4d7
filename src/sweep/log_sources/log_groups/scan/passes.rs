//! The passes of a scan: starts the first one, creates the work units of each, and starts the next
//! one when the last unit has ended.

use std::sync::{Arc, Weak};

use super::group_scan::GroupScan;
use super::queue::Queue;
use super::scan_spec::ScanSpec;
use super::unit::{Span, Unit, UnitQueue};
use crate::store::{Entry, JournalClosed, KnownUnit, KnownUnits, Pass};
use dragnet_model::{Engine, Outcome};

/// Starts or resumes the scan of a log group: adds its units to the queue.
pub(in crate::sweep) async fn start_passes(
    spec: ScanSpec,
    known: KnownUnits,
    queue: &Arc<Queue>,
) -> Result<(), JournalClosed> {
    let scan = Arc::new(GroupScan::new(spec, known));
    let queue = Arc::downgrade(queue);
    let queue: Weak<dyn UnitQueue> = queue;
    start_next_pass(&scan, &queue).await
}

impl Unit {
    /// Reports the end of the unit to its scan. An error becomes the outcome of the log group. After
    /// the last unit, the next pass starts or the log group ends.
    pub(super) async fn finish(mut self, result: Result<(), Outcome>) -> Result<(), JournalClosed> {
        self.hide(result.is_ok());
        let scan = self.scan();
        let Some(ended) = scan.end_unit(result) else {
            return Ok(());
        };
        self.show_end_of_pass();
        match ended {
            Ok(()) => start_next_pass(scan, self.queue()).await,
            Err(outcome) => scan.finish(outcome).await,
        }
    }
}

/// Starts the next pass that has anything left to read. After the last pass, the log group ends.
async fn start_next_pass(
    scan: &Arc<GroupScan>,
    queue: &Weak<dyn UnitQueue>,
) -> Result<(), JournalClosed> {
    loop {
        let Some((pass, known)) = scan.take_next_pass() else {
            return scan.finish_searched().await;
        };
        if pass == Pass::TrailIntegrity && !scan.needs_integrity_pass() {
            continue;
        }
        let units = if known.is_empty() {
            create_units(scan, queue, pass).await?
        } else {
            restore_units(scan, queue, &known)
        };
        if !units.is_empty() {
            scan.add_open_units(units.len());
            if let Some(queue) = queue.upgrade() {
                queue.add(units);
            }
            return Ok(());
        }
    }
}

/// Restores the units of a pass that an earlier part of the run did not finish.
fn restore_units(
    scan: &Arc<GroupScan>,
    queue: &Weak<dyn UnitQueue>,
    known: &[KnownUnit],
) -> Vec<Unit> {
    let now_ms = scan.spec.shared.clock.now_ms();
    for unit in known {
        // Also of the units that were read completely.
        scan.note_engine(unit.engine);
    }
    known
        .iter()
        .filter_map(|known| Unit::from_known(scan, queue, known, now_ms))
        .collect()
}

/// Creates the units of a pass: one per time range.
async fn create_units(
    scan: &Arc<GroupScan>,
    queue: &Weak<dyn UnitQueue>,
    pass: Pass,
) -> Result<Vec<Unit>, JournalClosed> {
    let search_set = &scan.spec.shared.search_set;
    let is_needed = match pass {
        Pass::Search => !search_set.is_passthrough_only(),
        Pass::TrailIntegrity => true,
        Pass::Passthrough => !search_set.passthrough_queries().is_empty(),
    };
    if !is_needed {
        return Ok(Vec::new());
    }
    let mut time_ranges = scan.spec.time_filter.log_time_ranges();
    if let Some(slice) = scan.spec.slice {
        let parts = time_ranges.into_iter();
        time_ranges = parts.filter_map(|range| slice.part_of(range)).collect();
    }
    let expected_pages = scan.expected_pages(pass) / time_ranges.len().max(1) as f64;
    let engine = match pass {
        Pass::Search => scan.spec.engine,
        // This pass repeats only what the pattern of the filter engine left out.
        Pass::TrailIntegrity => Engine::Filter,
        Pass::Passthrough => Engine::Insights,
    };
    let unit = |(from_ms, to_ms)| {
        let span = Span {
            from_ms,
            to_ms,
            expected_pages,
        };
        Unit::new(scan, queue, pass, engine, span)
    };
    let units: Vec<Unit> = time_ranges.into_iter().map(unit).collect();
    // Written as one entry: on resume, a pass of which only some units were stored would look
    // complete.
    scan.spec
        .shared
        .journal
        .write(Entry::Units(units.iter().map(Unit::to_row).collect()))
        .await?;
    Ok(units)
}
