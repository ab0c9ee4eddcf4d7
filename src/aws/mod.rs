//! AWS, as the rest of the crate uses it: sessions, one file per service, and one error type.
//!
//! This is the only room that names `aws_sdk_*`. The SDK's own retries are off, because its retry
//! token bucket is shared by all accounts of a Region. Every call takes the one call path of
//! [`Aws`], which acquires a rate-limit permit first and a concurrency permit second, records each
//! attempt in the audit, and decides about retries.

mod bounded_connector;
mod call;
mod call_limiter;
mod clock;
mod cloudtrail;
mod connect;
mod descriptor_limit;
mod ec2;
mod error;
mod event_page;
mod flow_logs;
mod http;
mod iam;
mod insights;
mod logs;
mod mfa;
#[cfg(test)]
mod mutated_responses;
mod notify;
mod organizations;
mod pages;
mod post;
mod profile;
mod query_limiter;
mod quota_handle;
pub mod range_connector;
mod required_members;
mod response_body;
mod response_budget;
mod response_table;
mod session;
mod source;
mod sts;
mod trail_list;

pub use call_limiter::Permit;
pub use connect::{Aws, ConnectError, ConnectOptions, StaticCredentials, Wire};
pub use ec2::EnabledRegion;
pub use error::{CallError, ErrorClass, causes};
pub use iam::{
    AccessKey, AttachedPolicy, Credential, CredentialId, CredentialKind, FoundPrincipal, KeyStatus,
    LastUsed, PrincipalDetail, ServiceUse,
};
pub use insights::{InsightsRequest, InsightsRow, QueryId, QueryPage, QueryStatus, ResultRow};
pub use logs::{EventPage, EventQuery, LogEvent};
pub use mfa::{CodeSource, InvalidMfaCode, MfaCode, MfaStatus};
pub use notify::{BusEvent, TopicMessage};
pub use organizations::{ListedAccount, ListedUnit};
pub use pages::{Endless, Pages};
pub use post::{PostError, Poster};
pub use profile::ProfileError;
pub use query_limiter::QueryPermits;
pub use quota_handle::QuotaHandle;
pub(crate) use required_members::UNPROVEN_EMPTY;
pub use response_budget::ResponsePermit;
pub use session::{RoleHop, Session};
pub use sts::Caller;
