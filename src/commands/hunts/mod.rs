//! `dragnet hunts`: lists, shows and checks hunts.

mod describe;

use std::io::Write;

use jiff::Timestamp;

use super::CommandError;
use super::host_environment::HostEnvironment;
use crate::cli::settings::HuntsSettings;
use crate::cli::{GlobalArguments, HuntsCommand, UsageError};
use crate::config::{HuntTemplate, load_hunt};
use crate::report::{Table, escape, write_json};
use describe::Described;

/// Lists, shows or checks hunts, and returns the exit code: 2 if a checked file is invalid.
pub(super) fn hunts(
    global: &GlobalArguments,
    command: &HuntsCommand,
    machine: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let global_settings = machine.global_settings(global);
    let settings = HuntsSettings::resolve(global, command, &machine.at(Timestamp::UNIX_EPOCH))?;
    match command {
        HuntsCommand::List => list(settings.catalogue.iter(), global_settings.json, out)?,
        HuntsCommand::Show { name } => {
            let described =
                Described::from_template(settings.catalogue.get(name).map_err(UsageError::from)?);
            if global_settings.json {
                write_json(&described, &mut *out)?;
            } else {
                described.write(out)?;
            }
        }
        HuntsCommand::Check { .. } => return check(&settings, global_settings.json, out),
    }
    out.flush()?;
    Ok(0)
}

fn list<'h>(
    hunts: impl Iterator<Item = &'h HuntTemplate>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let all: Vec<Described> = hunts.map(Described::from_template).collect();
    if json {
        return Ok(write_json(&all, out)?);
    }
    let mut table = Table::new(&[
        "name",
        "source",
        "severity",
        "techniques",
        "parameters",
        "title",
    ]);
    for hunt in &all {
        table.push(hunt.cells());
    }
    Ok(table.write_text(None, out)?)
}

/// Checks the files, or lists the catalogue, which loads only if all its hunts are valid.
fn check(settings: &HuntsSettings, json: bool, out: &mut dyn Write) -> Result<u8, CommandError> {
    let mut sound = Vec::new();
    let mut wrong = Vec::new();
    if settings.files.is_empty() {
        sound.extend(settings.catalogue.iter().map(Described::from_template));
    }
    for file in &settings.files {
        match load_hunt(file) {
            Ok(hunt) => sound.push(Described::from_template(&hunt)),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    if json {
        write_json(
            &serde_json::json!({ "hunts": sound, "errors": wrong }),
            &mut *out,
        )?;
    } else {
        sound.iter().try_for_each(|hunt| hunt.write_check(out))?;
        wrong
            .iter()
            .try_for_each(|error| writeln!(out, "{}", escape(error)))?;
    }
    out.flush()?;
    Ok(if wrong.is_empty() {
        0
    } else {
        UsageError::EXIT_CODE
    })
}
