//! The values of the query language. They are loosely typed, as in Insights.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The value of a field or of an expression.
///
/// Whether a value counts as a number depends on how it looks: text that looks numeric compares as
/// a number. Integers that an `f64` cannot hold exactly are kept as text, with all their digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value<'r> {
    /// The field does not exist, or the expression has no result.
    Missing,
    /// Text, from the event or computed.
    Text(Cow<'r, str>),
    /// A number; always finite.
    Number(#[serde(with = "bits")] f64),
    /// A truth value; prints as `1` or `0`.
    Bool(bool),
    /// A time in milliseconds since the Unix epoch.
    Time(i64),
}

impl Value<'_> {
    /// Returns a number, or `Missing` if it is not finite.
    pub fn from_f64(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            Self::Missing
        }
    }

    /// Whether there is no value.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// The value as a number, if it looks like one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Missing => None,
            Self::Text(text) => parse_decimal(text),
            Self::Number(number) => Some(*number),
            Self::Bool(truth) => Some(f64::from(u8::from(*truth))),
            #[expect(
                clippy::cast_precision_loss,
                reason = "exact for 285,000 years around 1970"
            )]
            Self::Time(ms) => Some(*ms as f64),
        }
    }

    /// The value as text, if there is one.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Missing => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(_) | Self::Bool(_) | Self::Time(_) => Some(Cow::Owned(self.to_string())),
        }
    }

    /// Whether a filter accepts the value.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Bool(truth) => *truth,
            Self::Text(text) if text == "true" => true,
            _ => self.number().is_some_and(|number| number != 0.0),
        }
    }

    /// Compares as `=` and `<` do: as numbers if both look like numbers, otherwise as text. `None`
    /// if a value is missing: no comparison holds for it.
    pub fn compare(&self, other: &Value<'_>) -> Option<Ordering> {
        if let (Some(left), Some(right)) = (self.number(), other.number()) {
            return left.partial_cmp(&right);
        }
        match (self, other) {
            (Self::Bool(truth), Value::Text(word)) => Some(truth.to_string().as_str().cmp(word)),
            (Self::Text(word), Value::Bool(truth)) => {
                Some(word.as_ref().cmp(truth.to_string().as_str()))
            }
            _ => Some(self.text()?.cmp(&other.text()?)),
        }
    }

    /// The order of `sort`: missing values, then text in natural order, then numbers.
    ///
    /// Source: CloudWatch Logs user guide, "sort" (its natural sorting algorithm).
    pub fn sort_order(&self, other: &Value<'_>) -> Ordering {
        match (self.number(), other.number()) {
            (Some(left), Some(right)) => left.total_cmp(&right),
            (Some(_), None) => Ordering::Greater,
            (None, Some(_)) => Ordering::Less,
            (None, None) => match (self.text(), other.text()) {
                (Some(left), Some(right)) => natural_order(&left, &right),
                (left, right) => left.is_some().cmp(&right.is_some()),
            },
        }
    }

    /// The same value, borrowing its text.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Missing => Value::Missing,
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Number(number) => Value::Number(*number),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Time(ms) => Value::Time(*ms),
        }
    }

    /// The same value, owning its text.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Missing => Value::Missing,
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Value::Number(number),
            Self::Bool(truth) => Value::Bool(truth),
            Self::Time(ms) => Value::Time(ms),
        }
    }
}

impl<'r> From<&'r str> for Value<'r> {
    fn from(text: &'r str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// Formats the value as Insights returns it: a time as `2026-03-01 12:00:00.000` in UTC, an integer
/// without decimals, a missing value as nothing.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Bool(truth) => f.write_str(if *truth { "1" } else { "0" }),
            Self::Time(ms) => match Timestamp::from_millisecond(*ms) {
                Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S%.3f").fmt(f),
                Err(_) => ms.fmt(f),
            },
        }
    }
}

/// Stores a number as its bits. Decimal text could round it to a neighbouring number, and formats
/// such as JSON have no text for an infinite one.
pub(super) mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's own form")]
    pub(crate) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(number.to_bits())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }

    /// The same for a list of numbers.
    pub(crate) mod list {
        use serde::{Deserialize, Deserializer, Serializer};

        pub(crate) fn serialize<S: Serializer>(
            numbers: &[f64],
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(numbers.iter().map(|number| number.to_bits()))
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Vec<f64>, D::Error> {
            Ok(Vec::deserialize(deserializer)?
                .into_iter()
                .map(f64::from_bits)
                .collect())
        }
    }
}

/// Parses text as a finite decimal number; `inf`, `nan` and hexadecimal are not numbers.
pub(super) fn parse_decimal(text: &str) -> Option<f64> {
    let numeric = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if numeric {
        text.parse().ok().filter(|number: &f64| number.is_finite())
    } else {
        None
    }
}

/// Compares runs of digits by length, then by value; everything else by code point.
fn natural_order(left: &str, right: &str) -> Ordering {
    let mut left = left;
    let mut right = right;
    loop {
        let (a, rest_a) = split_chunk(left);
        let (b, rest_b) = split_chunk(right);
        let both_digits = a.starts_with(|c: char| c.is_ascii_digit())
            && b.starts_with(|c: char| c.is_ascii_digit());
        let order = if both_digits {
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        } else {
            a.cmp(b)
        };
        if order.is_ne() || a.is_empty() {
            return order;
        }
        left = rest_a;
        right = rest_b;
    }
}

/// Splits after the first run of digits or of non-digits.
fn split_chunk(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    text.split_at(
        text.find(|c: char| c.is_ascii_digit() != digits)
            .unwrap_or(text.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison_is_numeric_if_both_values_look_numeric() {
        let compare = |a: &'static str, b: &'static str| Value::from(a).compare(&Value::from(b));
        assert_eq!(compare("10", "9"), Some(Ordering::Greater));
        assert_eq!(compare("10", "9a"), Some(Ordering::Less));
        assert_eq!(compare("1.0", "1"), Some(Ordering::Equal));
        assert_eq!(compare("inf", "nan"), Some(Ordering::Less));
        assert_eq!(Value::Missing.compare(&Value::from("")), None);
        assert_eq!(
            Value::Bool(true).compare(&Value::from("true")),
            Some(Ordering::Equal)
        );
        assert_eq!(
            Value::Bool(false).compare(&Value::Number(0.0)),
            Some(Ordering::Equal)
        );
    }

    #[test]
    fn value_prints_as_in_insights() {
        assert_eq!(Value::Number(3.0).to_string(), "3");
        assert_eq!(Value::Number(2.5).to_string(), "2.5");
        assert_eq!(Value::Bool(true).to_string(), "1");
        assert_eq!(
            Value::Time(1_642_195_111_000).to_string(),
            "2022-01-14 21:18:31.000"
        );
        assert_eq!(Value::Time(i64::MAX).to_string(), i64::MAX.to_string());
    }

    #[test]
    fn sort_order_is_natural() {
        let mut values = ["b2", "10", "b10", "", "9", "a", "b1x"]
            .map(Value::from)
            .to_vec();
        values.push(Value::Missing);
        values.sort_by(Value::sort_order);
        let sorted: Vec<String> = values.iter().map(Value::to_string).collect();
        assert_eq!(sorted, ["", "", "a", "b1x", "b2", "b10", "9", "10"]);
    }
}
