//! Evaluates expressions over the fields of a record.

mod functions;

use super::record::Fields;
use super::tree::{Comparison, Expr, LikePattern, Operator};
use super::value::Value;

impl Expr {
    /// The value of the expression over these fields.
    ///
    /// A comparison with a missing value is false, whatever the operator. That includes `!=`, and
    /// also `not like` and `not in`. But `not (…)` around it is true.
    pub fn evaluate<'v>(&'v self, fields: &'v dyn Fields) -> Value<'v> {
        match self {
            Self::Field(name) => fields.field(name),
            Self::Text(text) => Value::from(text.as_str()),
            Self::Number(number) => Value::Number(*number),
            Self::Bool(truth) => Value::Bool(*truth),
            // A period has a meaning only as an argument of a function.
            Self::Period(_) => Value::Missing,
            Self::And(parts) => Value::Bool(parts.iter().all(|part| part.holds(fields))),
            Self::Or(parts) => Value::Bool(parts.iter().any(|part| part.holds(fields))),
            Self::Not(inner) => Value::Bool(!inner.holds(fields)),
            Self::Compare(left, comparison, right) => {
                Value::Bool(comparison.holds(&left.evaluate(fields), &right.evaluate(fields)))
            }
            Self::Like {
                subject,
                negated,
                pattern,
            } => {
                let subject = subject.evaluate(fields);
                Value::Bool(
                    subject
                        .text()
                        .is_some_and(|text| pattern.is_in(&text) != *negated),
                )
            }
            Self::In {
                subject,
                negated,
                options,
            } => {
                let subject = subject.evaluate(fields);
                let is_in =
                    |option: &Expr| Comparison::Equal.holds(&subject, &option.evaluate(fields));
                Value::Bool(!subject.is_missing() && options.iter().any(is_in) != *negated)
            }
            Self::Arithmetic(left, operator, right) => {
                let numbers = left
                    .evaluate(fields)
                    .number()
                    .zip(right.evaluate(fields).number());
                numbers.map_or(Value::Missing, |(left, right)| {
                    Value::from_f64(operator.apply(left, right))
                })
            }
            Self::Call(function, arguments) => {
                functions::evaluate_call(*function, arguments, fields)
            }
            // `stats` stores the results of its aggregates under these names.
            Self::Aggregate(aggregate) => fields.field(&aggregate.to_string()),
        }
    }

    /// Whether a filter with this expression keeps a record with these fields.
    pub fn holds(&self, fields: &dyn Fields) -> bool {
        self.evaluate(fields).is_true()
    }
}

impl Comparison {
    fn holds(self, left: &Value<'_>, right: &Value<'_>) -> bool {
        left.compare(right).is_some_and(|order| match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }
}

impl Operator {
    fn apply(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Remainder => left % right,
            Self::Power => left.powf(right),
        }
    }
}

impl LikePattern {
    fn is_in(&self, text: &str) -> bool {
        match self {
            Self::Text(part) => text.contains(part.as_str()),
            Self::Regex(regex) => regex.compiled().is_match(text),
        }
    }
}
