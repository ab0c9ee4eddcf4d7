//! Evaluates a statement over the objects that are in the buckets now.
//!
//! Sources: Amazon Athena user guide, "Create tables in Athena" (names that begin with an underscore or a dot are
//! hidden, and archived objects are left out), "Supported types for partition projection" (injected columns need
//! conditions with literals); Hive documentation, `LazySimpleSerDe`: a control character separates the columns.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use jiff::civil::Date;

use super::condition::Condition;
use super::sql::{PATH, Statement};
use super::store::{QueryResult, Table};
use crate::call::Call;
use crate::s3::{self, QueryObject};

/// The columns that a table has.
const COLUMNS: [&str; 5] = ["line", "account", "region", "day", PATH];

/// The most partitions that Athena projects for a query.
const MOST_PARTITIONS: usize = 1_000_000;

/// What ends the first column of a line.
const FIELD_END: char = '\u{1}';

/// A partition: the values of its columns, and its folder.
struct Partition {
    values: [String; 3],
    bucket: String,
    prefix: String,
}

/// The result of a query, and the bytes that it scanned.
pub(super) struct Evaluation {
    pub(super) result: QueryResult,
    pub(super) bytes: u64,
    /// The number of days of the partitions.
    pub(super) days: usize,
}

impl Evaluation {
    fn failed(reason: impl Into<String>) -> Self {
        Self {
            result: QueryResult::Failed(reason.into()),
            bytes: 0,
            days: 0,
        }
    }
}

/// Evaluates a statement over a table.
pub(super) fn evaluate(call: &mut Call<'_>, table: &Table, statement: &Statement) -> Evaluation {
    if let Some(problem) = unknown_column(&statement.condition) {
        return Evaluation::failed(problem);
    }
    let partitions = match partitions(table, &statement.condition) {
        Ok(partitions) => partitions,
        Err(problem) => return Evaluation::failed(problem),
    };
    let days: BTreeSet<&String> = partitions
        .iter()
        .map(|partition| &partition.values[2])
        .collect();
    let days = days.len();
    let mut bytes = 0_u64;
    let mut paths = BTreeSet::new();
    for partition in &partitions {
        let objects = match s3::objects_for_query(call, &partition.bucket, &partition.prefix) {
            Ok(objects) => objects,
            Err(denied) => {
                let bucket = &partition.bucket;
                return Evaluation::failed(format!(
                    "Permission denied on S3 path: s3://{bucket}: {denied}"
                ));
            }
        };
        for object in objects.iter().filter(|object| is_visible(object)) {
            bytes = bytes.saturating_add(object.body.len() as u64);
            let path = format!("s3://{}/{}", partition.bucket, object.key);
            match has_matching_line(object, &path, partition, table, &statement.condition) {
                Ok(true) => {
                    paths.insert(path);
                }
                Ok(false) => {}
                Err(problem) => {
                    return Evaluation {
                        bytes,
                        days,
                        ..Evaluation::failed(problem)
                    };
                }
            }
        }
    }
    Evaluation {
        result: QueryResult::Paths(paths.into_iter().collect()),
        bytes,
        days,
    }
}

fn unknown_column(condition: &Condition) -> Option<String> {
    let mut columns = Vec::new();
    condition.columns(&mut columns);
    let unknown = columns
        .iter()
        .find(|column| !COLUMNS.contains(&column.as_str()))?;
    Some(format!(
        "COLUMN_NOT_FOUND: Column '{unknown}' cannot be resolved"
    ))
}

/// The partitions that a condition leaves.
fn partitions(table: &Table, condition: &Condition) -> Result<Vec<Partition>, String> {
    let accounts = condition.values_of("account").ok_or(
        "CONSTRAINT_VIOLATION: For the injected projected partition column account, the WHERE clause must contain only \
         static equality conditions, and at least one such condition must be present.",
    )?;
    let regions = condition.values_of("region");
    let known = table.regions.iter();
    let regions: Vec<&String> = known
        .filter(|region| {
            regions
                .as_ref()
                .is_none_or(|wanted| wanted.contains(region))
        })
        .collect();
    let days = days(condition)?;
    let number = accounts
        .len()
        .saturating_mul(regions.len())
        .saturating_mul(days.len());
    if number > MOST_PARTITIONS {
        return Err("HIVE_EXCEEDED_PARTITION_LIMIT: too many projected partitions".to_owned());
    }
    let mut partitions = Vec::new();
    for account in &accounts {
        for region in &regions {
            for day in &days {
                let folder = table
                    .template
                    .replace("${account}", account)
                    .replace("${region}", region)
                    .replace("${day}", day);
                let path = folder.strip_prefix("s3://").unwrap_or_default();
                let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
                partitions.push(Partition {
                    values: [account.clone(), (*region).clone(), day.clone()],
                    bucket: bucket.to_owned(),
                    prefix: format!("{}/", prefix.trim_end_matches('/')),
                });
            }
        }
    }
    Ok(partitions)
}

/// The days of a condition, as the column has them.
fn days(condition: &Condition) -> Result<Vec<String>, String> {
    if let Some(days) = condition.values_of("day") {
        return Ok(days);
    }
    let (first, last) = condition
        .range_of("day")
        .ok_or("HIVE_EXCEEDED_PARTITION_LIMIT: no condition limits the projected partitions")?;
    let date = |text: &str| text.replace('/', "-").parse::<Date>();
    let (Ok(first), Ok(last)) = (date(&first), date(&last)) else {
        return Err("INVALID_TABLE_PROPERTY: a day has another format".to_owned());
    };
    let mut days = Vec::new();
    let mut day = first;
    while day <= last && days.len() <= MOST_PARTITIONS {
        days.push(day.strftime("%Y/%m/%d").to_string());
        match day.tomorrow() {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    Ok(days)
}

fn is_visible(object: &QueryObject) -> bool {
    let name = object.key.rsplit('/').next().unwrap_or_default();
    !name.starts_with(['_', '.']) && !object.is_archived
}

fn has_matching_line(
    object: &QueryObject,
    path: &str,
    partition: &Partition,
    table: &Table,
    condition: &Condition,
) -> Result<bool, String> {
    let text = lines_of(object)?;
    for line in text.lines() {
        if line.len() > table.longest_line {
            return Err(format!(
                "HIVE_CURSOR_ERROR: Line too long in text file: {path}"
            ));
        }
        let first = line.split(FIELD_END).next().unwrap_or_default();
        let [account, region, day] = &partition.values;
        let value_of = |column: &str| match column {
            "line" => (first != "\\N").then(|| first.to_owned()),
            "account" => Some(account.clone()),
            "region" => Some(region.clone()),
            "day" => Some(day.clone()),
            PATH => Some(path.to_owned()),
            _ => None,
        };
        if condition.is_met(&value_of) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The text of an object. The extension says how it is packed.
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "Hadoop's codecs compare the case"
)]
fn lines_of(object: &QueryObject) -> Result<String, String> {
    if !object.key.ends_with(".gz") {
        return Ok(String::from_utf8_lossy(&object.body).into_owned());
    }
    let mut bytes = Vec::new();
    let unpacked = MultiGzDecoder::new(&object.body[..]).read_to_end(&mut bytes);
    unpacked.map_err(|error| format!("HIVE_CURSOR_ERROR: {}: {error}", object.key))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
