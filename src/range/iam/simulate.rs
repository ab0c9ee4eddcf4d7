//! `SimulatePrincipalPolicy`: evaluates the policies of a principal without a call by that
//! principal.
//!
//! Source: IAM API, `SimulatePrincipalPolicy`.

use super::error::validation;
use super::owner::Owner;
use crate::range::call::Call;
use crate::range::policy::{Ask, Facts, Verdict};
use crate::range::wire::{AwsError, Reply};

pub(super) fn principal(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let arn = params.required("PolicySourceArn")?;
    let resource = arn.strip_prefix(&call.world.arn("iam", "", call.caller.account, ""));
    let (owner, name) = resource
        .and_then(|resource| {
            Some((
                Owner::from_word(resource.split_once('/')?.0)?,
                resource.rsplit_once('/')?.1,
            ))
        })
        .ok_or_else(|| {
            validation(
                arn,
                "policySourceArn",
                "Member must be an ARN of this account",
            )
        })?;
    let account = super::account(call)?;
    let documents = match owner {
        Owner::User if account.users.contains_key(name) => {
            account.documents_of_user(name, call.now)
        }
        _ => owner
            .policies(account, name)?
            .in_force(call.now)
            .iter()
            .collect(),
    };
    let facts = Facts {
        account: call.caller.account.to_string(),
        principal_arn: arn.to_owned(),
        region: call.caller.region.to_string(),
        now: call.now,
        ..Facts::default()
    };
    let scps = || {
        call.world
            .scps_over(call.caller.account)
            .map(|scp| &scp.policy.document)
    };
    let decisions = params.list("ActionNames.member").into_iter().map(|action| {
        let ask = Ask {
            action,
            resource: "*",
            facts: &facts,
        };
        let own = Verdict::all(documents.iter().map(|document| document.verdict(&ask)));
        let organization = Verdict::all(scps().map(|document| document.verdict(&ask)));
        let decision = match (own, organization) {
            (Verdict::Deny, _) | (_, Verdict::Deny) => "explicitDeny",
            (Verdict::Allow, _) => "allowed",
            (Verdict::Silent, _) => "implicitDeny",
        };
        (action, decision)
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
