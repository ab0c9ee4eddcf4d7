//! `[identity]`: as whom Dragnet calls AWS.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::text::{InvalidText, checked_text, has_form, written_as_text};
use super::{InvalidDuration, parse_duration};
use crate::model::RoleArn;

/// Source credentials, and the roles from there into each account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// The profile of `~/.aws/config` that the source credentials come from; default: the SDK's chain.
    pub profile: Option<String>,
    /// Roles to assume, one from the other, before the member role.
    pub role_chain: Vec<RoleArn>,
    /// What is assumed in every account.
    pub member_role: MemberRole,
    /// Handed on with every `AssumeRole`.
    pub external_id: Option<ExternalId>,
    /// How long a session lasts before it is made anew.
    pub session_duration: SessionDuration,
    /// Recorded by CloudTrail for all that the sessions do.
    pub source_identity: Option<SourceIdentity>,
}

impl Identity {
    pub(super) fn check(&self) -> Result<(), Problem> {
        if !self.role_chain.is_empty() && self.session_duration.get() > SessionDuration::CHAINED {
            let message =
                "a session of a role that another role assumed lasts at most 1h (AWS's limit for role chains)";
            return Err(Problem::new("session_duration", message));
        }
        Ok(())
    }
}

/// The role to assume in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MemberRole {
    /// None: the credentials at hand are used as they are. Written `self`.
    Caller,
    /// The role of this name.
    Role(RoleName),
}

impl Default for MemberRole {
    /// `DragnetRead`.
    fn default() -> Self {
        Self::Role(RoleName("DragnetRead".to_owned()))
    }
}

impl FromStr for MemberRole {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "self" { Ok(Self::Caller) } else { text.parse().map(Self::Role) }
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
    /// A role's name, with its path where it has one: `DragnetRead`, `security/DragnetRead`.
    RoleName,
    "a role's name: expected 1 to 64 letters, digits and _+=,.@-, without the rest of its ARN (a path may stand before)",
    // A path is separated by single slashes and does not begin with one here.
    |text| !text.starts_with('/') && format!("arn:aws:iam::000000000000:role/{text}").parse::<RoleArn>().is_ok()
}

checked_text! {
    /// STS API, `AssumeRole`: `ExternalId` is 2 to 1,224 of `[\w+=,.@:\/-]`.
    ExternalId,
    "an external id: expected 2 to 1,224 letters, digits and _+=,.@:/-",
    |text| has_form(text, 2, 1_224, "_+=,.@:/-")
}

checked_text! {
    /// STS API, `AssumeRole`: `SourceIdentity` is 2 to 64 of `[\w+=,.@-]`, and does not begin with `aws:`.
    SourceIdentity,
    "a source identity: expected 2 to 64 letters, digits and _+=,.@-",
    |text| has_form(text, 2, 64, "_+=,.@-")
}

/// How long a role session lasts. STS API, `AssumeRole`: 900 to 43,200 seconds; the role's own maximum
/// may be lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionDuration(Duration);

/// What is wrong with a would-be session duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSessionDuration {
    /// Not a duration at all.
    #[error(transparent)]
    Form(#[from] InvalidDuration),
    /// Outside what STS grants.
    #[error("a session lasts between 15m and 12h, not `{0}`")]
    Range(String),
}

impl SessionDuration {
    /// The longest session of a role that was assumed from another role.
    const CHAINED: Duration = Duration::from_hours(1);

    /// The duration, 15 minutes to 12 hours.
    pub fn get(self) -> Duration {
        self.0
    }
}

impl Default for SessionDuration {
    /// One hour: what a role grants unless it was made otherwise.
    fn default() -> Self {
        Self(Duration::from_hours(1))
    }
}

impl TryFrom<String> for SessionDuration {
    type Error = InvalidSessionDuration;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let duration = parse_duration(&text)?;
        let granted = Duration::from_mins(15)..=Duration::from_hours(12);
        if granted.contains(&duration) { Ok(Self(duration)) } else { Err(InvalidSessionDuration::Range(text)) }
    }
}

impl From<SessionDuration> for String {
    fn from(duration: SessionDuration) -> Self {
        format!("{}s", duration.0.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_roles_are_names_not_arns() {
        assert_eq!("self".parse::<MemberRole>().unwrap(), MemberRole::Caller);
        assert_eq!("team/Audit".parse::<MemberRole>().unwrap().to_string(), "team/Audit");
        for bad in ["", "/x", "a b", "arn:aws:iam::111111111111:role/x", "x/"] {
            assert!(bad.parse::<MemberRole>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_chain_limits_the_session() {
        let mut identity = Identity { session_duration: "2h".to_owned().try_into().unwrap(), ..Identity::default() };
        assert!(identity.check().is_ok());
        identity.role_chain.push("arn:aws:iam::111111111111:role/Hub".parse().unwrap());
        assert!(identity.check().is_err());
    }
}
