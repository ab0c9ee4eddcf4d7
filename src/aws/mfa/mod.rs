//! MFA: one code opens one session of the user, and every role is assumed from that session.
//!
//! Source: IAM user guide, "MFA-protected API access": credentials of `GetSessionToken` carry the
//! MFA context, those of `AssumeRole` do not; a device belongs to an IAM user.

mod cache;
mod code;
mod device;
mod session;

pub use code::{CodeSource, InvalidMfaCode, MfaCode};
pub use device::MfaStatus;
pub(super) use device::{Device, SerialOrigin};
