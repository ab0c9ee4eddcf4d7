//! The log groups and queries of an account in one Region.

use std::collections::BTreeMap;

use super::StoredGroup;
use crate::insights::Queries;

/// The log groups and queries of an account in one Region.
#[derive(Debug, Default)]
pub(crate) struct LogStore {
    /// The log groups by name.
    pub(crate) groups: BTreeMap<String, StoredGroup>,
    /// The Insights queries that were started.
    pub(crate) queries: Queries,
}
