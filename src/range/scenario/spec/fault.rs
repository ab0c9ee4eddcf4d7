//! Tables of a scenario about what goes wrong.

use std::num::NonZeroU64;

use serde::Deserialize;

use crate::model::{AccountId, Region};
use crate::range::policy::glob;

/// Something that goes wrong on purpose.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FaultSpec {
    /// The operation, or a glob.
    pub(crate) operation: String,
    /// Only in this account.
    pub(crate) account: Option<AccountId>,
    /// Only in this Region.
    pub(crate) region: Option<Region>,
    /// Every how many calls; 1, where it is not said.
    #[serde(default = "every_one")]
    pub(crate) every: NonZeroU64,
    /// How many calls are spared first.
    #[serde(default)]
    pub(crate) after: u64,
    /// How often at most.
    pub(crate) times: Option<u64>,
    /// What goes wrong.
    #[serde(flatten)]
    pub(crate) kind: FaultKind,
}

fn every_one() -> NonZeroU64 {
    NonZeroU64::MIN
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    /// Instructed to slow down.
    Throttle,
    /// HTTP 500.
    ServerError,
    /// HTTP 503 with a page for people instead of an error.
    Unavailable,
    /// The connection breaks.
    Reset,
    /// Refused, with this text if one is given.
    AccessDenied {
        /// The whole sentence.
        message: Option<String>,
    },
    /// Too many of the same go on at once.
    LimitExceeded,
    /// The answer takes so much longer.
    Slow {
        /// How much longer.
        milliseconds: u64,
    },
    /// The credentials have expired.
    ExpiredToken,
    /// The answer's token is the request's own.
    RepeatedToken,
    /// The answer breaks off in the middle, with HTTP 200.
    Truncated,
    /// The log group that is asked for is deleted before it is answered.
    DeleteGroup,
    /// The answer is a success that lacks something AWS always writes.
    Incomplete(Incomplete),
}

/// An answer that lacks something AWS always writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Incomplete {
    /// What is sent.
    pub(crate) answer: IncompleteAnswer,
    /// Which member is meant, as a path through objects and lists: `events.timestamp`.
    #[serde(default)]
    pub(crate) member: String,
    /// The HTTP status.
    #[serde(default = "http_ok")]
    pub(crate) status: u16,
}

/// What is sent in place of a whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IncompleteAnswer {
    /// An empty body.
    Empty,
    /// A document without members: `{}`, or an XML root element with nothing in it.
    NoMembers,
    /// The body of an error.
    ErrorBody,
    /// The body of an error, and the header `x-amzn-errortype`.
    ErrorHeader,
    /// The answer without the member.
    WithoutMember,
    /// The answer with `null` as the member.
    NullMember,
    /// The answer with the first letter of the member's name in the other case.
    MisspeltMember,
    /// The answer with the member's list one item short.
    ShortList,
    /// The answer with the member, a list, empty.
    EmptyList,
    /// Insights rows without the field of the member's name.
    WithoutField,
}

fn http_ok() -> u16 {
    200
}

impl FaultSpec {
    /// Whether it concerns this call.
    pub(crate) fn concerns(&self, operation: &str, account: AccountId, region: &Region) -> bool {
        glob(&self.operation, operation)
            && self.account.is_none_or(|only| only == account)
            && self.region.as_ref().is_none_or(|only| only == region)
    }
}
