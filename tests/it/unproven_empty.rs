//! Lists that are absent although it is not known whether AWS leaves them out when they are empty:
//! confirmed by something else, or reported as a gap. And pages of events that end although a log
//! stream was not searched completely.

use dragnet::report::write_run_report;

use crate::incomplete_answers::{archive, organization};
use crate::scenario::{Event, Fault, Group};
use crate::world::{REPORT_SOURCES, Run, World};

const SWEEP: [&str; 5] = ["192.0.2.1", "--since", "24h", "--sources", "logs"];

/// An organization trail, which records all accounts.
const TRAIL: &str = r#"
[[trails]]
name = "organization"
account = "111111111111"
home = "us-east-1"
organization = true
log_group = "/trail"
"#;

/// Removes a list from all responses to an operation.
fn absent(operation: &str, list: &str) -> Fault {
    Fault::incomplete(operation, "without-member").member(list)
}

/// Returns the rows about CloudTrail of `sources.csv`: status and reason.
fn cloudtrail(run: &Run) -> Vec<String> {
    let rows = run.columns("sources.csv", &["source", "status", "reason"]);
    rows.into_iter()
        .filter_map(|row| row.strip_prefix("cloudtrail ").map(str::to_owned))
        .collect()
}

/// Returns the run report as one line.
fn report_line(run: &Run) -> String {
    let mut page = Vec::new();
    let report = run.outputs.files.run_report("run", false);
    write_run_report(&report, &mut page).unwrap();
    let text = String::from_utf8(page).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns an organization with an archive, which only Insights can read, in each of 20 accounts.
fn twenty_archives() -> String {
    let groups = Group::new("m-*", "/archive").class("INFREQUENT_ACCESS");
    let event = |number: u32| {
        Event::new(
            format!("2222222222{number:02}"),
            "us-east-1",
            "/archive",
            "2h ago",
            "from 192.0.2.1",
        )
        .to_string()
    };
    let events: Vec<String> = (0..20).map(event).collect();
    format!("{}{groups}{}", organization(20, 1), events.concat())
}

#[tokio::test(start_paused = true)]
async fn absent_list_of_trails_is_confirmed_by_list_trails() {
    let world = World::from_toml(&(organization(2, 1) + &absent("DescribeTrails", "trailList")));
    let run = world.sweep(&SWEEP).await;
    assert_eq!(cloudtrail(&run), ["no-source", "no-source", "no-source"]);
    assert_eq!(
        (world.calls("DescribeTrails"), world.calls("ListTrails")),
        (21, 3),
        "seven attempts per account-Region, then the confirmation"
    );
}

#[tokio::test(start_paused = true)]
async fn absent_list_of_trails_is_a_gap_unless_it_is_confirmed() {
    let denied = Fault::denied("ListTrails");
    for (content, finding) in [
        (TRAIL.to_owned(), "ListTrails lists trails"),
        (
            absent("ListTrails", "Trails").to_string(),
            "ListTrails cannot confirm it: UnprovenEmpty",
        ),
        (
            denied.to_string(),
            "ListTrails cannot confirm it: AccessDenied",
        ),
    ] {
        let absent_trails = absent("DescribeTrails", "trailList");
        let scenario = format!("{}{absent_trails}{content}", organization(2, 1));
        let run = World::from_toml(&scenario).sweep(&SWEEP).await;
        let rows = cloudtrail(&run);
        assert_eq!(rows.len(), 3, "{rows:?}");
        for row in rows {
            assert!(
                row.starts_with("failed unproven-empty: DescribeTrails") && row.contains(finding),
                "{row}"
            );
        }
        assert_eq!(run.status(), "incomplete");
    }
}

#[tokio::test(start_paused = true)]
async fn trails_that_are_listed_once_need_no_confirmation() {
    let once = absent("DescribeTrails", "trailList").times(1);
    let world = World::from_toml(&format!("{}{TRAIL}{once}", organization(2, 1)));
    let run = world.sweep(&SWEEP).await;
    assert_eq!(cloudtrail(&run), ["searched", "searched", "searched"]);
    assert_eq!(world.calls("ListTrails"), 0);
}

#[tokio::test(start_paused = true)]
async fn twenty_unproven_empty_lists_are_one_line_of_the_report() {
    let content = [
        twenty_archives(),
        absent("GetQueryResults", "results").into(),
        absent("DescribeTrails", "trailList").into(),
        absent("ListTrails", "Trails").into(),
    ];
    let run = World::from_toml(&content.concat())
        .sweep(&[&SWEEP[..], &["--require", "all"]].concat())
        .await;
    let rows = run.columns("coverage.csv", &["status", "reason"]);
    let unproven = rows
        .iter()
        .filter(|row| row.starts_with("failed unproven-empty: GetQueryResults"));
    assert_eq!(unproven.count(), 20, "{rows:?}");
    let report = report_line(&run);
    assert!(
        report.contains("failed 20 log groups in 20 accounts: unproven-empty: GetQueryResults in account <account>"),
        "{report}"
    );
    assert_eq!(
        report.matches("unproven-empty").count(),
        1,
        "one line: {report}"
    );
    assert!(
        report.contains(
            "failed 21 account-Regions in 21 accounts: the log source could not be described"
        ),
        "{report}"
    );
}

/// The statistics of a query count its rows. If there are none, an absent list is empty.
#[tokio::test(start_paused = true)]
async fn absent_rows_of_a_query_without_rows_are_no_gap() {
    let scenario = archive(5) + &absent("GetQueryResults", "results");
    let world = World::from_toml(&scenario).with_config(REPORT_SOURCES);
    let run = world.sweep(&["192.0.2.9", "--since", "24h"]).await;
    assert_eq!(run.status(), "complete", "{:?}", run.coverage());
    let run = world.sweep(&SWEEP).await;
    assert_eq!(run.status(), "incomplete");
}

/// AWS has not reported unsearched streams since 2020. If a server does and ends the pages, what it
/// returned is kept, and the rest is a gap.
#[tokio::test(start_paused = true)]
async fn unsearched_stream_on_the_last_page_is_partial() {
    let fault = Fault::incomplete("FilterLogEvents", "unsearched-stream").account("222222222201");
    let scenario = organization(2, 1);
    let world = World::from_toml(&format!("{scenario}{fault}")).with_config(REPORT_SOURCES);
    let run = world.sweep(&SWEEP).await;
    assert_eq!(run.status(), "incomplete");
    let row = run.coverage_row("222222222201 us-east-1 /app");
    assert!(
        row.starts_with("222222222201 us-east-1 /app partial stream-not-searched"),
        "{row}"
    );
    let messages = run.columns("sightings.csv", &["message"]);
    assert_eq!(messages.len(), 17, "the events of all pages are kept");
    // A resumed run reads the log group again, and finds no event twice.
    let healthy = world.restarted_with(&scenario);
    let resumed = healthy.resume(&run.outputs.directory).await.unwrap();
    assert_eq!(resumed.status(), "complete", "{:?}", resumed.coverage());
    let after = resumed.columns("sightings.csv", &["message"]);
    assert_eq!(after, messages);
}
