//! CloudWatch Logs filter patterns: parses a pattern and matches log events as the *server* does.
//!
//! ```
//! use cw_filter_pattern::FilterPattern;
//!
//! let pattern = FilterPattern::parse("[ip, ..., status = 4*, bytes > 1000]")?;
//! assert!(pattern.matches(r#"127.0.0.1 frank "GET /index.html HTTP/1.0" 404 1534"#));
//! assert!(!pattern.matches(r#"127.0.0.1 frank "GET /index.html HTTP/1.0" 200 1534"#));
//!
//! let terms = FilterPattern::parse("ERROR -ARGUMENTS")?;
//! assert!(terms.matches("[ERROR 400] BAD REQUEST"));
//! assert!(!terms.matches("[ERROR 419] MISSING ARGUMENTS"));
//! # Ok::<(), cw_filter_pattern::PatternError>(())
//! ```
//!
//! The matcher is written from AWS's documentation, and strict. It rejects what the documentation
//! does not allow. If a case is not specified, it chooses the interpretation that matches less, so a
//! program that works with it also works if the service matches more. A program that generates
//! patterns should not share code with the matcher that checks them, or a mistake could cancel
//! itself out.
//!
//! Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters, subscription
//! filters, filter log events, and Live Tail" (`FilterAndPatternSyntax`). `documented_cases` has
//! its rules as a table.

mod comparison;
#[cfg(test)]
mod documented_cases;
mod expression;
mod glob;
mod json;
mod lexer;
mod restricted_regex;
mod space_delimited;
mod terms;

use regex::Regex;
use winnow::{ModalResult, Parser};

use json::JsonPattern;
use space_delimited::SpaceDelimitedPattern;
use terms::Terms;

/// The limit on the length of a pattern, in characters. Source: CloudWatch Logs API,
/// `FilterLogEvents.filterPattern`.
const MAX_CHARACTERS: usize = 1_024;

/// The limit on regular expressions in one JSON or space-delimited pattern.
const MAX_REGEXES: usize = 2;

/// The limit on wildcard selectors (`[*]`, `.*`) in one JSON pattern. A single selector may contain
/// only one wildcard.
const MAX_WILDCARD_SELECTORS: usize = 3;

/// Why a filter pattern is rejected. The service returns `InvalidParameterException` for all of
/// these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The pattern is longer than the 1,024 characters that the API accepts.
    #[error("a filter pattern has at most {MAX_CHARACTERS} characters; this one has {0}")]
    TooLong(usize),
    /// The pattern has more than two regular expressions.
    #[error("a filter pattern has at most {MAX_REGEXES} regular expressions")]
    TooManyRegexes,
    /// The pattern has more than three wildcards, or more than one in a single selector.
    #[error(
        "a filter pattern has at most {MAX_WILDCARD_SELECTORS} wildcard selectors, and a selector at most one"
    )]
    TooManyWildcardSelectors,
    /// The pattern does not follow the grammar.
    #[error("invalid filter pattern at character {position}: {problem}")]
    Malformed {
        /// The position of the error, in characters from 1.
        position: usize,
        /// What is wrong at that position.
        problem: String,
    },
}

/// A parsed filter pattern.
#[derive(Debug)]
pub struct FilterPattern(Kind);

#[derive(Debug)]
enum Kind {
    Everything,
    Terms(Terms),
    Regex(Regex),
    Json(JsonPattern),
    SpaceDelimited(SpaceDelimitedPattern),
}

impl FilterPattern {
    /// Parses a pattern. An empty pattern matches every event.
    ///
    /// ```
    /// use cw_filter_pattern::{FilterPattern, PatternError};
    ///
    /// assert!(FilterPattern::parse("").is_ok_and(|pattern| pattern.matches("any event")));
    /// let unquoted = FilterPattern::parse("192.0.2.1");
    /// assert!(matches!(unquoted, Err(PatternError::Malformed { .. })));
    /// ```
    ///
    /// # Errors
    /// The pattern is longer than 1,024 characters, or is not one that AWS documents.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let characters = pattern.chars().count();
        if characters > MAX_CHARACTERS {
            return Err(PatternError::TooLong(characters));
        }
        let kind = match pattern.trim_start().chars().next() {
            None => Kind::Everything,
            Some('{') => Kind::Json(JsonPattern::new(parse_with(json::pattern, pattern)?)?),
            Some('[') => Kind::SpaceDelimited(SpaceDelimitedPattern::new(parse_with(
                space_delimited::pattern,
                pattern,
            )?)?),
            Some('%') => Kind::Regex(parse_with(lexer::lone_regex, pattern)?),
            Some(_) => Kind::Terms(Terms::new(&parse_with(terms::pattern, pattern)?)),
        };
        Ok(Self(kind))
    }

    /// Whether the service returns an event with this message. Matching is case-sensitive.
    pub fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Kind::Everything => true,
            Kind::Terms(terms) => terms.matches(message),
            Kind::Regex(regex) => regex.is_match(message),
            Kind::Json(json) => json.matches(message),
            Kind::SpaceDelimited(columns) => columns.matches(message),
        }
    }
}

fn parse_with<T>(
    mut grammar: impl FnMut(&mut &str) -> ModalResult<T>,
    pattern: &str,
) -> Result<T, PatternError> {
    grammar.parse(pattern).map_err(|error| {
        let before = pattern.get(..error.offset()).unwrap_or_default();
        let problem = match (error.inner().cause(), error.inner().context().next()) {
            (Some(cause), _) => cause.to_string(),
            (None, Some(context)) => context.to_string(),
            (None, None) => "unexpected text".to_owned(),
        };
        PatternError::Malformed {
            position: before.chars().count() + 1,
            problem,
        }
    })
}

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExample;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn error_names_the_position() {
        let error = FilterPattern::parse("{ $.é = }").unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid filter pattern at character 9: expected a value: a word of letters, digits and _, or quoted text"
        );
        assert_eq!(
            FilterPattern::parse(&"a".repeat(1_025)).unwrap_err(),
            PatternError::TooLong(1_025)
        );
        assert!(FilterPattern::parse(&"é".repeat(1_024)).is_ok());
    }

    #[test]
    fn deep_nesting_is_rejected() {
        assert!(FilterPattern::parse(&format!("{{{}$.a = 1", "(".repeat(1_000))).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_patterns_do_not_panic(pattern in any::<String>(), message in any::<String>()) {
            if let Ok(pattern) = FilterPattern::parse(&pattern) {
                pattern.matches(&message);
            }
        }

        #[test]
        fn pattern_like_text_does_not_panic(
            pattern in r#"[{\[%]?[ $.\[\]*a0"%&|()=!<>,?\-]{0,24}[}\]%]?"#,
            message in r#"[{\[]?["a0:, \[\]{}]{0,16}"#,
        ) {
            if let Ok(pattern) = FilterPattern::parse(&pattern) {
                pattern.matches(&message);
            }
        }
    }
}
