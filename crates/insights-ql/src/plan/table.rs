//! Tables of rows, and the commands that need all rows.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use super::by_timestamp;
use super::grouping::{Grouping, Partial};
use super::step::{Scope, Step};
use crate::record::Fields;
use crate::tree::{SortKey, Stage};
use crate::value::Value;

/// The result of a query, final or intermediate.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a value for every column.
    pub rows: Vec<Vec<Value<'static>>>,
}

/// A row as fields. If several columns have the same name, the last one counts. A row may still
/// lack the last columns.
pub(super) struct View<'t> {
    pub(super) columns: &'t [String],
    pub(super) row: &'t [Value<'static>],
}

impl Fields for View<'_> {
    fn field(&self, name: &str) -> Value<'_> {
        let present = self.columns.iter().zip(self.row).rev();
        present
            .into_iter()
            .find(|(column, _)| *column == name)
            .map_or(Value::Missing, |(_, value)| value.borrowed())
    }
}

/// A command that runs when all rows are available.
#[derive(Debug)]
pub(super) enum Tail {
    Step(Step),
    Sort(Vec<SortKey>),
    Limit(usize),
    Dedup(Vec<String>),
    Stats(Grouping),
}

impl Tail {
    /// Compiles these stages. `sorted` says whether the rows already have an order. If they have
    /// none, they are sorted latest first before the first command that depends on the order, or at
    /// the end.
    pub(super) fn from_stages(stages: &[Stage], mut sorted: bool) -> Vec<Self> {
        let mut tail = Vec::new();
        for stage in stages {
            let needs_order = matches!(stage, Stage::Limit(_) | Stage::Dedup(_));
            if needs_order && !sorted {
                tail.push(Self::Sort(vec![by_timestamp()]));
            }
            sorted |= needs_order || matches!(stage, Stage::Sort(_) | Stage::Stats(_));
            tail.extend(Self::new(stage));
        }
        if !sorted {
            tail.push(Self::Sort(vec![by_timestamp()]));
        }
        tail
    }

    fn new(stage: &Stage) -> Option<Self> {
        match stage {
            Stage::Sort(keys) => Some(Self::Sort(keys.clone())),
            Stage::Limit(rows) => Some(Self::Limit(*rows)),
            Stage::Dedup(fields) => Some(Self::Dedup(fields.clone())),
            Stage::Stats(stats) => Some(Self::Stats(Grouping::new(stats))),
            Stage::Fields(_) | Stage::Display(_) | Stage::Filter(_) | Stage::Parse(_) => {
                Step::new(stage).map(Self::Step)
            }
        }
    }

    /// The fields that the command reads.
    pub(super) fn fields(&self) -> Vec<&str> {
        match self {
            Self::Step(step) => step.fields(),
            Self::Sort(keys) => keys.iter().flat_map(|key| key.expr.fields()).collect(),
            Self::Limit(_) => Vec::new(),
            Self::Dedup(fields) => fields.iter().map(String::as_str).collect(),
            Self::Stats(grouping) => grouping.fields(),
        }
    }
}

impl Table {
    /// The table after these commands, reduced to these columns.
    pub(super) fn finish_with(mut self, tail: &[Tail], columns: &[String]) -> Self {
        for command in tail {
            match command {
                Tail::Step(step) => self.apply(step),
                Tail::Sort(keys) => self.sort(keys),
                Tail::Limit(rows) => self.rows.truncate(*rows),
                Tail::Dedup(fields) => self.dedup(fields),
                Tail::Stats(grouping) => {
                    let mut partial = Partial::default();
                    for row in &self.rows {
                        grouping.add(
                            &View {
                                columns: &self.columns,
                                row,
                            },
                            &mut partial,
                        );
                    }
                    self = grouping.table(&partial);
                }
            }
        }
        let shown = |row: &[Value<'static>]| {
            let view = View {
                columns: &self.columns,
                row,
            };
            columns
                .iter()
                .map(|column| view.field(column).into_owned())
                .collect()
        };
        Self {
            rows: self.rows.iter().map(|row| shown(row)).collect(),
            columns: columns.to_vec(),
        }
    }

    fn apply(&mut self, step: &Step) {
        let columns = &self.columns;
        self.rows.retain_mut(|row| {
            let view = View { columns, row };
            let mut scope = Scope::new(&view);
            let passes = step.apply(&mut scope);
            let added: Vec<Value<'static>> = scope.into_added().collect();
            row.extend(added);
            passes
        });
        self.columns
            .extend(step.names().into_iter().map(str::to_owned));
    }

    fn sort(&mut self, keys: &[SortKey]) {
        let rows = std::mem::take(&mut self.rows).into_iter().map(|row| {
            let view = View {
                columns: &self.columns,
                row: &row,
            };
            let by: Vec<Value<'static>> = keys
                .iter()
                .map(|key| key.expr.evaluate(&view).into_owned())
                .collect();
            (by, row)
        });
        let mut keyed: Vec<_> = rows.collect();
        keyed.sort_by(|(left, _), (right, _)| {
            let orders = keys
                .iter()
                .zip(left.iter().zip(right))
                .map(|(key, (left, right))| {
                    let order = left.sort_order(right);
                    if key.descending {
                        order.reverse()
                    } else {
                        order
                    }
                });
            orders.fold(Ordering::Equal, Ordering::then)
        });
        self.rows = keyed.into_iter().map(|(_, row)| row).collect();
    }

    /// Keeps the first row of each combination of values. Rows with a missing value are all kept.
    ///
    /// Source: CloudWatch Logs user guide, "dedup".
    fn dedup(&mut self, fields: &[String]) {
        let columns = &self.columns;
        let mut seen = HashSet::new();
        self.rows.retain(|row| {
            let view = View { columns, row };
            let values: Option<Vec<String>> = fields
                .iter()
                .map(|name| view.field(name).text().map(Cow::into_owned))
                .collect();
            values.is_none_or(|values| seen.insert(values))
        });
    }
}
