//! Monitors a containment from the records that a watch reads: whether a contained principal had a
//! successful call after the change, and whether somebody reverted the change.
//!
//! ```text
//! journal ─ indicators, accounts ─ sweep of the watch ─ new sightings ─ findings
//! ```
//! Only records that a trail delivered count, and the calls of the containment itself do not.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::change::Change;
use super::journal::Journals;
use super::journal_error::JournalError;
use super::log_call::{CallResult, LogCall};
use super::log_effect::{effective_since, effects_on};
use super::log_evaluation::LogEvaluation;
use super::plan::{PlannedTarget, Step};
use super::record::Containment;
use super::reverted_change::describe_reversal;
use dragnet_model::{AccountId, Indicator, IndicatorKind, OwnCall, PrincipalKind, Sighting};

/// A containment with changes in place, read from its journal.
#[derive(Clone, Debug)]
pub struct ContainmentMonitor {
    containment: Containment,
}

/// Why a containment cannot be monitored.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// There is no such containment, or its journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It was undone.
    #[error("containment {0} was undone, or is being undone: remove the schedule that monitors it")]
    Undone(String),
    /// None of its changes is in place.
    #[error(
        "containment {0} has no change in place: apply its plan again, or remove the schedule that monitors it"
    )]
    NotInPlace(String),
}

impl ContainmentMonitor {
    /// Reads a containment.
    ///
    /// # Errors
    /// It does not exist, its journal cannot be read, it was undone, or nothing is in place.
    pub fn open(journals: &Journals, id: &str) -> Result<Self, MonitorError> {
        let containment = journals.read(id)?;
        if containment.undo_started.is_some() {
            return Err(MonitorError::Undone(id.to_owned()));
        }
        let monitor = Self { containment };
        match monitor.since() {
            Some(_) => Ok(monitor),
            None => Err(MonitorError::NotInPlace(id.to_owned())),
        }
    }

    /// When the first change was made.
    pub fn since(&self) -> Option<Timestamp> {
        let steps = self.containment.plan.steps();
        steps.filter_map(|(_, step)| self.step_since(step)).min()
    }

    /// The accounts of the principals.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        LogEvaluation::new(&self.containment).accounts()
    }

    /// The indicators to search for: those of a verification from logs, the names with which calls
    /// of IAM select the principals, and the ids of deactivated credentials.
    pub fn indicators(&self) -> Vec<Indicator> {
        let evaluation = LogEvaluation::new(&self.containment);
        let mut indicators: BTreeSet<Indicator> = evaluation.indicators().into_iter().collect();
        for target in &self.containment.plan.targets {
            indicators.extend(name_indicator(target));
            for step in &target.steps {
                if let Change::DeactivateCredential { id, .. } = &step.change {
                    indicators.extend(Indicator::parse_as(IndicatorKind::Text, id).ok());
                }
            }
        }
        indicators.into_iter().collect()
    }

    /// Describes in one sentence what a sighting shows against the containment; `None` if it shows
    /// nothing. The text is untrusted.
    pub fn finding(&self, sighting: &Sighting) -> Option<String> {
        if !sighting.trusted || sighting.own_call == OwnCall::Yes || self.made_call(sighting) {
            return None;
        }
        let call = serde_json::from_str::<LogCall>(&sighting.message).ok();
        let at = Timestamp::from_millisecond(sighting.details.time_ms).ok();
        let (Some(call), Some(at)) = (call, at) else {
            return Some("a record that names a contained principal could not be read".to_owned());
        };
        if call.result() != CallResult::Succeeded {
            return None;
        }
        let targets = &self.containment.plan.targets;
        targets
            .iter()
            .find_map(|target| self.reversal(target, &call, at, sighting))
            .or_else(|| {
                targets
                    .iter()
                    .find_map(|target| self.success(target, &call, at, sighting))
            })
    }

    /// Whether the containment itself made the call.
    fn made_call(&self, sighting: &Sighting) -> bool {
        let request_id = &*sighting.details.request_id;
        let mut calls = self.containment.calls.iter();
        !request_id.is_empty() && calls.any(|call| call.request_id == request_id)
    }

    /// Describes a call that reverted a change of the target.
    fn reversal(
        &self,
        target: &PlannedTarget,
        call: &LogCall,
        at: Timestamp,
        sighting: &Sighting,
    ) -> Option<String> {
        let principal = &target.principal;
        let details = &sighting.details;
        if details.event_source != "iam.amazonaws.com"
            || *details.account != principal.account().to_string()
        {
            return None;
        }
        // Event times have no fractions of a second.
        let mut steps = target.steps.iter().filter(|step| {
            self.step_since(step)
                .is_some_and(|since| at.as_second() >= since.as_second())
        });
        let what = steps.find_map(|step| {
            let intended = self.containment.intended_states(step);
            describe_reversal(principal, &step.change, &intended, call)
        })?;
        let caller = &details.identity.arn;
        let ip = &details.source_ip;
        Some(format!(
            "the containment of {principal} was reverted: {caller} {what}, from {ip}"
        ))
    }

    /// Describes a call of the target that a change should have blocked.
    fn success(
        &self,
        target: &PlannedTarget,
        call: &LogCall,
        at: Timestamp,
        sighting: &Sighting,
    ) -> Option<String> {
        if !call.is_made_by(target) {
            return None;
        }
        let effects = effects_on(&self.containment, target);
        let effect = effects
            .iter()
            .find(|effect| effect.should_have_blocked(call, at))?;
        let ip = &sighting.details.source_ip;
        Some(format!(
            "{} is contained since {:.0}, but its call {} from {ip} SUCCEEDED",
            target.principal,
            effect.since,
            call.name()
        ))
    }

    /// When a change was made that somebody can revert.
    fn step_since(&self, step: &Step) -> Option<Timestamp> {
        if matches!(step.change, Change::RemoveDenyAll { .. }) {
            return None;
        }
        effective_since(&self.containment, step)
    }
}

/// Returns the indicator for the name of a target, which the parameters of IAM's calls have.
fn name_indicator(target: &PlannedTarget) -> Option<Indicator> {
    let principal = &target.principal;
    let kind = match principal.kind() {
        PrincipalKind::User => IndicatorKind::User,
        PrincipalKind::Role => IndicatorKind::Role,
        PrincipalKind::Group => IndicatorKind::Resource,
    };
    Indicator::parse_as(kind, principal.name())
        .or_else(|_| Indicator::parse_as(IndicatorKind::Text, principal.name()))
        .ok()
}
