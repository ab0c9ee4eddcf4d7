//! Prints the checks: a table with a row for each step and account, then each failure with its
//! advice.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::check::{Check, State, Subject};
use crate::report::{Table, escape};
use dragnet_model::AccountId;

/// The maximum number of failures that are printed in full. Many failures often have one cause.
const MAX_FAILURES: usize = 20;

/// Writes the table, the failures and the verdict.
pub(super) fn write(checks: &[Check], out: &mut dyn Write) -> io::Result<()> {
    let readable = readable_regions(checks);
    let mut table = Table::new(&["", "subject", "result"]);
    for check in checks {
        // Regions without problems are counted in the row of their account.
        if (check.check, check.status) != (Subject::Region, State::Ok) {
            table.push(vec![
                status_word(check.status).to_owned(),
                subject(check),
                result(check, &readable),
            ]);
        }
    }
    table.write_text(None, out)?;
    let failed: Vec<&Check> = checks
        .iter()
        .filter(|check| check.status == State::Failed)
        .collect();
    for check in failed.iter().take(MAX_FAILURES) {
        writeln!(
            out,
            "\n{}: {}",
            escape(&subject(check)),
            escape(&check.detail)
        )?;
        if !check.advice.is_empty() {
            writeln!(out, "  To do: {}", escape(&check.advice))?;
        }
    }
    if let Some(more @ 1..) = failed.len().checked_sub(MAX_FAILURES) {
        writeln!(out, "\nand {more} more: see --json for all")?;
    }
    writeln!(out, "\n{}", verdict(checks))
}

/// Counts the readable Regions of each account.
fn readable_regions(checks: &[Check]) -> BTreeMap<AccountId, usize> {
    let mut readable = BTreeMap::new();
    for check in checks
        .iter()
        .filter(|check| (check.check, check.status) == (Subject::Region, State::Ok))
    {
        if let Some(account) = check.account_id {
            *readable.entry(account).or_default() += 1;
        }
    }
    readable
}

fn status_word(status: State) -> &'static str {
    match status {
        State::Ok => "ok",
        State::Note => "note",
        State::Failed => "FAILED",
    }
}

fn result(check: &Check, readable: &BTreeMap<AccountId, usize>) -> String {
    match (check.reason, check.check, check.account_id) {
        (Some(reason), _, _) => reason.to_owned(),
        (None, Subject::Account, Some(account)) if check.status == State::Ok => {
            let regions = readable.get(&account).copied().unwrap_or_default();
            format!("{}, readable: {regions}", check.detail)
        }
        _ if check.status == State::Failed => "see below".to_owned(),
        _ => check.detail.clone(),
    }
}

/// Returns a readable name for the subject of a check.
fn subject(check: &Check) -> String {
    let account = check
        .account_id
        .map(|id| id.to_string())
        .unwrap_or_default();
    match (&check.region, check.check) {
        (Some(region), _) => format!("{account} {} {region}", check.account_name),
        (None, Subject::Account) => format!("{account} {}", check.account_name),
        (None, Subject::Clock) => "clock".to_owned(),
        (None, Subject::Source) => "source credentials".to_owned(),
        (None, Subject::Mfa) => "MFA".to_owned(),
        (None, Subject::Hop) => "role chain".to_owned(),
        (None, Subject::Scope) => "scope".to_owned(),
        (None, Subject::Athena) => "Athena".to_owned(),
        (None, Subject::Sources) if account.is_empty() => "log sources".to_owned(),
        (None, Subject::Sources) => format!("{account} {} log sources", check.account_name),
        (None, Subject::Organization | Subject::Region | Subject::LogGroups) => {
            "organization".to_owned()
        }
    }
}

fn verdict(checks: &[Check]) -> String {
    let accounts = |filter: fn(&Check) -> bool| -> BTreeSet<AccountId> {
        checks
            .iter()
            .filter(|check| filter(check))
            .filter_map(|check| check.account_id)
            .collect()
    };
    if checks.iter().any(Check::prevents_sweep) {
        return "A sweep would fail before it could search any account.".to_owned();
    }
    let examined = accounts(|check| check.status != State::Note);
    let failed = accounts(|check| check.status == State::Failed);
    let covered = format!(
        "{} of {} accounts would be covered.",
        examined.difference(&failed).count(),
        examined.len()
    );
    let has_failed = |subject: Subject| {
        checks.iter().any(|check| {
            (check.check, check.status, check.account_id) == (subject, State::Failed, None)
        })
    };
    let mut verdict = vec![covered.as_str()];
    if has_failed(Subject::Scope) {
        verdict.push("The scope selects something that does not exist.");
    }
    if has_failed(Subject::Sources) {
        verdict.push("Some log sources would not be searched.");
    }
    verdict.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_account(id: &str, check: Check) -> Check {
        Check {
            account_id: id.parse().ok(),
            account_name: "prod".to_owned(),
            ..check
        }
    }

    #[test]
    fn failures_are_spelt_out_below_the_table() {
        let region = |check: Check| Check {
            region: "us-east-1".parse().ok(),
            ..check
        };
        let denied = Check {
            reason: Some("access-denied"),
            ..Check::failed(Subject::Region, "AWS says no", "say please")
        };
        let checks = [
            Check::ok(Subject::Source, "arn:aws:iam::111111111111:user/alice"),
            with_account(
                "222222222222",
                Check::ok(Subject::Account, "role; Regions enabled: 2"),
            ),
            with_account(
                "222222222222",
                region(Check::ok(Subject::Region, "can be read")),
            ),
            with_account("222222222222", region(denied)),
            with_account(
                "333333333333",
                Check::note(Subject::Account, "out of scope: CLOSED"),
            ),
        ];
        let mut out = Vec::new();
        write(&checks, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
                SUBJECT                      RESULT
        ok      source credentials           arn:aws:iam::111111111111:user/alice
        ok      222222222222 prod            role; Regions enabled: 2, readable: 1
        FAILED  222222222222 prod us-east-1  access-denied
        note    333333333333 prod            out of scope: CLOSED

        222222222222 prod us-east-1: AWS says no
          To do: say please

        0 of 1 accounts would be covered.
        ");
    }
}
