//! Gaps in logs of kinds that the search does not require: counted, and reported in one line each.

use std::collections::BTreeMap;

use serde::Serialize;

use dragnet_model::format::{count, plural};
use dragnet_model::{Coverage, LogKind, Outcome};

/// The log groups of one kind, and why some were not covered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct KindCounts {
    log_groups: u64,
    not_covered: u64,
    /// The number of log groups that were not covered, by reason.
    reasons: BTreeMap<String, u64>,
}

/// Counts the log groups of kinds that are not required.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NotRequired(BTreeMap<LogKind, KindCounts>);

impl NotRequired {
    /// Counts the row of a log group under the first of its kinds.
    pub(super) fn add(&mut self, row: &Coverage) {
        let Some(kind) = row.kinds.first() else {
            return;
        };
        let counts = self.0.entry(*kind).or_default();
        counts.log_groups += 1;
        if !row.outcome.is_covered() {
            counts.not_covered += 1;
            *counts.reasons.entry(reason(&row.outcome)).or_default() += 1;
        }
    }

    /// Whether every log group was covered.
    pub fn is_complete(&self) -> bool {
        self.0.values().all(|counts| counts.not_covered == 0)
    }

    /// Returns one sentence for each kind with gaps: "Application logs, not required: 12 of 40 log
    /// groups were not covered completely (10 retention-inside-window, 2 access-denied)."
    pub(super) fn sentences(&self) -> Vec<String> {
        let incomplete = self.0.iter().filter(|(_, counts)| counts.not_covered > 0);
        incomplete
            .map(|(kind, counts)| {
                let reasons: Vec<String> = counts
                    .reasons
                    .iter()
                    .map(|(reason, number)| format!("{} {reason}", count(*number)))
                    .collect();
                format!(
                    "{}, not required: {} of {} were not covered completely ({}).",
                    capitalized(kind.description()),
                    count(counts.not_covered),
                    plural(counts.log_groups, "log group"),
                    reasons.join(", ")
                )
            })
            .collect()
    }
}

fn reason(outcome: &Outcome) -> String {
    outcome
        .reason
        .map_or_else(|| outcome.status.to_string(), |reason| reason.to_string())
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::testing::coverage_row;
    use dragnet_model::{Reason, Status};

    #[test]
    fn each_kind_has_one_sentence() {
        let mut gaps = NotRequired::default();
        let expired = || Outcome::with_reason(Status::Partial, Reason::RetentionInsideWindow, "");
        for outcome in [
            expired(),
            expired(),
            Outcome::denied("no"),
            Outcome::searched(),
        ] {
            gaps.add(&Coverage {
                kinds: BTreeSet::from([LogKind::App]),
                ..coverage_row("111111111111", Some("eu-west-1"), Some("/a"), outcome)
            });
        }
        assert!(!gaps.is_complete());
        assert_eq!(
            gaps.sentences(),
            [
                "Application logs, not required: 3 of 4 log groups were not covered completely \
              (1 access-denied, 2 retention-inside-window)."
            ]
        );
    }
}
