//! Organizations: the accounts that there are.

use aws_sdk_organizations::types::{AccountState as AccountStateWord, AccountStatus};

use super::call::{Site, placed};
use super::connect::Aws;
use super::error::CallError;
use super::session::Session;
use crate::model::{Account, AccountId, AccountState, Arn, InvalidAccountId};

/// An account as Organizations lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAccount {
    /// The account.
    pub account: Account,
    /// The organization's management account, which the account's ARN names.
    pub management: Option<AccountId>,
}

impl Aws {
    /// One page of the organization's accounts, and the token of the next. A page may be empty and
    /// still have a token.
    ///
    /// Source: Organizations API, `ListAccounts`: 20 a page; `State` replaces the retired `Status`.
    ///
    /// # Errors
    /// The call fails, or names an account in a form that is not known: leaving it out would hide it.
    pub async fn list_accounts(
        &self,
        session: &Session,
        token: Option<String>,
    ) -> Result<(Vec<ListedAccount>, Option<String>), CallError> {
        let site = Site { session, region: self.home(), operation: "ListAccounts" };
        let request = self.clients.organizations.list_accounts().set_next_token(token);
        let answer = self
            .call(site, |credentials| {
                request.clone().customize().config_override(placed!(aws_sdk_organizations, site, credentials)).send()
            })
            .await?;
        let accounts = answer.accounts().iter().map(|listed| {
            let id = listed
                .id()
                .unwrap_or_default()
                .parse()
                .map_err(|error: InvalidAccountId| site.unreadable(error.to_string()))?;
            // An account without a state is entered: leaving it out would hide it.
            let state = listed.state().map(AccountStateWord::as_str);
            let state = state.or(listed.status().map(AccountStatus::as_str)).unwrap_or("ACTIVE");
            let name = listed.name().unwrap_or_default().to_owned();
            let management = listed.arn().and_then(|arn| arn.parse::<Arn>().ok()).and_then(|arn| arn.account());
            Ok(ListedAccount { account: Account { id, name, state: AccountState::from(state) }, management })
        });
        let accounts = accounts.collect::<Result<_, _>>()?;
        Ok((accounts, answer.next_token))
    }
}
