//! Whether reads of buckets were recorded, and the logs of other services in the buckets of trails.

use serde_json::Value;

use super::sweeps::{BUCKET, IP, call, folders, scenario, scenario_with, trail};
use crate::scenario::{Bucket, Fault, Trail};
use crate::world::{Run, World};

const OWNER: &str = "111111111111";
const LINE: &str = r#"https 2026-03-02T11:00:00.000000Z app/web/0123456789abcdef 192.0.2.1:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" - TLSv1.2"#;
const QUERY: &str = r#"{"version":"1.100000","account_id":"222222222222","region":"eu-west-1","vpc_id":"vpc-0123","query_timestamp":"2026-03-02T11:01:00Z","query_name":"c2.example.","query_type":"A","rcode":"NOERROR","answers":[{"Rdata":"192.0.2.1","Type":"A","Class":"IN"}],"srcaddr":"10.0.0.7","srcport":"56067","transport":"UDP"}"#;
const OF_BALANCER: &str = "AWSLogs/222222222222/elasticloadbalancing/eu-west-1/2026/03/02/222222222222_elasticloadbalancing_eu-west-1_app.web.0123456789abcdef_20260302T1105Z_192.0.2.9_abc.log.gz";
const OF_RESOLVER: &str = "AWSLogs/222222222222/vpcdnsquerylogs/vpc-0123/2026/03/02/vpc-0123_vpcdnsquerylogs_222222222222_20260302T1105Z_ab12.log.gz";

/// Sweeps with the trail of an organization that delivers to a bucket, and returns whether its reads
/// were recorded, according to the summary.
async fn reads_with(trail: Trail, more: &str, arguments: &[&str]) -> (Value, Run) {
    let more = call("1h ago").to_string() + more;
    let world = World::from_toml(&scenario_with(&trail, &more));
    let arguments = [&[IP, "--require", "management"], arguments].concat();
    let run = world.sweep(&arguments).await;
    let reads = run.summary()["bucket_reads"].clone();
    assert_eq!(reads.as_array().map(Vec::len), Some(1), "{reads}");
    assert_eq!(reads[0]["bucket"], BUCKET);
    (reads[0].clone(), run)
}

fn detail(reads: &Value) -> &str {
    reads["detail"].as_str().unwrap()
}

#[tokio::test(start_paused = true)]
async fn reads_that_nothing_recorded_are_named() {
    let (reads, run) = reads_with(trail(), "", &["--format", "html"]).await;
    assert_eq!(reads["recording"], "not-recorded", "{reads}");
    assert_eq!(
        detail(&reads),
        "no trail of account 111111111111 that is on selects reads of its objects, and it has no server access logs"
    );
    assert!(run.file("report.html").contains("reads were not recorded"));
    assert_eq!(run.status(), "complete");
}

#[tokio::test(start_paused = true)]
async fn data_events_of_a_trail_record_reads() {
    for (objects, since, expected) in [
        ("arn:aws:s3", None, "recorded"),
        ("arn:aws:s3:::cloudtrail-111111111111/", None, "recorded"),
        ("arn:aws:s3:::cloudtrail-111111111111/a", None, "partial"),
        ("arn:aws:s3:::other/", None, "not-recorded"),
        ("arn:aws:s3", Some("2h ago"), "partial"),
    ] {
        let trail = trail().data_objects([objects]);
        let trail = match since {
            Some(since) => trail.logging_since(since),
            None => trail,
        };
        let (reads, _) = reads_with(trail, "", &[]).await;
        assert_eq!(reads["recording"], expected, "{objects}: {reads}");
        if since.is_some() {
            assert!(
                detail(&reads).ends_with("trail/organization (on since 2026-03-02T10:00:00.000Z)"),
                "{reads}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn access_logs_record_reads() {
    let audit = Bucket::new("audit", OWNER, "us-east-1").to_string();
    let logged = Bucket::new(BUCKET, OWNER, "us-east-1").access_logs("audit/reads/");
    let (reads, _) = reads_with(trail(), &(audit + &logged), &[]).await;
    assert_eq!(reads["recording"], "recorded", "{reads}");
    assert!(
        detail(&reads).starts_with("server access logs in s3://audit/reads/ "),
        "{reads}"
    );
}

#[tokio::test(start_paused = true)]
async fn denied_call_is_no_gap() {
    let denied = Fault::denied("GetBucketLogging").to_string();
    let (reads, run) = reads_with(trail(), &denied, &[]).await;
    assert_eq!(reads["recording"], "unknown", "{reads}");
    assert_eq!(
        detail(&reads),
        "GetBucketLogging was denied in account 111111111111"
    );
    assert_eq!(run.status(), "complete");
}

#[tokio::test(start_paused = true)]
async fn owner_out_of_scope_was_not_asked_for_its_trails() {
    let (reads, _) = reads_with(trail(), "", &["--account", "prod"]).await;
    assert_eq!(reads["recording"], "unknown", "{reads}");
    assert!(
        detail(&reads).ends_with("account 111111111111 was not asked for its trails"),
        "{reads}"
    );
}

/// Returns objects in the bucket of the trail.
fn objects(contents: &[(&str, &str)]) -> String {
    let object = |(key, text): &(&str, &str)| {
        format!(
            "[[objects]]\nbucket = \"{BUCKET}\"\nkey = \"{key}\"\nat = \"1h ago\"\ngzip = true\ntext = '{text}'\n"
        )
    };
    let bucket = Bucket::new(BUCKET, OWNER, "us-east-1").to_string();
    let objects: String = contents.iter().map(object).collect();
    bucket + &objects
}

#[tokio::test(start_paused = true)]
async fn logs_of_other_services_are_searched_on_request() {
    let contents = objects(&[(OF_BALANCER, LINE), (OF_RESOLVER, QUERY)]);
    let world = World::from_toml(&scenario(&contents));
    let run = world.sweep(&[IP, "--sources", "s3"]).await;
    let columns = [
        "event_time",
        "event_account_id",
        "event_region",
        "source_ip",
        "source",
        "trusted",
    ];
    assert_eq!(
        run.columns("sightings.csv", &columns),
        [
            "2026-03-02T11:00:00.000Z 222222222222 eu-west-1 192.0.2.1 s3 false",
            "2026-03-02T11:01:00.000Z 222222222222 us-east-1 10.0.0.7 s3 false",
        ]
    );
    let kinds = run.columns("coverage.csv", &["bucket_prefix", "status", "kinds"]);
    for folder in [
        "elasticloadbalancing/eu-west-1/",
        "vpcdnsquerylogs/vpc-0123/",
    ] {
        let row = format!("{BUCKET}/AWSLogs/222222222222/{folder} searched app");
        assert!(kinds.contains(&row), "{row}: {kinds:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn logs_of_other_services_are_not_read_by_default() {
    let contents = objects(&[(OF_BALANCER, LINE), (OF_RESOLVER, QUERY)]);
    let world = World::from_toml(&scenario(&(contents + &call("1h ago"))));
    let run = world.sweep(&[IP, "--require", "management"]).await;
    let names = run.columns("sightings.csv", &["event_name"]);
    assert_eq!(names, ["DeleteBucket"]);
    let rows = folders(&run);
    assert_eq!(rows.len(), 6, "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn lines_out_of_the_window_are_no_sightings() {
    let earlier = LINE.replace("11:00:00", "10:50:00");
    let lines = format!("{earlier}\n{LINE}").replace('\n', "\\n");
    // A basic string of TOML has escapes.
    let object = objects(&[(OF_BALANCER, "LINES")])
        .replace("'LINES'", &format!("\"{}\"", lines.replace('"', "\\\"")));
    let world = World::from_toml(&scenario(&object));
    let window = [
        "--from",
        "2026-03-02T10:55:00Z",
        "--to",
        "2026-03-02T11:30:00Z",
    ];
    let arguments = [&[IP, "--sources", "s3"], &window[..]].concat();
    let run = world.sweep(&arguments).await;
    let times = run.columns("sightings.csv", &["event_time"]);
    assert_eq!(times, ["2026-03-02T11:00:00.000Z"]);
}
