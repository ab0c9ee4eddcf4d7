//! The evaluation of a query, in two steps that can run at different times.
//!
//! The first step processes one record at a time: it drops the record, makes a [`Row`] of it, or
//! adds it to a [`Partial`]. The second step combines all rows or partials and does what needs all
//! of them: sort, limit, dedup, the final figures. So a query over a whole organization streams,
//! and a limit is never applied before the merge.

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

/// The columns that Insights shows if a query names none.
const DEFAULT_COLUMNS: [&str; 2] = ["@timestamp", "@message"];

/// How a query is evaluated.
#[derive(Debug)]
pub enum Plan {
    /// Each record gives a row or is dropped.
    Rows(RowPlan),
    /// Records are aggregated into groups.
    Groups(GroupPlan),
}

/// The plan of a query whose rows are records.
#[derive(Debug)]
pub struct RowPlan {
    steps: Vec<Step>,
    /// The fields that a [`Row`] stores: those to show, and those that the second step reads.
    stored_columns: Vec<String>,
    tail: Vec<Tail>,
    columns: Vec<String>,
    /// Whether the query has no command that needs several rows.
    has_independent_rows: bool,
}

/// The plan of a query that aggregates its records.
#[derive(Debug)]
pub struct GroupPlan {
    steps: Vec<Step>,
    grouping: Grouping,
    tail: Vec<Tail>,
    columns: Vec<String>,
}

/// The result of one record. It can be stored; only a [`RowPlan`] of the same query can read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row(Vec<Value<'static>>);

impl Plan {
    /// Compiles a query.
    pub fn new(query: &Query) -> Self {
        let columns = columns(&query.stages);
        let mut steps = Vec::new();
        let mut sorts: Vec<&[SortKey]> = Vec::new();
        let mut stages = query.stages.iter();
        let rest = loop {
            let rest = stages.as_slice();
            match stages.next() {
                // `stats` does not depend on the order of records, so sorts before it are dropped.
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
                // A command on single records can run before a sort that does not depend on it.
                Some(stage) => match Step::new(stage) {
                    Some(step) if !sorts.iter().any(|keys| step.changes(keys)) => steps.push(step),
                    _ => break rest,
                },
                None => break rest,
            }
        };
        let has_independent_rows = sorts.is_empty() && rest.is_empty();
        let mut tail: Vec<Tail> = sorts.iter().map(|keys| Tail::Sort(keys.to_vec())).collect();
        tail.extend(Tail::from_stages(rest, !sorts.is_empty()));
        let mut stored_columns = vec!["@timestamp".to_owned(), "@ptr".to_owned()];
        for name in columns
            .iter()
            .map(String::as_str)
            .chain(tail.iter().flat_map(Tail::fields))
        {
            if !stored_columns.iter().any(|known| known == name) {
                stored_columns.push(name.to_owned());
            }
        }
        Self::Rows(RowPlan {
            steps,
            stored_columns,
            tail,
            columns,
            has_independent_rows,
        })
    }

    /// The columns of the result.
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Rows(plan) => &plan.columns,
            Self::Groups(plan) => &plan.columns,
        }
    }

    /// Conditions on fields of a record that hold for every record that is kept. Conditions on
    /// computed fields are left out.
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
                .stored_columns
                .iter()
                .map(|name| scope.field(name).into_owned())
                .collect())
        })
    }

    /// Whether rows are independent of each other: the query has no sort, limit or deduplication.
    /// Each row can then be finished alone.
    pub fn has_independent_rows(&self) -> bool {
        self.has_independent_rows
    }

    /// Combines all rows: sorts (latest first unless the query has an order), deduplicates, limits.
    pub fn finish(&self, rows: Vec<Row>) -> Table {
        let rows = rows.into_iter().map(|Row(values)| values).collect();
        Table {
            columns: self.stored_columns.clone(),
            rows,
        }
        .finish_with(&self.tail, &self.columns)
    }
}

impl GroupPlan {
    /// The columns that identify a group; empty for one group of all records.
    pub fn keys(&self) -> Vec<&str> {
        self.grouping.keys()
    }

    /// Adds a record to a partial unless a filter drops it. Returns whether it was added.
    pub fn add(&self, record: &dyn Fields, partial: &mut Partial) -> bool {
        let mut scope = Scope::new(record);
        let passes = self.steps.iter().all(|step| step.apply(&mut scope));
        if passes {
            self.grouping.add(&scope, partial);
        }
        passes
    }

    /// The final table, after all partials have been merged.
    pub fn finish(&self, partial: &Partial) -> Table {
        self.grouping
            .table(partial)
            .finish_with(&self.tail, &self.columns)
    }
}

/// The columns that a query shows.
///
/// `display` names them; without it, they are all `fields` and parsed fields, or else the defaults.
/// `stats` replaces all columns before it. Rows of records end with `@ptr`. Source: CloudWatch Logs
/// user guide, "display", "fields"; API, `GetQueryResults`.
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
                parsed.extend(extraction.pattern.names().into_iter().map(str::to_owned));
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

/// The order of rows if the query has none: latest first.
fn by_timestamp() -> SortKey {
    SortKey {
        expr: Expr::Field("@timestamp".to_owned()),
        descending: true,
    }
}
