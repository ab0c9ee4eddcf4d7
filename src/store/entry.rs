//! The entries that a run writes to its journal.

use super::ids::{CoverageId, UnitId};
use super::object_counts::ObjectCount;
use super::run_facts::RunFacts;
use super::sightings::Sightings;
use dragnet_model::{
    AccountId, ApiCall, Engine, EventLookup, HourOfRecords, LogGroupClass, LogKind, LogSource,
    Outcome, Region, SourceLookup, StorageKind, TamperingCall, Target,
};
use insights_ql::Partial;

/// One entry of the journal.
#[derive(Clone, Debug)]
pub enum Entry {
    /// Facts about the whole run; a later value replaces an earlier one.
    Facts(Box<RunFacts>),
    /// An account that the scope names.
    Account(ScopedAccount),
    /// A new row of the coverage.
    CoverageRow(CoverageRow),
    /// The work units of a pass, which are written together when the pass starts.
    Units(Vec<UnitRow>),
    /// A work unit restarts at its first page, because its page token is too old.
    Restarted(UnitId),
    /// A work unit is split: it restarts at its first page and ends where the first of the new
    /// units starts.
    Cut {
        /// The work unit.
        unit: UnitId,
        /// Its new end in milliseconds, exclusive.
        to_ms: i64,
        /// The new work units, which cover the rest of its time range.
        rest: Vec<UnitRow>,
    },
    /// A work unit restarts at its first page with another engine.
    Engine {
        /// The work unit.
        unit: UnitId,
        /// The new engine.
        engine: Engine,
    },
    /// Rows of a passthrough query.
    Passthrough(PassthroughRows),
    /// An Insights query that has ended.
    Query(InsightsQuery),
    /// A page that was read: its sightings, together with the token of the next page.
    Page(Page),
    /// Files on disk that were read to their ends.
    Files(Box<ReadFiles>),
    /// The outcome of a row of the coverage.
    Ended {
        /// The id of the row.
        coverage_id: CoverageId,
        /// The outcome.
        outcome: Outcome,
    },
    /// An addition to the detail of an outcome. Writing it again has no effect.
    Remark {
        /// The id of the row.
        coverage_id: CoverageId,
        /// The text.
        text: String,
    },
    /// Which log sources record an account-Region.
    SourceLookup(SourceLookup),
    /// A trail or flow log. The description by its owner replaces that by other accounts.
    LogSource(Box<LogSource>),
    /// An attempt at an AWS call.
    Call(ApiCall),
}

/// An account that the scope names, included or left out.
#[derive(Clone, Debug)]
pub struct ScopedAccount {
    /// The id.
    pub id: AccountId,
    /// The name.
    pub name: String,
    /// Whether it is in scope.
    pub membership: ScopeMembership,
}

dragnet_model::word_enum! {
    /// Whether an account is in scope.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ScopeMembership {
        /// The account is searched.
        InScope => "in-scope",
        /// The account is selected, but AWS allows no access to it: it is closed, suspended …
        NotActive => "not-active",
        /// The scope leaves it out.
        NotSelected => "not-asked",
    }
}

/// A place in an account-Region where records are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The kind of place.
    pub source: StorageKind,
    /// Where it is: see [`StorageKind`].
    pub location: String,
}

impl Place {
    /// A log group.
    pub fn log_group(name: impl Into<String>) -> Self {
        Self {
            source: StorageKind::Logs,
            location: name.into(),
        }
    }

    /// The event history.
    pub fn event_history() -> Self {
        Self {
            source: StorageKind::History,
            location: String::new(),
        }
    }

    /// Objects in S3: the bucket, a slash and the prefix of the keys.
    pub fn objects(location: impl Into<String>) -> Self {
        Self {
            source: StorageKind::S3,
            location: location.into(),
        }
    }

    /// The location of all files with records of an account-Region. No file has it, because paths
    /// are absolute, and no log group, because their names have no spaces.
    pub const ALL_FILES: &str = "files on disk";

    /// All files with records of an account-Region.
    pub fn all_files() -> Self {
        Self::file(Self::ALL_FILES)
    }

    /// A file or directory on disk.
    pub fn file(path: impl Into<String>) -> Self {
        Self {
            source: StorageKind::File,
            location: path.into(),
        }
    }
}

/// A row of the coverage: an account, an account-Region, or a place where records are stored.
#[derive(Clone, Debug)]
pub struct CoverageRow {
    /// The id, from [`super::Journal::new_coverage_id`].
    pub id: CoverageId,
    /// The account.
    pub account: AccountId,
    /// The account's name.
    pub account_name: String,
    /// The Region; `None` if the row is about the whole account.
    pub region: Option<Region>,
    /// The place; `None` if the row is about the account or account-Region.
    pub place: Option<Place>,
    /// The log group's class.
    pub class: Option<LogGroupClass>,
    /// The outcome, if it is known already.
    pub outcome: Option<Outcome>,
    /// Whether the log group is out of scope and is scanned for records of accounts and Regions in
    /// scope.
    pub out_of_scope: bool,
}

dragnet_model::word_enum! {
    /// What a log group is scanned for, in the order of the scans. `run.db` stores the words.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Pass {
        /// Indicators and hunts; also trail integrity, if the scan reads all events.
        Search => "search",
        /// Only trail integrity.
        TrailIntegrity => "silence",
        /// The rows of passthrough queries.
        Passthrough => "written",
    }
}

/// A work unit: a time range of a place where records are stored. For objects in S3, the times are
/// those of the delivery, which are in the keys.
#[derive(Clone, Debug)]
pub struct UnitRow {
    /// The id, from [`super::Journal::new_unit_id`].
    pub id: UnitId,
    /// The coverage row of the place.
    pub coverage_id: CoverageId,
    /// The pass to which it belongs.
    pub pass: Pass,
    /// The engine that scans it, if it is a part of a log group.
    pub engine: Option<Engine>,
    /// The attribute by which the event history is read; `None` if all events are read.
    pub lookup: Option<EventLookup>,
    /// The first millisecond.
    pub from_ms: i64,
    /// The end in milliseconds, exclusive.
    pub to_ms: i64,
}

/// A row of a passthrough query: its field names and values, as Insights returned them.
pub type PassthroughRow = Vec<(String, String)>;

/// Rows of a passthrough query.
#[derive(Clone, Debug)]
pub struct PassthroughRows {
    /// The work unit.
    pub unit: UnitId,
    /// The name of the hunt.
    pub hunt: String,
    /// The rows.
    pub rows: Vec<PassthroughRow>,
}

/// An Insights query that has ended, with its cost.
#[derive(Clone, Debug)]
pub struct InsightsQuery {
    /// The account-Region in which it ran.
    pub target: Target,
    /// The number of log groups that it read.
    pub log_groups: usize,
    /// The number of scanned bytes, as AWS counts them.
    pub bytes: u64,
    /// The cost at the Region's list price, in US dollars.
    pub usd: f64,
}

/// A page of a work unit.
#[derive(Clone, Debug)]
pub struct Page {
    /// The work unit.
    pub unit: UnitId,
    /// The sightings.
    pub found: Sightings,
    /// The partial counts of hunts.
    pub counts: Vec<CountRow>,
    /// The token of the next page; `None` at the end. For objects in S3, it is the last key.
    pub next_token: Option<String>,
    /// When the token was received, in milliseconds since the Unix epoch: tokens expire after 24
    /// hours.
    pub read_at_ms: i64,
    /// The number of events.
    pub events: u64,
    /// The total size of the messages in bytes.
    pub bytes: u64,
    /// The findings about trail integrity.
    pub integrity_findings: IntegrityFindings,
    /// The objects of the page, if it is about S3.
    pub objects: Vec<ObjectCount>,
    /// The fields of the flow logs of the sightings, if they are in objects in S3.
    pub flow_headers: Vec<FlowHeader>,
}

/// The findings about trail integrity in one page.
#[derive(Clone, Debug, Default)]
pub struct IntegrityFindings {
    /// Calls that tamper with records: one of `TAMPERING`, or `CreateLogStream` for a log stream
    /// that imitates those of a trail, whether it succeeded or not.
    pub tampering: Vec<TamperingCall>,
    /// The number of records by account, Region and hour, if the scan reads all records.
    pub hours: Vec<HourOfRecords>,
}

/// The partial count of a hunt, for the events of one page that happened in one account and Region.
#[derive(Clone, Debug, PartialEq)]
pub struct CountRow {
    /// The name of the hunt.
    pub hunt: String,
    /// The account in which the events happened.
    pub event_account: String,
    /// The Region in which the events happened.
    pub event_region: String,
    /// The kind of record: `cloudtrail`, `vpc-flow`, `other`, or `claims-to-be-cloudtrail`.
    pub kind: String,
    /// The partial aggregate.
    pub partial: Partial,
}

/// Files on disk that were read to their ends, and everything that was found in them. It is one
/// entry, and so one transaction: as far as a resumed run can see, a file was either read completely
/// or not at all.
#[derive(Clone, Debug, Default)]
pub struct ReadFiles {
    /// The files.
    pub files: Vec<FileRow>,
    /// What was found, for each account-Region of their records.
    pub findings: Vec<FileFindings>,
    /// Other work units of these files. If a unit was written before, it ends here with the time of
    /// its records.
    pub finished: Vec<UnitRow>,
    /// Their records by hour.
    pub hours: Vec<FileHour>,
    /// The fields of their flow logs that are not in the default format.
    pub headers: Vec<FlowHeader>,
    /// What could not be read: coverage rows with their outcome.
    pub problems: Vec<CoverageRow>,
}

/// A file that was read to its end.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// The path.
    pub path: String,
    /// The version that was read.
    pub stamp: FileStamp,
    /// The number of its records.
    pub records: u64,
    /// The size of its unpacked content, in bytes.
    pub bytes: u64,
}

/// What identifies a version of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStamp {
    /// The size in bytes.
    pub size: u64,
    /// The time of the last change, in nanoseconds since the Unix epoch.
    pub modified_ns: i64,
}

/// What was found in the records of files that are of one account-Region.
#[derive(Clone, Debug)]
pub struct FileFindings {
    /// The work unit. It may have been written before.
    pub unit: UnitRow,
    /// The last pages of all files as one page of the unit.
    pub page: Page,
    /// The number of these pages.
    pub pages: u64,
}

/// The records of files with the same account-Region, kind and hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHour {
    /// The account-Region.
    pub target: Target,
    /// The kind of log; `None` if it is not known, or none of the four.
    pub kind: Option<LogKind>,
    /// The start of the hour in milliseconds since the Unix epoch; `None` if the records have no
    /// time.
    pub hour_ms: Option<i64>,
    /// The number of records.
    pub records: u64,
}

/// The names of the fields of flow logs in a part of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowHeader {
    /// The path of the file; in an archive, with the path in it. In S3, the bucket and the key.
    pub content: String,
    /// The number of the first record in whose line these fields are, as far as it matters.
    pub first_record: u64,
    /// The names, separated by spaces; empty if the records are no lines of a flow log.
    pub fields: String,
}
