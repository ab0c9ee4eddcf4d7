//! The sections about log sources and trail integrity.

use std::io;

use crate::report::account_names::{AccountNames, account_with_name, target_with_name};
use crate::report::page::{Page, Style};
use crate::report::{HourGap, LivenessCounts, SourceTally, TamperingTally};
use dragnet_model::format::{count, plural};
use dragnet_model::time::format_ms;
use dragnet_model::{BucketReads, TamperingCall};

pub(super) fn write_tampering_calls(
    page: &mut dyn Page,
    tally: &TamperingTally,
    names: &AccountNames,
) -> io::Result<()> {
    if tally.total() == 0 {
        return Ok(());
    }
    let title = format!("Tampering with logging: {}", plural(tally.total(), "call"));
    page.heading(&title, Style::Bad)?;
    for (severity, shown) in tally.shown() {
        let TamperingCall {
            details: call,
            resource,
        } = shown;
        let failed = match &*call.error_code {
            "" => String::new(),
            error => format!(", failed: {error}"),
        };
        let account = account_with_name(&call.account, names);
        let subject = match resource.as_str() {
            "" => String::new(),
            resource => format!(" {resource}"),
        };
        let location = format!("in {account} {}", call.region);
        let actor = format!("by {} from {}", call.identity.arn, call.source_ip);
        page.item(
            &call.event_name,
            &format!(
                "{severity}, {}{subject} {location} {actor}{failed}",
                format_ms(call.time_ms)
            ),
        )?;
    }
    let more = tally.total().saturating_sub(tally.shown().len() as u64);
    if more > 0 {
        let text = format!("and {} more, all in tampering.csv", count(more));
        page.item("", &text)?;
    }
    match tally.low() {
        0 => Ok(()),
        low => page.item(
            "",
            &format!("{} of low severity, in tampering.csv", plural(low, "call")),
        ),
    }
}

pub(super) fn write_source_gaps(
    page: &mut dyn Page,
    tally: &SourceTally,
    names: &AccountNames,
) -> io::Result<()> {
    let gaps = tally.gaps();
    if gaps.is_empty() {
        return Ok(());
    }
    page.heading("CloudTrail not searched", Style::Bad)?;
    for gap in gaps {
        let size = format!(
            "{} in {}",
            plural(gap.targets, "account-Region"),
            plural(gap.accounts, "account")
        );
        page.item(
            gap.status.as_str(),
            &format!("{size}: {}", gap.status.explanation()),
        )?;
        let examples: Vec<String> = gap
            .examples
            .iter()
            .map(|target| target_with_name(target, names))
            .collect();
        let more = gap.targets.saturating_sub(examples.len() as u64);
        let rest = if more > 0 {
            format!(" and {} more", count(more))
        } else {
            String::new()
        };
        page.item("", &format!("{}{rest}", examples.join(", ")))?;
    }
    page.item("", "all reasons are in sources.csv")
}

/// Writes that records are missing in the log groups of trails, or could not be compared.
pub(super) fn write_liveness(
    page: &mut dyn Page,
    counts: Option<LivenessCounts>,
) -> io::Result<()> {
    let sentences = counts.map(LivenessCounts::sentences).unwrap_or_default();
    if sentences.is_empty() {
        return Ok(());
    }
    page.heading("Records in the log groups of trails", Style::Bad)?;
    sentences
        .iter()
        .try_for_each(|sentence| page.item("", sentence))
}

/// Writes whether reads of buckets were recorded, without which it cannot be found out
/// who copied what they contain.
pub(super) fn write_bucket_reads(page: &mut dyn Page, reads: &[BucketReads]) -> io::Result<()> {
    if reads.is_empty() {
        return Ok(());
    }
    page.heading("Reads of buckets", Style::Plain)?;
    reads
        .iter()
        .try_for_each(|bucket| page.item("", &bucket.sentence()))
}

pub(super) fn write_hour_gaps(
    page: &mut dyn Page,
    heading: &str,
    hour_gaps: &[HourGap],
    names: &AccountNames,
) -> io::Result<()> {
    if hour_gaps.is_empty() {
        return Ok(());
    }
    page.heading(heading, Style::Plain)?;
    for gap in hour_gaps {
        let hours = plural(gap.hours.unsigned_abs(), "hour");
        let target = target_with_name(&gap.target, names);
        page.item(
            &hours,
            &format!("from {} in {target}", format_ms(gap.from_ms)),
        )?;
    }
    Ok(())
}
