//! The audit of a run: every AWS call that it made.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{AccountId, Region};

/// One attempt at an AWS call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiCall {
    /// When the request was sent.
    pub time: Timestamp,
    /// The account in which it was made; `None` until the caller's account is known.
    pub account: Option<AccountId>,
    /// The Region to which it was sent.
    pub region: Region,
    /// The operation, for example `FilterLogEvents`.
    pub operation: Cow<'static, str>,
    /// `ok`, the error code of AWS, or the kind of failure if there was no response.
    pub status: String,
    /// AWS's request id, which CloudTrail records too; empty without a response.
    pub request_id: String,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// How long the response took, in milliseconds.
    pub milliseconds: u64,
}

impl ApiCall {
    /// Whether AWS throttled it.
    pub fn was_throttled(&self) -> bool {
        Self::is_throttle(&self.status)
    }

    /// Whether this status means that the call was throttled. The services use several codes.
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
