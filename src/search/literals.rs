//! Literals: texts that are searched for all at once, each with the rule that makes an occurrence a
//! match.

use aho_corasick::{AhoCorasick, BuildError, Match};

use super::boundary::Edges;
use super::names::Named;
use crate::model::{Indicator, IndicatorValue};

/// What makes an occurrence of a literal a match.
#[derive(Clone, Copy, Debug)]
enum MatchRule {
    Free(Edges),
    Named(Named),
}

impl MatchRule {
    fn holds(self, text: &str, at: usize, length: usize, field: Option<&str>) -> bool {
        match self {
            Self::Free(edges) => edges.are_free(text, at, length),
            Self::Named(named) => named.is_at(text, at, length, field),
        }
    }
}

#[derive(Debug)]
struct Literal {
    indicator: usize,
    text: String,
    standing: MatchRule,
}

/// The literals of a sweep in two automata: most kinds are case-sensitive, domains and hashes are
/// not.
#[derive(Debug)]
pub(super) struct Literals {
    as_written: Automaton,
    in_any_case: Automaton,
}

impl Literals {
    /// Builds the automata. Indicators that are not literals are ignored.
    pub(super) fn new(indicators: &[Indicator]) -> Result<Self, BuildError> {
        let mut as_written = Vec::new();
        let mut in_any_case = Vec::new();
        for (indicator, given) in indicators.iter().enumerate() {
            let free = |edges| MatchRule::Free(edges);
            let (text, standing) = match given.value() {
                IndicatorValue::AccessKey(text) | IndicatorValue::Text(text) => {
                    (text.clone(), free(Edges::Word))
                }
                IndicatorValue::Account(id) => (id.to_string(), free(Edges::Word)),
                IndicatorValue::Arn(arn) if matches!(arn.service(), "iam" | "sts") => {
                    (arn.to_string(), free(Edges::Principal))
                }
                IndicatorValue::Arn(arn) => (arn.to_string(), free(Edges::Word)),
                IndicatorValue::User(name) => (name.clone(), MatchRule::Named(Named::User)),
                IndicatorValue::Role(name) => (name.clone(), MatchRule::Named(Named::Role)),
                IndicatorValue::EventName(name) => (name.clone(), MatchRule::Named(Named::Event)),
                IndicatorValue::UserAgent(text) => {
                    (text.clone(), MatchRule::Named(Named::UserAgent))
                }
                IndicatorValue::Domain(name) => (name.clone(), free(Edges::Domain)),
                IndicatorValue::Hash(digest) => (digest.clone(), free(Edges::Word)),
                IndicatorValue::Ip(_) | IndicatorValue::Cidr(_) | IndicatorValue::Regex(_) => {
                    continue;
                }
            };
            let folds = matches!(
                given.value(),
                IndicatorValue::Domain(_) | IndicatorValue::Hash(_)
            );
            let literals = if folds {
                &mut in_any_case
            } else {
                &mut as_written
            };
            literals.push(Literal {
                indicator,
                text,
                standing,
            });
        }
        Ok(Self {
            as_written: Automaton::new(as_written, false)?,
            in_any_case: Automaton::new(in_any_case, true)?,
        })
    }

    /// The texts of all literals.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let both = [&self.as_written, &self.in_any_case].into_iter();
        both.flat_map(|automaton| &automaton.literals)
            .map(|literal| literal.text.as_str())
    }

    /// Calls `each` with the offset of every occurrence in a text, whatever the match rule.
    pub(super) fn find_places(&self, text: &str, each: &mut dyn FnMut(usize)) {
        self.as_written
            .hits(text)
            .chain(self.in_any_case.hits(text))
            .for_each(|hit| each(hit.start()));
    }

    /// Calls `each` with the indicator of every match in a text. `field` is the path of the field,
    /// if the text is in one.
    pub(super) fn find(&self, text: &str, field: Option<&str>, each: &mut dyn FnMut(usize)) {
        self.as_written.find(text, field, each);
        self.in_any_case.find(text, field, each);
    }
}

#[derive(Debug)]
struct Automaton {
    literals: Vec<Literal>,
    /// `None` if there are no literals; no text is searched then.
    finder: Option<AhoCorasick>,
}

impl Automaton {
    fn new(literals: Vec<Literal>, fold_ascii_case: bool) -> Result<Self, BuildError> {
        let texts = literals.iter().map(|literal| &literal.text);
        let finder = || {
            AhoCorasick::builder()
                .ascii_case_insensitive(fold_ascii_case)
                .build(texts)
        };
        let finder = (!literals.is_empty()).then(finder).transpose()?;
        Ok(Self { literals, finder })
    }

    fn hits(&self, text: &str) -> impl Iterator<Item = Match> {
        self.finder
            .iter()
            .flat_map(move |finder| finder.find_overlapping_iter(text))
    }

    fn find(&self, text: &str, field: Option<&str>, each: &mut dyn FnMut(usize)) {
        for hit in self.hits(text) {
            if let Some(literal) = self.literals.get(hit.pattern().as_usize())
                && literal.standing.holds(text, hit.start(), hit.len(), field)
            {
                each(literal.indicator);
            }
        }
    }
}
