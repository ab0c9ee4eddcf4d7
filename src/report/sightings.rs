//! `sightings.csv`, `sightings.jsonl` and `sightings.json`.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::resource::describe_resource;
use super::row_batches::write_batches;
use super::{AccountNames, CsvFile, JsonText, ReportError};
use crate::config::SightingsForm;
use crate::geoip::GeoIp;
use crate::lineage::Lineage;
use dragnet_model::time::format_ms;
use dragnet_model::{OwnCall, Sighting};

/// Writes the sightings, which must be sorted, in one of the formats. The JSON formats contain
/// every message exactly.
///
/// # Errors
/// Returns an error if a row cannot be read, or if `out` cannot be written.
pub fn write_sightings<E: std::error::Error + 'static>(
    format: SightingsForm,
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
    names: &AccountNames,
    out: impl Write,
) -> Result<(), ReportError<E>> {
    let columns = SightingColumns {
        names,
        lineage: None,
        geoip: None,
    };
    write_extended_sightings(format, rows, columns, out)
}

/// What the columns depend on besides the sighting.
#[derive(Clone, Copy, Debug)]
pub struct SightingColumns<'a> {
    /// The names of the accounts.
    pub names: &'a AccountNames,
    /// The lineage. With it, the rows have the identity of the lineage that acted, and its depth.
    pub lineage: Option<&'a Lineage>,
    /// Where addresses belong. With it, the rows have the country and the network.
    pub geoip: Option<&'a GeoIp>,
}

impl<'a> SightingColumns<'a> {
    fn row(self, sighting: &'a Sighting) -> Row<'a> {
        let mut row = Row::new(sighting, self.names);
        if let Some(lineage) = self.lineage {
            let actor = lineage
                .find_actor(&sighting.details, &sighting.message)
                .filter(|_| sighting.trusted);
            row.lineage = Some(actor.map_or_else(String::new, |node| node.identity.to_string()));
            row.depth = Some(Depth(actor.map(|node| node.depth)));
        }
        if let Some(geoip) = self.geoip {
            let origin = geoip.find(&sighting.details.source_ip);
            row.source_country = Some(origin.country);
            row.source_asn = Some(origin.asn);
            row.source_as_name = Some(origin.as_name);
        }
        row
    }
}

/// Writes the sightings like [`write_sightings`], with the columns of a lineage or of the origin of
/// addresses.
///
/// # Errors
/// As for [`write_sightings`].
pub fn write_extended_sightings<E: std::error::Error + 'static>(
    format: SightingsForm,
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
    columns: SightingColumns<'_>,
    out: impl Write,
) -> Result<(), ReportError<E>> {
    match format {
        SightingsForm::Csv => write_csv(rows, columns, out),
        SightingsForm::Jsonl => write_jsonl(rows, columns, out),
        SightingsForm::Json => write_array(rows, columns, out),
    }
}

/// A reported sighting: the JSON object, and, with its lists joined, the CSV record.
#[derive(Serialize)]
struct Row<'a> {
    event_time: String,
    event_account_id: &'a str,
    event_region: &'a str,
    account_name: &'a str,
    indicators: &'a [String],
    matched_fields: &'a [String],
    hunts: &'a [String],
    event_name: &'a str,
    event_source: &'a str,
    principal_arn: &'a str,
    access_key_id: &'a str,
    source_ip: &'a str,
    user_agent: &'a str,
    error_code: &'a str,
    record_id: &'a str,
    request_id: &'a str,
    copies: u32,
    #[serde(rename = "self", serialize_with = "serialize_own_call")]
    own_call: OwnCall,
    account_id: String,
    region: &'a str,
    log_group: &'a str,
    log_stream: &'a str,
    event_id: &'a str,
    timestamp: String,
    ingestion_time: String,
    message: &'a str,
    source: &'static str,
    trusted: bool,
    copies_differ: bool,
    resource: String,
    /// The identity of the lineage that acted; empty if it was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    lineage: Option<String>,
    /// Its depth.
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<Depth>,
    /// The country of the address; empty if it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_country: Option<String>,
    /// The autonomous system of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_asn: Option<String>,
    /// The organization of the autonomous system.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_as_name: Option<String>,
}

/// The depth in the lineage; `None` if no identity of the lineage acted.
#[derive(Serialize)]
struct Depth(Option<usize>);

/// Writes `self` as a truth value, except if it is only claimed.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
fn serialize_own_call<S: Serializer>(own_call: &OwnCall, serializer: S) -> Result<S::Ok, S::Error> {
    match own_call {
        OwnCall::No => serializer.serialize_bool(false),
        OwnCall::Yes => serializer.serialize_bool(true),
        OwnCall::Claimed => serializer.serialize_str(own_call.as_str()),
    }
}

/// Returns a sighting as its JSON object in `sightings.json`, with the same columns.
pub fn sighting_row(sighting: &Sighting, names: &AccountNames) -> Map<String, Value> {
    match serde_json::to_value(Row::new(sighting, names)) {
        Ok(Value::Object(row)) => row,
        // Unreachable: a struct of texts, numbers and lists always becomes an object.
        _ => Map::new(),
    }
}

/// The columns, in their order.
pub(super) const COLUMNS: [&str; 30] = [
    "event_time",
    "event_account_id",
    "event_region",
    "account_name",
    "indicators",
    "matched_fields",
    "hunts",
    "event_name",
    "event_source",
    "principal_arn",
    "access_key_id",
    "source_ip",
    "user_agent",
    "error_code",
    "record_id",
    "request_id",
    "copies",
    "self",
    "account_id",
    "region",
    "log_group",
    "log_stream",
    "event_id",
    "timestamp",
    "ingestion_time",
    "message",
    "source",
    "trusted",
    "copies_differ",
    "resource",
];

/// No columns, and so no header.
const NO_COLUMNS: &[&str] = &[];

/// The columns of a run that follows credentials, after the others.
const LINEAGE_COLUMNS: [&str; 2] = ["lineage", "depth"];

/// The columns of a run with files about addresses, after the others.
const ORIGIN_COLUMNS: [&str; 3] = ["source_country", "source_asn", "source_as_name"];

impl<'a> Row<'a> {
    fn new(sighting: &'a Sighting, names: &'a AccountNames) -> Self {
        let event = &sighting.details;
        let stored = &sighting.stored;
        Self {
            event_time: format_ms(event.time_ms),
            event_account_id: &event.account,
            event_region: &event.region,
            account_name: names.get(&*event.account).map_or("", String::as_str),
            indicators: &sighting.indicators,
            matched_fields: &sighting.matched_fields,
            hunts: &sighting.hunts,
            event_name: &event.event_name,
            event_source: &event.event_source,
            principal_arn: &event.identity.arn,
            access_key_id: &event.identity.access_key_id,
            source_ip: &event.source_ip,
            user_agent: &event.user_agent,
            error_code: &event.error_code,
            record_id: &event.record_id,
            request_id: &event.request_id,
            copies: sighting.copies,
            own_call: sighting.own_call,
            account_id: stored.account.to_string(),
            region: stored.region.as_str(),
            log_group: &stored.log_group,
            log_stream: &stored.log_stream,
            event_id: &stored.event_id,
            timestamp: format_ms(stored.timestamp_ms),
            ingestion_time: format_ms(stored.ingestion_ms),
            message: &sighting.message,
            source: stored.source.as_str(),
            trusted: sighting.trusted,
            copies_differ: sighting.copies_differ,
            resource: describe_resource(sighting),
            lineage: None,
            depth: None,
            source_country: None,
            source_asn: None,
            source_as_name: None,
        }
    }

    fn write_record<W: Write>(&self, csv: &mut CsvFile<W>) -> io::Result<()> {
        let cells: [&str; COLUMNS.len()] = [
            &self.event_time,
            self.event_account_id,
            self.event_region,
            self.account_name,
            &self.indicators.join(";"),
            &self.matched_fields.join(";"),
            &self.hunts.join(";"),
            self.event_name,
            self.event_source,
            self.principal_arn,
            self.access_key_id,
            self.source_ip,
            self.user_agent,
            self.error_code,
            self.record_id,
            self.request_id,
            &self.copies.to_string(),
            self.own_call.as_str(),
            &self.account_id,
            self.region,
            self.log_group,
            self.log_stream,
            self.event_id,
            &self.timestamp,
            &self.ingestion_time,
            self.message,
            self.source,
            if self.trusted { "true" } else { "false" },
            if self.copies_differ { "true" } else { "false" },
            &self.resource,
        ];
        let depth = self.depth.as_ref().and_then(|depth| depth.0);
        let depth = depth.map_or_else(String::new, |depth| depth.to_string());
        let origin = [&self.source_country, &self.source_asn, &self.source_as_name];
        let mut cells = cells.to_vec();
        if let Some(lineage) = &self.lineage {
            cells.extend([lineage.as_str(), depth.as_str()]);
        }
        cells.extend(origin.into_iter().flatten().map(String::as_str));
        csv.write_row(&cells)
    }
}

fn write_csv<E: std::error::Error + 'static>(
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
    columns: SightingColumns<'_>,
    mut out: impl Write,
) -> Result<(), ReportError<E>> {
    let mut header = COLUMNS.to_vec();
    if columns.lineage.is_some() {
        header.extend(LINEAGE_COLUMNS);
    }
    if columns.geoip.is_some() {
        header.extend(ORIGIN_COLUMNS);
    }
    CsvFile::new(&mut out, &header)?.finish()?;
    let format = |_: usize, rows: &[Sighting]| -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        // The header is written already.
        let mut csv = CsvFile::new(&mut text, NO_COLUMNS)?;
        for row in rows {
            columns.row(row).write_record(&mut csv)?;
        }
        csv.finish()?;
        Ok(text)
    };
    write_batches(rows, format, &mut out)?;
    Ok(out.flush()?)
}

fn write_jsonl<E: std::error::Error + 'static>(
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
    columns: SightingColumns<'_>,
    mut out: impl Write,
) -> Result<(), ReportError<E>> {
    let format = |_: usize, rows: &[Sighting]| -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        for row in rows {
            writeln!(text, "{}", JsonText::compact(&columns.row(row))?)?;
        }
        Ok(text)
    };
    write_batches(rows, format, &mut out)?;
    Ok(out.flush()?)
}

/// Writes an array with one element per line, as the rows are read.
fn write_array<E: std::error::Error + 'static>(
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
    columns: SightingColumns<'_>,
    mut out: impl Write,
) -> Result<(), ReportError<E>> {
    let format = |batch: usize, rows: &[Sighting]| -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            let is_first = batch == 0 && number == 0;
            let separator = if is_first { "[\n" } else { ",\n" };
            write!(text, "{separator}{}", JsonText::compact(&columns.row(row))?)?;
        }
        Ok(text)
    };
    let batches = write_batches(rows, format, &mut out)?;
    out.write_all(if batches == 0 { b"[]\n" } else { b"\n]\n" })?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::report::testing::{sighting, written};

    fn names() -> AccountNames {
        AccountNames::from([("111111111111".to_owned(), "=prod".to_owned())])
    }

    fn report(format: SightingsForm, messages: &[&str]) -> String {
        let rows = messages
            .iter()
            .map(|message| Ok::<_, Infallible>(sighting(message)));
        written(|out| write_sightings(format, rows, &names(), out))
    }

    #[test]
    fn csv_rows_are_complete_and_defused() {
        insta::assert_snapshot!(report(SightingsForm::Csv, &["=cmd|' /C calc'!A0", "a,\"b\"\nc"]), @r#"
        event_time,event_account_id,event_region,account_name,indicators,matched_fields,hunts,event_name,event_source,principal_arn,access_key_id,source_ip,user_agent,error_code,record_id,request_id,copies,self,account_id,region,log_group,log_stream,event_id,timestamp,ingestion_time,message,source,trusted,copies_differ,resource
        2026-03-01T12:00:00.000Z,111111111111,eu-west-1,'=prod,192.0.2.1;alice,sourceIPAddress;userIdentity.arn,iam-access-key,ListBuckets,,arn:aws:iam::111111111111:user/alice,,192.0.2.1,,,,,2,false,999999999999,us-east-1,/trail,s,e1,2026-03-01T12:00:05.000Z,2026-03-01T12:00:06.000Z,'=cmd|' /C calc'!A0,logs,true,false,
        2026-03-01T12:00:00.000Z,111111111111,eu-west-1,'=prod,192.0.2.1;alice,sourceIPAddress;userIdentity.arn,iam-access-key,ListBuckets,,arn:aws:iam::111111111111:user/alice,,192.0.2.1,,,,,2,false,999999999999,us-east-1,/trail,s,e1,2026-03-01T12:00:05.000Z,2026-03-01T12:00:06.000Z,"a,""b""\u{a}c",logs,true,false,
        "#);
    }

    #[test]
    fn json_has_the_same_columns_and_the_exact_message() {
        let message = "=1\u{202e}\u{0}\"\\";
        let line = report(SightingsForm::Jsonl, &[message]);
        let row: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(row["message"], message);
        assert_eq!(row["self"], false);
        assert_eq!(row["indicators"], serde_json::json!(["192.0.2.1", "alice"]));
        let offsets: Vec<usize> = COLUMNS
            .iter()
            .map(|column| line.find(&format!("\"{column}\":")).unwrap())
            .collect();
        assert!(offsets.is_sorted(), "the order of the columns");
    }

    #[test]
    fn followed_sightings_have_two_more_columns() {
        let lineage = Lineage::default();
        let write = |format| {
            let rows = [Ok::<_, Infallible>(sighting("a"))];
            let columns = SightingColumns {
                names: &names(),
                lineage: Some(&lineage),
                geoip: None,
            };
            written(|out| write_extended_sightings(format, rows, columns, out))
        };
        let csv = write(SightingsForm::Csv);
        assert!(csv.starts_with("event_time,"), "{csv}");
        assert!(
            csv.lines().next().unwrap().ends_with(",lineage,depth"),
            "{csv}"
        );
        assert!(csv.lines().nth(1).unwrap().ends_with(",,"), "{csv}");
        let row: serde_json::Value = serde_json::from_str(&write(SightingsForm::Jsonl)).unwrap();
        assert_eq!(row["lineage"], "");
        assert!(row.as_object().unwrap().contains_key("depth") && row["depth"].is_null());
    }

    #[test]
    fn arrays_of_any_length_are_json() {
        for messages in [&[][..], &["a"], &["a", "b"]] {
            let rows: Vec<serde_json::Value> =
                serde_json::from_str(&report(SightingsForm::Json, messages)).unwrap();
            assert_eq!(rows.len(), messages.len());
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_ends_the_report() {
        let rows = [Err(std::io::Error::other("damaged"))];
        let error = write_sightings(SightingsForm::Csv, rows, &names(), Vec::new()).unwrap_err();
        assert!(matches!(error, ReportError::Rows(_)));
    }
}
