//! Aggregates as states that can be merged. Merging the states of two sets of records gives the
//! state of all these records.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::tree::AggregateKind;
use super::value::{Value, bits};

/// Declares the name of each aggregate, as AWS writes it. A kind with a value also needs a pattern,
/// and the value if the query has none.
macro_rules! aggregate_names {
    ($($kind:ident $(($pattern:pat = $value:expr))? => $name:literal,)+) => {
        impl AggregateKind {
            const NAMES: [(Self, &'static str); [$($name),+].len()] =
                [$((Self::$kind $(($value))?, $name)),+];

            /// The name, as AWS writes it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind $(($pattern))? => $name,)+
                }
            }
        }
    };
}

aggregate_names! {
    Count => "count",
    CountDistinct => "count_distinct",
    Sum => "sum",
    Avg => "avg",
    Min => "min",
    Max => "max",
    StdDev => "stddev",
    Pct(_ = f64::NAN) => "pct",
    Earliest => "earliest",
    Latest => "latest",
    SortsFirst => "sortsFirst",
    SortsLast => "sortsLast",
}

impl AggregateKind {
    /// Returns the aggregate with this name, in any case. A percentile without a percentage gets
    /// NaN.
    pub(super) fn from_name(name: &str, percent: Option<f64>) -> Option<Self> {
        let (kind, _) = Self::NAMES
            .into_iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(name))?;
        Some(if let Self::Pct(_) = kind {
            Self::Pct(percent.unwrap_or(f64::NAN))
        } else {
            kind
        })
    }
}

/// Which end of an order an aggregate keeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Keeps {
    First,
    Last,
}

impl Keeps {
    fn prefers(self, order: Ordering) -> bool {
        match self {
            Self::First => order.is_lt(),
            Self::Last => order.is_gt(),
        }
    }
}

/// The state of an aggregate after some values. Missing values are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum State {
    Count(u64),
    Distinct(BTreeSet<String>),
    /// For sums and averages.
    Total {
        count: u64,
        #[serde(with = "bits")]
        sum: f64,
    },
    /// For standard deviations: the number of values, their mean, and the sum of the squared
    /// differences from it.
    Spread {
        #[serde(with = "bits")]
        count: f64,
        #[serde(with = "bits")]
        mean: f64,
        #[serde(with = "bits")]
        squares: f64,
    },
    /// The value that sorts first or last.
    Extreme {
        keeps: Keeps,
        value: Value<'static>,
    },
    /// The value of the earliest or latest record, with its time in milliseconds. Among records of
    /// the same millisecond the value decides, so that the order of merging does not matter.
    AtTime {
        keeps: Keeps,
        found: Option<(i64, Value<'static>)>,
    },
    /// All numbers, for an exact percentile.
    Numbers(#[serde(with = "bits::list")] Vec<f64>),
}

impl State {
    /// The state before the first value.
    pub(super) fn new(kind: AggregateKind) -> Self {
        let extreme = |keeps| Self::Extreme {
            keeps,
            value: Value::Missing,
        };
        match kind {
            AggregateKind::Count => Self::Count(0),
            AggregateKind::CountDistinct => Self::Distinct(BTreeSet::new()),
            AggregateKind::Sum | AggregateKind::Avg => Self::Total { count: 0, sum: 0.0 },
            AggregateKind::StdDev => Self::Spread {
                count: 0.0,
                mean: 0.0,
                squares: 0.0,
            },
            AggregateKind::Min | AggregateKind::SortsFirst => extreme(Keeps::First),
            AggregateKind::Max | AggregateKind::SortsLast => extreme(Keeps::Last),
            AggregateKind::Earliest => Self::AtTime {
                keeps: Keeps::First,
                found: None,
            },
            AggregateKind::Latest => Self::AtTime {
                keeps: Keeps::Last,
                found: None,
            },
            AggregateKind::Pct(_) => Self::Numbers(Vec::new()),
        }
    }

    /// Adds the value of a record. The time is in milliseconds.
    pub(super) fn add(&mut self, value: &Value<'_>, time: i64) {
        let Some(text) = value.text() else { return };
        match self {
            Self::Count(count) => *count += 1,
            Self::Distinct(seen) => {
                if !seen.contains(text.as_ref()) {
                    seen.insert(text.into_owned());
                }
            }
            Self::Total { .. } | Self::Spread { .. } | Self::Numbers(_) => {
                if let Some(number) = value.number() {
                    self.add_number(number);
                }
            }
            Self::Extreme { keeps, value: best } => {
                if best.is_missing() || keeps.prefers(value.sort_order(best)) {
                    *best = value.clone().into_owned();
                }
            }
            Self::AtTime { keeps, found } => {
                let better = |(at, best): &(i64, Value<'_>)| {
                    keeps.prefers(time.cmp(at).then_with(|| value.sort_order(best)))
                };
                if found.as_ref().is_none_or(better) {
                    *found = Some((time, value.clone().into_owned()));
                }
            }
        }
    }

    fn add_number(&mut self, number: f64) {
        match self {
            Self::Total { count, sum } => {
                *count += 1;
                *sum += number;
            }
            Self::Spread {
                count,
                mean,
                squares,
            } => {
                // Welford's method avoids large squares that cancel each other.
                *count += 1.0;
                let before = number - *mean;
                *mean += before / *count;
                *squares += before * (number - *mean);
            }
            Self::Numbers(numbers) => numbers.push(number),
            Self::Count(_) | Self::Distinct(_) | Self::Extreme { .. } | Self::AtTime { .. } => {}
        }
    }

    /// Adds the state of the same aggregate over other values.
    pub(super) fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Count(count), Self::Count(more)) => *count += more,
            (Self::Distinct(seen), Self::Distinct(more)) => seen.extend(more),
            (
                Self::Total { count, sum },
                Self::Total {
                    count: more,
                    sum: added,
                },
            ) => {
                *count += more;
                *sum += added;
            }
            (
                Self::Spread {
                    count,
                    mean,
                    squares,
                },
                Self::Spread {
                    count: n,
                    mean: m,
                    squares: s,
                },
            ) if n > 0.0 => {
                let total = *count + n;
                let difference = m - *mean;
                *squares += s + difference * difference * *count * n / total;
                *mean += difference * n / total;
                *count = total;
            }
            (Self::Numbers(numbers), Self::Numbers(more)) => numbers.extend(more),
            (extreme @ Self::Extreme { .. }, Self::Extreme { value, .. }) => extreme.add(&value, 0),
            (
                at_time @ Self::AtTime { .. },
                Self::AtTime {
                    found: Some((time, value)),
                    ..
                },
            ) => {
                at_time.add(&value, time);
            }
            // There is nothing to add. States of different kinds never meet, because both sides
            // have the same plan.
            _ => {}
        }
    }

    /// The result so far. `kind` must be the kind of aggregate that the state was created for.
    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    pub(super) fn result(&self, kind: AggregateKind) -> Value<'static> {
        match self {
            Self::Count(count) => Value::Number(*count as f64),
            Self::Distinct(seen) => Value::Number(seen.len() as f64),
            Self::Total { count: 0, .. } => Value::Missing,
            Self::Total { count, sum } if kind == AggregateKind::Avg => {
                Value::from_f64(sum / *count as f64)
            }
            Self::Total { sum, .. } => Value::from_f64(*sum),
            Self::Spread { count, squares, .. } => Value::from_f64((squares / count).sqrt()),
            Self::Extreme { value, .. } => value.clone(),
            Self::AtTime { found, .. } => found
                .as_ref()
                .map_or(Value::Missing, |(_, value)| value.clone()),
            Self::Numbers(numbers) => match kind {
                AggregateKind::Pct(percent) => percentile(numbers, percent),
                _ => Value::Missing,
            },
        }
    }
}

/// The smallest of the numbers that at least `percent` percent of all numbers do not exceed.
fn percentile(numbers: &[f64], percent: f64) -> Value<'static> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the length"
    )]
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .map_or(Value::Missing, |number| Value::from_f64(*number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [AggregateKind; 12] = [
        AggregateKind::Count,
        AggregateKind::CountDistinct,
        AggregateKind::Sum,
        AggregateKind::Avg,
        AggregateKind::Min,
        AggregateKind::Max,
        AggregateKind::StdDev,
        AggregateKind::Pct(90.0),
        AggregateKind::Earliest,
        AggregateKind::Latest,
        AggregateKind::SortsFirst,
        AggregateKind::SortsLast,
    ];

    fn state_of(kind: AggregateKind, values: &[(String, i64)]) -> State {
        let mut state = State::new(kind);
        for (value, time) in values {
            state.add(&Value::from(value.as_str()), *time);
        }
        state
    }

    #[test]
    fn result_of_each_kind() {
        let values =
            ["2", "4", "4", "4", "5", "5", "7", "9", "x"].map(|value| (value.to_owned(), 1));
        let results: Vec<String> = KINDS
            .iter()
            .map(|&kind| state_of(kind, &values).result(kind).to_string())
            .collect();
        assert_eq!(
            results,
            ["9", "6", "40", "5", "x", "9", "2", "9", "x", "9", "x", "9"]
        );
        let nothing: Vec<String> = KINDS
            .iter()
            .map(|&kind| State::new(kind).result(kind).to_string())
            .collect();
        assert_eq!(nothing, ["0", "0", "", "", "", "", "", "", "", "", "", ""]);
    }

    proptest! {
        #[test]
        fn merged_parts_give_the_result_of_all_values(
            values in prop::collection::vec(("[0-9]{1,3}|[a-c]?", 0_i64..4), 0..24),
            cut in 0_usize..24,
        ) {
            let (left, right) = values.split_at(cut.min(values.len()));
            for kind in KINDS {
                let mut merged = state_of(kind, right);
                merged.merge(state_of(kind, left));
                let merged = merged.result(kind);
                let whole = state_of(kind, &values).result(kind);
                if let (Some(a), Some(b)) = (merged.number(), whole.number()) {
                    prop_assert!((a - b).abs() < 1e-9, "{kind:?}: {a} {b}");
                } else {
                    prop_assert_eq!(merged, whole, "{:?}", kind);
                }
            }
        }
    }
}
