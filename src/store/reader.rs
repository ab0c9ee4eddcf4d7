//! Reads a run in the order of its reports, without loading it into memory.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::{Connection, OptionalExtension, Row};

use super::entry::{Place, ScopeMembership, ScopedAccount};
use super::row::{damaged, next_row, parse_column, read_count, read_outcome, unknown};
use super::run_facts::RunFacts;
use super::{RunDir, StoreError, checksums, schema};
use dragnet_model::{ApiCall, Coverage, Engine, LogGroupClass, Reason, StorageKind};

/// A run's database, open for reading.
#[derive(Debug)]
pub struct RunReader {
    pub(super) connection: Connection,
    /// The directory of the run, for errors.
    run: String,
}

impl RunReader {
    /// Opens the database of a run, verifies it, and creates the indexes that reports need.
    ///
    /// # Errors
    /// The database cannot be opened, has another format, or is damaged.
    pub fn open(dir: &RunDir) -> Result<Self, StoreError> {
        let reader = Self::open_without_indexes(dir)?;
        reader.verify()?;
        schema::index_for_merge(&reader.connection)?;
        Ok(reader)
    }

    /// Opens the database of a run without creating indexes: sufficient for its facts, slow for
    /// reports. Only the facts are verified.
    ///
    /// # Errors
    /// The database cannot be opened, or has another format; or its facts are damaged.
    pub fn open_without_indexes(dir: &RunDir) -> Result<Self, StoreError> {
        let connection = schema::open(&dir.database())?;
        checksums::verify_one(&connection, "fact")?;
        Ok(Self::new(connection, dir))
    }

    /// Opens a database that was changed on purpose, with the indexes that reports need. Its
    /// checksums are not verified, because the person who changed it need not know of them.
    ///
    /// # Errors
    /// The database cannot be opened, or has another format.
    pub fn open_changed(dir: &RunDir) -> Result<Self, StoreError> {
        let connection = schema::open(&dir.database())?;
        schema::index_for_merge(&connection)?;
        Ok(Self::new(connection, dir))
    }

    fn new(connection: Connection, dir: &RunDir) -> Self {
        Self {
            connection,
            run: dir.path().display().to_string(),
        }
    }

    /// Verifies the whole database, which reads all of it.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn verify(&self) -> Result<(), StoreError> {
        checksums::verify_all(&self.connection)
    }

    /// Verifies the calls.
    ///
    /// # Errors
    /// The calls are damaged.
    pub(super) fn verify_calls(&self) -> Result<(), StoreError> {
        checksums::verify_one(&self.connection, "call")
    }

    /// Closes the database, so that all of it is in one file.
    ///
    /// # Errors
    /// The rest of the write-ahead log could not be written.
    pub fn close(self) -> Result<(), StoreError> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.connection.close().map_err(|(_, error)| error.into())
    }

    /// Returns the facts of the run.
    ///
    /// # Errors
    /// The database fails.
    pub fn facts(&self) -> Result<RunFacts, StoreError> {
        let mut select = self.connection.prepare("SELECT key, value FROM fact")?;
        let texts = select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(RunFacts::from_texts(&self.run, texts))
    }

    /// Returns the accounts that the scope names, ordered by id.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn accounts(&self) -> Result<Vec<ScopedAccount>, StoreError> {
        let mut select = self
            .connection
            .prepare("SELECT id, name, standing FROM account ORDER BY id")?;
        let mut rows = select.query([])?;
        let mut accounts = Vec::new();
        while let Some(row) = rows.next()? {
            let word: String = row.get(2)?;
            let scope_membership =
                ScopeMembership::from_word(&word).ok_or_else(|| unknown(&word))?;
            accounts.push(ScopedAccount {
                id: parse_column(row, 0)?,
                name: row.get(1)?,
                membership: scope_membership,
            });
        }
        Ok(accounts)
    }

    /// Passes the coverage to `use_rows`, ordered by account, Region and log group. A row without
    /// an outcome, and an account in scope without any row, is `failed: interrupted`.
    ///
    /// # Errors
    /// `use_rows` fails. The iterator yields an error if the database fails.
    pub fn coverage<T, E: From<StoreError>>(
        &self,
        use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<Coverage, StoreError>>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut select = self
            .connection
            .prepare(
                "SELECT account, account_name, region, location, class, status, reason, detail, denied_by,
                        min(from_ms), max(to_ms), total(pages), total(events), total(bytes), total(sightings),
                        elsewhere, group_concat(DISTINCT engine), source
                 FROM place LEFT JOIN unit ON unit.place = place.id WHERE round = 0 GROUP BY place.id
                 UNION ALL
                 SELECT id, name, NULL, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL, 0.0, 0.0, 0.0, 0.0, 0, NULL, NULL
                 FROM account WHERE standing = 'in-scope' AND id NOT IN
                       (SELECT account FROM place WHERE source IS NOT 'file' AND round = 0)
                 ORDER BY account, region, location",
            )
            .map_err(StoreError::from)?;
        let mut rows = select.query([]).map_err(StoreError::from)?;
        use_rows(&mut std::iter::from_fn(move || {
            next_row(&mut rows, coverage_row)
        }))
    }

    /// Passes every AWS call to `use_rows`, in the order of the responses.
    ///
    /// # Errors
    /// `use_rows` fails. The iterator yields an error if the database fails.
    pub fn calls<T, E: From<StoreError>>(
        &self,
        use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<ApiCall, StoreError>>) -> Result<T, E>,
    ) -> Result<T, E> {
        let columns = "SELECT time, account, region, operation, status, request_id, attempt, milliseconds FROM call";
        let mut select = self.connection.prepare(columns).map_err(StoreError::from)?;
        let mut rows = select.query([]).map_err(StoreError::from)?;
        use_rows(&mut std::iter::from_fn(move || {
            next_row(&mut rows, call_row)
        }))
    }

    /// Returns how many calls of each operation were made, and how many of them AWS throttled.
    ///
    /// # Errors
    /// The database fails.
    pub fn calls_by_operation(&self) -> Result<BTreeMap<String, CallCounts>, StoreError> {
        let mut select = self
            .connection
            .prepare("SELECT operation, status, count(*) FROM call GROUP BY operation, status")?;
        let mut rows = select.query([])?;
        let mut counts: BTreeMap<String, CallCounts> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let status: String = row.get(1)?;
            let number: u64 = read_count(row, 2)?;
            let operation = counts.entry(row.get(0)?).or_default();
            operation.made += number;
            operation.throttled += if ApiCall::is_throttle(&status) {
                number
            } else {
                0
            };
        }
        Ok(counts)
    }

    /// Returns the totals of all Insights queries.
    ///
    /// # Errors
    /// The database fails.
    pub fn insights_total(&self) -> Result<InsightsTotal, StoreError> {
        let all = "SELECT total(1), total(bytes), total(usd) FROM insights_query";
        let total = |row: &Row<'_>| {
            Ok(InsightsTotal {
                queries: read_count(row, 0)?,
                bytes_scanned: read_count(row, 1)?,
                usd: row.get(2)?,
            })
        };
        Ok(self.connection.query_row(all, [], total)?)
    }

    /// Returns the number of objects of buckets with a result.
    ///
    /// # Errors
    /// The database fails.
    pub fn objects_with_reason(&self, reason: Reason) -> Result<u64, StoreError> {
        let all = "SELECT total(objects) FROM object_count WHERE reason = ?1";
        let total = |row: &Row<'_>| read_count(row, 0);
        Ok(self.connection.query_row(all, [reason.as_str()], total)?)
    }

    /// Whether a request id belongs to one of the run's own calls.
    ///
    /// # Errors
    /// The database fails.
    pub fn is_own_request(&self, request_id: &str) -> Result<bool, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT 1 FROM call WHERE request_id = ?1 LIMIT 1")?;
        Ok(!request_id.is_empty()
            && select
                .query_row([request_id], |_| Ok(()))
                .optional()?
                .is_some())
    }

    /// Returns the request ids of all calls of the run; `None` if there are more than `most`.
    ///
    /// # Errors
    /// The database fails.
    pub fn own_requests(&self, most: usize) -> Result<Option<HashSet<String>>, StoreError> {
        let mut select = self
            .connection
            .prepare("SELECT request_id FROM call WHERE request_id <> ''")?;
        let mut rows = select.query([])?;
        let mut requests = HashSet::new();
        while let Some(row) = rows.next()? {
            requests.insert(row.get(0)?);
            if requests.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(requests))
    }
}

/// The totals of Insights queries.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InsightsTotal {
    /// The number of queries that have ended.
    pub queries: u64,
    /// The number of scanned bytes, as AWS counts them.
    pub bytes_scanned: u64,
    /// The cost at list prices, in US dollars.
    pub usd: f64,
}

/// The number of calls of one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// The number of attempts.
    pub made: u64,
    /// The number of attempts that AWS throttled.
    pub throttled: u64,
}

fn call_row(row: &Row<'_>) -> Result<ApiCall, StoreError> {
    let account: Option<String> = row.get(1)?;
    Ok(ApiCall {
        time: parse_column(row, 0)?,
        account: account.map(|id| id.parse()).transpose().map_err(damaged)?,
        region: parse_column(row, 2)?,
        operation: row.get::<_, String>(3)?.into(),
        status: row.get(4)?,
        request_id: row.get(5)?,
        attempt: row.get(6)?,
        milliseconds: read_count(row, 7)?,
    })
}

fn coverage_row(row: &Row<'_>) -> Result<Coverage, StoreError> {
    let region: Option<String> = row.get(2)?;
    let class: Option<String> = row.get(4)?;
    let source: Option<String> = row.get(17)?;
    let source = source
        .map(|word| StorageKind::from_word(&word).ok_or_else(|| unknown(&word)))
        .transpose()?;
    let location: Option<String> = row.get(3)?;
    let engines: Option<String> = row.get(16)?;
    let engines = engines.iter().flat_map(|words| words.split(','));
    let mut engines = engines
        .map(|word| Engine::from_word(word).ok_or_else(|| unknown(word)))
        .collect::<Result<Vec<Engine>, StoreError>>()?;
    engines.sort();
    Ok(Coverage {
        account: parse_column(row, 0)?,
        account_name: row.get(1)?,
        region: region
            .map(|name| name.parse())
            .transpose()
            .map_err(damaged)?,
        source,
        file: location
            .clone()
            .filter(|path| source == Some(StorageKind::File) && path != Place::ALL_FILES),
        bucket_prefix: location.clone().filter(|_| source == Some(StorageKind::S3)),
        log_group: location.filter(|_| source == Some(StorageKind::Logs)),
        class: class.as_deref().map(LogGroupClass::from),
        engines,
        outcome: read_outcome(row)?,
        from_ms: row.get(9)?,
        to_ms: row.get(10)?,
        pages: read_count(row, 11)?,
        events: read_count(row, 12)?,
        bytes: read_count(row, 13)?,
        sightings: read_count(row, 14)?,
        out_of_scope: row.get(15)?,
        kinds: BTreeSet::new(),
    })
}
