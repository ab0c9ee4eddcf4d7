//! Predicts which log groups a sweep could not cover completely, with the permissions that it has.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::check::{Check, Subject};
use crate::aws::{Aws, Pages, Session};
use crate::settings::DoctorSettings;
use crate::sweep::{GroupEnd, Refusal};
use dragnet_model::format::plural;
use dragnet_model::{LogGroup, Reason, Region, SourceStatus};

/// How many log groups a check names.
const EXAMPLES: usize = 3;

/// Returns one failed check for each reason for which log groups of a Region would not be covered
/// completely by a sweep at the time `now`.
pub(super) async fn log_group_gaps(
    aws: &Aws,
    session: &Session,
    region: &Region,
    settings: &DoctorSettings,
    now: Timestamp,
) -> Vec<Check> {
    let groups = match list_log_groups(aws, session, region).await {
        Ok(groups) => groups,
        Err(check) => return vec![*check],
    };
    let scope = &settings.reach.scope;
    let mut gaps: BTreeMap<(SourceStatus, String), Vec<String>> = BTreeMap::new();
    for group in groups
        .into_iter()
        .filter(|group| scope.has_log_group(&group.name))
    {
        let end = GroupEnd::expected(&group, settings.window, now);
        // A sweep also finds out whether an earlier log group of this name was deleted.
        let is_young = end.reason.starts_with(Reason::CreatedInsideWindow.as_str());
        let is_covered = end.status.is_covered() || end.status == SourceStatus::Skipped || is_young;
        if !is_covered {
            gaps.entry((end.status, end.reason))
                .or_default()
                .push(group.name);
        }
    }
    gaps.into_iter()
        .map(|((status, reason), names)| gap_check(status, &reason, &names))
        .collect()
}

async fn list_log_groups(
    aws: &Aws,
    session: &Session,
    region: &Region,
) -> Result<Vec<LogGroup>, Box<Check>> {
    let mut groups = Vec::new();
    let mut pages = Pages::default();
    loop {
        let (page, next) = aws
            .log_groups(session, region, pages.token())
            .await
            .map_err(|error| {
                let refusal = Refusal::from_call_error(&error);
                Box::new(Check::refused(Subject::LogGroups, refusal))
            })?;
        let advanced = pages.advance(page.len(), next);
        groups.extend(page);
        let has_next = advanced.map_err(|endless| {
            let detail = format!("DescribeLogGroups: {endless}");
            Box::new(Check::failed(Subject::LogGroups, detail, ""))
        })?;
        if !has_next {
            return Ok(groups);
        }
    }
}

fn gap_check(status: SourceStatus, reason: &str, names: &[String]) -> Check {
    let named: Vec<&str> = names.iter().take(EXAMPLES).map(String::as_str).collect();
    let rest = match names.len().saturating_sub(EXAMPLES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let detail = format!(
        "{}: {reason} ({}{rest})",
        plural(names.len() as u64, "log group"),
        named.join(", ")
    );
    let advice = "shorten the window, or do not require app (--require)";
    Check {
        reason: Some(status.as_str()),
        ..Check::failed(Subject::LogGroups, detail, advice)
    }
}
