//! One connection to AWS for a whole run: one HTTP client, one client a service, one source of credentials.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::CallError;
use super::bounded_connector::enveloped;
use super::call_limiter::CallLimiter;
use super::descriptor_limit::DescriptorLimit;
use super::http;
use super::mfa::{CodeSource, Device, MfaStanding};
use super::profile::{ProfileChain, ProfileError, ProfileRole};
use super::response_budget::ResponseBudget;
use super::session::{RoleHop, Session};
use super::source::{self, SourceCredentials};
use super::sts::{Caller, Durations};
use crate::config::Identity;
use crate::model::{ApiCall, Partition, Region, SlowedRate};
use crate::throttle::Quotas;
use crate::time::Clock;

/// How long to wait for a connection, and for the head of an answer; for the rest see `bounded_connector.rs`. AWS answers
/// within seconds; a call that hangs is asked again.
const CONNECT: Duration = Duration::from_secs(5);
const READ: Duration = Duration::from_secs(30);

/// What a connection needs to know.
#[derive(Debug)]
pub struct ConnectOptions {
    /// Where calls go.
    pub wire: Wire,
    /// As whom: profile, MFA device, and what the first role is told.
    pub identity: Identity,
    /// Who is asked for the device's code, if there is a device.
    pub codes: Arc<dyn CodeSource>,
    /// Where an MFA session is kept until it expires; `None`: nowhere.
    pub mfa_sessions: Option<PathBuf>,
    /// The time.
    pub clock: Clock,
    /// AWS's rates, and the share of them to use.
    pub quotas: Quotas,
    /// How many calls may be under way at once, over all accounts; `None`: as many as the machine lets. Over the
    /// network it is never more than the process may open connections for.
    pub concurrency: Option<usize>,
    /// Who is told of every attempt at a call. Calls wait while this is full.
    pub audit: Option<mpsc::Sender<ApiCall>>,
}

/// Where calls go.
#[derive(Debug)]
pub enum Wire {
    /// To AWS, or wherever `AWS_ENDPOINT_URL` and its like point, with the SDK's own credential chain.
    Network {
        /// Allow an endpoint in clear text on another machine.
        insecure_endpoint: bool,
    },
    /// To a practice range inside this process.
    InProcess {
        /// The range's end of the wire.
        http: SharedHttpClient,
        /// Whose calls they are.
        credentials: StaticCredentials,
        /// Where global services are asked.
        region: Region,
    },
}

/// A long-term access key of the practice range: of no use anywhere else.
#[derive(Clone, Debug)]
pub struct StaticCredentials {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: SecretString,
}

/// A connection that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The SDK's chain found no credentials at all.
    #[error(
        "no AWS credentials were found: set AWS_PROFILE or --profile, or log in (aws sso login)"
    )]
    NoCredentials,
    /// The profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The configured Region is none.
    #[error("the configured Region is not usable")]
    Region(#[from] crate::model::InvalidRegion),
}

/// A connection to AWS: everything that is asked of it goes through here.
#[derive(Clone, Debug)]
pub struct Aws {
    pub(super) clients: Clients,
    pub(super) call_limiter: Arc<CallLimiter>,
    /// Once it is cancelled, the gate lets no call of this connection out any more.
    pub(super) stop: CancellationToken,
    pub(super) audit: Option<mpsc::Sender<ApiCall>>,
    pub(super) clock: Clock,
    pub(super) caller: OnceLock<Caller>,
    /// How long roles let their sessions be.
    pub(super) durations: Arc<Durations>,
    source: Arc<Session>,
    mfa: Option<Arc<Session>>,
    profile_roles: Vec<Arc<Session>>,
    home: Region,
}

/// One client a service; Region and credentials are given a call, which costs microseconds, where a
/// client of its own for each of thousands of targets would cost 16 KiB each.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    pub sts: aws_sdk_sts::Client,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub ec2: aws_sdk_ec2::Client,
    pub eventbridge: aws_sdk_eventbridge::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub iam: aws_sdk_iam::Client,
    pub organizations: aws_sdk_organizations::Client,
    pub sns: aws_sdk_sns::Client,
}

impl Aws {
    /// Connects. Makes no AWS call, unless the source of the credentials needs one.
    ///
    /// # Errors
    /// There are no credentials, or the configured Region is not a Region's name.
    pub async fn connect(options: ConnectOptions) -> Result<Self, ConnectError> {
        let sockets = match &options.wire {
            Wire::Network { .. } => DescriptorLimit::of_this_process(options.concurrency),
            Wire::InProcess { .. } => DescriptorLimit::unbounded(options.concurrency),
        };
        let response_budget = ResponseBudget::new();
        let SourceCredentials {
            sdk,
            chain,
            profile,
        } = match options.wire {
            Wire::Network { insecure_endpoint } => {
                let client = enveloped(
                    http::network(insecure_endpoint, sockets.idle_per_host),
                    response_budget,
                );
                let named = options.identity.profile.as_deref();
                source::find(named, client, SdkTime(options.clock.clone())).await?
            }
            Wire::InProcess {
                http,
                credentials,
                region,
            } => {
                let StaticCredentials {
                    access_key_id,
                    secret_access_key,
                } = credentials;
                let secret = secret_access_key.expose_secret();
                let keys = Credentials::new(access_key_id, secret, None, None, "practice range");
                let sdk = SdkConfig::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .http_client(enveloped(http, response_budget))
                    .time_source(SdkTime(options.clock.clone()))
                    .credentials_provider(SharedCredentialsProvider::new(keys))
                    .region(aws_types::region::Region::new(String::from(region)))
                    .build();
                SourceCredentials {
                    sdk,
                    chain: ProfileChain::default(),
                    profile: "practice range".to_owned(),
                }
            }
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .read_timeout(READ);
        let sdk = sdk
            .into_builder()
            .sleep_impl(TokioSleep::new())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build())
            // The envelope's timeout bounds a stalled body too, and it counts tokio's time.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(aws_config::identity::IdentityCache::no_cache())
            .build();
        let credentials = sdk
            .credentials_provider()
            .ok_or(ConnectError::NoCredentials)?;
        let identity = options.identity;
        let home = match sdk.region() {
            Some(region) => region.as_ref().parse()?,
            None => identity
                .partition()
                .unwrap_or(Partition::Aws)
                .default_region(),
        };
        let source = Session::of_source(credentials);
        let serial = identity.mfa_serial.clone().or(chain.mfa_serial);
        let mfa = serial.map(|serial| {
            source.with_mfa(Device::new(
                serial,
                options.codes,
                options.mfa_sessions.as_deref(),
                &profile,
            ))
        });
        let mut profile_roles: Vec<Arc<Session>> = Vec::new();
        for role in chain.roles {
            let parent = profile_roles.last().or(mfa.as_ref()).unwrap_or(&source);
            profile_roles.push(parent.assume(profile_hop(role, &identity)));
        }
        Ok(Self {
            clients: Clients {
                sts: aws_sdk_sts::Client::new(&sdk),
                cloudtrail: aws_sdk_cloudtrail::Client::new(&sdk),
                ec2: aws_sdk_ec2::Client::new(&sdk),
                eventbridge: aws_sdk_eventbridge::Client::new(&sdk),
                logs: aws_sdk_cloudwatchlogs::Client::new(&sdk),
                iam: aws_sdk_iam::Client::new(&sdk),
                organizations: aws_sdk_organizations::Client::new(&sdk),
                sns: aws_sdk_sns::Client::new(&sdk),
            },
            call_limiter: Arc::new(CallLimiter::new(options.quotas, sockets.calls)),
            stop: CancellationToken::new(),
            audit: options.audit,
            clock: options.clock,
            caller: OnceLock::new(),
            durations: Arc::default(),
            source,
            mfa,
            profile_roles,
            home,
        })
    }

    /// The same connection, quotas and sessions, for a run that has an audit of its own.
    #[must_use]
    pub fn with_audit(&self, audit: mpsc::Sender<ApiCall>) -> Self {
        Self {
            audit: Some(audit),
            ..self.clone()
        }
    }

    /// Makes sure that there are credentials to begin with: AWS knows the caller, and the MFA code is given
    /// if there is a device. So nobody is asked for a code in the middle of the work.
    ///
    /// # Errors
    /// The source credentials are refused, or no MFA session can be had with them.
    pub async fn authenticate(&self) -> Result<Caller, CallError> {
        let caller = self.caller().await?;
        if let Some(session) = &self.mfa {
            self.credentials(session).await?;
        }
        Ok(caller)
    }

    /// The same connection, which lets no call out any more once `stop` is cancelled; those under way go on. What
    /// waits fails as [`super::ErrorClass::Interrupted`].
    #[must_use]
    pub fn with_cancellation(self, stop: CancellationToken) -> Self {
        Self { stop, ..self }
    }

    /// The quotas of which AWS throttled a call, in the order of operation, account and Region.
    pub fn slowed_rates(&self) -> Vec<SlowedRate> {
        let slowed = self
            .call_limiter
            .slowed()
            .into_iter()
            .map(|(key, call_limiter)| call_limiter.limiter.slowed(&key));
        let mut slowed: Vec<SlowedRate> = slowed.collect();
        slowed.sort_by(|one, other| one.place().cmp(&other.place()));
        slowed
    }

    /// The source credentials' own session.
    pub fn source(&self) -> &Arc<Session> {
        &self.source
    }

    /// The session that every role chain begins from: that of the profile's last role, else the MFA
    /// session, else the source credentials.
    pub fn base(&self) -> &Arc<Session> {
        self.profile_roles
            .last()
            .or(self.mfa.as_ref())
            .unwrap_or(&self.source)
    }

    /// The sessions of the profile's own roles, in the order in which they are assumed.
    pub fn profile_roles(&self) -> &[Arc<Session>] {
        &self.profile_roles
    }

    /// Whether there is an MFA device, so that every session stems from one of its codes.
    pub fn has_mfa(&self) -> bool {
        self.mfa.is_some()
    }

    /// The MFA device and its session, if there is a device.
    pub async fn mfa(&self) -> Option<MfaStanding> {
        let session = self.mfa.as_ref()?;
        let serial = session.device()?.serial().clone();
        Some(MfaStanding {
            serial,
            session_until: session.ends().await,
        })
    }

    /// Lets go of the MFA session that is kept for the next command. No: none was kept.
    ///
    /// # Errors
    /// Its file cannot be removed.
    pub fn forget_mfa_session(&self) -> std::io::Result<bool> {
        self.mfa
            .as_ref()
            .and_then(|session| session.device())
            .map_or(Ok(false), Device::forget_session)
    }

    /// The Region in which STS and global services are asked: the configured one, else the usual one of the
    /// partition that the configuration names, else us-east-1.
    pub fn home(&self) -> &Region {
        &self.home
    }
}

/// A profile's role as a hop; what the profile does not say, the configuration does.
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

/// Our clock, as the SDK asks for the time of a signature.
#[derive(Clone, Debug)]
pub(super) struct SdkTime(pub Clock);

impl TimeSource for SdkTime {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}
