//! The Security Token Service.

mod assume_role;
mod session_tags;
mod session_token;

use super::access::Credentials;
use super::call::Call;
use super::wire::{AwsError, Reply, Xml};

/// Performs a call of this service.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    match call.operation {
        "AssumeRole" => assume_role::assume_role(call),
        "GetCallerIdentity" => Ok(caller_identity(call)),
        "GetSessionToken" => session_token::session_token(call),
        _ => Err(call.unknown_operation()),
    }
}

/// Whether the operation is exempt from the general authorization. The first two require no
/// permissions, and `AssumeRole` evaluates the caller's policies together with the trust policy
/// itself.
///
/// Source: STS API, `GetCallerIdentity` and `GetSessionToken` (no permissions required).
pub(crate) fn skips_general_authorization(operation: &str) -> bool {
    matches!(
        operation,
        "GetCallerIdentity" | "GetSessionToken" | "AssumeRole"
    )
}

fn caller_identity(call: &Call<'_>) -> Reply {
    let Call { caller, world, .. } = call;
    Reply::xml(|xml| {
        xml.text("Arn", caller.arn(world))
            .text("UserId", caller.user_id(world))
            .text("Account", caller.account);
    })
}

fn write_credentials(xml: &mut Xml, credentials: &Credentials) {
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &credentials.access_key_id)
            .text("SecretAccessKey", &credentials.secret_access_key)
            .text("SessionToken", &credentials.session_token)
            .text("Expiration", format!("{:.0}", credentials.expires));
    });
}

fn denied(message: impl Into<String>) -> AwsError {
    AwsError::new("AccessDenied", message).with_status(403)
}

fn validation(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationError", message)
}

/// The error for a code that is wrong, expired or already used.
fn wrong_code() -> AwsError {
    denied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
}

/// Checks a code with the MFA device of the calling user, and marks the code as used.
///
/// # Errors
/// The caller is not a user (only users have devices), the serial number is not that of the user's
/// device, or the code is not accepted.
fn check_mfa(call: &mut Call<'_>, serial: &str, code: &str) -> Result<(), AwsError> {
    let Call {
        caller, world, now, ..
    } = call;
    let super::access::Principal::User { name } = &caller.principal else {
        return Err(denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
        ));
    };
    let device = world
        .account_mut(caller.account)
        .and_then(|account| account.users.get_mut(name))
        .and_then(|user| user.mfa.as_mut())
        .filter(|device| device.serial == serial)
        .ok_or_else(|| denied("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."))?;
    if device.accept(code, *now) {
        Ok(())
    } else {
        Err(wrong_code())
    }
}
