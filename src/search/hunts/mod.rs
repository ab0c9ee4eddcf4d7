//! Hunts on the filter engine. The server filters with a coarse pattern, and the query is evaluated
//! locally on every event that the server returns.
//!
//! ```text
//! query ─ conditions ─ requirement ─┬─ JSON selectors   if all hunts are about CloudTrail
//!                                   ├─ columns          if the only hunt is about one format of
//!                                   │                   flow logs
//!                                   └─ terms            otherwise, together with indicators
//! ```

mod event_lookups;
mod literals;
mod narrowing;
#[cfg(test)]
mod never_excluded;
mod record_kind;
mod requirement;

pub(crate) use event_lookups::event_lookups;

use crate::search::required_text::RequiredText;
use dragnet_model::{Hunt, HuntSource};
use insights_ql::{Partial, Plan, Query, QueryError, QueryErrorKind, Record, Row};
use narrowing::{column_pattern, json_pattern};
pub use record_kind::{FlowLogFormats, RecordKind};
use requirement::Requirement;

/// A hunt that is compiled for evaluation.
#[derive(Debug)]
pub struct PreparedHunt {
    hunt: Hunt,
    plan: Plan,
    requirement: Requirement,
}

/// Why a hunt cannot be evaluated locally.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hunt `{hunt}`: {error}")]
pub struct PrepareHuntError {
    hunt: String,
    error: QueryError,
}

impl PrepareHuntError {
    /// Whether Insights may nevertheless run the query. A query with an unknown command or function
    /// gets here only if the user asked for Insights.
    pub fn is_for_insights(&self) -> bool {
        self.error.kind != QueryErrorKind::Malformed
    }
}

impl PreparedHunt {
    /// Compiles a hunt.
    ///
    /// # Errors
    /// The query is invalid, or only Insights can run it.
    pub fn new(hunt: Hunt) -> Result<Self, PrepareHuntError> {
        let query = Query::parse_local(&hunt.query).map_err(|error| PrepareHuntError {
            hunt: hunt.name.clone(),
            error,
        })?;
        let plan = Plan::new(&query);
        let requirement = Requirement::from_conditions(plan.conditions());
        Ok(Self {
            hunt,
            plan,
            requirement,
        })
    }

    /// The hunt.
    pub fn hunt(&self) -> &Hunt {
        &self.hunt
    }

    /// The plan of the hunt's query.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Evaluates the hunt on a record of this kind. `None` if the hunt is not about this kind, or
    /// if a filter drops the record.
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

    /// The text that a raw message must contain; `None` if only an unfiltered scan is safe.
    pub(super) fn required_text(&self) -> Option<RequiredText> {
        self.requirement.required_text()
    }
}

/// The result of a hunt on one event.
#[derive(Clone, Debug)]
pub enum Finding {
    /// A row.
    Row(Row),
    /// Counts that are merged with those of other events.
    Counted(Partial),
}

/// The pattern for hunts without indicators, if it can be narrower than plain terms.
pub(super) fn structured_pattern(
    hunts: &[PreparedHunt],
    formats: &FlowLogFormats,
) -> Option<String> {
    let requirements: Vec<&Requirement> =
        hunts.iter().map(|prepared| &prepared.requirement).collect();
    let are_all = |source| hunts.iter().all(|prepared| prepared.hunt.source == source);
    match requirements.as_slice() {
        _ if are_all(HuntSource::CloudTrail) => json_pattern(&requirements),
        [requirement] if are_all(HuntSource::VpcFlow) => {
            column_pattern(requirement, formats.sole_format()?)
        }
        _ => None,
    }
}
