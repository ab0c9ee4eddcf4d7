//! Checksums of the tables of `run.db`, so that a damaged database is an error and never another
//! result.
//!
//! The checksum of a table is the sum of the hashes of its rows. It does not depend on where the
//! rows lie in the file, and a commit only adds what it writes. Temporary triggers see every change,
//! whichever statement makes it, and the sums are stored in the transaction of the rows. Only new
//! sightings have no trigger, which took a quarter of their time: [`TrackedTransaction::insert`]
//! hashes them.
//!
//! The sums find damage. They are no protection against a person who changes a run on purpose,
//! because anybody can compute them; the manifest and its hash in the ticket are.

use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension, ToSql, Transaction};
use sha2::{Digest, Sha256};

use super::StoreError;

/// A table with a checksum.
struct Table {
    name: &'static str,
    /// Whether its rows have a row id. The hash includes it, because some reports are in its order.
    has_row_id: bool,
}

const fn with_row_id(name: &'static str) -> Table {
    Table {
        name,
        has_row_id: true,
    }
}

const fn without_row_id(name: &'static str) -> Table {
    Table {
        name,
        has_row_id: false,
    }
}

/// The table whose new rows have no trigger.
const SIGHTING: &str = "sighting";

const TABLE_COUNT: usize = 18;

/// All tables except that of the checksums.
static TABLES: [Table; TABLE_COUNT] = [
    without_row_id("fact"),
    without_row_id("account"),
    with_row_id("place"),
    with_row_id("unit"),
    with_row_id("chunk"),
    with_row_id(SIGHTING),
    with_row_id("hunt_count"),
    without_row_id("cell"),
    without_row_id("recorder"),
    without_row_id("tampering"),
    without_row_id("hour"),
    without_row_id("file"),
    without_row_id("file_hour"),
    without_row_id("flow_header"),
    without_row_id("object_count"),
    with_row_id("written_rows"),
    with_row_id("insights_query"),
    with_row_id("call"),
];

/// The sums of the tables, in the order of `TABLES`.
type Sums = [i64; TABLE_COUNT];

/// A database that is open for writing, with the checksums of its tables.
#[derive(Debug)]
pub(super) struct TrackedDatabase {
    connection: Connection,
    checksums: Checksums,
}

impl TrackedDatabase {
    /// Tracks the changes of an existing database from now on.
    ///
    /// # Errors
    /// The database is damaged.
    pub(super) fn open(connection: Connection) -> Result<Self, StoreError> {
        verify_all(&connection)?;
        let mut sums = [0; TABLE_COUNT];
        for (sum, table) in sums.iter_mut().zip(&TABLES) {
            *sum = stored_sum(&connection, table)?.unwrap_or_default();
        }
        let checksums = Checksums::track(&connection, sums)?;
        Ok(Self {
            connection,
            checksums,
        })
    }

    /// A database whose changes are tracked since its tables were created.
    pub(super) fn new(connection: Connection, checksums: Checksums) -> Self {
        Self {
            connection,
            checksums,
        }
    }

    /// The connection, for reading.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Changes the database in one transaction.
    ///
    /// # Errors
    /// `change` or the database fails. Then nothing is changed.
    pub(super) fn change(
        &mut self,
        change: impl FnOnce(&TrackedTransaction<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let before = self.checksums.sums();
        let changed = self.commit(change);
        if changed.is_err() {
            self.checksums.reset(before);
        }
        changed
    }

    fn commit(
        &mut self,
        change: impl FnOnce(&TrackedTransaction<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let transaction = TrackedTransaction {
            transaction: self.connection.transaction()?,
            checksums: &self.checksums,
        };
        change(&transaction)?;
        self.checksums.store(&transaction)?;
        Ok(transaction.transaction.commit()?)
    }
}

/// A transaction whose changes are tracked.
pub(super) struct TrackedTransaction<'a> {
    transaction: Transaction<'a>,
    checksums: &'a Checksums,
}

impl TrackedTransaction<'_> {
    /// Inserts a row into the table of the sightings. `statement` inserts `row`, the values of all
    /// columns in their order.
    pub(super) fn insert_sighting(
        &self,
        statement: &mut CachedStatement<'_>,
        row: &[&dyn ToSql],
    ) -> Result<(), StoreError> {
        statement.execute(row)?;
        let row_id = self.transaction.last_insert_rowid();
        Ok(self.checksums.add_sighting(row_id, row)?)
    }
}

impl Deref for TrackedTransaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

/// The checksums of a database that is being changed.
#[derive(Clone, Debug)]
pub(super) struct Checksums(Arc<Mutex<Sums>>);

impl Checksums {
    /// Tracks the changes of a database whose tables are empty.
    pub(super) fn track_new(connection: &Connection) -> Result<Self, StoreError> {
        Self::track(connection, [0; TABLE_COUNT])
    }

    /// Tracks all changes that this connection makes. The triggers are temporary: they belong to
    /// the connection, not to the file.
    fn track(connection: &Connection, sums: Sums) -> Result<Self, StoreError> {
        let checksums = Self(Arc::new(Mutex::new(sums)));
        let function = checksums.clone();
        connection.create_scalar_function(
            "track_row",
            -1,
            FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS,
            move |context| function.track_row(context),
        )?;
        // Without this, `INSERT OR REPLACE` deletes rows without a trigger.
        //
        // Source: SQLite, "The ON CONFLICT Clause", REPLACE.
        connection.execute_batch("PRAGMA recursive_triggers = ON;")?;
        for (position, table) in TABLES.iter().enumerate() {
            connection.execute_batch(&triggers(connection, position, table)?)?;
        }
        Ok(checksums)
    }

    /// Adds the hash of a row, or subtracts it. The arguments are the position of the table,
    /// whether the row is added, and the values.
    fn track_row(&self, context: &Context<'_>) -> Result<bool, rusqlite::Error> {
        let position = usize::try_from(context.get::<i64>(0)?).unwrap_or(usize::MAX);
        let is_added: bool = context.get(1)?;
        let Some(table) = TABLES.get(position) else {
            return Err(rusqlite::Error::InvalidQuery);
        };
        let mut hash = RowHash::new(table);
        for column in 2..context.len() {
            hash.add(context.get_raw(column));
        }
        let hash = hash.finish();
        let mut sums = self.0.lock();
        if let Some(sum) = sums.get_mut(position) {
            *sum = if is_added {
                sum.wrapping_add(hash)
            } else {
                sum.wrapping_sub(hash)
            };
        }
        Ok(true)
    }

    /// Adds the hash of a new sighting.
    fn add_sighting(&self, row_id: i64, row: &[&dyn ToSql]) -> Result<(), rusqlite::Error> {
        let mut sums = self.0.lock();
        let tables = TABLES.iter().zip(sums.iter_mut());
        for (table, sum) in tables.filter(|(table, _)| table.name == SIGHTING) {
            let mut hash = RowHash::new(table);
            hash.add(ValueRef::Integer(row_id));
            for value in row {
                match value.to_sql()? {
                    ToSqlOutput::Borrowed(value) => hash.add(value),
                    ToSqlOutput::Owned(value) => hash.add(ValueRef::from(&value)),
                    _ => return Err(rusqlite::Error::InvalidQuery),
                }
            }
            *sum = sum.wrapping_add(hash.finish());
        }
        Ok(())
    }

    /// Stores the checksums, in the transaction that changes the tables.
    pub(super) fn store(&self, transaction: &Connection) -> Result<(), StoreError> {
        let mut insert = transaction
            .prepare_cached("INSERT OR REPLACE INTO checksum (table_name, sum) VALUES (?1, ?2)")?;
        for (sum, table) in self.sums().iter().zip(&TABLES) {
            insert.execute((table.name, sum))?;
        }
        Ok(())
    }

    fn sums(&self) -> Sums {
        *self.0.lock()
    }

    fn reset(&self, sums: Sums) {
        *self.0.lock() = sums;
    }
}

/// Returns the statements that create the triggers of a table.
fn triggers(connection: &Connection, position: usize, table: &Table) -> Result<String, StoreError> {
    let name = table.name;
    let select = connection.prepare(&format!("SELECT * FROM main.{name}"))?;
    let mut columns: Vec<&str> = select.column_names().collect();
    if table.has_row_id {
        columns.insert(0, "rowid");
    }
    let values = |row: &str| {
        let values: Vec<String> = columns
            .iter()
            .map(|column| format!("{row}.\"{column}\""))
            .collect();
        values.join(", ")
    };
    let removed = format!("track_row({position}, 0, {})", values("old"));
    let added = format!("track_row({position}, 1, {})", values("new"));
    let on_insert = if name == SIGHTING {
        String::new()
    } else {
        format!(
            "CREATE TEMP TRIGGER {name}_inserted AFTER INSERT ON main.{name}
             BEGIN SELECT {added}; END;"
        )
    };
    Ok(format!(
        "{on_insert}
         CREATE TEMP TRIGGER {name}_deleted AFTER DELETE ON main.{name} BEGIN SELECT {removed}; END;
         CREATE TEMP TRIGGER {name}_updated AFTER UPDATE ON main.{name}
         BEGIN SELECT {removed}, {added}; END;"
    ))
}

/// Verifies the structure of the file, its indexes, and the checksums of all tables.
///
/// # Errors
/// The database is damaged.
pub(super) fn verify_all(connection: &Connection) -> Result<(), StoreError> {
    // One transaction, because another process may be writing.
    let snapshot = connection.unchecked_transaction()?;
    let problem: String = snapshot.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if problem != "ok" {
        return Err(StoreError::Damaged(problem.replace('\n', " ")));
    }
    TABLES
        .iter()
        .try_for_each(|table| verify_table(&snapshot, table))
}

/// Verifies the checksum of one table.
///
/// # Errors
/// The table is damaged.
pub(super) fn verify_one(connection: &Connection, name: &str) -> Result<(), StoreError> {
    let snapshot = connection.unchecked_transaction()?;
    TABLES
        .iter()
        .filter(|table| table.name == name)
        .try_for_each(|table| verify_table(&snapshot, table))
}

fn verify_table(connection: &Connection, table: &Table) -> Result<(), StoreError> {
    if stored_sum(connection, table)? == Some(sum_rows(connection, table)?) {
        return Ok(());
    }
    Err(StoreError::Damaged(format!(
        "table `{}` does not match its checksum; use an undamaged copy of run.db",
        table.name
    )))
}

fn stored_sum(connection: &Connection, table: &Table) -> Result<Option<i64>, StoreError> {
    let select = "SELECT sum FROM checksum WHERE table_name = ?1";
    Ok(connection
        .query_row(select, [table.name], |row| row.get(0))
        .optional()?)
}

fn sum_rows(connection: &Connection, table: &Table) -> Result<i64, StoreError> {
    let columns = if table.has_row_id { "rowid, *" } else { "*" };
    let mut select = connection.prepare(&format!("SELECT {columns} FROM {}", table.name))?;
    let number = select.column_count();
    let mut rows = select.query([])?;
    let mut sum: i64 = 0;
    while let Some(row) = rows.next()? {
        let mut hash = RowHash::new(table);
        for column in 0..number {
            hash.add(row.get_ref(column)?);
        }
        sum = sum.wrapping_add(hash.finish());
    }
    Ok(sum)
}

/// The hash of a row: the first eight bytes of the SHA-256 of the table's name and the values, each
/// with its type and length.
struct RowHash(Sha256);

impl RowHash {
    fn new(table: &Table) -> Self {
        let mut hash = Sha256::new();
        hash.update(table.name);
        Self(hash)
    }

    fn add(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.0.update([0]),
            ValueRef::Integer(number) => {
                self.0.update([1]);
                self.0.update(number.to_le_bytes());
            }
            ValueRef::Real(number) => {
                self.0.update([2]);
                self.0.update(number.to_le_bytes());
            }
            ValueRef::Text(bytes) => self.add_bytes(3, bytes),
            ValueRef::Blob(bytes) => self.add_bytes(4, bytes),
        }
    }

    fn add_bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update([kind]);
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> i64 {
        let hash = self.0.finalize();
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(hash.iter()) {
            *to = *from;
        }
        i64::from_le_bytes(first)
    }
}

#[cfg(test)]
mod tests;
