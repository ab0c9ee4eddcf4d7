//! Random organizations with every mix of log sources: the reported coverage is the actual one, and
//! every planted record that can be read is found once, however many copies there are.

mod access_log;
mod flow_log;
mod oracle;
pub(crate) mod organization;

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use super::sweeps::IP;
use crate::cases::{cases, seed};
use crate::world::{Run, World};
use oracle::{Presence, Selection};
use organization::{FROM, Organization};

const SELECTIONS: [Selection; 7] = [
    Selection("auto"),
    Selection("logs"),
    Selection("s3"),
    Selection("history"),
    Selection("logs,s3"),
    Selection("history,s3"),
    Selection("history,logs,s3"),
];

/// What a sweep reports.
struct Report {
    /// How often each CloudTrail record was found, by its account-Region and time.
    records: BTreeMap<String, u32>,
    /// How often each line of a flow log or access log was found.
    lines: BTreeMap<String, u32>,
    /// The account-Regions for which a row says that their management events were searched.
    covered: BTreeSet<String>,
    /// The number of account-Regions whose management events were searched, perhaps by several log
    /// sources together.
    covered_targets: u64,
    covered_flows: BTreeSet<String>,
    /// The folders of trails that were searched completely.
    folders: BTreeSet<String>,
}

impl Report {
    fn read(run: &Run) -> Self {
        let targets = run.columns(
            "sightings.csv",
            &["event_account_id", "event_region", "event_time"],
        );
        let messages = run.columns("sightings.csv", &["message"]);
        let mut records: BTreeMap<String, u32> = BTreeMap::new();
        let mut lines: BTreeMap<String, u32> = BTreeMap::new();
        for (target, message) in targets.into_iter().zip(messages) {
            // An object that is cut off may end within a record that matches. It is shown as it is.
            if message.starts_with('{') && !message.ends_with('}') {
                continue;
            }
            let count = if message.starts_with('{') {
                records.entry(target).or_default()
            } else {
                lines.entry(message).or_default()
            };
            *count += 1;
        }
        let searched = |kind: &str| -> BTreeSet<String> {
            let columns = ["source", "status", "event_account_id", "event_region"];
            let rows = run.columns("sources.csv", &columns).into_iter();
            let prefix = format!("{kind} searched ");
            rows.filter_map(|row| row.strip_prefix(&prefix).map(str::to_owned))
                .collect()
        };
        let columns = ["source", "status", "account_id", "region", "bucket_prefix"];
        let folders = run.columns("coverage.csv", &columns).into_iter();
        let folders = folders
            .filter(|row| row.contains("/CloudTrail/"))
            .filter_map(|row| row.strip_prefix("s3 searched ").map(str::to_owned));
        let statuses = &run.summary()["sources"]["targets"];
        Self {
            records,
            lines,
            covered: searched("cloudtrail"),
            covered_targets: statuses["searched"].as_u64().unwrap_or(0),
            covered_flows: searched("vpc-flow"),
            folders: folders.collect(),
        }
    }
}

/// Sweeps an organization, and compares the report with what the oracle knows.
async fn check_report(organization: &Organization, selection: Selection) {
    let world = World::from_toml(&organization.scenario());
    let arguments = [
        IP,
        "--from",
        FROM,
        "--require",
        "management,flow",
        "--sources",
        selection.0,
    ];
    let report = Report::read(&world.sweep(&arguments).await);
    let context = format!("--sources {}: {organization:#?}", selection.0);

    let expected = organization.coverage(selection);
    assert_eq!(report.covered, expected.rows, "{context}");
    assert_eq!(report.covered_targets, expected.targets, "{context}");
    let flows = organization.covered_flow_logs(selection);
    let flow_targets: BTreeSet<String> = flows.iter().map(|flow| flow.target_text()).collect();
    assert_eq!(report.covered_flows, flow_targets, "{context}");
    let requests = organization.read_access_logs(selection);
    let requests = requests.iter().map(|log| (log.line(), 1));
    let lines = flows.iter().map(|flow| (flow.line(), 1));
    let lines: BTreeMap<String, u32> = lines.chain(requests).collect();
    assert_eq!(report.lines, lines, "{context}");
    if !selection.is_auto() {
        let folders = organization.searched_folders(selection);
        assert_eq!(report.folders, folders, "{context}");
    }
    check_records(organization, selection, &report, &context);
}

/// Every record is found once if it can be read, and never otherwise.
fn check_records(
    organization: &Organization,
    selection: Selection,
    report: &Report,
    context: &str,
) {
    let mut expected = BTreeSet::new();
    for call in &organization.calls {
        let row = call.row();
        let found = report.records.get(&row).copied().unwrap_or_default();
        let presence = organization.presence(call, selection);
        assert!(found <= 1, "{row} was found {found} times: {context}");
        if presence == Presence::Absent {
            assert_eq!(found, 0, "{row} cannot be read: {context}");
        }
        // By default, only what nothing else covers is looked for in several places.
        let is_due = !selection.is_auto() || organization.is_covered(call.target, selection);
        if presence == Presence::Readable && is_due {
            assert_eq!(found, 1, "{row} can be read: {context}");
        }
        if organization.is_covered(call.target, selection) && call.is_in_window() {
            assert_eq!(found, 1, "{row} is covered: {context}");
        }
        expected.insert(row);
    }
    for placed in &organization.placed {
        let row = placed.row();
        let found = report.records.get(&row).copied().unwrap_or_default();
        let is_readable = organization.reads_placed(placed) && selection.allows("s3");
        assert!(found <= u32::from(is_readable), "{row}: {context}");
        if is_readable && !selection.is_auto() {
            assert_eq!(found, 1, "{row}: {context}");
        }
        expected.insert(row);
    }
    let unknown = report.records.keys().find(|row| !expected.contains(*row));
    assert_eq!(unknown, None, "it was not planted: {context}");
}

#[tokio::test(start_paused = true)]
async fn reported_coverage_is_the_actual_coverage() {
    let mut rng = Rng::with_seed(seed());
    for (_, selection) in (0..cases(14)).zip(SELECTIONS.into_iter().cycle()) {
        let organization = Organization::random(&mut rng);
        Box::pin(check_report(&organization, selection)).await;
    }
}

#[test]
fn random_organizations_have_every_mix() {
    let mut rng = Rng::with_seed(seed());
    let organizations: Vec<Organization> =
        (0..3_000).map(|_| Organization::random(&mut rng)).collect();
    let has = |what: &dyn Fn(&Organization) -> bool| organizations.iter().any(what);
    assert!(has(&|organization| organization.trails.is_empty()));
    assert!(has(&|organization| organization.trails.len() > 2));
    assert!(has(&|organization| !organization.placed.is_empty()));
    assert!(has(&|organization| organization.denied.is_some()));
    assert!(has(&|organization| {
        !organization.read_access_logs(Selection("s3")).is_empty()
    }));
    // Two trails of one account that deliver to the same folder.
    assert!(has(&|organization| {
        let trails = organization.trails.iter();
        let places = trails.map(|trail| (trail.owner, trail.bucket_owner, trail.root()));
        places.collect::<BTreeSet<_>>().len() < organization.trails.len()
    }));
    // Trails that are complete only together.
    let s3 = Selection("s3");
    assert!(has(&|organization| {
        let coverage = organization.coverage(s3);
        coverage.targets > coverage.rows.len() as u64
    }));
    assert!(has(&|organization| {
        let mut calls = organization.calls.iter();
        calls.any(|call| organization.presence(call, s3) == Presence::Unsure)
    }));
}
