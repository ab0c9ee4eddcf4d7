//! Creates the connection of a whole run: one HTTP client, one SDK client per service, and one
//! source of credentials.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::os_shim_internal::{Env, Fs};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::bounded_connector::bound_responses;
use super::call_limiter::CallLimiter;
use super::client::{Aws, Clients};
use super::descriptor_limit::DescriptorLimit;
use super::http;
use super::mfa::{CodeSource, Device, SerialOrigin};
use super::network::{NetworkError, NetworkSettings};
use super::object_budget::ObjectBudget;
use super::portal_login::{Portal, PortalLogin};
use super::profile::{ProfileChain, ProfileError, ProfileRole};
use super::query_limiter::QueryLimiter;
use super::response_budget::ResponseBudget;
use super::sdk_time::SdkTime;
use super::session::{RoleHop, Session};
use super::source::{self, SelectedProfile, SourceContext, SourceCredentials};
use crate::config::Identity;
use crate::throttle::Quotas;
use dragnet_model::time::Clock;
use dragnet_model::{ApiCall, InvalidRegion, Partition, Region};

/// The timeouts for a connection and for the head of a response; `bounded_connector.rs` has those
/// for the rest. AWS responds within seconds; a call that hangs is retried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The settings of a connection.
#[derive(Debug)]
pub struct ConnectOptions {
    /// Where calls are sent.
    pub wire: Wire,
    /// The profile, the MFA device, and the parameters of assumed roles.
    pub identity: Identity,
    /// Supplies the code of the MFA device, if there is a device.
    pub codes: Arc<dyn CodeSource>,
    /// The directory in which an MFA session is cached until it expires; `None` caches nothing.
    pub mfa_sessions: Option<PathBuf>,
    /// The clock.
    pub clock: Clock,
    /// AWS's rates, and the share of them to use.
    pub quotas: Quotas,
    /// The maximum number of calls in flight, over all accounts; `None` is as many as the host
    /// allows. Over the network it is limited by the number of connections that the process may
    /// open.
    pub concurrency: Option<usize>,
    /// Receives every attempt at a call. Calls wait while this channel is full.
    pub audit: Option<mpsc::Sender<ApiCall>>,
}

/// Where calls are sent.
#[derive(Debug)]
pub enum Wire {
    /// To AWS, or to the endpoint that `AWS_ENDPOINT_URL` and similar variables name, with the
    /// SDK's credential chain.
    Network {
        /// Whether plain HTTP to an endpoint on another host is allowed.
        insecure_endpoint: bool,
        /// The environment variables that a `credential_process` does not get.
        secret_variables: Vec<String>,
    },
    /// To a practice range inside this process.
    InProcess {
        /// The HTTP client of the range.
        http: SharedHttpClient,
        /// The credentials of the calls.
        credentials: StaticCredentials,
        /// The Region to which calls of global services are sent.
        region: Region,
    },
}

/// A long-term access key of the practice range, which is valid nowhere else.
#[derive(Clone, Debug)]
pub struct StaticCredentials {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: SecretString,
    /// The token of a login to the access portal, if permission sets are to be used.
    pub portal_token: Option<SecretString>,
}

/// Why a connection cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The SDK's credential chain found no credentials.
    #[error(
        "no AWS credentials found: run `aws login` or `aws sso login`, or set AWS_PROFILE or --profile"
    )]
    NoCredentials,
    /// The profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The proxy or the certificates cannot be used.
    #[error("cannot use the network settings")]
    Network(#[from] NetworkError),
    /// The permission set cannot be used.
    #[error(
        "identity.permission_set needs a profile with an sso_session (`aws configure sso`), but profile `{0}` has none"
    )]
    NoPortal(String),
    /// The configured Region is not a valid Region name.
    #[error("the configured Region is invalid")]
    Region(#[from] InvalidRegion),
}

/// Finds the source credentials of AWS or of the practice range, with an HTTP client whose
/// responses are bounded.
async fn find_source(
    wire: Wire,
    profile: Option<&str>,
    clock: Clock,
    idle_per_host: usize,
) -> Result<SourceCredentials, ConnectError> {
    let response_budget = ResponseBudget::new();
    match wire {
        Wire::Network {
            insecure_endpoint,
            secret_variables,
        } => {
            let env = Env::real();
            let fs = Fs::real();
            let selected = SelectedProfile::find(profile, &env, &fs).await?;
            let network = NetworkSettings::read(&env, &fs, selected.value("ca_bundle")).await?;
            let client = http::network_client(network, insecure_endpoint, idle_per_host);
            let context = SourceContext {
                client: bound_responses(client, response_budget),
                clock,
                secret_variables,
            };
            Ok(source::load(selected, context).await)
        }
        Wire::InProcess {
            http,
            credentials,
            region,
        } => {
            let client = bound_responses(http, response_budget);
            let time = SdkTime(clock);
            Ok(practice_credentials(credentials, region, client, time))
        }
    }
}

/// Returns the source credentials of the practice range.
fn practice_credentials(
    credentials: StaticCredentials,
    region: Region,
    client: SharedHttpClient,
    time: SdkTime,
) -> SourceCredentials {
    let StaticCredentials {
        access_key_id,
        secret_access_key,
        portal_token,
    } = credentials;
    let secret = secret_access_key.expose_secret();
    let keys = Credentials::new(access_key_id, secret, None, None, "practice range");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(client)
        .time_source(time)
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .region(aws_types::region::Region::new(String::from(region.clone())))
        .build();
    SourceCredentials {
        sdk,
        chain: ProfileChain::default(),
        portal: portal_token.map(|token| PortalLogin::Practice { token, region }),
        profile: "practice range".to_owned(),
    }
}

/// Replaces the SDK's retries, timeouts and caches with Dragnet's own.
fn with_own_policies(sdk: SdkConfig) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT);
    sdk.into_builder()
        .sleep_impl(TokioSleep::new())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts.build())
        // The timeout of the bounded connector covers stalled bodies too, and it uses tokio's
        // time.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .identity_cache(aws_config::identity::IdentityCache::no_cache())
        .build()
}

impl Aws {
    /// Connects. Makes no AWS call, unless the source of the credentials needs one.
    ///
    /// # Errors
    /// There are no credentials, or the configured Region is not a valid Region name.
    pub async fn connect(options: ConnectOptions) -> Result<Self, ConnectError> {
        let limit = match &options.wire {
            Wire::Network { .. } => DescriptorLimit::for_process(options.concurrency),
            Wire::InProcess { .. } => DescriptorLimit::unbounded(options.concurrency),
        };
        let identity = options.identity;
        let SourceCredentials {
            sdk,
            chain,
            portal,
            profile,
        } = Box::pin(find_source(
            options.wire,
            identity.profile.as_deref(),
            options.clock.clone(),
            limit.idle_per_host,
        ))
        .await?;
        let sdk = with_own_policies(sdk);
        let credentials = sdk
            .credentials_provider()
            .ok_or(ConnectError::NoCredentials)?;
        let home = home_region(&sdk, &identity)?;
        let portal = match (&identity.permission_set, portal) {
            (None, _) => None,
            (Some(_), Some(login)) => {
                Some(Arc::new(Box::pin(Portal::from_login(login, &sdk)).await))
            }
            (Some(_), None) => return Err(ConnectError::NoPortal(profile)),
        };
        let source = Session::from_source(credentials, chain.login.advice());
        let serial = match (identity.mfa_serial.clone(), chain.mfa_serial) {
            (Some(serial), _) => Some((serial, SerialOrigin::Configuration)),
            (None, Some(serial)) => Some((serial, SerialOrigin::Profile)),
            (None, None) => None,
        };
        let mfa = serial.map(|(serial, origin)| {
            let directory = options.mfa_sessions.as_deref();
            source.with_mfa(Device::new(
                serial,
                origin,
                options.codes,
                directory,
                &profile,
            ))
        });
        let base = mfa.as_ref().unwrap_or(&source);
        let profile_roles = assume_profile_roles(chain.roles, base, &identity);
        Ok(Self {
            clients: Clients::new(&sdk),
            query_limiter: Arc::new(QueryLimiter::new(&options.quotas)),
            call_limiter: Arc::new(CallLimiter::new(options.quotas, limit.calls)),
            object_budget: ObjectBudget::new(),
            stop: CancellationToken::new(),
            audit: options.audit,
            clock: options.clock,
            caller: OnceLock::new(),
            durations: Arc::default(),
            source,
            mfa,
            profile_roles,
            portal,
            home,
        })
    }
}

/// Returns the Region for STS and global services.
fn home_region(sdk: &SdkConfig, identity: &Identity) -> Result<Region, InvalidRegion> {
    if let Some(region) = sdk.region() {
        return region.as_ref().parse();
    }
    let partition = identity.partition().unwrap_or(Partition::Aws);
    Ok(partition.default_region())
}

/// Returns the sessions of the profile's roles, the first of which is assumed from `base`.
fn assume_profile_roles(
    roles: Vec<ProfileRole>,
    base: &Arc<Session>,
    identity: &Identity,
) -> Vec<Arc<Session>> {
    let mut sessions: Vec<Arc<Session>> = Vec::new();
    for role in roles {
        let parent = sessions.last().unwrap_or(base);
        let session = parent.assume(profile_hop(role, identity));
        sessions.push(session);
    }
    sessions
}

/// Converts a role of the profile to a hop. The configuration supplies what the profile does not
/// define.
fn profile_hop(role: ProfileRole, identity: &Identity) -> RoleHop {
    RoleHop {
        role: role.role,
        external_id: role.external_id,
        session_name: role.session_name.unwrap_or_else(|| "dragnet".to_owned()),
        source_identity: identity.source_identity.as_ref().map(ToString::to_string),
        duration: role
            .duration
            .unwrap_or_else(|| identity.session_duration.get()),
        policy: None,
    }
}
