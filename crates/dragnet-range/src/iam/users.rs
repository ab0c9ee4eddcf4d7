//! Users.
//!
//! Source: IAM API, `CreateUser`, `GetUser`, `ListUsers`, `DeleteUser`, `ListMFADevices`,
//! `DeactivateMFADevice`.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{already_exists, delete_conflict, no_such};
use super::paging::{page, write_end};
use super::{account, account_mut, boundaries, names, tags};
use crate::access::Principal;
use crate::call::Call;
use crate::wire::{AwsError, Params, Reply, Xml};
use crate::world::{Policies, User, World};
use dragnet_model::time::rfc3339_ms;

const NAME_CHARACTERS: usize = 64;

pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = names::name(params, "UserName", NAME_CHARACTERS)?;
    let path = names::path(params)?;
    let tags = tags::parse(params)?;
    if account(call)?
        .users
        .keys()
        .any(|existing| existing.eq_ignore_ascii_case(name))
    {
        return Err(already_exists("User", name));
    }
    let user = User {
        name: name.to_owned(),
        path: path.to_owned(),
        id: call.world.mint.next_id("AIDA", 17),
        created: call.now,
        policies: Policies::default(),
        groups: BTreeSet::new(),
        keys: BTreeMap::new(),
        credentials: BTreeMap::new(),
        login_profile: None,
        boundary: boundaries::of_new_identity(call, params)?,
        tags,
        mfa: None,
    };
    account_mut(call)?
        .users
        .insert(name.to_owned(), user.clone());
    Ok(Reply::xml(|xml| {
        xml.element("User", |xml| {
            write(xml, call, &user);
            boundaries::write(xml, &user.boundary);
            tags::write(xml, &user.tags);
        });
    }))
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = named_or_caller(call, call.input.form()?)?;
    let user = account(call)?
        .users
        .get(name)
        .ok_or_else(|| no_such("user", name))?;
    Ok(Reply::xml(|xml| {
        xml.element("User", |xml| {
            write(xml, call, user);
            boundaries::write(xml, &user.boundary);
            tags::write(xml, &user.tags);
        });
    }))
}

/// The user that the call names, or else the calling user.
pub(super) fn named_or_caller<'a>(
    call: &Call<'a>,
    params: &'a Params,
) -> Result<&'a str, AwsError> {
    match (params.get("UserName"), &call.caller.principal) {
        (Some(name), _) => Ok(name),
        (None, Principal::User { name }) => Ok(name),
        (None, Principal::Role { .. }) => Err(AwsError::new(
            "ValidationError",
            "Must specify userName when calling with non-User credentials",
        )),
    }
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let prefix = params.get("PathPrefix").unwrap_or("/");
    let users = account(call)?
        .users
        .values()
        .filter(|user| user.path.starts_with(prefix));
    let page = page(
        call,
        params,
        prefix,
        users.map(|user| (user.name.as_str(), user)),
    )?;
    Ok(Reply::xml(|xml| {
        xml.members("Users", page.items, |xml, user| write(xml, call, user));
        write_end(xml, page.next);
    }))
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = call.input.form()?.required("UserName")?;
    let user = account(call)?
        .users
        .get(name)
        .ok_or_else(|| no_such("user", name))?;
    let dependencies = [
        (!user.policies.inline().is_empty(), "delete policies"),
        (!user.policies.attached().is_empty(), "detach all policies"),
        (!user.keys.is_empty(), "delete access keys"),
        (!user.credentials.is_empty(), "delete other credentials"),
        (user.login_profile.is_some(), "delete login profile"),
        (!user.groups.is_empty(), "remove users from group"),
        (user.mfa.is_some(), "delete MFA device"),
    ];
    if let Some((_, first)) = dependencies.into_iter().find(|(exists, _)| *exists) {
        return Err(delete_conflict(first));
    }
    account_mut(call)?.users.remove(name);
    Ok(Reply::xml(|_| {}))
}

pub(super) fn list_mfa_devices(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = named_or_caller(call, call.input.form()?)?;
    let user = account(call)?
        .users
        .get(name)
        .ok_or_else(|| no_such("user", name))?;
    Ok(Reply::xml(|xml| {
        xml.members("MFADevices", &user.mfa, |xml, device| {
            xml.text("UserName", name)
                .text("SerialNumber", &device.serial)
                .text("EnableDate", rfc3339_ms(user.created));
        });
        write_end(xml, None);
    }))
}

pub(super) fn deactivate_mfa_device(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = named_or_caller(call, params)?;
    let serial = params.required("SerialNumber")?;
    let user = account_mut(call)?
        .users
        .get_mut(name)
        .ok_or_else(|| no_such("user", name))?;
    user.mfa
        .take_if(|device| device.serial == serial)
        .ok_or_else(|| {
            AwsError::new(
                "NoSuchEntity",
                format!("MFA Device invalid for user: {serial}."),
            )
            .with_status(404)
        })?;
    Ok(Reply::xml(|_| {}))
}

pub(super) fn arn(world: &World, call: &Call<'_>, user: &User) -> String {
    world.arn(
        "iam",
        "",
        call.caller.account,
        &format!("user{}{}", user.path, user.name),
    )
}

pub(super) fn write(xml: &mut Xml, call: &Call<'_>, user: &User) {
    xml.text("Path", &user.path)
        .text("UserName", &user.name)
        .text("UserId", &user.id)
        .text("Arn", arn(call.world, call, user))
        .text("CreateDate", rfc3339_ms(user.created));
}
