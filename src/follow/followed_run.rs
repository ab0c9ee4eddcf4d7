//! What a run says about its lineage so far: the identities from which it starts, and the records of
//! calls that issue credentials or extend access.

use std::collections::{BTreeMap, BTreeSet};

use super::report::AddressUse;
use crate::lineage::{Identity, Lineage, LineageRecord, Start, follow_lineage_with_outsiders};
use crate::settings::FollowSettings;
use crate::store::{FactError, RunFacts, StoredRow, TrailDeliveries};
use dragnet_model::{
    AccountId, Arn, EventDetails, Indicator, IndicatorKind, IndicatorValue, TimeWindow,
};

/// How many records, starts and keys are kept. A run can have millions of sightings.
const MAX_RECORDS: usize = 100_000;

/// The records of a run that follows credentials.
#[derive(Debug)]
pub struct FollowedRun {
    settings: FollowSettings,
    window: TimeWindow,
    /// The names of the indicators that were given.
    given: BTreeSet<String>,
    trails: TrailDeliveries,
    /// The accounts of the organization, as far as they are known.
    members: BTreeSet<AccountId>,
    starts: BTreeMap<String, Start>,
    records: Vec<LineageRecord>,
    key_accounts: BTreeMap<String, AccountId>,
    is_truncated: bool,
}

impl FollowedRun {
    /// A run without records. `members` are the accounts of the organization.
    ///
    /// # Errors
    /// The facts of the run are missing or damaged.
    pub fn new(
        facts: &RunFacts,
        trails: TrailDeliveries,
        members: BTreeSet<AccountId>,
    ) -> Result<Self, FactError> {
        let mut run = Self {
            settings: facts.follow.get_as()?,
            window: facts.window()?,
            given: facts.indicators.get()?.into_iter().collect(),
            trails,
            members,
            starts: BTreeMap::new(),
            records: Vec::new(),
            key_accounts: BTreeMap::new(),
            is_truncated: false,
        };
        let from_ms = run.start_ms();
        for indicator in indicators_of_run(facts)? {
            let identity = match indicator.value() {
                IndicatorValue::AccessKey(key) => Some(Identity::Key(key.clone())),
                IndicatorValue::Arn(arn) => Identity::from_arn(arn.as_str()),
                _ => None,
            };
            if let Some(identity) = identity {
                run.add_start(&Start { identity, from_ms });
            }
        }
        Ok(run)
    }

    /// From when the calls of the given identities count.
    fn start_ms(&self) -> i64 {
        self.settings.from_ms.unwrap_or(self.window.from_ms())
    }

    fn add_start(&mut self, start: &Start) {
        let key = start.identity.to_string();
        if self.starts.len() >= MAX_RECORDS && !self.starts.contains_key(&key) {
            self.is_truncated = true;
            return;
        }
        let known = self.starts.entry(key).or_insert_with(|| start.clone());
        known.from_ms = known.from_ms.min(start.from_ms);
    }

    /// Adds a stored sighting. It is ignored if no trail delivered it.
    pub fn add_sighting(&mut self, row: &StoredRow, details: &EventDetails<'_>) {
        if !details.is_cloudtrail() || !self.trails.contains(row) {
            return;
        }
        if let Some(record) = LineageRecord::parse(&row.found.message, details) {
            if self.records.len() < MAX_RECORDS {
                self.records.push(record);
            } else {
                self.is_truncated = true;
            }
        }
        self.add_key_account(details);
        let found = &row.found;
        let is_given = found.indicators.is_empty()
            || found
                .indicators
                .iter()
                .any(|name| self.given.contains(name));
        if is_given && found.matches_actor() && details.succeeded() {
            let start = Start::from_identity(&details.identity, details.time_ms);
            let start = start.filter(|start| start.from_ms >= self.start_ms());
            if let Some(start) = start {
                self.add_start(&start);
            }
        }
    }

    /// Records in which account an access key acts.
    fn add_key_account(&mut self, details: &EventDetails<'_>) {
        let identity = &details.identity;
        let key = &*identity.access_key_id;
        let is_known = key.is_empty() || self.key_accounts.contains_key(key);
        if is_known || self.key_accounts.len() >= MAX_RECORDS {
            return;
        }
        let arn: Option<Arn> = identity.arn.parse().ok();
        if let Some(account) = arn.and_then(|arn| arn.account()) {
            self.key_accounts.insert(key.to_owned(), account);
        }
    }

    /// The settings with which credentials are followed.
    pub fn settings(&self) -> &FollowSettings {
        &self.settings
    }

    /// The accounts of the access keys that acted.
    pub fn key_accounts(&self) -> &BTreeMap<String, AccountId> {
        &self.key_accounts
    }

    /// Whether records were left out because there are too many.
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// Follows the starts through the records that were added.
    pub fn lineage(&self) -> Lineage {
        let starts: Vec<Start> = self.starts.values().cloned().collect();
        follow_lineage_with_outsiders(
            &starts,
            &self.records,
            self.settings.max_identities,
            Some(&self.members),
        )
    }

    /// Adds the address of a stored sighting to the uses of the addresses of the lineage, or the
    /// principal that also uses one of them.
    pub fn add_address(
        &self,
        lineage: &Lineage,
        uses: &mut BTreeMap<String, AddressUse>,
        row: &StoredRow,
        details: &EventDetails<'_>,
    ) {
        // The service of a service's own call is no address.
        let is_address = details.source_ip.parse::<std::net::IpAddr>().is_ok();
        if !is_address || !self.trails.contains(row) || uses.len() >= MAX_RECORDS {
            return;
        }
        let found = uses.entry(details.source_ip.to_string()).or_default();
        match lineage.find_actor(details, &row.found.message) {
            Some(node) => found.add_identity(node.identity.to_string(), details.time_ms),
            None => found.add_other(&details.identity.arn),
        }
    }
}

/// Returns the indicators that a run was given.
///
/// # Errors
/// The facts of the run are missing or damaged.
pub fn indicators_of_run(facts: &RunFacts) -> Result<Vec<Indicator>, FactError> {
    let names = facts.indicators.get()?;
    let kinds = facts.indicator_kinds.get_or_default()?;
    let indicators = names.iter().zip(&kinds).filter_map(|(name, kind)| {
        // Names have their kind only if it would be ambiguous otherwise.
        let text = name.strip_prefix(&format!("{kind}:")).unwrap_or(name);
        Indicator::parse_as(IndicatorKind::from_word(kind)?, text).ok()
    });
    Ok(indicators.collect())
}
