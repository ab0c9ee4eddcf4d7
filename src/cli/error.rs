//! Usage errors: exit code 2. Most are reported before the first AWS call.

use jiff::Timestamp;

use crate::config::{InvalidMemberRoles, UnknownRegion};
use crate::geoip::GeoIpError;
use crate::settings::{SettingsError, did_you_mean};
use crate::throttle::QuotaError;
use dragnet_model::EmptyWindow;
use dragnet_model::format::about_money;
use dragnet_model::time::rfc3339_ms;

/// The arguments or the configuration are wrong, although each value alone is well formed.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// The settings cannot be resolved.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The window is empty: its end is not after its start.
    #[error(transparent)]
    Window(#[from] EmptyWindow),
    /// A file with the origin of addresses cannot be used.
    #[error(transparent)]
    GeoIp(#[from] GeoIpError),
    /// The window begins in the future.
    #[error("the time window starts at {}, which is in the future: it is now {}", rfc3339_ms(*from), rfc3339_ms(*now))]
    FutureWindow {
        /// The start of the window.
        from: Timestamp,
        /// The current time.
        now: Timestamp,
    },
    /// A Region of the arguments is unknown.
    #[error(transparent)]
    Region(#[from] UnknownRegion),
    /// A rate of the configuration is invalid.
    #[error("limits.quotas: {0}")]
    Quota(#[from] QuotaError),
    /// The member roles cannot be used together.
    #[error("--member-role: {0}")]
    MemberRoles(#[from] InvalidMemberRoles),
    /// Containment does not use permission sets.
    #[error(
        "contain cannot use a permission set, because its sessions cannot be limited by a session policy: use a contain \
         role, without --permission-set and identity.permission_set"
    )]
    PermissionSetOfContain,
    /// A sweep in shards does not have this.
    #[error("{0} needs one machine: leave it out, or use `dragnet sweep`")]
    NotInShards(&'static str),
    /// A run of AWS cannot be resumed with `--practice`.
    #[error("the run was created on AWS and cannot be resumed with --practice")]
    NotPractice,
    /// An option was given that resuming a run does not accept, because the run contains its
    /// settings.
    #[error(
        "--member-role, --permission-set and --accounts-file cannot be used with resume: the run keeps the settings that \
         it was created with"
    )]
    FixedByRun,
    /// A run can only be resumed from the account that started it.
    #[error(
        "the run was started as {original}, but the current credentials are those of {current}: use credentials of \
         the account that started it"
    )]
    OtherCaller {
        /// The caller that started the run.
        original: String,
        /// The current caller.
        current: String,
    },
    /// No run has this id, or one that begins with it.
    #[error(
        "there is no run `{given}` in {parent}{}; `dragnet runs list` lists all runs",
        nearest_runs(nearest)
    )]
    UnknownRun {
        /// The run as it was given.
        given: String,
        /// The directory of the runs.
        parent: String,
        /// The ids that are most like it.
        nearest: Vec<String>,
    },
    /// Several runs have an id that begins with this.
    #[error(
        "the run `{given}` is ambiguous: it may be {}; give more of the id",
        abridged_runs(candidates)
    )]
    AmbiguousRun {
        /// The run as it was given.
        given: String,
        /// The ids that begin with it.
        candidates: Vec<String>,
    },
    /// The run belongs to a watch.
    #[error(
        "this run belongs to a watch and cannot be resumed: the next activation reads what it missed (dragnet watch once)"
    )]
    BelongsToWatch,
    /// The run belongs to a collection.
    #[error(
        "this run belongs to a collection: run `dragnet collect` again with the same options, which continues it"
    )]
    BelongsToCollection,
    /// A collection cannot be written to a directory.
    #[error("cannot collect into {directory}: {problem}; name a new or empty directory with --out")]
    CollectionDirectory {
        /// The directory.
        directory: String,
        /// What was found there.
        problem: String,
    },
    /// Insights was requested, and would cost more than the limit.
    #[error(
        "Insights would cost {}, more than --max-scan-cost {max_scan_cost:.2}; nothing was searched. \
         Raise the limit, select fewer accounts or a shorter window, or use --engine auto; --dry-run shows the plan",
        about_money(*usd)
    )]
    OverScanCost {
        /// The estimated cost at list prices, in US dollars.
        usd: f64,
        /// The limit, in US dollars.
        max_scan_cost: f64,
    },
    /// An option selects something in AWS, but only files are searched.
    #[error(
        "{0} is about AWS, which is not searched with --files alone: leave it out, or name what to search in AWS too: \
         --sources logs,history"
    )]
    OptionForAws(&'static str),
    /// Objects are to be verified, but it is not certain that they are read.
    #[error(
        "--verify-integrity compares the objects in S3 that are searched, and --sources does not name them: \
         add --sources s3, or --sources logs,s3"
    )]
    IntegrityWithoutObjects,
    /// Athena is named, and its SDK is not part of this build.
    #[error(
        "--sources athena: this dragnet was built without the feature `athena`; build it with \
         cargo build --features athena, or name s3 instead, which reads all objects"
    )]
    WithoutAthena,
    /// Athena is named, and no table is configured.
    #[error(
        "--sources athena needs a workgroup and tables in [athena] of the configuration; dragnet setup athena prints how to \
         create them"
    )]
    AthenaWithoutTables,
    /// Only CloudWatch Logs evaluates filter patterns.
    #[error(
        "--filter-pattern is evaluated by CloudWatch Logs and cannot search files: use an indicator, such as regex:, \
         or --query-string"
    )]
    FilterPatternForFiles,
    /// A hunt cannot be evaluated on files.
    #[error(
        "hunt `{0}` can only run on Insights, not on files: leave it out, or leave out --files"
    )]
    HuntForInsights(String),
    /// `--files` was given last, and took an indicator as a path.
    #[error(
        "`{value}` is taken as a path of --files, which takes every value up to the next option, and there is no such \
         file: if it is an indicator, name it first, as in `dragnet sweep {value} --files {directory}`"
    )]
    IndicatorAsPath {
        /// The value that is no path.
        value: String,
        /// A path that was given.
        directory: String,
    },
    /// There are files to search, and nothing to search for.
    #[error(
        "there is nothing to search for in {directory}: name an indicator before --files, which takes every value up \
         to the next option, as in `dragnet sweep 192.0.2.1 --files {directory}`, or a --hunt"
    )]
    NothingForFiles {
        /// A path that was given.
        directory: String,
    },
    /// A path of `--files` cannot be read.
    #[error("--files {path}: {problem}; expected a directory or file that can be read")]
    UnreadableFiles {
        /// The path.
        path: String,
        /// The problem.
        problem: String,
    },
    /// `--for` was given without the action that it limits.
    #[error("--for limits deny-all, which is not among the actions: add --action deny-all")]
    NothingToEnd,
    /// A configuration file of the working directory names a program.
    #[error(
        "{path} is only used because it is in the working directory, so its {key} is not run: name the file with \
         --config if it is yours, or move it to ~/.config/dragnet/dragnet.toml"
    )]
    ProgramInWorkingDirectory {
        /// The file.
        path: String,
        /// The key that names the program.
        key: &'static str,
    },
    /// No schedule is configured.
    #[error("no schedule is configured: add a [[watch.schedule]], as shown in config/dragnet.toml")]
    NoSchedule,
    /// There is no schedule of this name.
    #[error("there is no schedule `{given}`{}", did_you_mean(nearest.as_deref()))]
    UnknownSchedule {
        /// The name that was given.
        given: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// `watch check` found problems.
    #[error("the watch cannot run as configured:\n{}", .0.join("\n"))]
    WatchCheck(Vec<String>),
    /// `--query` is not a valid JMESPath expression.
    #[error("--query `{expression}` is not a valid JMESPath expression: {problem}")]
    Query {
        /// The expression that was given.
        expression: String,
        /// The problem.
        problem: String,
    },
}

impl UsageError {
    /// The exit code for wrong usage or configuration.
    pub const EXIT_CODE: u8 = 2;

    /// Returns the exit code. A run that does not exist is no wrong usage: the command failed.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::UnknownRun { .. }) {
            1
        } else {
            Self::EXIT_CODE
        }
    }
}

fn nearest_runs(nearest: &[String]) -> String {
    match nearest {
        [] => ", which has no runs".to_owned(),
        [one] => format!("; the nearest is {one}"),
        several => format!("; the nearest are {}", several.join(", ")),
    }
}

/// The number of candidates that are listed.
const MAX_CANDIDATES: usize = 10;

fn abridged_runs(candidates: &[String]) -> String {
    match candidates.split_at_checked(MAX_CANDIDATES) {
        Some((first, rest)) if !rest.is_empty() => {
            format!("{} and {} more", first.join(", "), rest.len())
        }
        _ => candidates.join(", "),
    }
}
