//! Evaluates the functions of the query language. Source: CloudWatch Logs user guide, "Boolean,
//! comparison, numeric, datetime, and other functions".

use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::function::Function;
use crate::period::Period;
use crate::record::Fields;
use crate::tree::Expr;
use crate::value::Value;

/// The value of a function call. The grammar has checked the number of arguments; an absent one
/// counts as missing.
pub(super) fn evaluate_call<'v>(
    function: Function,
    arguments: &'v [Expr],
    fields: &'v dyn Fields,
) -> Value<'v> {
    let call = Call { arguments, fields };
    match function {
        Function::Abs => call.map_number(f64::abs),
        Function::Ceil => call.map_number(f64::ceil),
        Function::Floor => call.map_number(f64::floor),
        Function::Log => call.map_number(f64::ln),
        Function::Sqrt => call.map_number(f64::sqrt),
        Function::Greatest => extreme(call.values(), Ordering::Greater),
        Function::Least => extreme(call.values(), Ordering::Less),
        Function::Bin => {
            let time = fields.field("@timestamp");
            rounded(&time, arguments.first(), Period::floor)
        }
        Function::DateFloor => rounded(&call.value(0), arguments.get(1), Period::floor),
        Function::DateCeil => rounded(&call.value(0), arguments.get(1), Period::ceil),
        Function::FromMillis => milliseconds(&call.value(0)).map_or(Value::Missing, Value::Time),
        Function::ToMillis => to_milliseconds(&call.value(0)),
        Function::IsPresent => Value::Bool(!call.value(0).is_missing()),
        Function::Coalesce => call.coalesce(),
        Function::IsValidIp => call.is_address(|_| true),
        Function::IsValidIpV4 => call.is_address(IpAddr::is_ipv4),
        Function::IsValidIpV6 => call.is_address(IpAddr::is_ipv6),
        Function::IsIpInSubnet => call.is_in_subnet(|_| true),
        Function::IsIpv4InSubnet => call.is_in_subnet(IpAddr::is_ipv4),
        Function::IsIpv6InSubnet => call.is_in_subnet(IpAddr::is_ipv6),
        Function::IsEmpty => call.is_missing_or(str::is_empty),
        Function::IsBlank => call.is_missing_or(|text| text.trim().is_empty()),
        Function::Concat => call.concat(),
        Function::LTrim | Function::RTrim | Function::Trim => call.trim(function),
        Function::StrLen => call.length(),
        Function::ToUpper => call.map_text(str::to_uppercase),
        Function::ToLower => call.map_text(str::to_lowercase),
        Function::Substr => call.substring(),
        Function::Replace => call.replace(),
        Function::StrContains | Function::Contains => call.contains(),
    }
}

/// The arguments of a function, and the fields with which they are evaluated.
struct Call<'v> {
    arguments: &'v [Expr],
    fields: &'v dyn Fields,
}

impl<'v> Call<'v> {
    /// The value of the argument at this position.
    fn value(&self, at: usize) -> Value<'v> {
        let fields = self.fields;
        self.arguments
            .get(at)
            .map_or(Value::Missing, |argument| argument.evaluate(fields))
    }

    /// The values of all arguments.
    fn values(&self) -> impl Iterator<Item = Value<'v>> {
        let fields = self.fields;
        self.arguments
            .iter()
            .map(move |argument| argument.evaluate(fields))
    }

    /// Applies a function to the first argument, if it is a number.
    fn map_number(&self, compute: fn(f64) -> f64) -> Value<'v> {
        self.value(0)
            .number()
            .map_or(Value::Missing, |number| Value::from_f64(compute(number)))
    }

    /// Applies a function to the text of the first argument, if there is one.
    fn map_text(&self, compute: impl Fn(&str) -> String) -> Value<'v> {
        self.value(0)
            .text()
            .map_or(Value::Missing, |text| Value::from(compute(&text)))
    }

    /// Whether the first argument is missing, or its text meets the condition.
    fn is_missing_or(&self, holds: impl Fn(&str) -> bool) -> Value<'v> {
        Value::Bool(self.value(0).text().is_none_or(|text| holds(&text)))
    }

    fn coalesce(&self) -> Value<'v> {
        self.values()
            .find(|value| !value.is_missing())
            .unwrap_or(Value::Missing)
    }

    fn is_address(&self, is_of_family: fn(&IpAddr) -> bool) -> Value<'v> {
        Value::Bool(address(&self.value(0)).is_some_and(|address| is_of_family(&address)))
    }

    fn is_in_subnet(&self, is_of_family: fn(&IpAddr) -> bool) -> Value<'v> {
        Value::Bool(in_subnet(&self.value(0), &self.value(1), is_of_family))
    }

    fn concat(&self) -> Value<'v> {
        let text: String = self.values().map(|value| value.to_string()).collect();
        Value::from(text)
    }

    fn trim(&self, function: Function) -> Value<'v> {
        let unwanted = self
            .arguments
            .get(1)
            .map(|argument| argument.evaluate(self.fields).to_string());
        self.map_text(|text| trimmed(function, text, unwanted.as_deref()).to_owned())
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a text has fewer than 2^53 characters"
    )]
    fn length(&self) -> Value<'v> {
        self.value(0).text().map_or(Value::Missing, |text| {
            Value::Number(text.chars().count() as f64)
        })
    }

    fn substring(&self) -> Value<'v> {
        let start = self.value(1).number().map_or(0, whole);
        let length = self.arguments.get(2).map_or(usize::MAX, |length| {
            length.evaluate(self.fields).number().map_or(0, whole)
        });
        self.map_text(|text| text.chars().skip(start).take(length).collect())
    }

    fn replace(&self) -> Value<'v> {
        let searched = self.value(1).to_string();
        let replacement = self.value(2).to_string();
        self.map_text(|text| {
            if searched.is_empty() {
                text.to_owned()
            } else {
                text.replace(&searched, &replacement)
            }
        })
    }

    fn contains(&self) -> Value<'v> {
        let text = self.value(0);
        let part = self.value(1);
        let found = text
            .text()
            .zip(part.text())
            .is_some_and(|(text, part)| text.contains(part.as_ref()));
        Value::Bool(found)
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
    reason = "a number that is too large becomes the latest time"
)]
fn milliseconds(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Time(ms) => Some(*ms),
        other => other.number().map(|number| number as i64),
    }
}

fn to_milliseconds(value: &Value<'_>) -> Value<'static> {
    let time = milliseconds(value).map(Value::Time);
    time.and_then(|time| time.number())
        .map_or(Value::Missing, Value::Number)
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

/// Whether an address is in a subnet such as `192.0.2.0/24`, and both are of the same family.
fn in_subnet(value: &Value<'_>, subnet: &Value<'_>, is_of_family: fn(&IpAddr) -> bool) -> bool {
    let subnet: Option<IpNet> = subnet.text().and_then(|subnet| subnet.parse().ok());
    let both = address(value).filter(is_of_family).zip(subnet);
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
