//! What earlier runs of this machine found that must still be there: Regions that accounts had enabled,
//! and records in log groups of trails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::row::{damaged, parse_column};
use super::{RunDir, RunReader, StoreError};
use dragnet_model::{AccountId, LogGroupArn, Organization, Region, Target, TimeWindow};

/// How many runs are read, the newest. Each may be large.
pub(super) const MOST_RUNS: usize = 5;

/// How many records of a run are compared.
const MOST_RECORDS: i64 = 100;

/// What earlier runs found, the newest run first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EarlierFindings {
    runs: Vec<EarlierRun>,
}

/// What one run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct EarlierRun {
    id: String,
    /// The organization that it searched.
    organization: Option<Organization>,
    /// The Regions that each account had enabled, as far as they were in scope.
    regions: BTreeMap<AccountId, BTreeSet<Region>>,
    records: Vec<EarlierRecord>,
}

/// A record that an earlier run found in the log group of a trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierRecord {
    /// The log group.
    pub log_group: LogGroupArn,
    /// The account-Region in which it happened.
    pub target: Target,
    /// When it happened, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// Its id.
    pub id: String,
}

impl EarlierFindings {
    /// Adds what a run found, unless it cannot be read. `practice` says whether this machine's new run
    /// uses the practice range; `window` is its window.
    pub(super) fn add_run(&mut self, id: &str, path: &Path, practice: bool, window: TimeWindow) {
        // A run that cannot be read proves nothing about what was there.
        if let Ok(Some(run)) = EarlierRun::load(id, path, practice, window) {
            self.runs.push(run);
        }
    }

    /// Returns the Regions that an account had enabled in an earlier run over the same organization,
    /// each with the id of the newest such run.
    pub fn regions_of(
        &self,
        account: AccountId,
        organization: Option<&Organization>,
    ) -> BTreeMap<Region, String> {
        let mut regions = BTreeMap::new();
        for run in self.runs_over(organization) {
            for region in run.regions.get(&account).into_iter().flatten() {
                regions
                    .entry(region.clone())
                    .or_insert_with(|| run.id.clone());
            }
        }
        regions
    }

    /// Returns the records that earlier runs over the same organization found.
    pub fn records(
        &self,
        organization: Option<&Organization>,
    ) -> impl Iterator<Item = &EarlierRecord> {
        self.runs_over(organization).flat_map(|run| &run.records)
    }

    fn runs_over(&self, organization: Option<&Organization>) -> impl Iterator<Item = &EarlierRun> {
        let organization = organization.cloned();
        self.runs
            .iter()
            .filter(move |run| run.organization == organization)
    }
}

impl EarlierRun {
    fn load(
        id: &str,
        path: &Path,
        practice: bool,
        window: TimeWindow,
    ) -> Result<Option<Self>, StoreError> {
        let reader = RunDir::open(path).and_then(|dir| RunReader::open_without_indexes(&dir))?;
        let facts = reader.facts()?;
        if facts.practice.is(&true) != practice {
            return Ok(None);
        }
        let organization = facts.organization.get_if_stored().map_err(damaged)?;
        Ok(Some(Self {
            id: id.to_owned(),
            organization,
            regions: reader.enabled_regions()?,
            records: reader.trusted_records(window)?,
        }))
    }
}

impl RunReader {
    /// Returns the Regions that were asked for their log sources, by account.
    fn enabled_regions(&self) -> Result<BTreeMap<AccountId, BTreeSet<Region>>, StoreError> {
        let mut regions: BTreeMap<AccountId, BTreeSet<Region>> = BTreeMap::new();
        for lookup in self.source_lookups()? {
            let Target { account, region } = lookup.target;
            regions.entry(account).or_default().insert(region);
        }
        Ok(regions)
    }

    /// Returns the oldest records of a window that trails delivered to log groups.
    fn trusted_records(&self, window: TimeWindow) -> Result<Vec<EarlierRecord>, StoreError> {
        let mut select = self.connection.prepare(
            "SELECT place.account, place.region, location, event_account, event_region, time_ms, record_id
             FROM sighting JOIN unit ON unit.id = sighting.unit JOIN place ON place.id = unit.place
             WHERE trusted = 1 AND source = 'logs' AND record_id <> '' AND time_ms >= ?1 AND time_ms < ?2
             ORDER BY time_ms LIMIT ?3",
        )?;
        let mut rows = select.query(params![window.from_ms(), window.to_ms(), MOST_RECORDS])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let target = |account, region| {
                Ok::<_, StoreError>(Target {
                    account: parse_column(row, account)?,
                    region: parse_column(row, region)?,
                })
            };
            let group: String = row.get(2)?;
            records.push(EarlierRecord {
                log_group: LogGroupArn::new(target(0, 1)?, group),
                target: target(3, 4)?,
                time_ms: row.get(5)?,
                id: row.get(6)?,
            });
        }
        Ok(records)
    }
}
