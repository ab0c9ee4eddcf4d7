//! What was searched, what was not, and why: a result as important as the sightings.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AccountId, DeniedBy, Engine, LogGroupClass, Region};

/// How the search of one place ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// All of it was read.
    Searched,
    /// Some of it was read, or all of it but through a mask.
    Partial,
    /// Not read on purpose; only some [`Reason`]s prove that it holds nothing.
    Skipped,
    /// No engine can read it.
    Unsearchable,
    /// AWS refused.
    Denied,
    /// It could not be done, for any other reason.
    Failed,
    /// Not covered, and the configuration accepts that by name.
    Accepted,
}

impl Status {
    /// Every status, in the order in which summaries count them.
    pub const ALL: [Self; 7] = [
        Self::Searched,
        Self::Partial,
        Self::Skipped,
        Self::Unsearchable,
        Self::Denied,
        Self::Failed,
        Self::Accepted,
    ];

    /// The word used in files and summaries.
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

    /// The status that `as_str` gave this word for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a place was not, or not wholly, searched. A closed list: each either proves that the place
/// cannot hold a match, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The Region has no log group in scope.
    NoLogGroups,
    /// The account has enabled no Region that is in scope.
    NoRegions,
    /// The group was made more than 14 days after the window's end, and `PutLogEvents` takes no older event.
    CreatedAfterWindow,
    /// Not in scope: the account is not `ACTIVE` (closed, suspended …).
    AccountNotActive,
    /// Neither Organizations nor the configuration lists the account, so nothing is sent to it.
    AccountNotListed,
    /// The Region is asked for by name, but the account has not enabled it.
    RegionNotEnabled,
    /// The group was made inside the window; what came before was never in it.
    CreatedInsideWindow,
    /// The group was made after the run began; what came before was never in it.
    AppearedDuringRun,
    /// The group's retention ends inside the window; what is older is gone.
    RetentionInsideWindow,
    /// A data protection policy masks values, so a match may not show.
    Masked,
    /// No engine that may be used here reads the class.
    ClassNotReadable,
    /// Only Insights reads the class, and that would cost more than it may.
    OverScanCost,
    /// There are more rows than Insights gives of one stream and second.
    OverRowLimit,
    /// The key that the group is encrypted with cannot be used.
    KeyNotUsable,
    /// The group was deleted before its search ended.
    GroupGone,
    /// The server's pages do not end: it repeats a token, or sends empty pages for ever.
    EndlessPages,
    /// The source credentials have expired or cannot be had.
    SourceCredentials,
    /// There is a device, but no MFA session.
    MfaFailed,
    /// AWS refused a role on the way to the account's own.
    HopDenied,
    /// AWS refused the account's role: it is not there, or does not let the caller in.
    RoleDenied,
    /// AWS refused; the detail has its code and message.
    AccessDenied,
    /// Any other error; the detail has its code and message.
    Error,
    /// The sweep was interrupted before it was done here.
    Interrupted,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 23] = [
        Self::NoLogGroups,
        Self::NoRegions,
        Self::CreatedAfterWindow,
        Self::AccountNotActive,
        Self::AccountNotListed,
        Self::RegionNotEnabled,
        Self::CreatedInsideWindow,
        Self::AppearedDuringRun,
        Self::RetentionInsideWindow,
        Self::Masked,
        Self::ClassNotReadable,
        Self::OverScanCost,
        Self::OverRowLimit,
        Self::KeyNotUsable,
        Self::GroupGone,
        Self::EndlessPages,
        Self::SourceCredentials,
        Self::MfaFailed,
        Self::HopDenied,
        Self::RoleDenied,
        Self::AccessDenied,
        Self::Error,
        Self::Interrupted,
    ];

    /// The word used in files.
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
            Self::Masked => "masked",
            Self::ClassNotReadable => "class-not-readable",
            Self::OverScanCost => "over-scan-cost",
            Self::OverRowLimit => "over-row-limit",
            Self::KeyNotUsable => "key-not-usable",
            Self::GroupGone => "group-gone",
            Self::EndlessPages => "endless-pages",
            Self::SourceCredentials => "source-credentials",
            Self::MfaFailed => "mfa-failed",
            Self::HopDenied => "hop-denied",
            Self::RoleDenied => "role-denied",
            Self::AccessDenied => "access-denied",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
        }
    }

    /// The reason that `as_str` gave this word for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// Whether this reason proves that the place cannot hold a match that was asked for.
    pub fn proves_absence(self) -> bool {
        match self {
            Self::NoLogGroups | Self::NoRegions | Self::CreatedAfterWindow => true,
            Self::AccountNotActive
            | Self::AccountNotListed
            | Self::RegionNotEnabled
            | Self::CreatedInsideWindow
            | Self::AppearedDuringRun
            | Self::RetentionInsideWindow
            | Self::Masked
            | Self::ClassNotReadable
            | Self::OverScanCost
            | Self::OverRowLimit
            | Self::KeyNotUsable
            | Self::GroupGone
            | Self::EndlessPages
            | Self::SourceCredentials
            | Self::MfaFailed
            | Self::HopDenied
            | Self::RoleDenied
            | Self::AccessDenied
            | Self::Error
            | Self::Interrupted => false,
        }
    }

    /// What the reason means, for a person.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::NoLogGroups => "no log group in scope",
            Self::NoRegions => "no Region in scope is enabled",
            Self::CreatedAfterWindow => "created more than 14 days after the window's end",
            Self::AccountNotActive => "the account is not active",
            Self::AccountNotListed => {
                "neither Organizations nor the configuration lists the account: not entered"
            }
            Self::RegionNotEnabled => "the Region is not enabled in this account",
            Self::CreatedInsideWindow => "created inside the window: nothing older was ever in it",
            Self::AppearedDuringRun => "created during the run: nothing older was ever in it",
            Self::RetentionInsideWindow => {
                "older events have been deleted by the group's retention"
            }
            Self::Masked => "a data protection policy masks values, so a match may not show",
            Self::ClassNotReadable => "its class cannot be read by an engine that may be used",
            Self::OverScanCost => {
                "only Insights reads its class, which would cost more than --max-scan-cost"
            }
            Self::OverRowLimit => "more rows in a second than Insights gives",
            Self::KeyNotUsable => "the key that it is encrypted with cannot be used",
            Self::GroupGone => "deleted before its search ended",
            Self::EndlessPages => "the server's pages do not end; reading stopped there",
            Self::SourceCredentials => "the source credentials have expired or cannot be had",
            Self::MfaFailed => "no MFA session could be had",
            Self::HopDenied => "AWS refused a role on the way",
            Self::RoleDenied => "AWS refused the account's role",
            Self::AccessDenied => "AWS refused",
            Self::Error => "an error",
            Self::Interrupted => "interrupted before it was done",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How one place ended, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Why, unless all of it was read.
    pub reason: Option<Reason>,
    /// What else there is to say, e.g. AWS's error code and message. Untrusted text.
    pub detail: String,
    /// With [`Status::Denied`]: by what.
    pub denied_by: Option<DeniedBy>,
}

impl Outcome {
    /// All of it was read.
    pub fn searched() -> Self {
        Self {
            status: Status::Searched,
            reason: None,
            detail: String::new(),
            denied_by: None,
        }
    }

    /// It ended so, for this reason.
    pub fn because(status: Status, reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            status,
            reason: Some(reason),
            detail: detail.into(),
            denied_by: None,
        }
    }

    /// AWS refused, with its message.
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

    /// Says something more about it.
    pub fn remark(&mut self, text: &str) {
        if !self.detail.is_empty() {
            self.detail.push_str("; ");
        }
        self.detail.push_str(text);
    }

    /// The same, as a gap that is accepted; `told` says by whom, until when and why.
    #[must_use]
    pub fn accepted(self, told: &str) -> Self {
        let mut accepted = Self {
            status: Status::Accepted,
            detail: told.to_owned(),
            ..self
        };
        if !self.detail.is_empty() {
            accepted.remark(&self.detail);
        }
        accepted
    }

    /// Whether nothing that was asked for can be missing from here: searched, accepted, or skipped
    /// for a reason that proves absence.
    pub fn is_covered(&self) -> bool {
        match self.status {
            Status::Searched | Status::Accepted => true,
            Status::Skipped => self.reason.is_some_and(Reason::proves_absence),
            Status::Partial | Status::Unsearchable | Status::Denied | Status::Failed => false,
        }
    }

    /// The reason as one text: the word, and the detail where there is one.
    pub fn reason_text(&self) -> String {
        match (self.reason, self.detail.as_str()) {
            (None, detail) => detail.to_owned(),
            (Some(reason), "") => reason.to_string(),
            (Some(reason), detail) => format!("{reason}: {detail}"),
        }
    }
}

/// One row of the coverage: an account, an account's Region, or a log group.
///
/// `region` is `None` where the account itself could not be entered, `log_group` is `None` where the
/// Region could not, or has no group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The account.
    pub account: AccountId,
    /// The account's name: untrusted text.
    pub account_name: String,
    /// The Region, if it came so far.
    pub region: Option<Region>,
    /// The log group, if it came so far.
    pub log_group: Option<String>,
    /// The log group's class.
    pub class: Option<LogGroupClass>,
    /// What read it, if anything did.
    pub engines: Vec<Engine>,
    /// How it ended.
    pub outcome: Outcome,
    /// The first millisecond read, since the Unix epoch, if anything was.
    pub from_ms: Option<i64>,
    /// The first millisecond no longer read.
    pub to_ms: Option<i64>,
    /// Pages read.
    pub pages: u64,
    /// Events read.
    pub events: u64,
    /// Bytes of message read.
    pub bytes: u64,
    /// Events that matched here, before copies are folded.
    pub sightings: u64,
    /// It lies outside the accounts and Regions in scope, and was read for the records of those.
    pub elsewhere: bool,
}

impl Coverage {
    /// An account that ended so before anything of it was read.
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
            elsewhere: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
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
    fn only_proof_of_absence_makes_a_skipped_place_covered() {
        for reason in Reason::ALL {
            let outcome = Outcome::because(Status::Skipped, reason, "");
            assert_eq!(outcome.is_covered(), reason.proves_absence(), "{reason}");
            assert!(!Outcome::because(Status::Failed, reason, "").is_covered());
        }
    }

    #[test]
    fn a_denial_says_by_what() {
        let message = "User: x is not authorized to perform: logs:FilterLogEvents with an explicit deny in a service control policy";
        assert_eq!(Outcome::denied(message).denied_by, Some(DeniedBy::Scp));
        assert_eq!(Outcome::denied("no").denied_by, Some(DeniedBy::Unknown));
    }
}
