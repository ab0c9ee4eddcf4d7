//! The practice range: an AWS organization that runs inside the process and behaves like AWS.
//!
//! It is the ground that practice, tests and benchmarks stand on. The real SDK, with its signing, parsing and errors,
//! talks to it at the wire: in the same process through [`connector::http_client`], or over loopback through
//! [`server::serve`]. Nothing of it can reach a real account.
//!
//! * `wire`: how AWS's protocols spell requests, replies and errors
//! * `access`, `policy`: who calls, and may they
//! * `world`: what there is; `scenario`: how it came to be
//! * one room a service: `logs` (with `patterns` and `insights`), `ec2`, `iam`, `sts`, `organizations`, `cloudtrail`
//! * `traffic`: what happens every day; `faults`: what goes wrong on purpose; `quotas`: what is too much

mod access;
mod call;
mod calls;
mod cloudtrail;
pub mod connector;
mod dispatch;
mod ec2;
mod faults;
#[cfg(test)]
mod fuzz;
mod iam;
mod insights;
mod logs;
mod organizations;
mod overview;
pub mod patterns;
mod policy;
mod quotas;
mod scenario;
pub mod server;
mod sts;
mod traffic;
mod wire;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

pub use calls::SeenCalls;
pub use overview::{AccountOverview, TrailOverview};
pub use quotas::Quotas;
pub use scenario::{Answer, Chapter, Scenario, ScenarioError, Search};

use access::MfaDevice;
use calls::CallLog;
use faults::Faults;
use quotas::Limiter;
use scenario::{ADMINISTRATOR, PRACTICE_USER, practice_key};
use world::World;

use crate::model::{AccountId, Region};
use crate::time::Clock;

/// How near a clock must be to the scenario's own time to be taken for the scenario's clock.
const SAME_MOMENT: SignedDuration = SignedDuration::from_hours(1);

/// An AWS organization in this process. Clones share it.
#[derive(Clone, Debug)]
pub struct Range(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    state: Mutex<State>,
}

/// All that changes.
#[derive(Debug)]
struct State {
    world: World,
    faults: Faults,
    limiter: Limiter,
    calls: CallLog,
}

/// The connection broke before an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("connection reset by peer")]
pub struct ConnectionReset;

/// Plain credentials of one of the range's users, and the Region to begin in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeCredentials {
    /// The access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The range's first Region.
    pub region: Region,
}

/// The practice user's MFA device, for an authenticator application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeMfa {
    /// Its serial number, an ARN.
    pub serial: String,
    /// Its secret in base 32.
    pub secret: String,
}

impl Range {
    /// Builds a range from a scenario. `seed` overrides the scenario's own; the same seed gives the same range.
    ///
    /// The story ends when the range begins: at the scenario's `now` if the clock is about there
    /// ([`Scenario::clock`]), else at the clock's time, so that a served range lives in the present.
    ///
    /// # Errors
    /// The scenario contradicts itself, or files that it names cannot be read.
    pub fn new(
        scenario: &Scenario,
        seed: Option<u64>,
        clock: Clock,
    ) -> Result<Self, ScenarioError> {
        let begins = beginning(scenario.now(), clock.now());
        let world = scenario::build(scenario, seed.unwrap_or_else(|| scenario.seed()), begins)?;
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

    /// Limits calls from now on; a new range does not.
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
        // Nothing panics while it holds the lock; if something did, the state would still be whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The practice user: `responder` in the management account, who may read there and assume roles anywhere.
    pub fn credentials(&self) -> PracticeCredentials {
        self.credentials_of(PRACTICE_USER)
    }

    /// A user of the management account that may do everything there; sets scenes, is not for practice.
    pub fn administrator(&self) -> PracticeCredentials {
        self.credentials_of(ADMINISTRATOR)
    }

    fn credentials_of(&self, user: &str) -> PracticeCredentials {
        self.credentials_of_key(&practice_key(self.management_account(), user))
    }

    /// The credentials that belong to an access key id of the scenario, whoever has it.
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

    /// The practice user's MFA device.
    pub fn mfa(&self) -> PracticeMfa {
        let device = self.practice_device();
        PracticeMfa {
            secret: device.secret_base32(),
            serial: device.serial,
        }
    }

    /// The code that the practice user's MFA device shows now: 6 digits, good for one use.
    pub fn mfa_code(&self) -> String {
        self.practice_device().code_at(self.clock().now())
    }

    fn practice_device(&self) -> MfaDevice {
        let world = &self.state().world;
        let management = world.organization.management;
        let serial = world.arn("iam", "", management, &format!("mfa/{PRACTICE_USER}"));
        MfaDevice::new(serial.clone(), world.mint.mfa_secret_of(&serial))
    }

    /// The management account, in which the practice user lives.
    pub fn management_account(&self) -> AccountId {
        self.state().world.organization.management
    }

    /// Every call that came in, counted by operation, account and Region.
    pub fn calls(&self) -> Vec<SeenCalls> {
        self.state().calls.seen()
    }
}

/// When the range begins. A clock that is about at the scenario's own time is rounded to it, so that two runs of one
/// scenario see the same world to the millisecond.
fn beginning(scenario: Timestamp, clock: Timestamp) -> Timestamp {
    if clock.duration_since(scenario).abs() < SAME_MOMENT {
        return scenario;
    }
    Timestamp::from_second(clock.as_second()).unwrap_or(clock)
}
