//! What an examination says: one check, how it ended, and what to do.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{AccountId, Reason, Region};
use crate::sweep::Refusal;
use crate::time::rfc3339_ms;

/// What is examined, in the order of the way in: what fails hides all that comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// This machine's clock.
    Clock,
    /// The source credentials.
    Source,
    /// The MFA device and its session.
    Mfa,
    /// A role on the way.
    Hop,
    /// The list of accounts.
    Organization,
    /// An account and its role.
    Account,
    /// A Region of an account, and what may be done there.
    Region,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing is left uncovered by it.
    Note,
    /// Something would not be covered.
    Failed,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was examined.
    pub check: Subject,
    /// In which account.
    pub account_id: Option<AccountId>,
    /// That account's name. Untrusted text.
    pub account_name: String,
    /// In which Region.
    pub region: Option<Region>,
    /// How it ended.
    pub status: State,
    /// Why AWS does not let in, in the words of `coverage.csv`.
    pub reason: Option<&'static str>,
    /// What was found. Untrusted text.
    pub detail: String,
    /// What to do; empty if there is nothing to do.
    pub advice: String,
}

impl Check {
    /// A check that ended well.
    pub(super) fn ok(check: Subject, detail: impl Into<String>) -> Self {
        Self {
            check,
            account_id: None,
            account_name: String::new(),
            region: None,
            status: State::Ok,
            reason: None,
            detail: detail.into(),
            advice: String::new(),
        }
    }

    /// Something worth knowing.
    pub(super) fn note(check: Subject, detail: impl Into<String>) -> Self {
        Self {
            status: State::Note,
            ..Self::ok(check, detail)
        }
    }

    /// A check that did not end well.
    pub(super) fn failed(
        check: Subject,
        detail: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            status: State::Failed,
            advice: advice.into(),
            ..Self::ok(check, detail)
        }
    }

    /// A place that AWS does not let in.
    pub(super) fn refused(check: Subject, refusal: Refusal) -> Self {
        let Refusal { outcome, advice } = refusal;
        let detail = match (outcome.detail.as_str(), outcome.reason) {
            ("", Some(reason)) => reason.explanation().to_owned(),
            _ => outcome.detail,
        };
        let failed = Self::failed(check, detail, advice.unwrap_or_default());
        Self {
            reason: outcome.reason.map(Reason::as_str),
            ..failed
        }
    }
}

/// A moment as the table shows it.
pub(super) fn until(end: Option<Timestamp>) -> String {
    end.map(|end| format!(" until {}", rfc3339_ms(end)))
        .unwrap_or_default()
}
