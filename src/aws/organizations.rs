//! Organizations: the list of accounts.

use aws_sdk_organizations::types::{AccountState as AccountStateWord, AccountStatus};

use super::call::{CallContext, config_for};
use super::connect::Aws;
use super::error::CallError;
use super::session::Session;
use crate::model::{Account, AccountState, Arn, InvalidAccountId, Operation};

/// An account as Organizations lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAccount {
    /// The account.
    pub account: Account,
    /// The ARN, which contains the id of the management account; empty if it is missing.
    pub arn: String,
    /// The email address of the root user; empty if it is missing. Untrusted text.
    pub email: String,
}

impl ListedAccount {
    /// Whether this is the management account of the organization.
    pub fn is_management(&self) -> bool {
        self.arn
            .parse::<Arn>()
            .is_ok_and(|arn| arn.account() == Some(self.account.id))
    }
}

impl Aws {
    /// Returns one page of the organization's accounts, and the token of the next page. A page may
    /// be empty and still have a token.
    ///
    /// Source: Organizations API, `ListAccounts`: 20 per page; `State` replaces the retired
    /// `Status`.
    ///
    /// # Errors
    /// The call fails, or returns an account in an unknown form: leaving it out would hide it.
    pub async fn list_accounts(
        &self,
        session: &Session,
        token: Option<String>,
    ) -> Result<(Vec<ListedAccount>, Option<String>), CallError> {
        let context = CallContext {
            session,
            region: self.home(),
            operation: Operation::ListAccounts,
        };
        let request = self
            .clients
            .organizations
            .list_accounts()
            .set_next_token(token);
        let output = self
            .call(context, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(config_for!(aws_sdk_organizations, context, credentials))
                    .send()
            })
            .await?;
        let accounts = output.accounts().iter().map(|listed| {
            let id = listed
                .id()
                .unwrap_or_default()
                .parse()
                .map_err(|error: InvalidAccountId| context.unreadable(error.to_string()))?;
            // An account without a state counts as active: leaving it out would hide it.
            let state = listed.state().map(AccountStateWord::as_str);
            let state = state
                .or(listed.status().map(AccountStatus::as_str))
                .unwrap_or("ACTIVE");
            let name = listed.name().unwrap_or_default().to_owned();
            Ok(ListedAccount {
                account: Account {
                    id,
                    name,
                    state: AccountState::from(state),
                },
                arn: listed.arn().unwrap_or_default().to_owned(),
                email: listed.email().unwrap_or_default().to_owned(),
            })
        });
        let accounts = accounts.collect::<Result<_, _>>()?;
        Ok((accounts, output.next_token))
    }
}
