//! What a query requires of a record: the part of its conditions that a coarse pattern can express.
//!
//! A need may be weaker than the condition it comes from, never stronger: every record that passes
//! the filter meets it. Negations, numbers (`443` may be written `4.43e2`) and computed fields give
//! no need.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use super::literals::literals;
use crate::query::{Comparison, Expr, Function, LikePattern};

/// A requirement that every record kept by a query meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// No requirement is known.
    Nothing,
    /// A field contains a certain text.
    Mark(Mark),
    /// All of these; at least two.
    All(Vec<Need>),
    /// One of these; at least two, none of which is `Nothing`.
    Any(Vec<Need>),
}

/// A text that a field must contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The field's name in the query.
    pub field: String,
    /// The required text.
    pub text: String,
    /// The required position of the text in the field's value.
    pub stands: Stands,
}

/// The position of a text in the value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// The text is the whole value.
    Whole,
    /// The value begins with the text.
    First,
    /// The text may be anywhere in the value.
    Anywhere,
}

/// A network is expressed by the octets that its addresses share, unless that takes more prefixes
/// than this.
const MOST_PREFIXES: usize = 16;

impl Need {
    /// The need of conditions that must all hold.
    pub fn of_all<'e>(conditions: impl IntoIterator<Item = &'e Expr>) -> Self {
        Self::all(conditions.into_iter().map(Self::from_condition).collect())
    }

    fn all(needs: Vec<Self>) -> Self {
        let mut needs: Vec<Self> = needs
            .into_iter()
            .filter(|need| *need != Self::Nothing)
            .collect();
        match needs.len() {
            0 | 1 => needs.pop().unwrap_or(Self::Nothing),
            _ => Self::All(needs),
        }
    }

    fn any(mut needs: Vec<Self>) -> Self {
        match needs.len() {
            _ if needs.contains(&Self::Nothing) => Self::Nothing,
            0 | 1 => needs.pop().unwrap_or(Self::Nothing),
            _ => Self::Any(needs),
        }
    }

    fn from_condition(condition: &Expr) -> Self {
        match condition {
            Expr::And(parts) => Self::of_all(parts),
            Expr::Or(parts) => Self::any(parts.iter().map(Self::from_condition).collect()),
            Expr::Compare(left, Comparison::Equal, right) => {
                match (left.as_ref(), right.as_ref()) {
                    (Expr::Field(field), Expr::Text(text))
                    | (Expr::Text(text), Expr::Field(field)) => whole(field, text),
                    _ => Self::Nothing,
                }
            }
            Expr::In {
                subject,
                negated: false,
                options,
            } => match subject.as_ref() {
                Expr::Field(field) => Self::any(
                    options
                        .iter()
                        .map(|option| option_of(field, option))
                        .collect(),
                ),
                _ => Self::Nothing,
            },
            Expr::Like {
                subject,
                negated: false,
                pattern,
            } => match (subject.as_ref(), pattern) {
                (Expr::Field(field), LikePattern::Text(text)) => anywhere(field, text),
                (Expr::Field(field), LikePattern::Regex(regex)) => {
                    let literals = literals(regex.as_str()).unwrap_or_default();
                    Self::any(
                        literals
                            .iter()
                            .map(|literal| anywhere(field, literal))
                            .collect(),
                    )
                }
                _ => Self::Nothing,
            },
            Expr::Call(Function::Contains | Function::StrContains, arguments) => {
                match arguments.as_slice() {
                    [Expr::Field(field), Expr::Text(text)] => anywhere(field, text),
                    _ => Self::Nothing,
                }
            }
            Expr::Call(Function::IsIpInSubnet | Function::IsIpv4InSubnet, arguments) => {
                match arguments.as_slice() {
                    [Expr::Field(field), Expr::Text(network)] => in_network(field, network),
                    _ => Self::Nothing,
                }
            }
            _ => Self::Nothing,
        }
    }
}

fn option_of(field: &str, option: &Expr) -> Need {
    match option {
        Expr::Text(text) => whole(field, text),
        _ => Need::Nothing,
    }
}

/// Numbers give no need, because they are compared by value; nor do truth values, because they may
/// be spelled differently.
fn whole(field: &str, text: &str) -> Need {
    let is_text = !is_numeric(text) && text != "true" && text != "false";
    if is_text {
        mark(field, text, Stands::Whole)
    } else {
        Need::Nothing
    }
}

/// Numbers give no need, because the event may spell them differently: `1e3` is 1000.
fn anywhere(field: &str, text: &str) -> Need {
    if is_numeric(text) {
        Need::Nothing
    } else {
        mark(field, text, Stands::Anywhere)
    }
}

fn mark(field: &str, text: &str, stands: Stands) -> Need {
    // Of the fields that Insights adds to an event, only `@message` is part of the message.
    let is_in_message = !field.starts_with('@') || field == "@message";
    if !is_in_message || text.is_empty() {
        return Need::Nothing;
    }
    Need::Mark(Mark {
        field: field.to_owned(),
        text: text.to_owned(),
        stands,
    })
}

/// Whether the text could be a number or a part of one.
fn is_numeric(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        && text.matches('.').count() < 2
}

/// An address in a network begins with the octets that all addresses of the network share.
fn in_network(field: &str, network: &str) -> Need {
    let Ok(IpNet::V4(network)) = network.parse::<IpNet>() else {
        return Need::Nothing;
    };
    let whole_octets = usize::from(network.prefix_len().div_ceil(8)).min(4);
    let length = u8::try_from(whole_octets * 8).unwrap_or(32);
    let parts: Vec<Ipv4Net> = network
        .subnets(length)
        .map(|parts| parts.take(MOST_PREFIXES + 1).collect())
        .unwrap_or_default();
    if whole_octets == 0 || parts.len() > MOST_PREFIXES {
        return Need::Nothing;
    }
    Need::any(
        parts
            .iter()
            .map(|part| begins(field, part.network(), whole_octets))
            .collect(),
    )
}

fn begins(field: &str, address: Ipv4Addr, octets: usize) -> Need {
    let shared: Vec<String> = address
        .octets()
        .iter()
        .take(octets)
        .map(u8::to_string)
        .collect();
    let shared = shared.join(".");
    if octets == 4 {
        mark(field, &shared, Stands::Whole)
    } else {
        mark(field, &format!("{shared}."), Stands::First)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Plan, Query};

    /// The need in a compact notation.
    fn need(condition: &str) -> String {
        let query: Query = format!("filter {condition}")
            .parse()
            .unwrap_or_else(|error| panic!("{condition}: {error}"));
        text(&Need::of_all(Plan::new(&query).conditions()))
    }

    fn text(need: &Need) -> String {
        let joined = |needs: &[Need], by: &str| {
            format!("({})", needs.iter().map(text).collect::<Vec<_>>().join(by))
        };
        match need {
            Need::Nothing => "-".to_owned(),
            Need::Mark(Mark {
                field,
                text,
                stands: Stands::Whole,
            }) => format!("{field}={text}"),
            Need::Mark(Mark {
                field,
                text,
                stands: Stands::First,
            }) => format!("{field}={text}*"),
            Need::Mark(Mark {
                field,
                text,
                stands: Stands::Anywhere,
            }) => format!("{field}=*{text}*"),
            Need::All(needs) => joined(needs, " & "),
            Need::Any(needs) => joined(needs, " | "),
        }
    }

    #[test]
    fn what_a_condition_needs() {
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
            assert_eq!(need(condition), expected, "{condition}");
        }
    }

    #[test]
    fn computed_fields_and_later_filters_need_nothing() {
        assert_eq!(
            need("a = 'x' | fields concat(a, b) as c | filter c = 'y'"),
            "a=x"
        );
        assert_eq!(
            need("a = 'x' | parse b /(?<a>.)/ | filter a = 'y' | filter b = 'z'"),
            "(a=x & b=z)"
        );
        assert_eq!(need("a = 'x' | limit 5 | filter b = 'y'"), "a=x");
        assert_eq!(
            need("a = 'x' | stats count(*) as b by c | filter b = 'y'"),
            "a=x"
        );
    }
}
