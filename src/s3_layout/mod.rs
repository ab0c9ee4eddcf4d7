//! The keys of log objects in S3: which account, Region, service and time an object is about, and
//! which part of a bucket has the records of a window.
//!
//! ```text
//! [prefix/]AWSLogs/[o-ID/]ACCOUNT/SERVICE/REGION/YYYY/MM/DD/[HH/]ACCOUNT_SERVICE_REGION_…
//! └──────── LogRoot ─────┘                       └── KeyDate ──┘└─────── file name ──────
//! └───────────────── LogFolder ─────────────────┘
//! └────────────────────────────── LogKey ────────────────────────────────────────────────
//! ```
//! A key is read only if all its parts agree with each other: [`ParsedKey::Unknown`] is everything
//! else. What is unknown has to be reported, because it may have records.
//!
//! The keys of a folder are in the order of their dates, so a list can begin at the first minute of
//! a window ([`KeyRange`]). The date is that of the delivery: no record is later, and few are much
//! earlier.
//!
//! Nothing here makes a call.

mod access_log;
mod file_name;
mod folder;
mod key_date;
mod key_range;
mod kind;
mod log_key;
mod log_place;
mod root;

pub use access_log::{AccessLogKey, AccessLogPlace, AccessLogSource};
pub use folder::{LastFolder, LogFolder};
pub use key_date::{DateForm, KeyDate};
pub use key_range::{KeyRange, access_log_range};
pub use kind::ObjectKind;
pub use log_key::LogKey;
pub use log_place::{LogPlace, PlacedKey};
pub use root::LogRoot;

#[cfg(test)]
mod property_tests;

/// What a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParsedKey {
    /// An object below `AWSLogs/`.
    Log(Box<LogKey>),
    /// An access log of S3.
    AccessLog(Box<AccessLogKey>),
    /// The key ends in a slash. The console shows it as a folder, if the object is empty.
    Marker,
    /// The key has no layout that is known.
    Unknown,
}

impl ParsedKey {
    /// Reads a key.
    pub fn parse(key: &str) -> Self {
        if key.ends_with('/') {
            return Self::Marker;
        }
        if let Some(log_key) = LogKey::parse(key) {
            return Self::Log(Box::new(log_key));
        }
        match AccessLogKey::parse(key) {
            Some(access_log) => Self::AccessLog(Box::new(access_log)),
            None => Self::Unknown,
        }
    }
}
