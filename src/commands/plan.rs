//! The plan of a sweep, for `--dry-run` and for the cost check before a sweep with Insights.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::{CommandError, print_note};
use crate::cli::UsageError;
use crate::report::{
    AthenaStatement, CoverageTally, PlanReport, PlannedGap, PlannedSources, PlannedTarget,
    SourceEstimate, SummaryWindow, write_json, write_plan,
};
use crate::settings::{EngineChoice, EngineSettings, GlobalSettings, SweepSettings};
use crate::store::{Checkpoint, EarlierFindings, Journal};
use crate::sweep::{
    self, PlanSheet, PlannedChoice, PlannedSource, ReadTime, SweepParts, Tally, WindowBasis,
    complete_until,
};
use dragnet_model::format::{count, plural};
use dragnet_model::{RunId, Target};

/// Plans a sweep without searching or writing anything.
///
/// # Errors
/// The sweep cannot be planned at all.
pub(super) async fn plan(
    connection: &Connection,
    settings: &SweepSettings,
    cancel: CancellationToken,
) -> Result<PlanSheet, CommandError> {
    let Some(parts) = plan_parts(connection, settings, cancel) else {
        // A search of files alone reads nothing in AWS.
        return Ok(PlanSheet::default());
    };
    sweep::plan(parts).await.map_err(CommandError::Sweep)
}

/// Plans a sweep in shards.
///
/// # Errors
/// The sweep cannot be planned at all.
pub(super) async fn plan_for_shards(
    connection: &Connection,
    settings: &SweepSettings,
    cancel: CancellationToken,
) -> Result<PlanSheet, CommandError> {
    let Some(parts) = plan_parts(connection, settings, cancel) else {
        return Ok(PlanSheet::default());
    };
    let sheet = sweep::plan_for_shards(parts).await;
    sheet.map_err(CommandError::Sweep)
}

fn plan_parts(
    connection: &Connection,
    settings: &SweepSettings,
    cancel: CancellationToken,
) -> Option<SweepParts> {
    let (aws, calls) = connection.fork()?;
    let started = connection.clock().now();
    // With `--engine insights` the plan shows the full cost, even above the limit.
    let EngineSettings {
        choice,
        max_scan_cost,
        unmask,
    } = settings.engines;
    let max_scan_cost = if choice == EngineChoice::Insights {
        f64::INFINITY
    } else {
        max_scan_cost
    };
    let settings = SweepSettings {
        engines: EngineSettings {
            choice,
            max_scan_cost,
            unmask,
        },
        ..settings.clone()
    };
    Some(SweepParts {
        part: None,
        aws,
        calls,
        clock: connection.clock().clone(),
        windows: WindowBasis::EventTime(settings.window),
        settings,
        run_id: RunId::new(started, fastrand::u16(..)),
        started,
        checkpoint: Checkpoint::default(),
        earlier: EarlierFindings::default(),
        journal: Journal::discarding(),
        tally: Arc::new(Tally::default()),
        cancel,
    })
}

/// Returns an error if a sweep with `--engine insights` would cost more than its limit, before
/// anything is searched.
pub(super) async fn refuse_over_cost(
    connection: &Connection,
    settings: &SweepSettings,
    cancel: CancellationToken,
) -> Result<(), CommandError> {
    let EngineSettings {
        choice,
        max_scan_cost,
        ..
    } = settings.engines;
    if choice != EngineChoice::Insights {
        return Ok(());
    }
    match plan(connection, settings, cancel).await {
        Ok(sheet) if sheet.usd() > max_scan_cost => Err(UsageError::OverScanCost {
            usd: sheet.usd(),
            max_scan_cost,
        }
        .into()),
        // If planning fails, the sweep fails too, and the run reports why.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Plans a sweep, prints the plan, and returns the exit code: 3 if something would not be covered.
pub(super) async fn print(
    connection: &Connection,
    settings: &SweepSettings,
    global: GlobalSettings,
    cancel: CancellationToken,
) -> Result<u8, CommandError> {
    let sheet = plan(connection, settings, cancel.clone()).await?;
    let mut not_covered = CoverageTally::new(settings.required.clone());
    sheet.left_out().iter().for_each(|row| not_covered.add(row));
    let is_covered = not_covered.gaps().is_empty() && sheet.unmatched().inclusions.is_empty();
    let now = connection.clock().now();
    let report = report(&sheet, settings, now);
    let mut page = Vec::new();
    if global.json {
        write_json(&report, &mut page)?;
    } else {
        write_plan(&report, &not_covered, global.color, &mut page)?;
    }
    io::stdout().lock().write_all(&page)?;
    if settings.follow.is_some() && !sheet.targets().is_empty() {
        print_note(&estimate_round(&report));
    }
    Ok(match (cancel.is_cancelled(), is_covered) {
        (true, _) => 130,
        (false, true) => 0,
        (false, false) => 3,
    })
}

/// Estimates a round of following: it repeats the search of one account for each account in which a
/// new identity can act.
fn estimate_round(report: &PlanReport) -> String {
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    for target in &report.targets {
        *calls.entry(&target.account_id).or_default() += target.calls;
    }
    let accounts = u64::try_from(calls.len()).unwrap_or(u64::MAX);
    let average = report.calls.div_ceil(accounts.max(1));
    let most = calls.values().max().copied().unwrap_or_default();
    format!(
        "Next round of --follow: about {} for each account in which a new identity can act, at most {}.",
        plural(average, "call"),
        count(most)
    )
}

fn report(sheet: &PlanSheet, settings: &SweepSettings, now: Timestamp) -> PlanReport {
    let targets: Vec<PlannedTarget> = sheet
        .targets()
        .iter()
        .map(|(target, plan)| PlannedTarget {
            account_id: target.account.to_string(),
            account_name: plan.account_name.clone(),
            region: target.region.to_string(),
            filter_log_groups: plan.filter.log_groups,
            filter_bytes: round(plan.filter.bytes),
            calls: round(plan.calls),
            seconds_at_quota: plan.duration.as_secs(),
            insights_log_groups: plan.insights.log_groups,
            bytes_to_scan: round(plan.insights.bytes),
            cost_usd: plan.usd,
            event_history_calls: plan.history_calls,
            s3_objects: plan.objects,
            s3_bytes: plan.object_bytes,
        })
        .collect();
    let indicators = settings.indicators.iter().map(ToString::to_string);
    PlanReport {
        looked_for: indicators
            .chain(settings.hunts.iter().map(|hunt| hunt.name.clone()))
            .collect(),
        window: SummaryWindow::new(settings.window, complete_until(settings.window, now)),
        engine: settings.engines.choice.to_string(),
        calls: targets.iter().map(|target| target.calls).sum(),
        seconds_at_quota: sheet.duration().as_secs(),
        bytes_to_scan: targets.iter().map(|target| target.bytes_to_scan).sum(),
        cost_usd: sheet.usd(),
        max_scan_cost_usd: settings.engines.max_scan_cost,
        liveness_calls: sheet.liveness_calls(),
        targets,
        source_choices: sheet
            .choices()
            .iter()
            .map(|(target, choice)| planned_sources(target, choice))
            .collect(),
        athena_statements: sheet
            .statements()
            .iter()
            .map(|planned| AthenaStatement {
                statement: planned.statement.clone(),
                cost_usd: planned.usd,
            })
            .collect(),
        not_covered: sheet.left_out().iter().map(PlannedGap::from).collect(),
        unmatched_selectors: sheet.unmatched().texts(),
    }
}

/// Returns the choice of sources for an account-Region as the plan reports it.
fn planned_sources(target: &Target, choice: &Arc<PlannedChoice>) -> PlannedSources {
    PlannedSources {
        account_id: target.account.to_string(),
        region: target.region.to_string(),
        reason: choice.reason.as_str(),
        explanation: choice.reason.explanation(),
        choice: Arc::as_ptr(choice).addr(),
        sources: choice.sources.iter().map(source_estimate).collect(),
    }
}

fn source_estimate(planned: &PlannedSource) -> SourceEstimate {
    let source = &planned.source;
    SourceEstimate {
        method: source.method.as_str(),
        location: source.location.clone(),
        is_read: planned.is_read,
        is_complete: planned.is_complete,
        calls: source.calls.map(round),
        seconds_at_quota: match source.time {
            ReadTime::AtQuota(time) => Some(time.as_secs()),
            ReadTime::Short | ReadTime::Unknown => None,
        },
        cost_usd: source.usd,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of 0 or more, below 2^53"
)]
fn round(estimate: f64) -> u64 {
    estimate.round() as u64
}
