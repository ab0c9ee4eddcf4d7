//! How a person points at roles, users and groups.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Glob, InvalidGlob};
use crate::model::{AccountId, InvalidPrincipal, Principal, PrincipalKind};

/// A principal by its ARN, or principals of a kind by name or glob, in one account or wherever they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalSelector {
    /// What it is.
    pub kind: PrincipalKind,
    /// Only there; `None`: in every account of the scope.
    pub account: Option<AccountId>,
    /// Its name, or what the name looks like.
    pub name: Glob,
    /// The very ARN, if that is what was given: the path in it has to be the real one.
    pub arn: Option<Principal>,
    /// Why, if it was said for this one alone.
    pub reason: Option<String>,
}

/// What is wrong with a would-be principal selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrincipalSelector {
    /// An ARN of something else.
    #[error(transparent)]
    Arn(#[from] InvalidPrincipal),
    /// An ARN of another kind than was asked for.
    #[error("`{arn}` is not a {expected}")]
    Kind {
        /// As it was given.
        arn: String,
        /// What was asked for.
        expected: PrincipalKind,
    },
    /// Not a name or glob.
    #[error(transparent)]
    Glob(#[from] InvalidGlob),
    /// Neither an ARN nor a name.
    #[error("`{0}` is not a name: expected letters, digits and _+=,.@-, a glob, or an ARN")]
    Name(String),
}

impl PrincipalSelector {
    /// Points at principals of a kind.
    ///
    /// # Errors
    /// The text is an ARN of something else, or neither a name nor a glob.
    pub fn parse(kind: PrincipalKind, text: &str) -> Result<Self, InvalidPrincipalSelector> {
        if text.starts_with("arn:") {
            let selector = Self::of_arn(text)?;
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

    /// Points at the principal of this ARN.
    ///
    /// # Errors
    /// It is the ARN of something else.
    pub fn of_arn(arn: &str) -> Result<Self, InvalidPrincipalSelector> {
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

    /// Points at the principals of this name, in one account or in all.
    ///
    /// # Errors
    /// The text is neither a name nor a glob.
    pub fn named(
        kind: PrincipalKind,
        account: Option<AccountId>,
        text: &str,
    ) -> Result<Self, InvalidPrincipalSelector> {
        // IAM API: a name is [\w+=,.@-]; a comma has a meaning in globs between braces alone.
        let usual = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !text.chars().all(|c| usual(c) || "*?[]{}!".contains(c)) {
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

    /// Whether it names one principal, and not a form of names.
    pub fn is_exact(&self) -> bool {
        !Glob::is_meant_by(self.name.as_str())
    }

    /// Whether it points at this principal: names without globs are not told apart by case, as in IAM.
    pub fn matches(&self, principal: &Principal) -> bool {
        let here = self.kind == principal.kind()
            && self
                .account
                .is_none_or(|account| account == principal.account());
        let exact = self.is_exact() && self.name.as_str().eq_ignore_ascii_case(principal.name());
        here && (exact || self.name.is_match(principal.name()))
    }
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
    fn names_globs_and_arns() {
        let role: Principal = "arn:aws:iam::111111111111:role/team/Deploy"
            .parse()
            .unwrap();
        let points = |text: &str| {
            PrincipalSelector::parse(PrincipalKind::Role, text)
                .unwrap()
                .matches(&role)
        };
        assert!(
            points("Deploy")
                && points("deploy")
                && points("Dep*")
                && points("arn:aws:iam::111111111111:role/DEPLOY")
        );
        assert!(
            !points("dep*") && !points("Deplo") && !points("arn:aws:iam::111111111112:role/Deploy")
        );
        for bad in [
            "",
            "a b",
            "team/Deploy",
            "arn:aws:iam::111111111111:user/x",
            "arn:aws:s3:::x",
            "a[",
        ] {
            assert!(
                PrincipalSelector::parse(PrincipalKind::Role, bad).is_err(),
                "{bad}"
            );
        }
    }
}
