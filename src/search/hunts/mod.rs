//! Hunts on the filter engine: a coarse pattern for the server, and the query evaluated here on every event
//! that it lets through.
//!
//! ```text
//! query ─ conditions ─ need ─┬─ JSON selectors    only CloudTrail is asked about
//!                            ├─ columns           only one flow-log format is
//!                            └─ terms             anything else, together with indicators
//! ```

mod literals;
mod narrowing;
mod need;
#[cfg(test)]
mod never_excluded;
mod record_kind;

use crate::model::{Hunt, HuntSource};
use crate::query::{Partial, Plan, Query, QueryError, QueryErrorKind, Record, Row};
use crate::search::required_text::RequiredText;
use narrowing::{column_pattern, json_pattern};
use need::Need;
pub use record_kind::{FlowLogFormats, RecordKind};

/// A hunt, ready to look at events.
#[derive(Debug)]
pub struct PreparedHunt {
    hunt: Hunt,
    plan: Plan,
    need: Need,
}

/// Why a hunt cannot be evaluated here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hunt `{hunt}`: {error}")]
pub struct NotPrepared {
    hunt: String,
    error: QueryError,
}

impl NotPrepared {
    /// Whether Insights may run it all the same.
    pub fn is_for_insights(&self) -> bool {
        self.error.kind == QueryErrorKind::NotEvaluatedHere
    }
}

impl PreparedHunt {
    /// Prepares a hunt.
    ///
    /// # Errors
    /// Its query is none, or can only be run by Insights.
    pub fn new(hunt: Hunt) -> Result<Self, NotPrepared> {
        let query: Query = hunt.query.parse().map_err(|error| NotPrepared {
            hunt: hunt.name.clone(),
            error,
        })?;
        let plan = Plan::new(&query);
        let need = Need::of_all(plan.conditions());
        Ok(Self { hunt, plan, need })
    }

    /// The hunt.
    pub fn hunt(&self) -> &Hunt {
        &self.hunt
    }

    /// How its query is evaluated.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What an event of this kind gives: `None` if it is not what the
    /// hunt is about, or a filter drops it.
    pub fn evaluate(&self, record: &Record<'_>, kind: RecordKind<'_>) -> Option<Finding> {
        let is_about = match self.hunt.source {
            HuntSource::CloudTrail => kind == RecordKind::CloudTrail,
            HuntSource::VpcFlow => matches!(kind, RecordKind::FlowLog(_)),
            HuntSource::Any => true,
        };
        if !is_about {
            return None;
        }
        match &self.plan {
            Plan::Rows(plan) => plan.row(record).map(Finding::Row),
            Plan::Groups(plan) => {
                let mut partial = Partial::default();
                plan.add(record, &mut partial)
                    .then_some(Finding::Counted(partial))
            }
        }
    }

    /// The hunt's mark in a raw message; `None` if only reading everything is safe.
    pub(super) fn required_text(&self) -> Option<RequiredText> {
        self.need.required_text()
    }
}

/// What an event gives to a hunt.
#[derive(Clone, Debug)]
pub enum Finding {
    /// A row.
    Row(Row),
    /// A part of what the hunt counts.
    Counted(Partial),
}

/// The narrowest pattern for hunts alone that no plain terms can say: `None` if there is none.
pub(super) fn structured_pattern(
    hunts: &[PreparedHunt],
    formats: &FlowLogFormats,
) -> Option<String> {
    let needs: Vec<&Need> = hunts.iter().map(|prepared| &prepared.need).collect();
    let are_all = |source| hunts.iter().all(|prepared| prepared.hunt.source == source);
    match needs.as_slice() {
        _ if are_all(HuntSource::CloudTrail) => json_pattern(&needs),
        [need] if are_all(HuntSource::VpcFlow) => column_pattern(need, formats.only()?),
        _ => None,
    }
}
