//! The section without a heading: what was searched, and how much of it.

use std::collections::BTreeMap;
use std::io;

use crate::config::RejectedEntries;
use crate::report::account_names::{AccountNames, account_with_name};
use crate::report::page::Page;
use crate::report::{
    AthenaSummary, CoverageCounts, InsightsUse, LogGroupCounts, NEVER_IN_LOGS, RunReport, Summary,
};
use dragnet_model::SlowedRate;
use dragnet_model::format::{abridged, bytes, count, kind_counts, money, plural};
use dragnet_model::time::rfc3339_ms;

/// Writes what was searched for, where, and how much of it was covered and read.
pub(in crate::report) fn write_facts(
    page: &mut dyn Page,
    report: &RunReport<'_>,
) -> io::Result<()> {
    let summary = report.summary;
    let window = &summary.window;
    page.item("Searched for", &abridged(&summary.looked_for()))?;
    if !summary.indicators.is_empty() {
        let kinds = summary.indicators.iter().map(|one| one.kind.as_str());
        page.item("Kinds", &kind_counts(kinds))?;
    }
    for list in &summary.rejected_entries {
        write_rejected_entries(page, list)?;
    }
    for line in &summary.not_looked_for {
        page.item("Not searched for", line)?;
    }
    page.item(
        "Window",
        &format!("{} to {}", rfc3339_ms(window.from), rfc3339_ms(window.to)),
    )?;
    if let Some(files) = &summary.files {
        page.item("Files", &files.describe())?;
    }
    if !summary.is_about_files_alone() {
        write_scope(page, summary)?;
    }
    write_usage(page, summary)?;
    if summary.rates.is_empty() {
        return Ok(());
    }
    let rates: Vec<String> = summary
        .rates
        .iter()
        .map(|rate| slowed_rate(rate, report.names))
        .collect();
    page.item("Slowed down", &abridged(&rates))
}

/// Writes how much of the scope in AWS was covered.
fn write_scope(page: &mut dyn Page, summary: &Summary) -> io::Result<()> {
    page.item("Required", &required_kinds(summary))?;
    page.item("Accounts", &coverage_counts(summary.accounts))?;
    if summary.assigned_accounts_only {
        page.item(
            "Accounts known",
            "only those assigned to you in IAM Identity Center, because AWS Organizations did not list all",
        )?;
    }
    if !summary.member_roles.is_empty() {
        page.item("Entered with", &roles_used(&summary.member_roles))?;
    }
    page.item("Account-Regions", &coverage_counts(summary.targets))?;
    page.item("Log groups", &log_group_counts(summary.log_groups))?;
    page.item("Never in logs", &NEVER_IN_LOGS.join(", "))
}

/// Lists the roles with the number of accounts that each was used in; few accounts are named.
fn roles_used(roles: &BTreeMap<String, String>) -> String {
    let mut accounts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (account, role) in roles {
        accounts.entry(role).or_default().push(account);
    }
    let texts: Vec<String> = accounts
        .iter()
        .map(|(role, accounts)| match accounts.as_slice() {
            few @ ([_] | [_, _] | [_, _, _]) => format!("{role} in {}", few.join(", ")),
            many => format!("{role} in {}", plural(many.len() as u64, "account")),
        })
        .collect();
    texts.join("; ")
}

fn required_kinds(summary: &Summary) -> String {
    if summary.required.is_all() {
        "all kinds of logs".to_owned()
    } else {
        format!(
            "{} (--require all: every log group)",
            summary.required.describe()
        )
    }
}

/// Writes how much was read, with how many calls and at what cost.
fn write_usage(page: &mut dyn Page, summary: &Summary) -> io::Result<()> {
    let calls: u64 = summary.api_calls.values().sum();
    let throttled: u64 = summary.throttled.values().sum();
    page.item(
        "Read",
        &format!(
            "{}, {}; {}, {} throttled",
            plural(summary.events_examined, "event"),
            bytes(summary.bytes_scanned),
            plural(calls, "AWS call"),
            count(throttled)
        ),
    )?;
    let InsightsUse {
        queries,
        bytes_scanned,
        cost_usd,
    } = summary.insights;
    if queries > 0 {
        page.item(
            "Insights",
            &format!(
                "{} scanned {}, {} at list prices",
                query_count(queries),
                bytes(bytes_scanned),
                money(cost_usd)
            ),
        )?;
    }
    summary
        .athena
        .as_ref()
        .map_or(Ok(()), |athena| write_athena(page, athena))
}

fn query_count(queries: u64) -> String {
    match queries {
        1 => "1 query".to_owned(),
        more => format!("{} queries", count(more)),
    }
}

/// Writes what the queries of Athena cost and what they spared, and where they were not used.
fn write_athena(page: &mut dyn Page, athena: &AthenaSummary) -> io::Result<()> {
    if athena.queries > 0 {
        page.item(
            "Athena",
            &format!(
                "{} scanned {}, {} at list prices ({} estimated); {} ruled out",
                query_count(athena.queries),
                bytes(athena.bytes_scanned),
                money(athena.cost_usd),
                money(athena.estimated_usd),
                plural(athena.objects_ruled_out, "object")
            ),
        )?;
    }
    for (bucket, why_not) in &athena.not_used {
        page.item("Without Athena", &format!("{bucket}: {why_not}"))?;
    }
    Ok(())
}

/// Writes the entries of a list that were not searched for, the first of them with the reason.
fn write_rejected_entries(page: &mut dyn Page, list: &RejectedEntries) -> io::Result<()> {
    page.item("Not searched for", &list.sentence())?;
    for entry in list.shown() {
        page.item("", entry)?;
    }
    match list.entries.len() - list.shown().len() {
        0 => Ok(()),
        more => page.item("", &format!("and {more} more, in summary.json")),
    }
}

fn slowed_rate(rate: &SlowedRate, names: &AccountNames) -> String {
    let account = rate
        .account
        .map(|account| format!("{} ", account_with_name(&account.to_string(), names)))
        .unwrap_or_default();
    let bucket = rate
        .bucket
        .as_ref()
        .map(|bucket| format!(" of bucket {bucket}"))
        .unwrap_or_default();
    format!(
        "{}{bucket} in {account}{} to {:.1} of {:.1} calls/s",
        rate.operation, rate.region, rate.slowest, rate.allowed
    )
}

fn coverage_counts(counts: CoverageCounts) -> String {
    let parts = [
        (counts.swept, "swept"),
        (counts.partial, "partial"),
        (counts.denied, "denied"),
        (counts.failed, "failed"),
        (counts.accepted, "accepted"),
    ];
    let in_scope = counts_by_status(counts.in_scope, &parts);
    match counts.out_of_scope {
        0 => in_scope,
        more => format!("{in_scope}; {} out of scope", count(more)),
    }
}

fn log_group_counts(counts: LogGroupCounts) -> String {
    let parts = [
        (counts.searched, "searched"),
        (counts.partial, "partial"),
        (counts.skipped, "skipped"),
        (counts.unsearchable, "unsearchable"),
        (counts.denied, "denied"),
        (counts.failed, "failed"),
        (counts.accepted, "accepted"),
    ];
    counts_by_status(counts.in_scope, &parts)
}

fn counts_by_status(in_scope: u64, parts: &[(u64, &str)]) -> String {
    let statuses: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", count(*number)))
        .collect();
    if statuses.is_empty() {
        "none".to_owned()
    } else {
        format!("{} in scope: {}", count(in_scope), statuses.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_counted_and_few_accounts_named() {
        let roles = [
            ("1", "Audit"),
            ("2", "Read"),
            ("3", "Read"),
            ("4", "Read"),
            ("5", "Read"),
        ];
        let roles = roles.map(|(account, role)| (account.to_owned(), role.to_owned()));
        assert_eq!(roles_used(&roles.into()), "Audit in 1; Read in 4 accounts");
    }

    #[test]
    fn slowed_rate_names_its_account_or_its_bucket() {
        let names = AccountNames::from([("222222222222".to_owned(), "prod".to_owned())]);
        let text = |account: Option<&str>, bucket: Option<&str>| {
            let rate = SlowedRate {
                operation: "GetObject".to_owned(),
                account: account.map(|id| id.parse().unwrap()),
                bucket: bucket.map(str::to_owned),
                region: "us-east-1".parse().unwrap(),
                allowed: 1_000.0,
                slowest: 12.5,
                last: 20.0,
            };
            slowed_rate(&rate, &names)
        };
        assert_eq!(
            text(None, Some("logs")),
            "GetObject of bucket logs in us-east-1 to 12.5 of 1000.0 calls/s"
        );
        assert_eq!(
            text(Some("222222222222"), None),
            "GetObject in prod (222222222222) us-east-1 to 12.5 of 1000.0 calls/s"
        );
    }
}
