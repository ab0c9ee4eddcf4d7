//! STIX patterns:
//! `[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [file:name LIKE '%.exe'] WITHIN 5 MINUTES`.
//!
//! The whole grammar is parsed, so that a malformed pattern is rejected. Only the comparisons are
//! used.
//!
//! Source: STIX 2.1, section 9 (STIX Patterning).

use winnow::ascii::{Caseless, multispace0};
use winnow::combinator::{alt, cut_err, delimited, fail, opt, preceded, repeat, separated};
use winnow::error::{StrContext, StrContextValue};
use winnow::token::{any, none_of, take_while};
use winnow::{ModalResult, Parser};

/// The maximum depth of parentheses, because the parser is recursive.
const DEEPEST: usize = 64;

/// One comparison of a pattern: `object:path operator values`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) object: String,
    pub(super) path: Vec<String>,
    pub(super) negated: bool,
    pub(super) operator: Operator,
    pub(super) values: Vec<String>,
}

impl Comparison {
    /// Returns the operator as patterns write it.
    pub(super) fn operator_text(&self) -> String {
        format!(
            "{}{}",
            if self.negated { "NOT " } else { "" },
            self.operator.as_str()
        )
    }
}

dragnet_model::word_enum! {
    /// A comparison. Longer operators first, because `<=` begins with `<`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Operator {
        NotEqual => "!=",
        LessOrEqual => "<=",
        GreaterOrEqual => ">=",
        Equal => "=",
        Less => "<",
        Greater => ">",
        In => "IN",
        Like => "LIKE",
        Matches => "MATCHES",
        IsSubset => "ISSUBSET",
        IsSuperset => "ISSUPERSET",
    }
}

/// Returns all comparisons of a pattern in order.
pub(super) fn comparisons(pattern: &str) -> Result<Vec<Comparison>, String> {
    let whole = |input: &mut &str| observations(input, DEEPEST);
    delimited(multispace0, whole, multispace0)
        .parse(pattern)
        .map_err(|error| {
            let character = pattern
                .get(..error.offset())
                .unwrap_or_default()
                .chars()
                .count()
                + 1;
            match error.inner().context().next() {
                Some(context) => format!("at character {character}: {context}"),
                None => format!("unexpected text at character {character}"),
            }
        })
}

fn expected(what: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(what))
}

/// Parses a keyword, case-insensitively; it must not be the beginning of a longer word.
fn word<'s>(text: &'static str) -> impl FnMut(&mut &'s str) -> ModalResult<()> {
    move |input| {
        let rest = take_while(0.., |c: char| c.is_alphanumeric() || c == '_');
        preceded(multispace0, (Caseless(text), rest.verify(str::is_empty)))
            .void()
            .parse_next(input)
    }
}

fn symbol<'s>(text: &'static str) -> impl FnMut(&mut &'s str) -> ModalResult<()> {
    move |input| preceded(multispace0, text).void().parse_next(input)
}

fn observations(input: &mut &str, depth: usize) -> ModalResult<Vec<Comparison>> {
    let one = |input: &mut &str| observation(input, depth);
    let joint = alt((word("AND"), word("OR"), word("FOLLOWEDBY")));
    let all: Vec<Vec<Comparison>> = separated(1.., one, joint).parse_next(input)?;
    Ok(all.concat())
}

fn observation(input: &mut &str, depth: usize) -> ModalResult<Vec<Comparison>> {
    let depth = deeper(depth)?;
    let nested = |input: &mut &str| observations(input, depth);
    let inside = |input: &mut &str| expression(input, depth);
    let bracketed = delimited(
        symbol("["),
        cut_err(inside),
        cut_err(symbol("]")).context(expected("a closing `]`")),
    );
    let grouped = delimited(
        symbol("("),
        nested,
        cut_err(symbol(")")).context(expected("a closing `)`")),
    );
    let all = alt((bracketed, grouped))
        .context(expected("an observation in `[…]`"))
        .parse_next(input)?;
    repeat::<_, _, (), _, _>(0.., qualifier).parse_next(input)?;
    Ok(all)
}

/// Parses a qualifier (how often, and when) and ignores it, because a sweep has its own window.
fn qualifier(input: &mut &str) -> ModalResult<()> {
    let number = || {
        preceded(
            multispace0,
            take_while(1.., |c: char| c.is_ascii_digit() || c == '.'),
        )
        .void()
    };
    let moment = || preceded((multispace0, opt('t')), quoted).void();
    let unit = preceded(multispace0, take_while(1.., char::is_alphabetic)).void();
    alt((
        (word("WITHIN"), cut_err((number(), unit))).void(),
        (word("REPEATS"), cut_err((number(), word("TIMES")))).void(),
        (word("START"), cut_err((moment(), word("STOP"), moment()))).void(),
    ))
    .parse_next(input)
}

fn expression(input: &mut &str, depth: usize) -> ModalResult<Vec<Comparison>> {
    let part = |input: &mut &str| {
        let depth = deeper(depth)?;
        let nested = |input: &mut &str| expression(input, depth);
        let closing = cut_err(symbol(")")).context(expected("a closing `)`"));
        alt((delimited(symbol("("), nested, closing), comparison)).parse_next(input)
    };
    let all: Vec<Vec<Comparison>> =
        separated(1.., part, alt((word("AND"), word("OR")))).parse_next(input)?;
    Ok(all.concat())
}

fn deeper(depth: usize) -> ModalResult<usize> {
    match depth.checked_sub(1) {
        Some(depth) => Ok(depth),
        None => cut_err(fail)
            .context(expected("fewer nested parentheses"))
            .parse_next(&mut ""),
    }
}

/// Parses one comparison. `EXISTS path` has no value, so it adds none.
fn comparison(input: &mut &str) -> ModalResult<Vec<Comparison>> {
    if opt((opt(word("NOT")), word("EXISTS")))
        .parse_next(input)?
        .is_some()
    {
        return cut_err(path).map(|_| Vec::new()).parse_next(input);
    }
    let (object, path) = path
        .context(expected("a property, such as ipv4-addr:value"))
        .parse_next(input)?;
    let negated = opt(word("NOT")).parse_next(input)?.is_some();
    let operator = operator.context(expected("a comparison: =, !=, IN, LIKE …"));
    let operator = preceded(multispace0, cut_err(operator)).parse_next(input)?;
    let values = preceded(
        multispace0,
        cut_err(values).context(expected("a value in '…'")),
    )
    .parse_next(input)?;
    Ok(vec![Comparison {
        object,
        path,
        negated,
        operator,
        values,
    }])
}

fn operator(input: &mut &str) -> ModalResult<Operator> {
    for operator in Operator::ALL {
        let text = operator.as_str();
        let is_word = text.starts_with(char::is_alphabetic);
        let found = if is_word {
            opt(word(text)).parse_next(input)?
        } else {
            opt(symbol(text)).parse_next(input)?
        };
        if found.is_some() {
            return Ok(operator);
        }
    }
    fail.parse_next(input)
}

/// Parses a path: `file:hashes.'SHA-256'`, `process:arguments[0]`. An index is dropped, because it
/// selects an element and not a property. Some tools write a key as `hashes['MD5']`.
fn path(input: &mut &str) -> ModalResult<(String, Vec<String>)> {
    let name = || {
        take_while(1.., |c: char| {
            c.is_ascii_alphanumeric() || c == '-' || c == '_'
        })
        .map(str::to_owned)
    };
    let key = delimited('[', quoted, ']').map(Some);
    let index = ('[', take_while(1.., |c: char| c != ']'), ']').map(|_| None);
    let subscripts = repeat(0.., alt((key, index))).map(|all: Vec<Option<String>>| all);
    let step = (alt((quoted, name())), subscripts).map(|(name, subscripts)| {
        let mut steps = vec![name];
        steps.extend(subscripts.into_iter().flatten());
        steps
    });
    let steps = separated(1.., step, '.').map(|steps: Vec<Vec<String>>| steps.concat());
    (preceded(multispace0, name()), preceded(':', steps)).parse_next(input)
}

fn values(input: &mut &str) -> ModalResult<Vec<String>> {
    let list = delimited(symbol("("), separated(1.., value, symbol(",")), symbol(")"));
    alt((list, value.map(|value| vec![value]))).parse_next(input)
}

/// Parses a text, a number or a boolean; `t'…'`, `h'…'` and `b'…'` are typed texts.
fn value(input: &mut &str) -> ModalResult<String> {
    let bare =
        take_while(1.., |c: char| c.is_alphanumeric() || "+-.".contains(c)).map(str::to_owned);
    let typed = preceded(opt(alt(('t', 'h', 'b'))), quoted);
    preceded(multispace0, alt((typed, bare))).parse_next(input)
}

/// Parses `'text'`, in which `\'` and `\\` stand for a quotation mark and a backslash.
fn quoted(input: &mut &str) -> ModalResult<String> {
    let character = alt((preceded('\\', any), none_of('\'')));
    delimited('\'', repeat(0.., character), '\'').parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_taken_apart() {
        let all = comparisons(" [process:arguments[0].'a b' NOT IN ('x\\'\\\\', 3) OR EXISTS file:name] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z' ").unwrap();
        let [one] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!(
            (one.object.as_str(), one.path.as_slice()),
            ("process", &["arguments".to_owned(), "a b".to_owned()][..])
        );
        assert_eq!(
            (one.operator_text().as_str(), one.values.as_slice()),
            ("NOT IN", &["x'\\".to_owned(), "3".to_owned()][..])
        );
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        for pattern in [
            "[file:hashes.'SHA-256' = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']",
            "[email-message:from_ref.value MATCHES '.+\\\\@example\\\\.com$' AND email-message:body_multipart[*].body_raw_ref.name MATCHES '^Final Report.+\\\\.exe$']",
            "[file:hashes.MD5 = '79054025255fb1a26e4bc422aef54eb4' AND file:size = 25536] FOLLOWEDBY [windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\foo'] WITHIN 300 SECONDS",
            "([ipv4-addr:value = '198.51.100.1/32' OR ipv4-addr:value = '203.0.113.33/32'] AND [ipv6-addr:value ISSUBSET '2001:0db8:dead:beef:0000:0000:0000:0000/64']) REPEATS 5 TIMES",
            "[(network-traffic:dst_port >= 1 and network-traffic:dst_port < 1024) or file:is_x = true]",
        ] {
            assert!(
                comparisons(pattern).is_ok(),
                "{pattern}: {:?}",
                comparisons(pattern)
            );
        }
    }

    #[test]
    fn broken_patterns_are_refused_with_their_place() {
        for (pattern, character) in [
            ("", 1),
            ("[", 2),
            ("[a:b = 'x'", 11),
            ("[a:b 'x']", 6),
            ("[a:b = ]", 8),
            ("[a:b = 'x'] x", 13),
        ] {
            let error = comparisons(pattern).unwrap_err();
            assert!(
                error.contains(&format!("character {character}")),
                "{pattern}: {error}"
            );
        }
        assert!(comparisons(&"[(".repeat(10_000)).is_err());
        assert!(comparisons(&format!("[{}", "(".repeat(10_000))).is_err());
    }
}
