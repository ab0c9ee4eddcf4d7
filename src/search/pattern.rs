//! The coarse pattern that the server filters by. It may only narrow: a pattern never excludes a true match.
//!
//! Source of the syntax: CloudWatch Logs user guide, "Filter pattern syntax".

use super::required_text::{ESCAPES, ESCAPES_REGEX, RequiredText, as_regex};
use crate::model::Indicator;

/// Source: CloudWatch Logs API, `FilterLogEvents`: `filterPattern` has at most 1,024 characters.
pub(super) const LONGEST: usize = 1_024;

/// The narrowest pattern that lets every event through in which one of the indicators is, or `None` if
/// only reading everything is safe, or if they are more than one pattern holds: reading everything once
/// then costs less than filtering everything many times.
pub fn coarse_pattern(indicators: &[Indicator]) -> Option<String> {
    pattern_of(
        &indicators
            .iter()
            .map(RequiredText::from_indicator)
            .collect::<Option<Vec<_>>>()?,
    )
}

/// The same for marks of which every event has one, unless an escape hides it: that lets an event through, too.
pub(super) fn pattern_of(traces: &[RequiredText]) -> Option<String> {
    let fits = |pattern: &String| pattern.chars().count() <= LONGEST;
    let terms = needed_terms(traces);
    // Plain terms are AWS's simplest syntax; a regular expression is shorter.
    let any_regex = || any_regex(traces, terms.as_deref()?);
    sequence(traces)
        .filter(fits)
        .or_else(|| any_term(traces, terms.as_deref()?).filter(fits))
        .or_else(|| any_regex().filter(fits))
}

/// Several texts, of which all are in an event. Alternatives cannot stand beside terms that must all be there, so
/// that the terms become one regular expression.
fn sequence(traces: &[RequiredText]) -> Option<String> {
    let [RequiredText::Sequence(texts)] = traces else {
        return None;
    };
    let texts: Vec<String> = texts.iter().map(|text| as_regex(text)).collect();
    Some(format!("%{}|{ESCAPES_REGEX}%", texts.join(".*")))
}

/// Texts of which one is in every event; of those that are all there, the longest. A text with a shorter one in it
/// adds nothing. `None` if they are more than a pattern holds.
fn needed_terms(traces: &[RequiredText]) -> Option<Vec<&str>> {
    let mut terms: Vec<&str> = Vec::new();
    for trace in traces {
        match trace {
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
    let mut needed: Vec<&str> = Vec::new();
    for term in terms {
        if needed.iter().any(|shorter| term.contains(shorter)) {
            continue;
        }
        needed.push(term);
        // Counted as they come: ten thousand are not compared with each other.
        if needed.iter().map(|term| term.len() + 1).sum::<usize>() > LONGEST {
            return None;
        }
    }
    Some(needed)
}

/// `?` lets any one of several terms through.
fn any_term(traces: &[RequiredText], terms: &[&str]) -> Option<String> {
    let are_all_terms = traces
        .iter()
        .all(|trace| !matches!(trace, RequiredText::Regex(_)));
    if !are_all_terms || terms.is_empty() {
        return None;
    }
    let quoted = terms.iter().map(|term| format!("?{}", quoted(term)));
    let escapes = ESCAPES.iter().map(|escape| format!("?{escape}"));
    Some(quoted.chain(escapes).collect::<Vec<_>>().join(" "))
}

/// A regular expression stands alone in a pattern, so that the terms become parts of it.
fn any_regex(traces: &[RequiredText], terms: &[&str]) -> Option<String> {
    let regexes = traces.iter().filter_map(|trace| match trace {
        RequiredText::Regex(regex) => Some(regex.clone()),
        RequiredText::All(_) | RequiredText::Sequence(_) | RequiredText::Any(_) => None,
    });
    let mut parts: Vec<String> = terms
        .iter()
        .map(|term| as_regex(term))
        .chain(regexes)
        .collect();
    parts.sort();
    parts.dedup();
    (!parts.is_empty()).then(|| format!("%{}|{ESCAPES_REGEX}%", parts.join("|")))
}

/// A term with any character but letters, digits and `_` must be quoted; quoting never hurts.
fn quoted(term: &str) -> String {
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

    /// A pattern without the escapes that every pattern lets through.
    fn narrow(indicators: &[&str]) -> String {
        let pattern = pattern(indicators).unwrap();
        let terms = ESCAPES.map(|escape| format!(" ?{escape}")).concat();
        let regex = format!("|{ESCAPES_REGEX}%");
        let narrow = pattern
            .strip_suffix(&terms)
            .or_else(|| pattern.strip_suffix(&regex));
        narrow
            .unwrap_or_else(|| panic!("{pattern} excludes what is escaped"))
            .to_owned()
    }

    #[test]
    fn one_indicator_needs_all_its_terms() {
        assert_eq!(narrow(&["192.0.2.1"]), r#"?"192.0.2.1""#);
        assert_eq!(
            narrow(&["arn:aws:iam::111111111111:user/team/ben"]),
            "%arn:aws:iam::111111111111:user.*team.*ben"
        );
        assert_eq!(narrow(&["192.0.2.0/24"]), r#"?"192.0.2.""#);
        assert_eq!(narrow(&["evil.example"]).len(), 1 + 4 * 11 + 2);
    }

    #[test]
    fn several_need_one_term_each_and_none_twice() {
        assert_eq!(
            narrow(&["192.0.2.1", "arn:aws:iam::111111111111:user/ben"]),
            r#"?"192.0.2.1" ?"arn:aws:iam::111111111111:user""#
        );
        assert_eq!(
            narrow(&["192.0.2.1", "192.0.2.0/23", "192.0.3.7"]),
            r#"?"192.0.2." ?"192.0.3.""#
        );
        assert_eq!(narrow(&["192.0.2.1", "192.0.2.0/24"]), r#"?"192.0.2.""#);
    }

    #[test]
    fn terms_join_a_regex() {
        assert_eq!(
            narrow(&["192.0.2.1", "2001:db8::1"]),
            r"%192\.0\.2\.1|2001:0*[dD][bB]8:"
        );
    }

    #[test]
    fn where_no_pattern_is_safe_or_fits_everything_is_read() {
        for unsafe_ones in [
            &["::1"][..],
            &["0.0.0.0/0"],
            &["192.0.2.1", "::1"],
            &["<>"],
            &["é"],
            &["regex:abc"],
            &[],
        ] {
            assert_eq!(pattern(unsafe_ones), None, "{unsafe_ones:?}");
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
