//! AWS as the rest of the house sees it: sessions, one file a service, and one class of error.
//!
//! This is the only room that names `aws_sdk_*`. The SDK's own retries are off, since its retry bucket
//! is shared by all accounts of a Region: every attempt goes through [`Aws`]'s one call path, which takes
//! a quota permit first and a slot second, tells the audit, and asks again where that makes sense.

mod call;
mod clock;
mod cloudtrail;
mod connect;
mod ec2;
mod envelope;
mod error;
mod event_page;
mod flow_logs;
mod gate;
mod http;
mod iam;
mod insights;
mod intake;
mod lane;
mod logs;
mod mfa;
mod notify;
mod organizations;
mod pages;
mod post;
mod profile;
mod required_members;
mod session;
mod sockets;
mod source;
mod sts;

pub use connect::{Aws, ConnectError, ConnectOptions, StaticCredentials, Wire};
pub use ec2::EnabledRegion;
pub use error::{CallError, ErrorClass, causes};
pub use gate::Permit;
pub use iam::{AccessKey, AttachedPolicy, KeyStatus, LastUsed, PrincipalDetail, ServiceUse};
pub use insights::{InsightsRequest, InsightsRow, QueryId, QueryPage, QueryStatus, ResultRow};
pub use intake::ResponsePermit;
pub use lane::QuotaHandle;
pub use logs::{EventPage, EventQuery, LogEvent};
pub use mfa::{CodeSource, MfaCode, MfaStanding, NotACode};
pub use notify::{BusEvent, TopicMessage};
pub use organizations::ListedAccount;
pub use pages::{Endless, Pages};
pub use post::{PostError, Poster};
pub use profile::ProfileError;
pub use session::{RoleHop, Session};
pub use sts::Caller;
