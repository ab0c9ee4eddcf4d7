//! Reports the plan of a sweep: what it would read, how long that takes, and what it costs.

use std::io::{self, Write};

use serde::Serialize;

use super::CoverageTally;
use super::page::{Page, Style, TerminalPage, WIDTH};
use super::sections::write_gaps;
use super::source_choices::{PlannedSources, write_source_choices};
use super::summary::SummaryWindow;
use dragnet_model::Coverage;
use dragnet_model::format::{abridged, bytes, count, duration, money, plural};
use dragnet_model::time::format_ms;

/// How many of the slowest account-Regions are named.
const MOST_LISTED: usize = 5;

/// Account-Regions that take no longer than this many seconds are not named.
const SHORT_SECONDS: u64 = 10;

/// A plan, as its JSON for scripts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PlanReport {
    /// The names of the indicators and hunts to search for.
    pub looked_for: Vec<String>,
    pub window: SummaryWindow,
    /// `auto`, `filter` or `insights`.
    pub engine: String,
    /// All `FilterLogEvents` calls if no event were filtered out. A filter pattern makes them
    /// fewer.
    pub calls: u64,
    /// How long the slowest account-Region takes at its quota. All are read concurrently.
    pub seconds_at_quota: u64,
    /// The bytes that Insights would scan.
    pub bytes_to_scan: u64,
    /// The cost of that at list prices, in US dollars.
    pub cost_usd: f64,
    /// The scan budget, in US dollars.
    pub max_scan_cost_usd: f64,
    /// The fewest calls that compare the log groups of trails with the event history.
    #[serde(skip_serializing_if = "is_zero")]
    pub liveness_calls: u64,
    /// What would be read, by account-Region.
    pub targets: Vec<PlannedTarget>,
    /// The choice among the sources of management events, by account-Region, if there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_choices: Vec<PlannedSources>,
    /// The statements of Athena, which name the objects that would be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub athena_statements: Vec<AthenaStatement>,
    /// What would not be covered.
    pub not_covered: Vec<PlannedGap>,
    /// The selectors of the scope that match nothing, as options of the command line.
    pub unmatched_selectors: Vec<String>,
}

/// What would be read of an account-Region.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PlannedTarget {
    pub account_id: String,
    /// The account name: untrusted text.
    pub account_name: String,
    pub region: String,
    /// The log groups that the filter engine would read.
    pub filter_log_groups: u64,
    /// The bytes of their events in the window.
    pub filter_bytes: u64,
    /// The `FilterLogEvents` calls if no event were filtered out.
    pub calls: u64,
    /// How long these calls take at the quota.
    pub seconds_at_quota: u64,
    /// The log groups that Insights would read.
    pub insights_log_groups: u64,
    /// The bytes that Insights would scan.
    pub bytes_to_scan: u64,
    /// The cost of that at list prices, in US dollars.
    pub cost_usd: f64,
    /// The fewest `LookupEvents` calls, if the event history would be read.
    #[serde(skip_serializing_if = "is_zero")]
    pub event_history_calls: u64,
    /// The objects in S3 that would be read.
    #[serde(skip_serializing_if = "is_zero")]
    pub s3_objects: u64,
    /// Their packed bytes.
    #[serde(skip_serializing_if = "is_zero")]
    pub s3_bytes: u64,
}

/// A statement that Athena would run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AthenaStatement {
    pub statement: String,
    /// Its estimated cost at list prices, in US dollars.
    pub cost_usd: f64,
}

/// Whether there is nothing to report.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// An account, account-Region, log group or folder of a bucket that would not be covered.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PlannedGap {
    account_id: String,
    account_name: String,
    region: Option<String>,
    log_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket_prefix: Option<String>,
    status: &'static str,
    reason: String,
}

impl From<&Coverage> for PlannedGap {
    fn from(row: &Coverage) -> Self {
        Self {
            account_id: row.account.to_string(),
            account_name: row.account_name.clone(),
            region: row.region.as_ref().map(ToString::to_string),
            log_group: row.log_group.clone(),
            bucket_prefix: row.bucket_prefix.clone(),
            status: row.outcome.status.as_str(),
            reason: row.outcome.reason_text(),
        }
    }
}

/// Writes the statements of Athena with their cost.
fn write_statements(page: &mut TerminalPage<'_>, statements: &[AthenaStatement]) -> io::Result<()> {
    for statement in statements {
        page.line("")?;
        page.line(&format!("Athena, about {}:", money(statement.cost_usd)))?;
        page.line(&statement.statement)?;
    }
    Ok(())
}

/// Writes a plan for a terminal of 80 columns. `not_covered` are its gaps, counted.
pub(crate) fn write_plan(
    plan: &PlanReport,
    not_covered: &CoverageTally,
    color: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = TerminalPage {
        out,
        color,
        width: WIDTH,
    };
    write_work(plan, &mut page)?;
    write_slowest(plan, &mut page)?;
    write_source_choices(&mut page, &plan.source_choices)?;
    write_statements(&mut page, &plan.athena_statements)?;
    write_gaps(
        &mut page,
        "Would not be covered",
        Style::Bad,
        &not_covered.gaps(),
    )?;
    page.line("")?;
    page.line("Nothing was searched. The bytes are those that AWS reports, which may lag.")?;
    if plan.cost_usd > plan.max_scan_cost_usd {
        page.styled_line(
            "A sweep would stop here: its estimated cost exceeds --max-scan-cost.",
            Style::Bad,
        )?;
    }
    Ok(())
}

/// Writes what the sweep would search for, and how much each engine would read.
fn write_work(plan: &PlanReport, page: &mut dyn Page) -> io::Result<()> {
    let sum = |field: fn(&PlannedTarget) -> u64| plan.targets.iter().map(field).sum::<u64>();
    let from = format_ms(plan.window.from.as_millisecond());
    let to = format_ms(plan.window.to.as_millisecond());
    let filter_groups = sum(|target| target.filter_log_groups);
    let filter_bytes = sum(|target| target.filter_bytes);
    let insights_groups = sum(|target| target.insights_log_groups);
    page.item("Search for", &abridged(&plan.looked_for))?;
    page.item("Window", &format!("{from} to {to}"))?;
    if !plan.unmatched_selectors.is_empty() {
        page.item("Matched nothing", &plan.unmatched_selectors.join(", "))?;
    }
    page.item(
        "Read",
        &format!(
            "{} in {}",
            plural(filter_groups + insights_groups, "log group"),
            plural(plan.targets.len() as u64, "account-Region")
        ),
    )?;
    page.item(
        "filter",
        &format!(
            "{}: {}, at most {} calls; {} at quota",
            plural(filter_groups, "log group"),
            bytes(filter_bytes),
            count(plan.calls),
            duration(plan.seconds_at_quota)
        ),
    )?;
    let histories = plan
        .targets
        .iter()
        .filter(|target| target.event_history_calls > 0)
        .count() as u64;
    if histories > 0 {
        page.item("history", &history_work(histories, plan))?;
    }
    if plan.liveness_calls > 0 {
        let calls = count(plan.liveness_calls);
        page.item(
            "liveness",
            &format!("at least {calls} calls compare log groups of trails with the event history"),
        )?;
    }
    if sum(|target| target.s3_objects) > 0 {
        page.item("s3", &object_work(plan))?;
    }
    page.item(
        "insights",
        &format!(
            "{}: {} to scan, {} (limit {})",
            plural(insights_groups, "log group"),
            bytes(plan.bytes_to_scan),
            money(plan.cost_usd),
            money(plan.max_scan_cost_usd)
        ),
    )
}

/// Describes the event histories that would be read. Only a sweep finds out how many events they
/// have.
fn history_work(histories: u64, plan: &PlanReport) -> String {
    let calls = plan
        .targets
        .iter()
        .map(|target| target.event_history_calls)
        .sum();
    format!(
        "{} of CloudTrail's event history: at least {} calls; the number of events is not known (50 a call, 2 calls a \
         second each)",
        plural(histories, "account-Region"),
        count(calls)
    )
}

/// Describes the objects in S3 that would be read.
fn object_work(plan: &PlanReport) -> String {
    let with_objects = plan.targets.iter().filter(|target| target.s3_objects > 0);
    let targets = with_objects.clone().count() as u64;
    let objects: u64 = with_objects.clone().map(|target| target.s3_objects).sum();
    let packed: u64 = with_objects.map(|target| target.s3_bytes).sum();
    format!(
        "{} of {}: {} (packed), one call each",
        plural(objects, "object"),
        plural(targets, "account-Region"),
        bytes(packed)
    )
}

/// Names the account-Regions that take the longest.
fn write_slowest(plan: &PlanReport, page: &mut dyn Page) -> io::Result<()> {
    let mut slowest: Vec<&PlannedTarget> = plan
        .targets
        .iter()
        .filter(|target| target.seconds_at_quota > SHORT_SECONDS)
        .collect();
    if slowest.is_empty() {
        return Ok(());
    }
    slowest.sort_by_key(|target| std::cmp::Reverse(target.seconds_at_quota));
    page.heading("Slowest account-Regions", Style::Plain)?;
    for target in slowest.into_iter().take(MOST_LISTED) {
        let text = format!(
            "{} ({}) {}: at most {} calls",
            target.account_name,
            target.account_id,
            target.region,
            count(target.calls)
        );
        page.item(&duration(target.seconds_at_quota), &text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::coverage_row;
    use dragnet_model::{Outcome, Reason, Status};

    #[test]
    fn a_plan_says_what_it_takes() {
        let timestamp = |text: &str| text.parse().unwrap();
        let target = PlannedTarget {
            account_id: "111111111111".to_owned(),
            account_name: "prod".to_owned(),
            region: "eu-west-1".to_owned(),
            filter_log_groups: 3,
            filter_bytes: 5_000_000_000,
            calls: 4_771,
            seconds_at_quota: 596,
            insights_log_groups: 1,
            bytes_to_scan: 80_000_000_000,
            cost_usd: 0.8,
            event_history_calls: 0,
            s3_objects: 0,
            s3_bytes: 0,
        };
        let plan = PlanReport {
            looked_for: vec!["192.0.2.1".to_owned()],
            window: SummaryWindow {
                from: timestamp("2026-03-01T00:00:00Z"),
                to: timestamp("2026-03-02T00:00:00Z"),
                complete_until: timestamp("2026-03-02T00:00:00Z"),
            },
            engine: "auto".to_owned(),
            calls: 4_771,
            seconds_at_quota: 596,
            bytes_to_scan: 80_000_000_000,
            cost_usd: 0.8,
            max_scan_cost_usd: 0.5,
            liveness_calls: 0,
            targets: vec![target],
            source_choices: Vec::new(),
            athena_statements: Vec::new(),
            not_covered: Vec::new(),
            unmatched_selectors: Vec::new(),
        };
        let mut tally = CoverageTally::default();
        let delivery =
            Outcome::with_reason(Status::Unsearchable, Reason::ClassNotReadable, "DELIVERY");
        tally.add(&coverage_row(
            "111111111111",
            Some("eu-west-1"),
            Some("/d"),
            delivery,
        ));
        let mut page = Vec::new();
        write_plan(&plan, &tally, false, &mut page).unwrap();
        insta::assert_snapshot!(String::from_utf8(page).unwrap());
    }
}
