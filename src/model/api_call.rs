//! The audit of a run: every AWS call it made.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{AccountId, Region};

/// One attempt at an AWS call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiCall {
    /// When it was sent.
    pub time: Timestamp,
    /// The account that it was made in; `None` until the caller's own is known.
    pub account: Option<AccountId>,
    /// The Region that it was sent to.
    pub region: Region,
    /// The operation, e.g. `FilterLogEvents`.
    pub operation: Cow<'static, str>,
    /// `ok`, or the error's code, or what went wrong on the way.
    pub status: String,
    /// AWS's request id, by which the call is found in CloudTrail; empty where no answer came.
    pub request_id: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// How long the answer took.
    pub milliseconds: u64,
}

impl ApiCall {
    /// Whether AWS throttled it.
    pub fn was_throttled(&self) -> bool {
        Self::is_throttle(&self.status)
    }

    /// Whether a call of this status was throttled. The services have several codes for that.
    pub fn is_throttle(status: &str) -> bool {
        [
            "Throttl",
            "RequestLimitExceeded",
            "TooManyRequests",
            "SlowDown",
            "HTTP 429",
        ]
        .iter()
        .any(|word| status.contains(word))
    }
}
