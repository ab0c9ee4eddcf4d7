//! From settings to a connection: to AWS, or to the practice range.

use tokio::sync::mpsc;

use super::CommandError;
use crate::aws::{Aws, ConnectOptions, StaticCredentials, Wire};
use crate::cli::UsageError;
use crate::cli::settings::{GlobalSettings, Reach};
use crate::model::ApiCall;
use crate::range::{self, Range, Scenario};
use crate::throttle::{QuotaTable, Quotas};
use crate::time::Clock;

/// The scenario of `--practice`.
const PRACTICE: &str = "small";

/// Where a command works.
#[derive(Clone, Debug)]
pub enum Place {
    /// On AWS.
    Aws {
        /// Whether a plain HTTP endpoint on another machine may be called.
        insecure_endpoint: bool,
    },
    /// On a practice range in this process.
    Practice {
        /// The range.
        range: Range,
        /// Its clock, which starts at its scenario's date.
        clock: Clock,
    },
}

impl Place {
    /// The place that the settings name.
    ///
    /// # Errors
    /// The practice range cannot be made.
    pub fn of(settings: &GlobalSettings) -> Result<Self, CommandError> {
        if settings.practice {
            Self::practising(&Scenario::builtin(PRACTICE)?)
        } else {
            Ok(Self::Aws { insecure_endpoint: settings.insecure_endpoint })
        }
    }

    /// A practice range of this scenario, which throttles as AWS does.
    ///
    /// # Errors
    /// The scenario contradicts itself.
    pub fn practising(scenario: &Scenario) -> Result<Self, CommandError> {
        let clock = scenario.clock();
        let range = Range::new(scenario, None, clock.clone())?;
        range.enforce(range::Quotas::Real)?;
        Ok(Self::Practice { range, clock })
    }

    /// The time there.
    pub fn clock(&self) -> Clock {
        match self {
            Self::Aws { .. } => Clock::wall(),
            Self::Practice { clock, .. } => clock.clone(),
        }
    }

    /// Connects, and tells `audit` of every call.
    ///
    /// # Errors
    /// There are no credentials, or a quota of the configuration cannot be kept.
    pub async fn connect(&self, reach: &Reach, audit: Option<mpsc::Sender<ApiCall>>) -> Result<Aws, CommandError> {
        let wire = match self {
            Self::Aws { insecure_endpoint } => {
                Wire::Network { profile: reach.identity.profile.clone(), insecure_endpoint: *insecure_endpoint }
            }
            Self::Practice { range, .. } => {
                let range::PracticeCredentials { access_key_id, secret_access_key, region } = range.credentials();
                Wire::InProcess {
                    http: range::connector::http_client(range.clone()),
                    credentials: StaticCredentials { access_key_id, secret_access_key },
                    region,
                }
            }
        };
        let options = ConnectOptions {
            wire,
            clock: self.clock(),
            quotas: quotas(reach)?,
            concurrency: reach.limits.concurrency.get(),
            audit,
        };
        Ok(Aws::connect(options).await?)
    }
}

fn quotas(reach: &Reach) -> Result<Quotas, UsageError> {
    let mut table = QuotaTable::built_in()?;
    for (operation, region, rate) in reach.limits.quotas.iter() {
        table.set(operation, region.cloned(), rate)?;
    }
    Ok(Quotas::new(table, reach.limits.quota_share.get()))
}
