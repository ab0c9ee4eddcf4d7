//! What the rounds of a run could not search.

use super::row::{damaged, parse_column, read_outcome};
use super::{RunReader, StoreError};
use dragnet_model::{AccountId, Outcome, Region, Status};

/// An account, an account-Region or a place that a round could not search completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundGap {
    /// The number of the round.
    pub round: u32,
    /// The account.
    pub account: AccountId,
    /// The Region; `None` if it is about the whole account.
    pub region: Option<Region>,
    /// Why.
    pub outcome: Outcome,
}

impl RunReader {
    /// Returns what the rounds of following could not search.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn round_gaps(&self) -> Result<Vec<RoundGap>, StoreError> {
        let mut select = self.connection.prepare(
            "SELECT round, account, region, status, reason, detail, denied_by FROM place
             WHERE round > 0 ORDER BY round, account, region",
        )?;
        let mut rows = select.query([])?;
        let mut gaps = Vec::new();
        while let Some(row) = rows.next()? {
            let outcome = read_outcome(row)?;
            let is_gap = matches!(
                outcome.status,
                Status::Partial | Status::Unsearchable | Status::Denied | Status::Failed
            );
            let round: i64 = row.get(0)?;
            let has_region: Option<String> = row.get(2)?;
            let region = has_region.map(|_| parse_column(row, 2)).transpose()?;
            if is_gap {
                gaps.push(RoundGap {
                    round: u32::try_from(round).map_err(damaged)?,
                    account: parse_column(row, 1)?,
                    region,
                    outcome,
                });
            }
        }
        Ok(gaps)
    }
}
