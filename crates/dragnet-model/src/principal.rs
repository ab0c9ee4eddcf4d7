//! IAM principals to which policies can be attached: roles, users and groups.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AccountId, Arn};

crate::word_enum! {
    /// The kind of a principal. The words are those of ARNs.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum PrincipalKind: Serialize, Deserialize {
        /// A role.
        Role => "role",
        /// A user.
        User => "user",
        /// A group of users.
        Group => "group",
    }
}

impl PrincipalKind {
    /// The size limit of all inline policies together, in characters without white space.
    ///
    /// Source: IAM user guide, "IAM and AWS STS quotas".
    pub fn inline_limit(self) -> usize {
        match self {
            Self::Role => 10_240,
            Self::User => 2_048,
            Self::Group => 5_120,
        }
    }
}

/// A role, a user or a group: `arn:aws:iam::111111111111:role/path/Name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Principal {
    account: AccountId,
    kind: PrincipalKind,
    arn: Arn,
}

/// The text is not the ARN of a principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the ARN of a role, a user or a group: expected arn:aws:iam::111111111111:role/Name"
)]
pub struct InvalidPrincipal(String);

impl Principal {
    /// The account of the principal.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The kind of the principal.
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The ARN of the principal.
    pub fn arn(&self) -> &Arn {
        &self.arn
    }

    /// The name of the principal without its path.
    pub fn name(&self) -> &str {
        self.path_and_name().1
    }

    /// The path: `/`, or for example `/team/`.
    pub fn path(&self) -> &str {
        self.path_and_name().0
    }

    /// Whether IAM considers both the same: names are case-insensitive and unique whatever their
    /// paths are.
    ///
    /// Source: IAM user guide, "IAM identifiers", friendly names.
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_called(other.account, other.kind, other.name())
    }

    /// Whether this is the principal with this kind and name in this account.
    pub fn is_called(&self, account: AccountId, kind: PrincipalKind, name: &str) -> bool {
        self.account == account && self.kind == kind && self.name().eq_ignore_ascii_case(name)
    }

    fn path_and_name(&self) -> (&str, &str) {
        let resource = self.arn.resource();
        let with_path = resource
            .strip_prefix(self.kind.as_str())
            .unwrap_or(resource);
        with_path
            .rfind('/')
            .and_then(|slash| with_path.split_at_checked(slash + 1))
            .unwrap_or(("/", with_path))
    }
}

impl FromStr for Principal {
    type Err = InvalidPrincipal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPrincipal(text.to_owned());
        let arn: Arn = text.parse().map_err(|_| invalid())?;
        let (Some(account), "iam", "") = (arn.account(), arn.service(), arn.region()) else {
            return Err(invalid());
        };
        let (word, name) = arn.resource().split_once('/').ok_or_else(invalid)?;
        let kind = PrincipalKind::from_word(word).ok_or_else(invalid)?;
        // IAM API: names are [\w+=,.@-]; a path may contain any printable character.
        let last = name.rsplit('/').next().unwrap_or_default();
        let is_name = |name: &str| {
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
        };
        if last.is_empty()
            || last.len() > 128
            || !is_name(last)
            || !name.chars().all(|c| c.is_ascii_graphic())
        {
            return Err(invalid());
        }
        Ok(Self { account, kind, arn })
    }
}

impl TryFrom<String> for Principal {
    type Error = InvalidPrincipal;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> Self {
        principal.to_string()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.arn.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_paths_and_identity_follow_iam() {
        let role: Principal = "arn:aws:iam::111111111111:role/a/b/Name".parse().unwrap();
        assert_eq!(
            (role.kind(), role.path(), role.name()),
            (PrincipalKind::Role, "/a/b/", "Name")
        );
        let plain: Principal = "arn:aws:iam::111111111111:role/NAME".parse().unwrap();
        assert_eq!((plain.path(), plain.name()), ("/", "NAME"));
        assert!(role.is_same(&plain));
        assert!(!plain.is_same(&"arn:aws:iam::111111111111:user/NAME".parse().unwrap()));
        assert!(!plain.is_same(&"arn:aws:iam::111111111112:role/NAME".parse().unwrap()));
        for bad in [
            "arn:aws:iam::111111111111:root",
            "arn:aws:sts::111111111111:assumed-role/a/b",
            "role/a",
            "",
            "arn:aws:iam::111111111111:role/",
            "arn:aws:iam::111111111111:role/a*",
            "arn:aws:iam::aws:policy/x",
        ] {
            assert!(bad.parse::<Principal>().is_err(), "{bad}");
        }
    }
}
