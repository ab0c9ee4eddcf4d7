//! The result of one check of `doctor`, with advice.

use jiff::Timestamp;
use serde::Serialize;

use crate::sweep::Refusal;
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{AccountId, Reason, Region};

/// The subject of a check, in the order in which a sweep depends on them: after a failure, later
/// subjects cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// The clock of this host.
    Clock,
    /// The source credentials.
    Source,
    /// The MFA device and its session.
    Mfa,
    /// A role of the role chain.
    Hop,
    /// The list of accounts.
    Organization,
    /// The selectors of the scope.
    Scope,
    /// An account and its member role.
    Account,
    /// A Region of an account, and the permissions there.
    Region,
    /// The log sources of an account.
    Sources,
    /// The log groups of a Region.
    LogGroups,
    /// The workgroup and the tables of Athena.
    Athena,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No problem was found.
    Ok,
    /// A remark; it does not reduce coverage.
    Note,
    /// A sweep would not cover something.
    Failed,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The subject of the check.
    pub check: Subject,
    /// The account, if the check concerns one.
    pub account_id: Option<AccountId>,
    /// The name of that account. Untrusted text.
    pub account_name: String,
    /// The Region, if the check concerns one.
    pub region: Option<Region>,
    /// The result.
    pub status: State,
    /// The reason for which AWS denies access, as in `coverage.csv`.
    pub reason: Option<&'static str>,
    /// The finding. Untrusted text.
    pub detail: String,
    /// The advice; empty if there is nothing to do.
    pub advice: String,
}

impl Check {
    /// Whether a sweep would fail before it could search any account.
    pub(super) fn prevents_sweep(&self) -> bool {
        let is_about_scope = matches!(
            self.check,
            Subject::Scope | Subject::Sources | Subject::Athena
        );
        self.status == State::Failed && self.account_id.is_none() && !is_about_scope
    }

    /// Returns the key by which checks are sorted.
    pub(super) fn order(&self) -> (Option<AccountId>, Subject, Option<Region>) {
        (self.account_id, self.check, self.region.clone())
    }

    /// Creates a check without problems.
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

    /// Creates a check with a remark.
    pub(super) fn note(check: Subject, detail: impl Into<String>) -> Self {
        Self {
            status: State::Note,
            ..Self::ok(check, detail)
        }
    }

    /// Creates a failed check.
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

    /// Creates a failed check from a refusal of AWS.
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

/// Formats the end of a session for a detail text; empty if there is none.
pub(super) fn format_session_end(end: Option<Timestamp>) -> String {
    end.map(|end| format!(" until {}", rfc3339_ms(end)))
        .unwrap_or_default()
}
