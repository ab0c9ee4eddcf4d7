//! What limits a role or user besides its own policies: the permissions boundary, and the trust
//! policy of a role.

use super::detail::decode_document;
use crate::aws::call::send;
use crate::aws::client::Aws;
use crate::aws::error::{CallError, none_if_not_found};
use crate::aws::session::Session;
use dragnet_model::{Operation, Principal, PrincipalKind};

impl Aws {
    /// Returns the ARN of the permissions boundary; `None` if there is none, or the principal does
    /// not exist or is a group, which has no boundary.
    ///
    /// Source: IAM API, `GetRole`, `GetUser`, `AttachedPermissionsBoundary`.
    ///
    /// # Errors
    /// The call fails, or the boundary in the response has no ARN.
    pub async fn permissions_boundary(
        &self,
        session: &Session,
        principal: &Principal,
    ) -> Result<Option<String>, CallError> {
        let iam = &self.clients.iam;
        let name = principal.name();
        let boundary = match principal.kind() {
            PrincipalKind::Role => {
                let context = self.home_context(session, Operation::GetRole);
                none_if_not_found(send!(self, context, iam.get_role().role_name(name)))?
                    .and_then(|output| output.role)
                    .and_then(|role| role.permissions_boundary)
            }
            PrincipalKind::User => {
                let context = self.home_context(session, Operation::GetUser);
                none_if_not_found(send!(self, context, iam.get_user().user_name(name)))?
                    .and_then(|output| output.user)
                    .and_then(|user| user.permissions_boundary)
            }
            PrincipalKind::Group => None,
        };
        let Some(boundary) = boundary else {
            return Ok(None);
        };
        match boundary.permissions_boundary_arn {
            Some(arn) if !arn.is_empty() => Ok(Some(arn)),
            // Without this error, it would look as if there were no boundary.
            _ => {
                let operation = match principal.kind() {
                    PrincipalKind::Role => Operation::GetRole,
                    PrincipalKind::User | PrincipalKind::Group => Operation::GetUser,
                };
                let context = self.home_context(session, operation);
                Err(context.unreadable("the permissions boundary has no ARN; expected one"))
            }
        }
    }

    /// Sets the permissions boundary, or removes it. The call is idempotent. Does nothing to a
    /// group, which has no boundary.
    ///
    /// Source: IAM API, `PutRolePermissionsBoundary`, `DeleteRolePermissionsBoundary`, and those of
    /// users.
    ///
    /// # Errors
    /// The call fails; with `NoSuchEntity` if the policy or the principal does not exist.
    pub async fn set_permissions_boundary(
        &self,
        session: &Session,
        principal: &Principal,
        policy: Option<&str>,
    ) -> Result<(), CallError> {
        let iam = &self.clients.iam;
        let name = principal.name();
        match (principal.kind(), policy) {
            (PrincipalKind::Role, Some(policy)) => {
                let request = iam
                    .put_role_permissions_boundary()
                    .role_name(name)
                    .permissions_boundary(policy);
                let context = self.home_context(session, Operation::PutRolePermissionsBoundary);
                send!(self, context, request).map(drop)
            }
            (PrincipalKind::User, Some(policy)) => {
                let request = iam
                    .put_user_permissions_boundary()
                    .user_name(name)
                    .permissions_boundary(policy);
                let context = self.home_context(session, Operation::PutUserPermissionsBoundary);
                send!(self, context, request).map(drop)
            }
            (PrincipalKind::Role, None) => {
                let request = iam.delete_role_permissions_boundary().role_name(name);
                let context = self.home_context(session, Operation::DeleteRolePermissionsBoundary);
                none_if_not_found(send!(self, context, request)).map(drop)
            }
            (PrincipalKind::User, None) => {
                let request = iam.delete_user_permissions_boundary().user_name(name);
                let context = self.home_context(session, Operation::DeleteUserPermissionsBoundary);
                none_if_not_found(send!(self, context, request)).map(drop)
            }
            (PrincipalKind::Group, _) => Ok(()),
        }
    }

    /// Returns the trust policy of a role; `None` if the role does not exist.
    ///
    /// Source: IAM API, `GetRole`: the document is RFC 3986 encoded.
    ///
    /// # Errors
    /// The call fails, or the response has no trust policy.
    pub async fn trust_policy(
        &self,
        session: &Session,
        role: &str,
    ) -> Result<Option<String>, CallError> {
        let context = self.home_context(session, Operation::GetRole);
        let request = self.clients.iam.get_role().role_name(role);
        let Some(output) = none_if_not_found(send!(self, context, request))? else {
            return Ok(None);
        };
        match output
            .role
            .and_then(|role| role.assume_role_policy_document)
        {
            Some(document) if !document.is_empty() => Ok(Some(decode_document(&document))),
            _ => Err(context.unreadable("the role has no trust policy; expected one")),
        }
    }

    /// Writes the trust policy of a role. The call is idempotent.
    ///
    /// Source: IAM API, `UpdateAssumeRolePolicy`.
    ///
    /// # Errors
    /// The call fails: `LimitExceeded` if the document is too long, `MalformedPolicyDocument` if a
    /// principal in it was deleted.
    pub async fn set_trust_policy(
        &self,
        session: &Session,
        role: &str,
        document: &str,
    ) -> Result<(), CallError> {
        let request = self
            .clients
            .iam
            .update_assume_role_policy()
            .role_name(role)
            .policy_document(document);
        let context = self.home_context(session, Operation::UpdateAssumeRolePolicy);
        send!(self, context, request).map(drop)
    }
}
