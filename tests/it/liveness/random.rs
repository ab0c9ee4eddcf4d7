//! Random organizations: what the check reports is what was deleted, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use super::{ACCOUNTS, IP, REGIONS, organization_trail, scenario};
use crate::cases::{cases, seed};
use crate::scenario::{Record, Trail};
use crate::world::{Run, World};

/// A call, some minutes before the range starts.
struct PlantedCall {
    account: &'static str,
    region: &'static str,
    minutes_ago: u32,
    service: &'static str,
    read_only: bool,
}

impl PlantedCall {
    fn random(rng: &mut Rng) -> Self {
        Self {
            account: rng.choice(ACCOUNTS).unwrap(),
            region: rng.choice(REGIONS).unwrap(),
            minutes_ago: rng.u32(30..1_400),
            service: rng.choice(["s3", "iam", "kms", "ec2"]).unwrap(),
            read_only: rng.bool(),
        }
    }

    fn record(&self) -> String {
        let bob = format!("arn:aws:iam::{}:user/bob", self.account);
        let at = format!("{}m ago", self.minutes_ago);
        Record::new(self.account, self.region, at, bob)
            .call(self.service, "SomeCall")
            .ip("198.51.100.1")
            .read_only(self.read_only)
            .to_string()
    }
}

/// What somebody deleted from the log group: records of these accounts and Regions that are older.
struct Deletion {
    minutes_ago: u32,
    accounts: Vec<&'static str>,
    regions: Vec<&'static str>,
}

impl Deletion {
    fn random(rng: &mut Rng) -> Self {
        let accounts = rng.usize(1..=3);
        let regions = rng.usize(1..=2);
        Self {
            minutes_ago: rng.u32(1..1_500),
            accounts: rng.choose_multiple(ACCOUNTS, accounts),
            regions: rng.choose_multiple(REGIONS, regions),
        }
    }

    fn has_deleted(&self, call: &PlantedCall) -> bool {
        call.minutes_ago > self.minutes_ago
            && self.accounts.contains(&call.account)
            && self.regions.contains(&call.region)
    }

    fn trail(&self) -> Trail {
        organization_trail()
            .emptied(format!("{}m ago", self.minutes_ago))
            .emptied_accounts(self.accounts.as_slice())
            .emptied_regions(self.regions.as_slice())
    }
}

/// Returns the liveness of each account-Region.
fn liveness(run: &Run) -> BTreeMap<String, String> {
    let columns = ["source", "event_account_id", "event_region", "liveness"];
    run.columns("sources.csv", &columns)
        .into_iter()
        .filter_map(|row| {
            let row = row.strip_prefix("cloudtrail ")?;
            let (target, liveness) = row.rsplit_once(' ')?;
            Some((target.to_owned(), liveness.to_owned()))
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn deleted_records_are_reported_where_they_happened_and_nowhere_else() {
    let mut rng = Rng::with_seed(seed());
    for _ in 0..cases(10) {
        let calls: Vec<PlantedCall> = (0..rng.usize(0..40))
            .map(|_| PlantedCall::random(&mut rng))
            .collect();
        let deletion = rng.bool().then(|| Deletion::random(&mut rng));
        let selected = *rng.choice(&["All", "WriteOnly"]).unwrap();
        let trail = deletion
            .as_ref()
            .map_or_else(organization_trail, Deletion::trail)
            .records(selected);
        let records: String = calls.iter().map(PlantedCall::record).collect();
        let world = World::from_toml(&scenario(&trail).with(&records).toml());
        let run = world.sweep(&[IP, "--sources", "logs"]).await;
        let found = liveness(&run);
        for target in ACCOUNTS
            .iter()
            .flat_map(|account| REGIONS.map(|region| format!("{account} {region}")))
        {
            let delivered: Vec<&PlantedCall> = calls
                .iter()
                .filter(|call| format!("{} {}", call.account, call.region) == target)
                .filter(|call| selected == "All" || !call.read_only)
                .collect();
            let is_deleted =
                |call: &&PlantedCall| deletion.as_ref().is_some_and(|one| one.has_deleted(call));
            let expected = if delivered.is_empty() {
                "quiet"
            } else if delivered.iter().any(is_deleted) {
                "records-missing"
            } else {
                "confirmed"
            };
            assert_eq!(found[&target], expected, "{target}: {trail}: {records}");
        }
        assert!(calls_are_few(&world, &calls), "{records}");
    }
}

/// Whether the check makes at most one call for each event history, and few for the log group.
fn calls_are_few(world: &World, calls: &[PlantedCall]) -> bool {
    let targets: BTreeSet<(&str, &str)> = calls
        .iter()
        .map(|call| (call.account, call.region))
        .collect();
    // The search itself, the trail-integrity pass, and the check with both margins.
    let most = 3 + 4 * targets.len() as u64;
    world.calls("LookupEvents") == 6 && world.calls("FilterLogEvents") <= most
}
