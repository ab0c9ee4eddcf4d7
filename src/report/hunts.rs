//! The results of hunts: `hunts/<name>.csv`, `hunts/<name>.json` and `hunts/<name>.by-target.csv`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Map;

use super::wrap::cut;
use super::{CsvFile, JsonText};
use dragnet_model::format::plural;
use dragnet_model::{Hunt, HuntSource, Severity};
use insights_ql::Value;

/// The columns before a hunt's own if its rows are records.
pub const RECORD_COLUMNS: [&str; 5] = [
    "event_account_id",
    "event_region",
    "log_group",
    "event_time",
    "record_id",
];

/// The columns before a hunt's own in the counts by account-Region.
pub const TARGET_COLUMNS: [&str; 2] = ["event_account_id", "event_region"];

/// A hunt in `summary.json`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of its own that scripts read"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HuntSummary {
    /// The name of the hunt and of its files.
    pub name: String,
    /// The title of the hunt.
    pub title: String,
    /// The kind of record that it searches.
    pub source: HuntSource,
    /// The severity of a finding.
    pub severity: Severity,
    /// MITRE ATT&CK techniques.
    pub techniques: Vec<String>,
    /// The values of its parameters.
    pub parameters: BTreeMap<String, String>,
    /// The query.
    pub query: String,
    /// The number of rows in its file.
    pub rows: u64,
    /// Whether it counts, so that its rows are not sightings.
    pub counts: bool,
    /// Whether it is a passthrough query: its rows are not sightings and are not merged.
    pub as_written: bool,
    /// Whether a record may be counted twice because its copies could not be recognized.
    pub may_double_count: bool,
    /// Whether results were left out because they did not fit in memory.
    pub cut_off: bool,
    /// Fields of the query that no record can have.
    pub notes: Vec<String>,
    /// Its first rows as text, which `summary.json` does not have.
    #[serde(skip)]
    pub preview: Vec<String>,
}

impl HuntSummary {
    /// Creates the summary of a hunt without results. `counts` says that its rows are not records.
    pub fn new(hunt: &Hunt, counts: bool) -> Self {
        Self {
            name: hunt.name.clone(),
            title: hunt.title.clone(),
            source: hunt.source,
            severity: hunt.severity,
            techniques: hunt.techniques.clone(),
            parameters: hunt.parameters.clone(),
            query: hunt.query.clone(),
            rows: 0,
            counts,
            as_written: false,
            may_double_count: false,
            cut_off: false,
            notes: Vec::new(),
            preview: Vec::new(),
        }
    }

    /// Whether it found anything besides its sightings, which are counted separately. Its other rows
    /// are sightings, and may be calls of Dragnet itself.
    pub(super) fn has_findings(&self) -> bool {
        self.rows > 0 && (self.counts || self.as_written)
    }

    /// Returns the result of the hunt as one line.
    pub fn sentence(&self) -> String {
        let may_double_count = if self.may_double_count {
            ", some possibly counted twice"
        } else {
            ""
        };
        let as_written = if self.as_written {
            ", as returned by Insights, filtered by log time"
        } else {
            ""
        };
        let cut_off = if self.cut_off {
            "; TRUNCATED: more rows than fit in memory"
        } else {
            ""
        };
        let notes = if self.notes.is_empty() {
            String::new()
        } else {
            format!("; CHECK: {}", self.notes.join("; "))
        };
        format!(
            "{} ({}): {}{may_double_count}{as_written}{cut_off}{notes}",
            self.name,
            self.severity,
            plural(self.rows, "row")
        )
    }
}

/// Writes the rows of a hunt as CSV and as an array of JSON objects, one row at a time.
pub struct HuntWriter<'w> {
    columns: Vec<String>,
    csv: CsvFile<&'w mut dyn Write>,
    json: &'w mut dyn Write,
    rows: u64,
    preview: Vec<String>,
}

impl<'w> HuntWriter<'w> {
    /// Starts both files with the `leading` columns, then the hunt's `own`.
    ///
    /// # Errors
    /// Returns an error if the CSV file cannot be written.
    pub fn new(
        leading: &[&str],
        own: &[String],
        csv: &'w mut dyn Write,
        json: &'w mut dyn Write,
    ) -> io::Result<Self> {
        let mut columns: Vec<String> = leading.iter().map(|column| (*column).to_owned()).collect();
        for column in own {
            // A query may name its columns as it likes, also like a leading column.
            let mut name = column.clone();
            while columns.contains(&name) {
                name.insert_str(0, "hunt.");
            }
            columns.push(name);
        }
        let csv = CsvFile::new(csv, &columns)?;
        Ok(Self {
            columns,
            csv,
            json,
            rows: 0,
            preview: Vec::new(),
        })
    }

    /// Writes a row: the leading cells, then the hunt's own values.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written.
    pub fn row(&mut self, leading: &[&str], own: &[Value<'_>]) -> io::Result<()> {
        let cells = leading
            .iter()
            .map(|cell| (*cell).to_owned())
            .chain(own.iter().map(Value::to_string));
        let cells: Vec<String> = cells.collect();
        self.csv.write_row(&cells)?;
        if self.preview.len() < MOST_PREVIEWED {
            self.preview.push(preview_row(&self.columns, &cells));
        }
        let values = leading
            .iter()
            .map(|cell| (*cell).into())
            .chain(own.iter().map(json_value));
        let object: Map<String, serde_json::Value> =
            self.columns.iter().cloned().zip(values).collect();
        let separator = if self.rows == 0 { "[\n" } else { ",\n" };
        write!(self.json, "{separator}{}", JsonText::compact(&object)?)?;
        self.rows += 1;
        Ok(())
    }

    /// Returns the first rows as text.
    pub fn preview(&self) -> Vec<String> {
        self.preview.clone()
    }

    /// Completes both files and returns the number of rows.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written.
    pub fn finish(self) -> io::Result<u64> {
        self.json
            .write_all(if self.rows == 0 { b"[]\n" } else { b"\n]\n" })?;
        self.csv.finish()?;
        Ok(self.rows)
    }
}

/// The number of rows of a hunt that the run report shows.
const MOST_PREVIEWED: usize = 5;

/// The maximum length of a value in the run report, in columns.
const LONGEST_VALUE: usize = 60;

/// Returns a row as `column=value` for each value, except where and in which record it was found.
fn preview_row(columns: &[String], cells: &[String]) -> String {
    let is_shown =
        |column: &str, cell: &str| !cell.is_empty() && !matches!(column, "log_group" | "record_id");
    let values = columns
        .iter()
        .zip(cells)
        .filter(|(column, cell)| is_shown(column, cell))
        .map(|(column, cell)| {
            format!(
                "{}={}",
                cut(column, LONGEST_VALUE),
                cut(cell, LONGEST_VALUE)
            )
        });
    values.collect::<Vec<_>>().join(" ")
}

/// Converts a value: a missing value is null, a computed number is a number, and text stays text.
fn json_value(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Missing => serde_json::Value::Null,
        Value::Number(number) if number.fract() == 0.0 && number.abs() < WHOLE => {
            whole(*number).into()
        }
        Value::Number(number) => (*number).into(),
        Value::Text(_) | Value::Bool(_) | Value::Time(_) => value.to_string().into(),
    }
}

/// Up to 2^53, an `f64` represents every whole number exactly.
const WHOLE: f64 = 9_007_199_254_740_992.0;

#[expect(
    clippy::cast_possible_truncation,
    reason = "whole, and smaller than 2^53"
)]
fn whole(number: f64) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_and_json_have_the_same_rows_and_leading_columns() {
        let mut csv = Vec::new();
        let mut json = Vec::new();
        let own = ["record_id", "n", "who"].map(str::to_owned);
        let mut writer = HuntWriter::new(&["record_id"], &own, &mut csv, &mut json).unwrap();
        writer
            .row(
                &["r1"],
                &[Value::from("x"), Value::Number(3.0), Value::from("=1+1")],
            )
            .unwrap();
        writer
            .row(
                &["r2"],
                &[Value::Missing, Value::Number(0.5), Value::Bool(true)],
            )
            .unwrap();
        assert_eq!(writer.finish().unwrap(), 2);
        insta::assert_snapshot!(String::from_utf8(csv).unwrap(), @r"
        record_id,hunt.record_id,n,who
        r1,x,3,'=1+1
        r2,,0.5,1
        ");
        insta::assert_snapshot!(String::from_utf8(json).unwrap(), @r#"
        [
        {"hunt.record_id":"x","n":3,"record_id":"r1","who":"=1+1"},
        {"hunt.record_id":null,"n":0.5,"record_id":"r2","who":"1"}
        ]
        "#);
    }

    #[test]
    fn hunt_without_rows_is_an_empty_array() {
        let mut csv = Vec::new();
        let mut json = Vec::new();
        HuntWriter::new(&TARGET_COLUMNS, &[], &mut csv, &mut json)
            .unwrap()
            .finish()
            .unwrap();
        assert_eq!(json, b"[]\n");
    }
}
