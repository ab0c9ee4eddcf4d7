//! Plans the scan of a log group: whether it is read, how large it is in the searched time, and
//! which engine reads it.

use super::delivered::Delivered;
use super::engine::{EngineConstraints, Estimate, choose_engine};
use super::read_decision::{Decision, decide, outcome_if_too_new};
use super::scan::Queue;
use super::size_estimate::{expected_bytes, pages_of};
use crate::settings::EngineSettings;
use crate::store::{CoverageId, KnownUnits};
use crate::sweep::region_context::RegionContext;
use crate::sweep::scan_cost::scan_cost;
use crate::sweep::sliced_group::TimeSlice;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{Engine, LogGroup, LogGroupArn, LogGroupClass, Outcome, Reason, Status};

/// A log group whose scan is to be started or resumed.
#[derive(Debug)]
pub(super) struct PendingGroup {
    pub group: LogGroup,
    /// What log sources deliver to it.
    pub delivered: Delivered,
    /// Its row of the coverage.
    pub coverage_id: CoverageId,
    /// The work units of an earlier part of the run, and where these ended.
    pub units: KnownUnits,
}

/// How a log group is read.
#[derive(Debug)]
pub(super) struct ScanPlan {
    /// Which events are searched, by time.
    pub time_filter: TimeFilter,
    /// The part of the log time that this shard reads; `None` for all of it.
    pub slice: Option<TimeSlice>,
    pub estimate: SizeEstimate,
    pub engine: Engine,
    /// Whether the other engine may read what this one cannot.
    pub allow_handover: bool,
    /// Whether the server may filter.
    pub narrow: bool,
    /// The outcome if every event is read.
    pub outcome: Outcome,
    /// The outcome if unmasked values are requested but denied.
    pub if_masked: Option<Outcome>,
    /// The outcome if Insights refuses the window because the log group is too new for it.
    pub if_too_new: Option<Outcome>,
}

/// The estimated size of a log group in the searched time, and what reading it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizeEstimate {
    pub bytes: f64,
    pub pages: f64,
    pub engines: Estimate,
}

impl ScanPlan {
    /// Plans the scan of a log group whose work units wait in `queue`, or returns its outcome if it
    /// is not read. Reserves what the engine may cost from the scan budget.
    pub(super) fn new(
        context: &RegionContext,
        pending: &PendingGroup,
        queue: &Queue,
    ) -> Result<Self, Outcome> {
        let shared = &context.shared;
        let group = &pending.group;
        let arn = LogGroupArn::new(context.target(), &group.name);
        let time_filter = shared.windows.filter_for(&arn);
        let slice = shared.slice_of(&arn);
        // If nothing of the log group is in the searched time, the window of the sweep is used for
        // the estimates, and no events are read.
        let window = time_filter.whole_window().unwrap_or(shared.settings.window);
        let now = shared.clock.now();
        let slices = slice.map_or(1, |slice| slice.number).max(1);
        let bytes = expected_bytes(group, window, now) / slices as f64;
        let estimate = estimate_size(context, bytes, queue);
        let unmask = shared.settings.engines.unmask;
        let (narrow, outcome, if_masked) = match decide(group, window, shared.started, now, unmask)
        {
            Decision::Skip(outcome) => return Err(outcome),
            Decision::Read {
                narrow,
                outcome,
                if_masked,
            } => (narrow, outcome, if_masked),
        };
        let constraints = engine_constraints(context);
        let engine = choose(context, pending, constraints, estimate.engines)?;
        let outcome = if context.is_linked {
            linked_outcome(outcome)
        } else {
            outcome
        };
        Ok(Self {
            time_filter,
            slice,
            estimate,
            engine,
            allow_handover: !context.is_linked && constraints.allow_handover(group),
            narrow,
            outcome,
            if_masked,
            if_too_new: outcome_if_too_new(group, window),
        })
    }
}

/// Returns the outcome of a log group that is read through a monitoring account.
fn linked_outcome(outcome: Outcome) -> Outcome {
    if outcome.status == Status::Searched {
        Outcome::with_reason(Status::Partial, Reason::ReadThroughLink, "")
    } else {
        outcome
    }
}

/// Estimates what it takes to read `bytes` of a log group, after everything that waits in `queue`.
pub(super) fn estimate_size(context: &RegionContext, bytes: f64, queue: &Queue) -> SizeEstimate {
    let pages = pages_of(bytes);
    SizeEstimate {
        bytes,
        pages,
        engines: Estimate {
            filter_time: queue.time_left_with(pages),
            insights_usd: scan_cost(&context.region, bytes),
        },
    }
}

fn engine_constraints(context: &RegionContext) -> EngineConstraints {
    let EngineSettings { choice, unmask, .. } = context.shared.settings.engines;
    EngineConstraints {
        choice,
        unmask,
        is_pattern: context.shared.search_set.has_filter_pattern(),
    }
}

/// Chooses the engine that reads a log group, or returns the outcome of the group if none may read
/// it.
fn choose(
    context: &RegionContext,
    pending: &PendingGroup,
    constraints: EngineConstraints,
    estimate: Estimate,
) -> Result<Engine, Outcome> {
    let shared = &context.shared;
    if context.is_linked {
        // Queries name log groups, and those of another account are not in this one.
        return match &pending.group.class {
            LogGroupClass::Standard => Ok(Engine::Filter),
            class => Err(Outcome::with_reason(
                Status::Unsearchable,
                Reason::ClassNotReadable,
                class.to_string(),
            )),
        };
    }
    match pending.units.engine() {
        // On resume, the engine that an earlier part of the run chose is kept.
        Some(engine) => Ok(engine),
        // The search pass reads nothing then, so the engine makes no difference.
        None if shared.search_set.is_passthrough_only() => Ok(Engine::Filter),
        // All slices are read as planned.
        None if is_sliced(context, &pending.group) => Ok(Engine::Filter),
        None => choose_engine(&pending.group, constraints, estimate, |usd| {
            shared.budget.reserve(usd)
        }),
    }
}

/// Whether this shard reads only a part of the time of a log group.
pub(super) fn is_sliced(context: &RegionContext, group: &LogGroup) -> bool {
    let arn = LogGroupArn::new(context.target(), &group.name);
    context.shared.slice_of(&arn).is_some()
}
