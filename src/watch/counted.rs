//! Turns the groups that hunts counted into rows of alerts.

use serde_json::Value as Json;

use super::alert::Row;
use super::state::{Identity, StateError};
use crate::search::PreparedHunt;
use crate::store::{RunReader, StoreError};
use crate::sweep::{Sources, merged_counts};
use dragnet_model::Hunt;
use insights_ql::{Plan, Value};

/// A group that a hunt counted.
pub(super) struct CountedGroup {
    /// The hunt and the keys of the group.
    pub identity: Identity,
    /// The name and severity of the hunt, and its columns.
    pub row: Row,
}

/// Calls `use_group` for each group that the hunts of a run counted, as their queries sort and
/// limit them. `sources` is called only if a hunt counts.
///
/// # Errors
/// `use_group` fails, or the run is damaged.
pub(super) fn counted_groups(
    reader: &RunReader,
    sources: impl FnOnce() -> Result<Sources, StoreError>,
    hunts: &[Hunt],
    mut use_group: impl FnMut(CountedGroup) -> Result<(), StateError>,
) -> Result<(), StateError> {
    let prepared = hunts
        .iter()
        .cloned()
        .map(PreparedHunt::new)
        .collect::<Result<Vec<_>, _>>();
    let mut counting = prepared.map_err(|error| StateError::Damaged(error.to_string()))?;
    counting.retain(|hunt| matches!(hunt.plan(), Plan::Groups(_)));
    // Most schedules have no hunt that counts.
    if counting.is_empty() {
        return Ok(());
    }
    let sources = sources()?;
    for prepared in &counting {
        let hunt = prepared.hunt();
        let Plan::Groups(plan) = prepared.plan() else {
            continue;
        };
        let ignore_group_counts = |_: &str, _: &str, _: &_| Ok::<_, StateError>(());
        let table =
            plan.finish(&merged_counts(reader, &sources, &hunt.name, ignore_group_counts)?.total);
        let keys = plan.keys();
        for values in &table.rows {
            let columns = || table.columns.iter().zip(values);
            let key = columns().filter(|(column, _)| keys.contains(&column.as_str()));
            let key: Vec<String> = key.map(|(_, value)| value.to_string()).collect();
            let identity = Identity::from_parts(
                std::iter::once(hunt.name.as_str()).chain(key.iter().map(String::as_str)),
            );
            let own_columns = [
                ("hunt", hunt.name.clone()),
                ("severity", hunt.severity.to_string()),
            ];
            let own_columns =
                own_columns.map(|(column, text)| (column.to_owned(), Json::from(text)));
            let query_columns = columns().map(|(column, value)| (column.clone(), to_json(value)));
            use_group(CountedGroup {
                identity,
                row: own_columns.into_iter().chain(query_columns).collect(),
            })?;
        }
    }
    Ok(())
}

fn to_json(value: &Value<'_>) -> Json {
    match value {
        Value::Missing => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        // Keeps the number as the query prints it: 3, not 3.0.
        Value::Number(_) => value.to_string().parse().map_or(Json::Null, Json::Number),
        Value::Text(_) | Value::Time(_) => Json::from(value.to_string()),
    }
}
