//! The scan of one log group in progress: its pass, how many of its work units are open, and what
//! was learned about it on the way.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tracing::info;

use super::scan_spec::ScanSpec;
use super::truncated_events::TruncatedEvents;
use crate::aws::{CallError, EventPage, LogEvent};
use crate::search::{FlowLogFormats, is_transformed};
use crate::store::{
    Entry, JournalClosed, KnownUnit, KnownUnits, Pass, TRANSFORMED_MARK, TRUNCATED_EVENTS,
};
use crate::sweep::evidence::trail_integrity;
use crate::sweep::examine::PageOrigin;
use dragnet_model::format::plural;
use dragnet_model::{Engine, LogGroupArn, Outcome, Reason, Status};

/// The maximum number of slices of one log group. It bounds the work that a server can cause,
/// whatever log times its events claim.
const MAX_SLICES: usize = 4_096;

/// The scan of a log group in progress.
#[derive(Debug)]
pub(super) struct GroupScan {
    pub spec: ScanSpec,
    receives_trail: AtomicBool,
    /// Whether it was known before any page was read that a trail delivers to it.
    is_known_trail_group: bool,
    /// How many events of CloudTrail a pipeline transformed, by the number of the pass.
    transformed: [AtomicU64; Pass::ALL.len()],
    /// Whether the filter engine read any of it. Its search pattern does not select tampering
    /// calls.
    is_filtered: AtomicBool,
    /// Whether any of it was read with its values masked.
    was_read_masked: AtomicBool,
    slices: AtomicUsize,
    truncated: TruncatedEvents,
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
    /// The number of pages that the search read, if known.
    searched_pages: Option<f64>,
}

impl GroupScan {
    /// Creates the scan of a log group. `known` is what an earlier part of the run stored of it.
    pub(super) fn new(spec: ScanSpec, known: KnownUnits) -> Self {
        let receives_trail = !spec.trust.trails.is_empty()
            || known.has_started(Pass::TrailIntegrity)
            || trail_integrity::is_trail_log_group(&spec.name);
        let reserved_usd = if spec.engine == Engine::Insights {
            spec.insights_usd
        } else {
            0.0
        };
        Self {
            receives_trail: AtomicBool::new(receives_trail),
            is_known_trail_group: receives_trail,
            transformed: [
                AtomicU64::new(u64::from(known.found_transformed)),
                AtomicU64::new(0),
                AtomicU64::new(0),
            ],
            is_filtered: AtomicBool::new(false),
            was_read_masked: AtomicBool::new(false),
            slices: AtomicUsize::new(0),
            truncated: TruncatedEvents::new(known.has_truncated_events),
            state: Mutex::new(State {
                passes: Pass::ALL.iter(),
                known,
                open_units: 0,
                failure: None,
                reserved_usd,
                searched_pages: None,
            }),
            spec,
        }
    }

    /// Returns where the events of its pages come from.
    pub(super) fn page_origin(&self) -> PageOrigin<'_> {
        self.spec
            .page_origin(self.receives_trail.load(Ordering::Relaxed))
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

    /// Counts the truncated events of a page of the search. The first is recorded, so that a resumed
    /// run knows it.
    pub(super) async fn count_truncated_events(
        &self,
        pass: Pass,
        page: &EventPage,
    ) -> Result<(), JournalClosed> {
        if pass != Pass::Search || !self.may_have_truncated_events() {
            return Ok(());
        }
        if !self.truncated.count_page(page) {
            return Ok(());
        }
        let remark = Entry::Remark {
            coverage_id: self.spec.coverage_id,
            text: TRUNCATED_EVENTS.to_owned(),
        };
        self.spec.shared.journal.write(remark).await
    }

    /// The truncated events that were read.
    pub(super) fn truncated(&self) -> &TruncatedEvents {
        &self.truncated
    }

    /// Whether it may have truncated events: applications write these, and not CloudTrail.
    pub(super) fn may_have_truncated_events(&self) -> bool {
        self.spec.trust.trails.is_empty() && self.spec.flow_logs == FlowLogFormats::default()
    }

    /// Returns whether a trail delivers to the log group, as far as known.
    pub(super) fn receives_trail(&self) -> bool {
        self.receives_trail.load(Ordering::Relaxed)
    }

    /// Counts the events of a page that CloudTrail delivered and a pipeline transformed. With the first
    /// of them, returns an entry for the journal: a resumed run does not read this page again.
    #[must_use]
    pub(super) fn note_transformed(&self, pass: Pass, page: &EventPage) -> Option<Entry> {
        if !self.receives_trail() {
            return None;
        }
        let receives_channel = self.spec.trust.receives_channel();
        let is_delivered = |event: &&LogEvent| {
            receives_channel || trail_integrity::is_trail_stream(&event.log_stream)
        };
        let transformed = page
            .events
            .iter()
            .filter(is_delivered)
            .filter(|event| is_transformed(&event.message))
            .count() as u64;
        if transformed == 0 {
            return None;
        }
        let count = self.transformed.get(pass as usize)?;
        let is_first = count.fetch_add(transformed, Ordering::Relaxed) == 0;
        is_first.then(|| Entry::Remark {
            coverage_id: self.spec.coverage_id,
            text: format!("{TRANSFORMED_MARK}records in another form"),
        })
    }

    /// Returns the outcome of a log group that was read completely. It is incomplete if a pipeline
    /// transformed events: it may have dropped others, and hunts read only some of their fields.
    fn with_transformed(&self, mut outcome: Outcome) -> Outcome {
        // The passes read the same events.
        let counts = self.transformed.iter();
        let number = counts.map(|count| count.load(Ordering::Relaxed)).max();
        let number = number.unwrap_or_default();
        if number == 0 {
            return outcome;
        }
        let detail = format!("at least {} in another form", plural(number, "record"));
        if outcome.status == Status::Searched {
            return Outcome::with_reason(Status::Partial, Reason::Transformed, detail);
        }
        outcome.append_detail(&format!("{TRANSFORMED_MARK}{detail}"));
        outcome
    }

    /// Returns the server-side filter pattern of a pass.
    pub(super) fn pattern(&self, pass: Pass) -> Option<String> {
        let search_set = &self.spec.shared.search_set;
        match pass {
            // A page that is read later has the same pattern, so what pages show does not count.
            Pass::Search if self.is_known_trail_group => {
                search_set.trail_pattern(&self.spec.flow_logs, self.spec.narrow)
            }
            Pass::Search if self.may_have_truncated_events() => {
                search_set.pattern_with_truncated_events(&self.spec.flow_logs, self.spec.narrow)
            }
            Pass::Search => search_set.pattern(&self.spec.flow_logs, self.spec.narrow),
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
        self.state.lock().failure.is_some()
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
        self.state.lock().open_units += more;
    }

    /// Takes the reservation for the first query.
    pub(super) fn take_reservation(&self) -> f64 {
        std::mem::take(&mut self.state.lock().reserved_usd)
    }

    /// Notes that an engine reads some of it.
    pub(super) fn note_engine(&self, engine: Engine) {
        self.is_filtered
            .fetch_or(engine == Engine::Filter, Ordering::Relaxed);
    }

    /// Takes the next pass, and what an earlier part of the run stored of it.
    pub(super) fn take_next_pass(&self) -> Option<(Pass, Vec<KnownUnit>)> {
        let mut state = self.state.lock();
        let pass = *state.passes.next()?;
        let known = state.known.take(pass);
        Some((pass, known))
    }

    /// Counts a unit as ended. Returns the result of the pass if it was the last open unit.
    pub(super) fn end_unit(&self, result: Result<(), Outcome>) -> Option<Result<(), Outcome>> {
        let mut state = self.state.lock();
        if let Err(outcome) = result {
            state.failure.get_or_insert(outcome);
        }
        state.open_units -= 1;
        (state.open_units == 0).then(|| state.failure.take().map_or(Ok(()), Err))
    }

    /// Returns whether the trail-integrity pass is needed. It is not if the search read all events,
    /// because tampering calls were then among them.
    pub(super) fn needs_integrity_pass(&self) -> bool {
        let is_filtered = self.is_filtered.load(Ordering::Relaxed);
        self.spec.shared.settings.check_trail_integrity
            && self.receives_trail.load(Ordering::Relaxed)
            && is_filtered
            && self.pattern(Pass::Search).is_some()
    }

    /// Returns whether the trail-integrity pass will probably follow a search with this engine.
    pub(super) fn expects_integrity_pass(&self, engine: Engine) -> bool {
        self.spec.shared.settings.check_trail_integrity
            && self.receives_trail.load(Ordering::Relaxed)
            && engine == Engine::Filter
            && self.pattern(Pass::Search).is_some()
    }

    /// Notes how many pages the search read.
    pub(super) fn note_searched_pages(&self, pages: f64) {
        self.state.lock().searched_pages = Some(pages);
    }

    /// Returns how many pages the search read, if known.
    pub(super) fn searched_pages(&self) -> Option<f64> {
        self.state.lock().searched_pages
    }

    /// Returns how many pages a pass probably has. The tampering calls are searched for in the same
    /// events as the search, so this takes as many pages.
    pub(super) fn expected_pages(&self, pass: Pass) -> f64 {
        let expected = self.spec.expected_pages;
        match (pass, self.searched_pages()) {
            (Pass::TrailIntegrity, Some(pages)) => expected.max(pages),
            _ => expected,
        }
    }

    /// Ends the log group after its last pass.
    pub(super) async fn finish_searched(&self) -> Result<(), JournalClosed> {
        let masked = self
            .spec
            .if_masked
            .as_ref()
            .filter(|_| self.was_read_masked.load(Ordering::Relaxed));
        let outcome = masked.unwrap_or(&self.spec.outcome).clone();
        let outcome = self.truncated.add_to(outcome);
        self.finish(outcome).await
    }

    /// Ends the log group with this outcome.
    pub(super) async fn finish(&self, outcome: Outcome) -> Result<(), JournalClosed> {
        let outcome = self.with_transformed(outcome);
        let arn = LogGroupArn::new(self.spec.target.clone(), &self.spec.name);
        self.spec.shared.searched.add_group_outcome(&arn, &outcome);
        self.spec
            .shared
            .finish_row(self.spec.coverage_id, outcome)
            .await?;
        self.spec.shared.tally.log_group_done();
        Ok(())
    }
}
