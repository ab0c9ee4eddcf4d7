//! The scan of one log group: the passes that it goes through, the work units of each pass, and its
//! outcome.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tracing::info;

use super::queue::Queue;
use super::slices::Load;
use super::unit::{Span, Unit};
use crate::aws::{CallError, ErrorClass, EventPage, Session};
use crate::search::FlowLogFormats;
use crate::store::{CoverageId, Entry, JournalClosed, KnownUnit, KnownUnits, Pass};
use crate::sweep::evidence::trail_integrity;
use crate::sweep::group_trust::GroupTrust;
use crate::sweep::outcome;
use crate::sweep::run::SweepContext;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{Engine, LogGroupClass, Outcome, Reason, Status, Target};

/// The maximum number of slices of one log group. It bounds the work that a server can cause,
/// whatever log times its events claim.
const MAX_SLICES: usize = 4_096;

/// The specification of a scan: the log group, what to read of it, and its outcome if everything is
/// read.
#[derive(Debug)]
pub(in crate::sweep) struct ScanSpec {
    pub shared: Arc<SweepContext>,
    pub session: Arc<Session>,
    pub target: Target,
    pub name: String,
    pub coverage_id: CoverageId,
    pub trust: GroupTrust,
    /// Which events are searched, by time.
    pub time_filter: TimeFilter,
    /// The engine of the search pass, unless earlier work units already have one.
    pub engine: Engine,
    /// Whether the other engine may read what this one cannot.
    pub allow_handover: bool,
    pub class: LogGroupClass,
    /// The customer-managed KMS key that encrypts it, if there is one.
    pub kms_key: Option<String>,
    /// Whether a server-side filter pattern may be used.
    pub narrow: bool,
    /// The outcome if masked values cannot be read unmasked. Set only if unmasking is requested.
    pub if_masked: Option<Outcome>,
    /// The formats of the flow logs that deliver to it.
    pub flow_logs: FlowLogFormats,
    /// The number of pages that it probably has.
    pub expected_pages: f64,
    /// The estimated cost of one Insights query over it, in US dollars.
    pub insights_usd: f64,
    /// The outcome if every page is read.
    pub outcome: Outcome,
}

impl ScanSpec {
    /// Returns the outcome after a call failed and was not retried any more.
    pub(super) fn outcome_for_error(&self, error: &CallError) -> Outcome {
        let mentions_kms =
            error.message.to_ascii_lowercase().contains("kms") || error.code.contains("KMS");
        match (&self.kms_key, &self.class) {
            (Some(key), _) if mentions_kms => Outcome::with_reason(
                Status::Failed,
                Reason::KeyNotUsable,
                format!("{key}: {error}"),
            ),
            (_, LogGroupClass::Unknown(class)) if error.class == ErrorClass::Refused => {
                Outcome::with_reason(
                    Status::Unsearchable,
                    Reason::ClassNotReadable,
                    format!("{class}: {error}"),
                )
            }
            _ => outcome::from_call_error(error),
        }
    }
}

/// The scan of a log group in progress.
#[derive(Debug)]
pub(in crate::sweep) struct GroupScan {
    pub spec: ScanSpec,
    /// Weak, because the queue holds units and units hold their scan: when a sweep is cancelled,
    /// everything must be dropped.
    queue: Weak<Queue>,
    receives_trail: AtomicBool,
    /// Whether the filter engine read any of it. Its search pattern does not select tampering
    /// calls.
    is_filtered: AtomicBool,
    /// Whether any of it was read with its values masked.
    was_read_masked: AtomicBool,
    slices: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The passes that are left.
    passes: std::slice::Iter<'static, Pass>,
    /// What an earlier part of the run stored of these passes.
    known: KnownUnits,
    /// Units of the current pass that have not ended.
    open_units: usize,
    /// The outcome of the log group because a unit could not be read completely.
    failure: Option<Outcome>,
    /// The part of the scan budget that is reserved for the log group and not settled.
    reserved_usd: f64,
}

impl State {
    /// Returns the next pass, and what an earlier part of the run stored of it.
    fn next_pass(&mut self) -> Option<(Pass, Vec<KnownUnit>)> {
        self.passes
            .next()
            .map(|pass| (*pass, self.known.take(*pass)))
    }
}

impl GroupScan {
    /// Starts or resumes the scan of a log group: adds its units to the queue.
    pub(crate) async fn start(
        spec: ScanSpec,
        known: KnownUnits,
        queue: &Arc<Queue>,
    ) -> Result<(), JournalClosed> {
        let receives_trail = !spec.trust.trails.is_empty()
            || known.has_started(Pass::TrailIntegrity)
            || trail_integrity::is_trail_log_group(&spec.name);
        let passes = Pass::ALL.iter();
        let reserved_usd = if spec.engine == Engine::Insights {
            spec.insights_usd
        } else {
            0.0
        };
        let scan = Arc::new(Self {
            queue: Arc::downgrade(queue),
            receives_trail: AtomicBool::new(receives_trail),
            is_filtered: AtomicBool::new(false),
            was_read_masked: AtomicBool::new(false),
            slices: AtomicUsize::new(0),
            state: Mutex::new(State {
                passes,
                known,
                open_units: 0,
                failure: None,
                reserved_usd,
            }),
            spec,
        });
        scan.next_pass().await
    }

    /// Returns whether a trail delivers to it, as far as known.
    pub(crate) fn receives_trail(&self) -> bool {
        self.receives_trail.load(Ordering::Relaxed)
    }

    /// Notes that a trail delivers to the log group if a page contains a trail's log stream.
    pub(super) fn note_trail_streams(&self, page: &EventPage) {
        if page
            .events
            .iter()
            .any(|event| trail_integrity::is_trail_stream(&event.log_stream))
        {
            self.receives_trail.store(true, Ordering::Relaxed);
        }
    }

    /// Returns the server-side filter pattern of a pass.
    pub(super) fn pattern(&self, pass: Pass) -> Option<String> {
        match pass {
            Pass::Search => self
                .spec
                .shared
                .search_set
                .pattern(&self.spec.flow_logs, self.spec.narrow),
            Pass::TrailIntegrity => Some(trail_integrity::pattern()),
            Pass::Passthrough => None,
        }
    }

    /// Returns whether unmasked values are requested.
    pub(super) fn requests_unmasked(&self) -> bool {
        self.spec.if_masked.is_some() && !self.was_read_masked.load(Ordering::Relaxed)
    }

    /// Continues with masked values, because AWS denied the request for unmasked ones.
    pub(super) fn fall_back_to_masked(&self, error: &CallError) {
        info!(group = %self.spec.name, %error, "unmasked values are denied; reading masked values");
        self.note_masked_read();
    }

    /// Notes that some of it is read with its values masked.
    pub(super) fn note_masked_read(&self) {
        self.was_read_masked.store(true, Ordering::Relaxed);
    }

    /// Returns whether a unit has failed, so that the log group cannot be read completely any more.
    pub(super) fn has_failed(&self) -> bool {
        self.state().failure.is_some()
    }

    /// Reserves `more` slices and returns whether the log group may have that many.
    pub(super) fn reserve_slices(&self, more: usize) -> bool {
        self.slices
            .fetch_add(more, Ordering::Relaxed)
            .saturating_add(more)
            <= MAX_SLICES
    }

    /// Adds to the number of open units of the current pass.
    pub(super) fn add_open_units(&self, more: usize) {
        self.state().open_units += more;
    }

    /// Takes the reservation for the first query.
    pub(super) fn take_reservation(&self) -> f64 {
        std::mem::take(&mut self.state().reserved_usd)
    }

    /// Adds units to the current pass.
    pub(super) fn enqueue_units(&self, units: Vec<Unit>) {
        self.add_open_units(units.len());
        if let Some(queue) = self.queue.upgrade() {
            queue.add(units);
        }
    }

    /// Puts a unit of the current pass back into the queue.
    pub(super) fn requeue(&self, unit: Unit) {
        if let Some(queue) = self.queue.upgrade() {
            queue.add(vec![unit]);
        }
    }

    /// Counts a new unit with this many expected pages.
    pub(super) fn register_unit(&self, engine: Engine, pages: f64) {
        self.is_filtered
            .fetch_or(engine == Engine::Filter, Ordering::Relaxed);
        if let Some(queue) = self.queue.upgrade() {
            queue.register_unit();
            queue.add_expected_pages(pages);
        }
    }

    /// Counts a unit as finished or dropped.
    pub(super) fn unregister_unit(&self) {
        if let Some(queue) = self.queue.upgrade() {
            queue.unregister_unit();
        }
    }

    /// Adds `more` to the number of pages that are left to read; it may be negative.
    pub(super) fn add_expected_pages(&self, more: f64) {
        if let Some(queue) = self.queue.upgrade() {
            queue.add_expected_pages(more);
        }
    }

    /// Counts a page that was read under the quota.
    pub(super) fn count_page(&self) {
        if let Some(queue) = self.queue.upgrade() {
            queue.count_page();
        }
    }

    /// Returns the load of the queue, or `None` if the sweep was cancelled.
    pub(super) fn load(&self) -> Option<Load> {
        self.queue.upgrade().map(|queue| queue.load())
    }

    /// Counts a unit as ended. After the last unit, the next pass starts or the log group ends.
    pub(super) async fn finish_unit(
        self: &Arc<Self>,
        result: Result<(), Outcome>,
    ) -> Result<(), JournalClosed> {
        let failure = {
            let mut state = self.state();
            if let Err(outcome) = result {
                state.failure.get_or_insert(outcome);
            }
            state.open_units -= 1;
            if state.open_units > 0 {
                return Ok(());
            }
            state.failure.take()
        };
        match failure {
            Some(outcome) => self.finish(outcome).await,
            None => self.next_pass().await,
        }
    }

    /// Starts the next pass that has anything left to read. After the last pass, the log group
    /// ends.
    async fn next_pass(self: &Arc<Self>) -> Result<(), JournalClosed> {
        loop {
            let next = self.state().next_pass();
            let Some((pass, known)) = next else {
                let masked = self
                    .spec
                    .if_masked
                    .as_ref()
                    .filter(|_| self.was_read_masked.load(Ordering::Relaxed));
                return self
                    .finish(masked.unwrap_or(&self.spec.outcome).clone())
                    .await;
            };
            if pass == Pass::TrailIntegrity && !self.needs_integrity_pass() {
                continue;
            }
            let units = self.create_units(pass, known).await?;
            if !units.is_empty() {
                self.enqueue_units(units);
                return Ok(());
            }
        }
    }

    /// Returns whether the trail-integrity pass is needed. It is not if the search read all events,
    /// because tampering calls were then among them.
    fn needs_integrity_pass(&self) -> bool {
        let is_filtered = self.is_filtered.load(Ordering::Relaxed);
        self.spec.shared.settings.check_trail_integrity
            && self.receives_trail()
            && is_filtered
            && self.pattern(Pass::Search).is_some()
    }

    async fn create_units(
        self: &Arc<Self>,
        pass: Pass,
        known: Vec<KnownUnit>,
    ) -> Result<Vec<Unit>, JournalClosed> {
        let now_ms = self.spec.shared.clock.now_ms();
        if !known.is_empty() {
            let is_filtered = known.iter().any(|unit| unit.engine == Engine::Filter);
            self.is_filtered.fetch_or(is_filtered, Ordering::Relaxed);
            return Ok(known
                .iter()
                .filter_map(|known| Unit::from_known(self, known, now_ms))
                .collect());
        }
        let search_set = &self.spec.shared.search_set;
        let is_needed = match pass {
            Pass::Search => !search_set.is_passthrough_only(),
            Pass::TrailIntegrity => true,
            Pass::Passthrough => !search_set.passthrough_queries().is_empty(),
        };
        if !is_needed {
            return Ok(Vec::new());
        }
        let time_ranges = self.spec.time_filter.log_time_ranges();
        let expected_pages = self.spec.expected_pages / time_ranges.len().max(1) as f64;
        let engine = match pass {
            Pass::Search => self.spec.engine,
            // This pass repeats only what the pattern of the filter engine left out.
            Pass::TrailIntegrity => Engine::Filter,
            Pass::Passthrough => Engine::Insights,
        };
        let unit = |(from_ms, to_ms)| {
            Unit::new(
                self,
                pass,
                engine,
                Span {
                    from_ms,
                    to_ms,
                    expected_pages,
                },
            )
        };
        let units: Vec<Unit> = time_ranges.into_iter().map(unit).collect();
        // Written as one entry: on resume, a pass of which only some units were stored would look
        // complete.
        self.spec
            .shared
            .journal
            .write(Entry::Units(units.iter().map(Unit::to_row).collect()))
            .await?;
        Ok(units)
    }

    async fn finish(&self, outcome: Outcome) -> Result<(), JournalClosed> {
        self.spec
            .shared
            .finish_row(self.spec.coverage_id, outcome)
            .await?;
        self.spec.shared.tally.log_group_done();
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned lock is safe to use: no change under it is left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
