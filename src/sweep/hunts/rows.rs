//! The rows of a hunt: sightings, each with the hunt's own columns, which its message gives again.

use std::collections::{BTreeMap, HashMap};

use crate::model::{LogGroupArn, Sighting, Target};
use crate::query::{Event, Record, Row, RowPlan, Value};
use crate::search::{Finding, FlowLogFormats, PreparedHunt, RecordKind};
use crate::store::{RunReader, StoreError};
use crate::sweep::merge::merged_sightings_of_hunt;

/// Rows that are kept in memory where the query itself sorts, limits or deduplicates; some 500 bytes each.
/// What is beyond is left out, and the result says so.
const MOST_ROWS: usize = 500_000;

/// What Insights adds to every row: here it only leads from a row to its record.
pub const POINTER: &str = "@ptr";

/// Where and when the record of a row happened, and where it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowPlace {
    /// In which account.
    pub event_account: String,
    /// In which Region.
    pub event_region: String,
    /// The log group that keeps it.
    pub log_group: String,
    /// When, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// CloudTrail's `eventID`; empty for other events.
    pub record_id: String,
}

/// How the rows of a hunt are made from a run's sightings.
#[derive(Debug)]
pub struct HuntRows<'h> {
    hunt: &'h PreparedHunt,
    plan: &'h RowPlan,
    formats: &'h BTreeMap<LogGroupArn, FlowLogFormats>,
}

impl<'h> HuntRows<'h> {
    /// The rows of a hunt, whose plan this is, where log groups have flow logs of these formats.
    pub fn new(
        hunt: &'h PreparedHunt,
        plan: &'h RowPlan,
        formats: &'h BTreeMap<LogGroupArn, FlowLogFormats>,
    ) -> Self {
        Self {
            hunt,
            plan,
            formats,
        }
    }

    /// The hunt's own columns.
    pub fn columns(&self) -> Vec<String> {
        self.hunt
            .plan()
            .columns()
            .iter()
            .filter(|column| is_own(column))
            .cloned()
            .collect()
    }

    fn row(&self, sighting: &Sighting, pointer: &str) -> Option<Row> {
        let stored = &sighting.stored;
        let target = Target {
            account: stored.account,
            region: stored.region.clone(),
        };
        let none = FlowLogFormats::default();
        let formats = self
            .formats
            .get(&LogGroupArn::new(target, stored.log_group.as_str()))
            .unwrap_or(&none);
        let kind = RecordKind::detect(
            &sighting.message,
            sighting.happening.is_cloudtrail(),
            formats,
        );
        let event = Event {
            timestamp: stored.timestamp_ms,
            ingestion_time: stored.ingestion_ms,
            log: &format!("{}:{}", stored.account, stored.log_group),
            log_stream: &stored.log_stream,
            ptr: pointer,
            message: &sighting.message,
        };
        match self
            .hunt
            .evaluate(&Record::new(event, kind.discovery()), kind)?
        {
            Finding::Row(row) => Some(row),
            Finding::Counted(_) => None,
        }
    }
}

/// Hands the rows of a hunt to `use_row`, each with its place, as far as it still is of one record: in the
/// query's order, or in that of the sightings if it has none. Gives whether there were more than fit.
///
/// # Errors
/// What `use_row` fails with, or the database fails or is damaged.
pub fn merged_rows<E: From<StoreError>>(
    reader: &RunReader,
    rows: &HuntRows<'_>,
    mut use_row: impl FnMut(Option<&RowPlace>, &[Value<'static>]) -> Result<(), E>,
) -> Result<bool, E> {
    let mut is_cut_off = false;
    let (mut kept, mut places) = (Vec::new(), HashMap::new());
    merged_sightings_of_hunt(reader, &rows.hunt.hunt().name, |sightings| {
        for (number, sighting) in sightings.enumerate() {
            let sighting = sighting?;
            let pointer = number.to_string();
            let Some(row) = rows.row(&sighting, &pointer) else {
                continue;
            };
            let place = place(sighting);
            if rows.plan.is_by_row() {
                let table = rows.plan.finish(vec![row]);
                table
                    .rows
                    .iter()
                    .try_for_each(|row| use_row(Some(&place), &own(&table.columns, row)))?;
            } else if kept.len() < MOST_ROWS {
                kept.push(row);
                places.insert(pointer, place);
            } else {
                is_cut_off = true;
            }
        }
        Ok::<_, E>(())
    })?;
    if !rows.plan.is_by_row() {
        let table = rows.plan.finish(kept);
        let pointer = table.columns.iter().position(|column| column == POINTER);
        for row in &table.rows {
            let place = pointer
                .and_then(|at| row.get(at))
                .and_then(|pointer| places.get(&pointer.to_string()));
            use_row(place, &own(&table.columns, row))?;
        }
    }
    Ok(is_cut_off)
}

/// The columns of a hunt that are its own.
fn is_own(column: &str) -> bool {
    column != POINTER
}

fn own(columns: &[String], row: &[Value<'static>]) -> Vec<Value<'static>> {
    columns
        .iter()
        .zip(row)
        .filter(|(column, _)| is_own(column))
        .map(|(_, value)| value.clone())
        .collect()
}

fn place(sighting: Sighting) -> RowPlace {
    let Sighting {
        stored, happening, ..
    } = sighting;
    RowPlace {
        event_account: happening.account,
        event_region: happening.region,
        log_group: stored.log_group,
        time_ms: happening.time_ms,
        record_id: happening.record_id,
    }
}
