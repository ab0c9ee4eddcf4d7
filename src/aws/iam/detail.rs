//! The principals of an account with all their policies, in one paginated operation.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{self, EntityType};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::list_page::list_page;
use crate::aws::call::send;
use crate::aws::call_context::CallContext;
use crate::aws::client::Aws;
use crate::aws::error::{CallError, none_if_not_found};
use crate::aws::page_list::collect_pages;
use crate::aws::session::Session;
use dragnet_model::{Operation, Principal, PrincipalKind};

/// A principal as IAM describes it. Names and documents are untrusted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalDetail {
    /// The principal, with its real path.
    pub principal: Principal,
    /// The unique id (`AROA…`, `AIDA…`, `AGPA…`). A principal that is deleted and created again has
    /// another one.
    pub id: String,
    /// When the principal was created.
    pub created: Option<Timestamp>,
    /// The inline policies by name; each document is byte for byte what was put.
    pub inline: BTreeMap<String, String>,
    /// The attached managed policies.
    pub attached: Vec<AttachedPolicy>,
    /// When it was last used. IAM returns this only for roles, and keeps it for about 400 days.
    pub last_used: Option<LastUsed>,
    /// The trust policy of a role; empty for other principals.
    pub trust: String,
    /// The ARN of the permissions boundary of a role or user.
    pub boundary: Option<String>,
    /// The names of a user's groups.
    pub groups: BTreeSet<String>,
    /// The names of the instance profiles that contain a role.
    pub instance_profiles: Vec<String>,
}

/// An attached managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedPolicy {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// What `GetRole`, `GetUser` or `GetGroup` return about a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPrincipal {
    /// The unique id (`AROA…`, `AIDA…`, `AGPA…`).
    pub id: String,
    /// The trust policy of a role; empty for other principals.
    pub trust: String,
}

/// When, and in which Region, a role was last used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUsed {
    /// The time.
    pub at: Timestamp,
    /// The Region; empty if unknown.
    pub region: String,
}

impl Aws {
    /// Returns all principals of one kind in an account.
    ///
    /// Source: IAM API, `GetAccountAuthorizationDetails`: up to 1,000 per page, sometimes fewer;
    /// policy documents are RFC 3986 encoded.
    ///
    /// # Errors
    /// A call fails, or returns a principal in an unknown form: leaving it out would hide it.
    pub async fn principals(
        &self,
        session: &Session,
        kind: PrincipalKind,
    ) -> Result<Vec<PrincipalDetail>, CallError> {
        let context = self.home_context(session, Operation::GetAccountAuthorizationDetails);
        let filter = match kind {
            PrincipalKind::Role => EntityType::Role,
            PrincipalKind::User => EntityType::User,
            PrincipalKind::Group => EntityType::Group,
        };
        let request = self
            .clients
            .iam
            .get_account_authorization_details()
            .filter(filter)
            .max_items(1_000);
        let request = &request;
        collect_pages(context, |marker| async move {
            let page = send!(self, context, request.clone().set_marker(marker))?;
            // Some servers ignore the filter, so only the requested kind is used.
            let details: Result<Vec<_>, CallError> = match kind {
                PrincipalKind::Role => page
                    .role_detail_list()
                    .iter()
                    .map(|detail| role_detail(context, detail))
                    .collect(),
                PrincipalKind::User => page
                    .user_detail_list()
                    .iter()
                    .map(|detail| user_detail(context, detail))
                    .collect(),
                PrincipalKind::Group => page
                    .group_detail_list()
                    .iter()
                    .map(|detail| group_detail(context, detail))
                    .collect(),
            };
            list_page(context, details?, page.is_truncated, page.marker)
        })
        .await
    }

    /// Returns when users last signed in with their passwords, by user name.
    ///
    /// Source: IAM API, `ListUsers`.
    ///
    /// # Errors
    /// A call fails.
    pub async fn last_sign_ins(
        &self,
        session: &Session,
    ) -> Result<BTreeMap<String, Timestamp>, CallError> {
        let context = self.home_context(session, Operation::ListUsers);
        let request = self.clients.iam.list_users();
        let request = &request;
        let users = collect_pages(context, |marker| async move {
            let page = send!(self, context, request.clone().set_marker(marker))?;
            let users = page.users.into_iter();
            let users = users.map(|user| (timestamp(user.password_last_used()), user.user_name));
            list_page(context, users.collect(), page.is_truncated, page.marker)
        })
        .await?;
        let used = users.into_iter().filter_map(|(at, name)| Some((name, at?)));
        Ok(used.collect())
    }

    /// Returns the unique id of a principal, if it exists with exactly this ARN.
    ///
    /// # Errors
    /// The call fails.
    pub async fn principal_id(
        &self,
        session: &Session,
        principal: &Principal,
    ) -> Result<Option<String>, CallError> {
        let found = self.find_principal(session, principal).await?;
        Ok(found.map(|found| found.id))
    }

    /// Returns the principal, if it exists with exactly this ARN.
    ///
    /// Source: IAM API, `GetRole`, `GetUser`, `GetGroup`.
    ///
    /// # Errors
    /// The call fails, or a role has no trust policy: without it, a role that delivers logs would
    /// not be recognised.
    pub async fn find_principal(
        &self,
        session: &Session,
        principal: &Principal,
    ) -> Result<Option<FoundPrincipal>, CallError> {
        let iam = &self.clients.iam;
        let name = principal.name();
        let found = match principal.kind() {
            PrincipalKind::Role => {
                let output = send!(
                    self,
                    self.home_context(session, Operation::GetRole),
                    iam.get_role().role_name(name)
                );
                let role = none_if_not_found(output)?.and_then(|output| output.role);
                role.map(|role| (role.arn, role.role_id, role.assume_role_policy_document))
            }
            PrincipalKind::User => {
                let output = send!(
                    self,
                    self.home_context(session, Operation::GetUser),
                    iam.get_user().user_name(name)
                );
                none_if_not_found(output)?
                    .and_then(|output| output.user)
                    .map(|user| (user.arn, user.user_id, None))
            }
            PrincipalKind::Group => {
                let output = send!(
                    self,
                    self.home_context(session, Operation::GetGroup),
                    iam.get_group().group_name(name)
                );
                none_if_not_found(output)?
                    .and_then(|output| output.group)
                    .map(|group| (group.arn, group.group_id, None))
            }
        };
        let Some((_, id, trust)) = found.filter(|(arn, _, _)| arn == principal.arn().as_str())
        else {
            return Ok(None);
        };
        let has_no_trust = trust.as_deref().is_none_or(str::is_empty);
        if principal.kind() == PrincipalKind::Role && has_no_trust {
            let context = self.home_context(session, Operation::GetRole);
            return Err(context.unreadable("the role has no AssumeRolePolicyDocument"));
        }
        Ok(Some(FoundPrincipal {
            id,
            trust: trust.as_deref().map(decode_document).unwrap_or_default(),
        }))
    }

    /// Returns the names of a group's members; empty if the group does not exist.
    ///
    /// # Errors
    /// A call fails, or the server repeats a marker.
    pub async fn group_members(
        &self,
        session: &Session,
        group: &str,
    ) -> Result<BTreeSet<String>, CallError> {
        let context = self.home_context(session, Operation::GetGroup);
        let request = self.clients.iam.get_group().group_name(group);
        let request = &request;
        let members = collect_pages(context, |marker| async move {
            let request = request.clone().set_marker(marker);
            let Some(page) = none_if_not_found(send!(self, context, request))? else {
                return Ok(None);
            };
            let names = page.users.into_iter().map(|user| user.user_name);
            list_page(context, names.collect(), page.is_truncated, page.marker)
        })
        .await?;
        Ok(members.into_iter().collect())
    }
}

fn role_detail(
    context: CallContext<'_>,
    detail: &types::RoleDetail,
) -> Result<PrincipalDetail, CallError> {
    let used = detail.role_last_used();
    let at = used.and_then(|used| timestamp(used.last_used_date()));
    let region = used.and_then(|used| used.region()).unwrap_or_default();
    let profiles = detail.instance_profile_list().iter();
    Ok(PrincipalDetail {
        inline: documents(detail.role_policy_list()),
        attached: attached(detail.attached_managed_policies()),
        last_used: at.map(|at| LastUsed {
            at,
            region: region.to_owned(),
        }),
        trust: decode_document(detail.assume_role_policy_document().unwrap_or_default()),
        boundary: boundary(detail.permissions_boundary()),
        instance_profiles: profiles
            .map(|profile| profile.instance_profile_name.clone())
            .collect(),
        ..common_detail(
            context,
            detail.arn(),
            detail.role_id(),
            detail.create_date(),
        )?
    })
}

fn user_detail(
    context: CallContext<'_>,
    detail: &types::UserDetail,
) -> Result<PrincipalDetail, CallError> {
    Ok(PrincipalDetail {
        inline: documents(detail.user_policy_list()),
        attached: attached(detail.attached_managed_policies()),
        groups: detail.group_list().iter().cloned().collect(),
        boundary: boundary(detail.permissions_boundary()),
        ..common_detail(
            context,
            detail.arn(),
            detail.user_id(),
            detail.create_date(),
        )?
    })
}

fn group_detail(
    context: CallContext<'_>,
    detail: &types::GroupDetail,
) -> Result<PrincipalDetail, CallError> {
    Ok(PrincipalDetail {
        inline: documents(detail.group_policy_list()),
        attached: attached(detail.attached_managed_policies()),
        ..common_detail(
            context,
            detail.arn(),
            detail.group_id(),
            detail.create_date(),
        )?
    })
}

/// The members that all kinds of principals have in common.
fn common_detail(
    context: CallContext<'_>,
    arn: Option<&str>,
    id: Option<&str>,
    created: Option<&DateTime>,
) -> Result<PrincipalDetail, CallError> {
    let principal = arn.unwrap_or_default().parse::<Principal>();
    Ok(PrincipalDetail {
        principal: principal.map_err(|error| context.unreadable(error.to_string()))?,
        id: id.unwrap_or_default().to_owned(),
        created: timestamp(created),
        inline: BTreeMap::new(),
        attached: Vec::new(),
        last_used: None,
        trust: String::new(),
        boundary: None,
        groups: BTreeSet::new(),
        instance_profiles: Vec::new(),
    })
}

fn documents(policies: &[types::PolicyDetail]) -> BTreeMap<String, String> {
    let by_name = policies.iter().map(|policy| {
        (
            policy.policy_name().unwrap_or_default().to_owned(),
            decode_document(policy.policy_document().unwrap_or_default()),
        )
    });
    by_name.collect()
}

fn boundary(boundary: Option<&types::AttachedPermissionsBoundary>) -> Option<String> {
    boundary?.permissions_boundary_arn().map(str::to_owned)
}

fn attached(policies: &[types::AttachedPolicy]) -> Vec<AttachedPolicy> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    policies
        .iter()
        .map(|policy| AttachedPolicy {
            name: text(policy.policy_name()),
            arn: text(policy.policy_arn()),
        })
        .collect()
}

/// Decodes a policy document, which IAM returns RFC 3986 encoded, to what was put.
pub(super) fn decode_document(document: &str) -> String {
    percent_decode_str(document)
        .decode_utf8_lossy()
        .into_owned()
}

pub(super) fn timestamp(time: Option<&DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(time?.secs()).ok()
}
