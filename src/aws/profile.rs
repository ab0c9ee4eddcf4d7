//! Support for the keys of a profile in `~/.aws/config` that the SDK does not support: the MFA
//! device and the session duration.
//!
//! The SDK can assume the `role_arn` of a profile itself, but supports neither MFA nor
//! `duration_seconds`. So a profile with a `source_profile` is resolved here: the keys at its root
//! become the source credentials, and its roles are hops like all others, with their errors and
//! their audit.

use std::time::Duration;

use aws_config::profile::{Profile, ProfileSet};
use aws_credential_types::Credentials;

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
}

/// The credentials at the root of a profile.
#[derive(Debug, Default)]
pub(super) enum Root {
    /// What the SDK's credential chain finds: environment, profile, container, instance.
    #[default]
    SdkChain,
    /// What the SDK finds in this profile: keys, SSO, a process, a web identity.
    Profile(String),
    /// Keys in a profile whose role names the profile itself as its source.
    Keys(Credentials),
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
    #[error("cannot read ~/.aws/config or ~/.aws/credentials")]
    Unreadable(#[from] aws_config::profile::ProfileFileLoadError),
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
        profiles: &ProfileSet,
        selected: &str,
        named: bool,
    ) -> Result<Self, ProfileError> {
        let Some(mut profile) = profiles.get_profile(selected) else {
            let unknown = ProfileError::Unknown {
                name: selected.to_owned(),
                named_by: None,
            };
            return if named {
                Err(unknown)
            } else {
                Ok(Self::default())
            };
        };
        let mut chain = Self::default();
        let mut seen = vec![selected];
        loop {
            // The device closest to the keys is that of their user.
            if let Some(serial) = parse_mfa_serial(profile)? {
                chain.mfa_serial = Some(serial);
            }
            let (Some(role), Some(source)) = (parse_role(profile)?, profile.get("source_profile"))
            else {
                break;
            };
            chain.roles.insert(0, role);
            if source == profile.name() {
                chain.root = parse_own_keys(profile)?;
                break;
            }
            if seen.contains(&source) {
                return Err(ProfileError::Cycle(source.to_owned()));
            }
            seen.push(source);
            profile = profiles
                .get_profile(source)
                .ok_or_else(|| ProfileError::Unknown {
                    name: source.to_owned(),
                    named_by: Some(profile.name().to_owned()),
                })?;
            chain.root = Root::Profile(source.to_owned());
        }
        Ok(chain)
    }
}

fn parse_role(profile: &Profile) -> Result<Option<ProfileRole>, ProfileError> {
    let Some(role) = profile.get("role_arn") else {
        return Ok(None);
    };
    let role = role
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
    Ok(Some(ProfileRole {
        role,
        external_id: profile.get("external_id").map(str::to_owned),
        session_name: profile.get("role_session_name").map(str::to_owned),
        duration: seconds.transpose()?.map(Duration::from_secs),
    }))
}

fn parse_own_keys(profile: &Profile) -> Result<Root, ProfileError> {
    let require = |key: &'static str| {
        profile.get(key).ok_or_else(|| {
            invalid_value(
                profile,
                "source_profile",
                format!("it names the profile itself, which has no {key}"),
            )
        })
    };
    let id = require("aws_access_key_id")?;
    let secret = require("aws_secret_access_key")?;
    let token = profile.get("aws_session_token").map(str::to_owned);
    Ok(Root::Keys(Credentials::new(
        id, secret, token, None, "profile",
    )))
}

fn parse_mfa_serial(profile: &Profile) -> Result<Option<MfaSerial>, ProfileError> {
    const KEY: &str = "mfa_serial";
    let serial = profile.get(KEY).map(|text| {
        text.parse()
            .map_err(|error| invalid_value(profile, KEY, format!("{error}")))
    });
    serial.transpose()
}

fn invalid_value(profile: &Profile, key: &'static str, problem: String) -> ProfileError {
    ProfileError::Value {
        profile: profile.name().to_owned(),
        key,
        problem,
    }
}

#[cfg(test)]
mod tests {
    use aws_runtime::env_config::file::EnvConfigFiles;
    use aws_types::os_shim_internal::{Env, Fs};

    use super::*;

    const CONFIG: &str = "
[profile alice]
aws_access_key_id = AKIAALICE
aws_secret_access_key = s
mfa_serial = arn:aws:iam::111111111111:mfa/alice
[profile hub]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = alice
external_id = between-us
duration_seconds = 7200
[profile audit]
role_arn = arn:aws:iam::333333333333:role/Audit
source_profile = hub
[profile itself]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = itself
mfa_serial = arn:aws:iam::111111111111:mfa/bob
aws_access_key_id = AKIABOB
aws_secret_access_key = s
[profile sso]
sso_session = company
[profile one]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = two
[profile two]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = one
[profile lost]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = nowhere
[profile long]
role_arn = arn:aws:iam::222222222222:role/Hub
source_profile = alice
duration_seconds = 60
";

    async fn resolve(name: &str) -> Result<ProfileChain, String> {
        let fs = Fs::from_slice(&[("/home/.aws/config", CONFIG)]);
        let env = Env::from_slice(&[("HOME", "/home")]);
        let profiles = aws_config::profile::load(&fs, &env, &EnvConfigFiles::default(), None)
            .await
            .unwrap();
        ProfileChain::resolve(&profiles, name, true).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn chain_is_resolved_to_keys_and_mfa_device() {
        let chain = resolve("audit").await.unwrap();
        assert!(matches!(chain.root, Root::Profile(name) if name == "alice"));
        assert_eq!(
            chain.mfa_serial.unwrap().as_str(),
            "arn:aws:iam::111111111111:mfa/alice"
        );
        let roles: Vec<_> = chain
            .roles
            .iter()
            .map(|hop| (hop.role.name(), hop.duration, hop.external_id.as_deref()))
            .collect();
        assert_eq!(
            roles,
            [
                ("Hub", Some(Duration::from_hours(2)), Some("between-us")),
                ("Audit", None, None)
            ]
        );
    }

    #[tokio::test]
    async fn profile_may_be_its_own_source() {
        let chain = resolve("itself").await.unwrap();
        assert!(matches!(chain.root, Root::Keys(keys) if keys.access_key_id() == "AKIABOB"));
        assert_eq!((chain.roles.len(), chain.mfa_serial.is_some()), (1, true));
    }

    #[tokio::test]
    async fn profile_without_role_is_left_to_the_sdk() {
        let chain = resolve("sso").await.unwrap();
        assert!(matches!(chain.root, Root::SdkChain));
        assert!(chain.roles.is_empty() && chain.mfa_serial.is_none());
    }

    #[tokio::test]
    async fn invalid_profiles_are_refused() {
        for (name, part) in [
            ("one", "its own source_profile"),
            (
                "lost",
                "`nowhere` not found in ~/.aws/config or ~/.aws/credentials, although profile `lost` names",
            ),
            ("absent", "profile `absent` not found"),
            ("long", "invalid duration_seconds in profile `long`: `60`"),
        ] {
            let error = resolve(name).await.unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
