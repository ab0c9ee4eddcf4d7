//! Identification and authorization of callers: signatures, sessions, MFA codes, and policy
//! evaluation.

mod authorize;
mod caller;
mod mfa;
mod mint;
mod signature;

pub(crate) use authorize::{Denial, authorize};
pub(crate) use caller::{Caller, Credentials, Principal, identify_caller};
pub(crate) use mfa::MfaDevice;
pub(crate) use mint::{Holder, Mint, Session};
use signature::Signature;
