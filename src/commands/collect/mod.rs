//! `dragnet collect`: saves the raw records of accounts, with their hashes, before they expire.
//!
//! ```text
//! OpenCollection ── sweep ── run.db ── export ── logs/…json.gz, manifest.json, SHA256SUMS
//! new or earlier    every     in run/   by place  readable by `sweep --files`
//! ```
//! A collection is a sweep whose hunt finds every record. So it reads what a sweep reads, continues
//! after a kill, and has the same coverage. The files are written at its end, from the run.

mod export;
mod file_error;
mod flow_log_place;
mod manifest;
mod open_collection;
mod record_file;

use std::io::{self, Write};

use super::connection::Connection;
use super::host_environment::HostEnvironment;
use super::interrupt::{Interrupt, token_cancelled_on_signals};
use super::{CommandError, Environment, plan, print_note, print_unmatched};
use crate::cli::{CollectArguments, GlobalArguments, load_config};
use crate::report::{RunStatus, delivery_sentence, escape, write_json};
use crate::settings::{CollectSettings, GlobalSettings, ProgressStyle};
use dragnet_model::format::{bytes, count, plural};
pub use manifest::CollectionManifest;
pub use open_collection::{Collected, OpenCollection};

/// How many gaps are printed. The manifest lists all.
const SHOWN_GAPS: usize = 10;

/// What continues an interrupted collection.
const CONTINUATION: &str = "the same command continues";

/// Collects records, or continues a collection.
pub(super) async fn collect(
    global: &GlobalArguments,
    arguments: &CollectArguments,
    host: &HostEnvironment,
) -> Result<u8, CommandError> {
    let settings = host.global_settings(global);
    let environment = Environment::from_settings(settings, host)?;
    let context = host.resolve_context(environment.clock().now());
    let collect = CollectSettings::resolve(global, arguments, &context)?;
    if arguments.dry_run {
        let connection = Connection::open(&environment, &collect.sweep.reach).await?;
        let cancel = token_cancelled_on_signals();
        return plan::print(&connection, &collect.sweep, settings, cancel).await;
    }
    let config = load_config(global, &context)?;
    let directory = host.display_path(&collect.directory);
    let collection = OpenCollection::open(collect, settings.practice, &config)?;
    if settings.progress != ProgressStyle::None {
        let window = collection.settings().window;
        if collection.is_continued() {
            print_note(&format!(
                "Continuing the collection in {directory}: records from {window}; for later ones, name another --out"
            ));
        } else {
            print_note(&format!(
                "Collecting records from {window} into {directory}"
            ));
        }
    }
    let connection = Connection::open(&environment, &collection.settings().reach).await?;
    let interrupt = Interrupt::from_signals_of(host, CONTINUATION);
    let collected = collection
        .collect(connection, &config, settings.progress, interrupt)
        .await?;
    conclude(&collected, &directory, settings)
}

/// Prints what was collected, and returns the exit code.
fn conclude(
    collected: &Collected,
    directory: &str,
    settings: GlobalSettings,
) -> Result<u8, CommandError> {
    let Some(manifest) = &collected.manifest else {
        print_note("Interrupted. To continue, run the same command again.");
        return Ok(130);
    };
    let mut page = Vec::new();
    if settings.json {
        write_json(manifest, &mut page)?;
    } else {
        let delivery = delivery_sentence(&collected.outputs.files.summary);
        write_summary(manifest, delivery.as_deref(), directory, &mut page)?;
    }
    io::stdout().lock().write_all(&page)?;
    print_unmatched(&manifest.unmatched_selectors);
    if let Some(problem) = &collected.outputs.files.signature_problem {
        return Err(CommandError::Signature(problem.clone()));
    }
    Ok(exit_code(manifest.status))
}

fn exit_code(status: RunStatus) -> u8 {
    match status {
        RunStatus::Complete => 0,
        RunStatus::Incomplete => 3,
        RunStatus::Failed => 1,
        RunStatus::Interrupted => 130,
    }
}

/// Writes what was collected in plain words. Names of accounts and log groups are untrusted text.
fn write_summary(
    manifest: &CollectionManifest,
    delivery: Option<&str>,
    directory: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let directory = escape(directory);
    writeln!(
        out,
        "Collected {} in {} ({}) below {directory}.",
        plural(manifest.records, "record"),
        plural(manifest.files.len() as u64, "file"),
        bytes(manifest.bytes),
    )?;
    if manifest.status == RunStatus::Complete {
        writeln!(out, "Nothing is missing.")?;
    } else {
        writeln!(out, "INCOMPLETE. Not collected:")?;
        write_missing(manifest, out)?;
        writeln!(out, "The same command retries what failed or was denied.")?;
    }
    if let Some(delivery) = delivery {
        writeln!(out, "{delivery}")?;
    }
    writeln!(
        out,
        "Check the files:    cd {directory} && sha256sum -c SHA256SUMS"
    )?;
    writeln!(
        out,
        "Search the records: dragnet sweep INDICATOR --files {directory}"
    )
}

fn write_missing(manifest: &CollectionManifest, out: &mut dyn Write) -> io::Result<()> {
    let gaps = manifest.gaps.iter().map(ToString::to_string);
    let sources = manifest.missing_sources.iter().map(ToString::to_string);
    let all: Vec<String> = gaps.chain(sources).collect();
    for line in all.iter().take(SHOWN_GAPS) {
        writeln!(out, "  {}", escape(line))?;
    }
    let more = all.len().saturating_sub(SHOWN_GAPS);
    if more > 0 {
        writeln!(
            out,
            "  and {} more: manifest.json lists all",
            count(more as u64)
        )?;
    }
    Ok(())
}
