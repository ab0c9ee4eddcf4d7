//! `[[watch.schedule]]`: what to search for, when and where, and which sinks receive the alerts.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ContainmentId, TimeZoneName, Timetable, WatchName};
use crate::config::error::Problem;
use crate::config::text::written_as_text;
use crate::config::{ConfiguredDuration, KnownRegions, Scope, nearest};
use insights_ql::{Expr, Fields, Query, Stage};

/// One schedule. `[watch]` and `[scope]` apply to everything that it does not set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The name of the schedule.
    pub name: WatchName,
    /// The times at which it is due.
    pub cron: Timetable,
    /// The time zone of `cron`.
    #[serde(default)]
    pub time_zone: TimeZoneName,
    /// Hunts of the catalogue: `NAME[:key=value,...]`.
    #[serde(default)]
    pub hunts: Vec<String>,
    /// Indicators to search for.
    #[serde(default)]
    pub indicators: Vec<String>,
    /// Indicator lists, read again at each activation, so that a feed can be updated.
    #[serde(default)]
    pub indicator_files: Vec<PathBuf>,
    /// The id of a containment to monitor, instead of anything to search for.
    #[serde(default)]
    pub containment: Option<ContainmentId>,
    /// The scope, instead of `[scope]`.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// Instead of `watch.lag`.
    #[serde(default)]
    pub lag: Option<ConfiguredDuration>,
    /// Instead of `watch.overlap`.
    #[serde(default)]
    pub overlap: Option<ConfiguredDuration>,
    /// Instead of `watch.lookback`.
    #[serde(default)]
    pub lookback: Option<ConfiguredDuration>,
    /// The condition that a row must fulfil to cause an alert, on its columns: those of
    /// `sightings.csv`, or those of an aggregating hunt. Without it, every sighting causes an
    /// alert, and so does each new group of an aggregating hunt.
    #[serde(default)]
    pub alert_when: Option<AlertCondition>,
    /// How long after an alert no further alert is sent about the same subject.
    #[serde(default)]
    pub suppress: Option<ConfiguredDuration>,
    /// The sinks that receive the alerts.
    #[serde(default)]
    pub sinks: Vec<WatchName>,
}

impl Schedule {
    /// Makes the paths relative to the directory of the configuration file; `-` is standard input.
    pub(super) fn resolve_paths(&mut self, directory: &Path) {
        let files = self.indicator_files.iter_mut();
        for file in files.filter(|file| file.as_path() != Path::new("-")) {
            *file = directory.join(&*file);
        }
    }

    pub(super) fn check(
        &self,
        sinks: &BTreeSet<&str>,
        known: &KnownRegions<'_>,
    ) -> Result<(), Problem> {
        self.check_searches()?;
        if self.sinks.is_empty() {
            return Err(Problem::new(
                "name",
                format!(
                    "the schedule `{}` has no sinks: add at least one to receive its alerts",
                    self.name
                ),
            ));
        }
        if let Some((number, unknown)) = self
            .sinks
            .iter()
            .enumerate()
            .find(|(_, name)| !sinks.contains(name.as_str()))
        {
            let message = match nearest(unknown.as_str(), sinks.iter().copied()) {
                Some(near) => format!("there is no sink `{unknown}`: did you mean `{near}`?"),
                None => format!("there is no sink `{unknown}`: define it with [[watch.sink]]"),
            };
            return Err(Problem::new(&number.to_string(), message).under("sinks"));
        }
        match &self.scope {
            Some(scope) => scope.check(known).map_err(|problem| problem.under("scope")),
            None => Ok(()),
        }
    }

    /// Checks that there is something to search for, or else a containment to monitor. The
    /// containment decides what is searched for, and in which accounts.
    fn check_searches(&self) -> Result<(), Problem> {
        let is_search = !self.hunts.is_empty()
            || !self.indicators.is_empty()
            || !self.indicator_files.is_empty();
        let is_narrowed = self.scope.is_some() || self.alert_when.is_some();
        let name = &self.name;
        let message = match &self.containment {
            None if !is_search => format!(
                "the schedule `{name}` has nothing to search for: add hunts, indicators or indicator_files, \
                 or a containment to monitor"
            ),
            Some(id) if is_search => format!(
                "the schedule `{name}` monitors containment {id}, so it searches for the principals of that: \
                 remove hunts, indicators and indicator_files, or move them to another schedule"
            ),
            Some(id) if is_narrowed => format!(
                "the schedule `{name}` monitors containment {id}, which sets accounts and condition: \
                 remove scope and alert_when"
            ),
            _ => return Ok(()),
        };
        Err(Problem::new("name", message))
    }
}

/// A condition on the columns of a row, in the syntax of `filter` in Logs Insights:
/// `numRejections > 100`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AlertCondition {
    text: String,
    expression: Expr,
}

/// The text is not a valid condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "alert_when `{text}` is not a condition of the form that `filter` takes, such as `numRejections > 100`: {problem}"
)]
pub struct InvalidAlertCondition {
    text: String,
    problem: String,
}

impl AlertCondition {
    /// Whether a row with these columns fulfils the condition.
    pub fn holds(&self, columns: &dyn Fields) -> bool {
        self.expression.holds(columns)
    }

    /// Returns the columns that the condition uses.
    pub fn columns(&self) -> Vec<&str> {
        self.expression.fields()
    }
}

impl FromStr for AlertCondition {
    type Err = InvalidAlertCondition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |problem: &str| InvalidAlertCondition {
            text: text.to_owned(),
            problem: problem.to_owned(),
        };
        let query: Query = format!("filter {text}")
            .parse()
            .map_err(|error: insights_ql::QueryError| invalid(&error.message))?;
        let mut stages = query.stages.into_iter();
        match (stages.next(), stages.next()) {
            (Some(Stage::Filter(expression)), None) => Ok(Self {
                text: text.to_owned(),
                expression,
            }),
            _ => Err(invalid("it has more than one command")),
        }
    }
}

impl fmt::Display for AlertCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

written_as_text!(AlertCondition, InvalidAlertCondition);

#[cfg(test)]
mod tests {
    use super::*;
    use insights_ql::Value;

    struct Row(&'static str);

    impl Fields for Row {
        fn field(&self, name: &str) -> Value<'_> {
            if name == "numRejections" {
                Value::from(self.0)
            } else {
                Value::Missing
            }
        }
    }

    #[test]
    fn condition_is_a_single_filter() {
        let condition: AlertCondition = "numRejections > 100 and not (numRejections = 200)"
            .parse()
            .unwrap();
        assert!(
            condition.holds(&Row("101"))
                && !condition.holds(&Row("100"))
                && !condition.holds(&Row("200"))
        );
        assert_eq!(condition.columns(), ["numRejections", "numRejections"]);
        for bad in ["", "a >", "a > 1 | limit 3", "stats count(*)"] {
            assert!(bad.parse::<AlertCondition>().is_err(), "{bad}");
        }
    }
}
