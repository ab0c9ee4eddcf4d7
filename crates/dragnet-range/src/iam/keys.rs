//! Access keys.
//!
//! Source: IAM API, `CreateAccessKey`, `ListAccessKeys`, `UpdateAccessKey`, `DeleteAccessKey`.

use super::error::{limit_exceeded, no_such, validation};
use super::paging::{page, write_end};
use super::users::named_or_caller;
use super::{account, account_mut};
use crate::call::Call;
use crate::wire::{AwsError, Params, Reply};
use crate::world::{AccessKey, KeyStatus};
use dragnet_model::time::rfc3339_ms;

const MAX_KEYS_PER_USER: usize = 2;

pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = named_or_caller(call, call.input.form()?)?;
    let user = account(call)?
        .users
        .get(name)
        .ok_or_else(|| no_such("user", name))?;
    if user.keys.len() >= MAX_KEYS_PER_USER {
        return Err(limit_exceeded(format!(
            "Cannot exceed quota for AccessKeysPerUser: {MAX_KEYS_PER_USER}"
        )));
    }
    let id = call.world.mint.next_id("AKIA", 16);
    let secret = call.world.mint.secret_of(&id);
    let key = AccessKey {
        secret: secret.clone(),
        status: KeyStatus::Active,
        created: call.now,
    };
    call.world
        .key_owners
        .insert(id.clone(), (call.caller.account, name.to_owned()));
    let created = call.now;
    if let Some(user) = account_mut(call)?.users.get_mut(name) {
        user.keys.insert(id.clone(), key);
    }
    Ok(Reply::xml(|xml| {
        xml.element("AccessKey", |xml| {
            xml.text("UserName", name)
                .text("AccessKeyId", id)
                .text("Status", KeyStatus::Active.as_str())
                .text("SecretAccessKey", secret)
                .text("CreateDate", rfc3339_ms(created));
        });
    }))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = named_or_caller(call, params)?;
    let user = account(call)?
        .users
        .get(name)
        .ok_or_else(|| no_such("user", name))?;
    let page = page(
        call,
        params,
        name,
        user.keys.iter().map(|(id, key)| (id.as_str(), (id, key))),
    )?;
    Ok(Reply::xml(|xml| {
        xml.members("AccessKeyMetadata", page.items, |xml, (id, key)| {
            xml.text("UserName", name)
                .text("AccessKeyId", id)
                .text("Status", key.status.as_str())
                .text("CreateDate", rfc3339_ms(key.created));
        });
        write_end(xml, page.next);
    }))
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = named_or_caller(call, params)?;
    let id = params.required("AccessKeyId")?;
    let status = requested_status(params)?;
    let user = account_mut(call)?
        .users
        .get_mut(name)
        .ok_or_else(|| no_such("user", name))?;
    user.keys.get_mut(id).ok_or_else(|| no_such_key(id))?.status = status;
    Ok(Reply::xml(|_| {}))
}

/// The status that a call sets.
pub(super) fn requested_status(params: &Params) -> Result<KeyStatus, AwsError> {
    let word = params.required("Status")?;
    KeyStatus::from_word(word).ok_or_else(|| {
        validation(
            word,
            "status",
            "Member must satisfy enum value set: [Active, Inactive]",
        )
    })
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = named_or_caller(call, params)?;
    let id = params.required("AccessKeyId")?;
    let user = account_mut(call)?
        .users
        .get_mut(name)
        .ok_or_else(|| no_such("user", name))?;
    user.keys.remove(id).ok_or_else(|| no_such_key(id))?;
    call.world.key_owners.remove(id);
    Ok(Reply::xml(|_| {}))
}

fn no_such_key(id: &str) -> AwsError {
    AwsError::new(
        "NoSuchEntity",
        format!("The Access Key with id {id} cannot be found."),
    )
    .with_status(404)
}
