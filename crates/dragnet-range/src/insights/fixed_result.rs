//! A result that the scenario defines for a query.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::queries::QueryResult;

/// A fixed result for a query that Insights can evaluate but the range cannot.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixedQueryResult {
    /// Applies to queries whose text contains this.
    query: String,
    /// The rows to return, as field names and values.
    rows: Vec<BTreeMap<String, String>>,
}

impl FixedQueryResult {
    /// Whether it is the result of the query with this text.
    pub(super) fn applies_to(&self, query: &str) -> bool {
        query.contains(&self.query)
    }

    pub(super) fn result(&self) -> QueryResult {
        let names: BTreeSet<&String> = self.rows.iter().flat_map(BTreeMap::keys).collect();
        let row = |row: &BTreeMap<String, String>| {
            names.iter().map(|name| row.get(*name).cloned()).collect()
        };
        QueryResult {
            rows: self.rows.iter().map(row).collect(),
            columns: names.into_iter().cloned().collect(),
            matched: self.rows.len() as u64,
            scanned: self.rows.len() as u64,
            bytes: 1,
        }
    }
}
