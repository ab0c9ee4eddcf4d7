//! Virtual MFA devices: time-based one-time codes, each accepted once.
//!
//! Source: RFC 6238; IAM user guide, "Virtual MFA devices" (30 seconds, 6 digits, SHA-1).

use jiff::Timestamp;
use totp_rs::{Builder, Totp};

/// The MFA device of a user, and the time step of the last code that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct MfaDevice {
    /// The serial number, an ARN.
    pub(crate) serial: String,
    secret: Vec<u8>,
    used_step: Option<u64>,
}

impl MfaDevice {
    pub(crate) fn new(serial: String, secret: Vec<u8>) -> Self {
        Self {
            serial,
            secret,
            used_step: None,
        }
    }

    fn totp(&self) -> Totp {
        Builder::new()
            .with_secret(self.secret.clone())
            .build_noncompliant()
    }

    /// The code that the device shows at `now`.
    pub(crate) fn code_at(&self, now: Timestamp) -> String {
        self.totp().generate(unix_seconds(now)).to_string()
    }

    /// The secret in base 32, as authenticator applications expect it.
    pub(crate) fn secret_base32(&self) -> String {
        totp_rs::Secret::from(self.secret.clone()).to_base32()
    }

    /// Accepts a code once. Returns `false` if it is wrong, too old, or was used before.
    pub(crate) fn accept(&mut self, code: &str, now: Timestamp) -> bool {
        let well_formed = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        let step = if well_formed {
            self.totp().check(code, unix_seconds(now))
        } else {
            None
        };
        match step {
            Some(step) if self.used_step.is_none_or(|used| step > used) => {
                self.used_step = Some(step);
                true
            }
            _ => false,
        }
    }
}

fn unix_seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_accepted_once_and_within_its_window() {
        let at = |seconds: i64| Timestamp::from_second(1_772_000_000 + seconds).unwrap();
        let mut device = MfaDevice::new(
            "arn:aws:iam::111111111111:mfa/alice".to_owned(),
            vec![7; 20],
        );
        let code = device.code_at(at(0));
        assert!(!device.accept("12345", at(0)) && !device.accept("abcdef", at(0)));
        assert!(device.accept(&code, at(5)));
        assert!(!device.accept(&code, at(6)), "used before");
        let next = device.code_at(at(30));
        assert!(!device.accept(&next, at(300)), "too old");
        assert!(device.accept(&next, at(40)));
    }
}
