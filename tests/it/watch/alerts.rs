//! Checks which findings cause alerts and which do not.

use std::time::Duration;

use dragnet::watch::ActivationEnd;

use super::station::{Station, WATCH};
use crate::scenario::Fault;
use crate::world::{SMALL, World, event, record};

const HOUR: Duration = Duration::from_hours(1);

fn plain(at: &str, message: &str) -> String {
    event("222222222222", "us-east-1", "/app", at, message)
}

#[tokio::test(start_paused = true)]
async fn own_calls_raise_no_alert() {
    let station = Station::configured(&WATCH.replace("192.0.2.1", "agent:dragnet"));
    station.start(SMALL).run_for(2 * HOUR).await;
    let mut found = 0;
    for run in std::fs::read_dir(station.path().join("state/runs")).unwrap() {
        let summary = std::fs::read_to_string(run.unwrap().path().join("summary.json")).unwrap();
        found += serde_json::from_str::<serde_json::Value>(&summary).unwrap()["sightings"]
            .as_u64()
            .unwrap();
    }
    assert!(
        found > 50,
        "CloudTrail recorded only {found} calls of the watch"
    );
    assert!(station.alerts().is_empty(), "{:?}", station.titles());
}

/// The watch's runs are runs of this machine, so a sweep recognizes their calls too.
#[tokio::test(start_paused = true)]
async fn sweep_recognizes_calls_of_the_watch_on_the_same_machine() {
    let state = tempfile::tempdir().unwrap();
    let station = Station::configured(WATCH);
    let process = station.start(SMALL).on_machine(state.path());
    assert_eq!(process.run_once(Some("ip")).await.len(), 1);
    tokio::time::advance(HOUR / 2).await;
    let sweep = World::from_environment(process.environment().clone());
    let run = sweep.sweep(&["agent:dragnet"]).await;
    let calls: Vec<String> = run
        .columns("sightings.csv", &["event_name", "self"])
        .into_iter()
        .filter(|row| row.starts_with("DescribeLogGroups "))
        .collect();
    assert!(!calls.is_empty());
    assert!(
        calls.iter().all(|row| row == "DescribeLogGroups true"),
        "{calls:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn forged_user_agent_raises_alert() {
    let forged = record(
        "e1",
        "222222222222",
        "us-east-1",
        "2026-03-02T11:30:00Z",
        "192.0.2.9",
    )
    .replace("\"cli\"", "\"dragnet/9.9.9\"");
    let station = Station::configured(&WATCH.replace("192.0.2.1", "agent:dragnet"));
    station
        .start(&format!(
            "{SMALL}{}",
            plain("2026-03-02T11:31:00Z", &forged)
        ))
        .run_for(HOUR)
        .await;
    assert_eq!(station.alerted_messages(), [forged]);
}

#[tokio::test(start_paused = true)]
async fn line_with_another_account_raises_alert() {
    let station = Station::configured(&format!("{WATCH}scope.include_accounts = [\"prod\"]"));
    let line = |id: &str, account: &str| {
        record(
            id,
            account,
            "us-east-1",
            "2026-03-02T11:30:00Z",
            "192.0.2.1",
        )
    };
    let own = line("e1", "222222222222");
    let other = line("e2", "333333333333");
    let planted = plain("2026-03-02T11:31:00Z", &own) + &plain("2026-03-02T11:32:00Z", &other);
    station
        .start(&format!("{SMALL}{planted}"))
        .run_for(HOUR)
        .await;
    let mut alerted = station.alerted_messages();
    alerted.sort();
    let mut both = [own, other];
    both.sort();
    assert_eq!(alerted, both);
}

/// A forged copy is equal to the record in every field that a report shows. The record still causes
/// an alert, and its genuine copies cause no second one, however they are spelled.
#[tokio::test(start_paused = true)]
async fn forged_copy_does_not_hide_record() {
    let station = Station::configured(WATCH);
    let record_of_bucket = |bucket: &str| {
        record(
            "e1",
            "333333333333",
            "us-east-1",
            "2026-03-02T11:30:00Z",
            "192.0.2.1",
        )
        .replace(
            "\"requestID\"",
            &format!("\"requestParameters\":{{\"bucket\":\"{bucket}\"}},\"requestID\""),
        )
    };
    let genuine = record_of_bucket("crown-jewels");
    let forged = record_of_bucket("harmless");
    let copy = genuine.replace("\":\"", "\": \"");
    let planted = plain("2026-03-02T11:31:00Z", &forged)
        + &event(
            "333333333333",
            "us-east-1",
            "/app",
            "2026-03-02T12:20:00Z",
            &genuine,
        )
        + &event(
            "111111111111",
            "us-east-1",
            "/trail",
            "2026-03-02T12:40:00Z",
            &copy,
        );
    station
        .start(&format!("{SMALL}{planted}"))
        .run_for(2 * HOUR)
        .await;
    assert_eq!(station.alerted_messages(), [forged, genuine]);
}

#[tokio::test(start_paused = true)]
async fn alert_when_and_suppress_limit_alerts() {
    let alerts_with = async |more: &str| {
        let station = Station::configured(&format!("{WATCH}{more}"));
        let event_by = |id: &str, at: &str, who: &str| {
            let record =
                record(id, "222222222222", "us-east-1", at, "192.0.2.1").replace("user/bob", who);
            plain(at, &record)
        };
        let planted = event_by("e1", "2026-03-02T11:20:00Z", "user/bob")
            + &event_by("e2", "2026-03-02T11:21:00Z", "user/bob")
            + &event_by("e3", "2026-03-02T11:22:00Z", "user/eve")
            + &event_by("e4", "2026-03-02T12:20:00Z", "user/bob");
        let process = station.start(&format!("{SMALL}{planted}"));
        process.run_for(HOUR).await;
        let totals = process.overview().schedules[0].totals;
        let id = |message: String| message.split("\"eventID\":\"e").nth(1).unwrap()[..1].to_owned();
        (
            station
                .alerted_messages()
                .into_iter()
                .map(id)
                .collect::<String>(),
            totals.sightings,
            totals.suppressed,
        )
    };
    assert_eq!(alerts_with("").await, ("1234".to_owned(), 4, 0));
    assert_eq!(
        alerts_with("alert_when = \"principal_arn like 'eve'\"").await,
        ("3".to_owned(), 1, 0)
    );
    assert_eq!(
        alerts_with("suppress = \"40m\"").await,
        ("134".to_owned(), 4, 1),
        "the same user in the same account"
    );
    assert_eq!(
        alerts_with("suppress = \"1d\"").await,
        ("13".to_owned(), 4, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn suppression_applies_to_each_hunt() {
    let two = "hunts = [\"s3-list-buckets\", \"iam-access-denied\"]";
    let station = Station::configured(&format!(
        "{}suppress = \"1d\"",
        WATCH.replace("indicators = [\"192.0.2.1\"]", two)
    ));
    let listed = |id: &str, at: &str| record(id, "222222222222", "us-east-1", at, "192.0.2.1");
    let refused = listed("e3", "2026-03-02T11:22:00Z").replace("ListBuckets", "ListUsers");
    let refused = refused.replace(
        "\"eventType\"",
        "\"errorCode\":\"AccessDenied\",\"eventType\"",
    );
    let planted = plain(
        "2026-03-02T11:20:00Z",
        &listed("e1", "2026-03-02T11:20:00Z"),
    ) + &plain(
        "2026-03-02T11:21:00Z",
        &listed("e2", "2026-03-02T11:21:00Z"),
    ) + &plain("2026-03-02T11:22:00Z", &refused);
    let process = station.start(&format!("{SMALL}{planted}"));
    process.run_for(HOUR).await;
    let are_denials: Vec<_> = station
        .alerted_messages()
        .into_iter()
        .map(|message| message.contains("AccessDenied"))
        .collect();
    assert_eq!(
        are_denials,
        [false, true],
        "the same user, found by another hunt"
    );
}

#[tokio::test(start_paused = true)]
async fn invalid_feed_raises_one_alert_and_loses_no_events() {
    let station = Station::configured(&WATCH.replace(
        "indicators = [\"192.0.2.1\"]",
        "indicator_files = [\"feed\"]",
    ));
    let feed = station.path().join("feed");
    std::fs::write(&feed, "192.0.2.1").unwrap();
    let process = station.start(&format!(
        "{SMALL}{}",
        plain("2026-03-02T12:20:00Z", "from 192.0.2.1")
    ));
    process
        .run_until(dragnet::watch::RetryPolicy::default(), async {
            tokio::time::sleep(Duration::from_mins(20)).await;
            std::fs::write(&feed, "192.0.2.999").unwrap();
            tokio::time::sleep(HOUR).await;
            std::fs::write(&feed, "192.0.2.1").unwrap();
            tokio::time::sleep(HOUR).await;
        })
        .await;
    let titles = station.titles();
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(
        titles[0].starts_with("activation-failed: ip: activation failed: ")
            && titles[0].contains("192.0.2.999")
    );
    assert_eq!(station.alerted_messages(), ["from 192.0.2.1"]);
    assert_eq!(
        process.overview().schedules[0].totals.ended[3],
        4,
        "each of the four is counted"
    );
}

#[tokio::test(start_paused = true)]
async fn running_activation_is_not_started_twice() {
    let slow = Fault::slow("FilterLogEvents", 29_000);
    let station = Station::configured(&WATCH.replace("*/15 * * * *", "*/10 * * * * *"));
    let process = station.start(&format!("{SMALL}{slow}"));
    process.run_for(Duration::from_mins(5)).await;
    let totals = process.overview().schedules[0].totals;
    let ended: u64 = totals.ended.iter().sum();
    assert!(
        (8..=11).contains(&ended) && totals.skipped >= 2 * (ended - 1),
        "{totals:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn once_runs_due_and_named_schedules() {
    let station = Station::configured(WATCH);
    let process = station.start(SMALL);
    assert_eq!(
        process.run_once(None).await.len(),
        1,
        "never activated: due"
    );
    assert!(process.run_once(None).await.is_empty(), "not due");
    tokio::time::sleep(Duration::from_mins(15)).await;
    let records = process.run_once(None).await;
    assert_eq!(
        (records.len(), records[0].end),
        (1, ActivationEnd::Complete)
    );
    assert_eq!(
        process.run_once(Some("ip")).await.len(),
        1,
        "named, although not due"
    );
}

#[tokio::test(start_paused = true)]
async fn exhausted_scan_budget_waits_for_the_next_day() {
    let chatter: String = (0..20)
        .map(|n| {
            plain(
                &format!("2026-03-02T11:{:02}:00Z", 10 + n),
                "from 192.0.2.1",
            )
        })
        .collect();
    let late = plain("2026-03-02T15:00:00Z", "late 192.0.2.1");
    let config = WATCH.replace("[watch]\n", "[watch]\nscan_budget_gb = 0.0000001\n");
    let station = Station::configured(&config);
    let process = station.start(&format!("{SMALL}{chatter}{late}"));
    process.run_for(11 * HOUR).await;
    assert_eq!(station.alerted_messages().len(), 20);
    let problem = process.overview().schedules[0].problem.clone();
    assert!(
        problem.contains("of a budget of") && problem.contains("tomorrow"),
        "{problem}"
    );
    tokio::time::sleep(HOUR).await;
    process.run_for(HOUR).await;
    assert_eq!(
        station.alerted_messages().last().unwrap(),
        "late 192.0.2.1",
        "it was caught up"
    );
}

/// Returns a failed console login, recorded in the log group of the organization's trail.
fn login(id: &str, at: &str, ip: &str) -> String {
    let record = record(id, "222222222222", "us-east-1", at, ip)
        .replace("ListBuckets", "ConsoleLogin")
        .replace(
            "\"eventType\"",
            "\"responseElements\":{\"ConsoleLogin\":\"Failure\"},\"eventType\"",
        );
    event("111111111111", "us-east-1", "/trail", at, &record)
}

#[tokio::test(start_paused = true)]
async fn hunts_alert_on_new_rows_and_on_counted_groups() {
    let hunts = "hunts = [\"source-ip:source_ip=192.0.2.7\", \"console-login-failures\"]";
    let alerts_with = async |more: &str| {
        let station = Station::configured(&format!(
            "{}{more}",
            WATCH.replace("indicators = [\"192.0.2.1\"]", hunts)
        ));
        let few: String = (0..3)
            .map(|n| login(&format!("a{n}"), "2026-03-02T11:20:00Z", "192.0.2.7"))
            .collect();
        let many: String = (0..9)
            .map(|n| login(&format!("b{n}"), "2026-03-02T12:20:00Z", "192.0.2.8"))
            .collect();
        station
            .start(&format!("{SMALL}{few}{many}"))
            .run_for(2 * HOUR)
            .await;
        let rows = |kind: &str| {
            let alerts = station
                .alerts()
                .into_iter()
                .filter(|alert| alert["kind"] == kind);
            alerts
                .flat_map(|alert| alert["rows"].as_array().unwrap().clone())
                .collect::<Vec<_>>()
        };
        let counted = rows("counts").into_iter().map(|row| {
            assert_eq!(row["hunt"], "console-login-failures");
            format!(
                "{} {}",
                row["sourceIPAddress"].as_str().unwrap(),
                row["failures"]
            )
        });
        (rows("sightings").len(), counted.collect::<Vec<_>>())
    };
    let (sightings, counted) = alerts_with("").await;
    assert_eq!(
        (sightings, counted),
        (3, vec!["192.0.2.7 3".to_owned(), "192.0.2.8 9".to_owned()]),
        "each once"
    );
    let (sightings, counted) =
        alerts_with("alert_when = \"failures > 5\"\nsuppress = \"2h\"").await;
    assert_eq!(
        (sightings, counted),
        (0, vec!["192.0.2.8 9".to_owned()]),
        "over the threshold"
    );
    assert!(
        alerts_with("alert_when = \"failures > 5\"").await.1.len() >= 2,
        "as long as it is over the threshold"
    );
}
