//! All that a sweep asks of an event: indicators and hunts, with one pattern for all of them.

use super::hunts::{
    Finding, FlowLogFormats, NotPrepared, PreparedHunt, RecordKind, structured_pattern,
};
use super::passthrough_query::{PassthroughQuery, prepare};
use super::pattern::pattern_of;
use super::required_text::RequiredText;
use super::{Document, Hits, Matcher, MatcherError, StreamFilter, insights};
use crate::model::{Hunt, Indicator};
use crate::query::{Event, Expr, Record};

/// The questions of a sweep. Made once, shared by all that search.
#[derive(Debug)]
pub struct SearchSet {
    matcher: Matcher,
    hunts: Vec<PreparedHunt>,
    written: Vec<PassthroughQuery>,
    has_indicators: bool,
    /// The pattern in plain terms.
    terms: Option<String>,
    /// The same for Insights, whose queries may be longer.
    condition: Option<Expr>,
}

/// The questions cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum SearchSetError {
    /// The indicators are too many.
    #[error(transparent)]
    Matcher(#[from] MatcherError),
    /// A hunt is not for this engine.
    #[error(transparent)]
    Hunt(#[from] NotPrepared),
}

impl SearchSet {
    /// The questions after these indicators and hunts.
    ///
    /// # Errors
    /// The indicators are more than can be searched for, or a query is none.
    pub fn new(indicators: &[Indicator], hunts: &[Hunt]) -> Result<Self, SearchSetError> {
        let (hunts, written) = prepare(hunts)?;
        let traces = indicators
            .iter()
            .map(RequiredText::from_indicator)
            .chain(hunts.iter().map(PreparedHunt::required_text));
        let traces = traces.collect::<Option<Vec<RequiredText>>>();
        let terms = traces.as_ref().and_then(|traces| pattern_of(traces));
        let condition = traces.and_then(|traces| insights::condition(&traces));
        let (matcher, has_indicators) = (Matcher::new(indicators)?, !indicators.is_empty());
        Ok(Self {
            matcher,
            hunts,
            written,
            has_indicators,
            terms,
            condition,
        })
    }

    /// The hunts that only Insights evaluates.
    pub fn written(&self) -> &[PassthroughQuery] {
        &self.written
    }

    /// Whether nothing is asked but those: no event is looked at here.
    pub fn are_only_written(&self) -> bool {
        !self.has_indicators && self.hunts.is_empty()
    }

    /// The hunts that are evaluated here.
    pub fn hunts(&self) -> &[PreparedHunt] {
        &self.hunts
    }

    /// The pattern for a log group with flow logs of these formats: one that was asked for as it is; else,
    /// if the server may `narrow`, the narrowest that lets every event through which answers a question.
    /// `None`: everything is read.
    pub fn pattern(&self, formats: &FlowLogFormats, narrow: bool) -> Option<String> {
        let given = self
            .hunts
            .iter()
            .find_map(|prepared| prepared.hunt().filter_pattern.clone());
        let narrowest = || {
            let structured = (!self.has_indicators)
                .then(|| structured_pattern(&self.hunts, formats))
                .flatten();
            structured.or_else(|| self.terms.clone())
        };
        given.or_else(|| narrow.then(narrowest).flatten())
    }

    /// Whether the filter engine alone can say what is asked: a pattern that is passed on as it is.
    pub fn are_a_pattern(&self) -> bool {
        self.hunts
            .iter()
            .any(|prepared| prepared.hunt().filter_pattern.is_some())
    }

    /// Whether Insights gives less than all events, if it may `narrow`.
    pub fn narrow_insights(&self, narrow: bool) -> bool {
        narrow && self.condition.is_some()
    }

    /// The query with which Insights gives every event that answers a question; if it may not `narrow`, or no
    /// condition is safe, all events. Also those that have one of the texts in `also`. `streams`: only of these log
    /// streams; `None` if a query cannot name so many.
    pub fn insights_query(
        &self,
        narrow: bool,
        also: &[&str],
        streams: Option<&StreamFilter>,
    ) -> Option<String> {
        let condition = self.condition.as_ref().filter(|_| narrow);
        let text = insights::text(condition, also, streams);
        insights::fits(&text).then_some(text)
    }

    /// The indicators in a message.
    pub fn indicators(&self, document: &Document<'_>) -> Option<Hits> {
        if self.has_indicators {
            self.matcher.find_in_document(document)
        } else {
            None
        }
    }

    /// What an event gives to the hunts, each with the hunt's number.
    pub fn findings<'q>(
        &'q self,
        event: Event<'q>,
        kind: RecordKind<'q>,
    ) -> impl Iterator<Item = (usize, Finding)> + 'q {
        let record = Record::new(event, kind.discovery());
        self.hunts
            .iter()
            .enumerate()
            .filter_map(move |(number, hunt)| Some((number, hunt.evaluate(&record, kind)?)))
    }
}
