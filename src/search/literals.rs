//! Literals: texts that are searched for all at once, each with the rule that makes an occurrence a
//! match.

use aho_corasick::{AhoCorasick, BuildError, Match};

use super::boundary::Boundary;
use super::names::NameKind;
use super::resource_names::{ResourceNames, resource_arn};
use dragnet_model::{Indicator, IndicatorValue};

/// What makes an occurrence of a literal a match.
#[derive(Clone, Copy, Debug)]
enum MatchRule {
    Bounded(Boundary),
    ForName(NameKind),
}

impl MatchRule {
    fn holds(self, text: &str, at: usize, length: usize, field: Option<&str>) -> bool {
        match self {
            Self::Bounded(boundary) => boundary.holds_at(text, at, length),
            Self::ForName(kind) => kind.matches_at(text, at, length, field),
        }
    }
}

#[derive(Debug)]
struct Literal {
    indicator: usize,
    text: String,
    rule: MatchRule,
}

/// The literals of a sweep in two automata: most kinds are case-sensitive, domains and hashes are
/// not.
#[derive(Debug)]
pub(super) struct Literals {
    case_sensitive: Automaton,
    case_insensitive: Automaton,
}

impl Literals {
    /// Builds the automata. Indicators that are not literals are ignored.
    pub(super) fn new(indicators: &[Indicator]) -> Result<Self, BuildError> {
        let mut case_sensitive = Vec::new();
        let mut case_insensitive = Vec::new();
        for (number, indicator) in indicators.iter().enumerate() {
            let bounded = |boundary| MatchRule::Bounded(boundary);
            let (text, rule) = match indicator.value() {
                IndicatorValue::AccessKey(text) | IndicatorValue::Text(text) => {
                    (text.clone(), bounded(Boundary::Word))
                }
                IndicatorValue::Account(id) => (id.to_string(), bounded(Boundary::Word)),
                IndicatorValue::Arn(arn) => (
                    resource_arn(arn).to_owned(),
                    bounded(Boundary::Arn(ResourceNames::from_arn(arn))),
                ),
                IndicatorValue::User(name) => (name.clone(), MatchRule::ForName(NameKind::User)),
                IndicatorValue::Role(name) => (name.clone(), MatchRule::ForName(NameKind::Role)),
                IndicatorValue::EventName(name) => {
                    (name.clone(), MatchRule::ForName(NameKind::Event))
                }
                IndicatorValue::Resource(name) => {
                    (name.clone(), MatchRule::ForName(NameKind::Resource))
                }
                IndicatorValue::UserAgent(text) => {
                    (text.clone(), MatchRule::ForName(NameKind::UserAgent))
                }
                IndicatorValue::Domain(name) => (name.clone(), bounded(Boundary::Domain)),
                IndicatorValue::Hash(digest) => (digest.clone(), bounded(Boundary::Word)),
                IndicatorValue::Ip(_) | IndicatorValue::Cidr(_) | IndicatorValue::Regex(_) => {
                    continue;
                }
            };
            let folds = matches!(
                indicator.value(),
                IndicatorValue::Domain(_) | IndicatorValue::Hash(_)
            );
            let literals = if folds {
                &mut case_insensitive
            } else {
                &mut case_sensitive
            };
            literals.push(Literal {
                indicator: number,
                text,
                rule,
            });
        }
        Ok(Self {
            case_sensitive: Automaton::new(case_sensitive, false)?,
            case_insensitive: Automaton::new(case_insensitive, true)?,
        })
    }

    /// The texts of all literals.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let both = [&self.case_sensitive, &self.case_insensitive].into_iter();
        both.flat_map(|automaton| &automaton.literals)
            .map(|literal| literal.text.as_str())
    }

    /// The offset of every occurrence in raw bytes, whatever the match rule.
    pub(super) fn offsets(&self, content: &[u8]) -> impl Iterator<Item = usize> {
        self.case_sensitive
            .occurrences(content)
            .chain(self.case_insensitive.occurrences(content))
            .map(|occurrence| occurrence.start())
    }

    /// Calls `each` with the indicator of every match in a text. `field` is the path of the field,
    /// if the text is in one.
    pub(super) fn find(&self, text: &str, field: Option<&str>, each: &mut dyn FnMut(usize)) {
        self.case_sensitive.find(text, field, each);
        self.case_insensitive.find(text, field, each);
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

    fn occurrences(&self, content: &[u8]) -> impl Iterator<Item = Match> {
        self.finder
            .iter()
            .flat_map(move |finder| finder.find_overlapping_iter(content))
    }

    fn find(&self, text: &str, field: Option<&str>, each: &mut dyn FnMut(usize)) {
        for occurrence in self.occurrences(text.as_bytes()) {
            if let Some(literal) = self.literals.get(occurrence.pattern().as_usize())
                && literal
                    .rule
                    .holds(text, occurrence.start(), occurrence.len(), field)
            {
                each(literal.indicator);
            }
        }
    }
}
