//! The coarse pattern that the server filters by. It may only narrow: a pattern never excludes a true match.
//!
//! Source of the syntax: CloudWatch Logs user guide, "Filter pattern syntax".

use crate::model::{Indicator, IndicatorKind};

/// Source: CloudWatch Logs API, `FilterLogEvents`: `filterPattern` has at most 1,024 characters.
const LONGEST: usize = 1_024;

/// The narrowest pattern that lets every event through in which one of the indicators is, or `None` if
/// only reading everything is safe.
pub fn coarse_pattern(indicators: &[Indicator]) -> Option<String> {
    let terms: Vec<Vec<String>> = indicators.iter().map(terms).collect::<Option<_>>()?;
    let pattern = match terms.as_slice() {
        [] => return None,
        // Terms side by side must all be there.
        [one] => one.iter().map(|term| quoted(term)).collect::<Vec<_>>().join(" "),
        // `?` lets any one of several through; it cannot be mixed, so each indicator gives its longest term.
        several => several
            .iter()
            .map(|terms| terms.iter().max_by_key(|term| term.len()).map(|term| format!("?{}", quoted(term))))
            .collect::<Option<Vec<_>>>()?
            .join(" "),
    };
    (pattern.chars().count() <= LONGEST).then_some(pattern)
}

/// Texts that are in every event that holds the indicator, however it is spelled; `None` if there are none.
fn terms(indicator: &Indicator) -> Option<Vec<String>> {
    let text = match indicator.kind() {
        IndicatorKind::Ip(address) if address.is_ipv4() => address.to_string(),
        // IPv6 has many spellings, and a network many addresses.
        IndicatorKind::Ip(_) | IndicatorKind::Cidr(_) => return None,
        IndicatorKind::AccessKey(text) | IndicatorKind::Text(text) => text.clone(),
        IndicatorKind::Arn(arn) => arn.as_str().to_owned(),
    };
    let runs = text.split(|c| !is_never_escaped(c)).filter(|run| run.len() >= 3);
    let runs: Vec<String> = runs.map(str::to_owned).collect();
    (!runs.is_empty()).then_some(runs)
}

/// JSON may spell a character as `\/`, `\u002f` or `\u003c`, and which ones is the writer's choice.
/// No known writer escapes these.
fn is_never_escaped(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".:_-@".contains(c)
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
    }

    #[test]
    fn several_need_one_term_each() {
        assert_eq!(
            pattern(&["192.0.2.1", "arn:aws:iam::111111111111:user/ben"]).unwrap(),
            r#"?"192.0.2.1" ?"arn:aws:iam::111111111111:user""#
        );
    }

    #[test]
    fn where_no_pattern_is_safe_everything_is_read() {
        for unsafe_ones in
            [&["2001:db8::1"][..], &["192.0.2.0/24"], &["192.0.2.1", "2001:db8::1"], &["<>"], &["é"], &[]]
        {
            assert_eq!(pattern(unsafe_ones), None, "{unsafe_ones:?}");
        }
        let many: Vec<String> = (0..100).map(|n| format!("192.0.2.{n}")).collect();
        assert_eq!(pattern(&many.iter().map(String::as_str).collect::<Vec<_>>()), None);
    }
}
