//! From a query to its answer, in two steps that can be far apart.
//!
//! The first step looks at one record at a time, wherever the record is: it drops the record, makes a
//! [`Row`] of it, or adds it to a [`Partial`]. The second brings all rows or partial aggregates together
//! and does what needs all of them: sort, limit, dedup, the final figures. So a query over a whole
//! organization streams, and a limit is never applied before the merge.

mod grouping;
mod step;
mod table;

use grouping::Grouping;
pub use grouping::Partial;
use step::{Scope, Step};
pub use table::Table;
use table::Tail;

use serde::{Deserialize, Serialize};

use super::record::Fields;
use super::tree::{Expr, Item, Query, SortKey, Stage};
use super::value::Value;

/// What Insights shows where a query names no columns.
const DEFAULT_COLUMNS: [&str; 2] = ["@timestamp", "@message"];

/// How a query is evaluated.
#[derive(Debug)]
pub enum Plan {
    /// Each record gives a row or none.
    Rows(RowPlan),
    /// Records are counted, not returned.
    Groups(GroupPlan),
}

/// The plan of a query whose rows are records.
#[derive(Debug)]
pub struct RowPlan {
    steps: Vec<Step>,
    /// The fields that a [`Row`] keeps: those to show, and those that the tail still reads.
    kept: Vec<String>,
    tail: Vec<Tail>,
    columns: Vec<String>,
    /// Whether the query has no command that looks at several rows.
    is_by_row: bool,
}

/// The plan of a query that begins by aggregating.
#[derive(Debug)]
pub struct GroupPlan {
    steps: Vec<Step>,
    grouping: Grouping,
    tail: Vec<Tail>,
    columns: Vec<String>,
}

/// What a record left behind; only a [`RowPlan`] of the same query can read it. It can be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row(Vec<Value<'static>>);

impl Plan {
    /// The plan of this query.
    pub fn new(query: &Query) -> Self {
        let columns = columns(&query.stages);
        let mut steps = Vec::new();
        let mut sorts: Vec<&[SortKey]> = Vec::new();
        let mut stages = query.stages.iter();
        let rest = loop {
            let rest = stages.as_slice();
            match stages.next() {
                // An order that is counted away does not matter.
                Some(Stage::Stats(stats)) => {
                    let tail = Tail::from_stages(stages.as_slice(), true);
                    return Self::Groups(GroupPlan {
                        steps,
                        grouping: Grouping::new(stats),
                        tail,
                        columns,
                    });
                }
                Some(Stage::Sort(keys)) => sorts.push(keys),
                // What looks at one record at a time can go before a sort that it has no part in.
                Some(stage) => match Step::new(stage) {
                    Some(step) if !sorts.iter().any(|keys| step.changes(keys)) => steps.push(step),
                    _ => break rest,
                },
                None => break rest,
            }
        };
        let is_by_row = sorts.is_empty() && rest.is_empty();
        let mut tail: Vec<Tail> = sorts.iter().map(|keys| Tail::Sort(keys.to_vec())).collect();
        tail.extend(Tail::from_stages(rest, !sorts.is_empty()));
        let mut kept = vec!["@timestamp".to_owned(), "@ptr".to_owned()];
        for name in columns
            .iter()
            .map(String::as_str)
            .chain(tail.iter().flat_map(Tail::fields))
        {
            if !kept.iter().any(|known| known == name) {
                kept.push(name.to_owned());
            }
        }
        Self::Rows(RowPlan {
            steps,
            kept,
            tail,
            columns,
            is_by_row,
        })
    }

    /// The columns of the result.
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Rows(plan) => &plan.columns,
            Self::Groups(plan) => &plan.columns,
        }
    }

    /// Conditions on a record's own fields that hold for every record which is not dropped. There may be
    /// more: those on what the query computes are not among them.
    pub fn conditions(&self) -> Vec<&Expr> {
        let (Self::Rows(RowPlan { steps, .. }) | Self::Groups(GroupPlan { steps, .. })) = self;
        let mut computed: Vec<&str> = Vec::new();
        let mut conditions = Vec::new();
        for step in steps {
            computed.extend(step.names());
            if let Step::Filter(condition) = step {
                let parts = if let Expr::And(parts) = condition {
                    parts
                } else {
                    std::slice::from_ref(condition)
                };
                let own =
                    |part: &&Expr| !part.fields().iter().any(|field| computed.contains(field));
                conditions.extend(parts.iter().filter(own));
            }
        }
        conditions
    }
}

impl RowPlan {
    /// The row of a record; `None` if a filter drops it.
    pub fn row(&self, record: &dyn Fields) -> Option<Row> {
        let mut scope = Scope::new(record);
        let passes = self.steps.iter().all(|step| step.apply(&mut scope));
        passes.then(|| {
            Row(self
                .kept
                .iter()
                .map(|name| scope.field(name).into_owned())
                .collect())
        })
    }

    /// Whether rows need nothing of each other: no order, limit or deduplication of the query's own. Then
    /// each can be finished alone.
    pub fn is_by_row(&self) -> bool {
        self.is_by_row
    }

    /// Brings all rows together: sorts (latest first, if the query does not say), deduplicates, limits.
    pub fn finish(&self, rows: Vec<Row>) -> Table {
        let rows = rows.into_iter().map(|Row(values)| values).collect();
        Table {
            columns: self.kept.clone(),
            rows,
        }
        .finished(&self.tail, &self.columns)
    }
}

impl GroupPlan {
    /// The columns that make a group, and by which it is known again; none for one group of everything.
    pub fn keys(&self) -> Vec<&str> {
        self.grouping.keys()
    }

    /// Adds a record to a partial aggregate, unless a filter drops it; whether it was added.
    pub fn add(&self, record: &dyn Fields, partial: &mut Partial) -> bool {
        let mut scope = Scope::new(record);
        let passes = self.steps.iter().all(|step| step.apply(&mut scope));
        if passes {
            self.grouping.add(&scope, partial);
        }
        passes
    }

    /// The final figures, after all partial aggregates have been merged.
    pub fn finish(&self, partial: &Partial) -> Table {
        self.grouping
            .table(partial)
            .finished(&self.tail, &self.columns)
    }
}

/// The columns that a query shows.
///
/// `display` names them, else all `fields` and what was parsed, else the defaults; `stats` begins anew.
/// Rows of records end with `@ptr`. Source: CloudWatch Logs user guide, "display", "fields"; API, `GetQueryResults`.
fn columns(stages: &[Stage]) -> Vec<String> {
    let mut listed: Vec<String> = Vec::new();
    let mut parsed: Vec<String> = Vec::new();
    let mut displayed: Option<Vec<String>> = None;
    let mut aggregated = false;
    let names = |items: &[Item]| items.iter().map(Item::name).collect::<Vec<_>>();
    for stage in stages {
        match stage {
            Stage::Fields(items) => listed.extend(names(items)),
            Stage::Display(items) => displayed = Some(names(items)),
            Stage::Parse(extraction) => {
                parsed.extend(extraction.pattern.names().into_iter().map(str::to_owned))
            }
            Stage::Stats(stats) => {
                listed = names(&stats.by);
                listed.extend(names(&stats.items));
                (parsed, displayed, aggregated) = (Vec::new(), None, true);
            }
            Stage::Filter(_) | Stage::Sort(_) | Stage::Limit(_) | Stage::Dedup(_) => {}
        }
    }
    if listed.is_empty() {
        listed = DEFAULT_COLUMNS.map(str::to_owned).to_vec();
    }
    listed.extend(parsed);
    let mut columns = displayed.unwrap_or(listed);
    if !aggregated {
        columns.push("@ptr".to_owned());
    }
    let mut seen = std::collections::HashSet::new();
    columns.retain(|name| seen.insert(name.clone()));
    columns
}

/// The order of rows that the query does not sort: latest first.
fn by_timestamp() -> SortKey {
    SortKey {
        expr: Expr::Field("@timestamp".to_owned()),
        descending: true,
    }
}
