//! `GetTableMetadata`.
//!
//! Source: Athena API, `GetTableMetadata`, `TableMetadata`, and the service model in botocore. Athena reads the table from
//! the catalog with the permissions of its caller.

use serde::Deserialize;
use serde_json::{Value, json};

use super::start::authorize_table;
use crate::call::Call;
use crate::wire::{AwsError, Reply};

/// The catalog that every account has.
const CATALOG: &str = "awsdatacatalog";

#[derive(Deserialize)]
struct Input {
    #[serde(rename = "CatalogName")]
    catalog: String,
    #[serde(rename = "DatabaseName")]
    database: String,
    #[serde(rename = "TableName")]
    table: String,
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let Input {
        catalog: catalog_name,
        database: database_name,
        table: table_name,
    } = &input;
    if !catalog_name.eq_ignore_ascii_case(CATALOG) {
        return Err(metadata_error(format!(
            "Catalog {catalog_name} was not found"
        )));
    }
    authorize_table(call, database_name, table_name).map_err(metadata_error)?;
    let caller = call.caller;
    let place = (database_name.as_str(), table_name.as_str());
    let known = call
        .world
        .athena
        .table(caller.account, &caller.region, place);
    let table = known.ok_or_else(|| {
        metadata_error(format!(
            "EntityNotFoundException: Table {database_name}.{table_name} not found."
        ))
    })?;
    let columns = |names: &[&str]| -> Value {
        let columns = names
            .iter()
            .map(|name| json!({ "Name": name, "Type": "string" }));
        columns.collect()
    };
    Reply::json(&json!({ "TableMetadata": {
        "Name": table.name,
        "TableType": "EXTERNAL_TABLE",
        "Columns": columns(&["line"]),
        "PartitionKeys": columns(&["account", "region", "day"]),
        "Parameters": {
            "EXTERNAL": "TRUE",
            "projection.enabled": "true",
            "storage.location.template": table.template,
        },
    } }))
}

fn metadata_error(message: impl Into<String>) -> AwsError {
    AwsError::new("MetadataException", message)
}
