//! Hunts, queries and patterns over whole organizations: the rows that a user gets.

use std::collections::BTreeMap;

use dragnet::config::Catalogue;
use dragnet::query::{Discovery, Event, Partial, Plan, Query, Record};
use dragnet::range::{Scenario, Search};
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{Run, SMALL, World, event, record};

/// What the summary says of a hunt.
fn hunt(run: &Run, name: &str) -> serde_json::Value {
    let summary = run.summary();
    let hunts = summary["hunts"].as_array().unwrap();
    hunts.iter().find(|hunt| hunt["name"] == name).unwrap_or_else(|| panic!("no {name}: {summary}")).clone()
}

/// The rows of a CSV file, without its header.
fn lines(run: &Run, file: &str) -> Vec<String> {
    run.file(file).lines().skip(1).map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn every_hunt_finds_what_the_answer_sheet_says() {
    let scenario = Scenario::builtin("small").unwrap();
    let world = World::practising(&scenario);
    let asked: Vec<(String, u64)> = scenario
        .answers()
        .iter()
        .filter_map(|answer| match &answer.search {
            Search::Hunt(hunt) => Some((hunt.clone(), answer.sightings)),
            Search::Indicator(_) => None,
        })
        .collect();
    let names: Vec<&str> = asked.iter().map(|(hunt, _)| hunt.split(':').next().unwrap()).collect();
    for shipped in Catalogue::load(None).unwrap().iter() {
        assert!(names.contains(&shipped.name.as_str()), "{} has no answer", shipped.name);
    }
    let arguments: Vec<&str> = asked.iter().flat_map(|(hunt, _)| ["--hunt", hunt]).collect();
    let together = world.sweep(&arguments).await;
    let mut found = Vec::new();
    for ((request, _), name) in asked.iter().zip(&names) {
        // Alone it is searched with its own pattern, together with everything read.
        let alone = world.sweep(&["--hunt", request]).await;
        for file in [format!("hunts/{name}.csv"), format!("hunts/{name}.json")] {
            assert_eq!(alone.file(&file), together.file(&file), "{file}");
        }
        let summary = hunt(&alone, name);
        assert_eq!(summary["may_double_count"], false, "{name}");
        let rows = summary["rows"].as_u64().unwrap();
        let is_row_hunt = summary["counts"] == false;
        assert_eq!(alone.summary()["sightings"].as_u64().unwrap(), if is_row_hunt { rows } else { 0 }, "{name}");
        found.push((request.clone(), rows));
    }
    assert_eq!(found, asked);
}

#[tokio::test(start_paused = true)]
async fn a_hunts_files_have_its_columns() {
    let world = World::practising(&Scenario::builtin("small").unwrap());
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
        run.file("hunts/users-roles-created.csv").lines().next().unwrap(),
        "event_account_id,event_region,log_group,event_time,record_id,requestParameters.userName,\
         requestParameters.roleName,responseElements.user.arn,responseElements.role.arn,sourceIPAddress,eventTime,errorCode"
    );
    assert_eq!(
        run.columns(
            "hunts/users-roles-created.csv",
            &["event_account_id", "requestParameters.userName", "sourceIPAddress"]
        ),
        ["666666666666 support-backup 198.51.100.23"]
    );
    assert_eq!(
        run.columns("sightings.csv", &["indicators", "hunts", "event_name"]),
        [" users-roles-created CreateUser"]
    );
    assert_eq!(
        run.columns("hunts/secrets-read-in-bulk.by-target.csv", &["event_account_id", "event_region", "reads"]),
        ["444444444444 us-east-1 12"]
    );
    assert_eq!(lines(&run, "hunts/vpc-connections-by-destination.csv"), ["198.51.100.23,5"]);
    let manifest = run.file("manifest.json");
    for file in ["users-roles-created.csv", "secrets-read-in-bulk.json", "secrets-read-in-bulk.by-target.csv"] {
        assert!(manifest.contains(&format!("hunts/{file}")), "{file}");
    }
}

/// An organization with a trail of its own in `prod`, and `record`s of its calls in both groups.
fn two_trails(more: &str) -> String {
    let own = "[[trails]]\nname = \"own\"\naccount = \"222222222222\"\nhome = \"us-east-1\"\nlog_group = \"/own\"\n";
    let kept = ["r1", "r2"].map(|id| {
        let call = record(id, "222222222222", "us-east-1", "2026-03-02T10:00:00Z", "192.0.2.1");
        let there = event("111111111111", "us-east-1", "/trail", "2026-03-02T10:04:00Z", &call);
        there + &event("222222222222", "us-east-1", "/own", "2026-03-02T10:04:00Z", &call)
    });
    format!("{SMALL}{own}{}{more}", kept.concat())
}

const BY_EVENT: [&str; 2] = ["--query-string", "stats count(*) as calls by eventName"];

#[tokio::test(start_paused = true)]
async fn records_that_are_kept_twice_are_counted_once() {
    let run = World::of(&two_trails("")).sweep(&BY_EVENT).await;
    assert_eq!(lines(&run, "hunts/query-string.csv"), ["ListBuckets,2"]);
    assert_eq!(hunt(&run, "query-string")["may_double_count"], false);
    assert_eq!(lines(&run, "hunts/query-string.by-target.csv"), ["222222222222,us-east-1,ListBuckets,2"]);
}

#[tokio::test(start_paused = true)]
async fn where_no_group_surely_has_all_the_result_says_so() {
    let stopped = two_trails("").replace("home = \"us-east-1\"\n", "home = \"us-east-1\"\nlogging = false\n");
    let run = World::of(&stopped).sweep(&BY_EVENT).await;
    assert_eq!(lines(&run, "hunts/query-string.csv"), ["ListBuckets,4"]);
    assert_eq!(hunt(&run, "query-string")["may_double_count"], true);
}

#[tokio::test(start_paused = true)]
async fn hunts_keep_to_place_and_time() {
    let at = |id: &str, account: &str, time: &str| {
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:05:00Z",
            &record(id, account, "us-east-1", time, "192.0.2.1"),
        )
    };
    let planted = [
        at("in", "222222222222", "2026-03-02T10:00:00Z"),
        at("before", "222222222222", "2026-03-02T09:59:59Z"),
        at("elsewhere", "333333333333", "2026-03-02T10:01:00Z"),
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
    assert_eq!(run.columns("hunts/s3-list-buckets.csv", &["record_id"]), ["in"]);
    assert_eq!(lines(&run, "hunts/query-string.csv"), ["ListBuckets,1"]);
}

#[tokio::test(start_paused = true)]
async fn a_query_sorts_and_limits_after_the_merge() {
    let line = |account: &str, region: &str, n: u32| {
        event(account, region, "/app", "1h ago", &format!(r#"{{"size":{n},"@ptr":"x"}}"#))
    };
    let planted = [
        line("222222222222", "eu-west-1", 7),
        line("333333333333", "us-east-1", 30),
        line("222222222222", "us-east-1", 4),
        line("333333333333", "eu-west-1", 30),
    ];
    let world = World::small_with(&planted.concat());
    let run =
        world.sweep(&["--query-string", "filter size > 5 | fields size, @message | sort size asc | limit 2"]).await;
    let columns = ["event_account_id", "event_region", "log_group", "size"];
    assert_eq!(
        run.columns("hunts/query-string.csv", &columns),
        ["222222222222 eu-west-1 /app 7", "333333333333 eu-west-1 /app 30"]
    );
    assert_eq!(run.summary()["sightings"], 3, "a limit is of the rows, not of what was found");
    let run = world
        .sweep(&["--query-string", "stats count(*) as n, avg(size) as mean by size | sort size desc | limit 1"])
        .await;
    assert_eq!(lines(&run, "hunts/query-string.csv"), ["30,2,30"]);
}

#[tokio::test(start_paused = true)]
async fn a_filter_pattern_is_passed_on_as_it_is() {
    let planted =
        ["ERROR one", "error two", "INFO ERROR three"].map(|m| event("222222222222", "eu-west-1", "/app", "1h ago", m));
    let run = World::small_with(&planted.concat()).sweep(&["--filter-pattern", "ERROR -INFO"]).await;
    assert_eq!(run.columns("sightings.csv", &["hunts", "message"]), ["filter-pattern ERROR one"]);
    assert_eq!(run.columns("hunts/filter-pattern.csv", &["@message"]), ["ERROR one"]);
    assert_eq!(hunt(&run, "filter-pattern")["parameters"]["pattern"], "ERROR -INFO");
}

#[tokio::test(start_paused = true)]
async fn hunts_and_indicators_share_one_pass() {
    let planted = [
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "1h ago",
            &record("both", "222222222222", "us-east-1", "2026-03-02T11:00:00Z", "192.0.2.1"),
        ),
        event("222222222222", "us-east-1", "/app", "1h ago", "only 192.0.2.1"),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "1h ago",
            &record("hunt", "222222222222", "us-east-1", "2026-03-02T11:00:00Z", "192.0.2.9"),
        ),
    ];
    let run = World::small_with(&planted.concat()).sweep(&["192.0.2.1", "--hunt", "s3-list-buckets"]).await;
    assert_eq!(
        run.columns("sightings.csv", &["record_id", "indicators", "hunts"]),
        [" 192.0.2.1", "both 192.0.2.1 s3-list-buckets", "hunt  s3-list-buckets"]
    );
}

/// An event of a random world: where it is stored, and what it says.
#[derive(Clone, Debug)]
struct Planted {
    account: &'static str,
    region: &'static str,
    message: String,
}

fn planted() -> impl Strategy<Value = Planted> {
    let name = || select(&["ListBuckets", "GetUser", "CreateUser", "a \\\"quoted\\\" name"][..]);
    let address = || select(&["192.0.2.1", "192.0.2.19", "10.1.2.3", "198.51.100.7"][..]);
    let message = prop_oneof![
        3 => (name(), address(), 0..40_u32).prop_map(|(name, address, size)| {
            format!(r#"{{"eventName":"{name}","sourceIPAddress":"{address}","size":{size}}}"#)
        }),
        2 => (address(), address(), select(&["ACCEPT", "REJECT"][..])).prop_map(|(source, target, action)| {
            format!("2 111111111111 eni-1 {source} {target} 443 49152 6 20 4249 1418530010 1418530070 {action} OK")
        }),
        1 => (name(), address()).prop_map(|(name, address)| format!("plain {name} from {address}")),
    ];
    let account = select(&["222222222222", "333333333333"][..]);
    (account, select(&["eu-west-1", "us-east-1"][..]), message).prop_map(|(account, region, message)| Planted {
        account,
        region,
        message,
    })
}

fn query() -> impl Strategy<Value = String> {
    let leaf = select(
        &[
            "eventName = \"ListBuckets\"",
            "eventName like /^(Get|Create)User$/",
            "eventName in [\"GetUser\", \"a \\\"quoted\\\" name\"]",
            "sourceIPAddress = \"192.0.2.1\"",
            "isIpv4InSubnet(sourceIPAddress, \"192.0.2.0/28\")",
            "isIpv4InSubnet(srcAddr, \"10.0.0.0/8\")",
            "action = \"REJECT\"",
            "size >= 20",
            "@message like \"192.0.2.1\"",
            "ispresent(dstAddr)",
            "not (action = \"ACCEPT\")",
            "strcontains(eventName, \"quoted\")",
        ][..],
    );
    let parts = prop::collection::vec(leaf, 1..4);
    let end = select(
        &[
            "fields @message, eventName, size + 1 as more",
            "parse @message /(?<octet>[0-9]+)\\.[0-9]+ / | fields octet, srcAddr",
            "stats count(*) as n by eventName",
            "stats count(*) as n, sum(size) as total, avg(size) as mean, min(size), max(size), stddev(size) by srcAddr, action",
            "stats count_distinct(sourceIPAddress) as n, pct(size, 50) as half, sortsFirst(eventName)",
        ][..],
    );
    (parts, select(&[" and ", " or "][..]), end)
        .prop_map(|(parts, by, end)| format!("filter {} | {end}", parts.join(by)))
}

/// The query's own columns over the raw events, each row as CSV would show it; sorted.
fn naive(query: &str, events: &[Planted]) -> Vec<Vec<String>> {
    let plan = Plan::new(&query.parse::<Query>().unwrap());
    let record = |planted: &Planted, look: &mut dyn FnMut(&Record<'_>)| {
        let log = format!("{}:/app", planted.account);
        let event = Event {
            timestamp: 0,
            ingestion_time: 0,
            log: &log,
            log_stream: "stream",
            ptr: "",
            message: &planted.message,
        };
        look(&Record::new(event, Discovery::Automatic { json_limit: None }));
    };
    let table = match &plan {
        Plan::Rows(plan) => {
            let mut rows = Vec::new();
            for event in events {
                record(event, &mut |record| rows.extend(plan.row(record)));
            }
            plan.finish(rows)
        }
        Plan::Groups(plan) => {
            let mut partial = Partial::default();
            for event in events {
                record(event, &mut |record| _ = plan.add(record, &mut partial));
            }
            plan.finish(&partial)
        }
    };
    let is_own: Vec<bool> = table.columns.iter().map(|column| column != "@ptr").collect();
    let own = |row: &Vec<dragnet::query::Value<'static>>| {
        row.iter().zip(&is_own).filter(|(_, is_own)| **is_own).map(|(value, _)| rounded(&value.to_string())).collect()
    };
    let mut rows: Vec<Vec<String>> = table.rows.iter().map(own).collect();
    rows.sort();
    rows
}

/// Sums of fractions depend on the order in which they are added in their last digits.
fn rounded(cell: &str) -> String {
    match cell.parse::<f64>() {
        Ok(number) if cell.contains('.') && cell.len() > 8 => format!("{number:.9}"),
        _ => cell.to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_filter_engine_is_a_naive_evaluator(
        events in prop::collection::vec(planted(), 0..40),
        queries in prop::collection::vec(query(), 1..3),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let text: String = events.iter().map(|planted| event(planted.account, planted.region, "/app", "1h ago", &planted.message)).collect();
            let world = World::small_with(&format!("{text}[behaviour]\nevents_scanned_a_page = 7\nempty_pages = true\n"));
            let arguments: Vec<&str> = queries.iter().flat_map(|query| ["--query-string", query]).collect();
            let run = world.sweep(&arguments).await;
            let names = run.summary()["hunts"].as_array().unwrap().clone();
            let by_query: BTreeMap<&str, &str> = names.iter().map(|hunt| (hunt["query"].as_str().unwrap(), hunt["name"].as_str().unwrap())).collect();
            for query in &queries {
                let mut csv = csv::Reader::from_reader(std::io::Cursor::new(run.file(&format!("hunts/{}.csv", by_query[query.as_str()]))));
                let leading = if csv.headers().unwrap().iter().next() == Some("event_account_id") { 5 } else { 0 };
                let mut found: Vec<Vec<String>> = csv.records().map(|row| row.unwrap().iter().skip(leading).map(rounded).collect()).collect();
                found.sort();
                assert_eq!(found, naive(query, &events), "{query}");
            }
        });
    }
}
