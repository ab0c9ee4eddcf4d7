//! Inline policies: get, put and delete one.

use super::detail::decode_document;
use crate::aws::call::send;
use crate::aws::client::Aws;
use crate::aws::error::{CallError, none_if_not_found};
use crate::aws::session::Session;
use dragnet_model::{Operation, Principal, PrincipalKind};

impl Aws {
    /// Returns an inline policy, byte for byte as it was put; `None` if the policy or the principal
    /// does not exist.
    ///
    /// # Errors
    /// The call fails.
    pub async fn inline_policy(
        &self,
        session: &Session,
        principal: &Principal,
        policy: &str,
    ) -> Result<Option<String>, CallError> {
        let iam = &self.clients.iam;
        let name = principal.name();
        let document = match principal.kind() {
            PrincipalKind::Role => {
                let request = iam.get_role_policy().role_name(name).policy_name(policy);
                none_if_not_found(send!(
                    self,
                    self.home_context(session, Operation::GetRolePolicy),
                    request
                ))?
                .map(|output| output.policy_document)
            }
            PrincipalKind::User => {
                let request = iam.get_user_policy().user_name(name).policy_name(policy);
                none_if_not_found(send!(
                    self,
                    self.home_context(session, Operation::GetUserPolicy),
                    request
                ))?
                .map(|output| output.policy_document)
            }
            PrincipalKind::Group => {
                let request = iam.get_group_policy().group_name(name).policy_name(policy);
                none_if_not_found(send!(
                    self,
                    self.home_context(session, Operation::GetGroupPolicy),
                    request
                ))?
                .map(|output| output.policy_document)
            }
        };
        Ok(document.as_deref().map(decode_document))
    }

    /// Puts an inline policy, and replaces one with the same name. The call is idempotent.
    ///
    /// # Errors
    /// The call fails: `NoSuchEntity` if the principal does not exist, `LimitExceeded` if the
    /// policy is too large.
    pub async fn put_inline_policy(
        &self,
        session: &Session,
        principal: &Principal,
        policy: &str,
        document: &str,
    ) -> Result<(), CallError> {
        let iam = &self.clients.iam;
        let name = principal.name();
        match principal.kind() {
            PrincipalKind::Role => {
                let request = iam
                    .put_role_policy()
                    .role_name(name)
                    .policy_name(policy)
                    .policy_document(document);
                send!(
                    self,
                    self.home_context(session, Operation::PutRolePolicy),
                    request
                )
                .map(drop)
            }
            PrincipalKind::User => {
                let request = iam
                    .put_user_policy()
                    .user_name(name)
                    .policy_name(policy)
                    .policy_document(document);
                send!(
                    self,
                    self.home_context(session, Operation::PutUserPolicy),
                    request
                )
                .map(drop)
            }
            PrincipalKind::Group => {
                let request = iam
                    .put_group_policy()
                    .group_name(name)
                    .policy_name(policy)
                    .policy_document(document);
                send!(
                    self,
                    self.home_context(session, Operation::PutGroupPolicy),
                    request
                )
                .map(drop)
            }
        }
    }

    /// Deletes an inline policy. Succeeds if it does not exist.
    ///
    /// # Errors
    /// The call fails.
    pub async fn delete_inline_policy(
        &self,
        session: &Session,
        principal: &Principal,
        policy: &str,
    ) -> Result<(), CallError> {
        let iam = &self.clients.iam;
        let name = principal.name();
        match principal.kind() {
            PrincipalKind::Role => {
                let request = iam.delete_role_policy().role_name(name).policy_name(policy);
                none_if_not_found(send!(
                    self,
                    self.home_context(session, Operation::DeleteRolePolicy),
                    request
                ))
                .map(drop)
            }
            PrincipalKind::User => {
                let request = iam.delete_user_policy().user_name(name).policy_name(policy);
                none_if_not_found(send!(
                    self,
                    self.home_context(session, Operation::DeleteUserPolicy),
                    request
                ))
                .map(drop)
            }
            PrincipalKind::Group => {
                let request = iam
                    .delete_group_policy()
                    .group_name(name)
                    .policy_name(policy);
                none_if_not_found(send!(
                    self,
                    self.home_context(session, Operation::DeleteGroupPolicy),
                    request
                ))
                .map(drop)
            }
        }
    }
}
