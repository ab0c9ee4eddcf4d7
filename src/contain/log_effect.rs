//! What the steps of a containment block, and since when: what the logs are compared with.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::change::Change;
use super::log_call::{DenialCause, LogCall};
use super::plan::{PlannedTarget, Step};
use super::record::Containment;
use super::states::State;

/// A call that succeeds this soon after a change is not a finding, because the change may not have
/// reached the service yet.
///
/// Source: IAM user guide, "Troubleshoot IAM", "Changes that I make are not always immediately
/// visible". AWS gives no number; a minute is generous.
pub(super) const PROPAGATION_GRACE: SignedDuration = SignedDuration::from_secs(60);

/// The effect of one step: the calls that it blocks, from a time on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    /// When the change was made, or first found in place.
    pub since: Timestamp,
    blocked: Blocked,
    /// The cause that the record of a denial by this change has.
    cause: DenialCause,
}

/// The calls of a principal that a change blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Blocked {
    /// All, until a time if there is one.
    Everything { until: Option<Timestamp> },
    /// Those of sessions that started before this time.
    SessionsBefore(Timestamp),
    /// Those of these sessions: `AROA…:session-name`.
    Sessions(Vec<String>),
    /// Those with this access key.
    Key(String),
}

impl Effect {
    /// Whether the change blocks a call that was made at `at`.
    pub(super) fn blocks(&self, call: &LogCall, at: Timestamp) -> bool {
        match &self.blocked {
            Blocked::Everything { until } => until.is_none_or(|until| at < until),
            // A record without the start of the session may be of any session.
            Blocked::SessionsBefore(cutoff) => call
                .session_started()
                .is_none_or(|started| started < *cutoff),
            Blocked::Sessions(sessions) => sessions.iter().any(|session| session == call.user_id()),
            Blocked::Key(key) => call.access_key_id() == key,
        }
    }

    /// Whether a denial at `at` with this cause is an effect of the change. Event times have no
    /// fractions of a second.
    pub(super) fn has_caused(&self, cause: DenialCause, call: &LogCall, at: Timestamp) -> bool {
        self.cause == cause && self.since.as_second() <= at.as_second() && self.blocks(call, at)
    }

    /// Whether the change should have blocked a call at `at`: it blocks the call, and it had time
    /// to reach the service.
    pub(super) fn should_have_blocked(&self, call: &LogCall, at: Timestamp) -> bool {
        let propagated = self.since.saturating_add(PROPAGATION_GRACE);
        self.blocks(call, at) && at > propagated.unwrap_or(Timestamp::MAX)
    }
}

/// The effects of the steps of a target that were made or found in place.
pub(super) fn effects_on(containment: &Containment, target: &PlannedTarget) -> Vec<Effect> {
    let effects = target.steps.iter().filter_map(|step| {
        let since = effective_since(containment, step)?;
        let blocked = blocked_by(containment, step, since)?;
        let cause = denial_cause(&step.change);
        Some(Effect {
            since,
            blocked,
            cause,
        })
    });
    effects.collect()
}

/// The cause that the record of a denial by a change has. The record of a call with a deactivated
/// key shows none.
fn denial_cause(change: &Change) -> DenialCause {
    if change.policy().is_some() {
        return DenialCause::InlineDeny;
    }
    match change {
        Change::Boundary { .. } => DenialCause::BoundaryDeny,
        _ => DenialCause::NotShown,
    }
}

/// When a change was last made; for a change that was in place already, when it was first seen.
pub(super) fn effective_since(containment: &Containment, step: &Step) -> Option<Timestamp> {
    let state = containment.state(step);
    if !state.may_be_applied() && !state.is_contained() {
        return None;
    }
    let number = step.number;
    let own = || {
        let events = containment.events.iter();
        events.filter(move |event| event.step == number)
    };
    let written = own().rev().find(|event| event.state == State::Written);
    let seen = || {
        own().find(|event| {
            matches!(
                event.state,
                State::AlreadyContained | State::Verified | State::Unverified | State::Missing
            )
        })
    };
    written.or_else(seen).map(|event| event.at)
}

/// The calls that a change blocks; `None` if it blocks none that the logs would show.
fn blocked_by(containment: &Containment, step: &Step, since: Timestamp) -> Option<Blocked> {
    if matches!(
        step.change,
        Change::DenyAll { .. } | Change::Boundary { .. }
    ) {
        return Some(Blocked::Everything { until: None });
    }
    if let Change::DenyAllUntil { until, .. } = &step.change {
        return Some(Blocked::Everything {
            until: Some(*until),
        });
    }
    if let Change::DenySessions { sessions, .. } = &step.change {
        return Some(Blocked::Sessions(sessions.clone()));
    }
    if let Change::DeactivateKey { key } = &step.change {
        return Some(Blocked::Key(key.clone()));
    }
    if matches!(step.change, Change::RevokeSessions { .. }) {
        let cutoff = revocation_cutoff(containment, step).unwrap_or(since);
        return Some(Blocked::SessionsBefore(cutoff));
    }
    None
}

/// The time in the last document that revoked sessions.
fn revocation_cutoff(containment: &Containment, step: &Step) -> Option<Timestamp> {
    let mut events = containment.events.iter().rev();
    let document = events.find_map(|event| {
        let is_own = event.step == step.number;
        event.document.as_deref().filter(|_| is_own)
    })?;
    let document: Value = serde_json::from_str(document).ok()?;
    let cutoff = document.pointer("/Statement/0/Condition/DateLessThan/aws:TokenIssueTime")?;
    cutoff.as_str()?.parse().ok()
}
