//! What a run's files say, and what they should: brought into one form and compared.

use std::collections::BTreeMap;

use dragnet::query::Value;
use serde_json::{Map, Value as Json, json};

use super::naive::{Answer, Cells, HuntAnswer, Sighting};
use super::world::rfc3339;
use crate::world::Run;

/// The rows of a table, each in a form in which equal rows are equal.
type Rows = Vec<String>;

/// What must be the same of a run and of the naive answer: a name for each table, and its rows in order.
pub fn tables(run: &Run, names: &[String], expected: &Answer) -> Vec<(String, Rows, Rows)> {
    let mut tables = vec![("sightings".to_owned(), found_sightings(run), expected_sightings(expected))];
    for (name, hunt) in names.iter().zip(&expected.hunts) {
        tables.push((format!("{name}.json"), found_rows(run, name), expected_rows(hunt)));
        if let Some(by_place) = &hunt.by_place {
            tables.push((format!("{name}.by-target.csv"), found_by_target(run, name), expected_by_target(by_place)));
        }
    }
    tables
}

/// Whether a log group was read in slices.
pub fn is_sliced(run: &Run) -> bool {
    let database = rusqlite::Connection::open(run.outputs.directory.join("run.db")).unwrap();
    let most = "SELECT coalesce(max(units), 0) FROM (SELECT count(*) AS units FROM unit GROUP BY place, pass)";
    database.query_row(most, [], |row| row.get::<_, u32>(0)).unwrap() > 1
}

/// The sightings of a run, without what no event tells: the id is the engine's.
pub fn found_sightings(run: &Run) -> Rows {
    let parts = |line: &str| {
        let row: Map<String, Json> = serde_json::from_str(line).unwrap();
        let part = |name: &str| row[name].clone();
        let names = [
            "event_time",
            "event_account_id",
            "event_region",
            "record_id",
            "account_id",
            "region",
            "log_group",
            "log_stream",
            "timestamp",
            "ingestion_time",
            "message",
            "copies",
            "indicators",
            "matched_fields",
            "hunts",
        ];
        Json::from(names.map(part).to_vec()).to_string()
    };
    run.file("sightings.jsonl").lines().map(parts).collect()
}

pub fn expected_sightings(answer: &Answer) -> Rows {
    let parts = |sighting: &Sighting| {
        let Sighting { event, copies, indicators, matched_fields, hunts } = sighting;
        let (told, stored) = (&event.told, &event.stored);
        json!([
            rfc3339(told.time_ms),
            told.account,
            told.region,
            told.record_id,
            stored.group.account,
            stored.group.region,
            stored.group.name,
            stored.stream,
            rfc3339(stored.timestamp_ms),
            rfc3339(stored.ingestion_ms),
            &*stored.message,
            copies,
            indicators,
            matched_fields,
            hunts,
        ])
        .to_string()
    };
    answer.sightings.iter().map(parts).collect()
}

/// The rows of a hunt, each by the names of its columns.
fn found_rows(run: &Run, name: &str) -> Rows {
    let rows: Vec<BTreeMap<String, Json>> = serde_json::from_str(&run.file(&format!("hunts/{name}.json"))).unwrap();
    rows.into_iter().map(shown).collect()
}

fn expected_rows(hunt: &HuntAnswer) -> Rows {
    let row = |(event, cells): &(Option<super::naive::Event>, Cells)| {
        let place = event.iter().flat_map(|event| {
            let told = &event.told;
            [
                ("event_account_id", told.account.clone()),
                ("event_region", told.region.clone()),
                ("log_group", event.stored.group.name.to_owned()),
                ("event_time", rfc3339(told.time_ms)),
                ("record_id", told.record_id.clone()),
            ]
        });
        let place = place.map(|(name, text)| (name.to_owned(), Json::from(text)));
        shown(place.chain(hunt.columns.iter().cloned().zip(cells.iter().map(json))).collect())
    };
    hunt.rows.iter().map(row).collect()
}

fn json(value: &Value<'static>) -> Json {
    match value {
        Value::Missing => Json::Null,
        Value::Number(number) => Json::from(*number),
        Value::Text(_) | Value::Bool(_) | Value::Time(_) => Json::from(value.to_string()),
    }
}

fn shown(row: BTreeMap<String, Json>) -> String {
    let rounded = |value: Json| value.as_f64().map_or(value, |number| Json::from(rounded(number)));
    json!(row.into_iter().map(|(name, value)| (name, rounded(value))).collect::<BTreeMap<_, _>>()).to_string()
}

/// Sums of fractions depend on the order in which they are added in their last digits.
fn rounded(number: f64) -> String {
    format!("number {:.9e}", number + 0.0)
}

fn found_by_target(run: &Run, name: &str) -> Rows {
    let file = run.file(&format!("hunts/{name}.by-target.csv"));
    let mut csv = csv::Reader::from_reader(file.as_bytes());
    csv.records().map(|row| cells(row.unwrap().iter())).collect()
}

fn expected_by_target(by_place: &BTreeMap<(String, String), Vec<Cells>>) -> Rows {
    let rows = by_place.iter().flat_map(|((account, region), rows)| {
        rows.iter().map(move |row| {
            [vec![account.clone(), region.clone()], row.iter().map(Value::to_string).collect()].concat()
        })
    });
    rows.map(|row| cells(row.iter().map(String::as_str))).collect()
}

/// Cells of CSV, without the apostrophe that keeps a spreadsheet from running one.
fn cells<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    let plain =
        cells.map(|cell| cell.trim_start_matches('\'')).map(|cell| cell.parse().map_or(cell.to_owned(), rounded));
    json!(plain.collect::<Vec<String>>()).to_string()
}
