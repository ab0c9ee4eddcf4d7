//! Attached managed policies of users, roles and groups.
//!
//! Source: IAM API, `AttachUserPolicy` and the corresponding operations of roles and groups.

use super::account;
use super::boundaries::no_such_policy;
use super::owner::Owner;
use super::paging::{page, write_end};
use crate::call::Call;
use crate::wire::{AwsError, Reply};

pub(super) fn attach(call: &mut Call<'_>, owner: Owner) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let identity = params.required(owner.parameter())?;
    let arn = params.required("PolicyArn")?;
    check_policy(call, arn)?;
    let from = call.in_force_from();
    owner
        .policies_mut(call, identity)?
        .attach(arn.to_owned(), from);
    Ok(Reply::xml(|_| {}))
}

/// Checks that a policy can be attached. The range has no policies of customers, and takes any name
/// of an AWS managed policy: one that it does not know neither allows nor denies anything.
///
/// Source: the recorded answers in LocalStack's `test_role_attach_policy`.
///
/// # Errors
/// The text is not an ARN, or the policy does not exist.
fn check_policy(call: &Call<'_>, arn: &str) -> Result<(), AwsError> {
    if !arn.starts_with("arn:") || arn.split(':').count() < 6 {
        return Err(AwsError::new(
            "ValidationError",
            "Invalid ARN:  Could not be parsed!",
        ));
    }
    let aws_managed = format!("arn:{}:iam::aws:policy/", call.world.partition);
    match arn.strip_prefix(&aws_managed) {
        Some(name) if !name.is_empty() => Ok(()),
        _ => Err(no_such_policy(arn)),
    }
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
