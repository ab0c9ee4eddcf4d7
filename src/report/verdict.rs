//! The verdict: the sentences at the end of a run report that say whether the run is complete.

use super::digest_text::describe_integrity;
use super::gaps::RowCounts;
use super::own_calls::own_calls_sentences;
use super::page::Style;
use super::tampering::tampering_sentence;
use super::{CoverageTally, FileSummary, HuntSummary, RunReport, RunStatus, Summary};
use crate::config::RejectedEntries;
use dragnet_model::SourceStatus;
use dragnet_model::format::{count, plural};

/// Returns how the verdict is shown: whether it is good news.
pub(super) fn verdict_style(summary: &Summary) -> Style {
    match (summary.status, summary.has_findings()) {
        (RunStatus::Complete, false) => Style::Good,
        (RunStatus::Complete, _) => Style::Plain,
        _ => Style::Bad,
    }
}

/// Returns the lines of the verdict. The first says what was found and whether the search was
/// complete; the others add what the first does not mention. "Everything" appears only if complete
/// coverage is proven, and "nothing was found" never appears without a remark if something was not
/// searched.
pub(super) fn verdict(report: &RunReport<'_>) -> Vec<String> {
    let summary = report.summary;
    let mut lines = vec![first_line(summary)];
    lines.extend(changes_sentence(summary).map(str::to_owned));
    lines.extend(summary.files.iter().flat_map(FileSummary::sentences));
    if summary.status != RunStatus::Failed && summary.accounts.in_scope > 0 {
        let sources = &report.evidence.sources;
        lines.push(sources.sentence(summary.accounts.in_scope, report.names));
    }
    lines.extend(buckets_sentence(report.coverage));
    lines.extend(summary.integrity.iter().map(describe_integrity));
    lines.extend(histories_sentence(report.coverage));
    lines.extend(own_calls_sentences(summary));
    lines.extend(delivery_sentence(summary));
    lines.extend(gaps_sentences(report.coverage));
    lines.extend(summary.not_required.sentences());
    lines.extend(report.evidence.other_sources.sentences(&summary.required));
    lines.extend(summary.follow.and_then(|follow| follow.sentence()));
    lines.extend(rejected_entries_sentence(summary));
    lines.extend(unmatched_sentence(&summary.unmatched_selectors));
    lines.extend(hunts_sentence(summary));
    lines.extend(tampering_sentence(&summary.tampering));
    lines.extend(accepted_sentence(report.coverage));
    lines.extend(inactive_sentence(summary, report.coverage));
    lines
}

/// Returns that read calls were left out, if they were.
fn changes_sentence(summary: &Summary) -> Option<&'static str> {
    let text = "Only write calls were searched: read calls and other events were left out.";
    (summary.changes_only && summary.status != RunStatus::Failed).then_some(text)
}

/// Returns how many folders of buckets were read.
fn buckets_sentence(coverage: &CoverageTally) -> Option<String> {
    let folders = coverage.bucket_folders();
    (folders > 0).then(|| {
        format!(
            "Objects in S3 were read in {}, as the trails and flow logs delivered them.",
            plural(folders, "bucket folder")
        )
    })
}

/// Returns how many event histories were read. They have management events only.
fn histories_sentence(coverage: &CoverageTally) -> Option<String> {
    let histories = coverage.histories();
    (histories > 0).then(|| {
        format!(
            "The event history was read for {}: management events only.",
            plural(histories, "account-Region")
        )
    })
}

/// Returns up to when records are complete, if that is before the end of the window.
pub(crate) fn delivery_sentence(summary: &Summary) -> Option<String> {
    let window = &summary.window;
    let was_searched = matches!(summary.status, RunStatus::Complete | RunStatus::Incomplete)
        && !summary.is_about_files_alone();
    if !was_searched || window.complete_until >= window.to {
        return None;
    }
    if window.complete_until <= window.from {
        let text = "The records of this window may not have been delivered yet.";
        return Some(text.to_owned());
    }
    Some(format!(
        "Complete up to {}: later records may not have been delivered yet.",
        window.complete_until.strftime("%Y-%m-%dT%H:%M:%SZ")
    ))
}

/// Returns how many gaps can be closed, and how many cannot.
fn gaps_sentences(coverage: &CoverageTally) -> Vec<String> {
    let rows_of = |is_fixable: bool| {
        coverage
            .gaps()
            .iter()
            .filter(|gap| gap.is_fixable == is_fixable)
            .fold(RowCounts::default(), |sum, gap| sum.plus(gap.rows))
    };
    [
        (rows_of(true), "Not covered, but can be fixed"),
        (rows_of(false), "Not covered, and not searchable by anyone"),
    ]
    .into_iter()
    .filter(|(rows, _)| rows.total() > 0)
    .map(|(rows, title)| format!("{title}: {}.", rows.describe()))
    .collect()
}

/// Returns how many entries of indicator lists were not searched for.
fn rejected_entries_sentence(summary: &Summary) -> Option<String> {
    let lists: Vec<String> = summary
        .rejected_entries
        .iter()
        .map(RejectedEntries::sentence)
        .collect();
    (!lists.is_empty()).then(|| format!("Not searched for: {}.", lists.join("; ")))
}

/// Returns which selectors of the scope matched nothing.
fn unmatched_sentence(selectors: &[String]) -> Option<String> {
    (!selectors.is_empty()).then(|| format!("Matched nothing: {}.", selectors.join(", ")))
}

/// Returns the results of the hunts as one sentence.
fn hunts_sentence(summary: &Summary) -> Option<String> {
    if summary.hunts.is_empty() || summary.status == RunStatus::Failed {
        return None;
    }
    let results: Vec<String> = summary.hunts.iter().map(HuntSummary::sentence).collect();
    Some(format!("Hunts: {}.", results.join("; ")))
}

fn accepted_sentence(coverage: &CoverageTally) -> Option<String> {
    let accepted = coverage.accepted();
    if accepted.is_empty() {
        return None;
    }
    let rows = accepted
        .iter()
        .fold(RowCounts::default(), |sum, gap| sum.plus(gap.rows));
    Some(format!("Not covered, but accepted: {}.", rows.describe()))
}

fn inactive_sentence(summary: &Summary, coverage: &CoverageTally) -> Option<String> {
    let named = coverage.inactive();
    if named.is_empty() {
        return None;
    }
    let total = summary.accounts.out_of_scope;
    let rest = match total.saturating_sub(named.len() as u64) {
        0 => String::new(),
        more => format!(" and {} more", count(more)),
    };
    Some(format!(
        "Inactive accounts (not searchable): {}{rest}.",
        named.join(", ")
    ))
}

fn first_line(summary: &Summary) -> String {
    let found = findings(summary);
    match summary.status {
        RunStatus::Failed => "The sweep FAILED: its results prove nothing.".to_owned(),
        RunStatus::Complete if summary.is_about_files_alone() => {
            format!("{found}, and all files were read.")
        }
        _ if summary.accounts.in_scope == 0 && !summary.is_about_files_alone() => {
            "No account was in scope: nothing was searched.".to_owned()
        }
        RunStatus::Complete => {
            let accounts = plural(summary.accounts.in_scope, "account");
            let log_groups = plural(summary.log_groups.in_scope, "log group");
            let covered = covered_part(summary);
            format!("{found}, and {covered} covered: {accounts}, {log_groups}.")
        }
        RunStatus::Incomplete if !summary.has_findings() => {
            format!(
                "{found} in what was searched, but coverage is INCOMPLETE: this is not a clean result."
            )
        }
        RunStatus::Incomplete => format!("{found}, and coverage is INCOMPLETE: there may be more."),
        RunStatus::Interrupted => {
            format!("{found} before the sweep was INTERRUPTED: the rest was not searched.")
        }
    }
}

/// Returns what was covered, with its verb. Only if nothing is left out, that is everything.
fn covered_part(summary: &Summary) -> String {
    let required = &summary.required;
    let left_out = if has_accepted_gaps(summary) {
        ", except for the accepted gaps,"
    } else {
        ""
    };
    match (summary.not_required.is_complete(), left_out) {
        (true, "") => "everything in scope was".to_owned(),
        (true, _) => "all but the accepted gaps was".to_owned(),
        (false, _) => format!("all {}{left_out} were", required.describe()),
    }
}

/// Whether the run is complete only because gaps were accepted.
fn has_accepted_gaps(summary: &Summary) -> bool {
    let coverage = [summary.accounts.accepted, summary.targets.accepted];
    let sources = &summary.sources;
    coverage.iter().any(|accepted| *accepted > 0)
        || summary.log_groups.accepted > 0
        || [&sources.accounts, &sources.targets]
            .iter()
            .any(|counts| counts.contains_key(SourceStatus::Accepted.as_str()))
}

/// Returns what was found, as the start of a sentence. Rows of hunts that count are no sightings,
/// and calls of Dragnet itself are no findings.
fn findings(summary: &Summary) -> String {
    match summary.findings() {
        0 => hunt_rows(summary).unwrap_or_else(|| "Nothing was found".to_owned()),
        1 => "1 sighting was found".to_owned(),
        more => format!("{} sightings were found", count(more)),
    }
}

/// Returns which hunts have rows, or `None` if no hunt has any.
fn hunt_rows(summary: &Summary) -> Option<String> {
    let hunts: Vec<&HuntSummary> = summary
        .hunts
        .iter()
        .filter(|hunt| hunt.has_findings())
        .collect();
    let rows = plural(hunts.iter().map(|hunt| hunt.rows).sum(), "row");
    match &hunts[..] {
        [] => None,
        [hunt] => Some(format!("Hunt {} has {rows}", hunt.name)),
        _ => Some(format!("{} hunts have {rows}", count(hunts.len() as u64))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::testing::{coverage_row, summary, target};
    use crate::report::{AccountNames, EvidenceTally, SightingTally, SourceTally};
    use dragnet_model::{HuntSource, Outcome, Reason, Severity, Status};

    fn lines(summary: &Summary, coverage: &CoverageTally, evidence: &EvidenceTally) -> Vec<String> {
        verdict(&RunReport {
            summary,
            sightings: &SightingTally::default(),
            coverage,
            evidence,
            names: &AccountNames::default(),
            directory: "",
            files: &[],
            manifest_sha256: None,
            geoip: None,
            color: false,
        })
    }

    fn hunt(name: &str, rows: u64) -> HuntSummary {
        HuntSummary {
            name: name.to_owned(),
            title: String::new(),
            source: HuntSource::Any,
            severity: Severity::Low,
            techniques: Vec::new(),
            parameters: BTreeMap::new(),
            query: String::new(),
            rows,
            counts: true,
            as_written: false,
            notes: Vec::new(),
            preview: Vec::new(),
            may_double_count: false,
            cut_off: false,
        }
    }

    #[test]
    fn only_complete_coverage_is_called_everything() {
        let say = |status, accounts, sightings| {
            let mut summary = summary(status);
            summary.accounts.in_scope = accounts;
            summary.log_groups.in_scope = 1_000;
            summary.sightings = sightings;
            first_line(&summary)
        };
        assert_eq!(
            say(RunStatus::Complete, 1, 0),
            "Nothing was found, and everything in scope was covered: 1 account, 1,000 log groups."
        );
        let mut accepted = summary(RunStatus::Complete);
        accepted.accounts.in_scope = 1;
        accepted.log_groups.accepted = 1;
        assert!(!first_line(&accepted).contains("everything"));
        assert!(first_line(&accepted).contains("all but the accepted gaps was covered"));
        assert!(say(RunStatus::Complete, 3, 1).starts_with("1 sighting was found, and everything"));
        assert!(say(RunStatus::Incomplete, 3, 0).ends_with("this is not a clean result."));
        assert!(say(RunStatus::Incomplete, 3, 2).ends_with("there may be more."));
        assert!(say(RunStatus::Interrupted, 3, 0).contains("INTERRUPTED"));
        assert!(say(RunStatus::Failed, 0, 0).contains("prove nothing"));
        assert_eq!(
            say(RunStatus::Incomplete, 0, 0),
            "No account was in scope: nothing was searched."
        );
    }

    #[test]
    fn hunts_with_rows_are_findings() {
        let mut summary = summary(RunStatus::Complete);
        summary.hunts = vec![hunt("vpc-rejects", 49), hunt("quiet", 0)];
        assert_eq!(findings(&summary), "Hunt vpc-rejects has 49 rows");
        summary.hunts.push(hunt("root-use", 1));
        assert_eq!(findings(&summary), "2 hunts have 50 rows");
    }

    #[test]
    fn accepted_gaps_and_inactive_accounts_have_lines() {
        let mut coverage = CoverageTally::default();
        let denied = Outcome::denied("no").accepted("accepted by secops until 2027-03-01: SCP");
        coverage.add(&coverage_row(
            "111111111111",
            Some("ap-east-1"),
            None,
            denied,
        ));
        let closed = Outcome::with_reason(Status::Skipped, Reason::AccountNotActive, "CLOSED");
        coverage.add(&coverage_row("222222222222", None, None, closed));
        let mut summary = summary(RunStatus::Complete);
        summary.accounts = coverage.accounts();
        let lines = lines(&summary, &coverage, &EvidenceTally::default());
        assert_eq!(
            lines[2..],
            [
                "Not covered, but accepted: 1 account-Region.",
                "Inactive accounts (not searchable): n2 (222222222222)."
            ]
        );
    }

    #[test]
    fn sources_and_tampering_have_lines() {
        let mut summary = summary(RunStatus::Incomplete);
        summary.accounts.in_scope = 2;
        summary.tampering.insert("StopLogging".to_owned(), 1);
        let evidence = EvidenceTally {
            sources: SourceTally::from_lookups(&[(
                target("111111111111", "eu-west-1"),
                SourceStatus::Searched,
            )]),
            ..EvidenceTally::default()
        };
        assert_eq!(
            lines(&summary, &CoverageTally::default(), &evidence)[1..],
            [
                "CloudTrail was searched for 1 of 2 accounts; 1 could not be checked.",
                "1 call tampered with logging: 1 StopLogging."
            ]
        );
    }
}
