//! Brings the files of a run and the expected result into one form, so that they can be compared.

use std::collections::BTreeMap;

use dragnet::report::{RECORD_COLUMNS, defuse};
use insights_ql::Value;
use serde_json::{Map, Value as Json, json};

use super::naive::{Event, ExpectedResult, HuntResult, RowValues, Sighting};
use super::world::{Group, rfc3339};
use crate::world::Run;

/// The sort key of a row and its normalized text; equal rows have equal texts. Rows with the same
/// sort key are ordered by an event id that differs between the engines.
type Row = (String, String);

/// Returns the rows of a table in order. Rows with the same sort key are sorted by their text.
fn in_order(rows: impl Iterator<Item = Row>) -> Vec<String> {
    let mut rows: Vec<Row> = rows.collect();
    rows.chunk_by_mut(|(one, _), (other, _)| one == other)
        .for_each(<[Row]>::sort);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Returns the tables that must be equal: the name of each, the rows of the run, and the expected
/// rows, both in order.
pub(super) fn tables(
    run: &Run,
    names: &[String],
    expected: &ExpectedResult,
) -> Vec<(String, Vec<String>, Vec<String>)> {
    let mut tables = vec![(
        "sightings".to_owned(),
        found_sightings(run),
        expected_sightings(expected),
    )];
    for (name, hunt) in names.iter().zip(&expected.hunts) {
        tables.push((
            format!("{name}.json"),
            found_rows(run, name),
            expected_rows(hunt),
        ));
        if let Some(by_target) = &hunt.by_target {
            tables.push((
                format!("{name}.by-target.csv"),
                found_by_target(run, name),
                expected_by_target(by_target),
            ));
        }
    }
    tables
}

/// Returns whether a log group was scanned in slices.
pub(super) fn is_sliced(run: &Run) -> bool {
    let database = rusqlite::Connection::open(run.outputs.directory.join("run.db")).unwrap();
    let sql = "SELECT coalesce(max(units), 0) FROM (SELECT count(*) AS units FROM unit GROUP BY place, pass)";
    database
        .query_row(sql, [], |row| row.get::<_, u32>(0))
        .unwrap()
        > 1
}

/// The columns of a sighting that decide its position. They are compared, and so are
/// those in `OTHER_COLUMNS`. The event id is not, because it differs between the engines.
const SORT_COLUMNS: [&str; 7] = [
    "event_time",
    "event_account_id",
    "event_region",
    "record_id",
    "log_group",
    "account_id",
    "region",
];
const OTHER_COLUMNS: [&str; 8] = [
    "log_stream",
    "timestamp",
    "ingestion_time",
    "message",
    "copies",
    "indicators",
    "matched_fields",
    "hunts",
];

pub(super) fn found_sightings(run: &Run) -> Vec<String> {
    let row = |line: &str| {
        let row: Map<String, Json> = serde_json::from_str(line).unwrap();
        let sort_key = json!(SORT_COLUMNS.map(|name| row[name].clone())).to_string();
        (
            sort_key.clone(),
            sort_key + &json!(OTHER_COLUMNS.map(|name| row[name].clone())).to_string(),
        )
    };
    in_order(run.file("sightings.jsonl").lines().map(row))
}

pub(super) fn expected_sightings(expected: &ExpectedResult) -> Vec<String> {
    let row = |sighting: &Sighting| {
        let Sighting {
            event,
            copies,
            indicators,
            matched_fields,
            hunts,
        } = sighting;
        let details = &event.details;
        let stored = &event.stored;
        let Group {
            account,
            region,
            name,
        } = stored.group;
        let sort_key = json!([
            rfc3339(details.time_ms),
            details.account,
            details.region,
            details.record_id,
            name,
            account,
            region
        ])
        .to_string();
        let timestamp = rfc3339(stored.timestamp_ms);
        let ingestion_time = rfc3339(stored.ingestion_ms);
        let other_values = json!([
            stored.stream,
            timestamp,
            ingestion_time,
            &*stored.message,
            copies,
            indicators,
            matched_fields,
            hunts
        ]);
        (sort_key.clone(), sort_key + &other_values.to_string())
    };
    in_order(expected.sightings.iter().map(row))
}

/// Returns the part of a sighting that is the same for every copy. If some copies were not read, a
/// run may report another copy than expected.
pub(super) fn without_location(sighting: &str) -> String {
    let sort_key: Vec<Json> = serde_json::Deserializer::from_str(sighting)
        .into_iter()
        .next()
        .unwrap()
        .unwrap();
    json!(sort_key.get(..4)).to_string()
}

/// Returns the rows of a hunt in normalized form.
fn found_rows(run: &Run, name: &str) -> Vec<String> {
    let rows: Vec<BTreeMap<String, Json>> =
        serde_json::from_str(&run.file(&format!("hunts/{name}.json"))).unwrap();
    in_order(rows.into_iter().map(normalized))
}

fn expected_rows(hunt: &HuntResult) -> Vec<String> {
    let row = |(event, values): &(Option<Event>, RowValues)| {
        let record_columns = event.iter().flat_map(|event| {
            let details = &event.details;
            let group = event.stored.group.name.to_owned();
            let values = [
                details.account.clone(),
                details.region.clone(),
                group,
                rfc3339(details.time_ms),
                details.record_id.clone(),
            ];
            RECORD_COLUMNS.into_iter().zip(values)
        });
        let record_columns = record_columns.map(|(name, text)| (name.to_owned(), Json::from(text)));
        normalized(
            record_columns
                .chain(hunt.columns.iter().cloned().zip(values.iter().map(to_json)))
                .collect(),
        )
    };
    in_order(hunt.rows.iter().map(row))
}

fn to_json(value: &Value<'static>) -> Json {
    match value {
        Value::Missing => Json::Null,
        Value::Number(number) => Json::from(*number),
        Value::Text(_) | Value::Bool(_) | Value::Time(_) => Json::from(value.to_string()),
    }
}

/// Normalizes a row of a hunt. If the row is not a record, only the query decides its position.
fn normalized(row: BTreeMap<String, Json>) -> Row {
    let rounded = |value: Json| {
        value
            .as_f64()
            .map_or(value, |number| Json::from(rounded(number)))
    };
    let row: BTreeMap<String, Json> = row
        .into_iter()
        .map(|(name, value)| (name, rounded(value)))
        .collect();
    let text = json!(row).to_string();
    let is_record = row.contains_key("record_id");
    (
        if is_record {
            json!(RECORD_COLUMNS.map(|name| &row[name])).to_string()
        } else {
            text.clone()
        },
        text,
    )
}

/// Rounds a number: the last digits of a sum of fractions depend on the order of addition.
fn rounded(number: f64) -> String {
    format!("number {:.9e}", number + 0.0)
}

fn found_by_target(run: &Run, name: &str) -> Vec<String> {
    let file = run.file(&format!("hunts/{name}.by-target.csv"));
    let mut csv = csv::Reader::from_reader(file.as_bytes());
    csv.records()
        .map(|row| csv_cells(row.unwrap().iter()))
        .collect()
}

fn expected_by_target(by_target: &BTreeMap<(String, String), Vec<RowValues>>) -> Vec<String> {
    let rows = by_target.iter().flat_map(|((account, region), rows)| {
        rows.iter().map(move |row| {
            [
                vec![account.clone(), region.clone()],
                row.iter()
                    .map(|value| defuse(&value.to_string()).into_owned())
                    .collect(),
            ]
            .concat()
        })
    });
    rows.map(|row| csv_cells(row.iter().map(String::as_str)))
        .collect()
}

/// Returns CSV cells without the apostrophe that defuses a formula.
fn csv_cells<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    let plain = cells
        .map(|cell| cell.trim_start_matches('\''))
        .map(|cell| cell.parse().map_or(cell.to_owned(), rounded));
    json!(plain.collect::<Vec<String>>()).to_string()
}
