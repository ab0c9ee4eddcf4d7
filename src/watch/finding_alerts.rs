//! Turns the findings of a run into alerts: its sightings, and the groups that its hunts counted.
//! Deduplication and suppression decide which findings are in an alert.

use rusqlite::Transaction;

use super::alert::{Alert, AlertKind};
use super::alert_batch::Batch;
use super::alert_title::FINDING;
use super::counted::{CountedGroup, counted_groups};
use super::own_calls::OwnCalls;
use super::row_fields::RowFields;
use super::sighting_identity::{SightingIdentity, identity, subject};
use super::state::{self, Identity, StateError, Totals};
use crate::contain::ContainmentMonitor;
use crate::report::{AccountNames, sighting_row};
use crate::settings::ScheduleSettings;
use crate::store::RunReader;
use crate::sweep::{JudgementBasis, MergeSource, merged_sightings, sources_of_run};
use dragnet_model::{Hunt, OwnCall, Severity, Sighting};

/// Collects the alerts about the findings of a run, in the transaction that concludes its
/// activation.
pub(super) struct FindingAlerts<'a, 'c> {
    pub schedule: &'a ScheduleSettings,
    /// The containment that the schedule monitors.
    pub monitor: Option<&'a ContainmentMonitor>,
    /// The hunts of the run.
    pub hunts: &'a [Hunt],
    pub started_ms: i64,
    pub transaction: &'a Transaction<'c>,
    /// The totals of the activation, to which the findings are added.
    pub counts: &'a mut Totals,
}

impl FindingAlerts<'_, '_> {
    /// Returns the alerts about new sightings, except those of Dragnet's own calls.
    pub(super) fn sighting_alerts(
        &mut self,
        reader: &RunReader,
        own_calls: &OwnCalls<'_>,
        template: &Alert,
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
                    && !own_calls.contains(&sighting, self.transaction)?
                {
                    self.add_sighting(&sighting, &names, &mut batch)?;
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
    pub(super) fn count_alerts(
        &mut self,
        reader: &RunReader,
        basis: &JudgementBasis,
        template: &Alert,
    ) -> Result<Vec<Alert>, StateError> {
        let mut batch = Batch::default();
        counted_groups(
            reader,
            || sources_of_run(reader, basis),
            self.hunts,
            |group| self.add_counted_group(group, &mut batch),
        )?;
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
        &mut self,
        sighting: &Sighting,
        names: &AccountNames,
        batch: &mut Batch,
    ) -> Result<(), StateError> {
        let ScheduleSettings {
            name, alert_when, ..
        } = self.schedule;
        let mut row = sighting_row(sighting, names);
        if alert_when
            .as_ref()
            .is_some_and(|condition| !condition.holds(&RowFields(&row)))
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
        if state::is_known(self.transaction, name, without_message)?
            || !state::insert_if_new(self.transaction, name, identity, self.started_ms)?
        {
            return Ok(());
        }
        self.counts.sightings += 1;
        if self.is_suppressed(subject(sighting))? {
            self.counts.suppressed += 1;
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
        &mut self,
        CountedGroup { identity, mut row }: CountedGroup,
        batch: &mut Batch,
    ) -> Result<(), StateError> {
        let ScheduleSettings {
            name, alert_when, ..
        } = self.schedule;
        let raises_alert = match alert_when {
            Some(threshold) => threshold.holds(&RowFields(&row)),
            None => state::insert_if_new(self.transaction, name, identity, self.started_ms)?,
        };
        if !raises_alert {
            return Ok(());
        }
        self.counts.sightings += 1;
        if self.is_suppressed(identity)? {
            self.counts.suppressed += 1;
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
    fn is_suppressed(&self, subject: Identity) -> Result<bool, StateError> {
        let Some(quiet_ms) = self.schedule.suppress_ms else {
            return Ok(false);
        };
        let is_allowed = state::allow_after_suppression(
            self.transaction,
            &self.schedule.name,
            subject,
            quiet_ms,
            self.started_ms,
        )?;
        Ok(!is_allowed)
    }
}
