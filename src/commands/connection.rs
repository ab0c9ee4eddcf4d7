//! The connection to AWS of a run, or of several runs.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{CommandError, Environment};
use crate::aws::{Aws, Caller};
use crate::settings::{Reach, SweepSettings};
use crate::store::RunRegistry;
use dragnet_model::time::Clock;
use dragnet_model::{ApiCall, RunId, TimeWindow};

/// The capacity of the channel for audit entries.
pub(super) const AUDIT_WAITING: usize = 1_024;

/// A connection to AWS with its caller and, if needed, an MFA session, and the receiver of its
/// audit.
#[derive(Debug)]
pub(super) struct AwsLink {
    pub aws: Aws,
    pub calls: mpsc::Receiver<ApiCall>,
    pub caller: Caller,
}

/// What a run works with: AWS, the clock, and the runs of this machine.
#[derive(Debug)]
pub struct Connection {
    /// `None` if only files are searched.
    pub(super) link: Option<AwsLink>,
    pub(super) clock: Clock,
    pub(super) practice: bool,
    /// The runs of this machine.
    pub(super) registry: RunRegistry,
}

impl Connection {
    /// Returns the connection with a separate audit, for calls that belong to no run. `None`
    /// without a connection to AWS.
    pub(super) fn fork(&self) -> Option<(Aws, mpsc::Receiver<ApiCall>)> {
        let link = self.link.as_ref()?;
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        Some((link.aws.with_audit(audit), calls))
    }

    /// Adds a run to the list of this machine's runs, and returns the earlier ones that may have
    /// made calls inside its window. Without the list, calls of earlier runs are reported as
    /// claimed, so an error does not end the run.
    pub(super) fn register_run(
        &self,
        run_id: &RunId,
        run: &Path,
        window: TimeWindow,
    ) -> Vec<String> {
        match self.registry.add_run(run_id, run, window) {
            Ok(earlier) => earlier.iter().map(ToString::to_string).collect(),
            Err(error) => {
                tracing::warn!("cannot add the run to the list of runs: {error}");
                Vec::new()
            }
        }
    }

    /// Records in the same list that a run makes calls again.
    pub(super) fn register_resumed_run(&self, run_id: &RunId, run: &Path) {
        if let Err(error) = self.registry.resume_run(run_id, run, self.clock.now()) {
            tracing::warn!("cannot change the list of runs: {error}");
        }
    }

    /// Returns the clock of the environment.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Connects, and asks for an MFA code if one is needed. If the credentials do not work, nothing
    /// has been written, because the run does not exist yet.
    ///
    /// # Errors
    /// The connection to AWS cannot be created, the source credentials do not work, or there is no
    /// MFA session.
    pub async fn open(environment: &Environment, reach: &Reach) -> Result<Self, CommandError> {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        let aws = environment.connect(reach, Some(audit)).await?;
        let caller = aws
            .authenticate()
            .await
            .map_err(|error| CommandError::Caller(Box::new(error)))?;
        Ok(Self {
            link: Some(AwsLink { aws, calls, caller }),
            ..Self::without_aws(environment)
        })
    }

    /// Connects as these settings need it.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub(super) async fn for_sweep(
        environment: &Environment,
        settings: &SweepSettings,
    ) -> Result<Self, CommandError> {
        if settings.files.as_ref().is_some_and(|files| files.are_alone) {
            Ok(Self::without_aws(environment))
        } else {
            Self::open(environment, &settings.reach).await
        }
    }

    /// Connects to nothing: for a search of files alone. No credentials are looked for, and no call
    /// can be made.
    pub fn without_aws(environment: &Environment) -> Self {
        Self {
            link: None,
            clock: environment.clock(),
            practice: environment.range().is_some(),
            registry: environment.run_registry(),
        }
    }
}

/// A connection that several runs share, some of them concurrently, with its quotas and sessions.
#[derive(Debug)]
pub struct SharedConnection {
    aws: Arc<Aws>,
    caller: Caller,
    clock: Clock,
    practice: bool,
    /// The runs of this machine.
    registry: RunRegistry,
}

impl SharedConnection {
    /// Connects, and asks for an MFA code if one is needed. `audit` receives the calls that belong
    /// to no run.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub async fn open(
        environment: &Environment,
        reach: &Reach,
        audit: mpsc::Sender<ApiCall>,
    ) -> Result<Self, CommandError> {
        let aws = environment.connect(reach, Some(audit)).await?;
        let caller = aws
            .authenticate()
            .await
            .map_err(|error| CommandError::Caller(Box::new(error)))?;
        Ok(Self {
            aws: Arc::new(aws),
            caller,
            clock: environment.clock(),
            practice: environment.range().is_some(),
            registry: environment.run_registry(),
        })
    }

    /// Returns the AWS client for calls that belong to no run.
    pub fn aws(&self) -> &Arc<Aws> {
        &self.aws
    }

    /// Returns the runs of this machine.
    pub(super) fn run_registry(&self) -> &RunRegistry {
        &self.registry
    }

    /// Returns the connection of one run, with its own audit. The run is added to the list of this
    /// machine's runs like any other: the watch itself recognizes the calls of its runs by their
    /// directory, but a sweep only knows the list.
    pub fn for_run(&self) -> Connection {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        let Self {
            aws,
            caller,
            clock,
            practice,
            registry,
        } = self;
        Connection {
            link: Some(AwsLink {
                aws: aws.with_audit(audit),
                calls,
                caller: caller.clone(),
            }),
            clock: clock.clone(),
            practice: *practice,
            registry: registry.clone(),
        }
    }
}
