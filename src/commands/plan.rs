//! The plan of a sweep: `--dry-run`, and what a sweep by Insights begins with.

use std::io::{self, Write};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::CommandError;
use super::run::Connection;
use crate::cli::settings::{EngineSettings, GlobalSettings, SweepSettings};
use crate::cli::{EngineChoice, UsageError};
use crate::model::RunId;
use crate::report::{
    CoverageTally, PlanReport, PlannedPlace, PlannedTarget, write_json, write_plan,
};
use crate::store::{Checkpoint, Journal};
use crate::sweep::{self, PlanSheet, SweepParts, Tally, WindowBasis};

/// Says what a sweep would do. Nothing is searched, and nothing is written.
///
/// # Errors
/// The sweep could not be made at all.
pub(super) async fn plan(
    connection: &Connection,
    settings: &SweepSettings,
    cancel: CancellationToken,
) -> Result<PlanSheet, CommandError> {
    let (aws, calls) = connection.fork();
    let started = connection.clock().now();
    // What Insights costs where nothing else was asked for is to be known, however much it is.
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
    let parts = SweepParts {
        aws,
        calls,
        clock: connection.clock().clone(),
        windows: WindowBasis::ParsedEventDetails(settings.window),
        settings,
        run_id: RunId::new(started, fastrand::u16(..)),
        started,
        checkpoint: Checkpoint::default(),
        journal: Journal::discarding(),
        tally: Arc::new(Tally::default()),
        cancel,
    };
    sweep::plan(parts).await.map_err(CommandError::Sweep)
}

/// Refuses a sweep by Insights that would cost more than it may, before anything is searched.
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
        // What cannot be planned cannot be swept: that is told by the run itself.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Plans a sweep, prints the plan, and gives the exit code: 3 where something would not be covered.
pub(super) async fn print(
    connection: &Connection,
    settings: &SweepSettings,
    global: GlobalSettings,
    cancel: CancellationToken,
) -> Result<u8, CommandError> {
    let sheet = plan(connection, settings, cancel.clone()).await?;
    let mut not_covered = CoverageTally::default();
    sheet
        .left_out()
        .iter()
        .for_each(|place| not_covered.add(place));
    let report = report(&sheet, settings);
    let mut page = Vec::new();
    if global.json {
        write_json(&report, &mut page)?;
    } else {
        write_plan(&report, &not_covered, global.color, &mut page)?;
    }
    io::stdout().lock().write_all(&page)?;
    Ok(
        match (cancel.is_cancelled(), not_covered.gaps().is_empty()) {
            (true, _) => 130,
            (false, true) => 0,
            (false, false) => 3,
        },
    )
}

fn report(sheet: &PlanSheet, settings: &SweepSettings) -> PlanReport {
    let targets: Vec<PlannedTarget> = sheet
        .targets()
        .iter()
        .map(|(target, plan)| PlannedTarget {
            account_id: target.account.to_string(),
            account_name: plan.account_name.clone(),
            region: target.region.to_string(),
            filter_log_groups: plan.filter.log_groups,
            filter_bytes: whole(plan.filter.bytes),
            calls: whole(plan.calls),
            seconds_at_quota: plan.takes.as_secs(),
            insights_log_groups: plan.insights.log_groups,
            bytes_to_scan: whole(plan.insights.bytes),
            cost_usd: plan.usd,
        })
        .collect();
    let indicators = settings.indicators.iter().map(ToString::to_string);
    PlanReport {
        looked_for: indicators
            .chain(settings.hunts.iter().map(|hunt| hunt.name.clone()))
            .collect(),
        window: settings.window.into(),
        engine: settings.engines.choice.to_string(),
        calls: targets.iter().map(|target| target.calls).sum(),
        seconds_at_quota: sheet.takes().as_secs(),
        bytes_to_scan: targets.iter().map(|target| target.bytes_to_scan).sum(),
        cost_usd: sheet.usd(),
        max_scan_cost_usd: settings.engines.max_scan_cost,
        targets,
        not_covered: sheet.left_out().iter().map(PlannedPlace::from).collect(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of 0 or more, below 2^53"
)]
fn whole(estimate: f64) -> u64 {
    estimate.round() as u64
}
