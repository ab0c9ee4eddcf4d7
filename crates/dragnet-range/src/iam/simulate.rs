//! `SimulatePrincipalPolicy`: evaluates the policies of a principal without a call by that
//! principal.
//!
//! Source: IAM API, `SimulatePrincipalPolicy`.

use std::sync::Arc;

use super::error::validation;
use super::owner::Owner;
use crate::call::Call;
use crate::policy::{AccessRequest, Decision, Document, RequestContext};
use crate::wire::{AwsError, Reply};

pub(super) fn simulate_principal_policy(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let arn = params.required("PolicySourceArn")?;
    let documents = principal_policies(call, arn)?;
    let boundary = principal_boundary(call, arn);
    let context = RequestContext {
        account: call.caller.account.to_string(),
        principal_arn: arn.to_owned(),
        region: call.caller.region.to_string(),
        now: call.now,
        ..RequestContext::default()
    };
    let decisions = params.list("ActionNames.member").into_iter().map(|action| {
        let request = AccessRequest {
            action,
            resource: "*",
            context: &context,
        };
        (action, evaluate(call, &documents, boundary, &request))
    });
    Ok(Reply::xml(|xml| {
        xml.members("EvaluationResults", decisions, |xml, (action, decision)| {
            xml.text("EvalActionName", action)
                .text("EvalResourceName", "*")
                .text("EvalDecision", decision);
        })
        .text("IsTruncated", false);
    }))
}

/// The policies in force for the principal with this ARN, which must belong to the caller's
/// account.
fn principal_policies<'a>(
    call: &'a Call<'_>,
    arn: &str,
) -> Result<Vec<&'a Arc<Document>>, AwsError> {
    let (owner, name) = parse_principal(call, arn).ok_or_else(|| {
        validation(
            arn,
            "policySourceArn",
            "Member must be an ARN of this account",
        )
    })?;
    let account = super::account(call)?;
    if owner == Owner::User && account.users.contains_key(name) {
        return Ok(account.user_policies(name, call.now));
    }
    let policies = owner.policies(account, name)?;
    Ok(policies.in_force(call.now).iter().collect())
}

/// The permissions boundary in force for the principal, if it has one.
fn principal_boundary<'a>(call: &'a Call<'_>, arn: &str) -> Option<&'a Arc<Document>> {
    let (owner, name) = parse_principal(call, arn)?;
    let account = super::account(call).ok()?;
    let boundary = match owner {
        Owner::Role => &account.roles.get(name)?.boundary,
        Owner::User => &account.users.get(name)?.boundary,
        Owner::Group => return None,
    };
    boundary.in_force(call.now)
}

/// The kind and name of the principal, or `None` if the ARN is not one of the caller's account.
fn parse_principal<'a>(call: &Call<'_>, arn: &'a str) -> Option<(Owner, &'a str)> {
    let prefix = call.world.arn("iam", "", call.caller.account, "");
    let resource = arn.strip_prefix(&prefix)?;
    let (resource_type, _) = resource.split_once('/')?;
    let (_, name) = resource.rsplit_once('/')?;
    Some((Owner::from_word(resource_type)?, name))
}

/// The value of `EvalDecision`, from the policies of the principal, its permissions boundary and
/// the policies of the organization.
fn evaluate(
    call: &Call<'_>,
    documents: &[&Arc<Document>],
    boundary: Option<&Arc<Document>>,
    request: &AccessRequest<'_>,
) -> &'static str {
    let identity = Decision::combine(documents.iter().map(|document| document.evaluate(request)));
    let organization = Decision::combine(
        call.world
            .scps_for(call.caller.account)
            .map(|scp| scp.policy.document.evaluate(request)),
    );
    let limit = boundary.map_or(Decision::Allow, |document| document.evaluate(request));
    match (identity, organization, limit) {
        (Decision::ExplicitDeny, _, _)
        | (_, Decision::ExplicitDeny, _)
        | (_, _, Decision::ExplicitDeny) => "explicitDeny",
        (Decision::Allow, _, Decision::Allow) => "allowed",
        (Decision::ImplicitDeny, _, _) | (_, _, Decision::ImplicitDeny) => "implicitDeny",
    }
}
