//! The result of verifying a containment from logs, and its text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::log_call::DenialCause;
use dragnet_model::format::plural;

/// The result of the verification from logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogVerification {
    /// When it was made.
    pub at: String,
    /// The directory of the run that searched the logs.
    pub run: String,
    /// The verdict on each principal of the plan.
    pub principals: Vec<PrincipalVerdict>,
}

dragnet_model::word_enum! {
    /// What the logs show about a principal.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum LogVerdict: Serialize, Deserialize {
        /// The records are complete, and no call succeeded after the change.
        Verified => "verified",
        /// The logs do not show it.
        NotVerified => "not-verified",
        /// Calls succeeded after the change.
        StillActive => "still-active",
    }
}

/// The verdict on a principal, with the calls that show it. Every text is untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalVerdict {
    /// The ARN of the principal.
    pub principal: String,
    /// The verdict.
    pub verdict: LogVerdict,
    /// Why it is not verified.
    pub reasons: Vec<String>,
    /// When the first change was made.
    pub changed_at: Option<String>,
    /// Until when the records of its account are complete.
    pub complete_until: Option<String>,
    /// Its last success before the change.
    pub last_success_before: Option<LoggedCall>,
    /// The number of its calls that were denied after the change.
    pub denied: u64,
    /// The first of them.
    pub first_denial: Option<LoggedCall>,
    /// The first of them, each with its cause. Earlier versions stored only one, without its cause.
    #[serde(default)]
    pub denials: Vec<LoggedCall>,
    /// How many of them each kind of policy denied, as far as the error messages show it.
    pub denied_by: BTreeMap<String, u64>,
    /// The number of its calls that succeeded after the change and its propagation.
    pub succeeded: u64,
    /// The first of them.
    pub successes: Vec<LoggedCall>,
    /// Calls that succeeded while the change may have propagated.
    pub succeeded_while_propagating: u64,
    /// Calls that succeeded and that the changes do not block, for example of a newer session.
    pub not_blocked: u64,
    /// Calls that failed for reasons other than a denial.
    pub failed: u64,
    /// Sign-ins, and calls that no policy denies.
    pub undecided: u64,
}

/// A call in the logs. Every text is untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedCall {
    /// The event time.
    pub at: String,
    /// The service and the event name.
    pub event: String,
    /// The source address.
    pub source_ip: String,
    /// The Region of the event.
    pub region: String,
    /// CloudTrail's `eventID`.
    pub record_id: String,
    /// The AWS service that made the call for the principal, if one did.
    pub invoked_by: Option<String>,
    /// Of a denial: its cause, as in `denied_by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl LogVerification {
    /// Whether every principal is verified.
    pub fn is_verified(&self) -> bool {
        self.principals
            .iter()
            .all(|principal| principal.verdict == LogVerdict::Verified)
    }
}

impl LogVerification {
    /// The lines of the verdicts. They contain untrusted text, so the caller must escape them.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("From the logs, at {} (run {}):", self.at, self.run)];
        for principal in &self.principals {
            lines.push(format!(
                "  {:<17} {}: {}",
                principal.verdict.as_str(),
                principal.principal,
                principal.headline()
            ));
            let details = principal.details();
            lines.extend(details.into_iter().map(|detail| format!("      {detail}")));
        }
        lines.push(
            "Only management events are verified: trails need not record reads and writes of data."
                .to_owned(),
        );
        lines
    }
}

impl PrincipalVerdict {
    /// The verdict in one sentence.
    pub(super) fn headline(&self) -> String {
        let since = self
            .changed_at
            .as_ref()
            .map(|changed| format!("since the change at {changed}"))
            .unwrap_or_default();
        let denied = self.first_denial.as_ref().map(|first| {
            let times = plural(self.denied, "time");
            format!("denied {times} since {}", first.at)
        });
        match self.verdict {
            LogVerdict::StillActive => {
                let calls = plural(self.succeeded, "call");
                format!("{calls} SUCCEEDED {since}")
            }
            LogVerdict::NotVerified => {
                format!("not verified from logs: {}", self.reasons.join("; "))
            }
            LogVerdict::Verified => {
                let denied = denied.unwrap_or_else(|| "not denied so far".to_owned());
                let complete = self.complete_until.as_deref().unwrap_or_default();
                format!("{denied}; no success {since}; records complete up to {complete}")
            }
        }
    }

    /// What the logs show in detail, one line each.
    pub(super) fn details(&self) -> Vec<String> {
        let mut details = Vec::new();
        if self.verdict == LogVerdict::StillActive {
            let reasons = self.reasons.iter();
            details.extend(reasons.map(|reason| format!("also not verified: {reason}")));
        }
        if let Some(last) = &self.last_success_before {
            details.push(format!(
                "last success before the change: {}",
                last.describe()
            ));
        }
        if let Some(first) = &self.first_denial {
            details.push(format!("first denial after it: {}", first.describe()));
        }
        for (cause, count) in &self.denied_by {
            details.push(format!(
                "{}: {}",
                plural(*count, "denial"),
                describe_cause(cause)
            ));
        }
        let denials = self.denials.iter();
        details.extend(denials.map(|denial| format!("denied: {}", denial.describe())));
        let successes = self.successes.iter();
        details.extend(successes.map(|call| format!("SUCCEEDED: {}", call.describe())));
        let counts = [
            (
                self.succeeded_while_propagating,
                "succeeded within a minute of the change",
            ),
            (self.not_blocked, "succeeded that the changes do not block"),
            (self.failed, "failed for another reason than a denial"),
            (self.undecided, "that no policy decides, such as sign-ins"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        details.extend(counts.map(|(count, what)| format!("{} {what}", plural(count, "call"))));
        details
    }
}

impl LoggedCall {
    /// The call for people: `2026-03-02T14:02:11Z iam.amazonaws.com ListUsers from 192.0.2.1 …`.
    fn describe(&self) -> String {
        let service = self
            .invoked_by
            .as_ref()
            .map(|service| format!(", made by {service} for the principal"))
            .unwrap_or_default();
        let cause = self
            .cause
            .as_ref()
            .map(|cause| format!(" ({})", describe_cause(cause)))
            .unwrap_or_default();
        format!(
            "{} {} from {} in {}, record {}{service}{cause}",
            self.at, self.event, self.source_ip, self.region, self.record_id
        )
    }
}

/// Describes the policy that denied calls.
fn describe_cause(cause: &str) -> &'static str {
    DenialCause::from_word(cause)
        .unwrap_or(DenialCause::NotShown)
        .describe()
}
