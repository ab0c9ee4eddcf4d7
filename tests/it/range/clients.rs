//! SDK clients that talk to a range in this process.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::TimeSource;
use aws_smithy_types::retry::RetryConfig;
use dragnet::aws::range_connector;
use dragnet_model::time::Clock;
use dragnet_range::{PracticeCredentials, Range, Scenario};

use crate::scenario::ScenarioBuilder;

#[derive(Debug)]
struct ClockTime(Clock);

impl TimeSource for ClockTime {
    fn now(&self) -> std::time::SystemTime {
        self.0.now().into()
    }
}

/// A range of a scenario, with its clock.
pub(crate) struct World {
    pub range: Range,
    clock: Clock,
}

impl World {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let clock = scenario.clock();
        Self {
            range: Range::new(scenario, None, clock.clone()).unwrap(),
            clock,
        }
    }

    /// Wraps an existing range.
    pub(crate) fn from_range(range: Range, clock: Clock) -> Self {
        Self { range, clock }
    }

    pub(crate) fn small() -> Self {
        Self::new(&Scenario::builtin("small").unwrap())
    }

    /// Creates the range of a scenario with one management account and one member account, plus
    /// `rest`.
    pub(crate) fn tiny(rest: &str) -> Self {
        let scenario = ScenarioBuilder::new("tiny")
            .opt_in_regions(&["ap-east-1"])
            .account("222222222222", "member")
            .with(rest);
        Self::new(&Scenario::from_toml(&scenario.toml()).unwrap())
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn config(&self, credentials: Credentials, region: &str) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(range_connector::http_client(self.range.clone()))
            .time_source(ClockTime(self.clock.clone()))
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                TokioSleep::new(),
            ))
            .retry_config(RetryConfig::disabled())
            .credentials_provider(
                aws_credential_types::provider::SharedCredentialsProvider::new(credentials),
            )
            .region(Region::new(region.to_owned()))
            .build()
    }

    pub(crate) fn responder(&self) -> SdkConfig {
        self.config(long_term(&self.range.credentials()), "us-east-1")
    }

    /// Returns the configuration of the user with this access key.
    pub(crate) fn user(&self, access_key_id: &str) -> SdkConfig {
        self.config(
            long_term(&self.range.credentials_of_key(access_key_id)),
            "us-east-1",
        )
    }

    /// Returns a session of the responder in a role of another account.
    pub(crate) async fn assume(&self, account: &str, role: &str, region: &str) -> SdkConfig {
        let sts = aws_sdk_sts::Client::new(&self.responder());
        let arn = format!("arn:aws:iam::{account}:role/{role}");
        let response = sts
            .assume_role()
            .role_arn(arn)
            .role_session_name("practice")
            .send()
            .await
            .unwrap();
        self.config(temporary(response.credentials().unwrap()), region)
    }
}

pub(crate) fn long_term(user: &PracticeCredentials) -> Credentials {
    Credentials::new(
        &user.access_key_id,
        &user.secret_access_key,
        None,
        None,
        "range",
    )
}

pub(crate) fn temporary(credentials: &aws_sdk_sts::types::Credentials) -> Credentials {
    let token = Some(credentials.session_token().to_owned());
    Credentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key(),
        token,
        None,
        "range",
    )
}
