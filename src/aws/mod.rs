//! AWS, as the rest of the crate uses it: sessions, one file per service, and one error type.
//!
//! This is the only room that names `aws_sdk_*`. The SDK's own retries are off, because its retry
//! token bucket is shared by all accounts of a Region. Every call takes the one call path of
//! [`Aws`], which acquires a rate-limit permit first and a concurrency permit second, records each
//! attempt in the audit, and decides about retries.

mod athena;
mod attempt;
mod bounded_connector;
mod call;
mod call_config;
mod call_context;
mod call_limiter;
mod caller;
mod channels;
mod client;
mod clock;
mod cloudtrail;
mod connect;
mod credentials;
mod descriptor_limit;
mod ec2;
mod enabled_region;
mod error;
mod event_data_stores;
mod event_history;
mod event_page;
mod event_selectors;
mod flow_logs;
mod http;
mod iam;
mod imports;
mod incomplete_response;
mod insights;
mod log_deliveries;
mod log_event;
mod log_object;
mod logs;
mod member_check;
mod mfa;
#[cfg(test)]
mod mutated_responses;
mod network;
mod notify;
mod object_budget;
mod object_buffers;
mod organizations;
mod page_list;
mod pages;
mod portal;
mod portal_login;
mod post;
mod process_credentials;
mod profile;
mod profile_files;
mod public_keys;
mod query_limiter;
mod quota_handle;
mod quota_limiter;
pub mod range_connector;
mod required_members;
mod response_body;
mod response_budget;
mod response_shape;
mod response_table;
mod retry;
mod s3;
mod sdk_time;
mod session;
mod session_durations;
mod source;
mod sts;
mod telemetry;
mod trail_list;

pub use athena::{
    AthenaExecution, AthenaRequest, AthenaResults, AthenaState, AthenaTableColumns,
    AthenaWorkgroup, HAS_ATHENA,
};
pub use call_limiter::Permit;
pub use caller::Caller;
pub use client::Aws;
pub use connect::{ConnectError, ConnectOptions, StaticCredentials, Wire};
pub use enabled_region::EnabledRegion;
pub(crate) use error::UNREACHABLE;
pub use error::{CallError, ErrorClass, causes};
pub use event_data_stores::EventDataStore;
pub use event_history::HistoryQuery;
pub use iam::{
    AccessKey, AttachedPolicy, Credential, CredentialId, CredentialKind, FoundPrincipal, KeyStatus,
    LastUsed, PrincipalDetail, ServiceUse,
};
pub(crate) use incomplete_response::UNPROVEN_EMPTY;
pub use insights::{InsightsRequest, InsightsRow, QueryId, QueryPage, QueryStatus, ResultRow};
pub use log_deliveries::LogDelivery;
pub use log_event::{EventPage, LogEvent};
pub use logs::EventQuery;
pub use mfa::{CodeSource, InvalidMfaCode, MfaCode, MfaStatus};
pub use network::NetworkError;
pub use notify::{BusEvent, TopicMessage};
pub use object_budget::{MAX_OBJECT_BYTES, ObjectPermit};
pub use organizations::{ListedAccount, ListedUnit};
pub use pages::{Endless, Pages};
pub use post::{PostError, Poster};
pub use profile::ProfileError;
pub use profile_files::ProfileFilesError;
pub use public_keys::TrailPublicKey;
pub use query_limiter::QueryPermits;
pub use quota_handle::QuotaHandle;
pub use response_budget::ResponsePermit;
pub use s3::{
    AccessLogTarget, Bucket, ListQuery, ListedObject, ObjectContent, ObjectListing, ObjectPage,
    S3Failure, WriteMode,
};
pub use session::{RoleHop, Session};
pub use telemetry::{CentralizationRule, TelemetryPipeline, TelemetryRule};
