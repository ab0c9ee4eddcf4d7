//! `dragnet setup athena`: prints the statements that create the tables of Athena, the policy and the
//! configuration. Nothing is created.

use std::io::{self, Write};

use crate::cli::AthenaSetupArguments;
use crate::config::{Athena, AthenaLogs, AthenaTable, Config};
use dragnet_model::{KNOWN_REGIONS, Policy};

/// The database if the configuration names none.
const DATABASE: &str = "dragnet";

/// Writes the statements for the tables of the arguments, or else of the configuration.
pub(super) fn write(
    config: &Config,
    arguments: &AthenaSetupArguments,
    out: &mut dyn Write,
) -> io::Result<()> {
    let known = &config.athena;
    let database = known
        .database
        .as_ref()
        .map_or(DATABASE, |name| name.as_str());
    let tables = tables_of(known, arguments);
    writeln!(
        out,
        "-- Run these statements in Athena, in the Region of the bucket. dragnet itself creates nothing."
    )?;
    writeln!(out, "CREATE DATABASE IF NOT EXISTS `{database}`;\n")?;
    for (name, logs, location) in &tables {
        write_table(out, (database, name), *logs, location)?;
    }
    write_notes(out)?;
    write_policy(out, known, &tables)?;
    write_configuration(out, known, database, &tables)
}

/// A table: its name, its logs, and the folder of the accounts.
type NewTable = (String, AthenaLogs, String);

fn tables_of(known: &Athena, arguments: &AthenaSetupArguments) -> Vec<NewTable> {
    if arguments.locations.is_empty() {
        let tables = known.tables.iter().map(|table: &AthenaTable| {
            (
                table.name.to_string(),
                table.logs,
                table.location.to_string(),
            )
        });
        return tables.collect();
    }
    let locations = arguments.locations.iter().enumerate();
    let tables = locations.flat_map(|(number, location)| {
        let suffix = if number == 0 {
            String::new()
        } else {
            format!("_{}", number + 1)
        };
        [
            (format!("cloudtrail_lines{suffix}"), AthenaLogs::CloudTrail),
            (format!("flow_log_lines{suffix}"), AthenaLogs::FlowLogs),
        ]
        .map(|(name, logs)| (name, logs, location.to_string()))
    });
    tables.collect()
}

/// Writes one table. Its only column is the whole line, so nothing of a record is lost; its partitions are
/// projected, so none has to be added.
///
/// Source: Amazon Athena user guide, "Partition projection with Amazon Athena", "CREATE TABLE".
fn write_table(
    out: &mut dyn Write,
    (database, name): (&str, &str),
    logs: AthenaLogs,
    location: &str,
) -> io::Result<()> {
    let service = logs.as_str();
    let regions = KNOWN_REGIONS.join(",");
    writeln!(
        out,
        "CREATE EXTERNAL TABLE `{database}`.`{name}` (line string)
PARTITIONED BY (account string, region string, day string)
ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\001' LINES TERMINATED BY '\\n'
LOCATION '{location}'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.account.type' = 'injected',
  'projection.region.type' = 'enum',
  'projection.region.values' = '{regions}',
  'projection.day.type' = 'date',
  'projection.day.format' = 'yyyy/MM/dd',
  'projection.day.range' = '2013/01/01,NOW',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'storage.location.template' = '{location}${{account}}/{service}/${{region}}/${{day}}'
);
"
    )
}

fn write_notes(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "-- Tables for Parquet (flow logs in that format, Security Lake) are of no use to dragnet: it matches what it
-- reads itself, and does not read Parquet. Query them in Athena.
"
    )
}

/// Writes the policy that the read role needs in the account of Athena, as a comment.
fn write_policy(out: &mut dyn Write, known: &Athena, tables: &[NewTable]) -> io::Result<()> {
    writeln!(
        out,
        "-- The policy that the read role needs in the account of Athena, in addition to dragnet setup policy:"
    )?;
    writeln!(out, "-- {}\n", policy(known, tables))
}

fn policy(known: &Athena, tables: &[NewTable]) -> Policy {
    let arn = |bucket: &str| format!("arn:aws:s3:::{bucket}");
    let mut buckets: Vec<String> = tables
        .iter()
        .filter_map(|(_, _, location)| location.strip_prefix("s3://")?.split('/').next())
        .map(arn)
        .collect();
    buckets.sort();
    buckets.dedup();
    let results = known.results.as_ref();
    let results = results.map(|results| (arn(results.bucket()), results.prefix()));
    Policy::for_athena(&buckets, results)
}

/// Writes the table `[athena]` of the configuration, as a comment.
fn write_configuration(
    out: &mut dyn Write,
    known: &Athena,
    database: &str,
    tables: &[NewTable],
) -> io::Result<()> {
    let account = known.account.map(|id| id.to_string());
    let region = known.region.as_ref().map(ToString::to_string);
    let workgroup = known.workgroup.as_ref().map(ToString::to_string);
    writeln!(out, "-- The configuration of dragnet:")?;
    writeln!(out, "-- [athena]")?;
    for (key, value, placeholder) in [
        ("account", account, "ACCOUNT"),
        ("region", region, "REGION"),
        ("workgroup", workgroup, "primary"),
    ] {
        let value = value.unwrap_or_else(|| placeholder.to_owned());
        writeln!(out, "-- {key} = \"{value}\"")?;
    }
    writeln!(out, "-- database = \"{database}\"")?;
    for (name, logs, location) in tables {
        writeln!(out, "-- [[athena.tables]]")?;
        writeln!(out, "-- name = \"{name}\"")?;
        writeln!(out, "-- logs = \"{logs}\"")?;
        writeln!(out, "-- location = \"{location}\"")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_the_folders_of_the_layout() {
        let arguments = AthenaSetupArguments {
            locations: vec!["s3://logs/AWSLogs/o-example/".parse().unwrap()],
        };
        let mut text = Vec::new();
        write(&Config::default(), &arguments, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        for part in [
            "CREATE EXTERNAL TABLE `dragnet`.`cloudtrail_lines` (line string)",
            "'s3://logs/AWSLogs/o-example/${account}/CloudTrail/${region}/${day}'",
            "'s3://logs/AWSLogs/o-example/${account}/vpcflowlogs/${region}/${day}'",
            "\"arn:aws:s3:::logs/*\"",
            "-- location = \"s3://logs/AWSLogs/o-example/\"",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("s3:PutObject"));
    }

    #[test]
    fn configured_tables_are_printed() {
        let toml = "[athena]\naccount = \"444444444444\"\nregion = \"eu-west-1\"\nworkgroup = \"w\"\ndatabase = \"d\"\nresults = \"s3://kept/x/\"\n[[athena.tables]]\nname = \"t\"\nlogs = \"CloudTrail\"\nlocation = \"s3://logs/AWSLogs/\"\n";
        let config = Config::from_toml(toml, "x").unwrap();
        let arguments = AthenaSetupArguments::default();
        let mut text = Vec::new();
        write(&config, &arguments, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(
            text.contains("`d`.`t`") && text.contains("arn:aws:s3:::kept/x/*"),
            "{text}"
        );
        let printed: Vec<&str> = text
            .lines()
            .skip_while(|line| *line != "-- [athena]")
            .filter_map(|line| line.strip_prefix("-- "))
            .collect();
        let printed = Config::from_toml(&printed.join("\n"), "printed").unwrap();
        assert_eq!(printed.athena.tables, config.athena.tables);
    }
}
