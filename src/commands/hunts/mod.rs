//! `dragnet hunts`: lists, shows and checks hunts.

mod describe;

use std::io::Write;

use jiff::Timestamp;

use super::CommandError;
use super::host_environment::HostEnvironment;
use super::list_output::print_list;
use crate::cli::{GlobalArguments, HuntsCommand, UsageError};
use crate::config::{HuntTemplate, load_hunt};
use crate::report::{Table, escape, write_json};
use crate::settings::{HuntsSettings, ListOutput, SettingsError};
use describe::HuntDescription;

/// Lists, shows or checks hunts, and returns the exit code: 2 if a checked file is invalid.
pub(super) fn hunts(
    global: &GlobalArguments,
    command: &HuntsCommand,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let global_settings = host.global_settings(global);
    let settings = HuntsSettings::resolve(
        global,
        command,
        &host.resolve_context(Timestamp::UNIX_EPOCH),
    )?;
    match command {
        HuntsCommand::List(format) => {
            let output = ListOutput::resolve(global_settings.json, format)?;
            let all: Vec<HuntDescription> = settings
                .catalogue
                .iter()
                .map(HuntDescription::from_template)
                .collect();
            let document = serde_json::to_value(&all).map_err(std::io::Error::from)?;
            print_list(&output, document, || list_table(&all), host.columns(), out)?;
        }
        HuntsCommand::Show { name } => {
            let description = HuntDescription::from_template(
                settings.catalogue.get(name).map_err(SettingsError::from)?,
            );
            if global_settings.json {
                write_json(&description, &mut *out)?;
            } else {
                description.write(out)?;
            }
        }
        HuntsCommand::Check { .. } => return check(&settings, global_settings.json, out),
    }
    out.flush()?;
    Ok(0)
}

fn list_table(hunts: &[HuntDescription]) -> Table {
    let mut table = Table::new(&[
        "name",
        "source",
        "severity",
        "techniques",
        "parameters",
        "title",
    ]);
    for hunt in hunts {
        table.push(hunt.table_row());
    }
    table
}

/// Returns the description of a valid hunt. A command or function that is not known counts as
/// misspelt here: only `--engine insights` runs it, if it is new.
fn check_hunt(hunt: &HuntTemplate) -> Result<HuntDescription, String> {
    hunt.unknown_word().map_or_else(
        || Ok(HuntDescription::from_template(hunt)),
        |error| {
            Err(format!(
                "hunt `{name}`: {error}; if it is new, run the hunt with --engine insights",
                name = hunt.name
            ))
        },
    )
}

/// Checks the files, or the catalogue.
fn check(settings: &HuntsSettings, json: bool, out: &mut dyn Write) -> Result<u8, CommandError> {
    let mut valid = Vec::new();
    let mut errors = Vec::new();
    let mut add = |checked: Result<HuntDescription, String>| match checked {
        Ok(hunt) => valid.push(hunt),
        Err(error) => errors.push(error),
    };
    if settings.files.is_empty() {
        settings.catalogue.iter().map(check_hunt).for_each(&mut add);
    }
    for file in &settings.files {
        add(match load_hunt(file) {
            Ok(hunt) => check_hunt(&hunt).map_err(|error| format!("{}: {error}", file.display())),
            Err(error) => Err(error.to_string()),
        });
    }
    if json {
        write_json(
            &serde_json::json!({ "hunts": valid, "errors": errors }),
            &mut *out,
        )?;
    } else {
        valid.iter().try_for_each(|hunt| hunt.write_check(out))?;
        errors
            .iter()
            .try_for_each(|error| writeln!(out, "{}", escape(error)))?;
    }
    out.flush()?;
    Ok(if errors.is_empty() {
        0
    } else {
        UsageError::EXIT_CODE
    })
}
