//! `dragnet sweep`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{EngineArguments, GeoIpArguments, ScopeArguments, TimeArg};
use crate::config::Format;
use dragnet_model::{SourceSelection, StorageKind};

/// The indicators to search for.
#[derive(Clone, Debug, Args)]
pub struct IndicatorArguments {
    /// IP address, network, access key, ARN, domain, hash or any text
    ///
    /// The kind is detected: an IP address (192.0.2.1), a network
    /// (192.0.2.0/24), an access key id, an ARN, an account id, a domain, a
    /// hash, or any other word. A prefix forces the kind: ip:, cidr:, key:,
    /// arn:, user:, role:, account:, domain:, agent:, event:, resource:, hash:,
    /// text:, regex: (each field of a record by itself, not its text as a whole)
    #[arg(
        // `files` may have taken the indicator as a path, which its own error explains.
        required_unless_present_any = [
            "indicator_files", "hunts", "query_strings", "filter_pattern", "files",
        ],
        id = "indicators",
        value_name = "INDICATOR"
    )]
    pub values: Vec<String>,

    /// Read indicators from a file; repeatable
    ///
    /// The format is recognised: text, CSV, STIX, MISP, OTX, or findings of
    /// AWS detection services. - is standard input. Without --since or
    /// --from, findings set the window.
    #[arg(
        id = "indicator_files",
        short = 'i',
        long = "indicators",
        value_name = "FILE"
    )]
    pub files: Vec<PathBuf>,

    /// Reject an indicator list if an entry is not understood
    ///
    /// Without --strict, the other entries are searched for, and the run ends
    /// with exit code 3.
    #[arg(long, hide_short_help = true)]
    pub strict: bool,
}

/// A kind of log that has to be covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RequiredArgument {
    /// The management events of CloudTrail
    Management,
    /// The data events of trails that record them
    Data,
    /// The VPC flow logs that exist
    Flow,
    /// All other log groups
    App,
    /// All kinds
    All,
}

/// What a sweep prints on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SweepOutput {
    /// The run report at the end
    #[default]
    Table,
    /// The sightings as they are found, as JSON Lines
    Jsonl,
}

/// What to search for, when and where.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a separate switch on the command line"
)]
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
TIME: RFC 3339 (2026-03-01T12:00:00Z), an age (24h, 2d1h20m), or a Unix
timestamp in seconds or milliseconds. The start is inclusive, the end exclusive.")]
pub struct SweepArguments {
    /// The indicators.
    #[command(flatten)]
    pub indicators: IndicatorArguments,

    /// Run a hunt from the catalogue; repeatable
    ///
    /// HUNT is NAME[:key=value,...]. `dragnet hunts list` shows the hunts and
    /// their parameters.
    #[arg(long = "hunt", value_name = "HUNT")]
    pub hunts: Vec<String>,

    /// Run a CloudWatch Logs Insights query like a hunt; repeatable
    #[arg(long = "query-string", value_name = "QUERY", hide_short_help = true)]
    pub query_strings: Vec<String>,

    /// Find every event that matches a CloudWatch Logs filter pattern, which
    /// is passed through unchanged
    #[arg(
        long,
        value_name = "PATTERN",
        hide_short_help = true,
        allow_hyphen_values = true,
        conflicts_with_all = ["indicators", "indicator_files", "hunts", "query_strings"]
    )]
    pub filter_pattern: Option<String>,

    /// Print the plan and search nothing
    ///
    /// The plan shows what would be read, the time and the cost.
    #[arg(long)]
    pub dry_run: bool,

    /// Search events from this time until now [default: 24h]
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "to"], help_heading = "Time")]
    pub since: Option<TimeArg>,

    /// Start of the window
    #[arg(long, value_name = "TIME", alias = "start-time", help_heading = "Time")]
    pub from: Option<TimeArg>,

    /// End of the window [default: now]
    #[arg(
        long,
        value_name = "TIME",
        alias = "end-time",
        requires = "from",
        help_heading = "Time"
    )]
    pub to: Option<TimeArg>,

    /// The scope.
    #[command(flatten)]
    pub scope: ScopeArguments,

    /// The engine, and the cost limit.
    #[command(flatten)]
    pub engine: EngineArguments,

    /// Parent of the run's directory
    #[arg(
        long,
        value_name = "DIRECTORY",
        default_value = "runs",
        help_heading = "Output",
        hide_short_help = true
    )]
    pub out: PathBuf,

    /// Report formats, separated by commas: csv, jsonl, json, html, md,
    /// security-ir, ocsf, timesketch, stix, parquet [default: csv,jsonl,json]
    #[arg(
        long = "format",
        value_name = "FORMAT",
        value_delimiter = ',',
        help_heading = "Output",
        hide_short_help = true
    )]
    pub formats: Vec<Format>,

    /// What to print on standard output
    ///
    /// jsonl prints each sighting as a JSON object on one line, as soon as it is
    /// found, with its record as an object: jq '.record | .userIdentity'. The
    /// run report then goes to standard error. A sighting is printed before all
    /// copies of its record were read, so only the files of the run say how many
    /// there are, and which calls are Dragnet's own.
    #[arg(
        short,
        long,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Output",
        hide_short_help = true
    )]
    pub output: SweepOutput,

    /// Kinds of logs that decide the exit code, separated by commas
    ///
    /// Gaps of other kinds are reported in one line each. Default: what the
    /// search needs. Keys, ARNs, users, roles and events need management
    /// events; addresses flow logs too; hunts what they read; everything
    /// else needs all kinds, and so do --log-group and sources = "report".
    #[arg(
        long = "require",
        value_name = "KIND",
        value_enum,
        value_delimiter = ',',
        help_heading = "Search",
        hide_short_help = true
    )]
    pub required: Vec<RequiredArgument>,

    /// Kinds of log source to search: auto, or logs, s3, athena and history,
    /// separated by commas
    ///
    /// auto searches CloudWatch log groups; then objects in S3, to which trails
    /// and flow logs deliver, for what the log groups do not cover; then
    /// CloudTrail's event history for the management events that are still
    /// missing. The history has those of the last 90 days; AWS allows two calls
    /// a second, with 50 events each. Of the log group and the bucket of a trail
    /// that have the same records, auto reads the bucket alone if the log group
    /// takes longer than ten minutes and the bucket is faster or cheaper within
    /// --max-scan-cost; --dry-run shows the choice. A kind that is named is
    /// searched everywhere, the others nowhere.
    /// athena is s3, but only objects that a query of Athena names are read; it
    /// needs [athena] in the configuration. auto uses Athena if that is clearly
    /// faster and cheaper than to read all objects.
    #[arg(
        long,
        value_name = "SOURCES",
        default_value = SourceSelection::AUTO,
        value_parser = parse_sweep_sources,
        help_heading = "Search",
        hide_short_help = true
    )]
    pub sources: SourcesArgument,

    /// Search only write calls
    ///
    /// Leaves out CloudTrail records with readOnly = true, and all events that
    /// are no CloudTrail records. A record without readOnly is searched.
    #[arg(long, help_heading = "Search", hide_short_help = true)]
    pub changes: bool,

    /// Search copies of logs on disk: directories or files
    ///
    /// Reads CloudTrail and flow-log files, and exports of logs, packed or
    /// plain. Makes no call to AWS, unless --sources names what to search there
    /// too. Searches all records, unless --since or --from limits the time.
    /// Takes every value up to the next option, so indicators come first.
    #[arg(
        long,
        value_name = "DIRECTORY",
        num_args = 1..,
        help_heading = "Search",
        hide_short_help = true
    )]
    pub files: Vec<PathBuf>,

    /// Also search for what the findings created or obtained, round by round:
    /// sessions, keys, users and roles, in all accounts
    ///
    /// Each round searches for the identities that the previous one added, from
    /// their creation on, in CloudTrail sources, until nothing is added.
    /// --follow=ROUNDS changes the limit of 10 rounds. Writes follow.json and
    /// graphs; open ends of the lineage end the run with exit code 3.
    #[arg(
        long,
        value_name = "ROUNDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "10",
        value_parser = clap::value_parser!(u32).range(1..=100),
        conflicts_with_all = ["files", "filter_pattern"],
        help_heading = "Search",
        hide_short_help = true
    )]
    pub follow: Option<u32>,

    /// Follow from this time on: earlier use of the credentials was legitimate
    #[arg(
        long,
        value_name = "TIME",
        requires = "follow",
        help_heading = "Search",
        hide_short_help = true
    )]
    pub follow_from: Option<TimeArg>,

    /// Also search for the addresses of the followed identities, and count the
    /// other principals that use them
    #[arg(
        long,
        requires = "follow",
        help_heading = "Search",
        hide_short_help = true
    )]
    pub follow_addresses: bool,

    /// Skip the check for CloudTrail tampering and for hours without records
    #[arg(
        long,
        alias = "no-silence",
        help_heading = "Search",
        hide_short_help = true
    )]
    pub no_tamper_check: bool,

    /// Compare the objects in S3 with CloudTrail's digests
    ///
    /// Verifies the signatures and the chain of the digests, and which objects
    /// were deleted or changed. Needs --sources with s3. What cannot be
    /// verified is a gap. Reads one more object for each account-Region, trail
    /// and hour.
    #[arg(long, help_heading = "Search", hide_short_help = true)]
    pub verify_integrity: bool,

    /// Exit with 4 if something was found, with 5 if coverage is incomplete too
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub fail_on_sighting: bool,

    /// Where addresses belong.
    #[command(flatten)]
    pub geoip: GeoIpArguments,
}

/// The value of `--sources` of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourcesArgument {
    /// The kinds of log source.
    pub selection: SourceSelection,
    /// Whether Athena names the objects of buckets that are read.
    pub names_athena: bool,
}

/// The word for objects in S3 that Athena names.
const ATHENA: &str = "athena";

/// Parses the sources of a sweep: like [`parse_sources`], with a word for Athena.
fn parse_sweep_sources(text: &str) -> Result<SourcesArgument, String> {
    let words: Vec<&str> = text
        .split(',')
        .map(|word| {
            if word == ATHENA {
                StorageKind::S3.as_str()
            } else {
                word
            }
        })
        .collect();
    match parse_sources(&words.join(",")) {
        Ok(selection) => Ok(SourcesArgument {
            selection,
            names_athena: text.split(',').any(|word| word == ATHENA),
        }),
        Err(problem) => Err(problem.replace(", s3 ", ", s3, athena ")),
    }
}

/// Parses `auto`, or kinds of log source separated by commas.
pub(super) fn parse_sources(text: &str) -> Result<SourceSelection, String> {
    if text == SourceSelection::AUTO {
        return Ok(SourceSelection::default());
    }
    let kind =
        |word| StorageKind::from_word(word).filter(|kind| StorageKind::IN_AWS.contains(kind));
    let kinds: Option<Vec<StorageKind>> = text.split(',').map(kind).collect();
    kinds.map(SourceSelection::only).ok_or_else(|| {
        let words: Vec<&str> = StorageKind::IN_AWS
            .iter()
            .map(|kind| kind.as_str())
            .collect();
        format!(
            "expected {}, or {} separated by commas",
            SourceSelection::AUTO,
            words.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn athena_is_a_way_to_read_objects() {
        let athena = parse_sweep_sources("logs,athena").unwrap();
        assert!(athena.names_athena && athena.selection.names(StorageKind::S3));
        let objects = parse_sweep_sources("s3").unwrap();
        assert!(!objects.names_athena && objects.selection.names(StorageKind::S3));
        assert_eq!(parse_sweep_sources("auto"), Ok(SourcesArgument::default()));
        let error = parse_sweep_sources("athen").unwrap_err();
        assert!(error.contains("history, s3, athena"), "{error}");
    }

    #[test]
    fn sources_are_auto_or_a_list() {
        assert_eq!(parse_sources("auto"), Ok(SourceSelection::default()));
        let all = SourceSelection::only(StorageKind::IN_AWS);
        assert_eq!(parse_sources("history,logs,s3"), Ok(all));
        for invalid in ["", "auto,logs", "s4", "logs, history", "file"] {
            let error = parse_sources(invalid).unwrap_err();
            assert!(error.contains("logs, history, s3"), "{error}");
        }
    }
}
