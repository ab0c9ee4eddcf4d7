//! The coarse pattern with which the server filters events. It may only narrow: it never excludes
//! an event that contains an indicator.
//!
//! Source of the syntax: CloudWatch Logs user guide, "Filter pattern syntax".

use super::required_text::{HidingEscapes, RequiredText, as_regex};
use dragnet_model::Indicator;

/// Source: CloudWatch Logs API, `FilterLogEvents`: `filterPattern` has at most 1,024 characters.
pub(super) const LONGEST: usize = 1_024;

/// Returns the narrowest pattern that matches every event with one of the indicators. Returns
/// `None` if only a scan without a pattern is safe, or if one pattern cannot hold all indicators:
/// one unfiltered scan then costs less than many filtered ones.
pub fn coarse_pattern(indicators: &[Indicator]) -> Option<String> {
    pattern_from(
        &indicators
            .iter()
            .map(RequiredText::from_indicator)
            .collect::<Option<Vec<_>>>()?,
        HidingEscapes::JsonAndPercent,
    )
}

/// The same for required texts. Every event must contain at least one of them unless an escape
/// hides it, so the pattern also matches events with such escapes.
pub(super) fn pattern_from(
    required_texts: &[RequiredText],
    escapes: HidingEscapes,
) -> Option<String> {
    let fits = |pattern: &String| pattern.chars().count() <= LONGEST;
    let terms = required_terms(required_texts);
    // Plain terms are preferred, because they are AWS's simplest syntax; a regular expression is
    // shorter.
    let as_one_regex = || alternatives_as_regex(required_texts, terms.as_deref()?, escapes);
    sequence_pattern(required_texts, escapes)
        .filter(fits)
        .or_else(|| alternatives_as_terms(required_texts, terms.as_deref()?, escapes).filter(fits))
        .or_else(|| as_one_regex().filter(fits))
}

/// The pattern for a single sequence of texts that must all occur. A pattern cannot combine terms
/// that must all occur with alternatives (the escapes), so the texts become one regular expression.
fn sequence_pattern(required_texts: &[RequiredText], escapes: HidingEscapes) -> Option<String> {
    let [RequiredText::Sequence(texts)] = required_texts else {
        return None;
    };
    let texts: Vec<String> = texts.iter().map(|text| as_regex(text)).collect();
    Some(format!("%{}|{}%", texts.join(".*"), escapes.regex()))
}

/// Returns terms of which every event contains at least one. Of texts that must all occur, only the
/// longest is used. A term that contains a shorter one is left out. `None` if a pattern cannot hold
/// the terms.
fn required_terms(required_texts: &[RequiredText]) -> Option<Vec<&str>> {
    let mut terms: Vec<&str> = Vec::new();
    for required in required_texts {
        match required {
            RequiredText::All(texts) | RequiredText::Sequence(texts) => {
                terms.extend(
                    texts
                        .iter()
                        .max_by_key(|text| text.len())
                        .map(String::as_str),
                );
            }
            RequiredText::Any(texts) => terms.extend(texts.iter().map(String::as_str)),
            RequiredText::Regex(_) => {}
        }
    }
    terms.sort_by_key(|term| (term.len(), *term));
    let mut terms_so_far: Vec<&str> = Vec::new();
    for term in terms {
        if terms_so_far.iter().any(|shorter| term.contains(shorter)) {
            continue;
        }
        terms_so_far.push(term);
        // Checked in the loop, so that ten thousand terms are not all compared with each other.
        if terms_so_far
            .iter()
            .map(|term| term.len() + 1)
            .sum::<usize>()
            > LONGEST
        {
            return None;
        }
    }
    Some(terms_so_far)
}

/// The pattern of alternative terms; `?` marks a term of which only one has to match.
fn alternatives_as_terms(
    required_texts: &[RequiredText],
    terms: &[&str],
    escapes: HidingEscapes,
) -> Option<String> {
    let are_all_terms = required_texts
        .iter()
        .all(|required| !matches!(required, RequiredText::Regex(_)));
    if !are_all_terms || terms.is_empty() {
        return None;
    }
    let quoted = terms.iter().map(|term| format!("?{}", quote(term)));
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    let escapes = escapes.terms().map(|escape| {
        if is_plain(escape) {
            format!("?{escape}")
        } else {
            format!("?{}", quote(escape))
        }
    });
    Some(quoted.chain(escapes).collect::<Vec<_>>().join(" "))
}

/// A pattern cannot combine a regular expression with terms, so the terms become parts of it.
fn alternatives_as_regex(
    required_texts: &[RequiredText],
    terms: &[&str],
    escapes: HidingEscapes,
) -> Option<String> {
    let regexes = required_texts.iter().flat_map(|required| match required {
        RequiredText::Regex(regexes) => regexes.as_slice(),
        RequiredText::All(_) | RequiredText::Sequence(_) | RequiredText::Any(_) => &[],
    });
    let mut parts: Vec<String> = terms
        .iter()
        .map(|term| as_regex(term))
        .chain(regexes.cloned())
        .collect();
    parts.sort();
    parts.dedup();
    (!parts.is_empty()).then(|| format!("%{}|{}%", parts.join("|"), escapes.regex()))
}

/// A term must be quoted if it contains anything but letters, digits and `_`; quoting is always
/// allowed.
pub(super) fn quote(term: &str) -> String {
    format!("\"{term}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(indicators: &[&str]) -> Option<String> {
        coarse_pattern(
            &indicators
                .iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<_>>(),
        )
    }

    /// The pattern without the escapes that are part of every pattern.
    fn narrow(indicators: &[&str]) -> String {
        let pattern = pattern(indicators).unwrap();
        let escapes = HidingEscapes::JsonAndPercent;
        let terms = escapes.terms().map(|escape| {
            if escape.starts_with('%') {
                format!(" ?\"{escape}\"")
            } else {
                format!(" ?{escape}")
            }
        });
        let terms: String = terms.collect();
        let regex = format!("|{}%", escapes.regex());
        let narrow = pattern
            .strip_suffix(&terms)
            .or_else(|| pattern.strip_suffix(&regex));
        narrow
            .unwrap_or_else(|| panic!("{pattern} excludes events with escapes"))
            .to_owned()
    }

    #[test]
    fn single_indicator_requires_all_its_terms() {
        assert_eq!(narrow(&["192.0.2.1"]), "%192.0.2.1|[fF]{4}:[0-9a-fA-F]*:");
        assert_eq!(
            narrow(&["arn:aws:iam::111111111111:user/team/ben"]),
            "%arn:aws:iam::111111111111:user.*team.*ben"
        );
        assert_eq!(
            narrow(&["192.0.2.0/24"]),
            "%192.0.2[.-]|[fF]{4}:[0-9a-fA-F]*:"
        );
        assert_eq!(narrow(&["evil.example"]).len(), 1 + 4 * 11 + 2);
    }

    #[test]
    fn several_indicators_require_one_term_each() {
        assert_eq!(
            narrow(&["user:mallory", "arn:aws:iam::111111111111:user/ben"]),
            r#"?"mallory" ?"arn:aws:iam::111111111111:user""#
        );
        assert_eq!(
            narrow(&["192.0.2.1", "192.0.2.0/23"]),
            "%192.0.2.1|192.0.2[.-]|192.0.3[.-]|[fF]{4}:[0-9a-fA-F]*:"
        );
    }

    #[test]
    fn terms_and_regex_combine_into_one_regex() {
        assert_eq!(
            narrow(&["192.0.2.1", "2001:db8::1"]),
            "%192.0.2.1|2001:0*[dD][bB]8:|[fF]{4}:[0-9a-fA-F]*:"
        );
    }

    #[test]
    fn unsafe_or_too_long_pattern_gives_none() {
        for unsafe_indicators in [
            &["::1"][..],
            &["0.0.0.0/0"],
            &["192.0.2.1", "::1"],
            &["<>"],
            &["é"],
            &["regex:abc"],
            &[],
        ] {
            assert_eq!(pattern(unsafe_indicators), None, "{unsafe_indicators:?}");
        }
        let many = |count: u32| {
            let all: Vec<String> = (0..count)
                .map(|n| format!("198.51.{}.{}", n % 250, n / 250))
                .collect();
            pattern(&all.iter().map(String::as_str).collect::<Vec<_>>())
        };
        assert!(many(65).is_some_and(|pattern| pattern.len() <= LONGEST));
        assert_eq!(many(100), None);
        assert_eq!(many(10_000), None);
    }
}
