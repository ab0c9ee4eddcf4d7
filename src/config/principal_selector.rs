//! Selects roles, users and groups.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Glob, InvalidGlob};
use dragnet_model::{AccountId, Arn, InvalidPrincipal, Principal, PrincipalKind};

/// One principal by its ARN, or principals of one kind by name or glob, in one account or in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalSelector {
    /// The kind of principal.
    pub kind: PrincipalKind,
    /// The account; `None`: every account of the scope.
    pub account: Option<AccountId>,
    /// The name, or a glob of names.
    pub name: Glob,
    /// The principal, if an ARN was given; its path must then match too.
    pub arn: Option<Principal>,
    /// The reason, if one was given for this principal alone.
    pub reason: Option<String>,
}

/// The text is not a valid principal selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrincipalSelector {
    /// It is not the ARN of a principal.
    #[error(transparent)]
    Arn(#[from] InvalidPrincipal),
    /// It is the ARN of a principal of another kind.
    #[error("`{arn}` is not a {expected}")]
    Kind {
        /// The ARN that was given.
        arn: String,
        /// The kind that was expected.
        expected: PrincipalKind,
    },
    /// It is not a valid glob.
    #[error(transparent)]
    Glob(#[from] InvalidGlob),
    /// It is neither an ARN nor a name.
    #[error("`{0}` is not a name: expected letters, digits and _+=,.@-, a glob, or an ARN")]
    Name(String),
}

impl PrincipalSelector {
    /// Parses a selector of principals of one kind.
    ///
    /// # Errors
    /// The text is not the ARN of a principal of this kind, nor a name or glob.
    pub fn parse(kind: PrincipalKind, text: &str) -> Result<Self, InvalidPrincipalSelector> {
        if text.starts_with("arn:") {
            let selector = Self::from_arn(text)?;
            return if selector.kind == kind {
                Ok(selector)
            } else {
                Err(InvalidPrincipalSelector::Kind {
                    arn: text.to_owned(),
                    expected: kind,
                })
            };
        }
        Self::named(kind, None, text)
    }

    /// Selects the principal of this ARN. The ARN of a role's session, which reports show as the
    /// caller, selects the role; it does not contain the role's path.
    ///
    /// # Errors
    /// It is not the ARN of a principal.
    pub fn from_arn(arn: &str) -> Result<Self, InvalidPrincipalSelector> {
        if let Some((account, role)) = session_role(arn) {
            return Self::named(PrincipalKind::Role, Some(account), role);
        }
        let principal: Principal = arn.parse()?;
        let named = Self::named(
            principal.kind(),
            Some(principal.account()),
            principal.name(),
        )?;
        Ok(Self {
            arn: Some(principal),
            ..named
        })
    }

    /// Selects the principals of this name or glob, in one account or in all.
    ///
    /// # Errors
    /// The text is neither a name nor a glob.
    pub fn named(
        kind: PrincipalKind,
        account: Option<AccountId>,
        text: &str,
    ) -> Result<Self, InvalidPrincipalSelector> {
        // Source: IAM API: a name is `[\w+=,.@-]`. In a glob, a comma is special only between
        // braces.
        let is_name_character = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !text
            .chars()
            .all(|c| is_name_character(c) || "*?[]{}!".contains(c))
        {
            return Err(InvalidPrincipalSelector::Name(text.to_owned()));
        }
        Ok(Self {
            kind,
            account,
            name: text.parse()?,
            arn: None,
            reason: None,
        })
    }

    /// Whether it is a name and not a glob.
    pub fn is_exact(&self) -> bool {
        !Glob::has_glob_characters(self.name.as_str())
    }

    /// Whether it selects this principal. Names without globs are compared case-insensitively, as
    /// in IAM.
    pub fn matches(&self, principal: &Principal) -> bool {
        let is_in_scope = self.kind == principal.kind()
            && self
                .account
                .is_none_or(|account| account == principal.account());
        let is_same_name =
            self.is_exact() && self.name.as_str().eq_ignore_ascii_case(principal.name());
        is_in_scope && (is_same_name || self.name.is_match(principal.name()))
    }
}

/// The account and the role of the ARN of a session: `arn:aws:sts::…:assumed-role/Role/session`.
fn session_role(text: &str) -> Option<(AccountId, &str)> {
    let arn: Arn = text.parse().ok()?;
    let account = arn.account().filter(|_| arn.service() == "sts")?;
    let (_, session) = text.split_once(":assumed-role/")?;
    let (role, _) = session.split_once('/').unwrap_or((session, ""));
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (!role.is_empty() && role.chars().all(is_name)).then_some((account, role))
}

impl fmt::Display for PrincipalSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.arn, self.account) {
            (Some(arn), _) => arn.fmt(f),
            (None, Some(account)) => write!(f, "{} {} in {account}", self.kind, self.name),
            (None, None) => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_globs_and_arns_select_the_role() {
        let role: Principal = "arn:aws:iam::111111111111:role/team/Deploy"
            .parse()
            .unwrap();
        let matches = |text: &str| {
            PrincipalSelector::parse(PrincipalKind::Role, text)
                .unwrap()
                .matches(&role)
        };
        for text in [
            "Deploy",
            "deploy",
            "Dep*",
            "arn:aws:iam::111111111111:role/DEPLOY",
            "arn:aws:sts::111111111111:assumed-role/Deploy/sync",
            "arn:aws:sts::111111111111:assumed-role/Deploy",
        ] {
            assert!(matches(text), "{text}");
        }
        for text in [
            "dep*",
            "Deplo",
            "arn:aws:iam::111111111112:role/Deploy",
            "arn:aws:sts::111111111112:assumed-role/Deploy/sync",
            "arn:aws:sts::111111111111:assumed-role/sync/Deploy",
        ] {
            assert!(!matches(text), "{text}");
        }
        for bad in [
            "",
            "a b",
            "team/Deploy",
            "arn:aws:iam::111111111111:user/x",
            "arn:aws:s3:::x",
            "arn:aws:sts::111111111111:federated-user/Deploy",
            "arn:aws:sts::111111111111:assumed-role/*/x",
            "a[",
        ] {
            assert!(
                PrincipalSelector::parse(PrincipalKind::Role, bad).is_err(),
                "{bad}"
            );
        }
    }
}
