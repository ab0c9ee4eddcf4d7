//! The quoted form of a filter pattern, for someone who typed it without quotation marks.
//!
//! Source: CloudWatch Logs user guide, "Filter pattern syntax": terms with characters other than
//! letters, digits and underscores must be in double quotation marks.

/// Returns the pattern with its terms in quotation marks where they need them. `None` if that is not
/// what is wrong with it: the pattern has quotation marks, or is not a list of terms.
pub(crate) fn quoted_pattern(pattern: &str) -> Option<String> {
    let is_list_of_terms = !pattern.trim_start().starts_with(['{', '[', '%']);
    if !is_list_of_terms || pattern.contains(['"', '\\']) {
        return None;
    }
    let terms: Vec<String> = pattern.split_whitespace().map(quoted_term).collect();
    let quoted = terms.join(" ");
    (quoted != pattern).then_some(quoted)
}

/// A term may begin with `?` (one of several) or `-` (excluded).
fn quoted_term(term: &str) -> String {
    let (sign, text) = match term.split_at_checked(1) {
        Some((sign @ ("?" | "-"), text)) if !text.is_empty() => (sign, text),
        _ => ("", term),
    };
    let is_word = text.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_word {
        term.to_owned()
    } else {
        format!("{sign}\"{text}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_quoted_where_they_need_it() {
        for (pattern, quoted) in [
            ("192.0.2.1", Some("\"192.0.2.1\"")),
            ("ERROR 192.0.2.1", Some("ERROR \"192.0.2.1\"")),
            (
                "?Client.UnauthorizedOperation ?Denied -a:b",
                Some("?\"Client.UnauthorizedOperation\" ?Denied -\"a:b\""),
            ),
            ("2001:db8::1", Some("\"2001:db8::1\"")),
            ("ERROR", None),
            ("\"a\" b.c", None),
            ("{ $.a = b.c }", None),
            ("[a, b]", None),
            ("%a.b%", None),
            ("?", Some("\"?\"")),
        ] {
            assert_eq!(quoted_pattern(pattern).as_deref(), quoted, "{pattern}");
        }
    }
}
