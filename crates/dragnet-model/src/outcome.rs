//! How the search of one row of the coverage ended, with the reason.

use serde::{Deserialize, Serialize};

use super::{DeniedBy, Reason, Status};

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

    /// Whether the account is closed, suspended or about to be. AWS allows no access to it, so it is
    /// not in scope.
    pub fn is_about_inactive_account(&self) -> bool {
        self.reason == Some(Reason::AccountNotActive)
    }

    /// Whether a match may be missing in something that is in scope. An inactive account is not in
    /// scope, so it is not a gap.
    pub fn is_gap(&self) -> bool {
        !self.is_covered() && !self.is_about_inactive_account()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_inactive_account_is_neither_covered_nor_a_gap() {
        let with_reason = |status, reason| Outcome::with_reason(status, reason, "");
        for (outcome, is_covered, is_gap) in [
            (Outcome::searched(), true, false),
            (
                with_reason(Status::Skipped, Reason::NoLogGroups),
                true,
                false,
            ),
            (
                with_reason(Status::Failed, Reason::NoLogGroups),
                false,
                true,
            ),
            (
                with_reason(Status::Skipped, Reason::ClassNotReadable),
                false,
                true,
            ),
            (
                with_reason(Status::Skipped, Reason::AccountNotActive),
                false,
                false,
            ),
            (Outcome::denied("no"), false, true),
            (Outcome::denied("no").accepted("until June"), true, false),
        ] {
            assert_eq!(
                (outcome.is_covered(), outcome.is_gap()),
                (is_covered, is_gap),
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn denial_names_the_policy_type() {
        let message = "User: x is not authorized to perform: logs:FilterLogEvents with an explicit deny in a service control policy";
        assert_eq!(Outcome::denied(message).denied_by, Some(DeniedBy::Scp));
        assert_eq!(Outcome::denied("no").denied_by, Some(DeniedBy::Unknown));
    }
}
