//! `dragnet sources`: shows the log sources without searching them.

mod survey;

use std::io::{self, IsTerminal, Write};

use super::host_environment::HostEnvironment;
use super::{CommandError, Environment, print_note};
use crate::cli::settings::SourcesSettings;
use crate::cli::{GlobalArguments, OutputFormat, SourcesArguments};
use crate::report::{SourceTally, sources_json, sources_table, write_json, write_sources};
use survey::{Surveyed, survey};

/// Prints the log sources. The exit code is 3 if a sweep would miss CloudTrail records.
pub(super) async fn sources(
    global: &GlobalArguments,
    arguments: &SourcesArguments,
    machine: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = machine.global_settings(global);
    let place = Environment::from_settings(settings, machine)?;
    let clock = place.clock();
    let asked = SourcesSettings::resolve(global, arguments, &machine.at(clock.now()))?;
    let aws = place.connect(&asked.reach, None).await?;
    let Surveyed {
        sources,
        accounts,
        gaps,
    } = survey(aws, &asked, clock.now()).await?;
    let tally = SourceTally::from_lookups(&sources.cells);
    match asked.output {
        OutputFormat::Json => write_json(&sources_json(&sources.rows), &mut *out)?,
        OutputFormat::Csv => write_sources(&sources.rows, &mut *out)?,
        OutputFormat::Table => {
            sources_table(&sources.rows)
                .write_text(io::stdout().is_terminal().then_some(80), out)?;
            writeln!(out, "\n{}", tally.counts().sentence(accounts))?;
        }
    }
    for gap in &gaps {
        print_note(&format!("not asked: {gap}"));
    }
    Ok(if accounts > 0 && gaps.is_empty() && tally.is_complete() {
        0
    } else {
        3
    })
}
