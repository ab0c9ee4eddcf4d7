//! Evaluates the functions of the query language. Source: CloudWatch Logs user guide, "Boolean,
//! comparison, numeric, datetime, and other functions".

use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::query::function::Function;
use crate::query::period::Period;
use crate::query::record::Fields;
use crate::query::tree::Expr;
use crate::query::value::Value;

/// The value of a function call. The grammar has checked the number of arguments; an absent one
/// counts as missing.
pub(super) fn call<'v>(
    function: Function,
    arguments: &'v [Expr],
    fields: &'v dyn Fields,
) -> Value<'v> {
    let value = |at: usize| {
        arguments
            .get(at)
            .map_or(Value::Missing, |argument| argument.evaluate(fields))
    };
    let values = || arguments.iter().map(|argument| argument.evaluate(fields));
    let number = |compute: fn(f64) -> f64| {
        value(0)
            .number()
            .map_or(Value::Missing, |n| Value::from_f64(compute(n)))
    };
    let text = |compute: &dyn Fn(&str) -> String| {
        value(0)
            .text()
            .map_or(Value::Missing, |t| Value::from(compute(&t)))
    };
    match function {
        Function::Abs => number(f64::abs),
        Function::Ceil => number(f64::ceil),
        Function::Floor => number(f64::floor),
        Function::Log => number(f64::ln),
        Function::Sqrt => number(f64::sqrt),
        Function::Greatest => extreme(values(), Ordering::Greater),
        Function::Least => extreme(values(), Ordering::Less),
        Function::Bin => rounded(
            &fields.field("@timestamp"),
            arguments.first(),
            Period::floor,
        ),
        Function::DateFloor => rounded(&value(0), arguments.get(1), Period::floor),
        Function::DateCeil => rounded(&value(0), arguments.get(1), Period::ceil),
        Function::FromMillis => milliseconds(&value(0)).map_or(Value::Missing, Value::Time),
        Function::ToMillis => {
            let ms = milliseconds(&value(0)).and_then(|ms| Value::Time(ms).number());
            ms.map_or(Value::Missing, Value::Number)
        }
        Function::IsPresent => Value::Bool(!value(0).is_missing()),
        Function::Coalesce => values()
            .find(|value| !value.is_missing())
            .unwrap_or(Value::Missing),
        Function::IsValidIp => Value::Bool(address(&value(0)).is_some()),
        Function::IsValidIpV4 => {
            Value::Bool(address(&value(0)).is_some_and(|address| address.is_ipv4()))
        }
        Function::IsValidIpV6 => {
            Value::Bool(address(&value(0)).is_some_and(|address| address.is_ipv6()))
        }
        Function::IsIpInSubnet => Value::Bool(in_subnet(&value(0), &value(1), |_| true)),
        Function::IsIpv4InSubnet => Value::Bool(in_subnet(&value(0), &value(1), IpAddr::is_ipv4)),
        Function::IsIpv6InSubnet => Value::Bool(in_subnet(&value(0), &value(1), IpAddr::is_ipv6)),
        Function::IsEmpty => Value::Bool(value(0).text().is_none_or(|text| text.is_empty())),
        Function::IsBlank => Value::Bool(value(0).text().is_none_or(|text| text.trim().is_empty())),
        Function::Concat => {
            Value::from(values().map(|value| value.to_string()).collect::<String>())
        }
        Function::LTrim | Function::RTrim | Function::Trim => {
            let unwanted = arguments
                .get(1)
                .map(|argument| argument.evaluate(fields).to_string());
            text(&|text| trimmed(function, text, unwanted.as_deref()).to_owned())
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a text has fewer than 2^53 characters"
        )]
        Function::StrLen => value(0).text().map_or(Value::Missing, |text| {
            Value::Number(text.chars().count() as f64)
        }),
        Function::ToUpper => text(&str::to_uppercase),
        Function::ToLower => text(&str::to_lowercase),
        Function::Substr => {
            let start = value(1).number().map_or(0, whole);
            let length = arguments.get(2).map_or(usize::MAX, |length| {
                length.evaluate(fields).number().map_or(0, whole)
            });
            text(&|text| text.chars().skip(start).take(length).collect())
        }
        Function::Replace => {
            let searched = value(1).to_string();
            let replacement = value(2).to_string();
            text(&|text| {
                if searched.is_empty() {
                    text.to_owned()
                } else {
                    text.replace(&searched, &replacement)
                }
            })
        }
        Function::StrContains | Function::Contains => {
            let found = value(0)
                .text()
                .zip(value(1).text())
                .is_some_and(|(text, part)| text.contains(part.as_ref()));
            Value::Bool(found)
        }
    }
}

/// The largest or smallest of the values that are numbers.
fn extreme<'v>(values: impl Iterator<Item = Value<'v>>, keeps: Ordering) -> Value<'v> {
    let numbers = values.filter_map(|value| value.number());
    let best = numbers.reduce(|best, number| {
        if number.total_cmp(&best) == keeps {
            number
        } else {
            best
        }
    });
    best.map_or(Value::Missing, Value::Number)
}

/// A value as milliseconds since the Unix epoch.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a number too large becomes the last time there is"
)]
fn milliseconds(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Time(ms) => Some(*ms),
        other => other.number().map(|number| number as i64),
    }
}

fn rounded<'v>(
    time: &Value<'_>,
    period: Option<&Expr>,
    round: fn(Period, i64) -> Option<i64>,
) -> Value<'v> {
    let Some(Expr::Period(period)) = period else {
        return Value::Missing;
    };
    milliseconds(time)
        .and_then(|ms| round(*period, ms))
        .map_or(Value::Missing, Value::Time)
}

fn address(value: &Value<'_>) -> Option<IpAddr> {
    value.text()?.parse().ok()
}

/// Whether an address is in a subnet such as `192.0.2.0/24`, and both are of the wanted family.
fn in_subnet(value: &Value<'_>, subnet: &Value<'_>, wanted: fn(&IpAddr) -> bool) -> bool {
    let subnet: Option<IpNet> = subnet.text().and_then(|subnet| subnet.parse().ok());
    let both = address(value).filter(wanted).zip(subnet);
    both.is_some_and(|(address, subnet)| subnet.contains(&address))
}

fn trimmed<'t>(function: Function, text: &'t str, unwanted: Option<&str>) -> &'t str {
    let strip = |c: char| unwanted.map_or(c.is_whitespace(), |unwanted| unwanted.contains(c));
    match function {
        Function::LTrim => text.trim_start_matches(strip),
        Function::RTrim => text.trim_end_matches(strip),
        _ => text.trim_matches(strip),
    }
}

/// A number as an index; negative numbers become 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion saturates at both ends"
)]
fn whole(number: f64) -> usize {
    number as usize
}
