//! Roles, users and groups in AWS's shape.
//!
//! Source: IAM API, `RoleDetail`, `UserDetail` and `GroupDetail`. Policy documents are JSON and not
//! URL-encoded text, as in the AWS CLI.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::items::{Item, object};
use crate::aws::{Aws, CallError, PrincipalDetail, Session};
use crate::contain::denies_all;
use crate::sweep::Member;
use dragnet_model::PrincipalKind;
use dragnet_model::time::rfc3339_ms;

/// Returns the principals of one kind in an account.
///
/// # Errors
/// A call fails.
pub(super) async fn items(
    aws: &Aws,
    member: &Member,
    session: &Session,
    kind: PrincipalKind,
) -> Result<Vec<Item>, CallError> {
    let principals = aws.principals(session, kind).await?;
    Ok(match kind {
        PrincipalKind::Role => principals
            .iter()
            .map(|detail| role(member, detail))
            .collect(),
        PrincipalKind::User => {
            let signed_in = aws.last_sign_ins(session).await?;
            let last_sign_in =
                |detail: &PrincipalDetail| signed_in.get(detail.principal.name()).copied();
            principals
                .iter()
                .map(|detail| user(member, detail, last_sign_in(detail)))
                .collect()
        }
        PrincipalKind::Group => {
            // Memberships are part of the users, so groups need the list of users too.
            let users = aws.principals(session, PrincipalKind::User).await?;
            principals
                .iter()
                .map(|detail| group(member, detail, &users))
                .collect()
        }
    })
}

fn role(member: &Member, detail: &PrincipalDetail) -> Item {
    let used = detail.last_used.as_ref();
    object(json!({
        "Path": detail.principal.path(),
        "RoleName": detail.principal.name(),
        "RoleId": detail.id,
        "Arn": detail.principal,
        "CreateDate": detail.created.map(rfc3339_ms),
        "AssumeRolePolicyDocument": document(&detail.trust),
        "RoleLastUsed": used.map(|used| json!({"LastUsedDate": rfc3339_ms(used.at), "Region": used.region})),
        "InstanceProfileList": detail.instance_profiles,
        "RolePolicyList": inline(detail),
        "AttachedManagedPolicies": attached(detail),
        "denyAll": deny_all(detail),
        "accountId": member.account.id,
        "accountName": member.account.name,
    }))
}

fn user(member: &Member, detail: &PrincipalDetail, signed_in: Option<Timestamp>) -> Item {
    object(json!({
        "Path": detail.principal.path(),
        "UserName": detail.principal.name(),
        "UserId": detail.id,
        "Arn": detail.principal,
        "CreateDate": detail.created.map(rfc3339_ms),
        "PasswordLastUsed": signed_in.map(rfc3339_ms),
        "GroupList": detail.groups,
        "UserPolicyList": inline(detail),
        "AttachedManagedPolicies": attached(detail),
        "denyAll": deny_all(detail),
        "accountId": member.account.id,
        "accountName": member.account.name,
    }))
}

fn group(member: &Member, detail: &PrincipalDetail, users: &[PrincipalDetail]) -> Item {
    let name = detail.principal.name();
    let members = users
        .iter()
        .filter(|user| user.groups.contains(name))
        .map(|user| user.principal.name());
    object(json!({
        "Path": detail.principal.path(),
        "GroupName": name,
        "GroupId": detail.id,
        "Arn": detail.principal,
        "CreateDate": detail.created.map(rfc3339_ms),
        "members": members.collect::<Vec<_>>(),
        "GroupPolicyList": inline(detail),
        "AttachedManagedPolicies": attached(detail),
        "denyAll": deny_all(detail),
        "accountId": member.account.id,
        "accountName": member.account.name,
    }))
}

fn inline(detail: &PrincipalDetail) -> Vec<Value> {
    let policy = |(name, text): (&String, &String)| json!({"PolicyName": name, "PolicyDocument": document(text)});
    detail.inline.iter().map(policy).collect()
}

fn attached(detail: &PrincipalDetail) -> Vec<Value> {
    let policy = |policy: &crate::aws::AttachedPolicy| json!({"PolicyName": policy.name, "PolicyArn": policy.arn});
    detail.attached.iter().map(policy).collect()
}

fn deny_all(detail: &PrincipalDetail) -> bool {
    detail.inline.values().any(|text| denies_all(text))
}

/// Parses a policy document as JSON; if it is not JSON, returns it as a string.
fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}
