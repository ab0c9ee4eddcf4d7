//! Roles.
//!
//! Source: IAM API, `CreateRole`, `GetRole`, `ListRoles`, `DeleteRole`, `UpdateAssumeRolePolicy`.

use super::error::{
    already_exists, delete_conflict, limit_exceeded, malformed, no_such, unmodifiable,
};
use super::inline::encode;
use super::owner::is_protected;
use super::paging::{page, write_end};
use super::{account, account_mut, boundaries, names, tags};
use crate::call::Call;
use crate::policy::PolicyKind;
use crate::wire::{AwsError, Reply, Xml};
use crate::world::{Policies, Policy, Role};
use dragnet_model::time::rfc3339_ms;

const NAME_CHARACTERS: usize = 64;
/// The limit on the size of a trust policy, not counting white space.
///
/// Source: IAM user guide, "IAM and AWS STS quotas", role trust policy length.
const TRUST_CHARACTERS: usize = 2_048;

pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = names::name(params, "RoleName", NAME_CHARACTERS)?;
    let path = names::path(params)?;
    if is_protected(path) {
        return Err(AwsError::new(
            "AccessDenied",
            format!("The path {path} is reserved for AWS"),
        )
        .with_status(403));
    }
    let trust = Policy::parse(
        params.required("AssumeRolePolicyDocument")?,
        PolicyKind::Trust,
    )
    .map_err(|problem| malformed(&problem))?;
    let max_session_seconds = params.number("MaxSessionDuration", 3_600..=43_200, 3_600)?;
    let tags = tags::parse(params)?;
    if account(call)?
        .roles
        .keys()
        .any(|existing| existing.eq_ignore_ascii_case(name))
    {
        return Err(already_exists("Role", name));
    }
    let role = Role {
        name: name.to_owned(),
        path: path.to_owned(),
        id: call.world.mint.next_id("AROA", 17),
        created: call.now,
        trust,
        max_session_seconds,
        policies: Policies::default(),
        boundary: boundaries::of_new_identity(call, params)?,
        description: params.get("Description").map(str::to_owned),
        tags,
    };
    account_mut(call)?
        .roles
        .insert(name.to_owned(), role.clone());
    Ok(Reply::xml(|xml| {
        xml.element("Role", |xml| {
            write_identity(xml, call, &role);
            boundaries::write(xml, &role.boundary);
            tags::write(xml, &role.tags);
        });
    }))
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = call.input.form()?.required("RoleName")?;
    let role = account(call)?
        .roles
        .get(name)
        .ok_or_else(|| no_such("role", name))?;
    Ok(Reply::xml(|xml| {
        xml.element("Role", |xml| {
            write(xml, call, role);
            xml.optional("Description", role.description.as_ref())
                .text("MaxSessionDuration", role.max_session_seconds);
        });
    }))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let prefix = params.get("PathPrefix").unwrap_or("/");
    let roles = account(call)?
        .roles
        .values()
        .filter(|role| role.path.starts_with(prefix));
    let page = page(
        call,
        params,
        prefix,
        roles.map(|role| (role.name.as_str(), role)),
    )?;
    Ok(Reply::xml(|xml| {
        xml.members("Roles", page.items, |xml, role| {
            write_identity(xml, call, role);
            xml.optional("Description", role.description.as_ref())
                .text("MaxSessionDuration", role.max_session_seconds);
        });
        write_end(xml, page.next);
    }))
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = call.input.form()?.required("RoleName")?;
    let role = account(call)?
        .roles
        .get(name)
        .ok_or_else(|| no_such("role", name))?;
    if is_protected(&role.path) {
        return Err(unmodifiable(name));
    }
    if !role.policies.inline().is_empty() {
        return Err(delete_conflict("delete policies"));
    }
    if !role.policies.attached().is_empty() {
        return Err(delete_conflict("detach all policies"));
    }
    account_mut(call)?.roles.remove(name);
    Ok(Reply::xml(|_| {}))
}

pub(super) fn update_trust(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = params.required("RoleName")?;
    let trust = Policy::parse(params.required("PolicyDocument")?, PolicyKind::Trust)
        .map_err(|problem| malformed(&problem))?;
    if trust.counted_size() > TRUST_CHARACTERS {
        return Err(limit_exceeded(format!(
            "Cannot exceed quota for ACLSizePerRole: {TRUST_CHARACTERS}"
        )));
    }
    let role = account_mut(call)?
        .roles
        .get_mut(name)
        .ok_or_else(|| no_such("role", name))?;
    if is_protected(&role.path) {
        return Err(unmodifiable(name));
    }
    role.trust = trust;
    Ok(Reply::xml(|_| {}))
}

pub(super) fn arn(call: &Call<'_>, role: &Role) -> String {
    call.world.arn(
        "iam",
        "",
        call.caller.account,
        &format!("role{}{}", role.path, role.name),
    )
}

/// Writes what every response about a role has.
fn write_identity(xml: &mut Xml, call: &Call<'_>, role: &Role) {
    xml.text("Path", &role.path)
        .text("RoleName", &role.name)
        .text("RoleId", &role.id)
        .text("Arn", arn(call, role))
        .text("CreateDate", rfc3339_ms(role.created))
        .text("AssumeRolePolicyDocument", encode(&role.trust.text));
}

/// Writes what `GetRole` and `GetAccountAuthorizationDetails` return of a role. `RoleLastUsed` is
/// empty if it was not used.
///
/// Source: the recorded answers in LocalStack's `test_create_describe_role`.
pub(super) fn write(xml: &mut Xml, call: &Call<'_>, role: &Role) {
    write_identity(xml, call, role);
    boundaries::write(xml, &role.boundary);
    tags::write(xml, &role.tags);
    let last_use = call.world.last_uses.latest(&arn(call, role));
    xml.element("RoleLastUsed", |xml| {
        if let Some(last_use) = last_use {
            xml.text("LastUsedDate", rfc3339_ms(last_use.at))
                .text("Region", &last_use.region);
        }
    });
}
