//! Collects gaps by reason: 400 accounts that deny access for the same reason are one gap.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::{AccountId, Coverage, Outcome, Status};

/// The maximum number of different reasons. Further ones are combined, because the report would be
/// unreadable, and error messages with a random part must not fill the memory.
const MOST_REASONS: usize = 1_000;

/// How many examples a gap names. `coverage.csv` contains all.
const EXAMPLES: usize = 3;

/// Accounts, account-Regions and log groups that were not covered for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Their status.
    pub status: Status,
    /// The reason and AWS's message, with the parts that differ between coverage rows replaced.
    pub reason: String,
    /// The number of accounts.
    pub accounts: u64,
    /// The number of accounts, account-Regions and log groups.
    pub places: u64,
    /// The first few of them: untrusted text.
    pub examples: Vec<String>,
}

/// Collects gaps from coverage rows, which must be sorted by account.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps(BTreeMap<(Status, String), Gathered>);

#[derive(Clone, Debug, Default)]
struct Gathered {
    accounts: u64,
    last_account: Option<AccountId>,
    places: u64,
    examples: Vec<String>,
}

impl Gaps {
    pub(super) fn add(&mut self, row: &Coverage) {
        let mut key = (row.outcome.status, common_reason(row));
        if self.0.len() >= MOST_REASONS && !self.0.contains_key(&key) {
            "other reasons".clone_into(&mut key.1);
        }
        let gathered = self.0.entry(key).or_default();
        gathered.places += 1;
        if gathered.last_account != Some(row.account) {
            gathered.last_account = Some(row.account);
            gathered.accounts += 1;
        }
        if gathered.examples.len() < EXAMPLES {
            gathered.examples.push(name(row));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the gaps, those with the most coverage rows first.
    pub(super) fn list(&self) -> Vec<Gap> {
        let gap = |((status, reason), gathered): (&(Status, String), &Gathered)| Gap {
            status: *status,
            reason: reason.clone(),
            accounts: gathered.accounts,
            places: gathered.places,
            examples: gathered.examples.clone(),
        };
        let mut gaps: Vec<Gap> = self.0.iter().map(gap).collect();
        gaps.sort_by_key(|gap| std::cmp::Reverse(gap.places));
        gaps
    }
}

/// Returns the account, Region and log group of a coverage row for display.
pub(super) fn name(row: &Coverage) -> String {
    let account = match row.account_name.as_str() {
        "" => row.account.to_string(),
        name => format!("{name} ({})", row.account),
    };
    let region = row
        .region
        .as_ref()
        .map(|region| format!(" {region}"))
        .unwrap_or_default();
    let log_group = row
        .log_group
        .as_ref()
        .map(|group| format!(" {group}"))
        .unwrap_or_default();
    format!("{account}{region}{log_group}")
}

/// Returns the reason without the parts that belong to this row alone: its account, Region and log
/// group, request ids, and the message that EC2 encodes for the account's administrators.
fn common_reason(row: &Coverage) -> String {
    let Outcome { reason, detail, .. } = &row.outcome;
    let told = detail
        .split("Encoded authorization failure")
        .next()
        .unwrap_or_default()
        .trim_end();
    let mut told = without_uuids(told);
    if let Some(log_group) = &row.log_group {
        told = replace_word(told, log_group, "<log group>");
    }
    if let Some(region) = &row.region {
        told = replace_word(told, region.as_str(), "<region>");
    }
    let detail = replace_word(told, &row.account.to_string(), "<account>").into_owned();
    let common = Outcome {
        detail,
        ..row.outcome.clone()
    };
    match reason {
        Some(reason) if common.detail.is_empty() => reason.explanation().to_owned(),
        _ => common.reason_text(),
    }
}

/// Replaces `word` where it is a word by itself, not where it is a part of a longer word.
fn replace_word<'a>(text: Cow<'a, str>, word: &str, with: &str) -> Cow<'a, str> {
    if word.is_empty() || !text.contains(word) {
        return text;
    }
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some((before, after)) = rest.split_once(word) {
        let stands_alone =
            !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        replaced.push_str(before);
        replaced.push_str(if stands_alone { with } else { word });
        rest = after;
    }
    replaced.push_str(rest);
    Cow::Owned(replaced)
}

/// Replaces UUIDs, which request ids are, such as `0a1b2c3d-0000-4000-8000-000000000000`.
fn without_uuids(text: &str) -> Cow<'_, str> {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(at) = rest.as_bytes().windows(UUID).position(is_uuid) {
        let (before, from_id) = rest.split_at(at);
        replaced.push_str(before);
        replaced.push_str("<id>");
        rest = from_id.split_at(UUID).1;
    }
    if replaced.is_empty() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(replaced + rest)
    }
}

/// The length of a UUID, in ASCII characters.
const UUID: usize = 36;

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::place;

    #[test]
    fn one_reason_is_one_gap() {
        let mut gaps = Gaps::default();
        for id in [
            "111111111111",
            "222222222222",
            "333333333333",
            "444444444444",
        ] {
            let message = format!(
                "AccessDenied: User: arn:aws:iam::999999999999:user/x may not sts:AssumeRole on arn:aws:iam::{id}:role/R \
                 (request 0a1b2c3d-0000-4000-8000-{id})"
            );
            gaps.add(&place(id, None, None, Outcome::denied(message)));
        }
        let list = gaps.list();
        assert_eq!(list.len(), 1);
        assert_eq!(
            (list[0].accounts, list[0].places, list[0].examples.len()),
            (4, 4, 3)
        );
        assert!(
            list[0]
                .reason
                .ends_with("on arn:aws:iam::<account>:role/R (request <id>)"),
            "{}",
            list[0].reason
        );
        assert_eq!(list[0].examples[0], "n1 (111111111111)");
    }

    #[test]
    fn a_short_name_is_not_replaced_inside_words() {
        assert_eq!(
            replace_word("app: mapping app".into(), "app", "<g>"),
            "<g>: mapping <g>"
        );
        assert_eq!(replace_word("x".into(), "", "y"), "x");
        assert_eq!(
            without_uuids("é0a1b2c3d-0000-4000-8000-000000000000é-"),
            "é<id>é-"
        );
    }
}
