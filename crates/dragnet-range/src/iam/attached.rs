//! Attached managed policies of users, roles and groups.
//!
//! Source: IAM API, `AttachUserPolicy` and the corresponding operations of roles and groups.

use super::account;
use super::owner::Owner;
use super::paging::{page, write_end};
use crate::call::Call;
use crate::wire::{AwsError, Reply};
use dragnet_model::Arn;

pub(super) fn attach(call: &mut Call<'_>, owner: Owner) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let identity = params.required(owner.parameter())?;
    let arn = params.required("PolicyArn")?;
    if !arn
        .parse::<Arn>()
        .is_ok_and(|arn| arn.service() == "iam" && arn.resource().starts_with("policy/"))
    {
        return Err(AwsError::new(
            "InvalidInput",
            format!("ARN {arn} is not valid."),
        ));
    }
    let from = call.in_force_from();
    owner
        .policies_mut(call, identity)?
        .attach(arn.to_owned(), from);
    Ok(Reply::xml(|_| {}))
}

pub(super) fn detach(call: &mut Call<'_>, owner: Owner) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let identity = params.required(owner.parameter())?;
    let arn = params.required("PolicyArn")?;
    let from = call.in_force_from();
    if owner.policies_mut(call, identity)?.detach(arn, from) {
        return Ok(Reply::xml(|_| {}));
    }
    Err(AwsError::new("NoSuchEntity", format!("Policy {arn} was not found.")).with_status(404))
}

pub(super) fn list(call: &mut Call<'_>, owner: Owner) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let identity = params.required(owner.parameter())?;
    let policies = owner.policies(account(call)?, identity)?;
    let page = page(
        call,
        params,
        identity,
        policies.attached().iter().map(|arn| (arn.as_str(), arn)),
    )?;
    Ok(Reply::xml(|xml| {
        xml.members("AttachedPolicies", page.items, |xml, arn| {
            xml.text("PolicyName", policy_name(arn))
                .text("PolicyArn", arn);
        });
        write_end(xml, page.next);
    }))
}

/// The name at the end of the ARN of a policy.
pub(super) fn policy_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
