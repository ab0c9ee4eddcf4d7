//! Computes an aggregate from all records of its group.

use std::collections::BTreeSet;

use dragnet::query::{Aggregate, AggregateKind, Value};

use super::fields::Event;

/// Returns the value of the aggregate. Missing values do not count.
pub fn aggregate(of: &Aggregate, rows: &[&Event]) -> Value<'static> {
    let value = |row: &&Event| match &of.argument {
        Some(argument) => argument.evaluate(*row).into_owned(),
        None => Value::Bool(true),
    };
    let mut values: Vec<(i64, Value<'static>)> = rows
        .iter()
        .map(|row| (row.stored.timestamp_ms, value(row)))
        .filter(|(_, value)| !value.is_missing())
        .collect();
    let mut numbers: Vec<f64> = values
        .iter()
        .filter_map(|(_, value)| value.number())
        .collect();
    let count = numbers.len() as f64;
    let sum = numbers.iter().sum::<f64>();
    let of_numbers = |number: f64| {
        if count == 0.0 {
            Value::Missing
        } else {
            Value::from_f64(number)
        }
    };
    let first_of = |values: &[(i64, Value<'static>)]| {
        values
            .first()
            .map_or(Value::Missing, |(_, value)| value.clone())
    };
    match of.kind {
        AggregateKind::Count => Value::Number(values.len() as f64),
        AggregateKind::CountDistinct => {
            let texts: BTreeSet<String> =
                values.iter().map(|(_, value)| value.to_string()).collect();
            Value::Number(texts.len() as f64)
        }
        AggregateKind::Sum => of_numbers(sum),
        AggregateKind::Avg => of_numbers(sum / count),
        AggregateKind::StdDev => {
            let mean = sum / count;
            of_numbers(
                (numbers
                    .iter()
                    .map(|number| (number - mean).powi(2))
                    .sum::<f64>()
                    / count)
                    .sqrt(),
            )
        }
        AggregateKind::Pct(percent) => {
            numbers.sort_by(f64::total_cmp);
            let below = |number: &&f64| {
                numbers.iter().filter(|other| *other <= *number).count() as f64
                    >= percent / 100.0 * count
            };
            numbers
                .iter()
                .find(below)
                .map_or(Value::Missing, |number| Value::from_f64(*number))
        }
        AggregateKind::Min | AggregateKind::SortsFirst => {
            values.sort_by(|(_, one), (_, other)| one.sort_order(other));
            first_of(&values)
        }
        AggregateKind::Max | AggregateKind::SortsLast => {
            values.sort_by(|(_, one), (_, other)| other.sort_order(one));
            first_of(&values)
        }
        AggregateKind::Earliest => {
            values.sort_by(|(at, one), (then, other)| {
                at.cmp(then).then_with(|| one.sort_order(other))
            });
            first_of(&values)
        }
        AggregateKind::Latest => {
            values.sort_by(|(at, one), (then, other)| {
                then.cmp(at).then_with(|| other.sort_order(one))
            });
            first_of(&values)
        }
    }
}
