//! The access portal of IAM Identity Center: the accounts and permission sets of a user who has
//! logged in with `aws sso login`, and sessions of a permission set.
//!
//! These calls are not signed: the token of the login is their permission. Unlike `AssumeRole`, they
//! cannot limit a session by a session policy.

use aws_credential_types::Credentials;
use aws_credential_types::provider::token::ProvideToken;
use aws_sdk_sso::types::RoleInfo;
use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::{CallError, ErrorClass, causes};
use super::page_list::{ListPage, collect_list, collect_pages};
use super::portal_login::PortalToken;
use crate::config::PermissionSet;
use dragnet_model::{Account, AccountId, AccountState, InvalidAccountId, Operation};

impl Aws {
    /// Returns the accounts that are assigned to the user.
    ///
    /// Source: IAM Identity Center portal API, `ListAccounts`.
    ///
    /// # Errors
    /// There is no login, a call fails, or a response has an account in an unknown form.
    pub async fn assigned_accounts(&self) -> Result<Vec<Account>, CallError> {
        let (context, token) = self.portal_call(Operation::ListAssignedAccounts).await?;
        let request = self.clients.sso.list_accounts().access_token(token);
        let request = &request;
        let listed = collect_pages(context, |token| async move {
            let output = send!(self, context, request.clone().set_next_token(token))
                .map_err(|error| self.with_login_advice(error))?;
            Ok(Some(ListPage {
                items: output.account_list.unwrap_or_default(),
                next_token: output.next_token,
            }))
        })
        .await?;
        let accounts = listed
            .into_iter()
            .map(|listed| -> Result<Account, CallError> {
                let id = listed.account_id().unwrap_or_default().parse();
                Ok(Account {
                    id: id
                        .map_err(|error: InvalidAccountId| context.unreadable(error.to_string()))?,
                    name: listed.account_name.unwrap_or_default(),
                    state: AccountState::Active,
                })
            });
        accounts.collect()
    }

    /// Returns the names of the user's permission sets in an account.
    ///
    /// Source: IAM Identity Center portal API, `ListAccountRoles`.
    ///
    /// # Errors
    /// There is no login, or a call fails.
    pub async fn permission_sets(&self, account: AccountId) -> Result<Vec<String>, CallError> {
        let (context, token) = self.portal_call(Operation::ListAccountRoles).await?;
        let request = self
            .clients
            .sso
            .list_account_roles()
            .account_id(account.to_string())
            .access_token(token);
        let roles = collect_list!(self, context, request, role_list)?;
        let names = roles
            .into_iter()
            .filter_map(|role: RoleInfo| role.role_name);
        Ok(names.collect())
    }

    /// Creates a session of a permission set in an account.
    ///
    /// Source: IAM Identity Center portal API, `GetRoleCredentials`: the expiry is in milliseconds.
    pub(super) async fn permission_set_credentials(
        &self,
        account: AccountId,
        permission_set: &PermissionSet,
    ) -> Result<Credentials, CallError> {
        let (context, token) = self.portal_call(Operation::GetRoleCredentials).await?;
        let request = self
            .clients
            .sso
            .get_role_credentials()
            .account_id(account.to_string())
            .role_name(permission_set.as_str())
            .access_token(token);
        let output = send!(self, context, request).map_err(|error| {
            let mut error = self.with_login_advice(error);
            error.account = Some(account);
            error
        })?;
        let credentials = output
            .role_credentials()
            .ok_or_else(|| context.unreadable("the response has no credentials"))?;
        let expires = Timestamp::from_millisecond(credentials.expiration())
            .map_err(|_| context.unreadable("the response has an invalid session expiry"))?;
        Ok(Credentials::new(
            credentials.access_key_id().unwrap_or_default(),
            credentials.secret_access_key().unwrap_or_default(),
            credentials.session_token().map(str::to_owned),
            Some(expires.into()),
            "permission set",
        ))
    }

    /// Returns the context of a call to the portal, and the token. The source credentials are not
    /// used for it, but every call has them.
    async fn portal_call(
        &self,
        operation: Operation,
    ) -> Result<(CallContext<'_>, String), CallError> {
        let missing = || self.login_error("the profile has no sso_session".to_owned());
        let portal = self.portal.as_ref().ok_or_else(missing)?;
        let token = match &portal.token {
            PortalToken::Practice(token) => token.expose_secret().to_owned(),
            PortalToken::Cached(provider) => {
                let token = provider.provide_token().await;
                let token = token.map_err(|error| {
                    self.login_error(format!("{}; {}", causes(&error), portal.advice))
                })?;
                token.token().to_owned()
            }
        };
        let context = CallContext {
            session: &self.source,
            region: &portal.region,
            operation,
        };
        Ok((context, token))
    }

    fn login_error(&self, problem: String) -> CallError {
        let class = ErrorClass::Denied;
        CallError::local(
            "GetPortalToken",
            self.home(),
            class,
            "NoPortalLogin",
            problem,
        )
    }

    /// Adds how to log in again to the error for a token that has expired.
    fn with_login_advice(&self, mut error: CallError) -> CallError {
        if let (Some(portal), "UnauthorizedException") = (&self.portal, error.code.as_str()) {
            error.message = format!("{}; {}", error.message, portal.advice);
        }
        error
    }
}
