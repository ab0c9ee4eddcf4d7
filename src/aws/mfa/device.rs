//! A user's MFA device.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::cache::SessionCache;
use super::code::CodeSource;
use crate::aws::error::CallError;
use crate::config::MfaSerial;

/// A user's MFA device, and what is known of its session.
#[derive(Debug)]
pub(in crate::aws) struct Device {
    pub(super) serial: MfaSerial,
    pub(super) codes: Arc<dyn CodeSource>,
    pub(super) cache: Option<SessionCache>,
    /// Why no session can be opened. It is set once: a thousand accounts must not prompt a thousand
    /// times.
    pub(super) failure: OnceLock<CallError>,
}

/// The MFA device and its session, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaStatus {
    /// The serial number of the device.
    pub serial: MfaSerial,
    /// When the session ends, if there is one.
    pub session_until: Option<Timestamp>,
}

impl Device {
    /// Creates a device. If a `directory` is given, its session is cached there under the profile's
    /// name.
    pub(in crate::aws) fn new(
        serial: MfaSerial,
        codes: Arc<dyn CodeSource>,
        directory: Option<&Path>,
        profile: &str,
    ) -> Self {
        let cache =
            directory.map(|directory| SessionCache::new(directory, profile, serial.as_str()));
        Self {
            serial,
            codes,
            cache,
            failure: OnceLock::new(),
        }
    }

    /// The serial number of the device.
    pub(in crate::aws) fn serial(&self) -> &MfaSerial {
        &self.serial
    }

    /// Removes the cached session. Returns whether there was one.
    ///
    /// # Errors
    /// The cache file cannot be removed.
    pub(in crate::aws) fn forget_session(&self) -> std::io::Result<bool> {
        self.cache.as_ref().map_or(Ok(false), SessionCache::remove)
    }
}
