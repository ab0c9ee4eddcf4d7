//! `dragnet report`.

use std::path::PathBuf;

use clap::Args;

use crate::config::Format;

/// Which run, and which reports.
#[derive(Clone, Debug, Args)]
pub struct ReportArguments {
    /// The run: its directory, or its id if it lies in ./runs
    #[arg(value_name = "RUN")]
    pub run: PathBuf,

    /// Forms of the file of sightings, csv, jsonl, json, and html, a page to
    /// read [default: csv,jsonl,json]
    #[arg(long = "format", value_name = "F,...", value_delimiter = ',')]
    pub formats: Vec<Format>,
}
