//! How many events the first search of a run read of event histories.

use super::row::{damaged, parse_column};
use super::{RunReader, StoreError};
use dragnet_model::{StorageKind, Target};

/// How many events an event history had in a time, where all of them were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistorySize {
    /// The account-Region.
    pub target: Target,
    /// The number of events.
    pub events: u64,
    /// The length of the time, in milliseconds.
    pub milliseconds: u64,
}

impl RunReader {
    /// Returns the sizes of the event histories that the first search of the run read to their end,
    /// without attribute lookups.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn history_sizes(&self) -> Result<Vec<HistorySize>, StoreError> {
        let mut select = self.connection.prepare(
            "SELECT account, region, SUM(events), SUM(to_ms - from_ms)
             FROM unit JOIN place ON place.id = unit.place
             WHERE place.source = ?1 AND place.round = 0 AND place.region IS NOT NULL
                 AND unit.lookup IS NULL AND unit.read_to_end = 1
             GROUP BY account, region ORDER BY account, region",
        )?;
        let mut rows = select.query([StorageKind::History.as_str()])?;
        let mut sizes = Vec::new();
        while let Some(row) = rows.next()? {
            sizes.push(HistorySize {
                target: Target {
                    account: parse_column(row, 0)?,
                    region: parse_column(row, 1)?,
                },
                events: u64::try_from(row.get::<_, i64>(2)?).map_err(damaged)?,
                milliseconds: u64::try_from(row.get::<_, i64>(3)?).map_err(damaged)?,
            });
        }
        Ok(sizes)
    }
}
