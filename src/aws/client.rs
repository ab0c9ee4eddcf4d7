//! The connection to AWS: one SDK client per service, the limits on calls, and the sessions.

use std::sync::{Arc, OnceLock};

use aws_config::SdkConfig;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::call_limiter::CallLimiter;
use super::caller::Caller;
use super::mfa::{Device, MfaStatus};
use super::object_budget::ObjectBudget;
use super::portal_login::Portal;
use super::query_limiter::{QueryLimiter, QueryPermits};
use super::session::Session;
use super::session_durations::SessionDurations;
use dragnet_model::time::Clock;
use dragnet_model::{ApiCall, Region, SlowedRate, Target};

/// A connection to AWS. Every call is made through it.
#[derive(Clone, Debug)]
pub struct Aws {
    pub(super) clients: Clients,
    pub(super) call_limiter: Arc<CallLimiter>,
    /// Shared by all runs of the connection.
    pub(super) query_limiter: Arc<QueryLimiter>,
    /// The memory for objects of buckets, shared by all runs of the connection.
    pub(super) object_budget: ObjectBudget,
    /// Once it is cancelled, no further call of this connection is sent.
    pub(super) stop: CancellationToken,
    pub(super) audit: Option<mpsc::Sender<ApiCall>>,
    pub(super) clock: Clock,
    pub(super) caller: OnceLock<Caller>,
    /// The session durations that roles are known to allow.
    pub(super) durations: Arc<SessionDurations>,
    pub(super) source: Arc<Session>,
    pub(super) mfa: Option<Arc<Session>>,
    pub(super) profile_roles: Vec<Arc<Session>>,
    /// The login to IAM Identity Center, if permission sets are to be used.
    pub(super) portal: Option<Arc<Portal>>,
    pub(super) home: Region,
}

/// One client per service. Region and credentials are set per call, which costs microseconds; a
/// client for each of thousands of account-Regions would cost 16 KiB each.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    #[cfg(feature = "athena")]
    pub athena: aws_sdk_athena::Client,
    pub sts: aws_sdk_sts::Client,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub ec2: aws_sdk_ec2::Client,
    pub eventbridge: aws_sdk_eventbridge::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub iam: aws_sdk_iam::Client,
    pub observability: aws_sdk_observabilityadmin::Client,
    pub organizations: aws_sdk_organizations::Client,
    pub s3: aws_sdk_s3::Client,
    pub sns: aws_sdk_sns::Client,
    pub sso: aws_sdk_sso::Client,
}

impl Clients {
    pub(super) fn new(sdk: &SdkConfig) -> Self {
        Self {
            #[cfg(feature = "athena")]
            athena: aws_sdk_athena::Client::new(sdk),
            sts: aws_sdk_sts::Client::new(sdk),
            cloudtrail: aws_sdk_cloudtrail::Client::new(sdk),
            ec2: aws_sdk_ec2::Client::new(sdk),
            eventbridge: aws_sdk_eventbridge::Client::new(sdk),
            logs: aws_sdk_cloudwatchlogs::Client::new(sdk),
            iam: aws_sdk_iam::Client::new(sdk),
            observability: aws_sdk_observabilityadmin::Client::new(sdk),
            organizations: aws_sdk_organizations::Client::new(sdk),
            s3: aws_sdk_s3::Client::new(sdk),
            sns: aws_sdk_sns::Client::new(sdk),
            sso: aws_sdk_sso::Client::new(sdk),
        }
    }
}

impl Aws {
    /// Returns the same connection, with its quotas and sessions, for a run that has a separate
    /// audit.
    #[must_use]
    pub fn with_audit(&self, audit: mpsc::Sender<ApiCall>) -> Self {
        Self {
            audit: Some(audit),
            ..self.clone()
        }
    }

    /// Returns the same connection, which sends no further call once `stop` is cancelled. Calls in
    /// flight continue; waiting calls fail as [`super::ErrorClass::Interrupted`].
    #[must_use]
    pub fn with_cancellation(self, stop: CancellationToken) -> Self {
        Self { stop, ..self }
    }

    /// Returns the permits for the Insights queries of an account-Region, which all runs of this
    /// connection share.
    pub fn query_permits(&self, target: &Target) -> Arc<QueryPermits> {
        self.query_limiter.permits(target)
    }

    /// Returns the quotas for which AWS throttled a call, sorted by operation, account and Region.
    pub fn slowed_rates(&self) -> Vec<SlowedRate> {
        let slowed = self
            .call_limiter
            .slowed()
            .into_iter()
            .map(|(key, quota_limiter)| quota_limiter.limiter.slowed_rate(&key));
        let mut slowed: Vec<SlowedRate> = slowed.collect();
        slowed.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
        slowed
    }

    /// The session of the source credentials.
    pub fn source(&self) -> &Arc<Session> {
        &self.source
    }

    /// The session from which every role chain starts: that of the profile's last role, else the
    /// MFA session, else that of the source credentials.
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

    /// Whether there is an MFA device that is used, so that every session depends on one of its
    /// codes.
    pub fn has_mfa(&self) -> bool {
        let device = self.mfa.as_ref().and_then(|session| session.device());
        device.is_some_and(|device| !device.is_unused())
    }

    /// The MFA device and when its session ends, if there is a device that is used.
    pub async fn mfa(&self) -> Option<MfaStatus> {
        let session = self.mfa.as_ref()?;
        let device = session.device().filter(|device| !device.is_unused())?;
        let serial = device.serial().clone();
        Some(MfaStatus {
            serial,
            session_until: session.expiry().await,
        })
    }

    /// Removes the cached MFA session. Returns `false` if none was cached.
    ///
    /// # Errors
    /// The cache file cannot be removed.
    pub fn forget_mfa_session(&self) -> std::io::Result<bool> {
        self.mfa
            .as_ref()
            .and_then(|session| session.device())
            .map_or(Ok(false), Device::forget_session)
    }

    /// The Region for STS and global services: the configured one, else the default one of the
    /// partition that the configuration names, else us-east-1.
    pub fn home(&self) -> &Region {
        &self.home
    }
}
