//! `dragnet resume`.

use super::connection::Connection;
use super::host_environment::HostEnvironment;
use super::interrupt::Interrupt;
use super::resumable::Resumable;
use super::run_output::RunOutput;
use super::sweep::{EndOptions, conclude, describe_where};
use super::{CommandError, Environment, print_note};
use crate::cli::{GlobalArguments, ResumeArguments, UsageError, load_config, run_dir};
use crate::settings::{GlobalSettings, ProgressStyle};

/// Resumes an interrupted or incomplete run.
pub(super) async fn resume(
    global: &GlobalArguments,
    arguments: &ResumeArguments,
    host: &HostEnvironment,
) -> Result<u8, CommandError> {
    if !global.member_role.is_empty()
        || global.permission_set.is_some()
        || global.accounts_file.is_some()
    {
        return Err(UsageError::FixedByRun.into());
    }
    let context = host.resolve_context(jiff::Timestamp::UNIX_EPOCH);
    let geoip = arguments.geoip.load()?;
    let run = Resumable::open(&run_dir(&arguments.run, &context)?)?.with_geoip(geoip);
    if run.is_collection() {
        return Err(UsageError::BelongsToCollection.into());
    }
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
    let name = host.run_name(run.directory());
    if let Some(mut files) = run.finished_files(&HostEnvironment::run_registry())? {
        print_note(&format!(
            "Run {name} is complete: there is nothing to resume."
        ));
        // The lock of this process is not a file of the run.
        files.files.retain(|file| file != "run.lock");
        let directory = run.directory().to_owned();
        let outputs = RunOutput { directory, files };
        let end = EndOptions {
            fail_on_sighting: sweep.fail_on_sighting,
            streams: false,
        };
        return conclude(&outputs, None, settings, host, end);
    }
    run.check_signature(&config).await?;
    let environment = Environment::from_settings(settings, host)?;
    if settings.progress != ProgressStyle::None {
        let what = match &sweep.files {
            Some(_) => describe_where(&sweep, host),
            None => sweep.window.to_string(),
        };
        print_note(&format!("Resuming {name}: {what}"));
    }
    let fail_on_sighting = sweep.fail_on_sighting;
    let connection = Connection::for_sweep(&environment, &sweep).await?;
    let resumed = run.resume(
        connection,
        sweep,
        settings.progress,
        Interrupt::from_signals(host),
    );
    // On the heap, because the future of a sweep is large.
    let (outputs, failure) = Box::pin(resumed).await?;
    let end = EndOptions {
        fail_on_sighting,
        streams: false,
    };
    conclude(&outputs, failure, settings, host, end)
}
