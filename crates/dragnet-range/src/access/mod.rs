//! Identification and authorization of callers: signatures, sessions, MFA codes, and policy
//! evaluation.

mod authorize;
mod caller;
mod mfa;
mod mint;
mod signature;

pub(crate) use authorize::{Denial, ResourceAccess, authorize, authorize_on_resource};
pub(crate) use caller::{Caller, Credentials, Principal, identify_caller};
pub(crate) use mfa::MfaDevice;
pub(crate) use mint::{Holder, Mint, Session};
use signature::Signature;
