//! The source credentials: from the configured profile, or from the SDK's credential chain.

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};

use super::profile::{ProfileChain, ProfileError, Root};
use super::sdk_time::SdkTime;

/// The source credentials and settings from the AWS files and the environment.
pub(super) struct SourceCredentials {
    /// The Region, the endpoints, and the provider of the source credentials.
    pub sdk: SdkConfig,
    /// The settings of the profile that the SDK does not support.
    pub chain: ProfileChain,
    /// The profile's name or `environment`, under which the MFA session is cached.
    pub profile: String,
}

/// Finds the source credentials; `client` is used for sources outside this host. A profile that is
/// `named` takes precedence over keys in the environment, as in the AWS CLI; in the SDK the keys
/// would take precedence.
pub(super) async fn find(
    named: Option<&str>,
    client: SharedHttpClient,
    time: SdkTime,
) -> Result<SourceCredentials, ProfileError> {
    let env = Env::real();
    let (mut chain, profile) = resolve_chain(named, &env, &Fs::real()).await?;
    if let (Some(name), Root::SdkChain) = (named, &chain.root) {
        chain.root = Root::Profile(name.to_owned());
    }
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(client.clone())
        .time_source(time.clone());
    if let Some(name) = named {
        loader = loader.profile_name(name);
    }
    let sdk = loader.load().await;
    let provider = match &chain.root {
        Root::SdkChain => {
            return Ok(SourceCredentials {
                sdk,
                chain,
                profile,
            });
        }
        Root::Keys(keys) => SharedCredentialsProvider::new(keys.clone()),
        Root::Profile(name) => {
            let config = ProviderConfig::without_region()
                .with_region(sdk.region().cloned())
                .with_http_client(client)
                .with_time_source(time)
                .with_sleep_impl(TokioSleep::new());
            let provider = ProfileFileCredentialsProvider::builder()
                .configure(&config)
                .profile_name(name)
                .build();
            SharedCredentialsProvider::new(provider)
        }
    };
    let sdk = sdk.into_builder().credentials_provider(provider).build();
    Ok(SourceCredentials {
        sdk,
        chain,
        profile,
    })
}

/// Resolves the profile that applies. Returns its chain and its name.
async fn resolve_chain(
    named: Option<&str>,
    env: &Env,
    fs: &Fs,
) -> Result<(ProfileChain, String), ProfileError> {
    let variable = |name: &str| env.get(name).ok().filter(|value| !value.is_empty());
    if named.is_none() && variable("AWS_ACCESS_KEY_ID").is_some() {
        return Ok((ProfileChain::default(), "environment".to_owned()));
    }
    let env_profile = variable("AWS_PROFILE");
    let must_exist = named.is_some() || env_profile.is_some();
    let selected = named
        .map(str::to_owned)
        .or(env_profile)
        .unwrap_or_else(|| "default".to_owned());
    let profiles = aws_config::profile::load(fs, env, &EnvConfigFiles::default(), None).await?;
    Ok((
        ProfileChain::resolve(&profiles, &selected, must_exist)?,
        selected,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "
[default]
mfa_serial = arn:aws:iam::111111111111:mfa/alice
[profile audit]
role_arn = arn:aws:iam::222222222222:role/Audit
source_profile = default
";

    async fn find_profile(
        named: Option<&str>,
        variables: &[(&str, &str)],
    ) -> (String, bool, usize) {
        let env = Env::from_slice(&[&[("HOME", "/home")], variables].concat());
        let fs = Fs::from_slice(&[("/home/.aws/config", CONFIG)]);
        let (chain, profile) = resolve_chain(named, &env, &fs).await.unwrap();
        (profile, chain.mfa_serial.is_some(), chain.roles.len())
    }

    #[tokio::test]
    async fn named_profile_precedes_environment_keys_and_default_profile() {
        let keys = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_PROFILE", "audit")];
        assert_eq!(
            find_profile(Some("audit"), &keys).await,
            ("audit".to_owned(), true, 1)
        );
        assert_eq!(
            find_profile(None, &keys).await,
            ("environment".to_owned(), false, 0)
        );
        assert_eq!(
            find_profile(None, &keys[1..]).await,
            ("audit".to_owned(), true, 1)
        );
        assert_eq!(
            find_profile(None, &[]).await,
            ("default".to_owned(), true, 0)
        );
        let nothing = Env::from_slice(&[("HOME", "/nowhere")]);
        let (chain, _) = resolve_chain(None, &nothing, &Fs::from_slice(&[]))
            .await
            .unwrap();
        assert!(matches!(chain.root, Root::SdkChain));
    }
}
