//! Coverage: what was searched, what was not, and why. It is a result as important as the
//! sightings.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AccountId, DeniedBy, Engine, LogGroupClass, LogKind, Region};

/// How the search of one row of the coverage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It was read completely.
    Searched,
    /// A part of it was read, or all of it but with masked values.
    Partial,
    /// Not read intentionally. Only some [`Reason`]s prove that it contains no match.
    Skipped,
    /// No engine can read it.
    Unsearchable,
    /// AWS denied access.
    Denied,
    /// It could not be read for another reason.
    Failed,
    /// Not covered, but the configuration accepts this gap.
    Accepted,
}

impl Status {
    /// All statuses, in the order of the summary.
    pub const ALL: [Self; 7] = [
        Self::Searched,
        Self::Partial,
        Self::Skipped,
        Self::Unsearchable,
        Self::Denied,
        Self::Failed,
        Self::Accepted,
    ];

    /// The name used in files and summaries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Searched => "searched",
            Self::Partial => "partial",
            Self::Skipped => "skipped",
            Self::Unsearchable => "unsearchable",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Accepted => "accepted",
        }
    }

    /// The status with this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why something was not searched, or not completely. The list is closed: each reason either proves
/// that there is no match, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The account-Region has no log group in scope.
    NoLogGroups,
    /// The account has not enabled any Region in scope.
    NoRegions,
    /// The log group was created more than 14 days after the end of the window, and `PutLogEvents`
    /// accepts no older events.
    CreatedAfterWindow,
    /// Not in scope: the account is not `ACTIVE` (closed, suspended …).
    AccountNotActive,
    /// Neither Organizations nor the configuration lists the account, so it is not entered.
    AccountNotListed,
    /// The Region was requested by name, but the account has not enabled it.
    RegionNotEnabled,
    /// The log group was created inside the window and never contained older events.
    CreatedInsideWindow,
    /// The log group was created after the run started, or so shortly before that the deletion of an
    /// earlier log group of its name may not have been recorded yet.
    AppearedDuringRun,
    /// The log group's retention ends inside the window, so older events were deleted.
    RetentionInsideWindow,
    /// Records of the end of the window may not have been delivered to the log group yet.
    NotDeliveredYet,
    /// A data protection policy masks values, so a match may be hidden.
    Masked,
    /// No permitted engine can read the class of the log group.
    ClassNotReadable,
    /// Only Insights can read the class, and that would exceed the scan budget.
    OverScanCost,
    /// A log stream has more rows in one second than Insights returns.
    OverRowLimit,
    /// The key with which the log group is encrypted cannot be used.
    KeyNotUsable,
    /// The log group was deleted before its search ended.
    GroupGone,
    /// The pages of the server do not end: it repeats a token, or sends empty pages forever.
    EndlessPages,
    /// The last page of events says that a log stream was not searched completely.
    StreamNotSearched,
    /// The response lacks a list, and it is not known whether AWS leaves it out if it is empty.
    UnprovenEmpty,
    /// The source credentials have expired or are not available.
    SourceCredentials,
    /// An MFA device is configured, but no MFA session could be created.
    MfaFailed,
    /// AWS denied a role of the role chain before the account's own role.
    HopDenied,
    /// AWS denied the account's role: it does not exist, or does not trust the caller.
    RoleDenied,
    /// AWS denied access. The detail contains its code and message.
    AccessDenied,
    /// Another error. The detail contains its code and message.
    Error,
    /// The sweep was interrupted first.
    Interrupted,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 26] = [
        Self::NoLogGroups,
        Self::NoRegions,
        Self::CreatedAfterWindow,
        Self::AccountNotActive,
        Self::AccountNotListed,
        Self::RegionNotEnabled,
        Self::CreatedInsideWindow,
        Self::AppearedDuringRun,
        Self::RetentionInsideWindow,
        Self::NotDeliveredYet,
        Self::Masked,
        Self::ClassNotReadable,
        Self::OverScanCost,
        Self::OverRowLimit,
        Self::KeyNotUsable,
        Self::GroupGone,
        Self::EndlessPages,
        Self::StreamNotSearched,
        Self::UnprovenEmpty,
        Self::SourceCredentials,
        Self::MfaFailed,
        Self::HopDenied,
        Self::RoleDenied,
        Self::AccessDenied,
        Self::Error,
        Self::Interrupted,
    ];

    /// The name used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoLogGroups => "no-log-groups",
            Self::NoRegions => "no-regions",
            Self::CreatedAfterWindow => "created-after-window",
            Self::AccountNotActive => "account-not-active",
            Self::AccountNotListed => "account-not-listed",
            Self::RegionNotEnabled => "region-not-enabled",
            Self::CreatedInsideWindow => "created-inside-window",
            Self::AppearedDuringRun => "appeared-during-run",
            Self::RetentionInsideWindow => "retention-inside-window",
            Self::NotDeliveredYet => "not-delivered-yet",
            Self::Masked => "masked",
            Self::ClassNotReadable => "class-not-readable",
            Self::OverScanCost => "over-scan-cost",
            Self::OverRowLimit => "over-row-limit",
            Self::KeyNotUsable => "key-not-usable",
            Self::GroupGone => "group-gone",
            Self::EndlessPages => "endless-pages",
            Self::StreamNotSearched => "stream-not-searched",
            Self::UnprovenEmpty => "unproven-empty",
            Self::SourceCredentials => "source-credentials",
            Self::MfaFailed => "mfa-failed",
            Self::HopDenied => "hop-denied",
            Self::RoleDenied => "role-denied",
            Self::AccessDenied => "access-denied",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
        }
    }

    /// The reason with this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// Whether this reason proves that there is no match.
    pub fn proves_absence(self) -> bool {
        match self {
            Self::NoLogGroups | Self::NoRegions | Self::CreatedAfterWindow => true,
            Self::AccountNotActive
            | Self::AccountNotListed
            | Self::RegionNotEnabled
            | Self::CreatedInsideWindow
            | Self::AppearedDuringRun
            | Self::RetentionInsideWindow
            | Self::NotDeliveredYet
            | Self::Masked
            | Self::ClassNotReadable
            | Self::OverScanCost
            | Self::OverRowLimit
            | Self::KeyNotUsable
            | Self::GroupGone
            | Self::EndlessPages
            | Self::StreamNotSearched
            | Self::UnprovenEmpty
            | Self::SourceCredentials
            | Self::MfaFailed
            | Self::HopDenied
            | Self::RoleDenied
            | Self::AccessDenied
            | Self::Error
            | Self::Interrupted => false,
        }
    }

    /// Whether the gap can be closed: with a permission, a setting, another run, or by waiting.
    /// Otherwise nobody can search what is missing, because it is not stored.
    pub fn is_fixable(self) -> bool {
        match self {
            Self::NoLogGroups
            | Self::NoRegions
            | Self::CreatedAfterWindow
            | Self::AccountNotActive
            | Self::RegionNotEnabled
            | Self::CreatedInsideWindow
            | Self::AppearedDuringRun
            | Self::RetentionInsideWindow
            | Self::ClassNotReadable
            | Self::GroupGone => false,
            Self::AccountNotListed
            | Self::NotDeliveredYet
            | Self::Masked
            | Self::OverScanCost
            | Self::OverRowLimit
            | Self::KeyNotUsable
            | Self::EndlessPages
            | Self::StreamNotSearched
            | Self::UnprovenEmpty
            | Self::SourceCredentials
            | Self::MfaFailed
            | Self::HopDenied
            | Self::RoleDenied
            | Self::AccessDenied
            | Self::Error
            | Self::Interrupted => true,
        }
    }

    /// Explains the reason to people.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::NoLogGroups => "no log group in scope",
            Self::NoRegions => "no Region in scope is enabled",
            Self::CreatedAfterWindow => "created more than 14 days after the end of the window",
            Self::AccountNotActive => "the account is not active",
            Self::AccountNotListed => {
                "neither Organizations nor the configuration lists the account, so it is not entered"
            }
            Self::RegionNotEnabled => "the Region is not enabled in this account",
            Self::CreatedInsideWindow => {
                "created inside the window; it never contained older events"
            }
            Self::AppearedDuringRun => {
                "created during the run or shortly before; it never contained older events"
            }
            Self::RetentionInsideWindow => "older events were deleted by the log group's retention",
            Self::NotDeliveredYet => {
                "records of the end of the window may not have been delivered yet"
            }
            Self::Masked => "a data protection policy masks values, so a match may be hidden",
            Self::ClassNotReadable => "no permitted engine can read its class",
            Self::OverScanCost => {
                "only Insights can read its class, and that would exceed --max-scan-cost"
            }
            Self::OverRowLimit => "more rows in one second than Insights returns",
            Self::KeyNotUsable => "the key that encrypts it cannot be used",
            Self::GroupGone => "deleted before its search ended",
            Self::EndlessPages => "the server's pages do not end, so reading stopped",
            Self::StreamNotSearched => {
                "the last page of events says that a log stream was not searched completely"
            }
            Self::UnprovenEmpty => {
                "the response lacks a list, and it is not known whether AWS leaves it out if it is empty"
            }
            Self::SourceCredentials => "the source credentials have expired or are not available",
            Self::MfaFailed => "no MFA session could be created",
            Self::HopDenied => "AWS denied a role of the role chain",
            Self::RoleDenied => "AWS denied the account's role",
            Self::AccessDenied => "AWS denied access",
            Self::Error => "the search failed with an error",
            Self::Interrupted => "interrupted before it was complete",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How the search of one row of the coverage ended, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The status.
    pub status: Status,
    /// The reason, unless it was searched completely.
    pub reason: Option<Reason>,
    /// Further details, for example AWS's error code and message. Untrusted text.
    pub detail: String,
    /// With [`Status::Denied`]: the kind of policy that denied access.
    pub denied_by: Option<DeniedBy>,
}

impl Outcome {
    /// Everything was searched.
    pub fn searched() -> Self {
        Self {
            status: Status::Searched,
            reason: None,
            detail: String::new(),
            denied_by: None,
        }
    }

    /// An outcome with a status, a reason and a detail.
    pub fn with_reason(status: Status, reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            status,
            reason: Some(reason),
            detail: detail.into(),
            denied_by: None,
        }
    }

    /// AWS denied access with this message.
    pub fn denied(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let denied_by = Some(DeniedBy::from_message(&detail));
        Self {
            status: Status::Denied,
            reason: Some(Reason::AccessDenied),
            detail,
            denied_by,
        }
    }

    /// Whether a gap can be closed. See [`Reason::is_fixable`].
    pub fn is_fixable(&self) -> bool {
        self.reason.is_none_or(Reason::is_fixable)
    }

    /// Appends a remark to the detail.
    pub fn append_detail(&mut self, text: &str) {
        if !self.detail.is_empty() {
            self.detail.push_str("; ");
        }
        self.detail.push_str(text);
    }

    /// Returns this outcome as an accepted gap. The argument says who accepts the gap, until when
    /// and why.
    #[must_use]
    pub fn accepted(self, acceptance: &str) -> Self {
        let mut accepted = Self {
            status: Status::Accepted,
            detail: acceptance.to_owned(),
            ..self
        };
        if !self.detail.is_empty() {
            accepted.append_detail(&self.detail);
        }
        accepted
    }

    /// Whether no match can be missing: it was searched, accepted, or skipped for a reason that
    /// proves absence.
    pub fn is_covered(&self) -> bool {
        match self.status {
            Status::Searched | Status::Accepted => true,
            Status::Skipped => self.reason.is_some_and(Reason::proves_absence),
            Status::Partial | Status::Unsearchable | Status::Denied | Status::Failed => false,
        }
    }

    /// The name of the reason, followed by the detail if there is one.
    pub fn reason_text(&self) -> String {
        match (self.reason, self.detail.as_str()) {
            (None, detail) => detail.to_owned(),
            (Some(reason), "") => reason.to_string(),
            (Some(reason), detail) => format!("{reason}: {detail}"),
        }
    }
}

/// One row of the coverage: an account, an account-Region, or a log group.
///
/// `region` is `None` if the account itself could not be entered. `log_group` is `None` if the
/// account-Region could not be listed or has no log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The account.
    pub account: AccountId,
    /// The account's name: untrusted text.
    pub account_name: String,
    /// The Region, unless the row is about the whole account.
    pub region: Option<Region>,
    /// The log group, unless the row is about an account or account-Region.
    pub log_group: Option<String>,
    /// The class of the log group.
    pub class: Option<LogGroupClass>,
    /// The engines that read it.
    pub engines: Vec<Engine>,
    /// How the search ended.
    pub outcome: Outcome,
    /// The start of the time range that was read, in milliseconds since the Unix epoch.
    pub from_ms: Option<i64>,
    /// The end of this time range, exclusive.
    pub to_ms: Option<i64>,
    /// The number of pages that were read.
    pub pages: u64,
    /// The number of events that were read.
    pub events: u64,
    /// Bytes of messages that were read.
    pub bytes: u64,
    /// The number of matching events, before copies are merged.
    pub sightings: u64,
    /// Whether it is outside the accounts and Regions in scope, and was read because it contains
    /// their records.
    pub out_of_scope: bool,
    /// The kinds of logs that it contains, as far as its log sources are known. Empty if it is not
    /// about a log group.
    pub kinds: BTreeSet<LogKind>,
}

impl Coverage {
    /// The row of an account of which nothing was read.
    pub fn unread(account: AccountId, account_name: String, outcome: Outcome) -> Self {
        Self {
            account,
            account_name,
            region: None,
            log_group: None,
            class: None,
            engines: Vec::new(),
            outcome,
            from_ms: None,
            to_ms: None,
            pages: 0,
            events: 0,
            bytes: 0,
            sightings: 0,
            out_of_scope: false,
            kinds: BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parsed_back() {
        assert!(
            Status::ALL
                .into_iter()
                .all(|s| Status::from_word(s.as_str()) == Some(s))
        );
        assert!(
            Reason::ALL
                .into_iter()
                .all(|r| Reason::from_word(r.as_str()) == Some(r))
        );
    }

    #[test]
    fn skipped_is_covered_only_with_proof_of_absence() {
        for reason in Reason::ALL {
            let outcome = Outcome::with_reason(Status::Skipped, reason, "");
            assert_eq!(outcome.is_covered(), reason.proves_absence(), "{reason}");
            assert!(!Outcome::with_reason(Status::Failed, reason, "").is_covered());
        }
    }

    #[test]
    fn denial_names_the_policy_type() {
        let message = "User: x is not authorized to perform: logs:FilterLogEvents with an explicit deny in a service control policy";
        assert_eq!(Outcome::denied(message).denied_by, Some(DeniedBy::Scp));
        assert_eq!(Outcome::denied("no").denied_by, Some(DeniedBy::Unknown));
    }
}
