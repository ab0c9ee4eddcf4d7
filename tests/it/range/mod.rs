//! Tests the practice range with the real SDK, in this process.

pub(crate) mod clients;
mod event_history;
mod identities;
mod insights;
mod logs;
mod lookup_events;
mod patterns;
mod recorded;
mod s3;
mod s3_client;
mod s3_errors;
mod server;
mod sessions;
