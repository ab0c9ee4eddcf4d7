//! What a query requires of a record: the part of its conditions that a coarse pattern can express.
//!
//! A requirement may be weaker than the condition it comes from, never stronger: every record that
//! passes the filter meets it. Negations, numbers (`443` may be written `4.43e2`) and computed
//! fields give no requirement.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use super::literals::required_literals;
use insights_ql::{Comparison, Expr, Function, LikePattern};

/// A requirement that every record kept by a query meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Requirement {
    /// No requirement is known.
    Nothing,
    /// A field contains a certain text.
    Text(FieldText),
    /// All of these; at least two.
    All(Vec<Requirement>),
    /// One of these; at least two, none of which is `Nothing`.
    Any(Vec<Requirement>),
}

/// A text that a field must contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldText {
    /// The field's name in the query.
    pub field: String,
    /// The required text.
    pub text: String,
    /// The required position of the text in the field's value.
    pub position: TextPosition,
}

/// The position of a text in the value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextPosition {
    /// The text is the whole value.
    Whole,
    /// The value begins with the text.
    Start,
    /// The text may be anywhere in the value.
    Anywhere,
}

/// A network is expressed by the octets that its addresses share, unless that takes more prefixes
/// than this.
const MOST_PREFIXES: usize = 16;

impl Requirement {
    /// The requirement of conditions that must all hold.
    pub(super) fn from_conditions<'e>(conditions: impl IntoIterator<Item = &'e Expr>) -> Self {
        Self::all_of(conditions.into_iter().map(Self::from_condition).collect())
    }

    fn all_of(requirements: Vec<Self>) -> Self {
        let mut requirements: Vec<Self> = requirements
            .into_iter()
            .filter(|requirement| *requirement != Self::Nothing)
            .collect();
        match requirements.len() {
            0 | 1 => requirements.pop().unwrap_or(Self::Nothing),
            _ => Self::All(requirements),
        }
    }

    fn any_of(mut requirements: Vec<Self>) -> Self {
        match requirements.len() {
            _ if requirements.contains(&Self::Nothing) => Self::Nothing,
            0 | 1 => requirements.pop().unwrap_or(Self::Nothing),
            _ => Self::Any(requirements),
        }
    }

    fn from_condition(condition: &Expr) -> Self {
        match condition {
            Expr::And(parts) => Self::from_conditions(parts),
            Expr::Or(parts) => Self::any_of(parts.iter().map(Self::from_condition).collect()),
            Expr::Compare(left, Comparison::Equal, right) => {
                match (left.as_ref(), right.as_ref()) {
                    (Expr::Field(field), Expr::Text(text))
                    | (Expr::Text(text), Expr::Field(field)) => require_value(field, text),
                    _ => Self::Nothing,
                }
            }
            Expr::In {
                subject,
                negated: false,
                options,
            } => match subject.as_ref() {
                Expr::Field(field) => Self::any_of(
                    options
                        .iter()
                        .map(|option| require_option(field, option))
                        .collect(),
                ),
                _ => Self::Nothing,
            },
            Expr::Like {
                subject,
                negated: false,
                pattern,
            } => match subject.as_ref() {
                Expr::Field(field) => require_pattern(field, pattern),
                _ => Self::Nothing,
            },
            Expr::Call(Function::Contains | Function::StrContains, arguments) => {
                match arguments.as_slice() {
                    [Expr::Field(field), Expr::Text(text)] => require_substring(field, text),
                    _ => Self::Nothing,
                }
            }
            Expr::Call(Function::IsIpInSubnet | Function::IsIpv4InSubnet, arguments) => {
                match arguments.as_slice() {
                    [Expr::Field(field), Expr::Text(network)] => require_network(field, network),
                    _ => Self::Nothing,
                }
            }
            _ => Self::Nothing,
        }
    }
}

fn require_pattern(field: &str, pattern: &LikePattern) -> Requirement {
    match pattern {
        LikePattern::Text(text) => require_substring(field, text),
        LikePattern::Regex(regex) => {
            let literals = required_literals(regex.as_str()).unwrap_or_default();
            Requirement::any_of(
                literals
                    .iter()
                    .map(|literal| require_substring(field, literal))
                    .collect(),
            )
        }
    }
}

fn require_option(field: &str, option: &Expr) -> Requirement {
    match option {
        Expr::Text(text) => require_value(field, text),
        _ => Requirement::Nothing,
    }
}

/// Numbers give no requirement, because they are compared by value; nor do truth values, because
/// they may be spelled differently.
fn require_value(field: &str, text: &str) -> Requirement {
    let is_text = !is_numeric(text) && text != "true" && text != "false";
    if is_text {
        require_text(field, text, TextPosition::Whole)
    } else {
        Requirement::Nothing
    }
}

/// Numbers give no requirement, because the event may spell them differently: `1e3` is 1000.
fn require_substring(field: &str, text: &str) -> Requirement {
    if is_numeric(text) {
        Requirement::Nothing
    } else {
        require_text(field, text, TextPosition::Anywhere)
    }
}

fn require_text(field: &str, text: &str, position: TextPosition) -> Requirement {
    // Of the fields that Insights adds to an event, only `@message` is part of the message.
    let is_in_message = !field.starts_with('@') || field == "@message";
    if !is_in_message || text.is_empty() {
        return Requirement::Nothing;
    }
    Requirement::Text(FieldText {
        field: field.to_owned(),
        text: text.to_owned(),
        position,
    })
}

/// Whether the text could be a number or a part of one.
fn is_numeric(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        && text.matches('.').count() < 2
}

/// An address in a network begins with the octets that all addresses of the network share.
fn require_network(field: &str, network: &str) -> Requirement {
    let Ok(IpNet::V4(network)) = network.parse::<IpNet>() else {
        return Requirement::Nothing;
    };
    let whole_octets = usize::from(network.prefix_len().div_ceil(8)).min(4);
    let length = u8::try_from(whole_octets * 8).unwrap_or(32);
    let parts: Vec<Ipv4Net> = network
        .subnets(length)
        .map(|parts| parts.take(MOST_PREFIXES + 1).collect())
        .unwrap_or_default();
    if whole_octets == 0 || parts.len() > MOST_PREFIXES {
        return Requirement::Nothing;
    }
    Requirement::any_of(
        parts
            .iter()
            .map(|part| require_octets(field, part.network(), whole_octets))
            .collect(),
    )
}

fn require_octets(field: &str, address: Ipv4Addr, octets: usize) -> Requirement {
    let shared: Vec<String> = address
        .octets()
        .iter()
        .take(octets)
        .map(u8::to_string)
        .collect();
    let shared = shared.join(".");
    if octets == 4 {
        require_text(field, &shared, TextPosition::Whole)
    } else {
        require_text(field, &format!("{shared}."), TextPosition::Start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_ql::{Plan, Query};

    /// The requirement in a compact notation.
    fn requirement(condition: &str) -> String {
        let query: Query = format!("filter {condition}")
            .parse()
            .unwrap_or_else(|error| panic!("{condition}: {error}"));
        text(&Requirement::from_conditions(
            Plan::new(&query).conditions(),
        ))
    }

    fn text(requirement: &Requirement) -> String {
        let joined = |requirements: &[Requirement], by: &str| {
            format!(
                "({})",
                requirements.iter().map(text).collect::<Vec<_>>().join(by)
            )
        };
        match requirement {
            Requirement::Nothing => "-".to_owned(),
            Requirement::Text(FieldText {
                field,
                text,
                position: TextPosition::Whole,
            }) => format!("{field}={text}"),
            Requirement::Text(FieldText {
                field,
                text,
                position: TextPosition::Start,
            }) => format!("{field}={text}*"),
            Requirement::Text(FieldText {
                field,
                text,
                position: TextPosition::Anywhere,
            }) => format!("{field}=*{text}*"),
            Requirement::All(requirements) => joined(requirements, " & "),
            Requirement::Any(requirements) => joined(requirements, " | "),
        }
    }

    #[test]
    fn requirement_of_each_condition() {
        for (condition, expected) in [
            ("a = 'x' and b like 'yz' and c != 'q'", "(a=x & b=*yz*)"),
            (
                "a in ['x', 'y'] or b =~ /foo|bar+/",
                "((a=x | a=y) | (b=*ba* | b=*foo*))",
            ),
            ("a = 'x' or b > 5", "-"),
            ("not (a = 'x')", "-"),
            ("a not like 'x'", "-"),
            ("a = '443' or a = 'true'", "-"),
            ("a like '1.5'", "-"),
            ("a like '10.0.'", "a=*10.0.*"),
            ("@timestamp like '2026-'", "-"),
            ("@message like 'x y'", "@message=*x y*"),
            ("a = b", "-"),
            ("tolower(a) = 'x'", "-"),
            ("isIpv4InSubnet(a, '10.0.0.0/8')", "a=10.*"),
            (
                "isIpInSubnet(a, '192.0.2.0/23')",
                "(a=192.0.2.* | a=192.0.3.*)",
            ),
            ("isIpInSubnet(a, '192.0.2.1/32')", "a=192.0.2.1"),
            ("isIpInSubnet(a, '2001:db8::/32')", "-"),
            ("isIpInSubnet(a, '0.0.0.0/0')", "-"),
        ] {
            assert_eq!(requirement(condition), expected, "{condition}");
        }
    }

    #[test]
    fn computed_fields_and_later_filters_require_nothing() {
        assert_eq!(
            requirement("a = 'x' | fields concat(a, b) as c | filter c = 'y'"),
            "a=x"
        );
        assert_eq!(
            requirement("a = 'x' | parse b /(?<a>.)/ | filter a = 'y' | filter b = 'z'"),
            "(a=x & b=z)"
        );
        assert_eq!(requirement("a = 'x' | limit 5 | filter b = 'y'"), "a=x");
        assert_eq!(
            requirement("a = 'x' | stats count(*) as b by c | filter b = 'y'"),
            "a=x"
        );
    }
}
