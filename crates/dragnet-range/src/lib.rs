//! The practice range: an AWS organization that runs inside the process and behaves like AWS.
//!
//! It is used for practice, tests and benchmarks. The real SDK, including its signing, parsing and
//! error handling, sends HTTP requests to it: in the same process through a connector that calls
//! [`Range::handle`], or over loopback through [`server::serve`]. The range never connects to AWS.
//!
//! It shares no code with the client, so that a mistake in one cannot hide a mistake in the other.
//!
//! * `wire`: encoding and decoding of requests, responses and errors
//! * `access`, `policy`: authentication and authorization
//! * `world`: the state of the organization; `scenario`: builds that state from a file
//! * one module per service: `logs`, `insights`, `ec2`, `iam`, `sts`, `organizations`,
//!   `cloudtrail`, `s3`, `athena`. The crates `cw_filter_pattern` and `insights_ql` evaluate filter patterns and
//!   queries.
//! * `traffic`: everyday events; `faults`: injected errors; `quotas`: throttling

mod access;
mod athena;
mod call;
mod calls;
mod cloudtrail;
mod dispatch;
mod ec2;
mod faults;
#[cfg(test)]
mod fuzz;
mod iam;
mod insights;
mod logs;
mod observability;
mod organizations;
mod overview;
mod policy;
mod portal;
mod quotas;
mod s3;
mod scenario;
pub mod server;
mod sts;
mod traffic;
mod wire;
mod world;

use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, MutexGuard};

pub use calls::CallCounts;
pub use overview::{AccountOverview, TrailOverview};
pub use quotas::Quotas;
pub use scenario::{Answer, Chapter, Scenario, ScenarioError, Search};

use access::MfaDevice;
use calls::CallLog;
use faults::Faults;
use quotas::Limiter;
use scenario::{ADMINISTRATOR, PRACTICE_USER, practice_key};
use world::World;

use dragnet_model::time::Clock;
use dragnet_model::{AccountId, Region};

/// The largest difference between the clock and the time of the scenario at which the range starts
/// at the time of the scenario.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_hours(1);

/// A simulated AWS organization. Clones share its state.
#[derive(Clone, Debug)]
pub struct Range(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    state: Mutex<State>,
}

/// The mutable state of a range.
#[derive(Debug)]
struct State {
    world: World,
    faults: Faults,
    limiter: Limiter,
    calls: CallLog,
}

/// The connection was closed before a response was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("connection reset by peer")]
pub struct ConnectionReset;

/// Access key of a user of the range, and the Region to start in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeCredentials {
    /// The id of the access key.
    pub access_key_id: String,
    /// The secret of the access key.
    pub secret_access_key: String,
    /// The first Region of the scenario.
    pub region: Region,
}

/// The MFA device of the practice user, for an authenticator application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeMfa {
    /// The serial number, an ARN.
    pub serial: String,
    /// The secret in base 32.
    pub secret: String,
}

impl Range {
    /// Builds a range from a scenario. `seed` overrides the seed of the scenario; the same seed
    /// builds the same range.
    ///
    /// The events of the scenario end when the range starts. It starts at the scenario's `now` if
    /// the clock is near that time ([`Scenario::clock`]), else at the time of the clock, so a
    /// served range is in the present.
    ///
    /// # Errors
    /// The scenario contradicts itself, or files that it names cannot be read.
    pub fn new(
        scenario: &Scenario,
        seed: Option<u64>,
        clock: Clock,
    ) -> Result<Self, ScenarioError> {
        let start = start_time(scenario.now(), clock.now());
        let world = scenario::build(scenario, seed.unwrap_or_else(|| scenario.seed()), start)?;
        let state = State {
            world,
            faults: Faults::new(scenario.faults()),
            limiter: Limiter::default(),
            calls: CallLog::default(),
        };
        Ok(Self(Arc::new(Inner {
            clock,
            state: Mutex::new(state),
        })))
    }

    /// The keys and contents of the objects of a bucket; none if there is no such bucket.
    pub fn objects(&self, bucket: &str) -> Vec<(String, Bytes)> {
        let now = self.clock().now();
        let objects = s3::stored_objects(&mut self.state().world, bucket, "", now);
        let objects = objects.unwrap_or_default().into_iter();
        objects.map(|object| (object.key, object.body)).collect()
    }

    /// The statements of all queries of Athena, in no order.
    pub fn athena_statements(&self) -> Vec<String> {
        self.state().world.athena.statements()
    }

    /// Sets whether calls are throttled; a new range does not throttle.
    ///
    /// # Errors
    /// The table of rates cannot be read.
    pub fn enforce(&self, quotas: Quotas) -> Result<(), ScenarioError> {
        let limiter =
            Limiter::new(quotas).map_err(|error| ScenarioError::Unreadable(Box::new(error)))?;
        self.state().limiter = limiter;
        Ok(())
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock; if it did, the state would still be usable.
        self.0.state.lock()
    }

    /// Credentials of the practice user: `responder` in the management account, who can read there
    /// and assume roles in every account.
    pub fn credentials(&self) -> PracticeCredentials {
        self.credentials_of(PRACTICE_USER)
    }

    /// Credentials of an administrator of the management account. Tests use them to change the
    /// organization; they are not meant for practice.
    pub fn administrator(&self) -> PracticeCredentials {
        self.credentials_of(ADMINISTRATOR)
    }

    fn credentials_of(&self, user: &str) -> PracticeCredentials {
        self.credentials_of_key(&practice_key(self.management_account(), user))
    }

    /// Credentials for any access key id of the scenario.
    pub fn credentials_of_key(&self, access_key_id: &str) -> PracticeCredentials {
        let world = &self.state().world;
        PracticeCredentials {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: world.mint.secret_of(access_key_id),
            region: world
                .regions
                .home
                .clone()
                .unwrap_or_else(|| world.partition.default_region()),
        }
    }

    /// The MFA device of the practice user.
    pub fn mfa(&self) -> PracticeMfa {
        let device = self.practice_device();
        PracticeMfa {
            secret: device.secret_base32(),
            serial: device.serial,
        }
    }

    /// The current code of the practice user's MFA device: 6 digits, accepted once.
    pub fn mfa_code(&self) -> String {
        self.practice_device().code_at(self.clock().now())
    }

    fn practice_device(&self) -> MfaDevice {
        let world = &self.state().world;
        let management = world.organization.management;
        let serial = world.arn("iam", "", management, &format!("mfa/{PRACTICE_USER}"));
        MfaDevice::new(serial.clone(), world.mint.mfa_secret_of(&serial))
    }

    /// The management account, which contains the practice user.
    pub fn management_account(&self) -> AccountId {
        self.state().world.organization.management
    }

    /// The calls that the range received, counted by operation, account and Region.
    pub fn calls(&self) -> Vec<CallCounts> {
        self.state().calls.counts()
    }
}

/// Returns the time at which the range starts. A clock near the time of the scenario is rounded to
/// it, so two runs of a scenario have the same state to the millisecond.
fn start_time(scenario: Timestamp, clock: Timestamp) -> Timestamp {
    if clock.duration_since(scenario).abs() < CLOCK_TOLERANCE {
        return scenario;
    }
    Timestamp::from_second(clock.as_second()).unwrap_or(clock)
}
