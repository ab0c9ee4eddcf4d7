//! The role that is assumed in an account.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text::{InvalidText, checked_text, written_as_text};
use dragnet_model::RoleArn;

/// The role to assume in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MemberRole {
    /// No role: the source credentials are used directly. Written `self`.
    Caller,
    /// The role of this name.
    Role(RoleName),
}

impl Default for MemberRole {
    /// Returns `DragnetRead`.
    fn default() -> Self {
        Self::Role(RoleName("DragnetRead".to_owned()))
    }
}

impl FromStr for MemberRole {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "self" {
            Ok(Self::Caller)
        } else {
            text.parse().map(Self::Role)
        }
    }
}

written_as_text!(MemberRole, InvalidText);

impl fmt::Display for MemberRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Caller => "self",
            Self::Role(name) => name.as_str(),
        })
    }
}

checked_text! {
    /// A role name, optionally with its path: `DragnetRead`, `security/DragnetRead`.
    RoleName,
    "a role name: expected 1 to 64 letters, digits and _+=,.@-, optionally after its path, but not an ARN",
    // The path is separated by single slashes and does not begin with one here.
    |text| !text.starts_with('/') && format!("arn:aws:iam::000000000000:role/{text}").parse::<RoleArn>().is_ok()
}

impl RoleName {
    /// Returns the default role of containment, `DragnetContain`.
    pub(super) fn of_containment() -> Self {
        Self("DragnetContain".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_roles_are_names_not_arns() {
        assert_eq!("self".parse::<MemberRole>().unwrap(), MemberRole::Caller);
        assert_eq!(
            "team/Audit".parse::<MemberRole>().unwrap().to_string(),
            "team/Audit"
        );
        for bad in ["", "/x", "a b", "arn:aws:iam::111111111111:role/x", "x/"] {
            assert!(bad.parse::<MemberRole>().is_err(), "{bad}");
        }
    }
}
