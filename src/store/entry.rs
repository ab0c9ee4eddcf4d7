//! What a run writes down, entry by entry.

use super::sightings::Sightings;
use super::written::PassthroughRow;
use crate::model::{
    AccountId, ApiCall, Engine, HourOfRecords, LogGroupClass, LogSource, Outcome, Region,
    SourceLookup, Tampering, Target,
};
use crate::query::Partial;

/// The key of a row of the coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CoverageId(pub(super) i64);

/// The key of a stretch of a log group that is read page by page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitId(pub(super) i64);

/// One thing to write down.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A fact about the run as a whole; a later value replaces an earlier one.
    Fact {
        /// Its name.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// An account that the scope names.
    Account(ScopedAccount),
    /// A place that now has its row in the coverage.
    Place(CoverageRow),
    /// Stretches of a log group that are going to be read: all that a pass begins with, together.
    Units(Vec<UnitRow>),
    /// A unit is read from its beginning again: its next page's token is too old.
    Restarted(UnitId),
    /// A unit is cut: it is read from its beginning again, and ends where the first of the others begins.
    Cut {
        /// The unit.
        unit: UnitId,
        /// The first millisecond after what is left of it.
        to_ms: i64,
        /// What it was before, from there on.
        rest: Vec<UnitRow>,
    },
    /// A unit is read from its beginning again, by another engine.
    Engine {
        /// The unit.
        unit: UnitId,
        /// What reads it now.
        engine: Engine,
    },
    /// Rows of a hunt that Insights ran as it was written.
    Passthrough(PassthroughRows),
    /// An Insights query has ended.
    Query(InsightsQuery),
    /// A page that was read: its sightings and the token of the next one, together.
    Page(Page),
    /// How a place ended.
    Ended {
        /// The place.
        place: CoverageId,
        /// How.
        outcome: Outcome,
    },
    /// Something more to say about how a place ended; said once, however often it is written.
    Remark {
        /// The place.
        place: CoverageId,
        /// What there is to say.
        text: String,
    },
    /// What an account's Region tells of who records it.
    SourceLookup(SourceLookup),
    /// A trail or a flow log. What its owner tells of it replaces what others do.
    LogSource(LogSource),
    /// An attempt at an AWS call.
    Call(ApiCall),
}

/// An account that the scope names, in it or left out.
#[derive(Clone, Debug)]
pub struct ScopedAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// How it stands to the scope.
    pub standing: ScopeMembership,
}

/// How an account stands to the scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeMembership {
    /// It is entered.
    InScope,
    /// It was asked for, but AWS lets nobody in: closed, suspended …
    NotActive,
    /// The scope leaves it out.
    NotAsked,
}

impl ScopeMembership {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InScope => "in-scope",
            Self::NotActive => "not-active",
            Self::NotAsked => "not-asked",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::InScope, Self::NotActive, Self::NotAsked]
            .into_iter()
            .find(|standing| standing.as_str() == word)
    }
}

/// A place: an account, an account's Region, or a log group.
#[derive(Clone, Debug)]
pub struct CoverageRow {
    /// Its key, from [`super::Journal::new_place`].
    pub id: CoverageId,
    /// The account.
    pub account: AccountId,
    /// The account's name.
    pub account_name: String,
    /// The Region, if it came so far.
    pub region: Option<Region>,
    /// The log group, if it came so far.
    pub log_group: Option<String>,
    /// The log group's class.
    pub class: Option<LogGroupClass>,
    /// How it ended, if that is known already.
    pub outcome: Option<Outcome>,
    /// It lies outside the accounts and Regions in scope, and is read for the records of those.
    pub elsewhere: bool,
}

/// What a log group is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass {
    /// What was asked for; and, where all events are let through, what tells of the recording itself.
    Search,
    /// Only what tells of the recording.
    TrailIntegrity,
    /// What hunts give that Insights runs as they are written.
    Passthrough,
}

impl Pass {
    /// All, in the order in which a log group is read for them.
    pub const ALL: [Self; 3] = [Self::Search, Self::TrailIntegrity, Self::Passthrough];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::TrailIntegrity => "silence",
            Self::Passthrough => "written",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pass| pass.as_str() == word)
    }
}

/// A stretch of a log group's time.
#[derive(Clone, Copy, Debug)]
pub struct UnitRow {
    /// Its key, from [`super::Journal::new_unit`].
    pub id: UnitId,
    /// The log group.
    pub place: CoverageId,
    /// What it is read for.
    pub pass: Pass,
    /// What reads it.
    pub engine: Engine,
    /// Its first millisecond.
    pub from_ms: i64,
    /// The first millisecond after it.
    pub to_ms: i64,
}

/// Rows of a hunt that Insights ran as it was written.
#[derive(Clone, Debug)]
pub struct PassthroughRows {
    /// The unit they belong to.
    pub unit: UnitId,
    /// The hunt's name.
    pub hunt: String,
    /// The rows.
    pub rows: Vec<PassthroughRow>,
}

/// An Insights query that has ended, with what AWS takes for it.
#[derive(Clone, Debug)]
pub struct InsightsQuery {
    /// Where it ran.
    pub target: Target,
    /// Log groups that it asked about.
    pub log_groups: usize,
    /// Bytes that it scanned, as AWS counts them.
    pub bytes: u64,
    /// What they cost at the Region's list price, in US dollars.
    pub usd: f64,
}

/// A page of a unit.
#[derive(Clone, Debug)]
pub struct Page {
    /// The unit it belongs to.
    pub unit: UnitId,
    /// What was found in it.
    pub found: Sightings,
    /// What its events add to the hunts that count.
    pub counts: Vec<CountRow>,
    /// The token of the next page; `None` at the end.
    pub next_token: Option<String>,
    /// When the token was given, in milliseconds since the Unix epoch: tokens live 24 hours.
    pub read_at_ms: i64,
    /// Events in it.
    pub events: u64,
    /// Bytes of message in it.
    pub bytes: u64,
    /// What it tells of the recording itself.
    pub traces: IntegrityFindings,
}

/// What a page of a trail's log group tells of the recording itself.
#[derive(Clone, Debug, Default)]
pub struct IntegrityFindings {
    /// Calls that tamper with records.
    pub tampering: Vec<Tampering>,
    /// Records by place and hour, if the page lets all of them through.
    pub hours: Vec<HourOfRecords>,
}

/// What the events of a page that happened in one place add to a hunt that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct CountRow {
    /// The hunt's name.
    pub hunt: String,
    /// In which account they happened.
    pub event_account: String,
    /// In which Region they happened.
    pub event_region: String,
    /// What kind of record they are: `cloudtrail`, `vpc-flow`, `other`, or `claims-to-be-cloudtrail`.
    pub kind: String,
    /// What they come to.
    pub partial: Partial,
}

/// A sighting as it is written down: what sorts it, where it is kept, what was found, and its message.
/// All else is read from the message again when the run is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SightingRecord {
    /// When it happened, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// In which account it happened.
    pub event_account: String,
    /// In which Region it happened.
    pub event_region: String,
    /// CloudTrail's `eventID`; empty for other events.
    pub record_id: String,
    /// CloudWatch Logs' id of the event.
    pub event_id: String,
    /// The log stream.
    pub log_stream: String,
    /// The stored timestamp, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// When it was taken in, in milliseconds since the Unix epoch.
    pub ingestion_ms: i64,
    /// The indicators found in it.
    pub indicators: Vec<String>,
    /// The hunts that it is a row of.
    pub hunts: Vec<String>,
    /// The fields they were found in.
    pub matched_fields: Vec<String>,
    /// The message, byte for byte.
    pub message: String,
}
