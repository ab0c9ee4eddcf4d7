//! Console passwords. The range has no console, so it keeps no passwords.
//!
//! Source: IAM API, `CreateLoginProfile`, `GetLoginProfile`, `DeleteLoginProfile`.

use jiff::Timestamp;

use super::error::{already_exists, no_such};
use super::users::named_or_caller;
use super::{account, account_mut};
use crate::call::Call;
use crate::wire::{AwsError, Reply, Xml};
use dragnet_model::time::rfc3339_ms;

pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = named_or_caller(call, params)?;
    params.required("Password")?;
    let created = call.now;
    let user = account_mut(call)?
        .users
        .get_mut(name)
        .ok_or_else(|| no_such("user", name))?;
    if user.login_profile.is_some() {
        return Err(already_exists("Login Profile for user", name));
    }
    user.login_profile = Some(created);
    Ok(Reply::xml(|xml| write(xml, name, created)))
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = named_or_caller(call, call.input.form()?)?;
    let user = account(call)?
        .users
        .get(name)
        .ok_or_else(|| no_such("user", name))?;
    let created = user.login_profile.ok_or_else(|| no_such_profile(name))?;
    Ok(Reply::xml(|xml| write(xml, name, created)))
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = named_or_caller(call, call.input.form()?)?;
    let user = account_mut(call)?
        .users
        .get_mut(name)
        .ok_or_else(|| no_such("user", name))?;
    user.login_profile
        .take()
        .ok_or_else(|| no_such_profile(name))?;
    Ok(Reply::xml(|_| {}))
}

fn write(xml: &mut Xml, user: &str, created: Timestamp) {
    xml.element("LoginProfile", |xml| {
        xml.text("UserName", user)
            .text("CreateDate", rfc3339_ms(created))
            .text("PasswordResetRequired", false);
    });
}

fn no_such_profile(user: &str) -> AwsError {
    AwsError::new(
        "NoSuchEntity",
        format!("Login Profile for User {user} cannot be found."),
    )
    .with_status(404)
}
