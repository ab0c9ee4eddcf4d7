//! Successful responses that lack what AWS always writes. Whatever is cut from them, a search that
//! reports to be complete has found everything.

use crate::scenario::{Account, Behaviour, Event, Fault, Group, ScenarioBuilder};
use crate::watch::station::{Station, WATCH};
use crate::world::{REPORT_SOURCES, World};

const IP: &str = "192.0.2.1";
const SWEEP: [&str; 3] = [IP, "--since", "24h"];

/// Returns an organization in which two log groups have three pages of events. A page has 20
/// accounts or 50 log groups.
pub(crate) fn organization(members: u32, log_groups: u32) -> String {
    let behaviour = Behaviour::new()
        .own_traces(false)
        .empty_pages(false)
        .events_scanned_a_page(3);
    let mut text = ScenarioBuilder::new("pages")
        .with(&behaviour)
        .with(&Account::new("222222222200", "m").count(members))
        .with(&Group::new("m-001", "/many").count(log_groups))
        .toml();
    let last = format!("2222222222{:02}", members - 1);
    for account in ["222222222200", &last] {
        text += &events(account, "/app", 8);
    }
    text + &events("222222222200", &format!("/many-{log_groups:03}"), 1)
}

/// Returns an organization with an archive log group, which only Insights can read, with `rows`
/// events.
pub(crate) fn archive(rows: u32) -> String {
    let behaviour = Behaviour::new().own_traces(false).empty_pages(false);
    ScenarioBuilder::new("archive")
        .with(&behaviour)
        .account("222222222200", "m")
        .with(&Group::new("m", "/archive").class("INFREQUENT_ACCESS"))
        .with(&events("222222222200", "/archive", rows))
        .toml()
}

fn events(account: &str, group: &str, count: u32) -> String {
    Event::new(
        account,
        "us-east-1",
        group,
        "2h ago",
        format!("{{n}} from {IP}"),
    )
    .count(count)
    .apart_ms(100)
    .to_string()
}

/// Cuts responses to `operation`: `times` of them, after `after` complete ones.
pub(crate) fn fault(operation: &str, cut: &str, after: u32, times: u32) -> Fault {
    Fault::new(operation, "incomplete")
        .after(after)
        .times(times)
        .raw(cut)
}

pub(crate) fn response_fault(answer: &str, member: &str) -> String {
    format!(
        r#"
answer = "{answer}"
member = "{member}""#
    )
}

/// Returns the ways in which any response with a list can be cut.
pub(crate) fn cuts(list: &str) -> Vec<String> {
    let mut cuts: Vec<String> = [200, 202, 204]
        .iter()
        .map(|status| {
            format!(
                r#"
answer = "empty"
status = {status}"#
            )
        })
        .collect();
    cuts.extend(["no-members", "error-body", "error-header"].map(|kind| response_fault(kind, "")));
    cuts.extend(
        ["without-member", "null-member", "misspelt-member"].map(|kind| response_fault(kind, list)),
    );
    cuts
}

fn all_cuts(operation: &str) -> Vec<String> {
    match operation {
        "ListAccounts" => cuts("Accounts"),
        "DescribeLogGroups" => cuts("logGroups"),
        "DescribeRegions" => {
            let mut cuts = cuts("regionInfo");
            cuts.push(response_fault("empty-list", "regionInfo"));
            cuts
        }
        "FilterLogEvents" => {
            let mut cuts = cuts("events");
            for member in ["events.timestamp", "events.message", "events.eventId"] {
                cuts.extend(
                    ["without-member", "null-member", "misspelt-member"]
                        .map(|kind| response_fault(kind, member)),
                );
            }
            cuts
        }
        "GetQueryResults" => {
            let mut cuts = cuts("results");
            cuts.push(response_fault("without-member", "status"));
            cuts.extend(["short-list", "empty-list"].map(|kind| response_fault(kind, "results")));
            cuts.extend(["@ptr", "@message"].map(|field| response_fault("without-field", field)));
            cuts
        }
        _ => unreachable!("{operation}"),
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Swept {
    pub(crate) is_complete: bool,
    pub(crate) found: Vec<String>,
}

pub(crate) async fn swept(scenario: &str) -> Swept {
    let world = World::from_toml(scenario).with_config(REPORT_SOURCES);
    let Ok(run) = world
        .try_sweep(&SWEEP, tokio_util::sync::CancellationToken::new())
        .await
    else {
        return Swept {
            is_complete: false,
            found: Vec::new(),
        };
    };
    let mut found = run.columns("sightings.csv", &["account_id", "log_group", "message"]);
    found.sort();
    Swept {
        is_complete: run.failure.is_none() && run.status() == "complete",
        found,
    }
}

/// Cuts each response in each way, from the first call on and from later ones. The run must report
/// the gap or find everything. If only one response is cut, it is requested again.
async fn assert_nothing_is_missed(scenario: &str, operation: &str, calls: &[u32]) {
    let truth = swept(scenario).await;
    assert!(truth.is_complete && !truth.found.is_empty(), "{truth:?}");
    for cut in all_cuts(operation) {
        let mut was_noticed = false;
        for after in calls {
            let permanent = fault(operation, &cut, *after, 10_000);
            let found = swept(&format!("{scenario}{permanent}")).await;
            assert!(
                !found.is_complete || found == truth,
                "{operation} after {after} calls: {cut}"
            );
            was_noticed |= !found.is_complete;
            let transient = fault(operation, &cut, *after, 1);
            let found = swept(&format!("{scenario}{transient}")).await;
            assert!(
                found == truth,
                "{operation} once after {after} calls is requested again: {cut}"
            );
        }
        assert!(was_noticed, "{operation}: {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_account_is_lost() {
    assert_nothing_is_missed(&organization(22, 1), "ListAccounts", &[0, 1]).await;
}

#[tokio::test(start_paused = true)]
async fn no_region_is_lost() {
    assert_nothing_is_missed(&organization(2, 1), "DescribeRegions", &[0, 1]).await;
}

#[tokio::test(start_paused = true)]
async fn no_log_group_is_lost() {
    assert_nothing_is_missed(&organization(2, 60), "DescribeLogGroups", &[0, 1]).await;
    // Cuts the second page of the only account that has one.
    for cut in all_cuts("DescribeLogGroups") {
        let fault = fault("DescribeLogGroups", &cut, 1, 10_000);
        let fault = fault.account("222222222200");
        let found = swept(&format!("{}{fault}", organization(2, 60))).await;
        assert!(!found.is_complete, "{cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_event_is_lost() {
    assert_nothing_is_missed(&organization(2, 1), "FilterLogEvents", &[0, 2]).await;
}

#[tokio::test(start_paused = true)]
async fn no_row_is_lost() {
    assert_nothing_is_missed(&archive(5), "GetQueryResults", &[0, 1]).await;
}

/// It is not known how AWS writes the results of a query without rows, so the reason says that.
#[tokio::test(start_paused = true)]
async fn absent_list_of_unknown_spelling_has_its_own_reason() {
    let cut = response_fault("without-member", "results");
    let fault = fault("GetQueryResults", &cut, 0, 10_000);
    let world = World::from_toml(&(archive(5) + &fault)).with_config(REPORT_SOURCES);
    let run = world.sweep(&SWEEP).await;
    assert_eq!(run.status(), "incomplete");
    let rows = run.columns("coverage.csv", &["status", "reason"]);
    let is_unproven = |row: &String| row.starts_with("failed unproven-empty: ");
    assert!(rows.iter().any(is_unproven), "{rows:?}");
}

/// A page has 10,000 rows, so the second page is in the third or fourth response.
#[tokio::test(start_paused = true)]
async fn no_row_of_a_later_page_is_lost() {
    let scenario = archive(10_001);
    let truth = swept(&scenario).await;
    assert_eq!((truth.is_complete, truth.found.len()), (true, 10_001));
    for cut in [
        response_fault("no-members", ""),
        response_fault("short-list", "results"),
        response_fault("without-field", "@message"),
    ] {
        for after in [2, 3] {
            let permanent = fault("GetQueryResults", &cut, after, 10_000);
            let found = swept(&format!("{scenario}{permanent}")).await;
            assert!(
                !found.is_complete || found == truth,
                "after {after} responses: {cut}"
            );
        }
    }
}

/// Returns the organization at a time of 2026-03-02, with an event at 13:10.
pub(crate) fn watched_at(time: &str, faults: &str) -> String {
    let scenario = organization(2, 1).replace("12:00:00Z", time);
    let event = Event::new(
        "222222222201",
        "us-east-1",
        "/app",
        "2026-03-02T13:10:00Z",
        "late from 192.0.2.1",
    );
    format!("{scenario}{event}{faults}")
}

/// A watch that receives an incomplete response reads the same time range again.
#[tokio::test(start_paused = true)]
async fn watch_does_not_advance_past_incomplete_responses() {
    let config = format!("{WATCH}{REPORT_SOURCES}");
    for (operation, cut) in [
        ("FilterLogEvents", response_fault("no-members", "")),
        (
            "FilterLogEvents",
            response_fault("without-member", "events.message"),
        ),
        ("DescribeLogGroups", response_fault("error-body", "")),
        (
            "DescribeRegions",
            response_fault("empty-list", "regionInfo"),
        ),
        // It is not known how AWS writes an empty page of accounts.
        ("ListAccounts", response_fault("without-member", "Accounts")),
    ] {
        let station = Station::configured(&config);
        let five_minutes = std::time::Duration::from_mins(5);
        station
            .start(&watched_at("13:00:00Z", ""))
            .run_for(five_minutes)
            .await;
        station
            .start(&watched_at("13:15:00Z", &fault(operation, &cut, 0, 10_000)))
            .run_for(five_minutes)
            .await;
        assert!(
            !station
                .alerted_messages()
                .contains(&"late from 192.0.2.1".to_owned()),
            "{operation}: {cut}"
        );
        for time in ["14:15:00Z", "14:30:00Z"] {
            station
                .start(&watched_at(time, ""))
                .run_for(five_minutes)
                .await;
        }
        assert!(
            station
                .alerted_messages()
                .contains(&"late from 192.0.2.1".to_owned()),
            "{operation}: {cut}: {:?}",
            station.alerted_messages()
        );
    }
}
