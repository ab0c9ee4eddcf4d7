//! Concludes an activation: its sightings become alerts and its coverage becomes watermarks, in one
//! transaction.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Transaction;

use super::agenda::Agenda;
use super::alert::{Alert, AlertKind, Batch, Row};
use super::counted::{CountedGroup, counted_groups};
use super::coverage::CoverageChanges;
use super::own_calls::OwnCalls;
use super::sighting_identity::{SightingIdentity, identity, subject};
use super::state::{self, ActivationEnd, ActivationRecord, Identity, State, StateError, Totals};
use super::watermark::{ScopeNode, Watermark};
use crate::cli::settings::ScheduleSettings;
use crate::contain::ContainmentMonitor;
use crate::report::{AccountNames, sighting_row};
use crate::store::{RunDir, RunReader, RunRegistry, StoreError};
use crate::sweep::{
    JudgementBasis, MergeSource, merged_sightings, sources_of_run, watched_coverage,
};
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{Coverage, Hunt, OwnCall, Severity, Sighting, TimeWindow, WindowEnd};
use insights_ql::{Fields, Value};

/// Deduplication records older than this, in milliseconds, are deleted, unless a watermark is
/// older.
const REMEMBERED_MS: i64 = 30 * 24 * 3_600_000;

/// The column with what a sighting shows against a monitored containment.
const FINDING: &str = "finding";

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
        let window = self.agenda.widest_window().ok_or_else(|| {
            StateError::Damaged(
                "the window of the activation is outside the range of valid times".to_owned(),
            )
        })?;
        let mut record = self.new_record(run.end, Some(run));
        record.uncovered = changes.uncovered();
        let template = self.alert_template(&record.run);
        state.change(|transaction| {
            let counts = &mut record.counts;
            let mut alerts =
                self.sighting_alerts(transaction, &reader, own_calls, &template, counts)?;
            alerts.extend(self.count_alerts(transaction, &reader, window, &template, counts)?);
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

    /// Returns the alerts about new sightings, except those of Dragnet's own calls.
    fn sighting_alerts(
        &self,
        transaction: &Transaction<'_>,
        reader: &RunReader,
        own_calls: &OwnCalls<'_>,
        template: &Alert,
        counts: &mut Totals,
    ) -> Result<Vec<Alert>, StateError> {
        let names: AccountNames = reader
            .accounts()?
            .into_iter()
            .map(|account| (account.id.to_string(), account.name))
            .collect();
        let mut batch = Batch::default();
        let source = MergeSource {
            reader,
            registry: own_calls.registry(),
        };
        merged_sightings(source, |sightings| {
            for sighting in sightings {
                let sighting = sighting?;
                if sighting.own_call != OwnCall::Yes
                    && !own_calls.contains(&sighting, transaction)?
                {
                    self.add_sighting(transaction, &sighting, &names, counts, &mut batch)?;
                }
            }
            Ok::<_, StateError>(())
        })?;
        let kind = match self.monitor {
            Some(_) => AlertKind::ContainmentBroken,
            None => template.kind,
        };
        Ok(batch.finish(&Alert {
            kind,
            ..template.clone()
        }))
    }

    /// Returns the alerts about groups that hunts counted.
    fn count_alerts(
        &self,
        transaction: &Transaction<'_>,
        reader: &RunReader,
        window: TimeWindow,
        template: &Alert,
        counts: &mut Totals,
    ) -> Result<Vec<Alert>, StateError> {
        let sources = || {
            let basis = JudgementBasis {
                scope: self.schedule.reach().scope.clone(),
                window,
                window_end: WindowEnd::Now,
                started: self.started(),
                checked_trail_integrity: false,
            };
            sources_of_run(reader, &basis)
        };
        let mut batch = Batch::default();
        counted_groups(reader, sources, self.hunts, |group| {
            self.add_counted_group(transaction, group, counts, &mut batch)
        })?;
        let template = Alert {
            id: format!("{}-counts", template.id),
            kind: AlertKind::Counts,
            ..template.clone()
        };
        Ok(batch.finish(&template))
    }

    /// Adds a sighting to the alerts, unless `alert_when` excludes it, it shows nothing against the
    /// monitored containment, it is a duplicate, or its subject is suppressed.
    fn add_sighting(
        &self,
        transaction: &Transaction<'_>,
        sighting: &Sighting,
        names: &AccountNames,
        counts: &mut Totals,
        batch: &mut Batch,
    ) -> Result<(), StateError> {
        let ScheduleSettings {
            name, alert_when, ..
        } = self.schedule;
        let mut row = sighting_row(sighting, names);
        if alert_when
            .as_ref()
            .is_some_and(|condition| !condition.holds(&Columns(&row)))
        {
            return Ok(());
        }
        if let Some(monitor) = self.monitor {
            let Some(finding) = monitor.finding(sighting) else {
                return Ok(());
            };
            row.insert(FINDING.to_owned(), finding.into());
        }
        let SightingIdentity {
            identity,
            without_message,
        } = identity(sighting);
        if state::is_known(transaction, name, without_message)?
            || !state::insert_if_new(transaction, name, identity, self.started_ms)?
        {
            return Ok(());
        }
        counts.sightings += 1;
        if self.is_suppressed(transaction, subject(sighting))? {
            counts.suppressed += 1;
            return Ok(());
        }
        row.insert("alert_id".to_owned(), identity.to_string().into());
        let severity = self.severity(sighting).to_string();
        row.insert("severity".to_owned(), severity.into());
        batch.push(row);
        Ok(())
    }

    /// Returns the severity of a sighting: the highest of its hunts, and high for an indicator.
    fn severity(&self, sighting: &Sighting) -> Severity {
        let hunts = self
            .hunts
            .iter()
            .filter(|hunt| sighting.hunts.contains(&hunt.name));
        let of_hunts = hunts.map(|hunt| hunt.severity).max();
        let of_indicators = (!sighting.indicators.is_empty()).then_some(Severity::High);
        of_hunts.max(of_indicators).unwrap_or(Severity::Medium)
    }

    /// Adds a group that a hunt counted. With a threshold it is added whenever it is above the
    /// threshold, otherwise once.
    fn add_counted_group(
        &self,
        transaction: &Transaction<'_>,
        CountedGroup { identity, mut row }: CountedGroup,
        counts: &mut Totals,
        batch: &mut Batch,
    ) -> Result<(), StateError> {
        let ScheduleSettings {
            name, alert_when, ..
        } = self.schedule;
        let raises_alert = match alert_when {
            Some(threshold) => threshold.holds(&Columns(&row)),
            None => state::insert_if_new(transaction, name, identity, self.started_ms)?,
        };
        if !raises_alert {
            return Ok(());
        }
        counts.sightings += 1;
        if self.is_suppressed(transaction, identity)? {
            counts.suppressed += 1;
            return Ok(());
        }
        // A repeated alert about a group has another count, so it needs another id.
        row.insert(
            "alert_id".to_owned(),
            format!("{identity}-{}", self.started_ms).into(),
        );
        batch.push(row);
        Ok(())
    }

    /// Whether an earlier alert suppresses one about this subject. If none does, records that there
    /// is one now.
    fn is_suppressed(
        &self,
        transaction: &Transaction<'_>,
        subject: Identity,
    ) -> Result<bool, StateError> {
        let Some(quiet_ms) = self.schedule.suppress_ms else {
            return Ok(false);
        };
        let is_allowed = state::allow_after_suppression(
            transaction,
            &self.schedule.name,
            subject,
            quiet_ms,
            self.started_ms,
        )?;
        Ok(!is_allowed)
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

fn alert_title(schedule: &str, alert: &Alert) -> String {
    let count = alert.count;
    let is_monitored = matches!(alert.kind, AlertKind::ContainmentBroken | AlertKind::Digest);
    let first = alert.rows.first().filter(|_| is_monitored);
    let finding = first
        .and_then(|row| row.get(FINDING))
        .and_then(serde_json::Value::as_str);
    if let Some(finding) = finding {
        return match count {
            1 => format!("{schedule}: {finding}"),
            _ => format!("{schedule}: {count} calls against the containment; the first: {finding}"),
        };
    }
    match alert.kind {
        AlertKind::Digest => {
            format!("{schedule}: {count} sightings, too many to list; the run has all of them")
        }
        AlertKind::Counts if count == 1 => format!("{schedule}: 1 counted group"),
        AlertKind::Counts => format!("{schedule}: {count} counted groups"),
        _ if count == 1 => format!("{schedule}: 1 sighting"),
        _ => format!("{schedule}: {count} sightings"),
    }
}

/// Returns the alert about accounts whose coverage changed, if any.
fn coverage_alert(template: &Alert, kind: AlertKind, accounts: &[Row]) -> Option<Alert> {
    let first = accounts.first()?;
    let count = accounts.len() as u64;
    let text_of = |column: &str| {
        first
            .get(column)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    };
    let which = match count {
        1 => format!(
            "account {} ({}) is",
            text_of("account_id"),
            text_of("account_name")
        ),
        _ => format!("{count} accounts are"),
    };
    let what = match kind {
        AlertKind::CoverageLost => format!("{which} no longer covered"),
        _ => format!("{which} covered again"),
    };
    let mut batch = Batch::default();
    for row in accounts {
        batch.push(row.clone());
    }
    let alert = batch.finish(template).into_iter().next()?;
    let id = format!("{}-{}", template.id, kind.as_str());
    let title = format!("{}: {what}", template.schedule);
    Some(Alert {
        id,
        kind,
        title,
        count,
        ..alert
    })
}

/// The columns of a row as fields of a condition.
struct Columns<'a>(&'a Row);

impl Fields for Columns<'_> {
    fn field(&self, name: &str) -> Value<'_> {
        match self.0.get(name) {
            Some(serde_json::Value::String(text)) if !text.is_empty() => Value::from(text.as_str()),
            Some(serde_json::Value::Number(number)) => Value::Text(number.to_string().into()),
            Some(serde_json::Value::Bool(truth)) => Value::Bool(*truth),
            Some(serde_json::Value::Array(names)) if !names.is_empty() => {
                let names: Vec<&str> = names.iter().filter_map(serde_json::Value::as_str).collect();
                Value::Text(names.join(";").into())
            }
            _ => Value::Missing,
        }
    }
}
