//! Permissions boundaries of roles and users.
//!
//! Source: IAM API, `PutRolePermissionsBoundary`, `DeleteRolePermissionsBoundary`,
//! `PutUserPermissionsBoundary`, `DeleteUserPermissionsBoundary`.

use super::error::{no_such, unmodifiable};
use super::owner::{Owner, is_protected};
use crate::call::Call;
use crate::wire::{AwsError, Params, Reply, Xml};
use crate::world::Boundary;

pub(super) fn put(call: &mut Call<'_>, owner: Owner) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = params.required(owner.parameter())?;
    let arn = params.required("PermissionsBoundary")?;
    let from = call.in_force_from();
    if boundary_mut(call, owner, name)?.set(Some(arn), from) {
        return Ok(Reply::xml(|_| {}));
    }
    Err(no_such_policy(arn))
}

/// The boundary that a new role or user gets with its creation.
///
/// # Errors
/// The policy does not exist.
pub(super) fn of_new_identity(call: &Call<'_>, params: &Params) -> Result<Boundary, AwsError> {
    let mut boundary = Boundary::default();
    match params.get("PermissionsBoundary") {
        Some(arn) if !boundary.set(Some(arn), call.now) => Err(no_such_policy(arn)),
        _ => Ok(boundary),
    }
}

pub(super) fn delete(call: &mut Call<'_>, owner: Owner) -> Result<Reply, AwsError> {
    let name = call.input.form()?.required(owner.parameter())?;
    let from = call.in_force_from();
    let boundary = boundary_mut(call, owner, name)?;
    if boundary.arn().is_none() {
        return Err(no_such("permissions boundary of", name));
    }
    boundary.set(None, from);
    Ok(Reply::xml(|_| {}))
}

/// The boundary of the named role or user, to be changed. A group has none.
fn boundary_mut<'a>(
    call: &'a mut Call<'_>,
    owner: Owner,
    name: &str,
) -> Result<&'a mut Boundary, AwsError> {
    let account = super::account_mut(call)?;
    if owner == Owner::Role && owner.path(account, name).is_some_and(is_protected) {
        return Err(unmodifiable(name));
    }
    let boundary = match owner {
        Owner::Role => account.roles.get_mut(name).map(|role| &mut role.boundary),
        Owner::User => account.users.get_mut(name).map(|user| &mut user.boundary),
        Owner::Group => None,
    };
    boundary.ok_or_else(|| no_such(owner.as_str(), name))
}

/// The error for a managed policy that does not exist.
///
/// Source: the recorded answers in LocalStack's `test_role_attach_policy`.
pub(super) fn no_such_policy(arn: &str) -> AwsError {
    AwsError::new(
        "NoSuchEntity",
        format!("Policy {arn} does not exist or is not attachable."),
    )
    .with_status(404)
}

/// Writes the boundary as `GetRole`, `GetUser` and `GetAccountAuthorizationDetails` return it.
pub(super) fn write(xml: &mut Xml, boundary: &Boundary) {
    if let Some(arn) = boundary.arn() {
        xml.element("PermissionsBoundary", |xml| {
            xml.text("PermissionsBoundaryType", "Policy")
                .text("PermissionsBoundaryArn", arn);
        });
    }
}
