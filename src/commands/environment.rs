//! The environment of a command: creates the connection to AWS or to the practice range.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::mpsc;

use super::CommandError;
use super::host_environment::{HostEnvironment, MFA_CODE_VARIABLE};
use super::mfa_code::HostCodes;
use crate::aws::{Aws, CodeSource, ConnectOptions, StaticCredentials, Wire, range_connector};
use crate::cli::UsageError;
use crate::config::Concurrency;
use crate::settings::{GlobalSettings, Reach};
use crate::store::RunRegistry;
use crate::throttle::{QuotaFractions, QuotaTable, Quotas};
use dragnet_model::ApiCall;
use dragnet_model::time::Clock;
use dragnet_range::{Range, Scenario};

/// The scenario of `--practice`.
pub(super) const PRACTICE: &str = "small";

/// The environment of a command: AWS or the practice range, and the source of MFA codes.
#[derive(Clone, Debug)]
pub struct Environment {
    backend: Backend,
    codes: CodePrompt,
    /// The directory in which MFA sessions and the list of runs are stored.
    state_directory: Option<PathBuf>,
    /// The fractions of quotas to use, if other processes use the rest.
    fractions: Option<Arc<QuotaFractions>>,
}

#[derive(Clone, Debug)]
enum Backend {
    Aws {
        insecure_endpoint: bool,
    },
    /// A practice range in this process. Its clock starts at the date of the scenario.
    Practice {
        range: Range,
        clock: Clock,
    },
}

/// The source of MFA codes.
#[derive(Clone, Debug)]
enum CodePrompt {
    /// The environment variable, the configured program, or the terminal.
    Host {
        code: Option<SecretString>,
        terminal: bool,
    },
    /// Another source, for tests and callers of the library.
    Other(Arc<dyn CodeSource>),
}

impl Environment {
    /// Creates the environment that the settings select.
    ///
    /// # Errors
    /// The practice range cannot be created.
    pub(super) fn from_settings(
        settings: GlobalSettings,
        host: &HostEnvironment,
    ) -> Result<Self, CommandError> {
        let codes = CodePrompt::Host {
            code: HostEnvironment::mfa_code(),
            terminal: host.can_prompt(),
        };
        if settings.practice {
            return Ok(Self {
                codes,
                ..Self::for_practice(&Scenario::builtin(PRACTICE)?)?
            });
        }
        let backend = Backend::Aws {
            insecure_endpoint: settings.insecure_endpoint,
        };
        Ok(Self {
            backend,
            codes,
            state_directory: HostEnvironment::state_directory(),
            fractions: None,
        })
    }

    /// Creates a practice range of this scenario with AWS's quotas. It stores no MFA session,
    /// because it starts anew each time.
    ///
    /// # Errors
    /// The scenario is contradictory.
    pub fn for_practice(scenario: &Scenario) -> Result<Self, CommandError> {
        let clock = scenario.clock();
        let range = Range::new(scenario, None, clock.clone())?;
        range.enforce(dragnet_range::Quotas::Real)?;
        let backend = Backend::Practice { range, clock };
        let codes = CodePrompt::Host {
            code: None,
            terminal: false,
        };
        Ok(Self {
            backend,
            codes,
            state_directory: None,
            fractions: None,
        })
    }

    /// Returns the same environment with another source of MFA codes.
    #[must_use]
    pub fn with_codes(self, codes: Arc<dyn CodeSource>) -> Self {
        Self {
            codes: CodePrompt::Other(codes),
            ..self
        }
    }

    /// Returns the same environment, which stores MFA sessions in this directory.
    #[must_use]
    pub fn with_session_directory(self, directory: PathBuf) -> Self {
        Self {
            state_directory: Some(directory),
            ..self
        }
    }

    /// Returns the same environment, whose connections use these fractions of quotas.
    #[must_use]
    pub(super) fn with_fractions(self, fractions: QuotaFractions) -> Self {
        Self {
            fractions: Some(Arc::new(fractions)),
            ..self
        }
    }

    /// Returns the runs of this machine, which are listed in the directory for persistent state.
    pub(super) fn run_registry(&self) -> RunRegistry {
        RunRegistry::new(self.state_directory.clone())
    }

    /// Returns the practice range, if the environment is one.
    pub fn range(&self) -> Option<&Range> {
        match &self.backend {
            Backend::Aws { .. } => None,
            Backend::Practice { range, .. } => Some(range),
        }
    }

    /// Whether plain HTTP to other hosts is allowed.
    pub fn allows_insecure_endpoints(&self) -> bool {
        matches!(
            self.backend,
            Backend::Aws {
                insecure_endpoint: true
            }
        )
    }

    /// Returns the clock of the environment.
    pub fn clock(&self) -> Clock {
        match &self.backend {
            Backend::Aws { .. } => Clock::wall(),
            Backend::Practice { clock, .. } => clock.clone(),
        }
    }

    /// Creates the connection, which sends every call to `audit`. Makes no call yet.
    ///
    /// # Errors
    /// There are no credentials, or the configuration has a quota that the rate limiter does not
    /// support.
    pub async fn connect(
        &self,
        reach: &Reach,
        audit: Option<mpsc::Sender<ApiCall>>,
    ) -> Result<Aws, CommandError> {
        let wire = match &self.backend {
            Backend::Aws { insecure_endpoint } => Wire::Network {
                insecure_endpoint: *insecure_endpoint,
                secret_variables: secret_variables(reach),
            },
            Backend::Practice { range, .. } => {
                let dragnet_range::PracticeCredentials {
                    access_key_id,
                    secret_access_key,
                    region,
                } = range.credentials();
                Wire::InProcess {
                    http: range_connector::http_client(range.clone()),
                    credentials: StaticCredentials {
                        access_key_id,
                        secret_access_key: secret_access_key.into(),
                        portal_token: Some(range.portal_token().into()),
                    },
                    region,
                }
            }
        };
        let options = ConnectOptions {
            wire,
            identity: reach.identity.clone(),
            codes: self.code_source(reach),
            mfa_sessions: self
                .state_directory
                .clone()
                .filter(|_| reach.identity.mfa_cache),
            clock: self.clock(),
            quotas: quotas(reach)?.with_fractions(self.fractions.clone()),
            concurrency: reach.limits.concurrency.map(Concurrency::get),
            audit,
        };
        Ok(Aws::connect(options).await?)
    }

    fn code_source(&self, reach: &Reach) -> Arc<dyn CodeSource> {
        match &self.codes {
            CodePrompt::Host { code, terminal } => {
                let codes = HostCodes::new(
                    code.clone(),
                    reach.identity.mfa_command.clone(),
                    *terminal,
                    self.clock(),
                );
                Arc::new(codes.without_variables(reach.secret_variables.clone()))
            }
            CodePrompt::Other(codes) => Arc::clone(codes),
        }
    }
}

/// Returns the environment variables that a `credential_process` does not get. It gets those with
/// AWS credentials, which it may need.
fn secret_variables(reach: &Reach) -> Vec<String> {
    let mut variables = reach.secret_variables.clone();
    variables.push(MFA_CODE_VARIABLE.to_owned());
    variables
}

fn quotas(reach: &Reach) -> Result<Quotas, UsageError> {
    let mut table = QuotaTable::built_in()?;
    for (operation, region, rate) in reach.limits.quotas.iter() {
        table.set(operation, region.cloned(), rate)?;
    }
    Ok(Quotas::new(table, reach.limits.quota_share.get()))
}
