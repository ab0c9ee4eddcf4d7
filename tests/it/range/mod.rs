//! The practice range, through the real SDK and in this process.

mod clients;
mod identities;
mod logs;
mod sessions;
