//! The section of a plan about the sources of management events: which would be read, why, and what
//! the others would take.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;

use super::page::{Page, Style};
use dragnet_model::format::{count, duration, money, plural};

/// Which sources would be read for an account-Region, and what the others would take.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PlannedSources {
    pub account_id: String,
    pub region: String,
    /// The word of the reason.
    pub reason: &'static str,
    /// The reason for people.
    #[serde(skip)]
    pub explanation: &'static str,
    /// Identifies the choice. The account-Regions of one log group share it with its estimates.
    #[serde(skip)]
    pub choice: usize,
    pub sources: Vec<SourceEstimate>,
}

/// A source that could be read, and what that would take.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SourceEstimate {
    /// `filter`, `insights`, `s3` or `history`.
    pub method: &'static str,
    /// The log groups or buckets; empty for the event history.
    pub location: String,
    /// Whether it would be read.
    pub is_read: bool,
    /// Whether it is certain to have everything.
    pub is_complete: bool,
    /// The calls, if they are known; of the event history the fewest.
    pub calls: Option<u64>,
    /// How long they take at the quota, if that is known.
    pub seconds_at_quota: Option<u64>,
    /// What they cost at list prices, in US dollars, if that is known.
    pub cost_usd: Option<f64>,
}

/// The account-Regions for which the same sources would be read for the same reason.
#[derive(Default)]
struct ChoiceGroup<'p> {
    targets: u64,
    /// The estimates by whether they would be read, and method.
    methods: BTreeMap<(IsAlternative, &'p str), MethodSum>,
    /// What was added: log groups and choices, which account-Regions share.
    added: BTreeSet<(&'p str, &'p str, usize)>,
}

type IsAlternative = bool;

/// The sum of estimates. What is not known of one is not known of all.
#[derive(Default)]
struct MethodSum {
    calls: Option<u64>,
    seconds: Option<u64>,
    usd: Option<f64>,
    is_partial: bool,
}

/// Writes which sources would be read, if there is a choice.
pub(super) fn write_source_choices(
    page: &mut dyn Page,
    choices: &[PlannedSources],
) -> io::Result<()> {
    let mut groups: BTreeMap<(String, &str), ChoiceGroup<'_>> = BTreeMap::new();
    for choice in choices {
        let key = (choice.label(), choice.explanation);
        groups.entry(key).or_default().add(choice);
    }
    if groups.is_empty() {
        return Ok(());
    }
    page.heading("Sources of management events", Style::Plain)?;
    for ((label, explanation), group) in &groups {
        let targets = plural(group.targets, "account-Region");
        page.item(label, &format!("{targets}: {explanation}"))?;
        for ((is_alternative, method), sum) in &group.methods {
            let lead = if *is_alternative { "or   " } else { "read " };
            page.row("", lead, &format!("{method}: {}", sum.describe(method)))?;
        }
    }
    Ok(())
}

impl PlannedSources {
    /// The methods that would be used.
    fn label(&self) -> String {
        let read = self.sources.iter().filter(|source| source.is_read);
        let methods: BTreeSet<&str> = read.map(|source| source.method).collect();
        if methods.is_empty() {
            return "none".to_owned();
        }
        methods.into_iter().collect::<Vec<&str>>().join("+")
    }
}

impl<'p> ChoiceGroup<'p> {
    fn add(&mut self, choice: &'p PlannedSources) {
        self.targets += 1;
        for source in &choice.sources {
            let is_log_group = matches!(source.method, "filter" | "insights");
            // The log group of an organization trail is one for all account-Regions.
            let shared_by = if is_log_group { 0 } else { choice.choice };
            let identity = (source.method, source.location.as_str(), shared_by);
            if self.added.insert(identity) {
                self.methods
                    .entry((!source.is_read, source.method))
                    .and_modify(|sum| sum.add(source))
                    .or_insert_with(|| MethodSum::new(source));
            }
        }
    }
}

impl MethodSum {
    fn new(source: &SourceEstimate) -> Self {
        Self {
            calls: source.calls,
            seconds: source.seconds_at_quota,
            usd: source.cost_usd,
            is_partial: !source.is_complete,
        }
    }

    fn add(&mut self, source: &SourceEstimate) {
        self.calls = add_known(self.calls, source.calls, u64::saturating_add);
        // The objects of a bucket share its quota; log groups are mostly in different Regions.
        let shares_quota = source.method == "s3";
        self.seconds = add_known(self.seconds, source.seconds_at_quota, |one, other| {
            if shares_quota {
                one.saturating_add(other)
            } else {
                one.max(other)
            }
        });
        self.usd = add_known(self.usd, source.cost_usd, |one, other| one + other);
        self.is_partial |= !source.is_complete;
    }

    fn describe(&self, method: &str) -> String {
        let mut parts = Vec::new();
        match (method, self.calls) {
            ("history", Some(calls)) => parts.push(format!(
                "at least {} calls; the number of events is not known",
                count(calls)
            )),
            ("filter", Some(calls)) => parts.push(format!("at most {} calls", count(calls))),
            ("s3", Some(calls)) => parts.push(plural(calls, "call")),
            ("s3", None) => parts.push("not listed, so its size is not known".to_owned()),
            _ => {}
        }
        parts.extend(self.seconds.map(duration));
        parts.extend(self.usd.map(|usd| {
            if usd > 0.0 {
                money(usd)
            } else {
                "free".to_owned()
            }
        }));
        if self.is_partial {
            parts.push("not certain to have everything".to_owned());
        }
        parts.join(", ")
    }
}

fn add_known<T>(one: Option<T>, other: Option<T>, add: impl FnOnce(T, T) -> T) -> Option<T> {
    one.zip(other).map(|(one, other)| add(one, other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::TerminalPage;

    fn source(method: &'static str, is_read: bool, calls: Option<u64>) -> SourceEstimate {
        SourceEstimate {
            method,
            location: "one".to_owned(),
            is_read,
            is_complete: true,
            calls,
            seconds_at_quota: calls.filter(|_| method != "history"),
            cost_usd: calls.map(|_| if method == "s3" { 0.5 } else { 0.0 }),
        }
    }

    fn planned(region: &str, choice: usize, sources: Vec<SourceEstimate>) -> PlannedSources {
        PlannedSources {
            account_id: "111111111111".to_owned(),
            region: region.to_owned(),
            reason: "cheapest",
            explanation: "the cheapest of those that take at most 10 minutes",
            choice,
            sources,
        }
    }

    fn text(choices: &[PlannedSources]) -> String {
        let mut out = Vec::new();
        let mut page = TerminalPage {
            out: &mut out,
            color: false,
            width: 80,
        };
        write_source_choices(&mut page, choices).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn shared_estimates_are_shown_once() {
        let of_log_group = vec![
            source("s3", true, Some(40)),
            source("filter", false, Some(700)),
            source("history", false, Some(8)),
        ];
        let shown = text(&[
            planned("eu-west-1", 1, of_log_group.clone()),
            planned("us-east-1", 1, of_log_group),
        ]);
        assert!(shown.contains("2 account-Regions: the cheapest"), "{shown}");
        assert!(
            shown.contains("read s3: 40 calls, 40s, 0.50 USD\n"),
            "{shown}"
        );
        assert!(
            shown.contains("or   filter: at most 700 calls, 11m 40s, free\n"),
            "{shown}"
        );
        assert!(shown.contains("history: at least 8 calls; "), "{shown}");
        assert!(shown.lines().all(|line| line.len() <= 80), "{shown}");
    }

    #[test]
    fn estimates_of_account_regions_are_added_and_unknown_ones_stay_unknown() {
        let choices = [
            planned("eu-west-1", 1, vec![source("s3", true, Some(40))]),
            planned("us-east-1", 2, vec![source("s3", true, Some(2))]),
        ];
        let shown = text(&choices);
        assert!(
            shown.contains("read s3: 42 calls, 42s, 1.00 USD\n"),
            "{shown}"
        );
        let filter = source("filter", true, Some(3));
        let shown = text(&[
            planned(
                "eu-west-1",
                1,
                vec![filter.clone(), source("s3", false, None)],
            ),
            planned("us-east-1", 2, vec![filter, source("s3", false, Some(2))]),
        ]);
        assert!(shown.contains("read filter: at most 3 calls, "), "{shown}");
        assert!(shown.contains("or   s3: not listed, so "), "{shown}");
        assert!(text(&[]).is_empty());
    }
}
