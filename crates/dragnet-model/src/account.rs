//! AWS account ids and accounts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A 12-digit AWS account id. Leading zeros are significant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(u64);

/// The text is not an account id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an AWS account id: expected 12 digits")]
pub struct InvalidAccountId(String);

impl AccountId {
    /// Stands for an account that is not known, in rows about files. AWS gives this id to no
    /// account.
    pub const UNKNOWN: Self = Self(0);
}

impl FromStr for AccountId {
    type Err = InvalidAccountId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if well_formed => Ok(Self(number)),
            _ => Err(InvalidAccountId(text.to_owned())),
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidAccountId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:012}", self.0))
    }
}

/// Whether an account can be used, from Organizations' `State` or the retired `Status`.
///
/// Source: Organizations API, `Account.State`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// In use. A sweep enters only active accounts.
    Active,
    /// Any other state, with AWS's name: `SUSPENDED`, `CLOSED`, `PENDING_CLOSURE` …
    Inactive(String),
}

impl From<&str> for AccountState {
    fn from(word: &str) -> Self {
        if word == "ACTIVE" {
            Self::Active
        } else {
            Self::Inactive(word.to_owned())
        }
    }
}

/// An account from Organizations, the configuration, or an accounts file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account id.
    pub id: AccountId,
    /// The account name, empty if only the id is known. The owner of the account chooses it:
    /// untrusted text.
    pub name: String,
    /// Whether the account can be entered.
    pub state: AccountState,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_id_is_twelve_digits() {
        assert_eq!(
            "000000000012".parse::<AccountId>().unwrap().to_string(),
            "000000000012"
        );
        for bad in [
            "",
            "12",
            "1234567890123",
            "12345678901a",
            "+12345678901",
            " 12345678901",
        ] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad}");
        }
    }
}
