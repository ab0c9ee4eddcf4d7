//! Whether reads of buckets were recorded, and the logs of other services in the buckets of trails.

use dragnet_model::Target;
use serde_json::Value;

use super::sweeps::{BUCKET, IP, call, folders, scenario, scenario_with, trail};
use crate::scenario::{Bucket, Fault, Trail};
use crate::source_choice::plan;
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
    let reads = reads_of(&run, BUCKET);
    (reads, run)
}

/// Returns whether reads of a bucket were recorded, according to the summary.
fn reads_of(run: &Run, bucket: &str) -> Value {
    let reads = run.summary()["bucket_reads"].clone();
    let mut found = reads.as_array().unwrap().iter();
    let of_bucket = found.find(|reads| reads["bucket"] == bucket);
    of_bucket.unwrap_or_else(|| panic!("{reads}")).clone()
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
    let (reads, run) = reads_with(trail(), &(audit + &logged), &[]).await;
    assert_eq!(reads["recording"], "recorded", "{reads}");
    assert!(
        detail(&reads).starts_with("server access logs in s3://audit/reads/ "),
        "{reads}"
    );
    let of_logs = reads_of(&run, "audit");
    assert_eq!(of_logs["recording"], "not-recorded", "{of_logs}");
    let rows = folders(&run);
    assert_eq!(rows.len(), 6, "they are not searched by default: {rows:?}");
}

/// A line of a server access log: bob reads an object of the bucket of the trail.
fn request(time: &str, ip: &str) -> String {
    format!(
        r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be {BUCKET} [{time} +0000] {ip} arn:aws:iam::222222222222:user/bob 3E57427F3A1B2C4D REST.GET.OBJECT AWSLogs/x "GET /x HTTP/1.1" 200 - 113 113 7 6 "-" "curl/8.0" - - SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader x.s3.amazonaws.com TLSv1.3 - -"#
    )
}

/// Returns the bucket of the trail with access logs in another one, and an object with them.
fn logged(dates: Option<&str>, key: &str, lines: &[String]) -> String {
    let audit = Bucket::new("audit", OWNER, "us-east-1").to_string();
    let logged = Bucket::new(BUCKET, OWNER, "us-east-1").access_logs("audit/reads/");
    let logged = match dates {
        Some(dates) => logged.access_log_dates(dates),
        None => logged,
    };
    let text = lines.join("\n");
    format!(
        "{audit}{logged}[[objects]]\nbucket = 'audit'\nkey = '{key}'\nat = '30m ago'\ntext = '''{text}'''\n"
    )
}

const SIMPLE: &str = "reads/2026-03-02-11-30-10-E568B2907131C0C4";
const BY_DELIVERY: &str = "reads/111111111111/us-east-1/cloudtrail-111111111111/2026/03/02/2026-03-02-11-30-10-E568B2907131C0C4";
const BY_EVENT: &str = "reads/111111111111/us-east-1/cloudtrail-111111111111/2026/03/02/2026-03-02-00-00-00-E568B2907131C0C4";
/// The window of the tests of access logs.
const WINDOW: [&str; 4] = [
    "--from",
    "2026-03-02T10:30:00Z",
    "--to",
    "2026-03-02T11:15:00Z",
];

#[tokio::test(start_paused = true)]
async fn access_logs_of_buckets_are_searched_on_request() {
    let lines = [
        request("02/Mar/2026:10:10:00", IP),
        request("02/Mar/2026:11:00:00", IP),
        request("02/Mar/2026:11:01:00", "192.0.2.10"),
    ];
    for (dates, key) in [
        (None, SIMPLE),
        (Some("DeliveryTime"), BY_DELIVERY),
        (Some("EventTime"), BY_EVENT),
    ] {
        let world = World::from_toml(&scenario(&logged(dates, key, &lines)));
        let arguments = [&[IP, "--sources", "s3"], &WINDOW[..]].concat();
        let run = world.sweep(&arguments).await;
        let columns = [
            "event_time",
            "account_id",
            "region",
            "source_ip",
            "source",
            "trusted",
        ];
        assert_eq!(
            run.columns("sightings.csv", &columns),
            ["2026-03-02T11:00:00.000Z 111111111111 us-east-1 192.0.2.1 s3 false"],
            "{key}"
        );
        let columns = ["bucket_prefix", "status", "reason", "kinds"];
        let rows = run.columns("coverage.csv", &columns);
        let place = if dates.is_some() {
            "audit/reads/111111111111/us-east-1/cloudtrail-111111111111/"
        } else {
            "audit/reads/"
        };
        let row = rows.iter().find_map(|row| row.strip_prefix(place)).unwrap();
        assert!(
            row.starts_with(" partial best-effort: server access logs: ") && row.ends_with(" app"),
            "{rows:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn access_logs_prove_no_absence_and_their_problems_have_reasons() {
    let row_of = |run: &Run| {
        let rows = run.columns("coverage.csv", &["bucket_prefix", "status", "reason"]);
        let row = rows
            .iter()
            .find_map(|row| row.strip_prefix("audit/reads/ "));
        row.unwrap_or_else(|| panic!("{rows:?}")).to_owned()
    };
    let arguments = [&[IP, "--sources", "s3"], &WINDOW[..]].concat();
    let earlier = logged(None, "reads/2026-03-01-09-00-00-E568B2907131C0C4", &[]);
    let run = World::from_toml(&scenario(&earlier))
        .sweep(&arguments)
        .await;
    let row = row_of(&run);
    assert!(
        row.starts_with("partial best-effort: no object has requests of the window; "),
        "{row}"
    );
    let unknown = logged(None, "reads/2026-03-02-11-30-10.csv", &[]);
    let run = World::from_toml(&scenario(&unknown))
        .sweep(&arguments)
        .await;
    let row = row_of(&run);
    assert!(
        row.starts_with("unsearchable unknown-layout: 1 object"),
        "{row}"
    );
}

#[tokio::test(start_paused = true)]
async fn plan_has_the_access_logs_that_a_sweep_reads() {
    let lines = [request("02/Mar/2026:11:00:00", IP)];
    let more = logged(None, SIMPLE, &lines) + &call("1h ago").to_string();
    let world = World::from_toml(&scenario(&more));
    let sheet = plan(&world, &[IP, "--sources", "s3"]).await;
    let target = Target {
        account: OWNER.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    };
    let planned = &sheet.targets()[&target];
    assert_eq!(planned.objects, 1);
    assert_eq!(world.calls("GetObject"), 0);
}

/// A record of `GetObject` in a bucket, in the log file of a trail.
fn read_of(bucket: &str, owner: &str) -> String {
    let key = "AWSLogs/o-practice00/222222222222/CloudTrail/eu-west-1/2026/03/02/222222222222_CloudTrail_eu-west-1_20260302T1105Z_AAAAAAAAAAAAAAAA.json.gz";
    let record = format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","accountId":"222222222222","userName":"bob"}},"eventTime":"2026-03-02T11:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","sourceIPAddress":"{IP}","requestParameters":{{"bucketName":"{bucket}","key":"a"}},"resources":[{{"accountId":"{owner}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::{bucket}"}}],"eventID":"e1","eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"222222222222","eventCategory":"Data"}}"#
    );
    format!(
        "[[objects]]\nbucket = '{BUCKET}'\nkey = '{key}'\nat = '50m ago'\ngzip = true\ntext = '{{\"Records\":[{record}]}}'\n"
    )
}

#[tokio::test(start_paused = true)]
async fn reads_of_buckets_that_sightings_name_are_judged() {
    let data = Bucket::new("data", "222222222222", "eu-west-1").to_string();
    let trail_bucket = Bucket::new(BUCKET, OWNER, "us-east-1").to_string();
    for (owner, selected, recording, words) in [
        (
            "222222222222",
            "arn:aws:s3:::data/",
            "recorded",
            "data events of trail ",
        ),
        (
            "222222222222",
            "arn:aws:s3:::other/",
            "not-recorded",
            "no trail of account 222222222222 ",
        ),
        (
            "555555555555",
            "arn:aws:s3:::other/",
            "unknown",
            "account 555555555555, which owns it, is none",
        ),
    ] {
        let more = format!("{trail_bucket}{data}{}", read_of("data", owner));
        let trail = trail().data_objects([selected]);
        let world = World::from_toml(&scenario_with(&trail, &more));
        let run = world.sweep(&[IP, "--require", "management"]).await;
        assert_eq!(run.columns("sightings.csv", &["event_name"]), ["GetObject"]);
        let reads = reads_of(&run, "data");
        assert_eq!(reads["recording"], recording, "{reads}");
        assert!(detail(&reads).starts_with(words), "{reads}");
    }
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
