//! Collects gaps by reason: 400 accounts that deny access for the same reason are one gap.

use std::borrow::Cow;
use std::collections::BTreeMap;

use dragnet_model::format::{count, plural};
use dragnet_model::{AccountId, Coverage, Outcome, Reason, Status, StorageKind};

/// The maximum number of different reasons. Further ones are combined, because the report would be
/// unreadable, and error messages with a random part must not fill the memory.
const MOST_REASONS: usize = 1_000;

/// How many examples a gap names. `coverage.csv` contains all.
const EXAMPLES: usize = 3;

/// Accounts, account-Regions and log groups that were not covered for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub(super) status: Status,
    /// Whether the gap can be closed.
    pub(super) is_fixable: bool,
    /// The reason and AWS's message, with the parts that differ between coverage rows replaced.
    pub(super) reason: String,
    pub(super) accounts: u64,
    pub(super) rows: RowCounts,
    /// The first few of them: untrusted text.
    pub(super) examples: Vec<String>,
}

impl Gap {
    /// Returns the size: `2 accounts`, or `3 account-Regions in 2 accounts`.
    pub(super) fn size(&self) -> String {
        if self.rows.files == self.rows.total() {
            return self.rows.describe();
        }
        let accounts = plural(self.accounts, "account");
        if self.rows.accounts == self.accounts && self.rows.total() == self.accounts {
            return accounts;
        }
        format!("{} in {accounts}", self.rows.describe())
    }
}

/// The number of coverage rows, by what they are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowCounts {
    accounts: u64,
    targets: u64,
    log_groups: u64,
    histories: u64,
    bucket_folders: u64,
    files: u64,
}

impl RowCounts {
    fn add(&mut self, row: &Coverage) {
        if row.log_group.is_some() {
            self.log_groups += 1;
        } else if row.source == Some(StorageKind::History) {
            self.histories += 1;
        } else if row.bucket_prefix.is_some() {
            self.bucket_folders += 1;
        } else if row.file.is_some() {
            self.files += 1;
        } else if row.region.is_some() {
            self.targets += 1;
        } else {
            self.accounts += 1;
        }
    }

    /// Returns the sum of both.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            accounts: self.accounts + other.accounts,
            targets: self.targets + other.targets,
            log_groups: self.log_groups + other.log_groups,
            histories: self.histories + other.histories,
            bucket_folders: self.bucket_folders + other.bucket_folders,
            files: self.files + other.files,
        }
    }

    pub(super) fn total(self) -> u64 {
        self.accounts
            + self.targets
            + self.log_groups
            + self.histories
            + self.bucket_folders
            + self.files
    }

    /// Returns the numbers as text: `1 account, 3 account-Regions, 2 log groups`.
    pub(super) fn describe(self) -> String {
        let counts = [
            (self.accounts, "account"),
            (self.targets, "account-Region"),
            (self.log_groups, "log group"),
            (self.bucket_folders, "bucket folder"),
            (self.files, "file"),
        ];
        let histories = match self.histories {
            0 => None,
            1 => Some("1 event history".to_owned()),
            more => Some(format!("{} event histories", count(more))),
        };
        let parts: Vec<String> = counts
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| plural(number, word))
            .chain(histories)
            .collect();
        parts.join(", ")
    }
}

/// Collects gaps from coverage rows, which must be sorted by account.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps(BTreeMap<(Status, bool, String), GapCounts>);

#[derive(Clone, Debug, Default)]
struct GapCounts {
    accounts: u64,
    last_account: Option<AccountId>,
    rows: RowCounts,
    examples: Vec<String>,
}

impl Gaps {
    pub(super) fn add(&mut self, row: &Coverage) {
        let is_fixable = row.outcome.is_fixable();
        let mut key = (row.outcome.status, is_fixable, common_reason(row));
        if self.0.len() >= MOST_REASONS && !self.0.contains_key(&key) {
            "other reasons".clone_into(&mut key.2);
        }
        let counts = self.0.entry(key).or_default();
        counts.rows.add(row);
        if counts.last_account != Some(row.account) {
            counts.last_account = Some(row.account);
            counts.accounts += 1;
        }
        if counts.examples.len() < EXAMPLES {
            counts.examples.push(row_name(row));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the gaps, those with the most coverage rows first.
    pub(super) fn list(&self) -> Vec<Gap> {
        let gap =
            |((status, is_fixable, reason), counts): (&(Status, bool, String), &GapCounts)| Gap {
                status: *status,
                is_fixable: *is_fixable,
                reason: reason.clone(),
                accounts: counts.accounts,
                rows: counts.rows,
                examples: counts.examples.clone(),
            };
        let mut gaps: Vec<Gap> = self.0.iter().map(gap).collect();
        gaps.sort_by_key(|gap| std::cmp::Reverse(gap.rows.total()));
        gaps
    }
}

/// Returns the account, Region and place of a coverage row for display.
pub(super) fn row_name(row: &Coverage) -> String {
    if let Some(file) = &row.file {
        return file.clone();
    }
    let account = match row.account_name.as_str() {
        "" => row.account.to_string(),
        name => format!("{name} ({})", row.account),
    };
    let region = row
        .region
        .as_ref()
        .map(|region| format!(" {region}"))
        .unwrap_or_default();
    let location = row.log_group.as_deref().or(row.bucket_prefix.as_deref());
    let place = row
        .source
        .map(|source| format!(" {}", source.place_name(location.unwrap_or_default())))
        .unwrap_or_default();
    format!("{account}{region}{place}")
}

/// Returns the reason without the parts that belong to this row alone: its account, Region and log
/// group, request ids, and the message that EC2 encodes for the account's administrators.
fn common_reason(row: &Coverage) -> String {
    let Outcome { reason, detail, .. } = &row.outcome;
    // What is wrong with a file is different for each; the detail begins with its kind.
    if row.file.is_some()
        && let (Some(reason), Some((kind, _))) = (reason, detail.split_once(": "))
    {
        return format!("{reason}: {kind}: {}", reason.explanation());
    }
    // The detail names objects of this folder alone.
    if row.bucket_prefix.is_some()
        && let Some(reason) = reason.filter(|reason| is_about_objects(*reason))
    {
        return format!("{reason}: {}", reason.explanation());
    }
    let decoded = detail
        .split("Encoded authorization failure")
        .next()
        .unwrap_or_default()
        .trim_end();
    let mut text = without_uuids(decoded);
    if let Some(log_group) = &row.log_group {
        text = replace_word(text, log_group, "<log group>");
    }
    if let Some(region) = &row.region {
        text = replace_word(text, region.as_str(), "<region>");
    }
    let detail = replace_word(text, &row.account.to_string(), "<account>").into_owned();
    let common = Outcome {
        detail,
        ..row.outcome.clone()
    };
    match reason {
        Some(reason) if common.detail.is_empty() => reason.explanation().to_owned(),
        _ => common.reason_text(),
    }
}

/// Whether a reason is about single objects of a bucket.
fn is_about_objects(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::ObjectArchived
            | Reason::ObjectDenied
            | Reason::KeyDenied
            | Reason::ObjectUnreadable
            | Reason::ObjectGone
            | Reason::ObjectDeleted
            | Reason::FileModified
            | Reason::FileUnconfirmed
            | Reason::UnknownLayout
            | Reason::Parquet
    )
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
    use crate::report::testing::coverage_row;

    #[test]
    fn rows_with_one_reason_are_one_gap() {
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
            gaps.add(&coverage_row(id, None, None, Outcome::denied(message)));
        }
        let list = gaps.list();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].size(), "4 accounts");
        assert_eq!((list[0].rows.total(), list[0].examples.len()), (4, 3));
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
    fn folders_with_one_reason_are_one_gap() {
        let mut gaps = Gaps::default();
        for region in ["eu-west-1", "us-east-1"] {
            let detail = format!("1 object, the first is {region}/key: GLACIER");
            let outcome = Outcome::with_reason(Status::Partial, Reason::ObjectArchived, detail);
            gaps.add(&Coverage {
                source: Some(StorageKind::S3),
                bucket_prefix: Some(format!("b/{region}/")),
                ..coverage_row("111111111111", Some(region), None, outcome)
            });
        }
        let list = gaps.list();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].size(), "2 bucket folders in 1 account");
        assert_eq!(
            list[0].examples[0],
            "n1 (111111111111) eu-west-1 b/eu-west-1/"
        );
    }

    #[test]
    fn size_names_what_the_rows_are_about() {
        let mut gaps = Gaps::default();
        let masked = || Outcome::with_reason(Status::Partial, Reason::Masked, "");
        for (region, log_group) in [
            (Some("eu-west-1"), Some("/a")),
            (Some("eu-west-1"), Some("/b")),
            (Some("us-east-1"), None),
            (None, None),
        ] {
            gaps.add(&coverage_row("111111111111", region, log_group, masked()));
        }
        assert_eq!(
            gaps.list()[0].size(),
            "1 account, 1 account-Region, 2 log groups in 1 account"
        );
    }

    #[test]
    fn short_name_is_not_replaced_inside_words() {
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
