//! Literals: texts that are looked for all at once, each with what makes a hit a match of its kind.

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};

use super::boundary::Edges;
use super::names::Named;
use crate::model::{Indicator, IndicatorValue};

/// How a literal must stand for it to be a match.
#[derive(Clone, Copy, Debug)]
enum Standing {
    Free(Edges),
    Named(Named),
}

impl Standing {
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
    standing: Standing,
}

/// The literals of a sweep, in two automata: most kinds heed case, domains and hashes do not.
#[derive(Debug)]
pub(super) struct Literals {
    as_written: Automaton,
    in_any_case: Automaton,
}

impl Literals {
    /// The literals of these indicators; other kinds than literals are passed over.
    pub(super) fn new(indicators: &[Indicator]) -> Result<Self, BuildError> {
        let (mut as_written, mut in_any_case) = (Vec::new(), Vec::new());
        for (indicator, given) in indicators.iter().enumerate() {
            let free = |edges| Standing::Free(edges);
            let (text, standing) = match given.value() {
                IndicatorValue::AccessKey(text) | IndicatorValue::Text(text) => (text.clone(), free(Edges::Word)),
                IndicatorValue::Account(id) => (id.to_string(), free(Edges::Word)),
                IndicatorValue::Arn(arn) if matches!(arn.service(), "iam" | "sts") => {
                    (arn.to_string(), free(Edges::Principal))
                }
                IndicatorValue::Arn(arn) => (arn.to_string(), free(Edges::Word)),
                IndicatorValue::User(name) => (name.clone(), Standing::Named(Named::User)),
                IndicatorValue::Role(name) => (name.clone(), Standing::Named(Named::Role)),
                IndicatorValue::EventName(name) => (name.clone(), Standing::Named(Named::Event)),
                IndicatorValue::UserAgent(text) => (text.clone(), Standing::Named(Named::UserAgent)),
                IndicatorValue::Domain(name) => (name.clone(), free(Edges::Domain)),
                IndicatorValue::Hash(digest) => (digest.clone(), free(Edges::Word)),
                IndicatorValue::Ip(_) | IndicatorValue::Cidr(_) | IndicatorValue::Regex(_) => continue,
            };
            let folds = matches!(given.value(), IndicatorValue::Domain(_) | IndicatorValue::Hash(_));
            let literals = if folds { &mut in_any_case } else { &mut as_written };
            literals.push((text, Literal { indicator, standing }));
        }
        Ok(Self { as_written: Automaton::new(as_written, false)?, in_any_case: Automaton::new(in_any_case, true)? })
    }

    /// Whether one of them may be in a text, wherever it stands.
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        self.as_written.finder.is_match(text) || self.in_any_case.finder.is_match(text)
    }

    /// Calls `each` with the indicator of every match in a text; `field` is the path of its field, if it
    /// has one.
    pub(super) fn find(&self, text: &str, field: Option<&str>, each: &mut dyn FnMut(usize)) {
        self.as_written.find(text, field, each);
        self.in_any_case.find(text, field, each);
    }
}

#[derive(Debug)]
struct Automaton {
    literals: Vec<Literal>,
    finder: AhoCorasick,
}

impl Automaton {
    fn new(literals: Vec<(String, Literal)>, fold_ascii_case: bool) -> Result<Self, BuildError> {
        let (texts, literals): (Vec<String>, Vec<Literal>) = literals.into_iter().unzip();
        let finder = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .ascii_case_insensitive(fold_ascii_case)
            .build(&texts)?;
        Ok(Self { literals, finder })
    }

    fn find(&self, text: &str, field: Option<&str>, each: &mut dyn FnMut(usize)) {
        if self.literals.is_empty() {
            return;
        }
        for hit in self.finder.find_overlapping_iter(text) {
            if let Some(literal) = self.literals.get(hit.pattern().as_usize())
                && literal.standing.holds(text, hit.start(), hit.len(), field)
            {
                each(literal.indicator);
            }
        }
    }
}
