//! Where the statements of a policy are in its text.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A position in a policy as `SimulatePrincipalPolicy` returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// The first and the last character of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: Place,
    pub(crate) end: Place,
}

#[derive(Deserialize)]
struct Raw<'t> {
    #[serde(rename = "Statement", borrow)]
    statement: &'t RawValue,
}

/// Returns the spans of the statements of a policy, in order; none if it is malformed.
pub(crate) fn statement_spans(text: &str) -> Vec<Span> {
    let Ok(Raw { statement }) = serde_json::from_str::<Raw<'_>>(text) else {
        return Vec::new();
    };
    let single = statement.get();
    let statements = match serde_json::from_str::<Vec<&RawValue>>(single) {
        Ok(list) => list.into_iter().map(RawValue::get).collect(),
        Err(_) => vec![single],
    };
    // Each statement is a part of the text, so the addresses give its position.
    let offset = |part: &str| part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    statements
        .into_iter()
        .map(|part| {
            let start = offset(part);
            let last = start.saturating_add(part.len()).saturating_sub(1);
            Span {
                start: place(text, start),
                end: place(text, last),
            }
        })
        .collect()
}

/// The place of the character at this offset. AWS counts columns from 2: a statement at the offset
/// 39 of the first line begins in column 41, and one that ends at the offset 111 ends in 113.
///
/// Source: the recorded answers in LocalStack's `test_simulate_principle_policy`.
fn place(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        line: before.matches('\n').count() + 1,
        column: before.len() - line_start + 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policy and the answer that LocalStack recorded.
    #[test]
    fn single_statement_has_the_place_that_aws_returned() {
        let policy = r#"{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}"#;
        let [span] = statement_spans(policy)[..] else {
            panic!("not one statement");
        };
        assert_eq!((span.start.line, span.start.column), (1, 41));
        assert_eq!((span.end.line, span.end.column), (1, 113));
    }

    #[test]
    fn lists_and_lines_are_counted() {
        let spans = statement_spans("{\"Statement\":\n[{\"a\":1},\n{}]}");
        let starts: Vec<_> = spans
            .iter()
            .map(|span| (span.start.line, span.start.column))
            .collect();
        assert_eq!(starts, [(2, 3), (3, 2)]);
        assert_eq!(statement_spans("no"), []);
    }
}
