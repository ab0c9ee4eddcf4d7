//! Unstructured patterns: terms that are required, optional or excluded.

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;
use winnow::ascii::{multispace0, multispace1};
use winnow::combinator::{alt, cut_err, eof, opt, preceded, repeat_till, terminated};
use winnow::token::{one_of, take_while};
use winnow::{ModalResult, Parser};

use super::lexer::{expected, quoted};

/// The role of a term, which its prefix determines.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Required,
    Optional,
    Excluded,
}

/// A parsed term.
#[derive(Debug)]
pub(super) struct Term {
    role: Role,
    text: String,
}

/// The terms of a pattern, prepared for searching. A term matches anywhere, also inside a longer
/// word.
#[derive(Debug)]
pub(super) struct Terms {
    required: Vec<Finder<'static>>,
    excluded: Vec<Finder<'static>>,
    /// The optional terms; `None` if they do not matter.
    any_of: Option<AhoCorasick>,
}

impl Terms {
    /// Prepares the terms. AWS silently ignores `?` terms if there are other terms.
    ///
    /// Source: CloudWatch Logs user guide, "Using filter patterns to match terms in unstructured
    /// log events".
    pub(super) fn new(terms: &[Term]) -> Self {
        let texts = |role| {
            terms
                .iter()
                .filter(move |term| term.role == role)
                .map(|term| term.text.as_str())
        };
        let finders = |role| {
            texts(role)
                .map(|text| Finder::new(text).into_owned())
                .collect()
        };
        let only_optional = texts(Role::Optional).count() == terms.len();
        // Building the automaton fails only for gigabytes of patterns.
        let any_of = if only_optional {
            AhoCorasick::new(texts(Role::Optional)).ok()
        } else {
            None
        };
        Self {
            required: finders(Role::Required),
            excluded: finders(Role::Excluded),
            any_of,
        }
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let contains = |finder: &Finder<'_>| finder.find(message.as_bytes()).is_some();
        self.required.iter().all(contains)
            && !self.excluded.iter().any(contains)
            && self
                .any_of
                .as_ref()
                .is_none_or(|any_of| any_of.is_match(message))
    }
}

/// Parses terms that are separated by white space.
pub(super) fn pattern(input: &mut &str) -> ModalResult<Vec<Term>> {
    let between = alt((multispace1, eof)).context(expected("white space between terms"));
    let terms = repeat_till(1.., terminated(term, cut_err(between)), eof).map(|(terms, _)| terms);
    preceded(multispace0, terms).parse_next(input)
}

fn term(input: &mut &str) -> ModalResult<Term> {
    let role = opt(one_of(['?', '-'])).parse_next(input)?;
    let word = take_while(1.., |c: char| c.is_alphanumeric() || c == '_').map(str::to_owned);
    let text = cut_err(alt((blank_or_phrase, word)))
        .context(expected(
            "a word of letters, digits and _, or a phrase in quotation marks",
        ))
        .parse_next(input)?;
    let role = match role {
        Some('?') => Role::Optional,
        Some(_) => Role::Excluded,
        None => Role::Required,
    };
    Ok(Term { role, text })
}

/// Parses a phrase. A phrase of only white space, such as `" "`, matches everything.
fn blank_or_phrase(input: &mut &str) -> ModalResult<String> {
    quoted
        .map(|phrase| {
            if phrase.trim().is_empty() {
                String::new()
            } else {
                phrase
            }
        })
        .parse_next(input)
}
