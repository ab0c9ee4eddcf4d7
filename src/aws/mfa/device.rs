//! A user's MFA device.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::cache::SessionCache;
use super::code::CodeSource;
use crate::aws::error::CallError;
use crate::config::MfaSerial;

/// What names a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aws) enum SerialOrigin {
    /// `identity.mfa_serial`: without a session, the command fails.
    Configuration,
    /// The `mfa_serial` of a profile, which says nothing about whether the keys need it.
    Profile,
}

/// A user's MFA device, and what is known of its session.
#[derive(Debug)]
pub(in crate::aws) struct Device {
    pub(super) serial: MfaSerial,
    pub(super) origin: SerialOrigin,
    /// Whether the source credentials are used as they are, because they are a session already.
    unused: AtomicBool,
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
        origin: SerialOrigin,
        codes: Arc<dyn CodeSource>,
        directory: Option<&Path>,
        profile: &str,
    ) -> Self {
        let cache =
            directory.map(|directory| SessionCache::new(directory, profile, serial.as_str()));
        Self {
            serial,
            origin,
            unused: AtomicBool::new(false),
            codes,
            cache,
            failure: OnceLock::new(),
        }
    }

    /// The serial number of the device.
    pub(in crate::aws) fn serial(&self) -> &MfaSerial {
        &self.serial
    }

    /// Records that the source credentials are used as they are. Returns whether this is new.
    pub(super) fn mark_unused(&self) -> bool {
        !self.unused.swap(true, Ordering::Relaxed)
    }

    /// Whether the source credentials are used as they are.
    pub(in crate::aws) fn is_unused(&self) -> bool {
        self.unused.load(Ordering::Relaxed)
    }

    /// Removes the cached session. Returns whether there was one.
    ///
    /// # Errors
    /// The cache file cannot be removed.
    pub(in crate::aws) fn forget_session(&self) -> std::io::Result<bool> {
        self.cache.as_ref().map_or(Ok(false), SessionCache::remove)
    }
}
