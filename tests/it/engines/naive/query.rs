//! Evaluates a query over all records at once, command by command. Only the evaluation of a single
//! expression is the code under test.

use std::collections::BTreeMap;

use insights_ql::{Expr, ExtractionPattern, Item, Query, SortKey, Stage, Stats, Value};

use super::aggregate::aggregate;
use super::fields::Event;

/// The values of a row, one for each column.
pub(crate) type RowValues = Vec<Value<'static>>;

/// Returns the columns that a query shows.
///
/// Source: CloudWatch Logs user guide, "display", "fields", "stats": `display` names them, else all
/// `fields` and what was parsed, else `@timestamp` and `@message`; `stats` discards the columns
/// before it.
pub(crate) fn columns(query: &Query) -> Vec<String> {
    let names = |items: &[Item]| items.iter().map(Item::name).collect::<Vec<_>>();
    let mut listed = Vec::new();
    let mut parsed = Vec::new();
    let mut displayed = None;
    for stage in &query.stages {
        match stage {
            Stage::Fields(items) => listed.extend(names(items)),
            Stage::Display(items) => displayed = Some(names(items)),
            Stage::Parse(extraction) => {
                parsed.extend(extraction.pattern.names().into_iter().map(str::to_owned));
            }
            Stage::Stats(stats) => {
                listed = [names(&stats.by), names(&stats.items)].concat();
                parsed = Vec::new();
                displayed = None;
            }
            Stage::Filter(_) | Stage::Sort(_) | Stage::Limit(_) | Stage::Dedup(_) => {}
        }
    }
    if listed.is_empty() {
        listed = vec!["@timestamp".to_owned(), "@message".to_owned()];
    }
    let all = displayed.unwrap_or_else(|| [listed, parsed].concat());
    let mut columns: Vec<String> = Vec::new();
    for name in all {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    columns
}

/// Returns whether the query aggregates.
pub(crate) fn is_count(query: &Query) -> bool {
    query
        .stages
        .iter()
        .any(|stage| matches!(stage, Stage::Stats(_)))
}

/// Returns the records that a query finds: those that pass every filter before the first command
/// that aggregates, limits or deduplicates.
pub(super) fn find_events(query: &Query, events: &[Event]) -> Vec<Event> {
    let is_of_one =
        |stage: &&Stage| !matches!(stage, Stage::Stats(_) | Stage::Limit(_) | Stage::Dedup(_));
    let mut rows = events.to_vec();
    for stage in query
        .stages
        .iter()
        .take_while(is_of_one)
        .filter(|stage| !matches!(stage, Stage::Sort(_)))
    {
        rows = apply(stage, rows);
    }
    let kept: std::collections::BTreeSet<usize> = rows.iter().map(|row| row.number).collect();
    events
        .iter()
        .filter(|event| kept.contains(&event.number))
        .cloned()
        .collect()
}

/// Returns the rows of a query over these records, which are in the order of the sightings.
pub(super) fn rows(query: &Query, events: Vec<Event>) -> Vec<Event> {
    let has_order = |stage: &Stage| matches!(stage, Stage::Sort(_) | Stage::Stats(_));
    let needs_order = |stage: &Stage| matches!(stage, Stage::Limit(_) | Stage::Dedup(_));
    let mut rows = events;
    // Insights returns the latest rows first. If nothing in the query depends on the order, Dragnet
    // uses the order of the sightings.
    if query
        .stages
        .iter()
        .find(|stage| has_order(stage) || needs_order(stage))
        .is_some_and(needs_order)
    {
        rows.sort_by_key(|row| std::cmp::Reverse(row.stored.timestamp_ms));
    }
    query
        .stages
        .iter()
        .fold(rows, |rows, stage| apply(stage, rows))
}

/// Returns the values of a row in these columns.
pub(super) fn row_values(row: &Event, columns: &[String]) -> RowValues {
    columns
        .iter()
        .map(|name| row.fields.get(name).cloned().unwrap_or(Value::Missing))
        .collect()
}

fn apply(stage: &Stage, mut rows: Vec<Event>) -> Vec<Event> {
    match stage {
        Stage::Fields(items) | Stage::Display(items) => {
            for row in &mut rows {
                compute(items, row);
            }
        }
        Stage::Filter(condition) => rows.retain(|row| condition.holds(row)),
        Stage::Parse(extraction) => {
            for row in &mut rows {
                let text = extraction
                    .from
                    .evaluate(row)
                    .text()
                    .map(std::borrow::Cow::into_owned);
                let found = parse_fields(&extraction.pattern, text.as_deref());
                row.fields.extend(found);
            }
        }
        Stage::Sort(keys) => rows.sort_by(|one, other| compare_rows(keys, one, other)),
        Stage::Limit(most) => rows.truncate(*most),
        Stage::Dedup(names) => {
            let mut seen = std::collections::BTreeSet::new();
            rows.retain(|row| {
                let values: Option<Vec<String>> = names
                    .iter()
                    .map(|name| {
                        row.fields
                            .get(name)
                            .and_then(|value| value.text().map(String::from))
                    })
                    .collect();
                // A row that lacks one of the fields is kept.
                values.is_none_or(|values| seen.insert(values))
            });
        }
        Stage::Stats(stats) => return group_rows(stats, &rows),
    }
    rows
}

fn compute(items: &[Item], row: &mut Event) {
    for item in items {
        let value = item.expr.evaluate(row).into_owned();
        row.fields.insert(item.name(), value);
    }
}

/// Returns what a `parse` extracts from a text. If it does not match, every name is missing.
fn parse_fields(pattern: &ExtractionPattern, text: Option<&str>) -> Vec<(String, Value<'static>)> {
    let names: Vec<String> = pattern.names().into_iter().map(str::to_owned).collect();
    let values = match pattern {
        ExtractionPattern::Glob { text: glob, .. } => text.and_then(|text| match_glob(glob, text)),
        ExtractionPattern::Regex(regex) => {
            let captures = text.and_then(|text| regex.compiled().captures(text));
            captures.map(|found| {
                names
                    .iter()
                    .map(|name| found.name(name).map(|part| part.as_str().to_owned()))
                    .collect()
            })
        }
    };
    let values: Vec<Option<String>> = values.unwrap_or_else(|| vec![None; names.len()]);
    names
        .into_iter()
        .zip(
            values
                .into_iter()
                .map(|text| text.map_or(Value::Missing, Value::from)),
        )
        .collect()
}

/// Returns what each star of a glob matches: as little as possible, except that a star at the end
/// matches the rest.
fn match_glob(glob: &str, text: &str) -> Option<Vec<Option<String>>> {
    let mut literals = glob.split('*');
    let first = literals.next().unwrap();
    let mut rest = &text[text.find(first)? + first.len()..];
    let mut found = Vec::new();
    for literal in literals {
        let at = if literal.is_empty() {
            rest.len()
        } else {
            rest.find(literal)?
        };
        found.push(Some(rest[..at].to_owned()));
        rest = &rest[at + literal.len()..];
    }
    Some(found)
}

fn compare_rows(keys: &[SortKey], one: &Event, other: &Event) -> std::cmp::Ordering {
    let by = |key: &SortKey| {
        let order = key.expr.evaluate(one).sort_order(&key.expr.evaluate(other));
        if key.descending {
            order.reverse()
        } else {
            order
        }
    };
    keys.iter()
        .map(by)
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

/// Returns a row for each group, ordered by the group's key.
fn group_rows(stats: &Stats, rows: &[Event]) -> Vec<Event> {
    let mut groups: BTreeMap<Vec<Option<String>>, Vec<&Event>> = BTreeMap::new();
    for row in rows {
        let key = stats
            .by
            .iter()
            .map(|item| item.expr.evaluate(row).text().map(String::from))
            .collect();
        groups.entry(key).or_default().push(row);
    }
    groups
        .values()
        .filter_map(|members| aggregate_group(stats, members))
        .collect()
}

fn aggregate_group(stats: &Stats, members: &[&Event]) -> Option<Event> {
    let first = *members.first()?;
    let keys = stats
        .by
        .iter()
        .map(|item| (item.name(), item.expr.evaluate(first).into_owned()));
    let mut row = Event {
        fields: keys.collect(),
        ..first.clone()
    };
    for item in &stats.items {
        item.expr.walk(&mut |expr| {
            if let Expr::Aggregate(function) = expr {
                row.fields
                    .insert(function.to_string(), aggregate(function, members));
            }
        });
    }
    compute(&stats.items, &mut row);
    Some(row)
}
