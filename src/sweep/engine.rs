//! Chooses the engine that reads a log group. Pure: the same group and offer always give the same
//! engine.
//!
//! `FilterLogEvents` is free and as fast as its quota. Insights reads gigabytes in seconds and
//! costs money. A log group is therefore read by Insights only if no other engine can read it, if
//! the user asked for Insights, or if `FilterLogEvents` would take too long.

use std::time::Duration;

use crate::cli::EngineChoice;
use crate::model::{Engine, LogGroup, LogGroupClass, Outcome, Reason, Status};

/// How long a scan by `FilterLogEvents` may take before `auto` pays for Insights.
const PATIENCE: Duration = Duration::from_mins(10);

/// The time and cost of reading a log group, by engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    /// How long the filter engine needs at its quota for this log group and for everything that
    /// waits already.
    pub filter_takes: Duration,
    /// The estimated cost of an Insights query, in US dollars.
    pub insights_costs: f64,
}

/// The settings that restrict the choice of engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The value of `--engine`.
    pub choice: EngineChoice,
    /// Whether a hunt is itself a filter pattern, which only the filter engine can evaluate.
    pub is_pattern: bool,
    /// Whether unmasked values are requested, which Insights does not support for every class.
    pub unmask: bool,
}

impl Asked {
    /// Returns whether a unit may be handed over to the other engine.
    pub fn has_both_engines(self, group: &LogGroup) -> bool {
        self.choice != EngineChoice::Filter
            && !self.is_pattern
            && group.class != LogGroupClass::InfrequentAccess
    }
}

/// Chooses the engine of a log group, or returns the outcome of the group if none may read it.
/// `set_aside` reserves the cost from the scan budget and returns whether it fits.
pub(super) fn choose(
    group: &LogGroup,
    asked: Asked,
    offer: Offer,
    set_aside: impl Fn(f64) -> bool,
) -> Result<Engine, Outcome> {
    let unsearchable =
        |reason, detail: String| Err(Outcome::because(Status::Unsearchable, reason, detail));
    let over_cost = || {
        unsearchable(
            Reason::OverScanCost,
            format!("about {:.2} USD", offer.insights_costs),
        )
    };
    let class = || group.class.to_string();
    match (&group.class, asked.choice) {
        (LogGroupClass::InfrequentAccess, _) if asked.is_pattern => unsearchable(
            Reason::ClassNotReadable,
            format!("{}: Insights knows no filter pattern", class()),
        ),
        (LogGroupClass::InfrequentAccess, EngineChoice::Filter) => unsearchable(
            Reason::ClassNotReadable,
            format!("{}: only Insights reads it (--engine auto)", class()),
        ),
        (LogGroupClass::InfrequentAccess, _) if set_aside(offer.insights_costs) => {
            Ok(Engine::Insights)
        }
        (LogGroupClass::InfrequentAccess, _) => over_cost(),
        _ if asked.is_pattern || (group.masked && asked.unmask) => Ok(Engine::Filter),
        (_, EngineChoice::Insights) if set_aside(offer.insights_costs) => Ok(Engine::Insights),
        (LogGroupClass::Standard, EngineChoice::Auto)
            if offer.filter_takes > PATIENCE && set_aside(offer.insights_costs) =>
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
            kms_key: None,
        }
    }

    fn chosen(
        class: &str,
        choice: EngineChoice,
        minutes: u64,
        money: f64,
    ) -> Result<Engine, Reason> {
        let asked = Asked {
            choice,
            is_pattern: false,
            unmask: false,
        };
        let offer = Offer {
            filter_takes: Duration::from_mins(minutes),
            insights_costs: 1.0,
        };
        choose(&group(class), asked, offer, |usd| usd <= money)
            .map_err(|outcome| outcome.reason.unwrap())
    }

    #[test]
    fn time_is_bought_where_the_free_way_takes_too_long() {
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
            "it is tried"
        );
    }

    #[test]
    fn what_one_engine_alone_reads_is_left_to_it() {
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
    fn masks_are_lifted_by_the_filter_engine() {
        let offer = Offer {
            filter_takes: Duration::from_hours(9),
            insights_costs: 1.0,
        };
        let asked = Asked {
            choice: EngineChoice::Insights,
            is_pattern: false,
            unmask: true,
        };
        let masked = LogGroup {
            masked: true,
            ..group("STANDARD")
        };
        assert_eq!(choose(&masked, asked, offer, |_| true), Ok(Engine::Filter));
        let pattern = Asked {
            is_pattern: true,
            unmask: false,
            ..asked
        };
        assert_eq!(
            choose(&group("STANDARD"), pattern, offer, |_| true),
            Ok(Engine::Filter)
        );
        assert!(!pattern.has_both_engines(&group("STANDARD")));
    }
}
