//! Groups and their members.
//!
//! Source: IAM API, `CreateGroup`, `GetGroup`, `ListGroups`, `DeleteGroup`, `AddUserToGroup`,
//! `RemoveUserFromGroup`, `ListGroupsForUser`.

use super::error::{already_exists, delete_conflict, no_such};
use super::paging::{page, write_end};
use super::{account, account_mut, names, users};
use crate::call::Call;
use crate::wire::{AwsError, Reply, Xml};
use crate::world::{Group, Policies};
use dragnet_model::time::rfc3339_ms;

const NAME_CHARACTERS: usize = 128;

pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = names::name(params, "GroupName", NAME_CHARACTERS)?;
    let path = names::path(params)?;
    if account(call)?
        .groups
        .keys()
        .any(|existing| existing.eq_ignore_ascii_case(name))
    {
        return Err(already_exists("Group", name));
    }
    let group = Group {
        name: name.to_owned(),
        path: path.to_owned(),
        id: call.world.mint.next_id("AGPA", 17),
        created: call.now,
        policies: Policies::default(),
    };
    account_mut(call)?
        .groups
        .insert(name.to_owned(), group.clone());
    Ok(Reply::xml(|xml| {
        xml.element("Group", |xml| write(xml, call, &group));
    }))
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = params.required("GroupName")?;
    let account = account(call)?;
    let group = account
        .groups
        .get(name)
        .ok_or_else(|| no_such("group", name))?;
    let members = account
        .users
        .values()
        .filter(|user| user.groups.contains(name));
    let page = page(
        call,
        params,
        name,
        members.map(|user| (user.name.as_str(), user)),
    )?;
    Ok(Reply::xml(|xml| {
        xml.element("Group", |xml| write(xml, call, group));
        xml.members("Users", page.items, |xml, user| {
            users::write(xml, call, user);
        });
        write_end(xml, page.next);
    }))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let prefix = params.get("PathPrefix").unwrap_or("/");
    let groups = account(call)?
        .groups
        .values()
        .filter(|group| group.path.starts_with(prefix));
    let page = page(
        call,
        params,
        prefix,
        groups.map(|group| (group.name.as_str(), group)),
    )?;
    Ok(Reply::xml(|xml| {
        xml.members("Groups", page.items, |xml, group| write(xml, call, group));
        write_end(xml, page.next);
    }))
}

pub(super) fn list_for_user(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = params.required("UserName")?;
    let account = account(call)?;
    let user = account
        .users
        .get(name)
        .ok_or_else(|| no_such("user", name))?;
    let groups = user
        .groups
        .iter()
        .filter_map(|group| account.groups.get(group));
    let page = page(
        call,
        params,
        name,
        groups.map(|group| (group.name.as_str(), group)),
    )?;
    Ok(Reply::xml(|xml| {
        xml.members("Groups", page.items, |xml, group| write(xml, call, group));
        write_end(xml, page.next);
    }))
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = call.input.form()?.required("GroupName")?;
    let account = account_mut(call)?;
    let group = account
        .groups
        .get(name)
        .ok_or_else(|| no_such("group", name))?;
    if !group.policies.inline().is_empty() {
        return Err(delete_conflict("delete policies"));
    }
    if !group.policies.attached().is_empty() {
        return Err(delete_conflict("detach all policies"));
    }
    if account
        .users
        .values()
        .any(|user| user.groups.contains(name))
    {
        return Err(delete_conflict("remove users from group"));
    }
    account.groups.remove(name);
    Ok(Reply::xml(|_| {}))
}

pub(super) fn add_user(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let group = params.required("GroupName")?;
    let user = params.required("UserName")?;
    let account = account_mut(call)?;
    if !account.groups.contains_key(group) {
        return Err(no_such("group", group));
    }
    account
        .users
        .get_mut(user)
        .ok_or_else(|| no_such("user", user))?
        .groups
        .insert(group.to_owned());
    Ok(Reply::xml(|_| {}))
}

pub(super) fn remove_user(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let group = params.required("GroupName")?;
    let user = params.required("UserName")?;
    let account = account_mut(call)?;
    if !account.groups.contains_key(group) {
        return Err(no_such("group", group));
    }
    let member = account
        .users
        .get_mut(user)
        .ok_or_else(|| no_such("user", user))?;
    if member.groups.remove(group) {
        Ok(Reply::xml(|_| {}))
    } else {
        Err(no_such("user", user))
    }
}

pub(super) fn arn(call: &Call<'_>, group: &Group) -> String {
    call.world.arn(
        "iam",
        "",
        call.caller.account,
        &format!("group{}{}", group.path, group.name),
    )
}

pub(super) fn write(xml: &mut Xml, call: &Call<'_>, group: &Group) {
    xml.text("Path", &group.path)
        .text("GroupName", &group.name)
        .text("GroupId", &group.id)
        .text("Arn", arn(call, group))
        .text("CreateDate", rfc3339_ms(group.created));
}
