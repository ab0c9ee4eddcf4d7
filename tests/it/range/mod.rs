//! The practice range, through the real SDK and in this process.

pub mod clients;
mod identities;
mod insights;
mod logs;
mod patterns;
mod server;
mod sessions;
