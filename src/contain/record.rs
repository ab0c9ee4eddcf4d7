//! The record of a containment for the documentation of the incident: who applied it, when and why,
//! and the result of each step.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::change::{Change, ResourceState};
use super::log_verification::LogVerification;
use super::plan::{Plan, PlannedTarget, Step};
use super::recorded_call::RecordedCall;
use super::seal::SealedPlan;
use super::states::State;

/// A containment, as read from its journal.
#[derive(Clone, Debug)]
pub struct Containment {
    /// The id: the short hash of the plan.
    pub id: String,
    /// The full hash of the plan.
    pub plan_sha256: String,
    /// Who applied it first.
    pub applied_by: String,
    /// When it was first applied.
    pub applied_at: String,
    /// When undo was started, and by whom.
    pub undo_started: Option<String>,
    /// The result of the last verification from logs, if there was one.
    pub log_verification: Option<LogVerification>,
    /// The calls that changed something, with their request ids.
    pub calls: Vec<RecordedCall>,
    /// The plan.
    pub plan: Plan,
    /// All events, in order.
    pub events: Vec<Event>,
}

/// One row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The number of the step.
    pub step: u32,
    /// The state that the step entered.
    pub state: State,
    /// The time of the event.
    pub at: Timestamp,
    /// The policy document that was to be written.
    pub document: Option<String>,
    /// A remark for people.
    pub detail: String,
}

impl Containment {
    /// The containment of a plan that was not applied yet.
    pub(crate) fn not_applied(sealed: &SealedPlan) -> Self {
        Self {
            id: sealed.short_hash().to_owned(),
            plan_sha256: sealed.hash().to_owned(),
            applied_by: String::new(),
            applied_at: String::new(),
            undo_started: None,
            log_verification: None,
            calls: Vec::new(),
            plan: sealed.plan().clone(),
            events: Vec::new(),
        }
    }

    /// The current state of a step.
    pub fn state(&self, step: &Step) -> State {
        self.last_event(step.number)
            .map_or(State::Planned, |event| event.state)
    }

    /// All states that the step ever intended to reach.
    pub(super) fn intended_states(&self, step: &Step) -> Vec<ResourceState> {
        let own = self.events.iter().filter(|event| event.step == step.number);
        let documents = own.filter_map(|event| event.document.as_deref());
        let mut intended: Vec<ResourceState> = documents
            .map(|document| step.change.result(document))
            .collect();
        // Every other change has the same result, whatever document the journal has.
        if !matches!(step.change, Change::RevokeSessions { .. }) {
            intended.push(step.change.result(""));
        }
        intended
    }

    /// All states that the step may have left: those it intends, and the documents that the journal
    /// recorded. The journal of an older version may contain documents that are no longer derived.
    pub(super) fn possible_states(&self, step: &Step) -> Vec<ResourceState> {
        let own = self.events.iter().filter(|event| event.step == step.number);
        let recorded = own
            .filter_map(|event| event.document.clone())
            .map(|document| ResourceState::Policy(Some(document)));
        let mut states = self.intended_states(step);
        states.extend(recorded);
        states
    }

    /// The last event of a step; `None` if it has not started.
    pub(super) fn last_event(&self, step: u32) -> Option<&Event> {
        self.events.iter().rev().find(|event| event.step == step)
    }

    /// Returns every step with its target and its current state.
    pub fn steps(&self) -> impl Iterator<Item = (&PlannedTarget, &Step, State)> {
        self.plan
            .steps()
            .map(|(target, step)| (target, step, self.state(step)))
    }

    /// The number of steps in each state.
    pub fn counts(&self) -> BTreeMap<State, usize> {
        let mut counts = BTreeMap::new();
        for (.., state) in self.steps() {
            *counts.entry(state).or_default() += 1;
        }
        counts
    }

    /// The overall status: `contained`, `incomplete`, `undone`, `undoing` or `stuck`.
    pub fn overall_status(&self) -> &'static str {
        let all = |predicate: fn(State) -> bool| self.steps().all(|(.., state)| predicate(state));
        let any = |state: State| self.steps().any(|(.., other)| other == state);
        match &self.undo_started {
            Some(_) if any(State::Stuck) => "stuck",
            Some(_) if all(|state| !state.may_be_applied()) => "undone",
            Some(_) => "undoing",
            None if all(State::is_contained) => "contained",
            None => "incomplete",
        }
    }

    /// The exit code: 0 if everything is contained or undone, otherwise 3.
    pub fn exit_code(&self) -> u8 {
        if matches!(self.overall_status(), "contained" | "undone") {
            0
        } else {
            3
        }
    }

    /// The containment as JSON, with its history.
    pub fn to_json(&self) -> Value {
        let steps = self.steps().map(|(target, step, state)| {
            let history = self
                .events
                .iter()
                .filter(|event| event.step == step.number)
                .map(|event| {
                    json!({
                        "state": event.state.as_str(),
                        "at": event.at.to_string(),
                        "document": event.document,
                        "detail": event.detail,
                    })
                });
            json!({
                "number": step.number,
                "principal": target.principal,
                "change": step.change,
                "prior": step.prior,
                "state": state.as_str(),
                "history": history.collect::<Vec<_>>(),
            })
        });
        let refused = &self.plan.refused;
        json!({
            "id": self.id,
            "standing": self.overall_status(),
            "plan_sha256": self.plan_sha256,
            "reason": self.plan.reason,
            "forced": self.plan.forced,
            "planned_by": self.plan.caller,
            "planned": self.plan.created.to_string(),
            "applied_by": self.applied_by,
            "applied": self.applied_at,
            "undo_begun": self.undo_started,
            "steps": steps.collect::<Vec<_>>(),
            "refused": refused,
            "gaps": self.plan.gaps,
        })
    }
}
