//! Runs hunts and queries over whole organizations, and checks the rows that a user gets.

use dragnet::config::Catalogue;
use dragnet_range::{Scenario, Search};

use crate::scenario::Trail;
use crate::world::{Run, SMALL, World, delivered, event, record};

/// Returns the entry of a hunt in the summary.
fn hunt(run: &Run, name: &str) -> serde_json::Value {
    let summary = run.summary();
    let hunts = summary["hunts"].as_array().unwrap();
    hunts
        .iter()
        .find(|hunt| hunt["name"] == name)
        .unwrap_or_else(|| panic!("no {name}: {summary}"))
        .clone()
}

/// Returns the rows of a CSV file, without its header.
fn lines(run: &Run, file: &str) -> Vec<String> {
    run.file(file).lines().skip(1).map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn every_hunt_finds_what_the_scenario_declares() {
    let scenario = Scenario::builtin("small").unwrap();
    // The liveness check filters events, whatever the engine is.
    let world = World::from_scenario(&scenario).with_config("[scope]\nliveness = \"skip\"\n");
    let expected: Vec<(String, u64)> = scenario
        .answers()
        .iter()
        .filter_map(|answer| match &answer.search {
            Search::Hunt(hunt) => Some((hunt.clone(), answer.sightings)),
            Search::Indicator(_) => None,
        })
        .collect();
    let names: Vec<&str> = expected
        .iter()
        .map(|(hunt, _)| hunt.split(':').next().unwrap())
        .collect();
    for shipped in Catalogue::load(None).unwrap().iter() {
        assert!(
            names.contains(&shipped.name.as_str()),
            "{} has no answer",
            shipped.name
        );
    }
    // The clock of the practice range moves during each sweep, so all windows start at one time.
    let window = ["--from", "2026-03-01T12:00:00Z"];
    let hunts = expected.iter().flat_map(|(hunt, _)| ["--hunt", hunt]);
    let arguments: Vec<&str> = window.into_iter().chain(hunts).collect();
    let together = world.sweep(&arguments).await;
    let mut found = Vec::new();
    for ((request, _), name) in expected.iter().zip(&names) {
        // A single hunt is searched with its own filter pattern; all of them together read every
        // event.
        let alone = world
            .sweep(&[&window[..], &["--hunt", request]].concat())
            .await;
        let by_insights = world
            .sweep(&[&window[..], &["--hunt", request, "--engine", "insights"]].concat())
            .await;
        for file in [format!("hunts/{name}.csv"), format!("hunts/{name}.json")] {
            assert_eq!(alone.file(&file), together.file(&file), "{file}");
            assert_eq!(
                alone.file(&file),
                by_insights.file(&file),
                "{file}, by Insights"
            );
        }
        assert_eq!(
            by_insights.summary()["api_calls"].get("FilterLogEvents"),
            None
        );
        let summary = hunt(&alone, name);
        assert_eq!(summary["may_double_count"], false, "{name}");
        let rows = summary["rows"].as_u64().unwrap();
        let is_row_hunt = summary["counts"] == false;
        assert_eq!(
            alone.summary()["sightings"].as_u64().unwrap(),
            if is_row_hunt { rows } else { 0 },
            "{name}"
        );
        found.push((request.clone(), rows));
    }
    assert_eq!(found, expected);
}

#[tokio::test(start_paused = true)]
async fn hunt_files_have_the_columns_of_the_query() {
    let world = World::from_scenario(&Scenario::builtin("small").unwrap());
    let run = world
        .sweep(&[
            "--hunt",
            "users-roles-created",
            "--hunt",
            "secrets-read-in-bulk",
            "--hunt",
            "vpc-connections-by-destination:source_ip=10.0.4.17",
        ])
        .await;
    assert_eq!(
        run.file("hunts/users-roles-created.csv")
            .lines()
            .next()
            .unwrap(),
        "event_account_id,event_region,log_group,event_time,record_id,requestParameters.userName,\
         requestParameters.roleName,responseElements.user.arn,responseElements.role.arn,sourceIPAddress,eventTime,errorCode"
    );
    assert_eq!(
        run.columns(
            "hunts/users-roles-created.csv",
            &[
                "event_account_id",
                "requestParameters.userName",
                "sourceIPAddress"
            ]
        ),
        ["666666666666 support-backup 198.51.100.23"]
    );
    assert_eq!(
        run.columns("sightings.csv", &["indicators", "hunts", "event_name"]),
        [" users-roles-created CreateUser"]
    );
    assert_eq!(
        run.columns(
            "hunts/secrets-read-in-bulk.by-target.csv",
            &["event_account_id", "event_region", "reads"]
        ),
        ["444444444444 us-east-1 12"]
    );
    assert_eq!(
        lines(&run, "hunts/vpc-connections-by-destination.csv"),
        ["198.51.100.23,5"]
    );
    let manifest = run.file("manifest.json");
    for file in [
        "users-roles-created.csv",
        "secrets-read-in-bulk.json",
        "secrets-read-in-bulk.by-target.csv",
    ] {
        assert!(manifest.contains(&format!("hunts/{file}")), "{file}");
    }
}

/// Returns an organization in which `prod` has a trail of its own, with two records that are in the
/// log groups of both trails.
fn two_trails(more: &str) -> String {
    let own = Trail::new("own", "222222222222", "us-east-1").log_group("/own");
    let copies = ["r1", "r2"].map(|id| {
        let call = record(
            id,
            "222222222222",
            "us-east-1",
            "2026-03-02T10:00:00Z",
            "192.0.2.1",
        );
        let in_organization_trail = event(
            "111111111111",
            "us-east-1",
            "/trail",
            "2026-03-02T10:04:00Z",
            &call,
        );
        in_organization_trail
            + &event(
                "222222222222",
                "us-east-1",
                "/own",
                "2026-03-02T10:04:00Z",
                &call,
            )
    });
    format!("{SMALL}{own}{}{more}", copies.concat())
}

const BY_EVENT: [&str; 2] = ["--query-string", "stats count(*) as calls by eventName"];

#[tokio::test(start_paused = true)]
async fn records_stored_twice_are_counted_once() {
    let run = World::from_toml(&two_trails("")).sweep(&BY_EVENT).await;
    assert_eq!(lines(&run, "hunts/query-string.csv"), ["ListBuckets,2"]);
    assert_eq!(hunt(&run, "query-string")["may_double_count"], false);
    assert_eq!(
        lines(&run, "hunts/query-string.by-target.csv"),
        ["222222222222,us-east-1,ListBuckets,2"]
    );
}

#[tokio::test(start_paused = true)]
async fn result_says_if_records_may_be_counted_twice() {
    let stopped = two_trails("").replace(
        "home = \"us-east-1\"\n",
        "home = \"us-east-1\"\nlogging = false\n",
    );
    let run = World::from_toml(&stopped).sweep(&BY_EVENT).await;
    assert_eq!(lines(&run, "hunts/query-string.csv"), ["ListBuckets,4"]);
    assert_eq!(hunt(&run, "query-string")["may_double_count"], true);
}

#[tokio::test(start_paused = true)]
async fn hunts_respect_scope_and_window() {
    let trail_event = |id: &str, account: &str, time: &str| {
        delivered(
            "2026-03-02T10:05:00Z",
            &record(id, account, "us-east-1", time, "192.0.2.1"),
        )
    };
    let planted = [
        trail_event("in", "222222222222", "2026-03-02T10:00:00Z"),
        trail_event("before", "222222222222", "2026-03-02T09:59:59Z"),
        trail_event("other-account", "333333333333", "2026-03-02T10:01:00Z"),
    ];
    let run = World::small_with(&planted.concat())
        .sweep(&[
            "--from",
            "2026-03-02T10:00:00Z",
            "--account",
            "prod",
            "--hunt",
            "s3-list-buckets",
            BY_EVENT[0],
            BY_EVENT[1],
        ])
        .await;
    assert_eq!(
        run.columns("hunts/s3-list-buckets.csv", &["record_id"]),
        ["in"]
    );
    assert_eq!(lines(&run, "hunts/query-string.csv"), ["ListBuckets,1"]);
}

#[tokio::test(start_paused = true)]
async fn query_sorts_and_limits_after_the_merge() {
    let line = |account: &str, region: &str, n: u32| {
        event(
            account,
            region,
            "/app",
            "1h ago",
            &format!(r#"{{"size":{n},"@ptr":"x"}}"#),
        )
    };
    let planted = [
        line("222222222222", "eu-west-1", 7),
        line("333333333333", "us-east-1", 30),
        line("222222222222", "us-east-1", 4),
        line("333333333333", "eu-west-1", 30),
    ];
    let world = World::small_with(&planted.concat());
    let run = world
        .sweep(&[
            "--query-string",
            "filter size > 5 | fields size, @message | sort size asc | limit 2",
        ])
        .await;
    let columns = ["event_account_id", "event_region", "log_group", "size"];
    assert_eq!(
        run.columns("hunts/query-string.csv", &columns),
        [
            "222222222222 eu-west-1 /app 7",
            "333333333333 eu-west-1 /app 30"
        ]
    );
    assert_eq!(
        run.summary()["sightings"],
        3,
        "the limit applies to the rows, not to the sightings"
    );
    let run = world
        .sweep(&[
            "--query-string",
            "stats count(*) as n, avg(size) as mean by size | sort size desc | limit 1",
        ])
        .await;
    assert_eq!(lines(&run, "hunts/query-string.csv"), ["30,2,30"]);
}

#[tokio::test(start_paused = true)]
async fn filter_pattern_is_used_unchanged() {
    let planted = ["ERROR one", "error two", "INFO ERROR three"]
        .map(|m| event("222222222222", "eu-west-1", "/app", "1h ago", m));
    let run = World::small_with(&planted.concat())
        .sweep(&["--filter-pattern", "ERROR -INFO"])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &["hunts", "message"]),
        ["filter-pattern ERROR one"]
    );
    assert_eq!(
        run.columns("hunts/filter-pattern.csv", &["@message"]),
        ["ERROR one"]
    );
    assert_eq!(
        hunt(&run, "filter-pattern")["parameters"]["pattern"],
        "ERROR -INFO"
    );
}

#[tokio::test(start_paused = true)]
async fn hunts_and_indicators_share_one_scan() {
    let planted = [
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "1h ago",
            &record(
                "both",
                "222222222222",
                "us-east-1",
                "2026-03-02T11:00:00Z",
                "192.0.2.1",
            ),
        ),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "1h ago",
            "only 192.0.2.1",
        ),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "1h ago",
            &record(
                "hunt",
                "222222222222",
                "us-east-1",
                "2026-03-02T11:00:00Z",
                "192.0.2.9",
            ),
        ),
    ];
    let run = World::small_with(&planted.concat())
        .sweep(&["192.0.2.1", "--hunt", "s3-list-buckets"])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &["record_id", "indicators", "hunts"]),
        [
            " 192.0.2.1",
            "both 192.0.2.1 s3-list-buckets",
            "hunt  s3-list-buckets"
        ]
    );
}
