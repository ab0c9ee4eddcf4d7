//! Log sources and trail integrity: written as they are found, and read back as a whole. An
//! organization of 400 accounts in 17 Regions has some 14,000 source lookups, which fit in memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params};

use super::entry::IntegrityFindings;
use super::ids::UnitId;
use super::row::{
    damaged, next_row, parse_column, read_count, read_outcome, to_sql_integer, unknown,
};
use super::{RunReader, StoreError};
use dragnet_model::{
    AccountId, EventDetails, HourOfRecords, LivenessCheck, LogGroupArn, LogSource, Outcome, Region,
    RegionDelivery, SourceKind, SourceLookup, SourceState, StorageKind, TamperingCall, Target,
    UserIdentity,
};

pub(super) fn insert_source_lookup(
    transaction: &Connection,
    lookup: &SourceLookup,
) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO cell (account, region, kind, facts) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let Target { account, region } = &lookup.target;
    let facts = serde_json::to_string(&lookup.result).map_err(damaged)?;
    insert.execute(params![
        account.to_string(),
        region.as_str(),
        lookup.kind.as_str(),
        facts
    ])?;
    Ok(())
}

/// Several accounts can list the same trail, but only its owner can describe it, before or after
/// they do. So an entry without a description never replaces one that exists.
pub(super) fn insert_log_source(
    transaction: &Connection,
    source: &LogSource,
) -> Result<(), StoreError> {
    let insert = match source.state {
        SourceState::Unknown => "INSERT OR IGNORE INTO recorder (via, facts) VALUES (?1, ?2)",
        SourceState::Known(..) | SourceState::Denied(_) => {
            "INSERT OR REPLACE INTO recorder (via, facts) VALUES (?1, ?2)"
        }
    };
    let facts = serde_json::to_string(source).map_err(damaged)?;
    transaction
        .prepare_cached(insert)?
        .execute(params![source.via, facts])?;
    Ok(())
}

pub(super) fn insert_integrity_findings(
    transaction: &Connection,
    unit: UnitId,
    findings: &IntegrityFindings,
) -> Result<(), StoreError> {
    for call in &findings.tampering {
        let mut insert = transaction.prepare_cached(
            "INSERT OR IGNORE INTO tampering VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        insert.execute(params![
            call.details.time_ms,
            call.details.account,
            call.details.region,
            call.details.event_name,
            call.details.identity.arn,
            call.details.source_ip,
            call.details.error_code,
            call.details.record_id,
            call.resource
        ])?;
    }
    for hour in &findings.hours {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO hour VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET records = records + excluded.records",
        )?;
        let Target { account, region } = &hour.target;
        insert.execute(params![
            unit.0,
            account.to_string(),
            region.as_str(),
            hour.hour_ms,
            to_sql_integer(hour.records)
        ])?;
    }
    Ok(())
}

/// Outcomes by account, Region and log group. The Region and log group are empty for a whole
/// account, and the log group is empty for a whole account-Region.
#[derive(Clone, Debug, Default)]
pub struct CoverageOutcomes {
    by_place: BTreeMap<(AccountId, String, String), Outcome>,
    /// The outcomes of the event histories.
    histories: BTreeMap<Target, Outcome>,
    /// The outcomes of objects in S3, by account-Region and location.
    objects: BTreeMap<Target, BTreeMap<String, Outcome>>,
    /// What the liveness check found.
    liveness: Vec<LivenessCheck>,
    /// The state of trails in Regions other than their home Regions.
    region_deliveries: Vec<RegionDelivery>,
}

impl CoverageOutcomes {
    /// Returns the outcome of a log group, if it was planned to be searched.
    pub fn group_outcome(&self, arn: &LogGroupArn) -> Option<&Outcome> {
        let Target { account, region } = &arn.target;
        self.by_place
            .get(&(*account, region.to_string(), arn.name.clone()))
    }

    /// Adds the outcome of a log group.
    pub fn add_group(&mut self, arn: &LogGroupArn, outcome: Outcome) {
        let Target { account, region } = &arn.target;
        self.by_place
            .insert((*account, region.to_string(), arn.name.clone()), outcome);
    }

    /// Adds the outcome of a whole account-Region, or without a Region that of a whole account.
    pub fn add_target(&mut self, account: AccountId, region: Option<&Region>, outcome: Outcome) {
        let region = region.map(Region::to_string).unwrap_or_default();
        self.by_place
            .insert((account, region, String::new()), outcome);
    }

    /// Returns the outcomes of the event histories that were to be searched.
    pub fn histories(&self) -> &BTreeMap<Target, Outcome> {
        &self.histories
    }

    /// Adds the outcome of the objects of an account-Region below a prefix. `location` is the bucket
    /// and the prefix.
    pub fn add_objects(&mut self, target: &Target, location: &str, outcome: Outcome) {
        self.objects
            .entry(target.clone())
            .or_default()
            .insert(location.to_owned(), outcome);
    }

    /// Returns the outcomes of the objects that were to be searched, by location.
    pub fn objects(&self) -> &BTreeMap<Target, BTreeMap<String, Outcome>> {
        &self.objects
    }

    /// Returns what the liveness check found.
    pub fn liveness(&self) -> &[LivenessCheck] {
        &self.liveness
    }

    /// Returns the state of trails in Regions other than their home Regions, as far as it is known.
    pub fn region_deliveries(&self) -> &[RegionDelivery] {
        &self.region_deliveries
    }

    /// Sets the state of trails in Regions other than their home Regions.
    pub fn set_region_deliveries(&mut self, deliveries: Vec<RegionDelivery>) {
        self.region_deliveries = deliveries;
    }

    /// Sets what the liveness check found.
    pub fn set_liveness(&mut self, checks: Vec<LivenessCheck>) {
        self.liveness = checks;
    }

    /// Returns the outcomes of whole accounts and account-Regions.
    pub fn target_outcomes(&self) -> impl Iterator<Item = (AccountId, Option<Region>, Outcome)> {
        let targets = self.by_place.iter();
        let targets = targets.filter(|((_, _, group), _)| group.is_empty());
        targets.filter_map(|((account, region, _), outcome)| {
            // The Region is empty for a whole account.
            let region = match region.as_str() {
                "" => None,
                name => Some(name.parse().ok()?),
            };
            Some((*account, region, outcome.clone()))
        })
    }

    /// Returns why a whole account-Region could not be searched, if it could not.
    pub fn target_outcome(&self, target: &Target) -> Option<&Outcome> {
        let outcome_of =
            |region: String| self.by_place.get(&(target.account, region, String::new()));
        outcome_of(target.region.to_string()).or_else(|| outcome_of(String::new()))
    }
}

/// A log group that was deleted, according to a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeletedLogGroup {
    /// The account: untrusted text.
    pub account: String,
    /// The Region: untrusted text.
    pub region: String,
    /// The name, or an empty text if it is not known.
    pub name: String,
}

/// The records of one account and Region in one hour, in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourRow {
    /// The log group; `None` for the event history and for objects in S3.
    pub log_group: Option<LogGroupArn>,
    /// The bucket and the prefix of the keys of objects in S3.
    pub bucket_prefix: Option<String>,
    /// The hour, and its number of records.
    pub hour: HourOfRecords,
}

impl RunReader {
    /// Returns the source lookups, ordered by account, Region and kind.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn source_lookups(&self) -> Result<Vec<SourceLookup>, StoreError> {
        let select = "SELECT account, region, kind, facts FROM cell ORDER BY account, region, kind";
        let mut select = self.connection.prepare(select)?;
        let mut rows = select.query([])?;
        let mut lookups = Vec::new();
        while let Some(row) = rows.next()? {
            let word: String = row.get(2)?;
            lookups.push(SourceLookup {
                target: Target {
                    account: parse_column(row, 0)?,
                    region: parse_column(row, 1)?,
                },
                kind: SourceKind::from_word(&word).ok_or_else(|| unknown(&word))?,
                result: serde_json::from_str(&row.get::<_, String>(3)?).map_err(damaged)?,
            });
        }
        Ok(lookups)
    }

    /// Returns every trail and flow log, ordered by name.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn log_sources(&self) -> Result<Vec<LogSource>, StoreError> {
        let mut select = self
            .connection
            .prepare("SELECT facts FROM recorder ORDER BY via")?;
        let mut rows = select.query([])?;
        let mut sources = Vec::new();
        while let Some(row) = rows.next()? {
            sources.push(serde_json::from_str(&row.get::<_, String>(0)?).map_err(damaged)?);
        }
        Ok(sources)
    }

    /// Returns the outcomes of accounts, account-Regions and the given log groups, as far as they
    /// are known.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn coverage_outcomes(
        &self,
        groups: &BTreeSet<LogGroupArn>,
    ) -> Result<CoverageOutcomes, StoreError> {
        let select = "SELECT account, region, location, status, reason, detail, denied_by, source FROM place WHERE round = 0";
        let mut select = self.connection.prepare(select)?;
        let mut rows = select.query([])?;
        let mut outcomes = CoverageOutcomes {
            liveness: self.liveness_checks()?,
            region_deliveries: self
                .facts()?
                .region_deliveries
                .get_or_default()
                .map_err(damaged)?,
            ..CoverageOutcomes::default()
        };
        while let Some(row) = rows.next()? {
            let text = |column| {
                row.get::<_, Option<String>>(column)
                    .map(Option::unwrap_or_default)
            };
            // Files on disk are no destination of a log source.
            if text(7)? == StorageKind::File.as_str() {
                continue;
            }
            let account: AccountId = parse_column(row, 0)?;
            let region = text(1)?;
            let group = text(2)?;
            if text(7)? == StorageKind::History.as_str() {
                let target = Target {
                    account,
                    region: region.parse().map_err(damaged)?,
                };
                outcomes.histories.insert(target, read_outcome(row)?);
                continue;
            }
            if text(7)? == StorageKind::S3.as_str() {
                let target = Target {
                    account,
                    region: region.parse().map_err(damaged)?,
                };
                outcomes.add_objects(&target, &group, read_outcome(row)?);
                continue;
            }
            // An account may have a million log groups; only those to which a log source delivers
            // are needed.
            let is_needed = group.is_empty() || {
                let target = Target {
                    account,
                    region: region.parse().map_err(damaged)?,
                };
                groups.contains(&LogGroupArn::new(target, group.as_str()))
            };
            if is_needed {
                outcomes
                    .by_place
                    .insert((account, region, group), read_outcome(row)?);
            }
        }
        Ok(outcomes)
    }

    /// Returns what the liveness check found; nothing if the run did not check it.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn liveness_checks(&self) -> Result<Vec<LivenessCheck>, StoreError> {
        self.facts()?.liveness.get_or_default().map_err(damaged)
    }

    /// Returns the log groups that were deleted, as the searched records say. The name is empty if
    /// the record does not say it.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn deleted_log_groups(&self) -> Result<BTreeSet<DeletedLogGroup>, StoreError> {
        let mut select = self.connection.prepare(
            "SELECT DISTINCT account, region, resource FROM tampering
             WHERE event_name = 'DeleteLogGroup' AND error_code = ''",
        )?;
        let mut rows = select.query([])?;
        let mut deleted = BTreeSet::new();
        while let Some(row) = rows.next()? {
            deleted.insert(DeletedLogGroup {
                account: row.get(0)?,
                region: row.get(1)?,
                name: row.get(2)?,
            });
        }
        Ok(deleted)
    }

    /// Passes the tampering calls to `use_rows`, ordered by time. Of their details, only those that
    /// reports show are stored.
    ///
    /// # Errors
    /// `use_rows` fails. The iterator yields an error if the database fails.
    pub fn tampering<T, E: From<StoreError>>(
        &self,
        use_rows: impl FnOnce(
            &mut dyn Iterator<Item = Result<TamperingCall, StoreError>>,
        ) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut select = self
            .connection
            .prepare("SELECT * FROM tampering")
            .map_err(StoreError::from)?;
        let mut rows = select.query([]).map_err(StoreError::from)?;
        use_rows(&mut std::iter::from_fn(move || {
            next_row(&mut rows, tampering_row)
        }))
    }

    /// Passes the number of records per account, Region, log group and hour to `use_rows`, for log
    /// groups of which a scan read everything that is stored. An hour of any other group may have
    /// no records only because it was not read.
    ///
    /// # Errors
    /// `use_rows` fails. The iterator yields an error if the database fails.
    pub fn hours<T, E: From<StoreError>>(
        &self,
        use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<HourRow, StoreError>>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut select = self
            .connection
            .prepare(
                "SELECT hour.account, hour.region, hour_ms, total(records), place.account, place.region, location,
                        source
                 FROM hour JOIN unit ON unit.id = hour.unit JOIN place ON place.id = unit.place
                 WHERE place.status = 'searched' OR place.reason IN
                     ('masked', 'retention-inside-window', 'created-inside-window', 'appeared-during-run',
                      'not-in-event-history')
                 GROUP BY hour.account, hour.region, place.id, hour_ms
                 ORDER BY hour.account, hour.region, place.account, place.region, location, hour_ms",
            )
            .map_err(StoreError::from)?;
        let mut rows = select.query([]).map_err(StoreError::from)?;
        use_rows(&mut std::iter::from_fn(move || {
            next_row(&mut rows, hour_row)
        }))
    }
}

fn tampering_row(row: &Row<'_>) -> Result<TamperingCall, StoreError> {
    let text =
        |column: usize| Ok::<Cow<'static, str>, StoreError>(row.get::<_, String>(column)?.into());
    let details = EventDetails {
        time_ms: row.get(0)?,
        account: text(1)?,
        region: text(2)?,
        event_name: text(3)?,
        identity: UserIdentity {
            arn: text(4)?,
            ..UserIdentity::default()
        },
        source_ip: text(5)?,
        error_code: text(6)?,
        record_id: text(7)?,
        ..EventDetails::default()
    };
    Ok(TamperingCall {
        details,
        resource: row.get(8)?,
    })
}

fn hour_row(row: &Row<'_>) -> Result<HourRow, StoreError> {
    let target = |account, region| {
        let account: AccountId = parse_column(row, account)?;
        let region: Region = parse_column(row, region)?;
        Ok::<_, StoreError>(Target { account, region })
    };
    let hour = HourOfRecords {
        target: target(0, 1)?,
        hour_ms: row.get(2)?,
        records: read_count(row, 3)?,
    };
    let source: String = row.get(7)?;
    let location: String = row.get(6)?;
    let is_object = source == StorageKind::S3.as_str();
    let place = LogGroupArn::new(target(4, 5)?, location.as_str());
    Ok(HourRow {
        log_group: (source == StorageKind::Logs.as_str()).then_some(place),
        bucket_prefix: is_object.then_some(location),
        hour,
    })
}
