//! Concludes an activation: its sightings become alerts and its coverage becomes watermarks, in one
//! transaction.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Transaction;

use super::agenda::Agenda;
use super::alert::{Alert, AlertKind, Row};
use super::alert_batch::Batch;
use super::alert_title::{alert_title, coverage_title};
use super::coverage::CoverageChanges;
use super::finding_alerts::FindingAlerts;
use super::own_calls::OwnCalls;
use super::state::{self, ActivationEnd, ActivationRecord, State, StateError, Totals};
use super::watermark::{ScopeNode, Watermark};
use crate::contain::ContainmentMonitor;
use crate::settings::ScheduleSettings;
use crate::store::{RunDir, RunReader, RunRegistry, StoreError};
use crate::sweep::{JudgementBasis, watched_coverage};
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{Coverage, Hunt, SourceSelection, WindowEnd};

/// Deduplication records older than this, in milliseconds, are deleted, unless a watermark is
/// older.
const REMEMBERED_MS: i64 = 30 * 24 * 3_600_000;

/// A run that has ended, with its counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedRun {
    /// The directory of the run.
    pub directory: PathBuf,
    /// How the run ended.
    pub end: ActivationEnd,
    /// Why the run could not be made at all; empty if it could.
    pub problem: String,
    /// The number of AWS calls.
    pub calls: u64,
    /// How many of these calls AWS throttled.
    pub throttled: u64,
    /// Bytes of messages that were read.
    pub bytes: u64,
    /// The runs of this machine, whose calls raise no alert.
    pub registry: RunRegistry,
}

/// An activation to conclude.
#[derive(Debug)]
pub(super) struct Conclusion<'a> {
    pub schedule: &'a ScheduleSettings,
    pub agenda: &'a Agenda,
    /// The containment that the schedule monitors.
    pub monitor: Option<&'a ContainmentMonitor>,
    /// The hunts of the run.
    pub hunts: &'a [Hunt],
    pub due_ms: i64,
    pub started_ms: i64,
    pub ended_ms: i64,
}

impl Conclusion<'_> {
    /// Concludes an activation whose run could not be made: nothing is covered. Only the first of
    /// several consecutive failures raises an alert.
    ///
    /// # Errors
    /// The database fails.
    pub(super) fn conclude_failed(
        &self,
        state: &State,
        problem: &str,
        run: Option<&FinishedRun>,
    ) -> Result<ActivationRecord, StateError> {
        let name = &self.schedule.name;
        let before = state.last_activation(name)?;
        let is_first_failure = before
            .as_ref()
            .is_none_or(|last| last.end != ActivationEnd::Failed);
        let mut record = self.new_record(ActivationEnd::Failed, run);
        problem.clone_into(&mut record.problem);
        record.uncovered = before.map_or(0, |last| last.uncovered);
        let title = format!("{name}: activation failed: {problem}");
        let alert = Alert {
            kind: AlertKind::ActivationFailed,
            title,
            ..self.alert_template(&record.run)
        };
        let mut alerts: Vec<Alert> = is_first_failure.then_some(alert).into_iter().collect();
        self.add_next_steps(&mut alerts);
        record.counts.alerts = alerts.len() as u64;
        state.change(|transaction| {
            self.put_alerts(transaction, &alerts)?;
            state::write_activation(transaction, name, &record)
        })?;
        Ok(record)
    }

    /// Concludes an activation whose run has ended, complete or not. New sightings become alerts.
    /// The watermarks of log groups that were read completely advance.
    ///
    /// # Errors
    /// The run or the database cannot be read or written. Nothing is stored then.
    pub(super) fn conclude_run(
        &self,
        state: &State,
        run: &FinishedRun,
        own_calls: &OwnCalls<'_>,
    ) -> Result<ActivationRecord, StateError> {
        let name = &self.schedule.name;
        let dir = RunDir::open(&run.directory)?;
        let reader = RunReader::open(&dir)?;
        let is_listed = matches!(run.end, ActivationEnd::Complete | ActivationEnd::Incomplete);
        let rows = reader.coverage(|rows| rows.collect::<Result<Vec<_>, StoreError>>())?;
        let watermarks = self.agenda.watermarks_after(&rows, is_listed);
        let changes = CoverageChanges::from_coverage(
            &state.account_coverage(name)?,
            &self.read_judged_coverage(&reader)?,
            is_listed,
            self.started_ms,
        );
        let basis = self.judgement_basis()?;
        let mut record = self.new_record(run.end, Some(run));
        record.uncovered = changes.uncovered();
        let template = self.alert_template(&record.run);
        state.change(|transaction| {
            let mut findings = FindingAlerts {
                schedule: self.schedule,
                monitor: self.monitor,
                hunts: self.hunts,
                started_ms: self.started_ms,
                transaction,
                counts: &mut record.counts,
            };
            let mut alerts = findings.sighting_alerts(&reader, own_calls, &template)?;
            alerts.extend(findings.count_alerts(&reader, &basis, &template)?);
            for alert in &mut alerts {
                alert.title = alert_title(name, alert);
            }
            alerts.extend(coverage_alert(
                &template,
                AlertKind::CoverageLost,
                &changes.lost,
            ));
            alerts.extend(coverage_alert(
                &template,
                AlertKind::CoverageRegained,
                &changes.regained,
            ));
            self.add_next_steps(&mut alerts);
            record.counts.alerts = alerts.len() as u64;
            self.put_alerts(transaction, &alerts)?;
            state::write_watermarks(transaction, name, self.started_ms, &watermarks)?;
            state::write_account_coverage(transaction, name, &changes.accounts)?;
            state::prune(transaction, name, self.prune_before_ms(&watermarks))?;
            state::write_activation(transaction, name, &record)
        })?;
        Ok(record)
    }

    /// The time before which deduplication records are deleted.
    fn prune_before_ms(&self, watermarks: &[(ScopeNode, Watermark)]) -> i64 {
        let oldest = watermarks
            .iter()
            .map(|(_, watermark)| watermark.until_ms)
            .min()
            .unwrap_or(self.started_ms);
        oldest
            .min(self.started_ms.saturating_sub(REMEMBERED_MS))
            .saturating_sub(self.schedule.overlap_ms)
    }

    fn started(&self) -> Timestamp {
        Timestamp::from_millisecond(self.started_ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn judgement_basis(&self) -> Result<JudgementBasis, StateError> {
        let window = self.agenda.widest_window().ok_or_else(|| {
            StateError::Damaged(
                "the window of the activation is outside the range of valid times".to_owned(),
            )
        })?;
        Ok(JudgementBasis {
            scope: self.schedule.reach().scope.clone(),
            sources: SourceSelection::default(),
            window,
            window_end: WindowEnd::Now,
            started: self.started(),
            checked_trail_integrity: false,
        })
    }

    fn read_judged_coverage(&self, reader: &RunReader) -> Result<Vec<Coverage>, StateError> {
        let scope = &self.schedule.reach().scope;
        Ok(watched_coverage(reader, scope, self.started(), |rows| {
            rows.collect::<Result<Vec<_>, StoreError>>()
        })?)
    }

    fn new_record(&self, end: ActivationEnd, run: Option<&FinishedRun>) -> ActivationRecord {
        let counts = Totals {
            calls: run.map_or(0, |run| run.calls),
            throttled: run.map_or(0, |run| run.throttled),
            bytes: run.map_or(0, |run| run.bytes),
            ..Totals::from_end(end)
        };
        ActivationRecord {
            due_ms: self.due_ms,
            started_ms: self.started_ms,
            ended_ms: self.ended_ms,
            end,
            problem: String::new(),
            run: run
                .map(|run| run.directory.display().to_string())
                .unwrap_or_default(),
            uncovered: 0,
            counts,
        }
    }

    /// The template of an alert. Its id is unique because two activations of a schedule never start
    /// in the same millisecond.
    fn alert_template(&self, run: &str) -> Alert {
        let at = Timestamp::from_millisecond(self.started_ms)
            .map(rfc3339_ms)
            .unwrap_or_default();
        Alert {
            id: format!("{}-{at}", self.schedule.name),
            schedule: self.schedule.name.clone(),
            kind: AlertKind::Sightings,
            severity: AlertKind::Sightings.severity(),
            at,
            title: String::new(),
            count: 0,
            rows: Vec::new(),
            tally: BTreeMap::new(),
            run: run.to_owned(),
            run_url: String::new(),
            next_step: String::new(),
        }
    }

    /// Adds what to do, and the address of the run. An alert without rows of its own has the
    /// severity of its kind.
    fn add_next_steps(&self, alerts: &mut [Alert]) {
        for alert in alerts {
            let has_own_severity = alert.rows.iter().any(|row| row.contains_key("severity"));
            if !has_own_severity {
                alert.severity = alert.kind.severity();
            }
            alert.next_step = alert.kind.next_step(&alert.run);
            if let Some(url) = &self.schedule.run_url {
                let id = Path::new(&alert.run)
                    .file_name()
                    .map(|id| id.to_string_lossy());
                let id = id.as_deref().unwrap_or_default();
                alert.run_url = url.render(id, &alert.schedule, &alert.id);
            }
        }
    }

    fn put_alerts(
        &self,
        transaction: &Transaction<'_>,
        alerts: &[Alert],
    ) -> Result<(), StateError> {
        state::put_alerts(transaction, alerts, &self.schedule.sinks, self.ended_ms)
    }
}

/// Returns the alert about accounts whose coverage changed, if any.
fn coverage_alert(template: &Alert, kind: AlertKind, accounts: &[Row]) -> Option<Alert> {
    let mut batch = Batch::default();
    for row in accounts {
        batch.push(row.clone());
    }
    let alert = batch.finish(template).into_iter().next()?;
    Some(Alert {
        id: format!("{}-{}", template.id, kind.as_str()),
        kind,
        title: coverage_title(&template.schedule, kind, accounts),
        count: accounts.len() as u64,
        ..alert
    })
}
