//! Joins what several shards read of one log group, each for a part of the time, into one coverage row.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use dragnet_model::{AccountId, Engine, Reason, Region, Status};

/// A log group that several shards read.
#[derive(Clone, Debug)]
pub struct SlicedPlace {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// The name of the log group.
    pub location: String,
    /// The slices, in the order of time.
    pub slices: Vec<PlaceSlice>,
}

/// The part of the time that one shard read.
#[derive(Clone, Debug)]
pub struct PlaceSlice {
    /// The first millisecond.
    pub from_ms: i64,
    /// The end in milliseconds, exclusive.
    pub to_ms: i64,
    /// Which shard it is, for the detail of the coverage, if its result is missing.
    pub missing: Option<String>,
}

/// Which rows are joined, and into which row of the merged run those of the current shard go.
const TABLES: &str = "
CREATE TEMP TABLE sliced (account TEXT, region TEXT, location TEXT, PRIMARY KEY (account, region, location));
CREATE TEMP TABLE joined (shard_id INTEGER PRIMARY KEY, main_id INTEGER NOT NULL);";

/// The condition that a row `new` of a shard belongs to a log group that several shards read.
pub(super) const IS_SLICED: &str = "EXISTS (
    SELECT 1 FROM temp.sliced AS one
    WHERE new.source = 'logs' AND one.account = new.account AND one.region = new.region AND one.location = new.location)";

/// Prepares a connection for joining the rows of these log groups.
pub(super) fn prepare_slices(
    connection: &Connection,
    sliced: &[SlicedPlace],
) -> Result<(), StoreError> {
    connection.execute_batch(TABLES)?;
    let mut insert = connection.prepare("INSERT OR IGNORE INTO temp.sliced VALUES (?1, ?2, ?3)")?;
    for place in sliced {
        let account = place.account.to_string();
        insert.execute(params![account, place.region.as_str(), place.location])?;
    }
    Ok(())
}

/// The outcome of a coverage row, as it is stored.
#[derive(Clone)]
struct StoredOutcome {
    status: Option<String>,
    reason: Option<String>,
    detail: String,
    denied_by: Option<String>,
    outside_scope: i64,
}

impl StoredOutcome {
    /// The worse of two outcomes counts.
    fn rank(&self) -> u8 {
        match self.status.as_deref() {
            Some("searched") => 0,
            Some("skipped") => 1,
            Some("partial") => 2,
            _ => 3,
        }
    }

    /// Adds the outcome of another slice.
    fn join(&mut self, new: Self) {
        let outside_scope = self.outside_scope.min(new.outside_scope);
        let (mut joined, other) = if new.rank() > self.rank() {
            (new, self.clone())
        } else {
            (self.clone(), new)
        };
        if !joined.detail.contains(&other.detail) {
            if !joined.detail.is_empty() {
                joined.detail.push_str("; ");
            }
            joined.detail.push_str(&other.detail);
        }
        *self = Self {
            outside_scope,
            ..joined
        };
    }
}

/// Adds the coverage rows of the attached shard that belong to such log groups: the first as a new row
/// with a shifted id, the others to the row that is there.
pub(super) fn join_slices(connection: &Connection, shift: i64) -> Result<(), StoreError> {
    connection.execute("DELETE FROM temp.joined", [])?;
    let mut select = connection.prepare(&format!(
        "SELECT new.id, new.account, new.region, new.location, new.status, new.reason, new.detail, new.denied_by,
                new.elsewhere
         FROM shard.place AS new WHERE {IS_SLICED} ORDER BY new.id"
    ))?;
    let rows = select.query_map([], |row| {
        let place: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
        Ok((row.get::<_, i64>(0)?, place, read_outcome(row, 4)?))
    })?;
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    for (id, [account, region, location], outcome) in rows {
        let known = find_row(connection, (&account, &region, &location))?;
        let main_id = match known {
            None => {
                insert_row(connection, id, shift)?;
                id + shift
            }
            Some((main_id, mut joined)) => {
                joined.join(outcome);
                write_outcome(connection, main_id, &joined)?;
                main_id
            }
        };
        let insert = "INSERT INTO temp.joined VALUES (?1, ?2)";
        connection.execute(insert, [id, main_id])?;
    }
    Ok(())
}

fn read_outcome(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<StoredOutcome> {
    Ok(StoredOutcome {
        status: row.get(first)?,
        reason: row.get(first + 1)?,
        detail: row.get(first + 2)?,
        denied_by: row.get(first + 3)?,
        outside_scope: row.get(first + 4)?,
    })
}

fn find_row(
    connection: &Connection,
    (account, region, location): (&str, &str, &str),
) -> Result<Option<(i64, StoredOutcome)>, StoreError> {
    let row = connection
        .query_row(
            "SELECT id, status, reason, detail, denied_by, elsewhere FROM main.place
             WHERE account = ?1 AND region = ?2 AND source = 'logs' AND location = ?3 ORDER BY id LIMIT 1",
            [account, region, location],
            |row| Ok((row.get(0)?, read_outcome(row, 1)?)),
        )
        .optional()?;
    Ok(row)
}

fn insert_row(connection: &Connection, id: i64, shift: i64) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO main.place
         SELECT id + ?1, account, account_name, region, source, location, class, status, reason, detail, denied_by,
                elsewhere, round
         FROM shard.place WHERE id = ?2",
        [shift, id],
    )?;
    Ok(())
}

fn write_outcome(
    connection: &Connection,
    id: i64,
    outcome: &StoredOutcome,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE main.place SET status = ?2, reason = ?3, detail = ?4, denied_by = ?5, elsewhere = ?6 WHERE id = ?1",
        params![
            id,
            outcome.status,
            outcome.reason,
            outcome.detail,
            outcome.denied_by,
            outcome.outside_scope,
        ],
    )?;
    Ok(())
}

/// Makes gaps of the slices that are missing. What is unread gets work units, so that a resumed run
/// reads it: a pass that has units for a part of the time only would look complete.
pub(super) fn complete_slices(
    connection: &Connection,
    sliced: &[SlicedPlace],
) -> Result<(), StoreError> {
    for place in sliced {
        let account = place.account.to_string();
        let name = (
            account.as_str(),
            place.region.as_str(),
            place.location.as_str(),
        );
        let Some((id, mut outcome)) = find_row(connection, name)? else {
            // The account-Region is a gap.
            continue;
        };
        for detail in place
            .slices
            .iter()
            .filter_map(|slice| slice.missing.as_ref())
        {
            outcome.join(StoredOutcome {
                status: Some(Status::Failed.as_str().to_owned()),
                reason: Some(Reason::ShardNotCommitted.as_str().to_owned()),
                detail: detail.clone(),
                denied_by: None,
                outside_scope: outcome.outside_scope,
            });
        }
        write_outcome(connection, id, &outcome)?;
        if outcome.rank() > 0 {
            add_unread_units(connection, id, place)?;
        }
    }
    Ok(())
}

/// Adds a unit for each slice of which a pass has none.
fn add_unread_units(
    connection: &Connection,
    id: i64,
    place: &SlicedPlace,
) -> Result<(), StoreError> {
    let mut select = connection.prepare("SELECT DISTINCT pass FROM main.unit WHERE place = ?1")?;
    let passes = select.query_map([id], |row| row.get::<_, String>(0))?;
    let passes: Vec<String> = passes.collect::<Result<_, _>>()?;
    for pass in &passes {
        for slice in &place.slices {
            let has_units: bool = connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM main.unit WHERE place = ?1 AND pass = ?2 AND from_ms < ?4 AND to_ms > ?3)",
                params![id, pass, slice.from_ms, slice.to_ms],
                |row| row.get(0),
            )?;
            if !has_units {
                connection.execute(
                    "INSERT INTO main.unit (id, place, pass, engine, from_ms, to_ms)
                     SELECT 1 + max(coalesce((SELECT max(id) FROM main.place), 0),
                                    coalesce((SELECT max(id) FROM main.unit), 0)), ?1, ?2, ?3, ?4, ?5",
                    params![id, pass, Engine::Filter.as_str(), slice.from_ms, slice.to_ms],
                )?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: Option<&str>, detail: &str) -> StoredOutcome {
        StoredOutcome {
            status: status.map(str::to_owned),
            reason: None,
            detail: detail.to_owned(),
            denied_by: None,
            outside_scope: 1,
        }
    }

    #[test]
    fn worst_outcome_of_the_slices_counts() {
        let join = |known: StoredOutcome, new: StoredOutcome| {
            let mut joined = known;
            joined.join(new);
            (joined.status, joined.detail)
        };
        let searched = || outcome(Some("searched"), "");
        let failed = || outcome(Some("failed"), "x");
        let words = |status: &str, detail: &str| (Some(status.to_owned()), detail.to_owned());
        assert_eq!(join(searched(), searched()), words("searched", ""));
        assert_eq!(join(searched(), failed()), words("failed", "x"));
        assert_eq!(join(failed(), searched()), words("failed", "x"));
        let partial = || outcome(Some("partial"), "truncated events");
        assert_eq!(
            join(partial(), failed()),
            words("failed", "x; truncated events")
        );
        assert_eq!(
            join(partial(), partial()),
            words("partial", "truncated events")
        );
        // Without an outcome it was not read to its end.
        assert_eq!(join(searched(), outcome(None, "")).0, None);
    }
}
