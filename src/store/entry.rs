//! The entries that a run writes to its journal.

use super::ids::{CoverageId, UnitId};
use super::run_facts::RunFacts;
use super::sightings::Sightings;
use dragnet_model::{
    AccountId, ApiCall, Engine, HourOfRecords, LogGroupClass, LogSource, Outcome, Region,
    SourceLookup, TamperingCall, Target,
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
    LogSource(LogSource),
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

/// A row of the coverage: an account, an account-Region, or a log group.
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
    /// The log group; `None` if the row is about the account or account-Region.
    pub log_group: Option<String>,
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

/// A work unit: a time range of a log group.
#[derive(Clone, Copy, Debug)]
pub struct UnitRow {
    /// The id, from [`super::Journal::new_unit_id`].
    pub id: UnitId,
    /// The coverage row of the log group.
    pub coverage_id: CoverageId,
    /// The pass to which it belongs.
    pub pass: Pass,
    /// The engine that scans it.
    pub engine: Engine,
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
    /// The token of the next page; `None` at the end.
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
