//! Random organizations: what is reported as covered is covered, every planted record is found exactly
//! once, and an organization without gaps raises no alarm.

mod organization;

use std::collections::BTreeSet;

use fastrand::Rng;

use super::{CENTRAL, DEV, IP};
use crate::cases::{cases, seed};
use crate::scenario::{Event, Group};
use crate::world::Run;
use organization::{RandomAccount, RandomOrganization, Recorder, build};

/// The Regions of every account.
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// Returns the account-Regions whose CloudTrail was searched, as `account region`.
fn covered_targets(run: &Run) -> BTreeSet<String> {
    let columns = ["source", "status", "event_account_id", "event_region"];
    let rows = run.columns("sources.csv", &columns);
    rows.into_iter()
        .filter_map(|row| row.strip_prefix("cloudtrail searched ").map(str::to_owned))
        .collect()
}

/// Asserts that each planted record and line that a source has was found once.
fn assert_each_found_once(run: &Run, organization: &RandomOrganization) {
    let columns = ["event_account_id", "event_region", "event_name"];
    let rows = run.columns("sightings.csv", &columns);
    let count = |text: String| rows.iter().filter(|row| row.trim() == text).count();
    let tables = organization.tables();
    for account in &organization.accounts {
        for target in &account.targets {
            let place = format!("{} {}", account.id, target.region);
            let records = account.readable_records(target);
            assert_eq!(
                count(format!("{place} DeleteVolume")),
                records as usize,
                "records of {place}: {rows:?} {tables}"
            );
            let lines = organization.readable_lines(account, target);
            assert_eq!(
                count(place.clone()),
                lines as usize,
                "lines of {place}: {rows:?} {tables}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reported_coverage_is_real_and_every_record_is_found_once() {
    let mut rng = Rng::with_seed(seed());
    let mut covered_in_fact = 0;
    let mut covered_in_report = 0;
    for _ in 0..cases(8) {
        let organization = RandomOrganization::random(&mut rng);
        let run = organization
            .world()
            .sweep(&[IP, "--sources", "logs,history"])
            .await;
        let reported = covered_targets(&run);
        let actual = organization.covered_targets();
        assert!(
            reported.is_subset(&actual),
            "{reported:?} {actual:?} {}",
            organization.tables()
        );
        covered_in_fact += actual.len();
        covered_in_report += reported.len();
        assert_each_found_once(&run, &organization);
    }
    assert!(
        covered_in_report * 100 >= covered_in_fact * 99,
        "{covered_in_report} of {covered_in_fact}"
    );
}

#[tokio::test(start_paused = true)]
async fn organization_without_gaps_raises_no_alarm() {
    let mut rng = Rng::with_seed(seed());
    for _ in 0..cases(4) {
        let mut organization = RandomOrganization::random(&mut rng);
        organization.has_rule = true;
        for account in &mut organization.accounts {
            heal(account, &mut rng);
        }
        let run = organization.world().sweep(&[IP, "--sources", "logs"]).await;
        let tables = organization.tables();
        assert_eq!(run.status(), "complete", "{tables}");
        assert_eq!(
            covered_targets(&run).len(),
            organization.accounts.len() * REGIONS.len(),
            "{tables}"
        );
        let differ = run.columns("sightings.csv", &["copies_differ"]);
        assert!(differ.iter().all(|value| value == "false"), "{differ:?}");
        assert_each_found_once(&run, &organization);
    }
}

/// Removes what would be a gap from an account. Faults that end stay.
fn heal(account: &mut RandomAccount, rng: &mut Rng) {
    account.has_role = true;
    account.has_history = true;
    account.knows_channels = true;
    for target in &mut account.targets {
        target.recorder = *rng.choice(&[Recorder::Trail, Recorder::Channel]).unwrap();
    }
}

/// A line in an application's log group of `dev`.
struct Line {
    region: &'static str,
    hours_ago: u32,
}

impl Line {
    fn random(rng: &mut Rng) -> Self {
        let hours_ago = if rng.bool() {
            rng.u32(2..20)
        } else {
            rng.u32(30..44)
        };
        Self {
            region: rng.choice(REGIONS).unwrap(),
            hours_ago,
        }
    }

    fn table(&self) -> String {
        let Self { region, hours_ago } = self;
        let at = format!("{hours_ago}h ago");
        Event::new(DEV, *region, "/app/web", at, format!("from {IP}"))
            .stream("i-1")
            .to_string()
    }
}

#[tokio::test(start_paused = true)]
async fn events_whose_originals_are_gone_are_found_once_in_the_copies() {
    let mut rng = Rng::with_seed(seed());
    for _ in 0..cases(6) {
        let expiring: Vec<&str> = REGIONS.into_iter().filter(|_| rng.bool()).collect();
        let mut tables: String = REGIONS
            .iter()
            .map(|region| {
                let group = Group::new("dev", "/app/web").region(*region);
                if expiring.contains(region) {
                    group.retention_days(1).to_string()
                } else {
                    group.to_string()
                }
            })
            .collect();
        let has_rule = rng.bool();
        if has_rule {
            tables.push_str(organization::RULE);
        }
        let lines: Vec<Line> = (0..rng.usize(1..6))
            .map(|_| Line::random(&mut rng))
            .collect();
        tables.extend(lines.iter().map(Line::table));
        let world = build(true, &tables);
        let arguments = [
            IP,
            "--account",
            "dev",
            "--sources",
            "logs",
            "--since",
            "48h",
        ];
        let run = world.sweep(&arguments).await;
        let is_kept =
            |line: &&Line| has_rule || line.hours_ago < 24 || !expiring.contains(&line.region);
        let sightings = run.columns("sightings.csv", &["event_account_id"]);
        assert_eq!(
            sightings,
            vec![DEV; lines.iter().filter(is_kept).count()],
            "{tables}"
        );
        let partial = run
            .coverage()
            .iter()
            .filter(|row| row.starts_with(DEV) && row.contains("retention-inside-window"))
            .count();
        assert_eq!(partial, expiring.len(), "{tables}");
        let central = run.coverage().iter().any(|row| row.starts_with(CENTRAL));
        let has_copies = lines.iter().any(|line| expiring.contains(&line.region));
        assert_eq!(central, has_rule && has_copies, "{tables}");
    }
}
