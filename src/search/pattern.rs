//! The coarse pattern that the server filters by. It may only narrow: a pattern never excludes a true match.
//!
//! Source of the syntax: CloudWatch Logs user guide, "Filter pattern syntax".

use super::trace::{Trace, as_regex};
use crate::model::Indicator;

/// Source: CloudWatch Logs API, `FilterLogEvents`: `filterPattern` has at most 1,024 characters.
pub(super) const LONGEST: usize = 1_024;

/// The narrowest pattern that lets every event through in which one of the indicators is, or `None` if
/// only reading everything is safe, or if they are more than one pattern holds: reading everything once
/// then costs less than filtering everything many times.
pub fn coarse_pattern(indicators: &[Indicator]) -> Option<String> {
    pattern_of(&indicators.iter().map(Trace::of).collect::<Option<Vec<_>>>()?)
}

/// The same for marks of which every event has one.
pub(super) fn pattern_of(traces: &[Trace]) -> Option<String> {
    let pattern = match traces {
        [] => return None,
        // Terms side by side must all be there.
        [Trace::All(terms)] => terms.iter().map(|term| quoted(term)).collect::<Vec<_>>().join(" "),
        several if several.iter().any(|trace| matches!(trace, Trace::Regex(_))) => any_regex(several)?,
        several => any_term(&alternatives(several))?,
    };
    (pattern.chars().count() <= LONGEST).then_some(pattern)
}

/// Texts of which one is in every event; of those that are all there, the longest.
fn alternatives(traces: &[Trace]) -> Vec<&str> {
    let mut terms: Vec<&str> = Vec::new();
    for trace in traces {
        match trace {
            Trace::All(texts) => terms.extend(texts.iter().max_by_key(|text| text.len()).map(String::as_str)),
            Trace::Any(texts) => terms.extend(texts.iter().map(String::as_str)),
            Trace::Regex(_) => {}
        }
    }
    terms.sort_by_key(|term| (term.len(), *term));
    terms
}

/// `?` lets any one of several terms through. A term with a shorter one in it adds nothing.
fn any_term(terms: &[&str]) -> Option<String> {
    let mut needed: Vec<&str> = Vec::new();
    for term in terms {
        if needed.iter().any(|shorter| term.contains(shorter)) {
            continue;
        }
        needed.push(term);
        // Counted as they come: ten thousand are not compared with each other.
        if needed.iter().map(|term| term.len() + 4).sum::<usize>() > LONGEST + 1 {
            return None;
        }
    }
    match needed.as_slice() {
        [only] => Some(quoted(only)),
        several => Some(several.iter().map(|term| format!("?{}", quoted(term))).collect::<Vec<_>>().join(" ")),
    }
}

/// A regular expression stands alone in a pattern, so that the terms become parts of it.
fn any_regex(traces: &[Trace]) -> Option<String> {
    let regexes = traces.iter().filter_map(|trace| match trace {
        Trace::Regex(regex) => Some(regex.clone()),
        Trace::All(_) | Trace::Any(_) => None,
    });
    let mut parts: Vec<String> = alternatives(traces).into_iter().map(as_regex).chain(regexes).collect();
    parts.sort();
    parts.dedup();
    (!parts.is_empty()).then(|| format!("%{}%", parts.join("|")))
}

/// A term with any character but letters, digits and `_` must be quoted; quoting never hurts.
fn quoted(term: &str) -> String {
    format!("\"{term}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(indicators: &[&str]) -> Option<String> {
        coarse_pattern(&indicators.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn one_indicator_needs_all_its_terms() {
        assert_eq!(pattern(&["192.0.2.1"]).unwrap(), r#""192.0.2.1""#);
        assert_eq!(
            pattern(&["arn:aws:iam::111111111111:user/team/ben"]).unwrap(),
            r#""arn:aws:iam::111111111111:user" "team" "ben""#
        );
        assert_eq!(pattern(&["192.0.2.0/24"]).unwrap(), r#""192.0.2.""#);
        assert_eq!(pattern(&["evil.example"]).unwrap().len(), 2 + 4 * 11 + 2);
    }

    #[test]
    fn several_need_one_term_each_and_none_twice() {
        assert_eq!(
            pattern(&["192.0.2.1", "arn:aws:iam::111111111111:user/ben"]).unwrap(),
            r#"?"192.0.2.1" ?"arn:aws:iam::111111111111:user""#
        );
        assert_eq!(pattern(&["192.0.2.1", "192.0.2.0/23", "192.0.3.7"]).unwrap(), r#"?"192.0.2." ?"192.0.3.""#);
        assert_eq!(pattern(&["192.0.2.1", "192.0.2.0/24"]).unwrap(), r#""192.0.2.""#);
    }

    #[test]
    fn terms_join_a_regex() {
        assert_eq!(pattern(&["192.0.2.1", "2001:db8::1"]).unwrap(), r"%192\.0\.2\.1|2001:0*[dD][bB]8:%");
    }

    #[test]
    fn where_no_pattern_is_safe_or_fits_everything_is_read() {
        for unsafe_ones in [&["::1"][..], &["0.0.0.0/0"], &["192.0.2.1", "::1"], &["<>"], &["é"], &["regex:abc"], &[]]
        {
            assert_eq!(pattern(unsafe_ones), None, "{unsafe_ones:?}");
        }
        let many = |count: u32| {
            let all: Vec<String> = (0..count).map(|n| format!("198.51.{}.{}", n % 250, n / 250)).collect();
            pattern(&all.iter().map(String::as_str).collect::<Vec<_>>())
        };
        assert!(many(65).is_some_and(|pattern| pattern.len() <= LONGEST));
        assert_eq!(many(100), None);
        assert_eq!(many(10_000), None);
    }
}
