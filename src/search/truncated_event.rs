//! Events of which CloudWatch Logs stores only the first part: OTLP records of more than 1 MB. The rest of
//! a field is a separate object, to which a field `@ptr.$['path']['of']['field']` refers.
//!
//! Source: CloudWatch Logs API, `GetLogObject`.

use memchr::memmem;

use super::pattern::{LONGEST, quote};

/// The beginning of the name of a field that refers to the rest of a truncated one.
const POINTER: &str = "@ptr.$[";

/// The part of it that a regular expression can contain.
///
/// Source: CloudWatch Logs user guide, "Filter pattern syntax", "Supported regular expression syntax".
const POINTER_REGEX: &str = "@ptr";

/// Whether only the first part of an event is stored. Text that merely looks like a pointer counts too.
pub fn is_truncated_event(message: &str) -> bool {
    memmem::find(message.as_bytes(), POINTER.as_bytes()).is_some()
}

/// The text that every truncated event contains, for the condition of a query.
pub const TRUNCATED_EVENT_TEXT: &str = POINTER;

/// Returns a pattern that also selects truncated events. `None` if it would be longer than AWS allows,
/// so that everything has to be read.
///
/// A pattern for fields of JSON stays as it is: it compares fields with short values, and a truncated
/// field is close to 1 MB long.
pub(super) fn with_truncated_events(pattern: String) -> Option<String> {
    let wider = if pattern.starts_with('?') {
        format!("{pattern} ?{}", quote(POINTER))
    } else if let Some(regex) = pattern
        .strip_prefix('%')
        .and_then(|rest| rest.strip_suffix('%'))
    {
        format!("%{regex}|{POINTER_REGEX}%")
    } else {
        return Some(pattern);
    };
    (wider.chars().count() <= LONGEST).then_some(wider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cw_filter_pattern::FilterPattern;

    #[test]
    fn wider_patterns_select_truncated_events_and_what_they_selected() {
        let truncated = r#"{"input":"begin","@ptr.$['input']":"CqQ"}"#;
        for pattern in [r#"?"192.0.2.1" ?u00"#, r"%192\.0\.2\.1|u00%"] {
            let wider = with_truncated_events(pattern.to_owned()).unwrap();
            let wider = FilterPattern::parse(&wider).unwrap();
            assert!(wider.matches(truncated), "{pattern}");
            assert!(wider.matches("from 192.0.2.1"), "{pattern}");
            assert!(!wider.matches("from 198.51.100.1"), "{pattern}");
        }
        assert!(is_truncated_event(truncated));
        assert!(!is_truncated_event(r#"{"@ptr":"x"}"#));
    }

    #[test]
    fn pattern_for_fields_stays_and_long_one_is_dropped() {
        let fields = r#"{ $.a = "b" }"#.to_owned();
        assert_eq!(with_truncated_events(fields.clone()), Some(fields));
        assert_eq!(with_truncated_events("?a ".repeat(340)), None);
    }
}
