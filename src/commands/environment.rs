//! From settings to a connection: to AWS, or to the practice range.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::mpsc;

use super::CommandError;
use super::host_environment::HostEnvironment;
use super::mfa_code::Codes;
use crate::aws::{Aws, CodeSource, ConnectOptions, StaticCredentials, Wire};
use crate::cli::UsageError;
use crate::cli::settings::{GlobalSettings, Reach};
use crate::config::Concurrency;
use crate::model::ApiCall;
use crate::range::{self, Range, Scenario};
use crate::throttle::{QuotaTable, Quotas};
use crate::time::Clock;

/// The scenario of `--practice`.
pub(super) const PRACTICE: &str = "small";

/// Where a command works, and who can be asked for an MFA code there.
#[derive(Clone, Debug)]
pub struct Environment {
    world: Backend,
    codes: CodePrompt,
    /// Where MFA sessions are kept.
    state_directory: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Backend {
    /// AWS.
    Aws { insecure_endpoint: bool },
    /// A practice range in this process, with its clock, which starts at its scenario's date.
    Practice { range: Range, clock: Clock },
}

/// Who can be asked for a code.
#[derive(Clone, Debug)]
enum CodePrompt {
    /// The one who runs the command.
    AtTheMachine {
        code: Option<SecretString>,
        terminal: bool,
    },
    /// Somebody else.
    Other(Arc<dyn CodeSource>),
}

impl Environment {
    /// The place that the settings name.
    ///
    /// # Errors
    /// The practice range cannot be made.
    pub(super) fn from_settings(
        settings: GlobalSettings,
        machine: &HostEnvironment,
    ) -> Result<Self, CommandError> {
        let codes = CodePrompt::AtTheMachine {
            code: HostEnvironment::mfa_code(),
            terminal: machine.can_ask(),
        };
        if settings.practice {
            return Ok(Self {
                codes,
                ..Self::practising(&Scenario::builtin(PRACTICE)?)?
            });
        }
        let world = Backend::Aws {
            insecure_endpoint: settings.insecure_endpoint,
        };
        Ok(Self {
            world,
            codes,
            state_directory: HostEnvironment::state_directory(),
        })
    }

    /// A practice range of this scenario, which throttles as AWS does. It keeps no MFA session: it begins
    /// anew each time.
    ///
    /// # Errors
    /// The scenario contradicts itself.
    pub fn practising(scenario: &Scenario) -> Result<Self, CommandError> {
        let clock = scenario.clock();
        let range = Range::new(scenario, None, clock.clone())?;
        range.enforce(range::Quotas::Real)?;
        let world = Backend::Practice { range, clock };
        let codes = CodePrompt::AtTheMachine {
            code: None,
            terminal: false,
        };
        Ok(Self {
            world,
            codes,
            state_directory: None,
        })
    }

    /// The same place, with somebody else to ask for codes.
    #[must_use]
    pub fn with_codes(self, codes: Arc<dyn CodeSource>) -> Self {
        Self {
            codes: CodePrompt::Other(codes),
            ..self
        }
    }

    /// The same place, keeping MFA sessions in this directory.
    #[must_use]
    pub fn keeping_sessions_in(self, directory: PathBuf) -> Self {
        Self {
            state_directory: Some(directory),
            ..self
        }
    }

    /// The practice range, if this is one.
    pub fn range(&self) -> Option<&Range> {
        match &self.world {
            Backend::Aws { .. } => None,
            Backend::Practice { range, .. } => Some(range),
        }
    }

    /// Whether plain HTTP to another machine is allowed.
    pub fn allows_insecure_endpoints(&self) -> bool {
        matches!(
            self.world,
            Backend::Aws {
                insecure_endpoint: true
            }
        )
    }

    /// The time there.
    pub fn clock(&self) -> Clock {
        match &self.world {
            Backend::Aws { .. } => Clock::wall(),
            Backend::Practice { clock, .. } => clock.clone(),
        }
    }

    /// Connects, and tells `audit` of every call. Makes no call yet.
    ///
    /// # Errors
    /// There are no credentials, or a quota of the configuration cannot be kept.
    pub async fn connect(
        &self,
        reach: &Reach,
        audit: Option<mpsc::Sender<ApiCall>>,
    ) -> Result<Aws, CommandError> {
        let wire = match &self.world {
            Backend::Aws { insecure_endpoint } => Wire::Network {
                insecure_endpoint: *insecure_endpoint,
            },
            Backend::Practice { range, .. } => {
                let range::PracticeCredentials {
                    access_key_id,
                    secret_access_key,
                    region,
                } = range.credentials();
                Wire::InProcess {
                    http: range::connector::http_client(range.clone()),
                    credentials: StaticCredentials {
                        access_key_id,
                        secret_access_key: secret_access_key.into(),
                    },
                    region,
                }
            }
        };
        let options = ConnectOptions {
            wire,
            identity: reach.identity.clone(),
            codes: self.codes(reach),
            mfa_sessions: self
                .state_directory
                .clone()
                .filter(|_| reach.identity.mfa_cache),
            clock: self.clock(),
            quotas: quotas(reach)?,
            concurrency: reach.limits.concurrency.map(Concurrency::get),
            audit,
        };
        Ok(Aws::connect(options).await?)
    }

    fn codes(&self, reach: &Reach) -> Arc<dyn CodeSource> {
        match &self.codes {
            CodePrompt::AtTheMachine { code, terminal } => Arc::new(Codes::new(
                code.clone(),
                reach.identity.mfa_command.clone(),
                *terminal,
                self.clock(),
            )),
            CodePrompt::Other(codes) => Arc::clone(codes),
        }
    }
}

fn quotas(reach: &Reach) -> Result<Quotas, UsageError> {
    let mut table = QuotaTable::built_in()?;
    for (operation, region, rate) in reach.limits.quotas.iter() {
        table.set(operation, region.cloned(), rate)?;
    }
    Ok(Quotas::new(table, reach.limits.quota_share.get()))
}
