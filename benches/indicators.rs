//! The cost of ten thousand indicators compared with one. Both read every event of the practice
//! range in this process through the real SDK, without a pattern, and match it. Prints one table.
//!
//! `cargo bench --bench indicators`

#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::{BehaviorVersion, Config, Credentials, Region};
use dragnet::aws::range_connector;
use dragnet::search::{Matcher, coarse_pattern};
use dragnet_model::Indicator;
use dragnet_model::time::Clock;
use dragnet_range::{Range, Scenario};
use tokio::time::Instant;

/// How often the group is read, so that a million events are read in total. A million stored events
/// would take a gigabyte.
const ROUNDS: u32 = 10;
const EVENTS: u32 = 100_000;
const INDICATORS: u32 = 10_000;

/// A CloudTrail record of usual length; `{n}` is its number.
const RECORD: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAIOSFODNN7EXAMPLE:app","arn":"arn:aws:sts::111111111111:assumed-role/App/app-{n}","accountId":"111111111111","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111111111111:role/App","userName":"App"}}},"eventTime":"2026-03-01T12:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","sourceIPAddress":"10.1.2.3","userAgent":"[aws-sdk-java/2.31 Linux/6.1 OpenJDK_64-Bit_Server_VM/21]","requestParameters":{"bucketName":"data.example.org","Host":"data.example.org.s3.amazonaws.com","key":"part/{n}"},"responseElements":null,"requestID":"request-{n}","eventID":"event-{n}","readOnly":true,"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::data.example.org/part/{n}"}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111111111111","eventCategory":"Data"}"#;

#[tokio::main]
async fn main() {
    let logs = connect();
    let one: Vec<Indicator> = vec!["192.0.2.1".parse().unwrap()];
    let many: Vec<Indicator> = (0..INDICATORS).map(indicator).collect();
    assert_eq!(
        coarse_pattern(&many),
        None,
        "without a filter pattern, every event is read"
    );

    let before = resident();
    let for_many = Matcher::new(&many).unwrap();
    let memory = resident() - before;
    let for_one = Matcher::new(&one).unwrap();

    // The first scan warms up.
    read(&logs, &for_one, 1).await;
    let alone = read(&logs, &for_one, ROUNDS).await;
    let together = read(&logs, &for_many, ROUNDS).await;
    println!("{:<58} {:>12} {:>12}", "measured", "value", "target");
    row("s for 1,000,000 events, one indicator", alone, "");
    row("s for 1,000,000 events, 10,000 indicators", together, "");
    row("times as long", together / alone, "<= 2");
    row("MiB that 10,000 indicators take", memory, "<= 100");
}

fn row(label: &str, value: f64, target: &str) {
    println!("{label:<58} {value:>12.1} {target:>12}");
}

/// Indicators of all kinds that lists contain. None is in the events, but all are similar to values
/// in them.
fn indicator(n: u32) -> Indicator {
    let text = match n % 8 {
        0 => format!("10.{}.{}.{}", n / 4096 + 2, n / 256 % 256, n % 256),
        1 => format!("198.{}.{}.0/24", n / 256 % 256, n % 256),
        2 => format!("2001:db8:{n:x}::/48"),
        3 => format!("ASIA{n:016}"),
        4 => format!("arn:aws:sts::111111111111:assumed-role/App/other-{n}"),
        5 => format!("host-{n}.example.org"),
        6 => format!("{n:064x}"),
        _ => format!("user:App{n}"),
    };
    text.parse().unwrap()
}

/// A client of a practice range in this process, without throttling.
fn connect() -> Client {
    let scenario = format!(
        "name = \"bench\"\nnow = \"2026-03-02T12:00:00Z\"\n[organization]\nmanagement = \"111111111111\"\n\
         regions = [\"us-east-1\"]\n[[accounts]]\nid = \"111111111111\"\nname = \"management\"\n[[groups]]\n\
         account = \"management\"\nname = \"/trail\"\n[[events]]\naccount = \"111111111111\"\nregion = \"us-east-1\"\n\
         group = \"/trail\"\nat = \"2d ago\"\ncount = {EVENTS}\nmessage = '''{RECORD}'''\n"
    );
    // Requests are signed with the wall clock, so the story of the range ends now.
    let range = Range::new(
        &Scenario::from_toml(&scenario).unwrap(),
        None,
        Clock::wall(),
    )
    .unwrap();
    let keys = range.credentials();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(range_connector::http_client(range))
        .credentials_provider(Credentials::new(
            keys.access_key_id,
            keys.secret_access_key,
            None,
            None,
            "practice",
        ))
        .region(Region::new("us-east-1"));
    Client::from_conf(config.build())
}

/// The seconds that it takes to read the group `times` times and to match every event.
async fn read(logs: &Client, matcher: &Matcher, times: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        let mut token = None;
        let mut events = 0;
        loop {
            let page = logs
                .filter_log_events()
                .log_group_name("/trail")
                .set_next_token(token)
                .send()
                .await
                .unwrap();
            events += page.events().len();
            let messages = page.events().iter().filter_map(|event| event.message());
            assert_eq!(
                messages
                    .filter(|message| matcher.find(message).is_some())
                    .count(),
                0
            );
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(events, EVENTS as usize);
    }
    start.elapsed().as_secs_f64()
}

/// Resident memory of this process, in MiB; NaN on systems other than Linux. Source: proc(5),
/// `VmRSS`.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().nth(1))
        .and_then(|number| number.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}
