//! `GetAccountAuthorizationDetails`: every user, group and role with all policies, in one paginated
//! call.
//!
//! Source: IAM API, `GetAccountAuthorizationDetails` (may return fewer than `MaxItems` with
//! `IsTruncated`).

use super::attached::policy_name;
use super::inline::encode;
use super::paging::{page, write_end};
use super::{account, boundaries, groups, roles, tags, users};
use crate::call::Call;
use crate::wire::{AwsError, Reply, Xml};
use crate::world::{Account, Group, Policies, Role, User};

/// An identity in the response.
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

pub(super) fn get_account_authorization_details(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let filters = params.list("Filter.member");
    let rows = select_details(account(call)?, &filters);
    let keyed = rows.iter().map(|(key, detail)| (key.as_str(), detail));
    let page = page(call, params, &filters.join(","), keyed)?;
    Ok(Reply::xml(|xml| {
        write_details(xml, call, &page.items);
        write_end(xml, page.next);
    }))
}

/// The identities of the kinds in `filters`, or all identities if it is empty, with their sort
/// keys.
fn select_details<'a>(account: &'a Account, filters: &[&str]) -> Vec<(String, Detail<'a>)> {
    let includes = |kind: &str| filters.is_empty() || filters.contains(&kind);
    let mut rows = Vec::new();
    if includes("Group") {
        rows.extend(
            account
                .groups
                .values()
                .map(|group| (format!("group {}", group.name), Detail::Group(group))),
        );
    }
    if includes("Role") {
        rows.extend(
            account
                .roles
                .values()
                .map(|role| (format!("role {}", role.name), Detail::Role(role))),
        );
    }
    if includes("User") {
        rows.extend(
            account
                .users
                .values()
                .map(|user| (format!("user {}", user.name), Detail::User(user))),
        );
    }
    rows
}

fn write_details(xml: &mut Xml, call: &Call<'_>, details: &[&Detail<'_>]) {
    xml.members(
        "UserDetailList",
        details.iter().filter_map(|detail| detail.user()),
        |xml, user| {
            users::write(xml, call, user);
            boundaries::write(xml, &user.boundary);
            tags::write(xml, &user.tags);
            write_policies(xml, "UserPolicyList", &user.policies);
            xml.members("GroupList", &user.groups, Xml::push);
        },
    );
    xml.members(
        "GroupDetailList",
        details.iter().filter_map(|detail| detail.group()),
        |xml, group| {
            groups::write(xml, call, group);
            write_policies(xml, "GroupPolicyList", &group.policies);
        },
    );
    xml.members(
        "RoleDetailList",
        details.iter().filter_map(|detail| detail.role()),
        |xml, role| {
            roles::write(xml, call, role);
            write_policies(xml, "RolePolicyList", &role.policies);
        },
    );
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
