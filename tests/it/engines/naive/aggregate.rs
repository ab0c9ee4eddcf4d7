//! Computes an aggregate from all records of its group.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use insights_ql::{Aggregate, AggregateKind, Value};

use super::fields::Event;

/// A value with the log time of its record.
type Timed = (i64, Value<'static>);

/// Returns the value of the aggregate. Missing values do not count.
pub(super) fn aggregate(aggregate: &Aggregate, rows: &[&Event]) -> Value<'static> {
    let value = |row: &&Event| match &aggregate.argument {
        Some(argument) => argument.evaluate(*row).into_owned(),
        None => Value::Bool(true),
    };
    let values: Vec<Timed> = rows
        .iter()
        .map(|row| (row.stored.timestamp_ms, value(row)))
        .filter(|(_, value)| !value.is_missing())
        .collect();
    match aggregate.kind {
        AggregateKind::Count => Value::Number(values.len() as f64),
        AggregateKind::CountDistinct => {
            let texts: BTreeSet<String> =
                values.iter().map(|(_, value)| value.to_string()).collect();
            Value::Number(texts.len() as f64)
        }
        AggregateKind::Sum | AggregateKind::Avg | AggregateKind::StdDev | AggregateKind::Pct(_) => {
            let numbers = values.iter().filter_map(|(_, value)| value.number());
            of_numbers(aggregate.kind, numbers.collect())
        }
        AggregateKind::Min | AggregateKind::SortsFirst => {
            first(values, |(_, one), (_, other)| one.sort_order(other))
        }
        AggregateKind::Max | AggregateKind::SortsLast => {
            first(values, |(_, one), (_, other)| other.sort_order(one))
        }
        AggregateKind::Earliest => first(values, |(at, one), (other_at, other)| {
            at.cmp(other_at).then_with(|| one.sort_order(other))
        }),
        AggregateKind::Latest => first(values, |(at, one), (other_at, other)| {
            other_at.cmp(at).then_with(|| other.sort_order(one))
        }),
    }
}

/// Returns the first value in this order.
fn first(mut values: Vec<Timed>, order: impl Fn(&Timed, &Timed) -> Ordering) -> Value<'static> {
    values.sort_by(order);
    values
        .into_iter()
        .next()
        .map_or(Value::Missing, |(_, value)| value)
}

/// Returns the value of an aggregate of numbers.
fn of_numbers(kind: AggregateKind, mut numbers: Vec<f64>) -> Value<'static> {
    if numbers.is_empty() {
        return Value::Missing;
    }
    let count = numbers.len() as f64;
    let sum = numbers.iter().sum::<f64>();
    match kind {
        AggregateKind::Sum => Value::from_f64(sum),
        AggregateKind::Avg => Value::from_f64(sum / count),
        AggregateKind::StdDev => {
            let mean = sum / count;
            let squares = numbers.iter().map(|number| (number - mean).powi(2));
            Value::from_f64((squares.sum::<f64>() / count).sqrt())
        }
        AggregateKind::Pct(percent) => {
            numbers.sort_by(f64::total_cmp);
            let is_reached = |number: &&f64| {
                numbers.iter().filter(|other| *other <= *number).count() as f64
                    >= percent / 100.0 * count
            };
            numbers
                .iter()
                .find(is_reached)
                .map_or(Value::Missing, |number| Value::from_f64(*number))
        }
        _ => Value::Missing,
    }
}
