//! Checks which findings cause alerts and which do not.

use std::time::Duration;

use dragnet::watch::ActivationEnd;

use super::station::{Station, WATCH};
use crate::world::{SMALL, event, record};

const HOUR: Duration = Duration::from_hours(1);

fn plain(at: &str, message: &str) -> String {
    event("222222222222", "us-east-1", "/app", at, message)
}

#[tokio::test(start_paused = true)]
async fn its_own_traces_alert_nobody() {
    let station = Station::configured(&WATCH.replace("192.0.2.1", "agent:dragnet"));
    station.start(SMALL).run_for(2 * HOUR).await;
    let mut found = 0;
    for run in std::fs::read_dir(station.path().join("state/runs")).unwrap() {
        let summary = std::fs::read_to_string(run.unwrap().path().join("summary.json")).unwrap();
        found += serde_json::from_str::<serde_json::Value>(&summary).unwrap()["sightings"]
            .as_u64()
            .unwrap();
    }
    assert!(found > 50, "CloudTrail tells of {found} of its calls");
    assert!(station.alerts().is_empty(), "{:?}", station.titles());
}

#[tokio::test(start_paused = true)]
async fn somebody_who_calls_himself_dragnet_is_told() {
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
    assert_eq!(station.told(), [forged]);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_claims_another_account_is_told() {
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
    let mut told = station.told();
    told.sort();
    let mut both = [own, other];
    both.sort();
    assert_eq!(told, both);
}

/// A forged copy is equal to the record in every field that a report shows. The record still causes
/// an alert, and its genuine copies cause no second one, however they are spelled.
#[tokio::test(start_paused = true)]
async fn a_forged_copy_keeps_no_record_from_being_told() {
    let station = Station::configured(WATCH);
    let with = |bucket: &str| {
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
    let genuine = with("crown-jewels");
    let forged = with("harmless");
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
    assert_eq!(station.told(), [forged, genuine]);
}

#[tokio::test(start_paused = true)]
async fn a_condition_and_silence_choose_what_is_told() {
    let tell = async |more: &str| {
        let station = Station::configured(&format!("{WATCH}{more}"));
        let by = |id: &str, at: &str, who: &str| {
            let record =
                record(id, "222222222222", "us-east-1", at, "192.0.2.1").replace("user/bob", who);
            plain(at, &record)
        };
        let planted = by("e1", "2026-03-02T11:20:00Z", "user/bob")
            + &by("e2", "2026-03-02T11:21:00Z", "user/bob")
            + &by("e3", "2026-03-02T11:22:00Z", "user/eve")
            + &by("e4", "2026-03-02T12:20:00Z", "user/bob");
        let life = station.start(&format!("{SMALL}{planted}"));
        life.run_for(HOUR).await;
        let totals = life.overview().schedules[0].totals;
        let id = |message: String| message.split("\"eventID\":\"e").nth(1).unwrap()[..1].to_owned();
        (
            station.told().into_iter().map(id).collect::<String>(),
            totals.sightings,
            totals.suppressed,
        )
    };
    assert_eq!(tell("").await, ("1234".to_owned(), 4, 0));
    assert_eq!(
        tell("alert_when = \"principal_arn like 'eve'\"").await,
        ("3".to_owned(), 1, 0)
    );
    assert_eq!(
        tell("suppress = \"40m\"").await,
        ("134".to_owned(), 4, 1),
        "the same user in the same account"
    );
    assert_eq!(tell("suppress = \"1d\"").await, ("13".to_owned(), 4, 2));
}

#[tokio::test(start_paused = true)]
async fn silence_about_one_hunt_is_none_about_another() {
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
    let life = station.start(&format!("{SMALL}{planted}"));
    life.run_for(HOUR).await;
    let told: Vec<_> = station
        .told()
        .into_iter()
        .map(|message| message.contains("AccessDenied"))
        .collect();
    assert_eq!(told, [false, true], "the same user, found by another hunt");
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_breaks_is_told_once_and_nothing_of_the_time_is_lost() {
    let station = Station::configured(&WATCH.replace(
        "indicators = [\"192.0.2.1\"]",
        "indicator_files = [\"feed\"]",
    ));
    let feed = station.path().join("feed");
    std::fs::write(&feed, "192.0.2.1").unwrap();
    let life = station.start(&format!(
        "{SMALL}{}",
        plain("2026-03-02T12:20:00Z", "from 192.0.2.1")
    ));
    life.run_with(dragnet::watch::RetryPolicy::default(), async {
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
        titles[0].starts_with("activation-failed: ip: could not be activated: ")
            && titles[0].contains("192.0.2.999")
    );
    assert_eq!(station.told(), ["from 192.0.2.1"]);
    assert_eq!(
        life.overview().schedules[0].totals.ended[3],
        4,
        "each of the four is counted"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_still_running_is_not_started_twice() {
    let slow =
        "[[faults]]\noperation = \"FilterLogEvents\"\nkind = \"slow\"\nmilliseconds = 29000\n";
    let station = Station::configured(&WATCH.replace("*/15 * * * *", "*/10 * * * * *"));
    let life = station.start(&format!("{SMALL}{slow}"));
    life.run_for(Duration::from_mins(5)).await;
    let totals = life.overview().schedules[0].totals;
    let ended: u64 = totals.ended.iter().sum();
    assert!(
        (8..=11).contains(&ended) && totals.skipped >= 2 * (ended - 1),
        "{totals:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn once_does_what_is_due_and_what_is_named() {
    let station = Station::configured(WATCH);
    let life = station.start(SMALL);
    assert_eq!(life.once(None).await.len(), 1, "never activated: due");
    assert!(life.once(None).await.is_empty(), "not due");
    tokio::time::sleep(Duration::from_mins(15)).await;
    let ended = life.once(None).await;
    assert_eq!((ended.len(), ended[0].end), (1, ActivationEnd::Complete));
    assert_eq!(life.once(Some("ip")).await.len(), 1, "asked for by name");
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_used_up_waits_for_tomorrow() {
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
    let life = station.start(&format!("{SMALL}{chatter}{late}"));
    life.run_for(11 * HOUR).await;
    assert_eq!(station.told().len(), 20);
    let problem = life.overview().schedules[0].problem.clone();
    assert!(
        problem.contains("of a budget of") && problem.contains("tomorrow"),
        "{problem}"
    );
    tokio::time::sleep(HOUR).await;
    life.run_for(HOUR).await;
    assert_eq!(
        station.told().last().unwrap(),
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
async fn hunts_tell_rows_once_and_what_they_count_by_group_or_threshold() {
    let of_hunts = "hunts = [\"source-ip:source_ip=192.0.2.7\", \"console-login-failures\"]";
    let tell = async |more: &str| {
        let station = Station::configured(&format!(
            "{}{more}",
            WATCH.replace("indicators = [\"192.0.2.1\"]", of_hunts)
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
    let (sightings, counted) = tell("").await;
    assert_eq!(
        (sightings, counted),
        (3, vec!["192.0.2.7 3".to_owned(), "192.0.2.8 9".to_owned()]),
        "each once"
    );
    let (sightings, counted) = tell("alert_when = \"failures > 5\"\nsuppress = \"2h\"").await;
    assert_eq!(
        (sightings, counted),
        (0, vec!["192.0.2.8 9".to_owned()]),
        "over the threshold"
    );
    assert!(
        tell("alert_when = \"failures > 5\"").await.1.len() >= 2,
        "as long as it is over the threshold"
    );
}
