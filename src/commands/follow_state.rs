//! What a run that follows credentials knows: its lineage, and what was searched for.

use std::collections::{BTreeMap, BTreeSet};

use super::CommandError;
use crate::follow::{
    AddressUse, FollowCoverage, FollowProgress, FollowReport, FollowedRun, Plan, SearchPlanner,
    find_open_ends, indicators_of_run,
};
use crate::lineage::Lineage;
use crate::search::event_details;
use crate::store::{RunFacts, ScopeMembership, StoredRow, TrailDeliveries};
use crate::sweep::{MergeSource, Sources, stored_sightings};
use dragnet_model::{AccountId, EventDetails, Indicator, TimeWindow};

/// The state of a run that follows credentials, read from its database.
pub(super) struct FollowState {
    run: FollowedRun,
    pub(super) lineage: Lineage,
    pub(super) progress: FollowProgress,
    window: TimeWindow,
    given: Vec<Indicator>,
    accounts: BTreeSet<AccountId>,
    addresses: BTreeMap<String, AddressUse>,
    partition: String,
}

impl FollowState {
    /// Reads the state of a run; `None` if it does not follow credentials.
    pub(super) fn load(
        facts: &RunFacts,
        source: MergeSource<'_>,
    ) -> Result<Option<Self>, CommandError> {
        if facts.follow.text().is_none() {
            return Ok(None);
        }
        let listed = source.reader.accounts()?;
        let members = listed.iter().map(|account| account.id).collect();
        let in_scope = listed
            .iter()
            .filter(|account| account.membership == ScopeMembership::InScope)
            .map(|account| account.id);
        let accounts = in_scope.collect();
        let trails = TrailDeliveries::load(source.reader)?;
        let mut run = FollowedRun::new(facts, trails, members)?;
        each_sighting(source, |row, details| run.add_sighting(row, details))?;
        let lineage = run.lineage();
        let mut addresses = BTreeMap::new();
        if run.settings().addresses {
            each_sighting(source, |row, details| {
                run.add_address(&lineage, &mut addresses, row, details);
            })?;
        }
        let caller = facts.caller_arn.text().unwrap_or_default();
        let partition = caller.split(':').nth(1).unwrap_or("aws");
        Ok(Some(Self {
            run,
            lineage,
            progress: facts.follow_rounds.get_as_or_default()?,
            window: facts.window()?,
            given: indicators_of_run(facts)?,
            accounts,
            addresses,
            partition: partition.to_owned(),
        }))
    }

    fn planner(&self) -> SearchPlanner<'_> {
        SearchPlanner {
            settings: self.run.settings(),
            window: self.window,
            given: &self.given,
            progress: &self.progress,
            accounts: &self.accounts,
            key_accounts: self.run.key_accounts(),
            partition: &self.partition,
        }
    }

    /// Plans the next round.
    pub(super) fn plan(&self) -> Plan {
        let addresses: Vec<(Indicator, i64)> = self
            .addresses
            .iter()
            .filter_map(|(address, uses)| uses.search(address))
            .collect();
        self.planner().plan(&self.lineage, &addresses)
    }

    /// Returns the report. `sources` are the judged log sources of the run.
    pub(super) fn report(
        &self,
        source: MergeSource<'_>,
        sources: &Sources,
    ) -> Result<FollowReport, CommandError> {
        let round_gaps = source.reader.round_gaps()?;
        let coverage = FollowCoverage {
            cloudtrail: &sources.cloudtrail,
            round_gaps: &round_gaps,
            is_truncated: self.run.is_truncated(),
        };
        let open_ends = find_open_ends(&self.lineage, &self.planner(), coverage);
        let mut report = FollowReport::new(&self.lineage, &self.progress, open_ends);
        let addresses = self.addresses.iter();
        report.addresses = addresses
            .filter_map(|(address, uses)| uses.report(address))
            .collect();
        Ok(report)
    }
}

/// Passes each stored sighting with its details to `use_row`.
fn each_sighting(
    source: MergeSource<'_>,
    mut use_row: impl FnMut(&StoredRow, &EventDetails<'_>),
) -> Result<(), CommandError> {
    stored_sightings(source, |row| {
        let found = &row.found;
        let details = event_details(
            &found.message,
            &row.account.to_string(),
            row.region.as_str(),
            found.timestamp_ms,
        );
        use_row(row, &details);
    })?;
    Ok(())
}
