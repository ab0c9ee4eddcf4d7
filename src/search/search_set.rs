//! Everything that a sweep searches for in an event: indicators and hunts, with one server-side
//! pattern for all of them.

use std::sync::OnceLock;

use super::hunts::{
    Finding, FlowLogFormats, PrepareHuntError, PreparedHunt, RecordKind, event_lookups,
    structured_pattern,
};
use super::ocsf_record::OCSF_MARK;
use super::passthrough_query::{PassthroughQuery, prepare};
use super::pattern::{LONGEST, pattern_from};
use super::required_text::{HidingEscapes, RequiredText};
use super::truncated_event::with_truncated_events;
use super::write_call::is_write_call;
use super::{
    Candidates, ContentScan, Document, Matcher, MatcherError, Matches, StreamFilter, insights,
};
use crate::byte_scan::ByteClass;
use dragnet_model::{EventDetails, EventLookup, Hunt, Indicator};
use insights_ql::{Event, Expr, Record};

/// The compiled indicators and hunts of a sweep. Built once and shared by all scans.
#[derive(Debug)]
pub struct SearchSet {
    matcher: Matcher,
    hunts: Vec<PreparedHunt>,
    passthrough: Vec<PassthroughQuery>,
    indicators: Vec<Indicator>,
    changes_only: bool,
    /// Built when they are needed, because a search of files has none.
    server_filters: OnceLock<ServerFilters>,
}

/// What the server may filter by, for indicators and hunts together.
#[derive(Debug)]
struct ServerFilters {
    /// The pattern for messages of any kind; `None` if none is both safe and short enough.
    terms: Option<String>,
    /// The same for Insights, whose queries may be longer.
    condition: Option<Expr>,
}

impl ServerFilters {
    fn new(indicators: &[Indicator], hunts: &[PreparedHunt]) -> Self {
        let escapes = if indicators.is_empty() {
            HidingEscapes::Json
        } else {
            HidingEscapes::JsonAndPercent
        };
        let required_texts = indicators
            .iter()
            .map(RequiredText::from_indicator)
            .chain(hunts.iter().map(PreparedHunt::required_text));
        let required_texts = required_texts.collect::<Option<Vec<RequiredText>>>();
        let terms = required_texts
            .as_ref()
            .and_then(|required_texts| pattern_from(required_texts, escapes));
        let condition =
            required_texts.and_then(|required_texts| insights::condition(&required_texts, escapes));
        Self { terms, condition }
    }
}

/// The indicators or hunts cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum SearchSetError {
    /// The indicators are too many or too large.
    #[error(transparent)]
    Matcher(#[from] MatcherError),
    /// The query of a hunt is invalid.
    #[error(transparent)]
    Hunt(#[from] PrepareHuntError),
}

impl SearchSet {
    /// Compiles indicators and hunts.
    ///
    /// # Errors
    /// The indicators are more than the matcher can hold, or the query of a hunt is invalid.
    pub fn new(indicators: &[Indicator], hunts: &[Hunt]) -> Result<Self, SearchSetError> {
        let (hunts, passthrough) = prepare(hunts)?;
        Ok(Self {
            matcher: Matcher::new(indicators)?,
            hunts,
            passthrough,
            indicators: indicators.to_vec(),
            changes_only: false,
            server_filters: OnceLock::new(),
        })
    }

    /// Searches only write calls, if `changes_only` is set.
    #[must_use]
    pub fn with_changes_only(self, changes_only: bool) -> Self {
        Self {
            changes_only,
            ..self
        }
    }

    /// Whether an event is left out, because it is no write call.
    pub fn leaves_out(&self, message: &str, details: &EventDetails<'_>) -> bool {
        self.changes_only && !is_write_call(message, details)
    }

    fn has_indicators(&self) -> bool {
        !self.indicators.is_empty()
    }

    fn server_filters(&self) -> &ServerFilters {
        self.server_filters
            .get_or_init(|| ServerFilters::new(&self.indicators, &self.hunts))
    }

    /// The passthrough queries: hunts that only Insights evaluates.
    pub fn passthrough_queries(&self) -> &[PassthroughQuery] {
        &self.passthrough
    }

    /// Whether there are only passthrough queries, so that no event is evaluated locally.
    pub fn is_passthrough_only(&self) -> bool {
        !self.has_indicators() && self.hunts.is_empty()
    }

    /// The hunts that are evaluated locally.
    pub fn hunts(&self) -> &[PreparedHunt] {
        &self.hunts
    }

    /// Returns the filter pattern for a log group with flow logs of these formats. A pattern that a
    /// hunt specifies is used as it is. Otherwise, if the server may `narrow`, it is the narrowest
    /// pattern that never excludes a match. `None` means that all events are read.
    pub fn pattern(&self, formats: &FlowLogFormats, narrow: bool) -> Option<String> {
        let explicit = self
            .hunts
            .iter()
            .find_map(|prepared| prepared.hunt().filter_pattern.clone());
        let narrowest = || {
            let structured = (!self.has_indicators())
                .then(|| structured_pattern(&self.hunts, formats))
                .flatten();
            structured.or_else(|| self.server_filters().terms.clone())
        };
        explicit.or_else(|| narrow.then(narrowest).flatten())
    }

    /// Returns the same pattern, but it also selects truncated events: a match may be in the part of
    /// them that is stored as a separate object.
    pub fn pattern_with_truncated_events(
        &self,
        formats: &FlowLogFormats,
        narrow: bool,
    ) -> Option<String> {
        let pattern = self.pattern(formats, narrow)?;
        if self.has_filter_pattern() {
            Some(pattern)
        } else {
            with_truncated_events(pattern)
        }
    }

    /// Returns the filter pattern for a log group to which CloudTrail delivers. A pipeline may have
    /// renamed the fields that hunts select by, so the pattern also selects every event in OCSF.
    pub fn trail_pattern(&self, formats: &FlowLogFormats, narrow: bool) -> Option<String> {
        let pattern = self.pattern(formats, narrow)?;
        if self.hunts.is_empty() || self.has_filter_pattern() {
            Some(pattern)
        } else {
            with_ocsf_events(pattern)
        }
    }

    /// Whether a hunt is a filter pattern, which only the filter engine can evaluate.
    pub fn has_filter_pattern(&self) -> bool {
        self.hunts
            .iter()
            .any(|prepared| prepared.hunt().filter_pattern.is_some())
    }

    /// Whether the Insights query returns less than all events, if it may `narrow`.
    pub fn can_narrow_insights(&self, narrow: bool) -> bool {
        narrow && self.server_filters().condition.is_some()
    }

    /// Returns the Insights query for every event that may match. It is for all events if it may
    /// not `narrow`, or if no condition is safe. The query also returns events that contain one of
    /// the `extra_texts`. `streams` limits it to some log streams. `None` if the query would be
    /// longer than Insights allows.
    pub fn insights_query(
        &self,
        narrow: bool,
        extra_texts: &[&str],
        streams: Option<&StreamFilter>,
    ) -> Option<String> {
        let condition = narrow
            .then(|| self.server_filters().condition.as_ref())
            .flatten();
        let text = insights::query_text(condition, extra_texts, streams);
        insights::fits_limit(&text).then_some(text)
    }

    /// Returns lookups in the event history that together return every match; `None` if all events
    /// have to be read. An indicator may be anywhere in a record: a key is also mentioned in the
    /// call that created it, and a name in those of other principals. A round of following has other
    /// lookups, because only the actor counts for it.
    pub fn event_lookups(&self) -> Option<Vec<EventLookup>> {
        if self.has_indicators() {
            None
        } else {
            event_lookups(&self.hunts)
        }
    }

    /// Returns the indicators in a message.
    pub fn indicators(&self, document: &Document<'_>) -> Option<Matches> {
        if self.has_indicators() {
            self.matcher.find_in_document(document)
        } else {
            None
        }
    }

    /// Whether a part of a file may contain a match. `false` proves that no record that lies
    /// completely in it matches, however the file packs its records in JSON. Hunts read every
    /// record.
    pub fn may_be_in_content(&self, content: &[u8]) -> bool {
        !self.hunts.is_empty() || self.has_indicators() && self.matcher.may_be_in(content)
    }

    /// Finds where in a part of a file a match may be, and replaces `offsets` with these positions
    /// in ascending order. The part need not be UTF-8.
    ///
    /// An offset is in the value that may match, or at an escape that may hide one. So every record
    /// that matches contains one if it lies completely in the part, and if it is separated from the
    /// others: at each of its ends, the byte before or after is white space, a control character, a
    /// bracket, a comma or a quotation mark.
    pub fn candidates(&self, content: &[u8], offsets: &mut Vec<u32>) -> Candidates {
        offsets.clear();
        if !self.hunts.is_empty() {
            Candidates::Everywhere
        } else if self.has_indicators() {
            self.matcher.candidates(content, offsets)
        } else {
            Candidates::None
        }
    }

    /// Builds a search of whole contents that also finds marks: sequences of three bytes of a class.
    pub fn content_scan(&self, marks: ByteClass<'_>) -> ContentScan {
        self.matcher.content_scan(marks)
    }

    /// Finds the same as [`SearchSet::candidates`] with a scan of this set, and replaces `marks` with
    /// the ascending positions at which a mark may begin. With [`Candidates::Everywhere`], the marks
    /// are incomplete.
    pub fn candidates_and_marks(
        &self,
        content: &[u8],
        scan: &ContentScan,
        offsets: &mut Vec<u32>,
        marks: &mut Vec<u32>,
    ) -> Candidates {
        offsets.clear();
        marks.clear();
        if self.hunts.is_empty() {
            self.matcher
                .candidates_and_marks(content, scan, offsets, marks)
        } else {
            Candidates::Everywhere
        }
    }

    /// Evaluates the hunts on an event. Returns each finding with the index of its hunt.
    pub fn findings<'q>(
        &'q self,
        event: Event<'q>,
        kind: RecordKind<'q>,
    ) -> impl Iterator<Item = (usize, Finding)> + 'q {
        let record = Record::new(event, kind.discovery());
        self.hunts
            .iter()
            .enumerate()
            .filter_map(move |(index, hunt)| Some((index, hunt.evaluate(&record, kind)?)))
    }
}

/// Extends a pattern of this module, so that it selects events in OCSF too; `None` if it gets too
/// long. It is a JSON selector, a regular expression or alternative terms.
fn with_ocsf_events(pattern: String) -> Option<String> {
    let selector = pattern
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let regex = pattern
        .strip_prefix('%')
        .and_then(|rest| rest.strip_suffix('%'));
    let extended = match (selector, regex) {
        (Some(selector), _) => format!("{{ ({}) || ($.{OCSF_MARK} > 0) }}", selector.trim()),
        (None, Some(regex)) => format!("%{regex}|{OCSF_MARK}%"),
        // The columns of flow logs: CloudTrail does not write such lines.
        (None, None) if pattern.starts_with('[') => pattern,
        (None, None) => format!("{pattern} ?{OCSF_MARK}"),
    };
    (extended.chars().count() <= LONGEST).then_some(extended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search_set(indicators: &[&str]) -> SearchSet {
        let indicators: Vec<Indicator> = indicators
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        SearchSet::new(&indicators, &[]).unwrap()
    }

    #[test]
    fn content_is_ruled_out_only_without_candidate_and_escape() {
        let set = search_set(&["192.0.2.1", "user:ben"]);
        for content in [
            &br#"{"a":"192.0.2.1"}"#[..],
            br#"{"Events":[{"CloudTrailEvent":"{\"userName\":\"ben\"}"}]}"#,
            br#"{"a":"192.0.2.\u0031"}"#,
            br#"{"a":"{\"b\":\"192.0.2.\\u0031\"}"}"#,
            b"no UTF-8: \xff 192.0.2.1",
        ] {
            assert!(set.may_be_in_content(content), "{content:?}");
        }
        let accent = "10.0.0.1 \u{e9}".as_bytes();
        for content in [
            &br#"{"a":"10.0.0.1","b":"\"anna\""}"#[..],
            b"",
            b"no UTF-8: \xff",
            &accent[..accent.len() - 1],
        ] {
            assert!(!set.may_be_in_content(content), "{content:?}");
        }
    }

    #[test]
    fn regular_expressions_read_everything() {
        assert!(search_set(&["regex:^abc"]).may_be_in_content(b"x"));
        assert!(!search_set(&[]).may_be_in_content(b"x"));
        let mut offsets = vec![7];
        let found = search_set(&["regex:^abc"]).candidates(b"x", &mut offsets);
        assert_eq!(found, Candidates::Everywhere);
        let found = search_set(&[]).candidates(b"x", &mut offsets);
        assert_eq!((found, offsets), (Candidates::None, Vec::new()));
    }

    #[test]
    fn candidates_are_in_their_records() {
        let set = search_set(&["192.0.2.1", "user:ben"]);
        let content =
            br#"[{"a":"192.0.2.1"},{"b":"10.0.0.1"},{"a":"\u0031"},{"c":"%32"},{"d":"ben"}]"#;
        let mut offsets = Vec::new();
        assert_eq!(set.candidates(content, &mut offsets), Candidates::At);
        let texts: Vec<&[u8]> = offsets
            .iter()
            .map(|at| &content[*at as usize..*at as usize + 3])
            .collect();
        assert_eq!(texts, [&b"192"[..], b"\\u0", b"%32", b"ben"]);
    }

    #[test]
    fn with_too_many_candidates_every_record_is_one() {
        let set = search_set(&["192.0.2.1"]);
        let mut offsets = Vec::new();
        let content = "192.0.2.1 ".repeat(1_000);
        let found = set.candidates(content.as_bytes(), &mut offsets);
        assert_eq!(found, Candidates::Everywhere);
        let content = format!("{}192.0.2.1", " ".repeat(1_000)).repeat(1_000);
        let found = set.candidates(content.as_bytes(), &mut offsets);
        assert_eq!((found, offsets.len()), (Candidates::At, 1_000));
        assert_eq!(offsets.last(), Some(&1_008_991));
    }

    #[test]
    fn every_form_of_pattern_also_selects_events_in_ocsf() {
        let extended = |pattern: &str| with_ocsf_events(pattern.to_owned()).unwrap();
        for (pattern, expected) in [
            ("?a ?b", "?a ?b ?class_uid"),
            ("%a|b%", "%a|b|class_uid%"),
            (
                "{ $.eventName = \"x\" }",
                "{ ($.eventName = \"x\") || ($.class_uid > 0) }",
            ),
            ("[a, b]", "[a, b]"),
        ] {
            assert_eq!(extended(pattern), expected);
            let parsed = cw_filter_pattern::FilterPattern::parse(expected).unwrap();
            let is_json_or_text = !pattern.starts_with('[');
            assert_eq!(
                parsed.matches(r#"{"class_uid":6003}"#),
                is_json_or_text,
                "{expected}"
            );
        }
        assert_eq!(with_ocsf_events("?a".repeat(512)), None);
    }

    #[test]
    fn replacement_character_is_searched_for_in_invalid_utf8() {
        let set = search_set(&["text:a\u{fffd}b"]);
        assert!(set.may_be_in_content(b"a\xffb") && !set.may_be_in_content(b"ab"));
    }
}
