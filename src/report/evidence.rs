//! The sections of the run report about log sources and trail integrity.

use std::io;

use super::page::{Page, Style};
use super::{AccountNames, HourGap, SourceTally, TamperingTally, count, plural, time};
use crate::model::Target;

/// The log sources and the trail integrity findings of a run, counted.
#[derive(Clone, Debug, Default)]
pub struct EvidenceTally {
    /// The status of the CloudTrail of every account-Region.
    pub sources: SourceTally,
    /// Tampering calls.
    pub tampering: TamperingTally,
    /// The longest hour gaps.
    pub silences: Vec<HourGap>,
}

pub(super) fn tampering(
    page: &mut dyn Page,
    tally: &TamperingTally,
    names: &AccountNames,
) -> io::Result<()> {
    if tally.total() == 0 {
        return Ok(());
    }
    page.heading(
        &format!(
            "Tampering with the recording: {}",
            plural(tally.total(), "call")
        ),
        Style::Bad,
    )?;
    for call in tally.first() {
        let ended = match call.error_code.as_str() {
            "" => String::new(),
            error => format!(", refused: {error}"),
        };
        let place = format!("in {} {}", named(&call.account, names), call.region);
        let who = format!("by {} from {}", call.principal_arn, call.source_ip);
        page.item(
            &call.event_name,
            &format!("{} {place} {who}{ended}", time(call.time_ms)),
        )?;
    }
    match tally.total().saturating_sub(tally.first().len() as u64) {
        0 => Ok(()),
        more => page.item(
            "",
            &format!("and {} more, all in tampering.csv", count(more)),
        ),
    }
}

pub(super) fn sources(
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
            plural(gap.targets, "Region"),
            plural(gap.accounts, "account")
        );
        page.item(
            gap.status.as_str(),
            &format!("{size}: {}", gap.status.explanation()),
        )?;
        let examples: Vec<String> = gap
            .examples
            .iter()
            .map(|target| place(target, names))
            .collect();
        let more = gap.targets.saturating_sub(examples.len() as u64);
        let rest = if more > 0 {
            format!(" and {} more", count(more))
        } else {
            String::new()
        };
        page.item("", &format!("{}{rest}", examples.join(", ")))?;
    }
    page.item("", "each with its reason in sources.csv")
}

pub(super) fn silences(
    page: &mut dyn Page,
    silences: &[HourGap],
    names: &AccountNames,
) -> io::Result<()> {
    if silences.is_empty() {
        return Ok(());
    }
    page.heading(
        "Hours without records, where others have some",
        Style::Plain,
    )?;
    for silence in silences {
        let hours = plural(silence.hours.unsigned_abs(), "hour");
        page.item(
            &hours,
            &format!(
                "from {} in {}",
                time(silence.from_ms),
                place(&silence.target, names)
            ),
        )?;
    }
    Ok(())
}

fn place(target: &Target, names: &AccountNames) -> String {
    format!(
        "{} {}",
        named(&target.account.to_string(), names),
        target.region
    )
}

/// Returns an account with its name, if that is known.
pub(super) fn named(account: &str, names: &AccountNames) -> String {
    match names.get(account).filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} ({account})"),
        None => account.to_owned(),
    }
}
