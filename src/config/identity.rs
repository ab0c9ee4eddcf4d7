//! `[identity]`: the credentials and roles with which Dragnet calls AWS.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::text::{checked_text, has_form};
use super::{ExternalCommand, InvalidDuration, MemberRoles, RoleName, parse_duration};
use dragnet_model::{AccountId, Arn, Partition, RoleArn};

/// The source credentials, and the roles that lead from them into each account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// The profile of `~/.aws/config` for the source credentials; default: the SDK's credential
    /// chain.
    pub profile: Option<String>,
    /// The MFA device of the user to whom the source credentials belong; default: the `mfa_serial`
    /// of the profile, if it has one.
    pub mfa_serial: Option<MfaSerial>,
    /// A program, with its arguments, that prints the MFA code. Without one, the code is asked for
    /// on the terminal.
    pub mfa_command: Option<ExternalCommand>,
    /// Whether the MFA session is stored in a file until it expires, so that the next command needs
    /// no code.
    pub mfa_cache: bool,
    /// Roles to assume one after the other, before the member role.
    pub role_chain: Vec<RoleArn>,
    /// The role to assume in every account: the first of the list that can be assumed.
    pub member_role: MemberRoles,
    /// The role that containment assumes in every account; no other command uses it.
    pub contain_role: RoleName,
    /// The external id that is sent with every `AssumeRole`.
    pub external_id: Option<ExternalId>,
    /// How long a session lasts before it is renewed; one hour where a role allows less.
    pub session_duration: SessionDuration,
    /// The source identity, which CloudTrail records with every call of the sessions.
    pub source_identity: Option<SourceIdentity>,
    /// The permission set of IAM Identity Center with which accounts are entered, instead of a
    /// member role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission_set: Option<PermissionSet>,
    /// Whether each session has a session policy that allows only the calls of the command, so that
    /// even an administrator's role can only read.
    pub scope_down: bool,
}

impl Identity {
    /// Returns the partition of its first ARN that has one.
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
            member_role: MemberRoles::default(),
            contain_role: RoleName::of_containment(),
            external_id: None,
            session_duration: SessionDuration::default(),
            source_identity: None,
            permission_set: None,
            scope_down: true,
        }
    }
}

checked_text! {
    /// Source: STS API, `GetSessionToken`: `SerialNumber` is 9 to 256 of `[\w+=/:,.@-]`: the serial
    /// number of a hardware device or the ARN of a virtual device.
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
    /// Returns the account of the device's user, if the serial number is an ARN.
    pub fn account(&self) -> Option<AccountId> {
        self.0.parse::<Arn>().ok()?.account()
    }
}

checked_text! {
    /// Source: STS API, `AssumeRole`: `ExternalId` is 2 to 1,224 of `[\w+=,.@:\/-]`.
    ExternalId,
    "an external id: expected 2 to 1,224 letters, digits and _+=,.@:/-",
    |text| has_form(text, 2, 1_224, "_+=,.@:/-")
}

checked_text! {
    /// Source: STS API, `AssumeRole`: `SourceIdentity` is 2 to 64 of `[\w+=,.@-]`, and does not
    /// begin with `aws:`.
    SourceIdentity,
    "a source identity: expected 2 to 64 letters, digits and _+=,.@-",
    |text| has_form(text, 2, 64, "_+=,.@-")
}

checked_text! {
    /// Source: IAM Identity Center API, `CreatePermissionSet`: `Name` is 1 to 32 of `[\w+=,.@-]`.
    PermissionSet,
    "a permission set: expected 1 to 32 letters, digits and _+=,.@-",
    |text| has_form(text, 1, 32, "_+=,.@-")
}

/// How long a role session lasts. Source: STS API, `AssumeRole`: 900 to 43,200 seconds; the maximum
/// of the role may be lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionDuration(Duration);

/// The text is not a valid session duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSessionDuration {
    /// It is not a duration.
    #[error(transparent)]
    Form(#[from] InvalidDuration),
    /// It is outside of the range that STS allows.
    #[error("a session lasts between 15m and 12h, but this is `{0}`")]
    Range(String),
}

impl SessionDuration {
    /// Returns the duration, 15 minutes to 12 hours.
    pub fn get(self) -> Duration {
        self.0
    }
}

impl Default for SessionDuration {
    /// Returns one hour, the maximum of a role unless it was configured otherwise.
    fn default() -> Self {
        Self(Duration::from_hours(1))
    }
}

impl TryFrom<String> for SessionDuration {
    type Error = InvalidSessionDuration;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let duration = parse_duration(&text)?;
        let allowed = Duration::from_mins(15)..=Duration::from_hours(12);
        if allowed.contains(&duration) {
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
    fn invalid_devices_are_rejected() {
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
    }
}
