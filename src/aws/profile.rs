//! Support for what the SDK does not read in a profile: the MFA device, the session duration, and
//! the order in which the AWS CLI looks for credentials.
//!
//! The SDK can assume the `role_arn` of a profile itself, but supports neither MFA nor
//! `duration_seconds`. So a profile with a `source_profile` or a `credential_source` is resolved
//! here: the credentials at its root become the source credentials, and its roles are hops like all
//! others, with their errors and their audit.

use std::time::Duration;

use aws_credential_types::Credentials;
use secrecy::SecretString;
use tracing::warn;

use super::profile_files::{AwsProfile, ProfileFiles, ProfileFilesError};
use crate::config::MfaSerial;
use dragnet_model::{InvalidArn, RoleArn};

/// The source credentials of a profile and the roles that are assumed from them.
#[derive(Debug, Default)]
pub(super) struct ProfileChain {
    /// The credentials at the root of the chain.
    pub root: Root,
    /// The roles, in the order in which they are assumed.
    pub roles: Vec<ProfileRole>,
    /// The MFA device of the user at the root.
    pub mfa_serial: Option<MfaSerial>,
    /// How to log in again, if a profile is the root.
    pub login: Login,
}

/// The credentials at the root of a profile.
#[derive(Debug, Default)]
pub(super) enum Root {
    /// What the SDK's credential chain finds: environment, container, instance.
    #[default]
    SdkChain,
    /// What the SDK finds in this profile: SSO, a sign-in session, a web identity.
    Profile(String),
    /// The keys in a profile.
    Keys(Credentials),
    /// What this command prints, the `credential_process` of a profile. It may contain secrets.
    Process(SecretString),
    /// The `credential_source` of a profile: keys in the environment.
    Environment,
    /// The `credential_source` of a profile: the role of this instance.
    Instance,
    /// The `credential_source` of a profile: the role of this container.
    Container,
}

/// The command that renews the credentials of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Login {
    /// It is not known.
    #[default]
    Unknown,
    /// `aws sso login` for this profile.
    Sso(String),
    /// `aws login` for this profile.
    Console(String),
}

impl Login {
    /// Returns the advice if there are no valid credentials.
    pub(super) fn advice(&self) -> String {
        match self {
            Self::Sso(profile) => format!("run `aws sso login --profile '{profile}'`"),
            Self::Console(profile) => format!("run `aws login --profile '{profile}'`"),
            Self::Unknown => {
                "run `aws login` or `aws sso login`, or set AWS_PROFILE or --profile".to_owned()
            }
        }
    }
}

/// A profile's `role_arn` with its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProfileRole {
    pub role: RoleArn,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
    pub duration: Option<Duration>,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The files cannot be read.
    #[error("cannot use the AWS profiles")]
    Files(#[from] ProfileFilesError),
    /// The profile does not exist.
    #[error("profile `{name}` not found in ~/.aws/config or ~/.aws/credentials{}", named_by_text(named_by.as_deref()))]
    Unknown {
        /// The name as the user or the other profile wrote it.
        name: String,
        /// The profile whose `source_profile` it is.
        named_by: Option<String>,
    },
    /// A profile is its own source through other profiles.
    #[error(
        "profile `{0}` is its own source_profile through other profiles; name one that has credentials"
    )]
    Cycle(String),
    /// A value is invalid for its key.
    #[error("invalid {key} in profile `{profile}`: {problem}")]
    Value {
        /// The profile.
        profile: String,
        /// The key.
        key: &'static str,
        /// The problem.
        problem: String,
    },
}

fn named_by_text(profile: Option<&str>) -> String {
    profile
        .map(|profile| format!(", although profile `{profile}` names it as its source_profile"))
        .unwrap_or_default()
}

impl ProfileChain {
    /// Resolves the profile `selected`. If it was `named` by the user, it must exist.
    pub(super) fn resolve(
        profiles: &ProfileFiles,
        selected: &str,
        named: bool,
    ) -> Result<Self, ProfileError> {
        match profiles.get(selected) {
            Some(profile) => Self::default().follow(profiles, profile),
            None if named => Err(ProfileError::Unknown {
                name: selected.to_owned(),
                named_by: None,
            }),
            None => Ok(Self::default()),
        }
    }

    /// Follows the sources of a profile to their root.
    fn follow<'p>(
        mut self,
        profiles: &'p ProfileFiles,
        mut profile: &'p AwsProfile,
    ) -> Result<Self, ProfileError> {
        let mut seen = vec![profile.name()];
        loop {
            // The device closest to the keys is that of their user.
            if let Some(serial) = parse_mfa_serial(profile)? {
                self.mfa_serial = Some(serial);
            }
            let is_source = seen.len() > 1;
            let has_keys = profile.access_key().is_some();
            if (is_source && has_keys) || !has_role(profile) {
                let (root, login) = find_root(profile, is_source)?;
                self.root = root;
                self.login = login;
                return Ok(self);
            }
            let source = match (
                profile.get("source_profile"),
                profile.get("credential_source"),
            ) {
                (Some(_), Some(_)) => {
                    let problem = "the profile has a source_profile too; remove one of them";
                    return Err(invalid_value(profile, "credential_source", problem));
                }
                (None, None) => {
                    let problem = "the profile has no source_profile and no credential_source";
                    return Err(invalid_value(profile, "role_arn", problem));
                }
                (None, Some(source)) => {
                    self.root = parse_credential_source(profile, source)?;
                    self.roles.insert(0, parse_role(profile)?);
                    return Ok(self);
                }
                (Some(source), None) => source,
            };
            self.roles.insert(0, parse_role(profile)?);
            if source == profile.name() {
                self.root = parse_own_keys(profile)?;
                return Ok(self);
            }
            if seen.contains(&source) {
                return Err(ProfileError::Cycle(source.to_owned()));
            }
            seen.push(source);
            profile = profiles.get(source).ok_or_else(|| ProfileError::Unknown {
                name: source.to_owned(),
                named_by: Some(profile.name().to_owned()),
            })?;
        }
    }
}

/// Whether the role of the profile is assumed from other credentials. A web identity is its own
/// source.
fn has_role(profile: &AwsProfile) -> bool {
    profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
}

/// Finds the credentials of a profile whose role, if it has one, is not assumed.
///
/// Source: botocore, `ProfileProviderBuilder.providers`: the order.
fn find_root(profile: &AwsProfile, is_source: bool) -> Result<(Root, Login), ProfileError> {
    let name = profile.name().to_owned();
    let of_sdk = || Root::Profile(name.clone());
    let has = |key| profile.get(key).is_some();
    if has("web_identity_token_file") && has("role_arn") {
        return Ok((of_sdk(), Login::Unknown));
    }
    if has("sso_account_id") || has("sso_role_name") {
        return Ok((of_sdk(), Login::Sso(name.clone())));
    }
    if profile.has_key_in_credentials_file() {
        return Ok((parse_keys(profile)?, Login::Unknown));
    }
    if has("login_session") {
        return Ok((of_sdk(), Login::Console(name.clone())));
    }
    if let Some(command) = profile.get("credential_process") {
        return Ok((Root::Process(command.into()), Login::Unknown));
    }
    if has("aws_access_key_id") {
        return Ok((parse_keys(profile)?, Login::Unknown));
    }
    if is_source {
        let problem = "a source_profile needs credentials, and this one has none";
        return Err(invalid_value(profile, "source_profile", problem));
    }
    Ok((Root::SdkChain, Login::Unknown))
}

/// Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider",
/// `credential_source`.
fn parse_credential_source(profile: &AwsProfile, source: &str) -> Result<Root, ProfileError> {
    match source.to_ascii_lowercase().as_str() {
        "environment" => Ok(Root::Environment),
        "ec2instancemetadata" => Ok(Root::Instance),
        "ecscontainer" => Ok(Root::Container),
        _ => {
            let problem =
                format!("`{source}`: expected Environment, Ec2InstanceMetadata or EcsContainer");
            Err(invalid_value(profile, "credential_source", problem))
        }
    }
}

fn parse_role(profile: &AwsProfile) -> Result<ProfileRole, ProfileError> {
    let role = profile
        .get("role_arn")
        .unwrap_or_default()
        .parse()
        .map_err(|error: InvalidArn| invalid_value(profile, "role_arn", error.to_string()))?;
    let seconds = profile.get("duration_seconds").map(|text| {
        let seconds = text
            .parse()
            .ok()
            .filter(|seconds| (900..=43_200).contains(seconds));
        seconds.ok_or_else(|| {
            invalid_value(
                profile,
                "duration_seconds",
                format!("`{text}`: expected 900 to 43200"),
            )
        })
    });
    Ok(ProfileRole {
        role,
        external_id: profile.get("external_id").map(str::to_owned),
        session_name: profile.get("role_session_name").map(str::to_owned),
        duration: seconds.transpose()?.map(Duration::from_secs),
    })
}

fn parse_own_keys(profile: &AwsProfile) -> Result<Root, ProfileError> {
    if profile.access_key().is_none() {
        let problem = "it names the profile itself, which has no access key";
        return Err(invalid_value(profile, "source_profile", problem));
    }
    parse_keys(profile)
}

fn parse_keys(profile: &AwsProfile) -> Result<Root, ProfileError> {
    profile.access_key().map(Root::Keys).ok_or_else(|| {
        let problem = "the profile has no aws_secret_access_key for it";
        invalid_value(profile, "aws_access_key_id", problem)
    })
}

/// Returns the device of a profile. Where there is no role to assume, the AWS CLI ignores the key,
/// and an unusable value is no error.
fn parse_mfa_serial(profile: &AwsProfile) -> Result<Option<MfaSerial>, ProfileError> {
    const KEY: &str = "mfa_serial";
    let Some(text) = profile.get(KEY) else {
        return Ok(None);
    };
    match text.parse::<MfaSerial>() {
        Ok(serial) => Ok(Some(serial)),
        Err(error) if has_role(profile) => Err(invalid_value(profile, KEY, format!("{error}"))),
        Err(error) => {
            warn!(profile = profile.name(), %error, "mfa_serial is ignored");
            Ok(None)
        }
    }
}

fn invalid_value(
    profile: &AwsProfile,
    key: &'static str,
    problem: impl Into<String>,
) -> ProfileError {
    ProfileError::Value {
        profile: profile.name().to_owned(),
        key,
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests;
