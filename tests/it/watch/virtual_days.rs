//! Runs a schedule for days, with outages, restarts and faults. Every planted event is in exactly
//! one alert, no window is left out, and only the overlap is read twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::station::{Station, WATCH};
use crate::scenario::{Account, Behaviour, Event, Fault, Group, ScenarioBuilder};
use crate::world::record;

const ACCOUNTS: u32 = 20;
const MINUTE: i64 = 60_000;
/// The default overlap, which [`WATCH`] uses.
const OVERLAP_MS: i64 = 15 * MINUTE;

fn start() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn id(account: u32) -> String {
    format!("2222222222{account:02}")
}

/// Returns the organization at `now` with these accounts. The account `closed` has no role for
/// Dragnet.
fn organization(
    now: Timestamp,
    accounts: std::ops::Range<u32>,
    closed: Option<u32>,
    events: &str,
) -> String {
    let mut scenario = ScenarioBuilder::new("days")
        .now(now)
        .with(&Behaviour::new().own_traces(false))
        .organization_trail("us-east-1");
    for number in accounts {
        let name = format!("a{number}");
        let mut account = Account::new(id(number), &name);
        if closed == Some(number) {
            account = account.lacks_roles(["DragnetRead"]);
        }
        scenario = scenario.with(&account).with(&Group::new([name], "/app"));
    }
    scenario.toml() + events
}

/// A planted event: its account, its event time, and how many minutes later it can be read.
struct Planted {
    account: u32,
    at: Timestamp,
    late: i64,
    number: usize,
}

impl Planted {
    fn message(&self) -> String {
        let Self {
            account,
            at,
            number,
            ..
        } = self;
        // Every second event is a CloudTrail record, which is in the log group of its account and
        // in that of the organization's trail.
        match number % 2 {
            0 => format!("login {number} from 192.0.2.1"),
            _ => record(
                &format!("e{number}"),
                &id(*account),
                "us-east-1",
                &at.to_string(),
                "192.0.2.1",
            ),
        }
    }

    fn is_record(&self) -> bool {
        self.number % 2 == 1
    }

    fn to_toml(&self) -> String {
        let ingested = self.at + SignedDuration::from_mins(self.late);
        let event = |account: &str, group: &str| {
            Event::new(
                account,
                "us-east-1",
                group,
                self.at.to_string(),
                self.message(),
            )
            .ingested(ingested.to_string())
            .to_string()
        };
        let own = event(&id(self.account), "/app");
        if self.is_record() {
            own + &event("111111111111", "/trail")
        } else {
            own
        }
    }
}

/// The planted events of several days, the files of the watch, and the current time.
struct Story {
    station: Station,
    planted: Vec<Planted>,
    now: Timestamp,
}

impl Story {
    fn new(days: i64, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let minutes = days * 24 * 60;
        let planted = (0..usize::try_from(days * 24).unwrap()).map(|number| {
            let minute = random.i64(0..minutes - 120);
            // Half of the events are on a whole minute, where windows may end.
            let second = if random.bool() { 0 } else { random.i64(0..60) };
            let at = start() + SignedDuration::from_secs(minute * 60 + second);
            Planted {
                account: random.u32(0..ACCOUNTS),
                at,
                late: random.i64(0..16),
                number,
            }
        });
        Self {
            station: Station::configured(WATCH),
            planted: planted.collect(),
            now: start(),
        }
    }

    fn events_of(&self, accounts: &std::ops::Range<u32>) -> String {
        self.planted
            .iter()
            .filter(|planted| accounts.contains(&planted.account))
            .map(Planted::to_toml)
            .collect()
    }

    /// Runs a process over these accounts for `minutes`. `more` is added to the scenario.
    async fn run(
        &mut self,
        minutes: i64,
        accounts: std::ops::Range<u32>,
        closed: Option<u32>,
        more: &str,
    ) {
        let events = self.events_of(&accounts) + more;
        let process = self
            .station
            .start(&organization(self.now, accounts, closed, &events));
        let time = SignedDuration::from_mins(minutes);
        process.run_for(Duration::try_from(time).unwrap()).await;
        drop(process);
        assert_eq!(
            open_files_below(self.station.path()),
            Vec::<PathBuf>::new(),
            "every file is closed"
        );
        self.now += time;
    }

    /// Lets time pass while no process is running.
    fn pause(&mut self, minutes: i64) {
        self.now += SignedDuration::from_mins(minutes);
    }

    /// Runs with an outage of the watch, and with accounts that cannot be read for a while.
    async fn run_with_outages(&mut self) {
        self.pause(500);
        self.run(90, 0..ACCOUNTS, None, "").await;
        // For a while, an account has no role and the log groups of two others cannot be read. The
        // process restarts in between.
        let faults = read_fault(&id(5)) + &read_fault("111111111111");
        self.run(100, 0..ACCOUNTS, Some(3), &faults).await;
        self.run(77, 0..ACCOUNTS, Some(3), "").await;
    }

    /// Runs with a short outage a day until the day before `end`, and checks the memory.
    async fn run_until_last_day(&mut self, days: i64, end: Timestamp) {
        let after_a_day = resident_kib();
        let day = 24 * 60;
        while self.now + SignedDuration::from_mins(day) < end {
            self.run(day - 33, 0..ACCOUNTS, None, "").await;
            self.pause(33);
        }
        let at_the_end = resident_kib();
        println!("after a day {after_a_day} KiB, at the end {at_the_end} KiB");
        // With thirty days, this test is alone in its process, so its memory can be judged.
        assert!(
            days < 30 || at_the_end - after_a_day < 64 << 10,
            "memory grows"
        );
    }

    fn check(&self) {
        let mut alerted: Vec<String> = self.station.alerted_messages();
        alerted.sort();
        // The account that joins late and leaves early only has events while it is a member.
        let mut expected: Vec<String> = self.planted.iter().map(Planted::message).collect();
        expected.sort();
        let missing: Vec<&String> = expected
            .iter()
            .filter(|message| !alerted.contains(message))
            .collect();
        assert!(missing.is_empty(), "no alert: {missing:#?}");
        assert_eq!(alerted, expected, "more than one alert");
        let alerts = self.station.alerts();
        let ids: BTreeSet<&str> = alerts
            .iter()
            .map(|alert| alert["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), alerts.len(), "each alert is delivered once");
        windows_follow_each_other(&self.station.path().join("state/runs"));
    }
}

/// Returns the files in a folder that this process has open.
fn open_files_below(folder: &Path) -> Vec<PathBuf> {
    let open = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    open.filter(|path| path.starts_with(folder)).collect()
}

/// Returns the resident memory of this process, in KiB.
fn resident_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Asserts that each log group was read without a gap, and at most 5 % of it twice, beyond the
/// overlap.
fn windows_follow_each_other(runs: &Path) {
    let mut read: BTreeMap<(String, String), Vec<(i64, i64)>> = BTreeMap::new();
    for run in std::fs::read_dir(runs).unwrap() {
        let database = rusqlite::Connection::open(run.unwrap().path().join("run.db")).unwrap();
        let mut select = database
            .prepare(
                "SELECT account, location, from_ms, to_ms FROM unit JOIN place ON place.id = unit.place
                 WHERE status = 'searched'",
            )
            .unwrap();
        let rows = select
            .query_map([], |row| {
                Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?)))
            })
            .unwrap();
        for (group, window) in rows.map(Result::unwrap) {
            read.entry(group).or_default().push(window);
        }
    }
    let mut covered = 0;
    let mut twice = 0;
    for (group, mut windows) in read {
        windows.sort_unstable();
        let first = windows[0].0;
        let mut until = first;
        for &(from, to) in &windows {
            assert!(
                from <= until,
                "{group:?}: a gap of {} minutes",
                (from - until) / MINUTE
            );
            twice += (until.min(to) - from - OVERLAP_MS).max(0);
            until = until.max(to);
        }
        covered += until - first;
    }
    println!("read {covered} ms, of which {twice} ms twice beyond the overlap");
    assert!(twice * 20 <= covered, "{twice} of {covered}");
}

/// The days of the test: two in every test run, and thirty in CI (`DRAGNET_WATCH_DAYS=30`).
fn days_to_run() -> i64 {
    std::env::var("DRAGNET_WATCH_DAYS").map_or(2, |days| days.parse().unwrap())
}

fn seed() -> u64 {
    let seed = crate::cases::seed();
    println!("DRAGNET_SEED={seed}");
    seed
}

/// Returns a fault that fails every `FilterLogEvents` call in this account.
fn read_fault(account: &str) -> String {
    Fault::new("FilterLogEvents", "server-error")
        .account(account)
        .to_string()
}

#[tokio::test(start_paused = true)]
async fn every_event_raises_one_alert_and_no_window_is_left_out() {
    let days = days_to_run();
    let mut story = Story::new(days, seed());
    let end = start() + SignedDuration::from_hours(24 * days);
    // The last account joins on the first day and leaves on the last. It has no events before or
    // after.
    let last = ACCOUNTS - 1;
    let joins = start() + SignedDuration::from_mins(300);
    let leaves = end - SignedDuration::from_mins(420);
    story.planted.retain(|p| {
        p.account != last || (joins < p.at && p.at < leaves - SignedDuration::from_mins(60))
    });
    story.run(300, 0..last, None, "").await;
    story.run(330, 0..ACCOUNTS, None, "").await;
    story.run_with_outages().await;
    story.run_until_last_day(days, leaves).await;
    let minutes = |until: Timestamp, now: Timestamp| until.duration_since(now).as_secs() / 60;
    story
        .run(minutes(leaves, story.now), 0..ACCOUNTS, None, "")
        .await;
    story.run(minutes(end, story.now), 0..last, None, "").await;
    story.check();
    let titles: BTreeSet<String> = story
        .station
        .titles()
        .into_iter()
        .filter(|title| title.starts_with("coverage-"))
        .collect();
    assert_eq!(
        titles.into_iter().collect::<Vec<_>>(),
        [
            "coverage-lost: ip: account 222222222203 (a3) is no longer covered",
            "coverage-lost: ip: account 222222222219 (a19) is no longer covered",
            "coverage-regained: ip: account 222222222203 (a3) is covered again",
        ]
    );
}
