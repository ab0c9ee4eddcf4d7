//! Tables of a scenario for faults.

use std::num::NonZeroU64;

use serde::Deserialize;

use crate::policy::glob;
use dragnet_model::{AccountId, Region};

/// A fault to inject.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FaultSpec {
    /// The operation, or a glob of operations.
    pub(crate) operation: String,
    /// Limits the fault to this account.
    pub(crate) account: Option<AccountId>,
    /// Limits the fault to this Region.
    pub(crate) region: Option<Region>,
    /// The fault applies to every n-th call; the default is 1.
    #[serde(default = "default_every")]
    pub(crate) every: NonZeroU64,
    /// The number of calls before the fault applies.
    #[serde(default)]
    pub(crate) after: u64,
    /// The maximum number of times that the fault applies.
    pub(crate) times: Option<u64>,
    #[serde(flatten)]
    pub(crate) kind: FaultKind,
}

fn default_every() -> NonZeroU64 {
    NonZeroU64::MIN
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    /// The call is throttled.
    Throttle,
    /// HTTP 500.
    ServerError,
    /// HTTP 503 with an HTML page instead of an error.
    Unavailable,
    /// The connection breaks.
    Reset,
    /// Access is denied, with this message if there is one.
    AccessDenied {
        /// The whole message.
        message: Option<String>,
    },
    /// `LimitExceededException`: too many queries run at the same time.
    LimitExceeded,
    /// `MalformedQueryException`: Insights does not accept the query.
    MalformedQuery,
    /// The response is delayed.
    Slow { milliseconds: u64 },
    /// The credentials have expired.
    ExpiredToken,
    /// The next page token of the response is that of the request.
    RepeatedToken,
    /// The response is cut off in the middle, with HTTP 200.
    Truncated,
    /// The log group of the call is deleted before the call is performed.
    DeleteGroup,
    /// The object of the call is deleted before the call is performed.
    DeleteObject,
    /// `ConditionalRequestConflict`: another write to the object is in progress.
    WriteConflict,
    /// The checksum in the response is that of another object.
    WrongChecksum,
    /// The response is a success, but lacks something that AWS always writes.
    Incomplete(IncompleteResponse),
}

/// A response that lacks something that AWS always writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct IncompleteResponse {
    #[serde(rename = "answer")]
    pub(crate) defect: ResponseDefect,
    /// The member to change, as a path through objects and lists: `events.timestamp`.
    #[serde(default)]
    pub(crate) member: String,
    /// With [`ResponseDefect::Any`]: the number that chooses the change.
    #[serde(default)]
    pub(crate) seed: u64,
    /// The HTTP status.
    #[serde(default = "default_status")]
    pub(crate) status: u16,
}

/// What is sent instead of a complete response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ResponseDefect {
    /// An empty body.
    Empty,
    /// A document without members: `{}`, or an empty XML root element.
    NoMembers,
    /// The body of an error.
    ErrorBody,
    /// The body of an error, and the header `x-amzn-errortype`.
    ErrorHeader,
    /// The response without the member.
    WithoutMember,
    /// The response with `null` as the value of the member; in XML, with an empty element.
    NullMember,
    /// The response with the case of the first letter of the member's name switched.
    MisspeltMember,
    /// The response without the last item of the member, which is a list.
    ShortList,
    /// The response with an empty list as the member.
    EmptyList,
    /// The page of events, which says that it did not search a log stream completely.
    UnsearchedStream,
    /// The XML response without the closing tag of the member.
    Unclosed,
    /// The response with one small change, which `seed` chooses.
    Any,
    /// The Insights result without the field of this name in its rows.
    WithoutField,
}

fn default_status() -> u16 {
    200
}

impl FaultSpec {
    /// Whether the fault is for this operation, account and Region. It may still not be due.
    pub(crate) fn applies_to(&self, operation: &str, account: AccountId, region: &Region) -> bool {
        glob(&self.operation, operation)
            && self.account.is_none_or(|only| only == account)
            && self.region.as_ref().is_none_or(|only| only == region)
    }
}
