//! `GetAccountAuthorizationDetails`: every user, group and role with all policies, in one paginated
//! call.
//!
//! Source: IAM API, `GetAccountAuthorizationDetails` (may return fewer than `MaxItems` with
//! `IsTruncated`).

use super::attached::policy_name;
use super::inline::encode;
use super::paging::{page, write_end};
use super::{account, groups, roles, users};
use crate::range::call::Call;
use crate::range::wire::{AwsError, Reply, Xml};
use crate::range::world::{Group, Policies, Role, User};

enum Detail<'a> {
    Group(&'a Group),
    Role(&'a Role),
    User(&'a User),
}

impl<'a> Detail<'a> {
    fn group(&self) -> Option<&'a Group> {
        if let Self::Group(group) = self {
            Some(group)
        } else {
            None
        }
    }

    fn role(&self) -> Option<&'a Role> {
        if let Self::Role(role) = self {
            Some(role)
        } else {
            None
        }
    }

    fn user(&self) -> Option<&'a User> {
        if let Self::User(user) = self {
            Some(user)
        } else {
            None
        }
    }
}

pub(super) fn details(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let filters = params.list("Filter.member");
    let wanted = |kind: &str| filters.is_empty() || filters.contains(&kind);
    let account = account(call)?;
    let mut rows: Vec<(String, Detail<'_>)> = Vec::new();
    if wanted("Group") {
        rows.extend(
            account
                .groups
                .values()
                .map(|group| (format!("group {}", group.name), Detail::Group(group))),
        );
    }
    if wanted("Role") {
        rows.extend(
            account
                .roles
                .values()
                .map(|role| (format!("role {}", role.name), Detail::Role(role))),
        );
    }
    if wanted("User") {
        rows.extend(
            account
                .users
                .values()
                .map(|user| (format!("user {}", user.name), Detail::User(user))),
        );
    }
    let keyed = rows.iter().map(|(key, detail)| (key.as_str(), detail));
    let page = page(call, params, &filters.join(","), keyed)?;
    Ok(Reply::xml(|xml| {
        xml.members(
            "UserDetailList",
            page.items.iter().filter_map(|row| row.user()),
            |xml, user| {
                users::write(xml, call, user);
                write_policies(xml, "UserPolicyList", &user.policies);
                xml.members("GroupList", &user.groups, Xml::push);
            },
        );
        xml.members(
            "GroupDetailList",
            page.items.iter().filter_map(|row| row.group()),
            |xml, group| {
                groups::write(xml, call, group);
                write_policies(xml, "GroupPolicyList", &group.policies);
            },
        );
        xml.members(
            "RoleDetailList",
            page.items.iter().filter_map(|row| row.role()),
            |xml, role| {
                roles::write(xml, call, role);
                write_policies(xml, "RolePolicyList", &role.policies);
            },
        );
        write_end(xml, page.next);
    }))
}

fn write_policies(xml: &mut Xml, list: &str, policies: &Policies) {
    xml.members(list, policies.inline(), |xml, (name, policy)| {
        xml.text("PolicyName", name)
            .text("PolicyDocument", encode(&policy.text));
    });
    xml.members(
        "AttachedManagedPolicies",
        policies.attached(),
        |xml, arn| {
            xml.text("PolicyName", policy_name(arn))
                .text("PolicyArn", arn);
        },
    );
}
