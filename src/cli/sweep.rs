//! `dragnet sweep`.

use std::path::PathBuf;

use clap::Args;

use super::{EngineArguments, ScopeArguments, TimeArg};
use crate::config::Format;

/// What to look for, when and where.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
A time is RFC 3339 (2026-03-01T12:00:00Z), so long ago (24h, 2d1h20m), or
seconds or milliseconds since 1970. A window is closed at its start and open at
its end.")]
pub struct SweepArguments {
    /// What to look for: an address (192.0.2.1), a network (192.0.2.0/24), an
    /// access key id, an ARN, an account id, a domain, a hash, or any other
    /// word. A prefix forces the kind: ip:, cidr:, key:, arn:, user:, role:,
    /// account:, domain:, agent:, event:, hash:, text:, regex:
    #[arg(
        required_unless_present_any = ["indicator_files", "hunts", "query_strings", "filter_pattern"],
        value_name = "INDICATOR"
    )]
    pub indicators: Vec<String>,

    /// Look for what this file lists, too: text (one a line, # for comments),
    /// CSV (type,value), a STIX 2.1 bundle or a MISP event; repeatable
    #[arg(short = 'i', long = "indicators", value_name = "FILE")]
    pub indicator_files: Vec<PathBuf>,

    /// Ask a hunt of the catalogue (`dragnet hunts list`), with its parameters;
    /// repeatable
    #[arg(long = "hunt", value_name = "NAME[:key=value,...]")]
    pub hunts: Vec<String>,

    /// Ask a CloudWatch Logs Insights query of your own, like a hunt; repeatable
    #[arg(long = "query-string", value_name = "QUERY")]
    pub query_strings: Vec<String>,

    /// Find every event that a CloudWatch Logs filter pattern lets through; it
    /// is passed on as it is, and nothing else is looked for
    #[arg(
        long,
        value_name = "PATTERN",
        allow_hyphen_values = true,
        conflicts_with_all = ["indicators", "indicator_files", "hunts", "query_strings"]
    )]
    pub filter_pattern: Option<String>,

    /// Look at what happened since then, until now [default: 24h]
    #[arg(long, value_name = "T", conflicts_with_all = ["from", "to"], help_heading = "Time")]
    pub since: Option<TimeArg>,

    /// Look at what happened from then on
    #[arg(long, value_name = "T", alias = "start-time", help_heading = "Time")]
    pub from: Option<TimeArg>,

    /// ... and before then [default: now]
    #[arg(
        long,
        value_name = "T",
        alias = "end-time",
        requires = "from",
        help_heading = "Time"
    )]
    pub to: Option<TimeArg>,

    /// Where to look.
    #[command(flatten)]
    pub scope: ScopeArguments,

    /// By which engine, and at what cost.
    #[command(flatten)]
    pub engine: EngineArguments,

    /// Directory in which the run's own directory is made
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs",
        help_heading = "Result"
    )]
    pub out: PathBuf,

    /// Forms of the file of sightings, csv, jsonl, json, and html, a page to
    /// read [default: csv,jsonl,json]
    #[arg(
        long = "format",
        value_name = "F,...",
        value_delimiter = ',',
        help_heading = "Result"
    )]
    pub formats: Vec<Format>,

    /// Do not look for calls that tamper with the recording (one more cheap
    /// pass over each CloudTrail group), and count no records by hour
    #[arg(long, help_heading = "Reading")]
    pub no_silence: bool,

    /// Exit with 4 if something was found, 5 if coverage is incomplete too
    #[arg(long, help_heading = "Result")]
    pub fail_on_sighting: bool,
}
