//! `GetSessionToken`: temporary credentials of a user, with MFA context if a code was sent.
//!
//! Source: STS API, `GetSessionToken`.

use super::{check_mfa, denied, write_credentials};
use crate::access::{Caller, Holder, Principal, Session};
use crate::call::Call;
use crate::wire::{AwsError, Reply};

/// 12 hours.
const DEFAULT_SECONDS: u32 = 43_200;

pub(super) fn session_token(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let Principal::User { name } = &call.caller.principal else {
        return Err(denied(
            "Cannot call GetSessionToken with session credentials",
        ));
    };
    if call.caller.session.is_some() {
        return Err(denied(
            "Cannot call GetSessionToken with session credentials",
        ));
    }
    let params = call.input.form()?;
    let seconds = params.number("DurationSeconds", 900..=129_600, DEFAULT_SECONDS)?;
    let mfa = match (params.get("SerialNumber"), params.get("TokenCode")) {
        (None, None) => None,
        (Some(serial), Some(code)) => Some((serial, code)),
        _ => {
            return Err(super::validation(
                "SerialNumber and TokenCode must be given together",
            ));
        }
    };
    if let Some((serial, code)) = mfa {
        check_mfa(call, serial, code)?;
    }
    let session = Session {
        access_key_id: String::new(),
        account: call.caller.account,
        holder: Holder::User { name: name.clone() },
        issued_s: call.now.as_second(),
        expires_s: call.now.as_second().saturating_add(seconds.into()),
        mfa: mfa.is_some(),
        policy: None,
        source_identity: None,
        transitive_tag_keys: Vec::new(),
        global: call.global_endpoint,
    };
    let credentials = Caller::issue_credentials(&mut call.world.mint, session);
    Ok(Reply::xml(|xml| write_credentials(xml, &credentials)))
}
