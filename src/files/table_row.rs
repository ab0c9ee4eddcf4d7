//! Rows of tables that queries export: CSV with a header, and the results of Logs Insights.
//!
//! A row may have the record in one of its columns. What the other columns say is searched too: a
//! query can compute anything.

use dragnet_model::{AccountId, LogKind, Region};

use super::container::Envelope;
use super::coverage::checked_ms;
use super::fields::Fields;

/// The columns that Logs Insights generates and that say nothing a search could look for.
///
/// Source: CloudWatch Logs user guide, "Supported logs and discovered fields".
const OPAQUE_COLUMNS: [&str; 3] = ["@timestamp", "@ptr", "@ingestiontime"];

/// The column with the event of a log group, whatever that is.
const MESSAGE: &str = "@message";

/// The columns that may hold a CloudTrail record, as JSON.
///
/// Sources: CloudTrail API, `Event`; CloudTrail user guide, "CloudTrail Lake integrations event
/// schema" (`eventData`); the columns of `sightings.csv`.
const RECORD_COLUMNS: [&str; 3] = ["cloudtrailevent", "eventdata", "message"];

const TIME_COLUMNS: [&str; 2] = ["@timestamp", "eventtime"];
const LOG: &str = "@log";
const LOG_STREAM: &str = "@logstream";
const ACCOUNT: &str = "recipientaccountid";
const REGION: &str = "awsregion";

/// Columns of CloudTrail events in exports of Athena, CloudTrail Lake and the console. Three of them
/// make a header.
///
/// Sources: CloudTrail user guide, "CloudTrail record contents" and "Supported SQL schemas for event
/// data stores".
const TRAIL_COLUMNS: [&str; 18] = [
    "eventversion",
    "useridentity",
    "username",
    "eventtime",
    "eventsource",
    "eventname",
    REGION,
    "sourceipaddress",
    "useragent",
    "errorcode",
    "errormessage",
    "requestparameters",
    "responseelements",
    "requestid",
    "eventid",
    "resources",
    "eventtype",
    ACCOUNT,
];

const HEADER_COLUMNS: usize = 3;

/// A row by the names of its columns.
#[derive(Clone, Debug)]
pub(super) struct TableRow<'t>(Vec<(&'t str, &'t str)>);

impl<'t> TableRow<'t> {
    pub(super) fn new(cells: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        Self(cells.into_iter().collect())
    }

    fn value(&self, column: &str) -> Option<&'t str> {
        let cell = self.0.iter().find(|(name, _)| is_named(name, column));
        cell.map(|(_, value)| *value)
            .filter(|value| !value.is_empty())
    }

    /// Returns the record of the row, if one of its columns holds it, and the name of this column.
    pub(super) fn message(&self) -> Option<(&'static str, &'t str)> {
        if let Some(message) = self.value(MESSAGE) {
            return Some((MESSAGE, message));
        }
        let is_record = |text: &&str| {
            let facts = Fields::parse(text).and_then(|fields| fields.trail_facts());
            facts.is_some()
        };
        RECORD_COLUMNS
            .into_iter()
            .find_map(|name| Some((name, self.value(name).filter(is_record)?)))
    }

    /// When it happened. A time without a zone is in UTC.
    pub(super) fn time_ms(&self) -> Option<i64> {
        let text = TIME_COLUMNS.iter().find_map(|name| self.value(name))?;
        let text = text.trim();
        let local = text.trim_end_matches("UTC").trim_end().replace(' ', "T") + "Z";
        let time = text.parse::<jiff::Timestamp>();
        let time = time.or_else(|_| local.parse()).ok()?;
        checked_ms(time.as_millisecond())
    }

    pub(super) fn account(&self) -> Option<AccountId> {
        self.value(ACCOUNT)?.parse().ok()
    }

    pub(super) fn region(&self) -> Option<Region> {
        self.value(REGION)?.parse().ok()
    }

    /// The kind of log, if the row itself is the record. It may be any event of CloudTrail.
    pub(super) fn kind(&self) -> Option<LogKind> {
        let names = self.0.iter().map(|(name, _)| *name);
        (count_trail_columns(names) < HEADER_COLUMNS).then_some(LogKind::App)
    }

    /// Where the record is stored: `@log` is the account and the log group.
    ///
    /// Source: CloudWatch Logs user guide, "Supported logs and discovered fields".
    pub(super) fn envelope(&self, outer: &Envelope) -> Envelope {
        let mut envelope = outer.clone();
        if let Some((owner, group)) = self.value(LOG).and_then(|log| log.split_once(':')) {
            envelope.owner = Some(owner.to_owned());
            envelope.log_group = Some(group.to_owned());
        }
        if let Some(stream) = self.value(LOG_STREAM) {
            envelope.log_stream = Some(stream.to_owned());
        }
        envelope
    }

    /// Returns the row as a JSON object.
    pub(super) fn to_json(&self) -> String {
        to_object(self.0.iter())
    }

    /// Returns what the row says besides the record in this column, as a JSON object. `None` if that
    /// is nothing.
    pub(super) fn rest(&self, message_column: &str) -> Option<String> {
        let is_other = |name: &str| {
            !is_named(name, message_column)
                && !OPAQUE_COLUMNS.iter().any(|opaque| is_named(name, opaque))
        };
        let cells: Vec<&(&str, &str)> = self
            .0
            .iter()
            .filter(|(name, value)| is_other(name) && !value.is_empty())
            .collect();
        (!cells.is_empty()).then(|| to_object(cells.into_iter()))
    }
}

fn to_object<'c>(cells: impl Iterator<Item = &'c (&'c str, &'c str)>) -> String {
    let quote = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let members: Vec<String> = cells
        .map(|(name, value)| format!("{}:{}", quote(name), quote(value)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Whether cells are the names of columns of an export.
pub(super) fn is_header<'n>(names: impl Iterator<Item = &'n str> + Clone) -> bool {
    let is_telling = |name: &str| is_named(name, MESSAGE) || is_named(name, "cloudtrailevent");
    names.clone().any(is_telling) || count_trail_columns(names) >= HEADER_COLUMNS
}

/// Whether a name is that of a documented column.
pub(super) fn is_known_column(name: &str) -> bool {
    let generated = [MESSAGE, LOG, LOG_STREAM];
    let mut known = OPAQUE_COLUMNS
        .iter()
        .chain(&generated)
        .chain(&RECORD_COLUMNS)
        .chain(&TRAIL_COLUMNS);
    known.any(|known| is_named(name, known))
}

fn count_trail_columns<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    let is_known = |name: &&str| TRAIL_COLUMNS.iter().any(|known| is_named(name, known));
    names.filter(is_known).count()
}

/// Compares the name of a column: `Event time` and `event_time` are `eventtime`.
fn is_named(name: &str, lowercase: &str) -> bool {
    name.bytes()
        .filter(|byte| !matches!(byte, b' ' | b'_'))
        .map(|byte| byte.to_ascii_lowercase())
        .eq(lowercase.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_exports_write_them() {
        for (text, is_time) in [
            ("2026-11-27T10:00:00Z", true),
            ("2026-11-27T10:00:00", true),
            ("2026-11-27 10:00:00.000", true),
            ("2026-11-27 10:00:00.000 UTC", true),
            ("2026-11-27T11:00:00+01:00", true),
            ("November 27, 2026, 10:00:00 (UTC+01:00)", false),
            ("", false),
        ] {
            let row = TableRow::new([("Event time", text)]);
            let expected = is_time.then_some(1_795_773_600_000);
            assert_eq!(row.time_ms(), expected, "{text}");
        }
    }

    #[test]
    fn headers_have_known_names() {
        for (header, expected) in [
            ("@message", true),
            ("@timestamp,@message,@ptr", true),
            ("EventId,CloudTrailEvent", true),
            ("Event name,Event time,User name", true),
            ("eventtime,event_source,awsregion", true),
            ("eventtime,message", false),
            ("2026-11-27,started", false),
        ] {
            assert_eq!(is_header(header.split(',')), expected, "{header}");
        }
    }
}
