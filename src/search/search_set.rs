//! Everything that a sweep searches for in an event: indicators and hunts, with one server-side
//! pattern for all of them.

use super::hunts::{
    Finding, FlowLogFormats, PrepareHuntError, PreparedHunt, RecordKind, structured_pattern,
};
use super::passthrough_query::{PassthroughQuery, prepare};
use super::pattern::pattern_from;
use super::required_text::{HidingEscapes, RequiredText};
use super::{Document, Matcher, MatcherError, Matches, StreamFilter, insights};
use dragnet_model::{Hunt, Indicator};
use insights_ql::{Event, Expr, Record};

/// The compiled indicators and hunts of a sweep. Built once and shared by all scans.
#[derive(Debug)]
pub struct SearchSet {
    matcher: Matcher,
    hunts: Vec<PreparedHunt>,
    passthrough: Vec<PassthroughQuery>,
    has_indicators: bool,
    /// The pattern for messages of any kind; `None` if none is both safe and short enough.
    terms: Option<String>,
    /// The same for Insights, whose queries may be longer.
    condition: Option<Expr>,
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
        let has_indicators = !indicators.is_empty();
        let escapes = if has_indicators {
            HidingEscapes::JsonAndPercent
        } else {
            HidingEscapes::Json
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
        let matcher = Matcher::new(indicators)?;
        Ok(Self {
            matcher,
            hunts,
            passthrough,
            has_indicators,
            terms,
            condition,
        })
    }

    /// The passthrough queries: hunts that only Insights evaluates.
    pub fn passthrough_queries(&self) -> &[PassthroughQuery] {
        &self.passthrough
    }

    /// Whether there are only passthrough queries, so that no event is evaluated locally.
    pub fn is_passthrough_only(&self) -> bool {
        !self.has_indicators && self.hunts.is_empty()
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
            let structured = (!self.has_indicators)
                .then(|| structured_pattern(&self.hunts, formats))
                .flatten();
            structured.or_else(|| self.terms.clone())
        };
        explicit.or_else(|| narrow.then(narrowest).flatten())
    }

    /// Whether a hunt is a filter pattern, which only the filter engine can evaluate.
    pub fn has_filter_pattern(&self) -> bool {
        self.hunts
            .iter()
            .any(|prepared| prepared.hunt().filter_pattern.is_some())
    }

    /// Whether the Insights query returns less than all events, if it may `narrow`.
    pub fn can_narrow_insights(&self, narrow: bool) -> bool {
        narrow && self.condition.is_some()
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
        let condition = self.condition.as_ref().filter(|_| narrow);
        let text = insights::query_text(condition, extra_texts, streams);
        insights::fits_limit(&text).then_some(text)
    }

    /// Returns the indicators in a message.
    pub fn indicators(&self, document: &Document<'_>) -> Option<Matches> {
        if self.has_indicators {
            self.matcher.find_in_document(document)
        } else {
            None
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
