//! The lists of the page: counts, indicators, gaps and log sources.

use crate::report::account_names::target_with_name;
use crate::report::coverage_grid::{CoverageGrid, GapRow};
use crate::report::{Gap, IndicatorSummary, RunReport, TopCounts};
use dragnet_model::format::count;
use dragnet_model::{Source, SourceStatus};

/// How many indicators are listed. `summary.json` contains all.
const MOST_INDICATORS: usize = 1_000;
/// How many log sources are listed. `sources.csv` contains all.
const MOST_SOURCES: usize = 1_000;
/// The maximum number of characters of a name.
const LONGEST_NAME: usize = 200;

/// A label and a text. The text is untrusted.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) text: String,
}

impl Fact {
    pub(super) fn new(label: &'static str, text: String) -> Self {
        Self { label, text }
    }
}

/// A name and its number. The name is untrusted.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) name: String,
    pub(super) number: String,
}

/// Returns the most frequent names.
pub(super) fn top_counted(
    counts: &TopCounts,
    most: usize,
    describe: impl Fn(&str) -> String,
) -> Vec<Counted> {
    let top = counts.top(most).into_iter();
    top.map(|(name, number)| Counted {
        name: cut(&describe(name)),
        number: count(number),
    })
    .collect()
}

/// Returns the beginning of a long text.
pub(super) fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(LONGEST_NAME).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// An indicator, and what was found of it.
#[derive(Debug)]
pub(super) struct IndicatorRow {
    pub(super) value: String,
    pub(super) kind: String,
    pub(super) sightings: String,
    pub(super) first_seen: String,
    pub(super) last_seen: String,
}

/// The indicators, also those without sightings.
#[derive(Debug)]
pub(super) struct Indicators {
    pub(super) rows: Vec<IndicatorRow>,
    pub(super) has_more: bool,
    pub(super) more: String,
}

impl Indicators {
    pub(super) fn new(indicators: &[IndicatorSummary]) -> Self {
        let more = indicators.len().saturating_sub(MOST_INDICATORS);
        let rows = indicators.iter().take(MOST_INDICATORS);
        let time = |seen: &Option<String>| seen.clone().unwrap_or_default();
        Self {
            rows: rows
                .map(|indicator| IndicatorRow {
                    value: cut(&indicator.value),
                    kind: indicator.kind.clone(),
                    sightings: count(indicator.sightings),
                    first_seen: time(&indicator.first_seen),
                    last_seen: time(&indicator.last_seen),
                })
                .collect(),
            has_more: more > 0,
            more: count(more as u64),
        }
    }
}

/// A reason for gaps, and where it applies.
#[derive(Debug)]
pub(super) struct GapReason {
    pub(super) status: &'static str,
    pub(super) size: String,
    pub(super) reason: String,
    pub(super) examples: String,
}

/// Gaps under a heading.
#[derive(Debug)]
pub(super) struct GapGroup {
    pub(super) heading: &'static str,
    pub(super) reasons: Vec<GapReason>,
}

/// Returns all reasons for gaps, first those that the reader can do something about.
pub(super) fn gap_groups(report: &RunReport<'_>) -> Vec<GapGroup> {
    let coverage = report.coverage;
    let (fixable, lost): (Vec<Gap>, Vec<Gap>) =
        coverage.gaps().into_iter().partition(|gap| gap.is_fixable);
    let groups = [
        ("Can be fixed", fixable),
        ("Not searchable by anyone", lost),
        ("Accepted", coverage.accepted()),
        ("Out of scope", coverage.out_of_scope()),
    ];
    let groups = groups.into_iter().filter(|(_, gaps)| !gaps.is_empty());
    groups
        .map(|(heading, gaps)| GapGroup {
            heading,
            reasons: gaps.iter().map(GapReason::new).collect(),
        })
        .collect()
}

impl GapReason {
    fn new(gap: &Gap) -> Self {
        let more = gap.rows.total().saturating_sub(gap.examples.len() as u64);
        let rest = if more > 0 {
            format!(" and {} more", count(more))
        } else {
            String::new()
        };
        Self {
            status: gap.status.as_str(),
            size: gap.size(),
            reason: gap.reason.clone(),
            examples: format!("{}{rest}", gap.examples.join(", ")),
        }
    }
}

/// The gaps one by one.
#[derive(Debug)]
pub(super) struct GapList {
    pub(super) rows: Vec<ListedGap>,
    pub(super) total: String,
    pub(super) has_more: bool,
    pub(super) more: String,
}

#[derive(Debug)]
pub(super) struct ListedGap {
    pub(super) location: String,
    pub(super) status: &'static str,
    pub(super) required: &'static str,
    pub(super) reason: String,
}

impl GapList {
    pub(super) fn new(grid: &CoverageGrid) -> Self {
        let more = grid.all_gaps.saturating_sub(grid.gaps.len() as u64);
        let row = |gap: &GapRow| ListedGap {
            location: cut(&gap.location),
            status: gap.status.as_str(),
            required: if gap.is_required { "yes" } else { "no" },
            reason: gap.reason.clone(),
        };
        Self {
            rows: grid.gaps.iter().map(row).collect(),
            total: count(grid.all_gaps),
            has_more: more > 0,
            more: count(more),
        }
    }
}

/// The log sources of the run.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) statuses: Vec<StatusCount>,
    pub(super) rows: Vec<SourceRow>,
    pub(super) has_more: bool,
    pub(super) more: String,
}

/// The number of account-Regions with a status of their CloudTrail.
#[derive(Debug)]
pub(super) struct StatusCount {
    pub(super) status: &'static str,
    pub(super) targets: String,
    pub(super) explanation: &'static str,
}

#[derive(Debug)]
pub(super) struct SourceRow {
    pub(super) target: String,
    pub(super) kind: String,
    pub(super) via: String,
    pub(super) status: &'static str,
    pub(super) reason: String,
}

impl Sources {
    pub(super) fn new(report: &RunReport<'_>, sources: &[Source]) -> Self {
        let counts = report.evidence.sources.counts();
        let more = sources.len().saturating_sub(MOST_SOURCES);
        let statuses = SourceStatus::ALL.into_iter();
        let rows = sources.iter().take(MOST_SOURCES);
        Self {
            statuses: statuses
                .filter_map(|status| {
                    let targets = counts.targets.get(status.as_str())?;
                    Some(StatusCount {
                        status: status.as_str(),
                        targets: count(*targets),
                        explanation: status.explanation(),
                    })
                })
                .collect(),
            rows: rows
                .map(|source| SourceRow {
                    target: cut(&target_with_name(&source.target, report.names)),
                    kind: source.kind.to_string(),
                    via: cut(&source.via),
                    status: source.status.as_str(),
                    reason: cut(&source.reason),
                })
                .collect(),
            has_more: more > 0,
            more: count(more as u64),
        }
    }
}
