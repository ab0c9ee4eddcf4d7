//! Chooses the engine that reads a log group. Pure: the same group and estimate always give the
//! same engine.
//!
//! `FilterLogEvents` is free and as fast as its quota. Insights reads gigabytes in seconds and
//! costs money. A log group is therefore read by Insights only if no other engine can read it, if
//! the user asked for Insights, or if `FilterLogEvents` would take too long.

use std::time::Duration;

use crate::settings::EngineChoice;
use crate::sweep::source_choice::FAST_ENOUGH;
use dragnet_model::format::money;
use dragnet_model::{Engine, LogGroup, LogGroupClass, Outcome, Reason, Status};

/// The time and cost of reading a log group, by engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    /// How long the filter engine needs at its quota for this log group and for everything that
    /// waits already.
    pub filter_time: Duration,
    /// The estimated cost of an Insights query, in US dollars.
    pub insights_usd: f64,
}

/// The settings that restrict the choice of engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct EngineConstraints {
    /// The value of `--engine`.
    pub choice: EngineChoice,
    /// Whether a hunt is itself a filter pattern, which only the filter engine can evaluate.
    pub is_pattern: bool,
    /// Whether unmasked values are requested, which Insights does not support for every class.
    pub unmask: bool,
}

impl EngineConstraints {
    /// Returns whether a unit may be handed over to the other engine.
    pub(super) fn allow_handover(self, group: &LogGroup) -> bool {
        self.choice != EngineChoice::Filter
            && !self.is_pattern
            && group.class != LogGroupClass::InfrequentAccess
    }
}

/// Chooses the engine of a log group, or returns the outcome of the group if none may read it.
/// `reserve` reserves the cost from the scan budget and returns whether it fits.
pub(super) fn choose_engine(
    group: &LogGroup,
    constraints: EngineConstraints,
    estimate: Estimate,
    reserve: impl Fn(f64) -> bool,
) -> Result<Engine, Outcome> {
    let unsearchable =
        |reason, detail: String| Err(Outcome::with_reason(Status::Unsearchable, reason, detail));
    let over_cost = || {
        unsearchable(
            Reason::OverScanCost,
            format!("estimated at {}", money(estimate.insights_usd)),
        )
    };
    let class = || group.class.to_string();
    match (&group.class, constraints.choice) {
        (LogGroupClass::InfrequentAccess, _) if constraints.is_pattern => unsearchable(
            Reason::ClassNotReadable,
            format!("{}: Insights cannot evaluate filter patterns", class()),
        ),
        (LogGroupClass::InfrequentAccess, EngineChoice::Filter) => unsearchable(
            Reason::ClassNotReadable,
            format!(
                "{}: only Insights can read this class; use --engine auto",
                class()
            ),
        ),
        (LogGroupClass::InfrequentAccess, _) if reserve(estimate.insights_usd) => {
            Ok(Engine::Insights)
        }
        (LogGroupClass::InfrequentAccess, _) => over_cost(),
        _ if constraints.is_pattern || (group.masked && constraints.unmask) => Ok(Engine::Filter),
        (_, EngineChoice::Insights) if reserve(estimate.insights_usd) => Ok(Engine::Insights),
        (LogGroupClass::Standard, EngineChoice::Auto)
            if estimate.filter_time > FAST_ENOUGH && reserve(estimate.insights_usd) =>
        {
            Ok(Engine::Insights)
        }
        // Also if Insights was requested but the budget is used up: the filter engine is free.
        _ => Ok(Engine::Filter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(class: &str) -> LogGroup {
        LogGroup {
            name: "/app".to_owned(),
            class: LogGroupClass::from(class),
            stored_bytes: 0,
            retention_days: None,
            created: None,
            masked: false,
            masked_before: false,
            retention_policy: None,
            kms_key: None,
        }
    }

    fn chosen(
        class: &str,
        choice: EngineChoice,
        minutes: u64,
        budget: f64,
    ) -> Result<Engine, Reason> {
        let constraints = EngineConstraints {
            choice,
            is_pattern: false,
            unmask: false,
        };
        let estimate = Estimate {
            filter_time: Duration::from_mins(minutes),
            insights_usd: 1.0,
        };
        choose_engine(&group(class), constraints, estimate, |usd| usd <= budget)
            .map_err(|outcome| outcome.reason.unwrap())
    }

    #[test]
    fn auto_pays_for_insights_if_filter_is_too_slow() {
        use EngineChoice::{Auto, Filter, Insights};
        assert_eq!(chosen("STANDARD", Auto, 10, 9.0), Ok(Engine::Filter));
        assert_eq!(chosen("STANDARD", Auto, 11, 9.0), Ok(Engine::Insights));
        assert_eq!(
            chosen("STANDARD", Auto, 11, 0.5),
            Ok(Engine::Filter),
            "it costs too much"
        );
        assert_eq!(chosen("STANDARD", Filter, 99, 9.0), Ok(Engine::Filter));
        assert_eq!(chosen("STANDARD", Insights, 0, 9.0), Ok(Engine::Insights));
        assert_eq!(chosen("STANDARD", Insights, 0, 0.5), Ok(Engine::Filter));
        assert_eq!(
            chosen("NEW", Auto, 99, 9.0),
            Ok(Engine::Filter),
            "an unknown class is tried"
        );
    }

    #[test]
    fn infrequent_access_is_read_by_insights_only() {
        use EngineChoice::{Auto, Filter};
        assert_eq!(
            chosen("INFREQUENT_ACCESS", Auto, 0, 9.0),
            Ok(Engine::Insights)
        );
        assert_eq!(
            chosen("INFREQUENT_ACCESS", Auto, 0, 0.5),
            Err(Reason::OverScanCost)
        );
        assert_eq!(
            chosen("INFREQUENT_ACCESS", Filter, 0, 9.0),
            Err(Reason::ClassNotReadable)
        );
    }

    #[test]
    fn unmasking_and_patterns_need_filter_engine() {
        let estimate = Estimate {
            filter_time: Duration::from_hours(9),
            insights_usd: 1.0,
        };
        let constraints = EngineConstraints {
            choice: EngineChoice::Insights,
            is_pattern: false,
            unmask: true,
        };
        let masked = LogGroup {
            masked: true,
            ..group("STANDARD")
        };
        assert_eq!(
            choose_engine(&masked, constraints, estimate, |_| true),
            Ok(Engine::Filter)
        );
        let pattern = EngineConstraints {
            is_pattern: true,
            unmask: false,
            ..constraints
        };
        assert_eq!(
            choose_engine(&group("STANDARD"), pattern, estimate, |_| true),
            Ok(Engine::Filter)
        );
        assert!(!pattern.allow_handover(&group("STANDARD")));
    }
}
