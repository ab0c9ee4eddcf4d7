//! Collects work units into batches that one Insights query covers. Units of a batch have the same
//! time range and are read with the same query.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use super::unit::Unit;
use crate::store::Pass;
use dragnet_model::LogGroupClass;

/// Source: CloudWatch Logs API, `StartQuery`: a query covers up to 50 log groups.
const MAX_GROUPS: usize = 50;

/// What the units of a batch have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BatchKey {
    pub pass: Pass,
    /// The first millisecond, since the Unix epoch.
    pub from_ms: i64,
    /// The first millisecond after the range.
    pub to_ms: i64,
    /// Whether the query may filter on the server.
    pub narrow: bool,
    /// Whether the class is `INFREQUENT_ACCESS`, of which only a few queries may run at once.
    pub infrequent_access: bool,
}

impl BatchKey {
    fn new(unit: &Unit) -> Self {
        let span = unit.span();
        let spec = &unit.scan().spec;
        Self {
            pass: unit.pass(),
            from_ms: span.from_ms,
            to_ms: span.to_ms,
            narrow: spec.narrow,
            infrequent_access: spec.class == LogGroupClass::InfrequentAccess,
        }
    }
}

/// One or more work units of different log groups, which one query covers.
#[derive(Debug)]
pub(super) struct Batch {
    pub key: BatchKey,
    pub units: Vec<Unit>,
    /// How often a query of this batch has failed.
    pub attempts: u32,
    /// How many queries over this batch, and over the batch that it is a part of, have timed out.
    pub timeouts: Arc<AtomicU32>,
    /// The cost of an earlier query over the same units, in US dollars, if its rows could not be
    /// used.
    pub previous_usd: Option<f64>,
}

impl Batch {
    /// Creates a batch of units that have `key` in common.
    pub(super) fn new(key: BatchKey, units: Vec<Unit>) -> Self {
        Self {
            key,
            units,
            attempts: 0,
            timeouts: Arc::default(),
            previous_usd: None,
        }
    }

    /// Creates one of `count` parts of this batch. Each part is estimated to cost the same.
    pub(super) fn part(&self, count: usize, key: BatchKey, units: Vec<Unit>) -> Self {
        Self {
            key,
            units,
            attempts: 0,
            timeouts: Arc::clone(&self.timeouts),
            previous_usd: self.previous_usd.map(|usd| usd / count as f64),
        }
    }

    /// Splits the batch by log group into two halves. The first has one unit more if they cannot be
    /// equal.
    pub(super) fn split_in_half(mut self) -> [Self; 2] {
        let second = self.units.split_off(self.units.len().div_ceil(2));
        let first = std::mem::take(&mut self.units);
        [first, second].map(|units| self.part(2, self.key, units))
    }
}

/// The queue in which batches wait.
pub(super) trait BatchQueue: fmt::Debug + Send + Sync {
    /// Adds units that one query is to cover.
    fn add_batch(&self, batch: Batch);
}

/// Batches that wait for their query.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// Units that wait for more units with the same key.
    open: BTreeMap<BatchKey, Vec<Unit>>,
    ready: Vec<Batch>,
}

impl Batches {
    /// Adds a unit to the open batch of its key.
    pub(super) fn add(&mut self, unit: Unit) {
        let key = BatchKey::new(&unit);
        if key.pass == Pass::Passthrough {
            // The rows of a passthrough query do not say which log group they come from, so each
            // log group is queried separately.
            return self.ready.push(Batch::new(key, vec![unit]));
        }
        let units = self.open.entry(key).or_default();
        units.push(unit);
        if units.len() == MAX_GROUPS {
            let units = std::mem::take(units);
            self.open.remove(&key);
            self.ready.push(Batch::new(key, units));
        }
    }

    /// Adds a batch that is queried as it is.
    pub(super) fn add_ready(&mut self, batch: Batch) {
        self.ready.push(batch);
    }

    /// Returns whether a batch is ready. While log groups are still being listed, batches that are
    /// not full wait for more units.
    pub(super) fn has_next(&self, is_listing: bool) -> bool {
        !self.ready.is_empty() || (!is_listing && !self.open.is_empty())
    }

    /// Takes the next batch that is ready.
    pub(super) fn next(&mut self, is_listing: bool) -> Option<Batch> {
        let open = |batches: &mut Self| {
            batches
                .open
                .pop_first()
                .map(|(key, units)| Batch::new(key, units))
        };
        self.ready
            .pop()
            .or_else(|| if is_listing { None } else { open(self) })
    }
}
