//! `dragnet sources`: shows the log sources without searching them.

mod survey;

use std::io::{self, IsTerminal, Write};

use super::host_environment::HostEnvironment;
use super::{CommandError, Environment, print_note};
use crate::cli::settings::SourcesSettings;
use crate::cli::{GlobalArguments, OutputFormat, SourcesArguments};
use crate::report::{SourceTally, escape, sources_json, sources_table, write_json, write_sources};
use survey::{SurveyResult, survey};

/// Prints the log sources. The exit code is 3 if a sweep would miss CloudTrail records.
pub(super) async fn sources(
    global: &GlobalArguments,
    arguments: &SourcesArguments,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let environment = Environment::from_settings(host.global_settings(global), host)?;
    let clock = environment.clock();
    let settings = SourcesSettings::resolve(global, arguments, &host.resolve_context(clock.now()))?;
    let aws = environment.connect(&settings.reach, None).await?;
    let SurveyResult {
        sources,
        accounts,
        names,
        gaps,
    } = survey(aws, &settings, clock.now()).await?;
    let tally = SourceTally::from_lookups(&sources.cloudtrail);
    match settings.output {
        OutputFormat::Json => write_json(&sources_json(&sources.rows), &mut *out)?,
        OutputFormat::Csv => write_sources(&sources.rows, &mut *out)?,
        OutputFormat::Table => {
            sources_table(&sources.rows)
                .write_text(io::stdout().is_terminal().then_some(80), out)?;
            writeln!(out, "\n{}", escape(&tally.sentence(accounts, &names)))?;
        }
    }
    for gap in &gaps {
        print_note(&format!("not queried: {gap}"));
    }
    Ok(if accounts > 0 && gaps.is_empty() && tally.is_complete() {
        0
    } else {
        3
    })
}
