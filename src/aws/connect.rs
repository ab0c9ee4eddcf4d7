//! One connection to AWS for a whole run: one HTTP client, one client a service, one source of credentials.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::sync::mpsc;

use super::gate::Gate;
use super::session::Session;
use super::{Caller, http};
use crate::model::{ApiCall, Partition, Region};
use crate::throttle::Quotas;
use crate::time::Clock;

/// How long to wait for a connection, for the head of an answer, and for all of it. AWS answers within
/// seconds; a call that hangs is asked again.
const CONNECT: Duration = Duration::from_secs(5);
const READ: Duration = Duration::from_secs(30);
const ATTEMPT: Duration = Duration::from_mins(1);

/// What a connection needs to know.
#[derive(Debug)]
pub struct ConnectOptions {
    /// Where calls go.
    pub wire: Wire,
    /// The time.
    pub clock: Clock,
    /// AWS's rates, and the share of them to use.
    pub quotas: Quotas,
    /// How many calls may be under way at once, over all accounts; at least 1.
    pub concurrency: usize,
    /// Who is told of every attempt at a call. Calls wait while this is full.
    pub audit: Option<mpsc::Sender<ApiCall>>,
}

/// Where calls go.
#[derive(Debug)]
pub enum Wire {
    /// To AWS, or wherever `AWS_ENDPOINT_URL` and its like point, with the SDK's own credential chain.
    Network {
        /// The profile of `~/.aws/config`; by default `AWS_PROFILE`, else the SDK's chain.
        profile: Option<String>,
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
    pub secret_access_key: String,
}

/// A connection that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The SDK's chain found no credentials at all.
    #[error("no AWS credentials were found: set AWS_PROFILE or --profile, or log in (aws sso login)")]
    NoCredentials,
    /// The configured Region is none.
    #[error("the configured Region is not usable")]
    Region(#[from] crate::model::InvalidRegion),
}

/// A connection to AWS: everything that is asked of it goes through here.
#[derive(Debug)]
pub struct Aws {
    pub(super) clients: Clients,
    pub(super) gate: Gate,
    pub(super) audit: Option<mpsc::Sender<ApiCall>>,
    pub(super) clock: Clock,
    pub(super) caller: OnceLock<Caller>,
    source: Arc<Session>,
    home: Region,
}

/// One client a service; Region and credentials are given a call, which costs microseconds, where a
/// client of its own for each of thousands of targets would cost 16 KiB each.
#[derive(Debug)]
pub(super) struct Clients {
    pub sts: aws_sdk_sts::Client,
    pub ec2: aws_sdk_ec2::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub organizations: aws_sdk_organizations::Client,
}

impl Aws {
    /// Connects. Makes no AWS call, unless the source of the credentials needs one.
    ///
    /// # Errors
    /// There are no credentials, or the configured Region is not a Region's name.
    pub async fn connect(options: ConnectOptions) -> Result<Self, ConnectError> {
        let sdk = match options.wire {
            Wire::Network { profile, insecure_endpoint } => {
                let mut loader = aws_config::defaults(BehaviorVersion::latest())
                    .http_client(http::network(insecure_endpoint))
                    .time_source(SdkTime(options.clock.clone()));
                if let Some(profile) = profile {
                    loader = loader.profile_name(profile);
                }
                loader.load().await.into_builder()
            }
            Wire::InProcess { http, credentials, region } => {
                let StaticCredentials { access_key_id, secret_access_key } = credentials;
                let keys = Credentials::new(access_key_id, secret_access_key, None, None, "practice range");
                SdkConfig::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .http_client(http)
                    .time_source(SdkTime(options.clock.clone()))
                    .credentials_provider(SharedCredentialsProvider::new(keys))
                    .region(aws_types::region::Region::new(String::from(region)))
            }
        };
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(READ).operation_attempt_timeout(ATTEMPT);
        let sdk = sdk
            .sleep_impl(TokioSleep::new())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build())
            // The attempt's timeout bounds a stalled body too, and it counts tokio's time.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(aws_config::identity::IdentityCache::no_cache());
        let sdk = match AppName::new(concat!("dragnet-", env!("CARGO_PKG_VERSION"))) {
            Ok(name) => sdk.app_name(name).build(),
            Err(_) => sdk.build(),
        };
        let credentials = sdk.credentials_provider().ok_or(ConnectError::NoCredentials)?;
        let home = match sdk.region() {
            Some(region) => region.as_ref().parse()?,
            None => Partition::Aws.default_region(),
        };
        Ok(Self {
            clients: Clients {
                sts: aws_sdk_sts::Client::new(&sdk),
                ec2: aws_sdk_ec2::Client::new(&sdk),
                logs: aws_sdk_cloudwatchlogs::Client::new(&sdk),
                organizations: aws_sdk_organizations::Client::new(&sdk),
            },
            gate: Gate::new(options.quotas, options.concurrency),
            audit: options.audit,
            clock: options.clock,
            caller: OnceLock::new(),
            source: Session::of_source(credentials),
            home,
        })
    }

    /// The source credentials' own session.
    pub fn source(&self) -> &Arc<Session> {
        &self.source
    }

    /// The Region in which STS and global services are asked: the configured one, else us-east-1.
    pub fn home(&self) -> &Region {
        &self.home
    }
}

/// Our clock, as the SDK asks for the time of a signature.
#[derive(Debug)]
struct SdkTime(Clock);

impl TimeSource for SdkTime {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}
