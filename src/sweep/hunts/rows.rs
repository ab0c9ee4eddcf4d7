//! Makes the rows of a hunt from sightings: the hunt's columns are evaluated again from each
//! message.

use std::collections::{BTreeMap, HashMap};

use crate::search::{Finding, FlowLogFormats, PreparedHunt, RecordKind, translate_ocsf_record};
use crate::store::{RunReader, StoreError};
use crate::sweep::merge::merged_sightings_of_hunt;
use dragnet_model::{LogGroupArn, Sighting, StorageKind, Target};
use insights_ql::{Event, Record, Row, RowPlan, Value};

/// The maximum number of rows in memory if the query sorts, limits or deduplicates. A row takes
/// about 500 bytes. Further rows are left out, and the result says so.
const MAX_ROWS: usize = 500_000;

/// The column that Insights adds to every row. Here it only connects a row with its record.
pub const POINTER: &str = "@ptr";

/// Where and when the record of a row happened, and where it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowOrigin {
    /// The account in which it happened.
    pub event_account: String,
    /// The Region in which it happened.
    pub event_region: String,
    /// The log group that stores it.
    pub log_group: String,
    /// The event time, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// CloudTrail's `eventID`; empty for other events.
    pub record_id: String,
}

/// Makes the rows of a hunt from the sightings of a run.
#[derive(Debug)]
pub struct HuntRows<'h> {
    hunt: &'h PreparedHunt,
    plan: &'h RowPlan,
    formats: &'h BTreeMap<LogGroupArn, FlowLogFormats>,
}

impl<'h> HuntRows<'h> {
    /// Creates the rows of `hunt`, whose plan is `plan`. `formats` are the flow log formats of each
    /// log group.
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

    /// Returns the hunt's own columns.
    pub fn columns(&self) -> Vec<String> {
        self.hunt
            .plan()
            .columns()
            .iter()
            .filter(|column| is_own(column))
            .cloned()
            .collect()
    }

    /// Evaluates the columns of a row. `file_formats` are the formats of the flow logs in the file
    /// that stores it, if one does.
    fn evaluate_row(
        &self,
        sighting: &Sighting,
        file_formats: Option<&FlowLogFormats>,
        pointer: &str,
    ) -> Option<Row> {
        let stored = &sighting.stored;
        let target = Target {
            account: stored.account,
            region: stored.region.clone(),
        };
        let none = FlowLogFormats::default();
        let formats = file_formats
            .or_else(|| {
                self.formats
                    .get(&LogGroupArn::new(target, stored.log_group.as_str()))
            })
            .unwrap_or(&none);
        let kind = RecordKind::detect(&sighting.message, sighting.details.is_cloudtrail(), formats);
        let translated = if sighting.details.is_transformed {
            translate_ocsf_record(&sighting.message)
        } else {
            None
        };
        let event = Event {
            timestamp: stored.timestamp_ms,
            ingestion_time: stored.ingestion_ms,
            log: &format!("{}:{}", stored.account, stored.log_group),
            log_stream: &stored.log_stream,
            ptr: pointer,
            message: translated.as_deref().unwrap_or(&sighting.message),
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

/// Passes the rows of a hunt to `use_row`: in the order of the query, or in that of the sightings
/// if the query has none. Each row comes with its record's origin, unless it no longer belongs to
/// one record. Returns whether rows were left out.
///
/// # Errors
/// Returns the error of `use_row`, or an error if the database cannot be read or is damaged.
pub fn merged_rows<E: From<StoreError>>(
    reader: &RunReader,
    rows: &HuntRows<'_>,
    mut use_row: impl FnMut(Option<&RowOrigin>, &[Value<'static>]) -> Result<(), E>,
) -> Result<bool, E> {
    let mut is_cut_off = false;
    let mut rows_to_sort = Vec::new();
    let mut origins = HashMap::new();
    merged_sightings_of_hunt(reader, &rows.hunt.hunt().name, |sightings| {
        for (number, sighting) in sightings.enumerate() {
            let sighting = sighting?;
            let pointer = number.to_string();
            let formats = file_formats(reader, &sighting)?;
            let Some(row) = rows.evaluate_row(&sighting, formats.as_ref(), &pointer) else {
                continue;
            };
            let origin = row_origin(sighting);
            if rows.plan.has_independent_rows() {
                let table = rows.plan.finish(vec![row]);
                table
                    .rows
                    .iter()
                    .try_for_each(|row| use_row(Some(&origin), &own_values(&table.columns, row)))?;
            } else if rows_to_sort.len() < MAX_ROWS {
                rows_to_sort.push(row);
                origins.insert(pointer, origin);
            } else {
                is_cut_off = true;
            }
        }
        Ok::<_, E>(())
    })?;
    if !rows.plan.has_independent_rows() {
        let table = rows.plan.finish(rows_to_sort);
        let pointer = table.columns.iter().position(|column| column == POINTER);
        for row in &table.rows {
            let origin = pointer
                .and_then(|index| row.get(index))
                .and_then(|pointer| origins.get(&pointer.to_string()));
            use_row(origin, &own_values(&table.columns, row))?;
        }
    }
    Ok(is_cut_off)
}

/// Returns the formats of the flow logs in the file or object that stores a sighting. The id of an
/// event there is its content and the number of the record.
pub(crate) fn file_formats(
    reader: &RunReader,
    sighting: &Sighting,
) -> Result<Option<FlowLogFormats>, StoreError> {
    let stored = &sighting.stored;
    if !matches!(stored.source, StorageKind::File | StorageKind::S3) {
        return Ok(None);
    }
    let Some((content, number)) = stored.event_id.rsplit_once('#') else {
        return Ok(None);
    };
    let Ok(number) = number.parse() else {
        return Ok(None);
    };
    let header = reader.flow_header(content, number)?;
    Ok(header.map(|fields| FlowLogFormats::from_header(&fields)))
}

/// Returns whether a column belongs to the hunt itself.
fn is_own(column: &str) -> bool {
    column != POINTER
}

fn own_values(columns: &[String], row: &[Value<'static>]) -> Vec<Value<'static>> {
    columns
        .iter()
        .zip(row)
        .filter(|(column, _)| is_own(column))
        .map(|(_, value)| value.clone())
        .collect()
}

fn row_origin(sighting: Sighting) -> RowOrigin {
    let Sighting {
        stored, details, ..
    } = sighting;
    RowOrigin {
        event_account: details.account.into_owned(),
        event_region: details.region.into_owned(),
        log_group: stored.log_group,
        time_ms: details.time_ms,
        record_id: details.record_id.into_owned(),
    }
}
