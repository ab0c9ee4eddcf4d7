//! Turns what could not be read into rows of the coverage.

use crate::files::{FileProblem, FileReason, PathHint};
use crate::store::{CoverageId, CoverageRow, Place};
use dragnet_model::{AccountId, Outcome, Reason, Status};

/// Returns the row for a problem. `is_partly_read` says whether records of the file were searched.
pub(super) fn problem_row(
    id: CoverageId,
    problem: &FileProblem,
    is_partly_read: bool,
) -> CoverageRow {
    let hint = PathHint::parse(&problem.path);
    CoverageRow {
        id,
        account: hint.account.unwrap_or(AccountId::UNKNOWN),
        account_name: String::new(),
        region: hint.region,
        place: Some(Place::file(&problem.path)),
        class: None,
        outcome: Some(outcome_of(problem, is_partly_read)),
        out_of_scope: false,
    }
}

/// Returns the outcome. The detail starts with the word of the reason, by which reports sum up.
fn outcome_of(problem: &FileProblem, is_partly_read: bool) -> Outcome {
    let entry = problem
        .entry
        .as_ref()
        .map(|entry| format!(" in {entry}"))
        .unwrap_or_default();
    let offset = problem
        .offset
        .map(|offset| format!(" at byte {offset}"))
        .unwrap_or_default();
    let detail = format!("{}: {}{entry}{offset}", problem.reason, problem.detail);
    if !problem.reason.may_hide_records() {
        return Outcome {
            detail,
            ..Outcome::searched()
        };
    }
    let reason = coverage_reason(problem.reason);
    let status = match reason {
        _ if is_partly_read => Status::Partial,
        // What the other files contain was searched.
        Reason::FileModified | Reason::FileMissing | Reason::FileUnconfirmed => Status::Partial,
        Reason::FileNotSearched => Status::Unsearchable,
        _ => Status::Failed,
    };
    Outcome::with_reason(status, reason, detail)
}

fn coverage_reason(reason: FileReason) -> Reason {
    match reason {
        FileReason::Unreadable
        | FileReason::NotRegular
        | FileReason::SymbolicLink
        | FileReason::InnerLink => Reason::FileUnreadable,
        FileReason::Changed => Reason::FileChanged,
        FileReason::Modified => Reason::FileModified,
        FileReason::Missing => Reason::FileMissing,
        FileReason::DigestMissing
        | FileReason::DigestModified
        | FileReason::DigestInvalid
        | FileReason::DigestGap => Reason::FileUnconfirmed,
        FileReason::DamagedCompression
        | FileReason::TrailingData
        | FileReason::TrailingZeros
        | FileReason::DamagedArchive
        | FileReason::CutOff
        | FileReason::BrokenJson
        | FileReason::InvalidUtf8
        | FileReason::PathDisagrees => Reason::FileDamaged,
        FileReason::ExpansionLimit
        | FileReason::NestingLimit
        | FileReason::Packed
        | FileReason::UnsupportedFormat
        | FileReason::Binary
        | FileReason::RecordTooLarge => Reason::FileNotSearched,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(reason: FileReason, is_partly_read: bool) -> Outcome {
        let problem = FileProblem {
            path: "/x/a.gz".to_owned(),
            entry: None,
            offset: Some(7),
            reason,
            detail: "why".to_owned(),
        };
        outcome_of(&problem, is_partly_read)
    }

    #[test]
    fn every_problem_that_may_hide_records_is_a_gap() {
        for reason in FileReason::ALL {
            for is_partly_read in [true, false] {
                let outcome = outcome(reason, is_partly_read);
                assert_eq!(outcome.is_gap(), reason.may_hide_records(), "{reason}");
                assert_eq!(outcome.detail, format!("{reason}: why at byte 7"));
            }
        }
    }

    #[test]
    fn status_says_how_much_was_read() {
        let status = |reason, is_partly_read| outcome(reason, is_partly_read).status;
        let damaged = FileReason::DamagedCompression;
        assert_eq!(status(damaged, true), Status::Partial);
        assert_eq!(status(damaged, false), Status::Failed);
        assert_eq!(status(FileReason::Packed, false), Status::Unsearchable);
        assert_eq!(status(FileReason::PathDisagrees, true), Status::Searched);
        assert_eq!(status(FileReason::Missing, false), Status::Partial);
    }
}
