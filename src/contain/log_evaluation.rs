//! Verifies a containment from logs: what each contained principal did after the change, according
//! to CloudTrail.
//!
//! ```text
//! indicators, accounts, window ─ sweep ─ trusted sightings ─ evaluation ─ verdict per principal
//! ```
//! Only records that a trail delivered or that the event history has count. A principal is verified
//! if its records are complete for longer than the change needs to propagate, and none of its calls
//! succeeded after that. What is not in the logs yet, or not recorded at all, is never counted as
//! "no success".

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::change::Change;
use super::log_call::{CallResult, DenialCause, LogCall};
use super::log_effect::{Effect, PROPAGATION_GRACE, effects_on};
use super::log_verification::{LogVerdict, LogVerification, LoggedCall, PrincipalVerdict};
use super::plan::PlannedTarget;
use super::record::Containment;
use dragnet_model::{AccountId, Indicator, IndicatorKind, OwnCall, PrincipalKind, Sighting};

/// A record may arrive this much later than its call, so younger records may be missing.
///
/// Source: CloudTrail user guide, "Sending events to CloudWatch Logs": about five minutes on
/// average, not guaranteed; up to fifteen are usual.
const DELIVERY_LAG: SignedDuration = SignedDuration::from_mins(15);

/// How long before the first change the search starts, to find the last success before it.
const LOOKBACK: SignedDuration = SignedDuration::from_hours(24);

/// How many successes are shown of each principal; the others are counted.
const SUCCESSES_SHOWN: usize = 10;

/// How many denials after the change are shown of each principal, with their causes; the others are
/// counted.
const DENIALS_SHOWN: usize = 10;

/// Whether the management events of an account were searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogCoverage {
    /// What was not searched, with the reason. Untrusted text.
    gaps: Vec<String>,
    /// Until when the records are complete; `None` if that is not known.
    complete_until: Option<Timestamp>,
}

impl LogCoverage {
    /// The coverage of an account for which CloudTrail last delivered at `last_delivery`. Younger
    /// records may still be on their way, so the records are complete only up to some minutes before.
    pub fn new(gaps: Vec<String>, last_delivery: Option<Timestamp>) -> Self {
        let complete_until =
            last_delivery.map(|last| last.saturating_sub(DELIVERY_LAG).unwrap_or(last));
        Self {
            gaps,
            complete_until,
        }
    }
}

/// Collects the calls of the principals of a containment.
#[derive(Debug)]
pub struct LogEvaluation<'c> {
    containment: &'c Containment,
    principals: Vec<PrincipalCalls<'c>>,
    /// Records that a trail delivered and that could not be read.
    unreadable: u64,
}

/// The calls of one principal.
#[derive(Debug)]
struct PrincipalCalls<'c> {
    target: &'c PlannedTarget,
    effects: Vec<Effect>,
    last_success_before: Option<LoggedCall>,
    first_denial: Option<LoggedCall>,
    denials: Vec<LoggedCall>,
    denied_by: BTreeMap<DenialCause, u64>,
    succeeded: u64,
    successes: Vec<LoggedCall>,
    succeeded_while_propagating: u64,
    not_blocked: u64,
    failed: u64,
    undecided: u64,
}

impl<'c> LogEvaluation<'c> {
    /// Creates an evaluation without any calls.
    pub fn new(containment: &'c Containment) -> Self {
        let targets = containment.plan.targets.iter();
        let principals = targets.map(|target| PrincipalCalls::new(containment, target));
        Self {
            containment,
            principals: principals.collect(),
            unreadable: 0,
        }
    }

    /// The accounts of the principals.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        let targets = self.containment.plan.targets.iter();
        targets.map(|target| target.principal.account()).collect()
    }

    /// The indicators to search for: the ARN and the unique id of each principal, its access keys
    /// in the plan, and the members of a group.
    pub fn indicators(&self) -> Vec<Indicator> {
        let mut indicators = BTreeSet::new();
        for target in &self.containment.plan.targets {
            let mut add = |kind: IndicatorKind, text: &str| {
                indicators.extend(Indicator::parse_as(kind, text).ok());
            };
            add(IndicatorKind::Arn, target.principal.arn().as_str());
            add(IndicatorKind::Text, &target.id);
            for step in &target.steps {
                if let Change::DeactivateKey { key } = &step.change {
                    add(IndicatorKind::AccessKey, key);
                }
            }
            for member in &target.blast_radius.members {
                add(IndicatorKind::User, member);
            }
        }
        indicators.into_iter().collect()
    }

    /// When the search has to start: a day before the first change.
    pub fn search_from(&self) -> Timestamp {
        let changes = self.principals.iter().filter_map(PrincipalCalls::since);
        let first = changes.min().unwrap_or(self.containment.plan.created);
        first.saturating_sub(LOOKBACK).unwrap_or(first)
    }

    /// Adds a sighting. It is ignored unless CloudTrail wrote it. Sightings are added in the order
    /// of their event times.
    pub fn add_sighting(&mut self, sighting: &Sighting) {
        if !sighting.trusted || sighting.own_call == OwnCall::Yes {
            return;
        }
        let Ok(call) = serde_json::from_str::<LogCall>(&sighting.message) else {
            self.unreadable += 1;
            return;
        };
        let Ok(at) = Timestamp::from_millisecond(sighting.details.time_ms) else {
            self.unreadable += 1;
            return;
        };
        for principal in &mut self.principals {
            if call.is_made_by(principal.target) {
                principal.add_call(&call, at, sighting);
            }
        }
    }

    /// Returns the verdicts. `coverage` has the coverage of each account, `run` is the directory of
    /// the run, and `now` the time of the verification.
    pub fn conclude(
        &self,
        coverage: &BTreeMap<AccountId, LogCoverage>,
        run: String,
        now: Timestamp,
    ) -> LogVerification {
        let verdicts = self.principals.iter().map(|principal| {
            let account = principal.target.principal.account();
            principal.verdict(coverage.get(&account), self.unreadable)
        });
        LogVerification {
            at: format_time(now),
            run,
            principals: verdicts.collect(),
        }
    }
}

impl<'c> PrincipalCalls<'c> {
    fn new(containment: &Containment, target: &'c PlannedTarget) -> Self {
        Self {
            target,
            effects: effects_on(containment, target),
            last_success_before: None,
            first_denial: None,
            denials: Vec::new(),
            denied_by: BTreeMap::new(),
            succeeded: 0,
            successes: Vec::new(),
            succeeded_while_propagating: 0,
            not_blocked: 0,
            failed: 0,
            undecided: 0,
        }
    }

    /// When the first change was made. Event times have no fractions of a second, so those of the
    /// change are dropped.
    fn since(&self) -> Option<Timestamp> {
        let first = self.effects.iter().map(|effect| effect.since).min()?;
        Some(Timestamp::from_second(first.as_second()).unwrap_or(first))
    }

    fn add_call(&mut self, call: &LogCall, at: Timestamp, sighting: &Sighting) {
        let Some(since) = self.since() else {
            return;
        };
        let is_after = at >= since;
        match call.result() {
            CallResult::Succeeded => self.add_success(call, at, sighting),
            CallResult::Denied(cause) if is_after => {
                let cause = self.attributed(cause, call, at);
                *self.denied_by.entry(cause).or_default() += 1;
                let denial = LoggedCall {
                    cause: Some(cause.as_str().to_owned()),
                    ..logged_call(call, at, sighting)
                };
                if self.denials.len() < DENIALS_SHOWN {
                    self.denials.push(denial.clone());
                }
                self.first_denial.get_or_insert(denial);
            }
            CallResult::Failed if is_after => self.failed += 1,
            CallResult::Undecided if is_after => self.undecided += 1,
            CallResult::Denied(_) | CallResult::Failed | CallResult::Undecided => {}
        }
    }

    /// Returns the cause of a denial: a policy or a boundary of the containment only if one was in
    /// place that denies the call.
    fn attributed(&self, cause: DenialCause, call: &LogCall, at: Timestamp) -> DenialCause {
        let is_of_containment_kind =
            matches!(cause, DenialCause::InlineDeny | DenialCause::BoundaryDeny);
        let is_caused = || {
            let mut effects = self.effects.iter();
            effects.any(|effect| effect.has_caused(cause, call, at))
        };
        if is_of_containment_kind && !is_caused() {
            DenialCause::OtherPolicy
        } else {
            cause
        }
    }

    fn add_success(&mut self, call: &LogCall, at: Timestamp, sighting: &Sighting) {
        let blocking: Vec<Timestamp> = self
            .effects
            .iter()
            .filter(|effect| effect.blocks(call, at))
            .map(|effect| effect.since)
            .collect();
        let is_propagated = |since: &Timestamp| {
            at > since
                .saturating_add(PROPAGATION_GRACE)
                .unwrap_or(Timestamp::MAX)
        };
        if blocking.iter().any(is_propagated) {
            self.succeeded += 1;
            if self.successes.len() < SUCCESSES_SHOWN {
                self.successes.push(logged_call(call, at, sighting));
            }
        } else if blocking.iter().any(|since| at > *since) {
            self.succeeded_while_propagating += 1;
        } else if self.since().is_some_and(|since| at <= since) || !blocking.is_empty() {
            self.last_success_before = Some(logged_call(call, at, sighting));
        } else {
            self.not_blocked += 1;
        }
    }

    fn verdict(&self, coverage: Option<&LogCoverage>, unreadable: u64) -> PrincipalVerdict {
        let complete_until = coverage.and_then(|coverage| coverage.complete_until);
        let reasons = self.reasons_against(coverage, unreadable);
        let verdict = if self.succeeded > 0 {
            LogVerdict::StillActive
        } else if reasons.is_empty() {
            LogVerdict::Verified
        } else {
            LogVerdict::NotVerified
        };
        let denied_by = self.denied_by.iter();
        PrincipalVerdict {
            principal: self.target.principal.to_string(),
            verdict,
            reasons,
            changed_at: self.since().map(format_time),
            complete_until: complete_until.map(format_time),
            last_success_before: self.last_success_before.clone(),
            denied: self.denied_by.values().sum(),
            first_denial: self.first_denial.clone(),
            denials: self.denials.clone(),
            denied_by: denied_by
                .map(|(cause, count)| (cause.as_str().to_owned(), *count))
                .collect(),
            succeeded: self.succeeded,
            successes: self.successes.clone(),
            succeeded_while_propagating: self.succeeded_while_propagating,
            not_blocked: self.not_blocked,
            failed: self.failed,
            undecided: self.undecided,
        }
    }

    /// Why the absence of a success proves nothing.
    fn reasons_against(&self, coverage: Option<&LogCoverage>, unreadable: u64) -> Vec<String> {
        let Some(since) = self.since() else {
            return vec!["no change that logs can show is in place".to_owned()];
        };
        let Some(coverage) = coverage else {
            return vec!["its account was not searched".to_owned()];
        };
        let mut reasons = coverage.gaps.clone();
        if unreadable > 0 {
            reasons.push(format!("{unreadable} records could not be read"));
        }
        let target = self.target;
        let is_group = target.principal.kind() == PrincipalKind::Group;
        if is_group && target.blast_radius.members.is_empty() {
            reasons
                .push("the plan lists no members of the group, so no record names it".to_owned());
        }
        let needed = since.saturating_add(PROPAGATION_GRACE).unwrap_or(since);
        match coverage.complete_until {
            Some(complete) if complete >= needed => {}
            Some(complete) => {
                let retry = needed.saturating_add(DELIVERY_LAG).unwrap_or(needed);
                reasons.push(format!(
                    "the records are complete only up to {complete:.0}, the change needs them up to {needed:.0}: \
                     verify again some minutes after {retry:.0}"
                ));
            }
            None if reasons.is_empty() => {
                reasons.push("it is not known until when the records are complete".to_owned());
            }
            None => {}
        }
        reasons
    }
}

/// Returns the call of a sighting for the verdict.
fn logged_call(call: &LogCall, at: Timestamp, sighting: &Sighting) -> LoggedCall {
    let details = &sighting.details;
    LoggedCall {
        at: format_time(at),
        event: call.name(),
        source_ip: details.source_ip.to_string(),
        region: details.region.to_string(),
        record_id: details.record_id.to_string(),
        invoked_by: call.invoked_by().map(str::to_owned),
        cause: None,
    }
}

fn format_time(at: Timestamp) -> String {
    format!("{at:.0}")
}
