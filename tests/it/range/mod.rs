//! Tests the practice range with the real SDK, in this process.

pub(crate) mod clients;
mod identities;
mod insights;
mod logs;
mod patterns;
mod server;
mod sessions;
