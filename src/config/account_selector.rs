//! Selects accounts by id, name or glob.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text::written_as_text;
use super::{Glob, InvalidGlob};
use dragnet_model::{Account, AccountId, InvalidAccountId};

/// One account by its id, or accounts by name or glob: `prod`, `team-*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AccountSelector {
    /// The account with this id.
    Id(AccountId),
    /// Every account whose name or id matches this glob.
    Pattern(Glob),
}

/// The text is not a valid account selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccountSelector {
    /// It consists of digits only, but is not an account id.
    #[error(transparent)]
    Id(#[from] InvalidAccountId),
    /// It is not a valid glob.
    #[error(transparent)]
    Glob(#[from] InvalidGlob),
}

impl AccountSelector {
    /// Whether it selects this account.
    pub fn matches(&self, account: &Account) -> bool {
        match self {
            Self::Id(id) => *id == account.id,
            Self::Pattern(glob) => {
                glob.is_match(&account.name) || glob.is_match(&account.id.to_string())
            }
        }
    }
}

impl FromStr for AccountSelector {
    type Err = InvalidAccountSelector;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Digits alone are more likely an id with a missing digit than a name.
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Id(text.parse()?));
        }
        Ok(Self::Pattern(text.parse()?))
    }
}

written_as_text!(AccountSelector, InvalidAccountSelector);

impl fmt::Display for AccountSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Pattern(glob) => glob.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::AccountState;

    #[test]
    fn id_name_and_glob_select_the_account() {
        let account = Account {
            id: "111111111111".parse().unwrap(),
            name: "prod-eu".to_owned(),
            state: AccountState::Active,
        };
        let matches = |text: &str| text.parse::<AccountSelector>().unwrap().matches(&account);
        for text in ["111111111111", "prod-eu", "prod-*", "1111*"] {
            assert!(matches(text), "{text}");
        }
        for text in ["111111111112", "prod", "PROD-*"] {
            assert!(!matches(text), "{text}");
        }
        assert!(
            "11111111111".parse::<AccountSelector>().is_err()
                && "".parse::<AccountSelector>().is_err()
        );
    }
}
