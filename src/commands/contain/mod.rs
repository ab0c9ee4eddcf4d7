//! `dragnet contain`: plans, applies, verifies, undoes and shows containments.

mod applying;
mod error;
mod from_logs;
mod inspect;
mod planning;
mod stored_run;
mod surveying;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use tokio::sync::mpsc;

use super::connection::AUDIT_WAITING;
use super::host_environment::HostEnvironment;
use super::{CommandError, Environment};
use crate::aws::{Aws, Caller};
use crate::cli::{ContainCommand, GlobalArguments};
use crate::config::ExternalId;
use crate::contain::{Guard, Journals, Plan, RefusedPlan, SealedPlan};
use crate::report::write_hanging;
use crate::settings::{ContainSettings, ListOutput, Override, PlanSettings, ProgressStyle};
use crate::sweep::{Access, Directory};
use dragnet_model::{AccountId, ApiCall, InvalidArn, Policy, RoleArn};

pub use applying::{Canary, apply_plan, dry_run_plan};
pub use error::ContainError;
pub use from_logs::{LogSearch, verify_from_logs};
pub use inspect::{undo_containment, verification_exit_code, verify_containment};
pub use planning::make_plan;

/// What the commands need besides their settings.
#[derive(Clone, Copy)]
struct CommandContext<'a> {
    environment: &'a Environment,
    host: &'a HostEnvironment,
    /// Whether to print JSON.
    json: bool,
    /// How the progress of a sweep is shown.
    progress: ProgressStyle,
}

/// Runs a command of `contain`.
pub(super) async fn contain(
    global: &GlobalArguments,
    command: &ContainCommand,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let global_settings = host.global_settings(global);
    let environment = Environment::from_settings(global_settings, host)?;
    let resolve_context = host.resolve_context(environment.clock().now());
    let settings = || ContainSettings::resolve(global, &resolve_context);
    let context = CommandContext {
        environment: &environment,
        host,
        json: global.json,
        progress: global_settings.progress,
    };
    match command {
        ContainCommand::Plan(arguments) => {
            let settings = PlanSettings::resolve(global, arguments, &resolve_context)?;
            planning::plan(context, &settings, out).await
        }
        ContainCommand::Apply(arguments) => {
            let settings = settings()?;
            Box::pin(applying::apply(context, &settings, arguments, out)).await
        }
        ContainCommand::Verify(arguments) => {
            let out_dir = resolve_context.working_directory.join(&arguments.out);
            inspect::verify(context, &settings()?, arguments, out_dir, out).await
        }
        ContainCommand::Undo(arguments) => {
            inspect::undo(context, &settings()?, arguments, out).await
        }
        ContainCommand::Status(arguments) => {
            let working_directory = resolve_context.working_directory;
            inspect::status(context, &settings()?, arguments, working_directory, out)
        }
        ContainCommand::List(format) => {
            let output = ListOutput::resolve(global.json, format)?;
            inspect::list(&settings()?, &output, host.columns(), out)
        }
    }
}

/// A connection to AWS, with the access to each account through the contain role.
struct Connection {
    aws: Aws,
    caller: Caller,
    access: Access,
    external_ids: Vec<(AccountId, ExternalId)>,
}

impl Connection {
    async fn open(
        environment: &Environment,
        settings: &ContainSettings,
        id: &str,
    ) -> Result<Self, CommandError> {
        let reach = &settings.reach;
        let aws = environment.connect(reach, None).await?;
        let caller = aws
            .authenticate()
            .await
            .map_err(|error| CommandError::Caller(Box::new(error)))?;
        let access = Access::new(
            &aws,
            &caller,
            &reach.identity,
            format!("dragnet-contain-{id}"),
            &[],
        )
        .with_first_role_only();
        let accounts = reach.directory.accounts.iter();
        let external_ids = accounts
            .filter_map(|account| Some((account.id, account.external_id.clone()?)))
            .collect();
        Ok(Self {
            aws,
            caller,
            access,
            external_ids,
        })
    }

    /// Returns the client with a receiver of its calls.
    fn audited_aws(&self) -> (Aws, mpsc::Receiver<ApiCall>) {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        (self.aws.with_audit(audit), calls)
    }

    fn guard(&self, settings: &ContainSettings, forced: &[Override]) -> Guard {
        Guard::new(
            &self.caller,
            &role_chain(&self.access),
            &settings.reach,
            &settings.contain,
            forced,
        )
    }

    /// Checks that every account of a plan is in the organization or in the configuration. For any
    /// other account, assuming the role would disclose the external id to its owner.
    async fn check_accounts(
        &self,
        settings: &ContainSettings,
        plan: &Plan,
    ) -> Result<(), CommandError> {
        let reach = &settings.reach;
        let mut unknown: BTreeSet<AccountId> = plan
            .targets
            .iter()
            .map(|target| target.principal.account())
            .collect();
        unknown.remove(&self.caller.account);
        for configured in &reach.directory.accounts {
            unknown.remove(&configured.id);
        }
        let mut directory = Directory::new(&self.aws, &self.access, reach).without_selection();
        while !unknown.is_empty() {
            let Some(member) = directory.next().await? else {
                break;
            };
            unknown.remove(&member.account.id);
        }
        match unknown.first() {
            None => Ok(()),
            Some(account) => Err(ContainError::from(RefusedPlan::UnknownAccount(*account)).into()),
        }
    }

    fn create_session(
        &self,
        account: AccountId,
        policy: Policy,
    ) -> Result<std::sync::Arc<crate::aws::Session>, InvalidArn> {
        let external_id = self
            .external_ids
            .iter()
            .find(|(id, _)| *id == account)
            .map(|(_, external_id)| external_id);
        self.access.contain_session(account, external_id, policy)
    }
}

/// Returns the roles of the role chain, which are assumed before the contain role.
fn role_chain(access: &Access) -> Vec<RoleArn> {
    access
        .hops()
        .iter()
        .filter_map(|hop| hop.role().cloned())
        .collect()
}

/// Returns the journals of containments with these settings.
fn journals(settings: &ContainSettings) -> Journals {
    Journals::new(settings.journals.clone())
}

/// Reads a sealed plan from its file.
fn read_plan(path: &Path) -> Result<SealedPlan, ContainError> {
    let path_text = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| ContainError::Unreadable {
        path: path_text(),
        source,
    })?;
    SealedPlan::parse(&text).map_err(|source| ContainError::Plan {
        path: path_text(),
        source,
    })
}

/// Returns the command line options that override these guards.
fn force_arguments(forced: &[Override]) -> String {
    forced
        .iter()
        .flat_map(|guard| [" --force ", guard.as_str()])
        .collect()
}

/// Prints lines that may contain untrusted text.
fn print(lines: &[String], out: &mut dyn Write) -> std::io::Result<()> {
    lines.iter().try_for_each(|line| write_hanging(line, out))
}
