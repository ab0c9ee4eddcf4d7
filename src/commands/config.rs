//! `dragnet config`: shows and validates the configuration, and prints its schema.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;

use super::CommandError;
use super::host_environment::HostEnvironment;
use super::list_output::print_list;
use crate::cli::{ConfigCommand, GlobalArguments, ListFormat, config_file, load_config};
use crate::config::{EffectiveSetting, list_settings};
use crate::report::Table;
use crate::settings::ListOutput;

/// The JSON Schema of the configuration file.
const SCHEMA: &str = include_str!("../../config/dragnet.schema.json");

/// Shows or validates the configuration, or prints its schema.
pub(super) fn config(
    global: &GlobalArguments,
    command: &ConfigCommand,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    match command {
        ConfigCommand::Show(format) => show(global, format, host, out),
        ConfigCommand::Check { file } => check(global, file.as_ref(), host, out),
        ConfigCommand::Schema => Ok(out.write_all(SCHEMA.as_bytes())?),
    }
}

fn show(
    global: &GlobalArguments,
    format: &ListFormat,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let output = ListOutput::resolve(host.global_settings(global).json, format)?;
    let context = host.resolve_context(Timestamp::UNIX_EPOCH);
    let mut config = load_config(global, &context)?;
    let path = config_file(global, &context);
    let text = path.as_deref().map(std::fs::read_to_string).transpose()?;
    let name = path.as_deref().map(|path| host.display_path(path));
    // The options of the command line that replace a value of the file.
    let mut options = Vec::new();
    if let Some(profile) = &global.profile {
        config.identity.profile = Some(profile.clone());
        options.push(("identity.profile", "--profile"));
    }
    if let Some(roles) = global.member_roles()? {
        config.identity.member_role = roles;
        options.push(("identity.member_role", "--member-role"));
    }
    if let Some(permission_set) = &global.permission_set {
        config.identity.permission_set = Some(permission_set.clone());
        options.push(("identity.permission_set", "--permission-set"));
    }
    let mut settings = list_settings(&config, name.as_deref().zip(text.as_deref()));
    for setting in &mut settings {
        if let Some((_, option)) = options.iter().find(|(key, _)| *key == setting.key) {
            (*option).clone_into(&mut setting.origin);
        }
    }
    let rows: Vec<_> = settings
        .iter()
        .map(|one| json!({ "key": one.key, "value": one.value, "origin": one.origin }))
        .collect();
    let document = json!({ "config_file": name, "settings": rows });
    print_list(&output, document, || table(&settings), host.columns(), out)
}

fn table(settings: &[EffectiveSetting]) -> Table {
    let mut table = Table::new(&["key", "value", "origin"]);
    for setting in settings {
        table.push(vec![
            setting.key.clone(),
            setting.value.clone(),
            setting.origin.clone(),
        ]);
    }
    table
}

fn check(
    global: &GlobalArguments,
    file: Option<&PathBuf>,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let mut global = global.clone();
    if let Some(file) = file {
        global.config = Some(file.clone());
    }
    let context = host.resolve_context(Timestamp::UNIX_EPOCH);
    load_config(&global, &context)?;
    let path = config_file(&global, &context);
    match path.as_deref().map(|path: &Path| host.display_path(path)) {
        Some(path) => writeln!(out, "{path} is valid.")?,
        None => writeln!(out, "There is no configuration file: the defaults apply.")?,
    }
    Ok(())
}
