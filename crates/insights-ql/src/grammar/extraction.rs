//! The arguments of `parse`.

use winnow::combinator::{alt, cut_err, opt, peek, preceded};
use winnow::token::one_of;
use winnow::{ModalResult, Parser};

use super::expression::field_or_call;
use super::lexer::{expected, field_name, keyword, list, quoted, regex, symbol};
use crate::error::SemanticError;
use crate::tree::{Expr, Extraction, ExtractionPattern, RegexLiteral};

/// `field "text with *" as a, b` or `field /regex/`. Without a field, the message is parsed.
///
/// Source: AWS Compute Blog, "Operating Lambda: Using CloudWatch Logs Insights", which writes
/// `parse "Init Duration: * ms" as initDuration`.
pub(super) fn extraction(input: &mut &str) -> ModalResult<Extraction> {
    let is_pattern = opt(peek(one_of(['"', '\'', '/'])))
        .parse_next(input)?
        .is_some();
    let from = if is_pattern {
        Expr::Field("@message".to_owned())
    } else {
        // Not any expression, because the slash of the regular expression would be a division.
        field_or_call
            .context(expected("the field to parse"))
            .parse_next(input)?
    };
    let with_groups =
        regex.verify(|regex| regex.compiled().capture_names().flatten().next().is_some());
    let pattern = alt((
        glob,
        with_groups
            .map(ExtractionPattern::Regex)
            .context(expected("a regular expression with named groups")),
    ));
    let pattern = cut_err(pattern)
        .context(expected("quoted text with `*`, or a regular expression"))
        .parse_next(input)?;
    Ok(Extraction { from, pattern })
}

fn glob(input: &mut &str) -> ModalResult<ExtractionPattern> {
    let names = preceded(
        keyword("as").context(expected("`as` and a name for each `*`")),
        list(field_name, symbol(",")),
    );
    let glob = (quoted, cut_err(names));
    glob.try_map(|(text, names): (String, Vec<String>)| {
        let stars = text.matches('*').count();
        if stars != names.len() {
            return Err(SemanticError::malformed(format!(
                "the pattern has {stars} `*` but {} names; give one name for each `*`",
                names.len()
            )));
        }
        match RegexLiteral::new(&glob_to_regex(&text)) {
            Ok(regex) => Ok(ExtractionPattern::Glob { text, names, regex }),
            Err(error) => Err(SemanticError::malformed(format!(
                "the pattern is too large: {error}"
            ))),
        }
    })
    .parse_next(input)
}

/// Each `*` matches as little as possible, except that one at the start or end of the glob extends
/// to that end of the text.
fn glob_to_regex(glob: &str) -> String {
    let literals: Vec<String> = glob.split('*').map(regex::escape).collect();
    let start = if glob.starts_with('*') { "^" } else { "" };
    let end = if glob.ends_with('*') { r"\z" } else { "" };
    format!("(?s){start}{}{end}", literals.join("(.*?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_as_little_as_possible() {
        let glob = regex::Regex::new(&glob_to_regex("* [*] a.b: *")).unwrap();
        let text = "now [WARN] x] a.b: rest [1] a.b: more";
        let captures = glob.captures(text).unwrap();
        assert_eq!(
            (&captures[1], &captures[2], &captures[3]),
            ("now", "WARN] x", "rest [1] a.b: more")
        );
        assert!(!glob.is_match("now [WARN] aXb: rest"));
    }
}
