//! What the rounds of a run could not search.

use super::row::{damaged, parse_column, read_outcome, unknown};
use super::{RunReader, StoreError};
use dragnet_model::{AccountId, Outcome, Region, Status, StorageKind};

/// An account, an account-Region or a place that a round could not search completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundGap {
    /// The number of the round.
    pub round: u32,
    /// The account.
    pub account: AccountId,
    /// The Region; `None` if it is about the whole account.
    pub region: Option<Region>,
    /// Whether the place has records of this account alone, as event histories and folders of
    /// buckets have. A log group may have those of other accounts, too.
    pub is_of_account_alone: bool,
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
            "SELECT round, account, region, status, reason, detail, denied_by, source FROM place
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
            let source = row
                .get::<_, Option<String>>(7)?
                .map(|word| StorageKind::from_word(&word).ok_or_else(|| unknown(&word)))
                .transpose()?;
            if is_gap {
                gaps.push(RoundGap {
                    round: u32::try_from(round).map_err(damaged)?,
                    account: parse_column(row, 1)?,
                    region,
                    is_of_account_alone: matches!(
                        source,
                        Some(StorageKind::History | StorageKind::S3)
                    ),
                    outcome,
                });
            }
        }
        Ok(gaps)
    }
}
