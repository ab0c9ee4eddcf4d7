//! Random calls and log sources: attribute lookups find what reading everything finds, and no record
//! of a covered account-Region is missing.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::{ACCOUNTS, IP, REGIONS, call, covered, denied_in_dev, world};
use crate::cases::{cases, seed};
use crate::scenario::{Fault, Trail};
use crate::world::World;

/// A call that is planted in the history of an account-Region.
struct PlantedCall {
    account: &'static str,
    region: &'static str,
    at: String,
    action: &'static str,
}

const ACTIONS: [&str; 3] = ["DeleteBucket", "ListBuckets", "PutBucketPolicy"];

impl PlantedCall {
    /// A call at a time of its own, inside or before the window that starts at noon of 1 March.
    fn random(rng: &mut Rng, number: usize) -> Self {
        let day = rng.usize(1..=2);
        let hour = rng.usize(0..11);
        let minute = number / 60;
        let second = number % 60;
        Self {
            account: rng.choice(ACCOUNTS).unwrap(),
            region: rng.choice(REGIONS).unwrap(),
            at: format!("2026-03-0{day}T{hour:02}:{minute:02}:{second:02}Z"),
            action: rng.choice(ACTIONS).unwrap(),
        }
    }

    fn is_in_window(&self) -> bool {
        self.at.as_str() >= "2026-03-01T12:00:00Z"
    }

    fn record(&self) -> String {
        call(self.account, self.region, &self.at, self.action).to_string()
    }

    /// The row as which a report shows it.
    fn row(&self) -> String {
        let at = self.at.replace('Z', ".000Z");
        format!("{} {} {at}", self.account, self.region)
    }
}

fn random_calls(rng: &mut Rng) -> Vec<PlantedCall> {
    let number = rng.usize(0..200);
    (0..number)
        .map(|number| PlantedCall::random(rng, number))
        .collect()
}

/// Runs a hunt over the event history, and returns its rows.
async fn hunt(world: &World, query: &str) -> BTreeSet<String> {
    let arguments = [
        "--query-string",
        query,
        "--from",
        "2026-03-01T12:00:00Z",
        "--sources",
        "history",
    ];
    let run = world.sweep(&arguments).await;
    let columns = ["event_account_id", "event_region", "event_time"];
    let rows = run.columns("hunts/query-string.csv", &columns);
    let number = rows.len();
    let rows: BTreeSet<String> = rows.into_iter().collect();
    assert_eq!(rows.len(), number, "no event has two rows");
    rows
}

#[tokio::test(start_paused = true)]
async fn attribute_lookups_find_what_reading_everything_finds() {
    let mut rng = Rng::with_seed(seed());
    for _ in 0..cases(10) {
        let calls = random_calls(&mut rng);
        let records: String = calls.iter().map(PlantedCall::record).collect();
        let world = world(&records);
        let action = *rng.choice(&ACTIONS).unwrap();
        let looked_up = hunt(&world, &format!("filter eventName = \"{action}\"")).await;
        let expected: BTreeSet<String> = calls
            .iter()
            .filter(|call| call.is_in_window() && call.action == action)
            .map(PlantedCall::row)
            .collect();
        assert_eq!(looked_up, expected, "{action}: {records}");
        let everything = hunt(&world, &format!("filter eventName like /^{action}$/")).await;
        assert_eq!(everything, expected, "{action}: {records}");
    }
}

/// A trail of a random account, and faults of the event history.
fn random_sources(rng: &mut Rng) -> String {
    let account = *rng.choice(&ACCOUNTS).unwrap();
    let trail = Trail::new("own", account, *rng.choice(&REGIONS).unwrap())
        .multi_region(rng.bool())
        .log_group("/trail")
        .records(*rng.choice(&["All", "WriteOnly", "ReadOnly"]).unwrap());
    let trail = if rng.bool() {
        trail.logging(false)
    } else {
        trail
    };
    let mut tables = trail.to_string();
    if rng.bool() {
        tables.push_str(&denied_in_dev());
    }
    if rng.u8(0..4) == 0 {
        tables.push_str(&Fault::denied("FilterLogEvents").account(account));
    }
    tables
}

#[tokio::test(start_paused = true)]
async fn every_record_of_a_covered_account_region_is_found() {
    let mut rng = Rng::with_seed(seed());
    for _ in 0..cases(10) {
        let calls = random_calls(&mut rng);
        let sources = random_sources(&mut rng);
        let records: String = calls.iter().map(PlantedCall::record).collect();
        let world = world(&(records + &sources));
        let window = ["--from", "2026-03-01T12:00:00Z", "--require", "management"];
        let run = world.sweep(&[&[IP][..], &window[..]].concat()).await;
        let columns = ["event_account_id", "event_region", "event_time"];
        let found: BTreeSet<String> = run.columns("sightings.csv", &columns).into_iter().collect();
        let covered = covered(&run);
        for call in calls.iter().filter(|call| call.is_in_window()) {
            let target = format!("{} {}", call.account, call.region);
            let is_found = found.contains(&call.row());
            assert!(
                is_found || !covered.contains(&target),
                "{}: {sources}",
                call.row()
            );
        }
        let is_dev_denied = sources.contains("LookupEvents");
        for target in ACCOUNTS
            .iter()
            .filter(|account| !(is_dev_denied && **account == "333333333333"))
            .flat_map(|account| REGIONS.map(|region| format!("{account} {region}")))
        {
            assert!(covered.contains(&target), "{target}: {sources}");
        }
    }
}
