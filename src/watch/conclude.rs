//! Concludes an activation: its sightings become alerts and its coverage becomes watermarks, in one
//! transaction.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use super::agenda::Agenda;
use super::alert::{Alert, AlertKind, Batch, Row};
use super::counted::{CountedGroup, counted_groups};
use super::coverage::CoverageNews;
use super::own_calls::OwnCalls;
use super::state::{self, ActivationEnd, ActivationRecord, Identity, State, StateError, Totals};
use crate::cli::settings::ScheduleSettings;
use crate::model::{Coverage, Hunt, Sighting};
use crate::query::{Fields, Value};
use crate::report::{AccountNames, sighting_row};
use crate::search::canonical_text;
use crate::store::{RunDir, RunReader, StoreError};
use crate::sweep::{judged_coverage, merged_sightings, sources_of_run};
use crate::time::rfc3339_ms;

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
}

/// An activation to conclude.
#[derive(Debug)]
pub(super) struct Conclusion<'a> {
    pub schedule: &'a ScheduleSettings,
    pub agenda: &'a Agenda,
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
    pub fn failed(
        &self,
        state: &State,
        problem: &str,
        run: Option<&FinishedRun>,
    ) -> Result<ActivationRecord, StateError> {
        let name = &self.schedule.name;
        let before = state.schedule(name)?;
        let is_news = before
            .as_ref()
            .is_none_or(|last| last.end != ActivationEnd::Failed);
        let mut activated = self.activated(ActivationEnd::Failed, run);
        problem.clone_into(&mut activated.problem);
        activated.uncovered = before.map_or(0, |last| last.uncovered);
        let title = format!("{name}: could not be activated: {problem}");
        let alert = Alert {
            kind: AlertKind::ActivationFailed,
            title,
            ..self.template(&activated.run)
        };
        let alerts: Vec<Alert> = is_news.then_some(alert).into_iter().collect();
        activated.counts.alerts = alerts.len() as u64;
        state.change(|transaction| {
            self.put(transaction, &alerts)?;
            state::write_activation(transaction, name, &activated)
        })?;
        Ok(activated)
    }

    /// Concludes an activation whose run has ended, complete or not. New sightings become alerts.
    /// The watermarks of log groups that were read completely advance.
    ///
    /// # Errors
    /// The run or the database cannot be read or written. Nothing is stored then.
    pub fn of_run(
        &self,
        state: &State,
        run: &FinishedRun,
        own: &mut OwnCalls,
    ) -> Result<ActivationRecord, StateError> {
        let ScheduleSettings { name, .. } = self.schedule;
        let dir = RunDir::open(&run.directory)?;
        let reader = RunReader::open(&dir)?;
        let listed = matches!(run.end, ActivationEnd::Complete | ActivationEnd::Incomplete);
        let rows = reader.coverage(|rows| rows.collect::<Result<Vec<_>, StoreError>>())?;
        let watermarks = self.agenda.after(&rows, listed);
        let news = CoverageNews::from_coverage(
            &state.standings(name)?,
            &self.judged(&reader)?,
            listed,
            self.started_ms,
        );
        let names: AccountNames = reader
            .accounts()?
            .into_iter()
            .map(|account| (account.id.to_string(), account.name))
            .collect();
        let mut activated = self.activated(run.end, Some(run));
        activated.uncovered = news.uncovered();
        let template = self.template(&activated.run);
        let window = self
            .agenda
            .widest()
            .ok_or_else(|| StateError::Damaged("its agenda has no time".to_owned()))?;
        let sources = || {
            sources_of_run(
                &reader,
                &self.schedule.reach().scope,
                window,
                self.started(),
            )
        };
        state.change(|transaction| {
            let mut batch = Batch::default();
            let mut counted = Batch::default();
            merged_sightings(&reader, |sightings| {
                for sighting in sightings {
                    let sighting = sighting?;
                    if !sighting.own_call && !own.made(&sighting, transaction)? {
                        self.tell(
                            transaction,
                            &sighting,
                            &names,
                            &mut activated.counts,
                            &mut batch,
                        )?;
                    }
                }
                Ok::<_, StateError>(())
            })?;
            let mut alerts = batch.finish(&template);
            counted_groups(&reader, sources, self.hunts, |group| {
                self.tell_of_group(transaction, group, &mut activated.counts, &mut counted)
            })?;
            let counts = Alert {
                id: format!("{}-counts", template.id),
                kind: AlertKind::Counts,
                ..template.clone()
            };
            alerts.extend(counted.finish(&counts));
            for alert in &mut alerts {
                alert.title = title(name, alert.kind, alert.count);
            }
            alerts.extend(about(&template, AlertKind::CoverageLost, &news.lost));
            alerts.extend(about(
                &template,
                AlertKind::CoverageRegained,
                &news.regained,
            ));
            activated.counts.alerts = alerts.len() as u64;
            self.put(transaction, &alerts)?;
            state::write_watermarks(transaction, name, self.started_ms, &watermarks)?;
            state::write_standings(transaction, name, &news.standings)?;
            let oldest = watermarks
                .iter()
                .map(|(_, mark)| mark.until_ms)
                .min()
                .unwrap_or(self.started_ms);
            let forgotten = oldest.min(self.started_ms.saturating_sub(REMEMBERED_MS));
            state::prune(
                transaction,
                name,
                forgotten.saturating_sub(self.schedule.overlap_ms),
            )?;
            state::write_activation(transaction, name, &activated)
        })?;
        Ok(activated)
    }

    /// Adds a sighting to the alerts, unless `alert_when` excludes it, it is a duplicate, or its
    /// subject is suppressed.
    fn tell(
        &self,
        transaction: &rusqlite::Transaction<'_>,
        sighting: &Sighting,
        names: &AccountNames,
        counts: &mut Totals,
        batch: &mut Batch,
    ) -> Result<(), StateError> {
        let ScheduleSettings {
            name,
            alert_when,
            suppress_ms,
            ..
        } = self.schedule;
        let mut row = sighting_row(sighting, names);
        if alert_when
            .as_ref()
            .is_some_and(|condition| !condition.holds(&Columns(&row)))
        {
            return Ok(());
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
        if let Some(quiet_ms) = suppress_ms
            && !state::allow_after_suppression(
                transaction,
                name,
                subject(sighting),
                *quiet_ms,
                self.started_ms,
            )?
        {
            counts.suppressed += 1;
            return Ok(());
        }
        row.insert("alert_id".to_owned(), identity.to_string().into());
        batch.push(row);
        Ok(())
    }

    /// Adds a group that a hunt counted. With a threshold it is added whenever it is above the
    /// threshold, otherwise once.
    fn tell_of_group(
        &self,
        transaction: &rusqlite::Transaction<'_>,
        CountedGroup { identity, mut row }: CountedGroup,
        counts: &mut Totals,
        batch: &mut Batch,
    ) -> Result<(), StateError> {
        let ScheduleSettings {
            name,
            alert_when,
            suppress_ms,
            ..
        } = self.schedule;
        let is_told = match alert_when {
            Some(threshold) => threshold.holds(&Columns(&row)),
            None => state::insert_if_new(transaction, name, identity, self.started_ms)?,
        };
        if !is_told {
            return Ok(());
        }
        counts.sightings += 1;
        if let Some(quiet_ms) = suppress_ms
            && !state::allow_after_suppression(
                transaction,
                name,
                identity,
                *quiet_ms,
                self.started_ms,
            )?
        {
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

    fn started(&self) -> Timestamp {
        Timestamp::from_millisecond(self.started_ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn judged(&self, reader: &RunReader) -> Result<Vec<Coverage>, StateError> {
        let scope = &self.schedule.reach().scope;
        Ok(judged_coverage(reader, scope, self.started(), |rows| {
            rows.collect::<Result<Vec<_>, StoreError>>()
        })?)
    }

    fn activated(&self, end: ActivationEnd, run: Option<&FinishedRun>) -> ActivationRecord {
        let counts = Totals {
            calls: run.map_or(0, |run| run.calls),
            throttled: run.map_or(0, |run| run.throttled),
            bytes: run.map_or(0, |run| run.bytes),
            ..Totals::of_end(end)
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
    fn template(&self, run: &str) -> Alert {
        let at = Timestamp::from_millisecond(self.started_ms)
            .map(rfc3339_ms)
            .unwrap_or_default();
        Alert {
            id: format!("{}-{at}", self.schedule.name),
            schedule: self.schedule.name.clone(),
            kind: AlertKind::Sightings,
            at,
            title: String::new(),
            count: 0,
            rows: Vec::new(),
            tally: BTreeMap::new(),
            run: run.to_owned(),
        }
    }

    fn put(
        &self,
        transaction: &rusqlite::Transaction<'_>,
        alerts: &[Alert],
    ) -> Result<(), StateError> {
        state::put_alerts(transaction, alerts, &self.schedule.sinks, self.ended_ms)
    }
}

fn title(schedule: &str, kind: AlertKind, count: u64) -> String {
    match kind {
        AlertKind::Digest => {
            format!(
                "{schedule}: {count} sightings at once: this is a digest, the run has all of them"
            )
        }
        AlertKind::Counts => format!("{schedule}: {count} of what is counted"),
        _ if count == 1 => format!("{schedule}: 1 sighting"),
        _ => format!("{schedule}: {count} sightings"),
    }
}

/// Returns the alert about accounts whose coverage changed, if any.
fn about(template: &Alert, kind: AlertKind, accounts: &[Row]) -> Option<Alert> {
    let first = accounts.first()?;
    let count = accounts.len() as u64;
    let cell = |column: &str| {
        first
            .get(column)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    };
    let which = match count {
        1 => format!("account {} ({})", cell("account_id"), cell("account_name")),
        _ => format!("{count} accounts"),
    };
    let what = match kind {
        AlertKind::CoverageLost => format!("{which} cannot be covered any more"),
        _ => format!("{which} can be covered again"),
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

/// The identity of a sighting, and the one that earlier versions stored, which did not include the
/// message.
///
/// The second one prevents repeated alerts after an upgrade. This version never stores it, so a
/// forged line cannot suppress a record through it.
struct SightingIdentity {
    identity: Identity,
    without_message: Identity,
}

/// Returns the identity of a sighting, which is the same wherever and however often it is stored.
/// As with copies, it includes the whole message, so a forged line cannot hide a record by using
/// its id.
fn identity(sighting: &Sighting) -> SightingIdentity {
    let Sighting {
        stored,
        happening: told,
        ..
    } = sighting;
    let time = told.time_ms.to_string();
    let account = stored.account.to_string();
    let place = [stored.region.as_str(), &stored.log_group, &stored.event_id];
    // A CloudTrail record is the same in every log group. Any other event is identified by where it
    // is stored.
    let place = if told.record_id.is_empty() {
        Some([account.as_str(), place[0], place[1], place[2]])
    } else {
        None
    };
    let message = canonical_text(&sighting.message);
    let tells = [
        time.as_str(),
        &told.account,
        &told.region,
        &told.event_name,
        &told.event_source,
        &told.principal_arn,
        &told.access_key_id,
        &told.source_ip,
        &told.user_agent,
        &told.error_code,
        &told.record_id,
        &told.request_id,
    ];
    let place = place.into_iter().flatten();
    SightingIdentity {
        identity: Identity::from_parts(
            tells
                .into_iter()
                .chain([message.as_str()])
                .chain(place.clone()),
        ),
        without_message: Identity::from_parts(tells.into_iter().chain(place)),
    }
}

/// The subject of a sighting for suppression: what was found, in which account, and the principal.
fn subject(sighting: &Sighting) -> Identity {
    let told = &sighting.happening;
    let found = sighting
        .indicators
        .iter()
        .chain(&sighting.hunts)
        .map(String::as_str);
    Identity::from_parts(found.chain([told.account.as_str(), &told.principal_arn]))
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
