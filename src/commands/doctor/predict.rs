//! Predicts which gaps a sweep would have although every permission is there: account-Regions that
//! no trail records, log sources that deliver elsewhere, log groups whose retention is too short.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use jiff::Timestamp;

use super::check::{Check, Subject};
use super::log_group_gaps::log_group_gaps;
use crate::aws::Aws;
use crate::commands::CommandError;
use crate::commands::sources::survey::{EnteredAccounts, SurveyResult, survey};
use crate::report::{AccountNames, OtherSourceTally};
use crate::settings::DoctorSettings;
use crate::sweep::Sources;
use dragnet_model::format::plural;
use dragnet_model::{AccountId, LogKind, Source, SourceKind, SourceStatus, Target};

/// How many account-Regions a check names.
const EXAMPLES: usize = 3;

/// Returns the gaps that a sweep at the time `now` would have in the log sources. The accounts of
/// `entered` are not entered again.
///
/// # Errors
/// The accounts cannot be listed.
pub(super) async fn predict_gaps(
    aws: Aws,
    settings: &DoctorSettings,
    now: Timestamp,
    entered: EnteredAccounts,
) -> Result<Vec<Check>, CommandError> {
    let SurveyResult {
        mut sources,
        names,
        entered,
        ..
    } = survey(
        aws.clone(),
        &settings.reach,
        (settings.window, now),
        entered,
    )
    .await?;
    let scope = &settings.reach.scope;
    sources.accept_gaps(&names, scope, now);
    let mut checks = Vec::new();
    if scope.requires_sources() {
        checks.extend(source_gaps(&sources, settings, &names));
    }
    // A sweep that does not require log sources requires all log groups in scope.
    if settings.required.contains(LogKind::App) || !scope.requires_sources() {
        let listings = entered
            .iter()
            .map(|(target, session)| log_group_gaps(&aws, session, &target.region, settings, now));
        let listings = join_all(listings).await;
        for ((target, _), listing) in entered.iter().zip(listings) {
            checks.extend(listing.into_iter().map(|check| Check {
                account_id: Some(target.account),
                account_name: name_of(target.account, &names),
                region: Some(target.region.clone()),
                ..check
            }));
        }
    }
    Ok(checks)
}

/// Returns the gaps in log sources of the required kinds.
fn source_gaps(sources: &Sources, settings: &DoctorSettings, names: &AccountNames) -> Vec<Check> {
    let required = &settings.required;
    let mut checks = Vec::new();
    if required.contains(LogKind::Management) {
        let mut gaps: BTreeMap<(AccountId, SourceStatus), Vec<Target>> = BTreeMap::new();
        for (target, status) in &sources.cloudtrail {
            if !status.is_covered() {
                gaps.entry((target.account, *status))
                    .or_default()
                    .push(target.clone());
            }
        }
        checks.extend(gaps.iter().map(|((account, status), targets)| {
            management_gap(*account, *status, targets, &sources.rows, names)
        }));
    }
    let other_sources = OtherSourceTally::from_rows(&sources.rows);
    checks.extend(
        other_sources
            .required_sentences(required)
            .into_iter()
            .map(|sentence| {
                let advice = "see `dragnet sources` for the reasons";
                Check::failed(Subject::Sources, sentence, advice)
            }),
    );
    checks
}

fn name_of(account: AccountId, names: &AccountNames) -> String {
    names.get(&account.to_string()).cloned().unwrap_or_default()
}

/// Creates the check of an account whose management events would not be searched in some Regions.
fn management_gap(
    account: AccountId,
    status: SourceStatus,
    targets: &[Target],
    rows: &[Source],
    names: &AccountNames,
) -> Check {
    let regions: Vec<&str> = targets
        .iter()
        .take(EXAMPLES)
        .map(|target| target.region.as_str())
        .collect();
    let more = match targets.len().saturating_sub(EXAMPLES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    // The first reason: most Regions of an account have the same.
    let reasons: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row.kind == SourceKind::CloudTrail && targets.contains(&row.target))
        .map(|row| row.reason.as_str())
        .filter(|reason| !reason.is_empty())
        .collect();
    let reason = reasons
        .first()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    let detail = format!(
        "CloudTrail: {}{reason}, in {} ({}{more})",
        status.explanation(),
        plural(targets.len() as u64, "Region"),
        regions.join(", ")
    );
    Check {
        account_id: Some(account),
        account_name: name_of(account, names),
        reason: Some(status.as_str()),
        ..Check::failed(Subject::Sources, detail, advice(status))
    }
}

/// Returns what to do about log sources with this status.
fn advice(status: SourceStatus) -> &'static str {
    match status {
        SourceStatus::NoSource => {
            "create a trail that delivers to CloudWatch Logs, or accept the gap (scope.accepted_gap)"
        }
        SourceStatus::OnlyS3 => {
            "allow the read role in the bucket, let the trail also deliver to a CloudWatch Logs log group, or accept the gap \
             (scope.accepted_gap)"
        }
        SourceStatus::Stopped => "start the trail (aws cloudtrail start-logging)",
        SourceStatus::Failing | SourceStatus::Stale => {
            "check how the trail is allowed to write to its log group and its bucket"
        }
        SourceStatus::Partial => {
            "shorten the window, or widen the event selectors or the retention of the log group"
        }
        SourceStatus::Denied
        | SourceStatus::Failed
        | SourceStatus::Skipped
        | SourceStatus::Unsearchable => "see `dragnet sources` for the reason",
        SourceStatus::Searched | SourceStatus::Recorded | SourceStatus::Accepted => "",
    }
}
