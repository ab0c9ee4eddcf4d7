//! Leaves out what a shard read of a log group that another one has read completely.
//!
//! An account-Region belongs to one shard, but each shard reads the copies of its own log groups in a central
//! account, and the log groups of a denied account that one of its monitoring accounts shows. Without this,
//! hunts would count their events twice.

use rusqlite::Connection;

use super::StoreError;
use super::merged_slices::IS_SLICED;

/// The work units of the current shard that are left out.
const TABLE: &str = "CREATE TEMP TABLE repeated (unit INTEGER PRIMARY KEY);";

/// The condition that a row of the attached shard with a column `unit` is added.
pub(super) const IS_NEW_UNIT: &str = "unit NOT IN (SELECT unit FROM temp.repeated)";

/// Prepares a connection for leaving out log groups.
pub(super) fn prepare_repeats(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.execute_batch(TABLE)?)
}

/// Finds the work units of the attached shard in log groups that are in the merged run already, read to
/// their end.
pub(super) fn find_repeats(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("DELETE FROM temp.repeated", [])?;
    let insert = format!(
        "INSERT INTO temp.repeated
         SELECT added.id FROM shard.place AS new JOIN shard.unit AS added ON added.place = new.id
         WHERE new.source = 'logs' AND NOT {IS_SLICED} AND EXISTS (
             SELECT 1 FROM main.place AS known
             WHERE known.account = new.account AND known.region = new.region AND known.source = new.source
               AND known.location = new.location AND known.round = new.round
               AND known.status IN ('searched', 'partial')
               AND EXISTS (SELECT 1 FROM main.unit WHERE place = known.id)
               AND NOT EXISTS (SELECT 1 FROM main.unit WHERE place = known.id AND read_to_end = 0))"
    );
    connection.execute(&insert, [])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::merged_slices::prepare_slices;
    use super::*;

    /// A run and an attached shard with a log group each, whose search ended like this.
    fn repeats(status: &str, read_to_end: i64, location: &str) -> i64 {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("ATTACH DATABASE ':memory:' AS shard")
            .unwrap();
        for schema in ["main", "shard"] {
            let create = format!(
                "CREATE TABLE {schema}.place (id, account, region, source, location, status, round);
                 CREATE TABLE {schema}.unit (id, place, read_to_end);"
            );
            connection.execute_batch(&create).unwrap();
        }
        let insert = format!(
            "INSERT INTO main.place VALUES (7, '1', 'r', 'logs', '/central', '{status}', 0);
             INSERT INTO main.unit VALUES (8, 7, 1), (9, 7, {read_to_end});
             INSERT INTO shard.place VALUES (1, '1', 'r', 'logs', '{location}', 'searched', 0);
             INSERT INTO shard.unit VALUES (2, 1, 1), (3, 1, 1);"
        );
        connection.execute_batch(&insert).unwrap();
        prepare_slices(&connection, &[]).unwrap();
        prepare_repeats(&connection).unwrap();
        find_repeats(&connection).unwrap();
        let count = "SELECT count(*) FROM temp.repeated";
        connection.query_row(count, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn only_log_groups_that_were_read_completely_are_left_out() {
        assert_eq!(repeats("searched", 1, "/central"), 2);
        assert_eq!(repeats("partial", 1, "/central"), 2);
        assert_eq!(repeats("failed", 1, "/central"), 0);
        assert_eq!(repeats("searched", 0, "/central"), 0);
        assert_eq!(repeats("searched", 1, "/other"), 0);
    }
}
