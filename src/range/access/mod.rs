//! Who is calling, and may they: signatures, sessions, MFA codes, and the decision over all policies.

mod authorize;
mod caller;
mod mfa;
mod mint;
mod signature;

pub(crate) use authorize::{Denial, authorize};
pub(crate) use caller::{Caller, Credentials, Principal, identify};
pub(crate) use mfa::MfaDevice;
pub(crate) use mint::{Holder, Mint, Session};
use signature::Signature;
