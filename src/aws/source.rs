//! The source credentials: from the configured profile, or from the SDK's credential chain.

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};
use secrecy::ExposeSecret;
use tracing::warn;

use super::error::causes;
use super::portal_login::{PortalLogin, PortalSettings};
use super::process_credentials::ProcessCredentials;
use super::profile::{ProfileChain, ProfileError, Root};
use super::profile_files::ProfileFiles;
use super::sdk_time::SdkTime;
use dragnet_model::time::Clock;

/// The source credentials and settings from the AWS files and the environment.
pub(super) struct SourceCredentials {
    /// The Region, the endpoints, and the provider of the source credentials.
    pub sdk: SdkConfig,
    /// The settings of the profile that the SDK does not support.
    pub chain: ProfileChain,
    /// The login to the access portal, if there is one.
    pub portal: Option<PortalLogin>,
    /// The profile's name or `environment`, under which the MFA session is cached.
    pub profile: String,
}

/// The profile that applies, and the files that define it.
#[derive(Debug)]
pub(super) struct SelectedProfile {
    /// The profiles of both files.
    pub files: ProfileFiles,
    /// The name of the profile, if the user or the environment names one.
    name: Option<String>,
    /// Its credentials and roles.
    chain: ProfileChain,
    /// The profile's name or `environment`.
    source_name: String,
}

impl SelectedProfile {
    /// Finds the profile that applies. A profile that is `named` takes precedence over keys in the
    /// environment, as in the AWS CLI.
    pub(super) async fn find(
        named: Option<&str>,
        env: &Env,
        fs: &Fs,
    ) -> Result<Self, ProfileError> {
        let variable = |name: &str| env.get(name).ok().filter(|value| !value.is_empty());
        // Source: botocore, `BOTOCORE_DEFAULT_SESSION_VARIABLES`: `AWS_DEFAULT_PROFILE` is read
        // first.
        let of_environment = || variable("AWS_DEFAULT_PROFILE").or_else(|| variable("AWS_PROFILE"));
        let name = named.map(str::to_owned).or_else(of_environment);
        let uses_environment = named.is_none() && variable("AWS_ACCESS_KEY_ID").is_some();
        let files = match ProfileFiles::load(env, fs).await {
            Ok(files) => files,
            // The files are not needed for the credentials.
            Err(error) if uses_environment => {
                warn!("the AWS profiles are not used: {}", causes(&error));
                ProfileFiles::default()
            }
            Err(error) => return Err(error.into()),
        };
        if uses_environment {
            return Ok(Self {
                files,
                name,
                chain: ProfileChain::default(),
                source_name: "environment".to_owned(),
            });
        }
        let selected = name.as_deref().unwrap_or("default");
        let mut chain = ProfileChain::resolve(&files, selected, name.is_some())?;
        if let (Some(named), Root::SdkChain) = (named, &chain.root)
            && variable("AWS_ACCESS_KEY_ID").is_some()
        {
            // The SDK's chain would take the keys in the environment.
            chain.root = Root::Profile(named.to_owned());
        }
        Ok(Self {
            source_name: selected.to_owned(),
            files,
            name,
            chain,
        })
    }

    /// Returns the SSO session of the profile, if it has a complete one.
    pub(super) fn portal(&self) -> Option<PortalSettings> {
        let session = self.value("sso_session")?;
        let value = |key| self.files.sso_session_value(session, key);
        Some(PortalSettings {
            session: session.to_owned(),
            start_url: value("sso_start_url")?.to_owned(),
            region: value("sso_region")?.parse().ok()?,
        })
    }

    /// Returns the value of a key of the profile.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        let name = self.name.as_deref().unwrap_or("default");
        self.files.get(name)?.get(key)
    }
}

/// What the providers of source credentials need.
pub(super) struct SourceContext {
    /// The client for sources outside this host.
    pub client: SharedHttpClient,
    /// The clock.
    pub clock: Clock,
    /// The environment variables that a `credential_process` does not get.
    pub secret_variables: Vec<String>,
}

/// Loads the SDK's settings, and creates the provider of the source credentials.
pub(super) async fn load(selected: SelectedProfile, context: SourceContext) -> SourceCredentials {
    let portal = selected.portal().map(PortalLogin::Session);
    let SelectedProfile {
        files,
        name,
        chain,
        source_name,
    } = selected;
    let files = files.to_sdk_files();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(context.client.clone())
        .time_source(SdkTime(context.clock.clone()))
        .profile_files(files.clone());
    if let Some(name) = &name {
        loader = loader.profile_name(ProfileFiles::sdk_name(name));
    }
    let mut sdk = loader.load().await;
    if let Some(provider) = create_provider(&chain.root, &sdk, files, context) {
        sdk = sdk.into_builder().credentials_provider(provider).build();
    }
    SourceCredentials {
        sdk,
        chain,
        portal,
        profile: source_name,
    }
}

/// Creates the provider for the root of a chain; `None` for the SDK's own chain.
fn create_provider(
    root: &Root,
    sdk: &SdkConfig,
    files: EnvConfigFiles,
    context: SourceContext,
) -> Option<SharedCredentialsProvider> {
    let config = ProviderConfig::without_region()
        .with_region(sdk.region().cloned())
        .with_http_client(context.client)
        .with_time_source(SdkTime(context.clock.clone()))
        .with_sleep_impl(TokioSleep::new());
    Some(match root {
        Root::SdkChain => return None,
        Root::Keys(keys) => SharedCredentialsProvider::new(keys.clone()),
        Root::Process(command) => SharedCredentialsProvider::new(ProcessCredentials::new(
            command.expose_secret().to_owned(),
            context.secret_variables,
        )),
        Root::Environment => {
            SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
        }
        Root::Instance => SharedCredentialsProvider::new(
            ImdsCredentialsProvider::builder()
                .configure(&config)
                .build(),
        ),
        Root::Container => SharedCredentialsProvider::new(
            EcsCredentialsProvider::builder().configure(&config).build(),
        ),
        Root::Profile(name) => SharedCredentialsProvider::new(
            ProfileFileCredentialsProvider::builder()
                .configure(&config)
                .profile_files(files)
                .profile_name(ProfileFiles::sdk_name(name))
                .build(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "
[default]
region = eu-west-3
mfa_serial = arn:aws:iam::111111111111:mfa/alice
[profile audit]
role_arn = arn:aws:iam::222222222222:role/Audit
source_profile = keys
[profile keys]
aws_access_key_id = AKIA
aws_secret_access_key = s
mfa_serial = arn:aws:iam::111111111111:mfa/alice
";

    async fn find_profile(
        named: Option<&str>,
        variables: &[(&str, &str)],
    ) -> (String, bool, usize) {
        let env = Env::from_slice(&[&[("HOME", "/home")], variables].concat());
        let fs = Fs::from_slice(&[("/home/.aws/config", CONFIG)]);
        let selected = SelectedProfile::find(named, &env, &fs).await.unwrap();
        let chain = selected.chain;
        (
            selected.source_name,
            chain.mfa_serial.is_some(),
            chain.roles.len(),
        )
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
        let selected = SelectedProfile::find(None, &nothing, &Fs::from_slice(&[]))
            .await
            .unwrap();
        assert!(matches!(selected.chain.root, Root::SdkChain));
        let both = [("AWS_PROFILE", "default"), ("AWS_DEFAULT_PROFILE", "audit")];
        assert_eq!(
            find_profile(None, &both).await,
            ("audit".to_owned(), true, 1),
            "AWS_DEFAULT_PROFILE takes precedence, as in botocore"
        );
    }
}
