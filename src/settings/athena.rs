//! The settings of Athena.

use serde::{Deserialize, Serialize};

use crate::config::{Athena, AthenaTable, CatalogName, S3Location, WorkgroupName};
use dragnet_model::{AccountId, Region};

/// Where Athena runs, over which tables, and whether it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AthenaSettings {
    /// The account of the workgroup and of the database.
    pub account: AccountId,
    /// Their Region.
    pub region: Region,
    /// The workgroup.
    pub workgroup: WorkgroupName,
    /// The database.
    pub database: CatalogName,
    /// Where the workgroup keeps results, if not in storage that Athena manages.
    pub results: Option<S3Location>,
    /// The tables; at least one.
    pub tables: Vec<AthenaTable>,
    /// Whether `--sources` names Athena. Otherwise it is used where it is clearly better.
    pub is_named: bool,
}

impl AthenaSettings {
    /// Returns the settings of a configuration; `None` if it has no tables.
    pub fn new(config: &Athena, is_named: bool) -> Option<Self> {
        if config.tables.is_empty() {
            return None;
        }
        Some(Self {
            account: config.account?,
            region: config.region.clone()?,
            workgroup: config.workgroup.clone()?,
            database: config.database.clone()?,
            results: config.results.clone(),
            tables: config.tables.clone(),
            is_named,
        })
    }
}
