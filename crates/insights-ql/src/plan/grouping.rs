//! The `stats` command: sorts records into groups and computes the aggregates of each group.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::table::{Table, View};
use crate::aggregate::State;
use crate::record::Fields;
use crate::tree::{Aggregate, Expr, Item, Stats};
use crate::value::Value;

/// A compiled `stats` command.
#[derive(Debug)]
pub(super) struct Grouping {
    by: Vec<(String, Expr)>,
    items: Vec<(String, Expr)>,
    /// The distinct aggregates of the items, each with the name by which the items refer to its
    /// result.
    aggregates: Vec<(String, Aggregate)>,
}

/// The intermediate state of an aggregating query, by group. Partials of the same query can be
/// merged in any order, and can be stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    #[serde(with = "as_list")]
    groups: BTreeMap<Vec<Option<String>>, Group>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Group {
    keys: Vec<Value<'static>>,
    states: Vec<State>,
}

impl Partial {
    /// Merges another partial of the same query.
    pub fn merge(&mut self, other: Self) {
        self.merge_up_to(usize::MAX, other);
    }

    /// The same, but creates no group beyond the first `most`. Returns whether all groups fitted.
    pub fn merge_up_to(&mut self, most: usize, other: Self) -> bool {
        let mut fitted = true;
        for (key, group) in other.groups {
            if let Some(known) = self.groups.get_mut(&key) {
                known
                    .states
                    .iter_mut()
                    .zip(group.states)
                    .for_each(|(state, more)| state.merge(more));
            } else if self.groups.len() < most {
                self.groups.insert(key, group);
            } else {
                fitted = false;
            }
        }
        fitted
    }

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether no record was counted.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

impl Grouping {
    pub(super) fn new(stats: &Stats) -> Self {
        let named = |items: &[Item]| {
            items
                .iter()
                .map(|item| (item.name(), item.expr.clone()))
                .collect()
        };
        let mut aggregates: Vec<(String, Aggregate)> = Vec::new();
        for item in &stats.items {
            item.expr.walk(&mut |expr| {
                if let Expr::Aggregate(aggregate) = expr {
                    let name = aggregate.to_string();
                    if !aggregates.iter().any(|(known, _)| *known == name) {
                        aggregates.push((name, aggregate.as_ref().clone()));
                    }
                }
            });
        }
        Self {
            by: named(&stats.by),
            items: named(&stats.items),
            aggregates,
        }
    }

    /// The names of the columns that identify a group.
    pub(super) fn keys(&self) -> Vec<&str> {
        self.by.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The fields that the command reads.
    pub(super) fn fields(&self) -> Vec<&str> {
        let exprs = self.by.iter().chain(&self.items).map(|(_, expr)| expr);
        exprs.flat_map(Expr::fields).chain(["@timestamp"]).collect()
    }

    /// Adds a record to its group.
    pub(super) fn add(&self, fields: &dyn Fields, partial: &mut Partial) {
        let keys: Vec<Value<'_>> = self
            .by
            .iter()
            .map(|(_, expr)| expr.evaluate(fields))
            .collect();
        let text = keys
            .iter()
            .map(|key| key.text().map(Cow::into_owned))
            .collect();
        let group = partial.groups.entry(text).or_insert_with(|| Group {
            keys: keys.into_iter().map(Value::into_owned).collect(),
            states: self
                .aggregates
                .iter()
                .map(|(_, aggregate)| State::new(aggregate.kind))
                .collect(),
        });
        let time = match fields.field("@timestamp") {
            Value::Time(ms) => ms,
            _ => 0,
        };
        for ((_, aggregate), state) in self.aggregates.iter().zip(&mut group.states) {
            let everything = Value::Bool(true);
            let value = aggregate
                .argument
                .as_ref()
                .map_or(everything, |argument| argument.evaluate(fields));
            state.add(&value, time);
        }
    }

    /// The table with one row per group, in the order of the groups' keys. An item may use the
    /// items before it.
    pub(super) fn table(&self, partial: &Partial) -> Table {
        let named = |parts: &[(String, Expr)]| {
            parts
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        let mut columns = named(&self.by);
        columns.extend(self.aggregates.iter().map(|(name, _)| name.clone()));
        columns.extend(named(&self.items));
        let rows = partial.groups.values().map(|group| {
            let mut row = group.keys.clone();
            row.extend(
                group
                    .states
                    .iter()
                    .zip(&self.aggregates)
                    .map(|(state, (_, aggregate))| state.result(aggregate.kind)),
            );
            for (_, expr) in &self.items {
                let value = expr
                    .evaluate(&View {
                        columns: &columns,
                        row: &row,
                    })
                    .into_owned();
                row.push(value);
            }
            row
        });
        Table {
            rows: rows.collect(),
            columns,
        }
    }
}

/// Stores the groups as a list, because most formats allow only text as the keys of a map.
mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Group;

    type Groups = BTreeMap<Vec<Option<String>>, Group>;

    pub(super) fn serialize<S: Serializer>(
        groups: &Groups,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(groups)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Groups, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fields, Plan};
    use super::*;

    struct Address(&'static str);

    impl Fields for Address {
        fn field(&self, name: &str) -> Value<'_> {
            if name == "srcAddr" {
                Value::from(self.0)
            } else {
                Value::Missing
            }
        }
    }

    #[test]
    fn merge_limit_drops_new_groups_and_updates_known_ones() {
        let Plan::Groups(plan) = Plan::new(&"stats count(*) as n by srcAddr".parse().unwrap())
        else {
            panic!()
        };
        let partial_for = |address| {
            let mut partial = Partial::default();
            plan.add(&Address(address), &mut partial);
            partial
        };
        let mut all = partial_for("10.0.0.1");
        assert!(
            all.merge_up_to(1, partial_for("10.0.0.1"))
                && !all.merge_up_to(1, partial_for("10.0.0.2"))
        );
        assert_eq!(
            (all.len(), plan.finish(&all).rows[0][1].to_string().as_str()),
            (1, "2")
        );
    }

    #[test]
    fn infinite_sum_survives_serialization() {
        let Plan::Groups(plan) = Plan::new(
            &"stats sum(srcAddr), stddev(srcAddr), max(0.1 + 0.2)"
                .parse()
                .unwrap(),
        ) else {
            panic!()
        };
        let mut partial = Partial::default();
        for address in ["1e308", "1e308", "-1e308"] {
            plan.add(&Address(address), &mut partial);
        }
        let stored = serde_json::to_string(&partial).unwrap();
        let restored: Partial = serde_json::from_str(&stored).unwrap();
        assert_eq!(format!("{restored:?}"), format!("{partial:?}"));
    }

    #[test]
    fn restored_partial_merges_like_the_original() {
        let query = "stats count(*) as n, earliest(srcAddr), pct(n, 5) by srcAddr, missing"
            .parse()
            .unwrap();
        let Plan::Groups(plan) = Plan::new(&query) else {
            panic!("it aggregates")
        };
        let mut partial = Partial::default();
        for address in ["10.0.0.1", "10.0.0.2", "10.0.0.1"] {
            plan.add(&Address(address), &mut partial);
        }
        let stored = serde_json::to_string(&partial).unwrap();
        let mut restored: Partial = serde_json::from_str(&stored).unwrap();
        assert_eq!(restored, partial);
        restored.merge(partial);
        assert_eq!(plan.finish(&restored).rows[0][2].to_string(), "4");
    }
}
