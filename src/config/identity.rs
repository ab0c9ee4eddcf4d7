//! `[identity]`: as whom Dragnet calls AWS.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::text::{InvalidText, checked_text, has_form, written_as_text};
use super::{InvalidDuration, parse_duration};
use crate::model::{AccountId, Arn, Partition, RoleArn};

/// Source credentials, and the roles from there into each account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// The profile of `~/.aws/config` that the source credentials come from; default: the SDK's chain.
    pub profile: Option<String>,
    /// The MFA device of the user whose keys the source credentials are; default: the profile's
    /// `mfa_serial`, else none.
    pub mfa_serial: Option<MfaSerial>,
    /// A program that prints the device's code, with its arguments; without one, the terminal is asked.
    pub mfa_command: Option<MfaCommand>,
    /// Whether the MFA session is kept in a file until it expires, so that the next command needs no code.
    pub mfa_cache: bool,
    /// Roles to assume, one from the other, before the member role.
    pub role_chain: Vec<RoleArn>,
    /// What is assumed in every account.
    pub member_role: MemberRole,
    /// What is assumed in every account to contain, and for nothing else.
    pub contain_role: RoleName,
    /// Handed on with every `AssumeRole`.
    pub external_id: Option<ExternalId>,
    /// How long a session lasts before it is made anew; where a role grants less, an hour.
    pub session_duration: SessionDuration,
    /// Recorded by CloudTrail for all that the sessions do.
    pub source_identity: Option<SourceIdentity>,
    /// Whether each session carries a policy of its own that allows only what the command calls, so that
    /// even an administrator's role can only read.
    pub scope_down: bool,
}

impl Identity {
    /// The partition that its ARNs are in, if it has any.
    pub fn partition(&self) -> Option<Partition> {
        let roles = self.role_chain.iter().map(RoleArn::as_str);
        let device = self.mfa_serial.iter().map(MfaSerial::as_str);
        roles
            .chain(device)
            .find_map(|text| text.parse::<Arn>().ok()?.partition())
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            profile: None,
            mfa_serial: None,
            mfa_command: None,
            mfa_cache: true,
            role_chain: Vec::new(),
            member_role: MemberRole::default(),
            contain_role: RoleName("DragnetContain".to_owned()),
            external_id: None,
            session_duration: SessionDuration::default(),
            source_identity: None,
            scope_down: true,
        }
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
    /// A role's name, with its path where it has one: `DragnetRead`, `security/DragnetRead`.
    RoleName,
    "a role's name: expected 1 to 64 letters, digits and _+=,.@-, without the rest of its ARN (a path may stand before)",
    // A path is separated by single slashes and does not begin with one here.
    |text| !text.starts_with('/') && format!("arn:aws:iam::000000000000:role/{text}").parse::<RoleArn>().is_ok()
}

checked_text! {
    /// STS API, `GetSessionToken`: `SerialNumber` is 9 to 256 of `[\w+=/:,.@-]`. A hardware device's number,
    /// or a virtual device's ARN.
    MfaSerial,
    "an MFA device: expected arn:aws:iam::111111111111:mfa/NAME or a hardware device's serial number",
    |text| has_form(text, 9, 256, "_+=/:,.@-") && (!text.starts_with("arn:") || is_device_arn(text))
}

fn is_device_arn(text: &str) -> bool {
    text.parse().is_ok_and(|arn: Arn| {
        arn.service() == "iam" && arn.account().is_some() && arn.resource().starts_with("mfa/")
    })
}

impl MfaSerial {
    /// The account that the device's user is in, where the serial number tells.
    pub fn account(&self) -> Option<AccountId> {
        self.0.parse::<Arn>().ok()?.account()
    }
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

/// A program and its arguments, run as they are: no shell reads them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct MfaCommand(Vec<String>);

/// A command that names no program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mfa_command names no program: expected [\"program\", \"argument\", …]")]
pub struct NoProgram;

impl MfaCommand {
    /// The program, and its arguments.
    pub fn parts(&self) -> (&str, &[String]) {
        // It cannot be made without a program.
        self.0
            .split_first()
            .map_or(("", &[]), |(program, arguments)| (program, arguments))
    }
}

impl TryFrom<Vec<String>> for MfaCommand {
    type Error = NoProgram;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        if words.first().is_some_and(|program| !program.is_empty()) {
            Ok(Self(words))
        } else {
            Err(NoProgram)
        }
    }
}

impl From<MfaCommand> for Vec<String> {
    fn from(command: MfaCommand) -> Self {
        command.0
    }
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
        if granted.contains(&duration) {
            Ok(Self(duration))
        } else {
            Err(InvalidSessionDuration::Range(text))
        }
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
        assert_eq!(
            "team/Audit".parse::<MemberRole>().unwrap().to_string(),
            "team/Audit"
        );
        for bad in ["", "/x", "a b", "arn:aws:iam::111111111111:role/x", "x/"] {
            assert!(bad.parse::<MemberRole>().is_err(), "{bad}");
        }
    }

    #[test]
    fn devices_and_commands_have_a_form() {
        let device: MfaSerial = "arn:aws:iam::111111111111:mfa/alice".parse().unwrap();
        assert_eq!(device.account().unwrap().to_string(), "111111111111");
        assert_eq!("GAHT12345678".parse::<MfaSerial>().unwrap().account(), None);
        for bad in [
            "",
            "12345",
            "arn:aws:iam::111111111111:user/alice",
            "arn:aws:iam::1:mfa/alice",
            "has a blank",
        ] {
            assert!(bad.parse::<MfaSerial>().is_err(), "{bad}");
        }
        let command = MfaCommand::try_from(vec!["ykman".to_owned(), "oath".to_owned()]).unwrap();
        assert_eq!(command.parts(), ("ykman", &["oath".to_owned()][..]));
        assert!(
            MfaCommand::try_from(Vec::new()).is_err()
                && MfaCommand::try_from(vec![String::new()]).is_err()
        );
    }
}
