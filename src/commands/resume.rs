//! `dragnet resume`.

use super::host_environment::HostEnvironment;
use super::interrupt::token_cancelled_on_ctrl_c;
use super::run::{Connection, Resumable};
use super::sweep::conclude;
use super::{CommandError, Environment, print_note};
use crate::cli::settings::{GlobalSettings, ProgressStyle, load_config, run_dir};
use crate::cli::{GlobalArguments, ResumeArguments, UsageError};

/// Resumes an interrupted or incomplete run.
pub(super) async fn resume(
    global: &GlobalArguments,
    arguments: &ResumeArguments,
    host: &HostEnvironment,
) -> Result<u8, CommandError> {
    if global.member_role.is_some() || global.accounts_file.is_some() {
        return Err(UsageError::FixedByRun.into());
    }
    let context = host.resolve_context(jiff::Timestamp::UNIX_EPOCH);
    let run = Resumable::open(&run_dir(&arguments.run, &context))?;
    let practice = run.is_practice()?;
    if global.practice && !practice {
        return Err(UsageError::NotPractice.into());
    }
    let mut config = load_config(
        &GlobalArguments {
            practice,
            ..global.clone()
        },
        &context,
    )?;
    if let Some(profile) = &global.profile {
        config.identity.profile = Some(profile.clone());
    }
    let settings = GlobalSettings {
        practice,
        ..host.global_settings(global)
    };
    let sweep = run.settings(&config)?;
    let environment = Environment::from_settings(settings, host)?;
    if settings.progress != ProgressStyle::None {
        print_note(&format!(
            "Resuming {}: {}",
            arguments.run.display(),
            sweep.window
        ));
    }
    let fail_on_sighting = sweep.fail_on_sighting;
    let connection = Connection::open(&environment, &sweep.reach).await?;
    let (outputs, failure) = run
        .resume(
            connection,
            sweep,
            settings.progress,
            token_cancelled_on_ctrl_c(),
        )
        .await?;
    conclude(&outputs, failure, settings, host, fail_on_sighting)
}
