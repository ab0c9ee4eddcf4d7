//! Prints a list in the chosen format.

use std::io::Write;

use serde_json::Value;

use super::CommandError;
use super::query_table::query_table;
use crate::cli::UsageError;
use crate::report::{Table, write_json};
use crate::settings::{ListOutput, OutputFormat};

/// Prints a list: `document` as JSON, or what the query selects of it; `table` if there is no query.
/// A table for a terminal fits its `columns`.
pub(super) fn print_list(
    output: &ListOutput,
    document: Value,
    table: impl FnOnce() -> Table,
    columns: Option<u16>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let selected = output.query.as_ref().map(|query| {
        query
            .select(&document)
            .map_err(|problem| UsageError::Query {
                expression: query.as_str().to_owned(),
                problem,
            })
    });
    let selected = selected.transpose()?;
    if output.format == OutputFormat::Json {
        return Ok(write_json(&selected.unwrap_or(document), out)?);
    }
    let table = selected.map_or_else(table, |selected| query_table(&selected));
    match output.format {
        OutputFormat::Csv => table.write_csv(out)?,
        OutputFormat::Text => table.write_tsv(out)?,
        OutputFormat::Table | OutputFormat::Json => table.write_text(columns, out)?,
    }
    Ok(())
}
