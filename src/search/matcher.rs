//! The exact match. It decides whether an event is a sighting, and names the fields.
//!
//! A message is searched in up to three steps, cheapest first. The prefilter finds candidate
//! offsets in the raw message. The escape check asks whether an escape could hide an indicator.
//! The exact match then compares only the fields that contain a candidate. Decision record 0011
//! explains the steps.

use std::ops::ControlFlow;

use regex::{RegexSet, RegexSetBuilder};

use super::addresses::AddressSet;
use super::candidate_offsets::CandidateOffsets;
use super::candidate_scan::CandidateScan;
use super::candidates::{CandidateList, Candidates};
use super::content_scan::{ContentScan, HitCollector};
use super::document::Document;
use super::escape_aliases::{EscapeAliases, each_spelling};
use super::json_tape::JsonTape;
use super::json_visitor::{visit_json_values, visit_json_values_in_text};
use super::literals::Literals;
use super::match_set::{MatchSet, Matches};
use crate::byte_scan::ByteClass;
use dragnet_model::{Indicator, IndicatorValue, indicator_names};
use insights_ql::FlowLogFormat;

/// The field that is reported for an event without fields.
const WHOLE_MESSAGE: &str = "message";

/// The maximum size, in bytes, of all compiled regular expressions together.
const LARGEST_REGEXES: usize = 1 << 28;

/// Contents are searched in blocks of this many bytes, so that a block is in the cache for every
/// search.
const BLOCK: usize = 1 << 16;

/// Finds a set of indicators in messages. Built once per sweep and shared by all scans.
#[derive(Debug)]
pub struct Matcher {
    names: Vec<String>,
    literals: Literals,
    addresses: AddressSet,
    regexes: RegexSet,
    /// The indicator of each regular expression, in the order of `regexes`.
    regex_indicators: Vec<usize>,
    /// The escape sequences that can hide a literal or an address from the scan.
    escape_aliases: EscapeAliases,
    candidate_scan: CandidateScan,
    /// Whether a literal contains U+FFFD, which decoding writes for bytes that are not UTF-8.
    has_replacement_character: bool,
}

/// The indicators are too many or too large to be compiled into one matcher.
#[derive(Debug, thiserror::Error)]
pub enum MatcherError {
    /// The automaton of the literals cannot be built.
    #[error(
        "cannot compile the indicators into one matcher; search for fewer indicators at a time"
    )]
    Literals(#[from] aho_corasick::BuildError),
    /// The set of regular expressions cannot be built.
    #[error("cannot compile the regular expressions into one set; use fewer or simpler ones")]
    Regexes(#[from] regex::Error),
}

impl Matcher {
    /// Builds the matcher for these indicators.
    ///
    /// # Errors
    /// The automaton of the literals or the set of regular expressions would be too large.
    pub fn new(indicators: &[Indicator]) -> Result<Self, MatcherError> {
        let mut addresses = AddressSet::default();
        let mut regexes = Vec::new();
        let mut regex_indicators = Vec::new();
        for (number, indicator) in indicators.iter().enumerate() {
            match indicator.value() {
                IndicatorValue::Ip(address) => addresses.insert((*address).into(), number),
                IndicatorValue::Cidr(network) => addresses.insert(*network, number),
                IndicatorValue::Regex(regex) => {
                    regexes.push(regex);
                    regex_indicators.push(number);
                }
                _ => {}
            }
        }
        let literals = Literals::new(indicators)?;
        let escape_aliases =
            EscapeAliases::new(literals.texts()).with_addresses(addresses.escapable_bytes());
        let has_replacement_character = literals
            .texts()
            .any(|text| text.contains(char::REPLACEMENT_CHARACTER));
        Ok(Self {
            names: indicator_names(indicators),
            literals,
            addresses,
            escape_aliases,
            candidate_scan: CandidateScan::new(indicators)?,
            has_replacement_character,
            regexes: RegexSetBuilder::new(regexes)
                .size_limit(LARGEST_REGEXES)
                .build()?,
            regex_indicators,
        })
    }

    /// Returns the indicators that a message contains and the fields that contain them, or `None`.
    ///
    /// The fields of a JSON document are compared separately, so that escaped spellings are found
    /// and the field can be named. So are the columns of a flow-log line in the default format.
    /// Anything else is compared as plain text.
    pub fn find(&self, message: &str) -> Option<Matches> {
        self.find_in_document(&Document::new(message))
    }

    /// The same for a document whose token tape is shared with other readers. Most messages end
    /// after the prefilter. For most of the others, the token tape knows the fields that contain a
    /// candidate.
    pub(super) fn find_in_document(&self, document: &Document<'_>) -> Option<Matches> {
        let message = document.message();
        // A regular expression may depend on where a field starts, so the prefilter does not apply.
        if !self.regexes.is_empty() {
            return self.match_full_scan(message, |_| true);
        }
        let candidates = self.find_candidates(message);
        let may_be_escaped = self.escape_aliases.may_be_in(message);
        if candidates.is_empty() && !may_be_escaped {
            return None;
        }
        match candidates
            .offsets()
            .filter(|_| !may_be_escaped)
            .zip(document.tape())
        {
            Some((offsets, tape)) => self.match_tokens_at(offsets, tape),
            None => self.match_full_scan(message, |text| {
                candidates.may_be_in(text, message)
                    || self.escape_aliases.percent_escape_is_in(text)
            }),
        }
    }

    /// Whether many messages, packed in JSON at any depth, may contain an indicator.
    pub(super) fn may_be_in(&self, content: &[u8]) -> bool {
        self.may_be_anywhere(content)
            || self
                .search_content(content, &mut |_| ControlFlow::Break(()))
                .is_break()
    }

    /// Collects the offsets of candidates and escapes in a content of many messages, packed in JSON
    /// at any depth. Every message that contains an indicator contains one of the offsets.
    pub(super) fn candidates(&self, content: &[u8], offsets: &mut Vec<u32>) -> Candidates {
        let mut list = CandidateList::new(offsets, content.len());
        if self.may_be_anywhere(content) {
            return Candidates::Everywhere;
        }
        let result = self.search_content(content, &mut |at| list.add(at));
        match result {
            ControlFlow::Continue(()) => list.finish(),
            ControlFlow::Break(()) => Candidates::Everywhere,
        }
    }

    /// Builds the search of whole contents for the indicators, if there are any, and for marks.
    pub(super) fn content_scan(&self, marks: ByteClass<'_>) -> ContentScan {
        let texts = (!self.names.is_empty()).then(|| self.candidate_scan.texts());
        ContentScan::new(marks, texts, &self.escape_aliases)
    }

    /// Collects the offsets as [`Matcher::candidates`] does, and those of the marks.
    pub(super) fn candidates_and_marks(
        &self,
        content: &[u8],
        scan: &ContentScan,
        offsets: &mut Vec<u32>,
        marks: &mut Vec<u32>,
    ) -> Candidates {
        let mut list = CandidateList::new(offsets, content.len());
        if self.may_be_anywhere(content) || u32::try_from(content.len()).is_err() {
            return Candidates::Everywhere;
        }
        let hits = HitCollector {
            content,
            addresses: self.candidate_scan.addresses(),
            escapes: &self.escape_aliases,
            marks,
            v6_searched_to: 0,
        };
        match scan.find(hits, &mut list) {
            ControlFlow::Break(()) => Candidates::Everywhere,
            ControlFlow::Continue(()) if scan.finds_candidates => list.finish(),
            ControlFlow::Continue(()) => self.candidates(content, offsets),
        }
    }

    /// Whether no bytes of a content can prove that a message does not match. A regular expression
    /// may depend on where a field starts.
    fn may_be_anywhere(&self, content: &[u8]) -> bool {
        !self.regexes.is_empty()
            || self.has_replacement_character && std::str::from_utf8(content).is_err()
    }

    /// Calls `each` with the offset of each candidate, and of each escape that may hide one.
    fn search_content(
        &self,
        content: &[u8],
        each: &mut impl FnMut(usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for start in (0..content.len()).step_by(BLOCK) {
            let block = start..content.len().min(start + BLOCK);
            self.escape_aliases
                .find_in_block(content, block.clone())
                .try_for_each(&mut *each)?;
            self.candidate_scan
                .find_in_block(content, block, &mut |first, _| each(first))?;
        }
        self.candidate_scan
            .find_literals(content, &self.literals, &mut |first, _| each(first))
    }

    /// Compares only the fields that contain one of these byte offsets.
    fn match_tokens_at(&self, offsets: &[usize], tape: &JsonTape<'_>) -> Option<Matches> {
        let mut found = MatchSet::default();
        for leaf in tape.leaves_at(offsets) {
            let mut path = tape.path(leaf);
            match tape.text(leaf) {
                Some(text) => {
                    visit_json_values_in_text(&text, &mut path, &mut |path, text| {
                        self.match_text(text, Some(path), &mut found);
                    });
                }
                None => self.match_text(tape.raw_text(leaf)?, Some(&path), &mut found),
            }
        }
        found.matches(&self.names)
    }

    /// Parses the whole message and compares every text for which `may_match` is true.
    pub(super) fn match_full_scan(
        &self,
        message: &str,
        may_match: impl Fn(&str) -> bool,
    ) -> Option<Matches> {
        let mut found = MatchSet::default();
        let is_json = visit_json_values(message, &mut |path, text| {
            if may_match(text) {
                self.match_text(text, Some(path), &mut found);
            }
        });
        if !is_json {
            found = MatchSet::default();
            match FlowLogFormat::recognize(message)
                .and_then(|format| Some((format, format.columns(message)?)))
            {
                Some((format, columns)) => {
                    let named = format.names().zip(columns);
                    named.for_each(|(name, text)| self.match_text(text, Some(name), &mut found));
                }
                None => self.match_text(message, None, &mut found),
            }
        }
        found.matches(&self.names)
    }

    /// Finds the byte offsets in the raw message at which an indicator may begin.
    fn find_candidates(&self, message: &str) -> CandidateOffsets {
        let mut candidates = CandidateOffsets::default();
        // All of them are visited, so the scan does not break off.
        _ = self
            .candidate_scan
            .find(message.as_bytes(), &self.literals, &mut |first, last| {
                candidates.add(first);
                if last > first {
                    candidates.add(last);
                }
                ControlFlow::Continue(())
            });
        candidates
    }

    /// Compares a text as it is, and without its escapes.
    fn match_text(&self, text: &str, field: Option<&str>, found: &mut MatchSet) {
        each_spelling(text, &mut |spelling| {
            self.match_text_once(spelling, field, found);
        });
    }

    fn match_text_once(&self, text: &str, field: Option<&str>, found: &mut MatchSet) {
        let mut add = |indicator| found.add(indicator, field.unwrap_or(WHOLE_MESSAGE));
        self.literals.find(text, field, &mut add);
        self.addresses.find(text, &mut add);
        if !self.regexes.is_empty() {
            let matched = self.regexes.matches(text);
            matched
                .iter()
                .filter_map(|regex| self.regex_indicators.get(regex))
                .for_each(|indicator| add(*indicator));
        }
    }
}
