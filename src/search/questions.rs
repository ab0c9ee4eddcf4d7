//! All that a sweep asks of an event: indicators and hunts, with one pattern for all of them.

use super::hunts::{Finding, FlowLogFormats, NotPrepared, PreparedHunt, RecordKind, structured_pattern};
use super::pattern::pattern_of;
use super::trace::Trace;
use super::{Hits, Matcher, MatcherError};
use crate::model::{Hunt, Indicator};
use crate::query::{Event, Record};

/// The questions of a sweep. Made once, shared by all that search.
#[derive(Debug)]
pub struct Questions {
    matcher: Matcher,
    hunts: Vec<PreparedHunt>,
    has_indicators: bool,
    /// The pattern in plain terms.
    terms: Option<String>,
}

/// The questions cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum QuestionsError {
    /// The indicators are too many.
    #[error(transparent)]
    Matcher(#[from] MatcherError),
    /// A hunt is not for this engine.
    #[error(transparent)]
    Hunt(#[from] NotPrepared),
}

impl Questions {
    /// The questions after these indicators and hunts.
    ///
    /// # Errors
    /// The indicators are more than can be searched for, or a query cannot be evaluated here.
    pub fn new(indicators: &[Indicator], hunts: &[Hunt]) -> Result<Self, QuestionsError> {
        let hunts: Vec<PreparedHunt> = hunts.iter().cloned().map(PreparedHunt::new).collect::<Result<_, _>>()?;
        let traces = indicators.iter().map(Trace::of).chain(hunts.iter().map(PreparedHunt::trace));
        let terms = traces.collect::<Option<Vec<Trace>>>().and_then(|traces| pattern_of(&traces));
        Ok(Self { matcher: Matcher::new(indicators)?, hunts, has_indicators: !indicators.is_empty(), terms })
    }

    /// The hunts.
    pub fn hunts(&self) -> &[PreparedHunt] {
        &self.hunts
    }

    /// The pattern for a log group with flow logs of these formats: one that was asked for as it is; else,
    /// if the server may `narrow`, the narrowest that lets every event through which answers a question.
    /// `None`: everything is read.
    pub fn pattern(&self, formats: &FlowLogFormats, narrow: bool) -> Option<String> {
        let given = self.hunts.iter().find_map(|prepared| prepared.hunt().filter_pattern.clone());
        let narrowest = || {
            let structured = (!self.has_indicators).then(|| structured_pattern(&self.hunts, formats)).flatten();
            structured.or_else(|| self.terms.clone())
        };
        given.or_else(|| narrow.then(narrowest).flatten())
    }

    /// The indicators in a message.
    pub fn indicators(&self, message: &str) -> Option<Hits> {
        if self.has_indicators { self.matcher.find(message) } else { None }
    }

    /// What an event gives to the hunts, each with the hunt's number.
    pub fn findings<'q>(
        &'q self,
        event: Event<'q>,
        kind: RecordKind<'q>,
    ) -> impl Iterator<Item = (usize, Finding)> + 'q {
        let record = Record::new(event, kind.discovery());
        self.hunts.iter().enumerate().filter_map(move |(number, hunt)| Some((number, hunt.look(&record, kind)?)))
    }
}
