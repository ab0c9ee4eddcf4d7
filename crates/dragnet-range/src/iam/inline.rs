//! Inline policies of users, roles and groups.
//!
//! Source: IAM API, `PutUserPolicy` and the corresponding operations of roles and groups; policies
//! are returned with RFC 3986 encoding.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::{limit_exceeded, malformed};
use super::owner::Owner;
use super::paging::{page, write_end};
use super::{account, names};
use crate::call::Call;
use crate::policy::PolicyKind;
use crate::wire::{AwsError, Reply, Xml};
use crate::world::Policy;

const NAME_CHARACTERS: usize = 128;
/// All characters except the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Encodes a policy as IAM returns it.
pub(super) fn encode(policy: &str) -> String {
    utf8_percent_encode(policy, ENCODED).to_string()
}

pub(super) fn put(call: &mut Call<'_>, owner: Owner) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let identity = params.required(owner.parameter())?;
    let name = names::name(params, "PolicyName", NAME_CHARACTERS)?;
    let document = params.required("PolicyDocument")?;
    let from = call.in_force_from();
    let policies = owner.policies_mut(call, identity)?;
    let policy =
        Policy::parse(document, PolicyKind::Identity).map_err(|problem| malformed(&problem))?;
    let replaced = policies.inline().get(name).map_or(0, Policy::counted_size);
    let limit = owner.inline_limit();
    if policies.counted_size() - replaced + policy.counted_size() > limit {
        let resource_type = owner.as_str();
        return Err(limit_exceeded(format!(
            "Maximum policy size of {limit} bytes exceeded for {resource_type} {identity}"
        )));
    }
    policies.put(name.to_owned(), policy, from);
    Ok(Reply::xml(|_| {}))
}

pub(super) fn get(call: &mut Call<'_>, owner: Owner) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let identity = params.required(owner.parameter())?;
    let name = params.required("PolicyName")?;
    let policies = owner.policies(account(call)?, identity)?;
    let policy = policies
        .inline()
        .get(name)
        .ok_or_else(|| no_such_policy(owner, name))?;
    Ok(Reply::xml(|xml| {
        xml.text(owner.parameter(), identity)
            .text("PolicyName", name)
            .text("PolicyDocument", encode(&policy.text));
    }))
}

pub(super) fn delete(call: &mut Call<'_>, owner: Owner) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let identity = params.required(owner.parameter())?;
    let name = params.required("PolicyName")?;
    let from = call.in_force_from();
    let existed = owner.policies_mut(call, identity)?.remove(name, from);
    if existed {
        Ok(Reply::xml(|_| {}))
    } else {
        Err(no_such_policy(owner, name))
    }
}

pub(super) fn list(call: &mut Call<'_>, owner: Owner) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let identity = params.required(owner.parameter())?;
    let policies = owner.policies(account(call)?, identity)?;
    let page = page(
        call,
        params,
        identity,
        policies.inline().keys().map(|name| (name.as_str(), name)),
    )?;
    Ok(Reply::xml(|xml| {
        xml.members("PolicyNames", page.items, Xml::push);
        write_end(xml, page.next);
    }))
}

fn no_such_policy(owner: Owner, name: &str) -> AwsError {
    let text = format!(
        "The {} policy with name {name} cannot be found.",
        owner.as_str()
    );
    AwsError::new("NoSuchEntity", text).with_status(404)
}
