//! `SimulatePrincipalPolicy`: evaluates the policies of a principal without a call by that
//! principal.
//!
//! Source: IAM API, `SimulatePrincipalPolicy`.

use std::sync::Arc;

use super::error::validation;
use super::owner::Owner;
use crate::call::Call;
use crate::policy::{
    AccessRequest, Decision, Document, Place, RequestContext, Span, statement_spans,
};
use crate::wire::{AwsError, Reply, Xml};
use crate::world::{Account, Policies, Policy};

/// The result for one resource.
struct Evaluation<'a> {
    resource: &'a str,
    /// The value of `EvalDecision`.
    decision: &'static str,
    /// The statements that apply, with the names of their policies.
    matched: Vec<(&'a str, Span)>,
    /// Whether the policies of the organization allow it.
    allowed_by_organization: bool,
}

pub(super) fn simulate_principal_policy(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let call = &*call;
    let params = call.input.form()?;
    let arn = params.required("PolicySourceArn")?;
    let documents = principal_policies(call, arn)?;
    let inline = inline_policies(call, arn);
    let boundary = principal_boundary(call, arn);
    let context = RequestContext {
        account: call.caller.account.to_string(),
        principal_arn: arn.to_owned(),
        region: call.caller.region.to_string(),
        now: call.now,
        ..RequestContext::default()
    };
    let named = params.list("ResourceArns.member");
    let resources = if named.is_empty() {
        vec!["*"]
    } else {
        named.clone()
    };
    let results = params.list("ActionNames.member").into_iter().map(|action| {
        let evaluations: Vec<Evaluation<'_>> = resources
            .iter()
            .map(|resource| {
                let request = AccessRequest {
                    action,
                    resource,
                    context: &context,
                };
                let (decision, allowed_by_organization) =
                    evaluate(call, &documents, boundary, &request);
                Evaluation {
                    resource,
                    decision,
                    matched: matched_statements(&inline, &documents, &request),
                    allowed_by_organization,
                }
            })
            .collect();
        (action, evaluations)
    });
    Ok(Reply::xml(|xml| {
        xml.members(
            "EvaluationResults",
            results,
            |xml, (action, evaluations)| {
                write_result(xml, action, &evaluations, !named.is_empty());
            },
        )
        .text("IsTruncated", false);
    }))
}

/// Writes the result for an action. With several resources, the members of the result are those of
/// the first one.
///
/// Source: the recorded answers in LocalStack's `test_simulate_principle_policy`.
fn write_result(xml: &mut Xml, action: &str, evaluations: &[Evaluation<'_>], has_resources: bool) {
    let Some(first) = evaluations.first() else {
        return;
    };
    xml.text("EvalActionName", action)
        .text("EvalResourceName", first.resource)
        .text("EvalDecision", first.decision)
        .element("EvalDecisionDetails", |_| {});
    write_matched(xml, first);
    xml.element("OrganizationsDecisionDetail", |xml| {
        xml.text("AllowedByOrganizations", first.allowed_by_organization);
    });
    if has_resources {
        xml.members("ResourceSpecificResults", evaluations, |xml, evaluation| {
            xml.text("EvalResourceName", evaluation.resource)
                .text("EvalResourceDecision", evaluation.decision);
            write_matched(xml, evaluation);
        });
    }
}

fn write_matched(xml: &mut Xml, evaluation: &Evaluation<'_>) {
    let write_place = |xml: &mut Xml, name: &str, place: Place| {
        xml.element(name, |xml| {
            xml.text("Line", place.line).text("Column", place.column);
        });
    };
    xml.members(
        "MatchedStatements",
        &evaluation.matched,
        |xml, (policy, span)| {
            xml.text("SourcePolicyId", policy)
                .text("SourcePolicyType", "IAM Policy");
            write_place(xml, "StartPosition", span.start);
            write_place(xml, "EndPosition", span.end);
        },
    )
    .element("MissingContextValues", |_| {});
}

/// The inline policies of the principal and, for a user, of its groups, with their names.
fn inline_policies<'a>(call: &'a Call<'_>, arn: &str) -> Vec<(&'a String, &'a Policy)> {
    let (Some((owner, name)), Ok(account)) = (parse_principal(call, arn), super::account(call))
    else {
        return Vec::new();
    };
    let own = owner.policies(account, name).ok();
    let of_groups = group_names(account, owner, name)
        .into_iter()
        .filter_map(|group| account.groups.get(group))
        .map(|group| &group.policies);
    own.into_iter()
        .chain(of_groups)
        .flat_map(Policies::inline)
        .collect()
}

fn group_names<'a>(account: &'a Account, owner: Owner, name: &str) -> Vec<&'a String> {
    match account.users.get(name) {
        Some(user) if owner == Owner::User => user.groups.iter().collect(),
        _ => Vec::new(),
    }
}

/// The statements of inline policies that apply to a request. The range does not store the texts of
/// managed policies.
fn matched_statements<'a>(
    inline: &[(&'a String, &'a Policy)],
    in_force: &[&Arc<Document>],
    request: &AccessRequest<'_>,
) -> Vec<(&'a str, Span)> {
    let is_in_force = |policy: &Policy| {
        let same = |document: &&Arc<Document>| Arc::ptr_eq(document, &policy.document);
        in_force.iter().any(same)
    };
    inline
        .iter()
        .filter(|(_, policy)| is_in_force(policy))
        .flat_map(|(name, policy)| {
            let applying = policy.document.applying_statements(request);
            let spans = statement_spans(&policy.text);
            applying
                .into_iter()
                .zip(spans)
                .filter(|(applies, _)| *applies)
                .map(|(_, span)| (name.as_str(), span))
                .collect::<Vec<_>>()
        })
        .collect()
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
/// the policies of the organization; and whether the latter allow the request.
fn evaluate(
    call: &Call<'_>,
    documents: &[&Arc<Document>],
    boundary: Option<&Arc<Document>>,
    request: &AccessRequest<'_>,
) -> (&'static str, bool) {
    let identity = Decision::combine(documents.iter().map(|document| document.evaluate(request)));
    let organization = Decision::combine(
        call.world
            .scps_for(call.caller.account)
            .map(|scp| scp.policy.document.evaluate(request)),
    );
    let limit = boundary.map_or(Decision::Allow, |document| document.evaluate(request));
    let decision = match (identity, organization, limit) {
        (Decision::ExplicitDeny, _, _)
        | (_, Decision::ExplicitDeny, _)
        | (_, _, Decision::ExplicitDeny) => "explicitDeny",
        (Decision::Allow, _, Decision::Allow) => "allowed",
        (Decision::ImplicitDeny, _, _) | (_, _, Decision::ImplicitDeny) => "implicitDeny",
    };
    (decision, organization != Decision::ExplicitDeny)
}
