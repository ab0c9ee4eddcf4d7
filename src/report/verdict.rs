//! The verdict: the sentences at the end of a run report that say whether the run is complete.

use super::tampering::tampering_sentence;
use super::{CoverageTally, HuntSummary, RunStatus, Summary, count, plural};

/// Returns the lines of the verdict. The first says what was found and whether the search was
/// complete; the others add what the first does not mention. "Everything" appears only if complete
/// coverage is proven, and "nothing was found" never appears without a remark if something was not
/// searched.
pub fn verdict(summary: &Summary, coverage: &CoverageTally) -> Vec<String> {
    let mut lines = vec![first_line(summary)];
    if summary.status != RunStatus::Failed && summary.accounts.in_scope > 0 {
        lines.push(summary.sources.sentence(summary.accounts.in_scope));
    }
    lines.extend(hunts_sentence(summary));
    lines.extend(tampering_sentence(&summary.tampering));
    let accepted = coverage.accepted();
    if !accepted.is_empty() {
        let places = accepted.iter().map(|gap| gap.places).sum();
        lines.push(format!(
            "Not covered, but accepted: {}.",
            plural(places, "place")
        ));
    }
    let named = coverage.not_active();
    if !named.is_empty() {
        let more = summary
            .accounts
            .out_of_scope
            .saturating_sub(named.len() as u64);
        let more = if more > 0 {
            format!(" and {} more", count(more))
        } else {
            String::new()
        };
        lines.push(format!(
            "Not active, so nobody can look into them: {}{more}.",
            named.join(", ")
        ));
    }
    lines
}

/// Returns the results of the hunts as one sentence.
fn hunts_sentence(summary: &Summary) -> Option<String> {
    let found: Vec<String> = summary.hunts.iter().map(HuntSummary::sentence).collect();
    let is_told = !found.is_empty() && summary.status != RunStatus::Failed;
    is_told.then(|| format!("Hunts: {}.", found.join("; ")))
}

fn first_line(summary: &Summary) -> String {
    let found = match summary.sightings {
        0 if summary.has_findings() => "Hunts counted something".to_owned(),
        0 => "Nothing was found".to_owned(),
        1 => "1 sighting was found".to_owned(),
        more => format!("{} sightings were found", count(more)),
    };
    match summary.status {
        RunStatus::Failed => "The sweep FAILED: nothing is claimed.".to_owned(),
        _ if summary.accounts.in_scope == 0 => {
            "No account was in scope: nothing was searched.".to_owned()
        }
        RunStatus::Complete => {
            let accounts = plural(summary.accounts.in_scope, "account");
            let log_groups = plural(summary.log_groups.in_scope, "log group");
            format!("{found}, and everything in scope was covered: {accounts}, {log_groups}.")
        }
        RunStatus::Incomplete if !summary.has_findings() => {
            format!(
                "{found} in what was searched, but coverage is INCOMPLETE: this is not a clean result."
            )
        }
        RunStatus::Incomplete => format!("{found}, and coverage is INCOMPLETE: there may be more."),
        RunStatus::Interrupted => {
            format!(
                "{found} before the sweep was INTERRUPTED: what it did not reach is not covered."
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Outcome, Reason, Status};
    use crate::report::testing::{place, summary};

    #[test]
    fn everything_is_only_said_when_it_is_everything() {
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
        assert!(say(RunStatus::Complete, 3, 1).starts_with("1 sighting was found, and everything"));
        assert!(say(RunStatus::Incomplete, 3, 0).ends_with("this is not a clean result."));
        assert!(say(RunStatus::Incomplete, 3, 2).ends_with("there may be more."));
        assert!(say(RunStatus::Interrupted, 3, 0).contains("INTERRUPTED"));
        assert!(say(RunStatus::Failed, 0, 0).contains("nothing is claimed"));
        assert_eq!(
            say(RunStatus::Incomplete, 0, 0),
            "No account was in scope: nothing was searched."
        );
    }
    #[test]
    fn what_is_accepted_or_not_active_has_a_line_of_its_own() {
        let mut coverage = CoverageTally::default();
        let denied = Outcome::denied("no").accepted("accepted by secops until 2027-03-01: SCP");
        coverage.add(&place("111111111111", Some("ap-east-1"), None, denied));
        let closed = Outcome::because(Status::Skipped, Reason::AccountNotActive, "CLOSED");
        coverage.add(&place("222222222222", None, None, closed));
        let mut summary = summary(RunStatus::Complete);
        summary.accounts = coverage.accounts();
        let lines = verdict(&summary, &coverage);
        assert_eq!(
            lines[2..],
            [
                "Not covered, but accepted: 1 place.",
                "Not active, so nobody can look into them: n2 (222222222222)."
            ]
        );
    }

    #[test]
    fn sources_and_tampering_have_their_lines() {
        let mut summary = summary(RunStatus::Incomplete);
        summary.accounts.in_scope = 400;
        summary
            .sources
            .accounts
            .extend([("searched", 386), ("only-s3", 9), ("no-source", 5)]);
        summary.tampering.insert("StopLogging".to_owned(), 1);
        assert_eq!(
            verdict(&summary, &CoverageTally::default())[1..],
            [
                "386 of 400 accounts: management events searched; 9 only in S3; 5 recorded by nothing.",
                "1 call tampered with the recording: 1 StopLogging."
            ]
        );
    }
}
