//! `dragnet report`.

use std::path::PathBuf;

use clap::Args;

use super::GeoIpArguments;
use crate::config::Format;

/// The run, and the reports to write.
#[derive(Clone, Debug, Args)]
pub struct ReportArguments {
    /// Run: its directory, its id in ./runs or the start of it, or `last`
    #[arg(value_name = "RUN")]
    pub run: PathBuf,

    /// Report formats, separated by commas: csv, jsonl, json, html, md,
    /// security-ir, ocsf, timesketch, stix, parquet [default: csv,jsonl,json]
    #[arg(long = "format", value_name = "FORMAT", value_delimiter = ',')]
    pub formats: Vec<Format>,

    /// Open report.html in the browser, and write it
    #[arg(long)]
    pub open: bool,

    /// Use a run that does not match its manifest; the manifest records it
    #[arg(long)]
    pub changed_run: bool,

    /// Where addresses belong.
    #[command(flatten)]
    pub geoip: GeoIpArguments,
}
