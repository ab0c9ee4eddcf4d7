//! The speed of the practice range, through the real SDK and in this process. Prints one table.
//!
//! `cargo bench --bench range`

#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

use std::fmt::Write;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::{BehaviorVersion, Config, Credentials, Region};
use dragnet::aws::range_connector;
use dragnet_model::time::Clock;
use dragnet_range::{Range, Scenario};
use tokio::time::Instant;

const HEAD: &str = "name = \"bench\"\nnow = \"2026-03-02T12:00:00Z\"\n[organization]\nmanagement = \"111111111111\"\n\
                    regions = [\"us-east-1\"]\n[[accounts]]\nid = \"111111111111\"\nname = \"management\"\n";
const CALLS: u32 = 20_000;
const EVENTS: u32 = 100_000;

#[tokio::main]
async fn main() {
    println!("{:<58} {:>12} {:>12}", "measured", "value", "target");
    let groups = "[[groups]]\naccount = \"management\"\nname = \"/app\"\ncount = 50\n";
    let logs = connect(&Scenario::from_toml(&format!("{HEAD}{groups}")).unwrap());
    row(
        "DescribeLogGroups calls a second",
        calls_a_second(&logs).await,
        ">= 3,000",
    );

    let logs = connect(&Scenario::from_toml(&format!("{HEAD}{groups}{}", events())).unwrap());
    row(
        "ms of FilterLogEvents, a rare term in 100,000 events",
        rare_term(&logs).await,
        "<= 50",
    );

    let start = Instant::now();
    let scenario = Scenario::builtin("org-100").unwrap();
    let range = Range::new(&scenario, None, scenario.clock()).unwrap();
    row(
        "ms until org-100 answers",
        start.elapsed().as_secs_f64() * 1e3,
        "<= 3,000",
    );
    row(
        "MiB resident at most, all of the above",
        peak_memory(),
        "<= 500",
    );
    drop(range);
}

fn row(label: &str, value: f64, target: &str) {
    println!("{label:<58} {value:>12.1} {target:>12}");
}

/// A client of a practice range in this process, without throttling.
fn connect(scenario: &Scenario) -> Client {
    // Requests are signed with the wall clock, so the story of the range ends now.
    let range = Range::new(scenario, None, Clock::wall()).unwrap();
    let keys = range.credentials();
    let credentials = Credentials::new(
        keys.access_key_id,
        keys.secret_access_key,
        None,
        None,
        "practice",
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(range_connector::http_client(range))
        .credentials_provider(credentials)
        .region(Region::new("us-east-1"));
    Client::from_conf(config.build())
}

async fn calls_a_second(logs: &Client) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS {
        logs.describe_log_groups().send().await.unwrap();
    }
    f64::from(CALLS) / start.elapsed().as_secs_f64()
}

/// The fastest of several runs; the others are slowed down by other load on the machine.
async fn rare_term(logs: &Client) -> f64 {
    let mut fastest = Duration::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        let mut token = None;
        let mut found = 0;
        loop {
            let query = logs
                .filter_log_events()
                .log_group_name("/app-001")
                .filter_pattern("\"192.0.2.1\"");
            let page = query.set_next_token(token).send().await.unwrap();
            found += page.events().len();
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(found, 1);
        fastest = fastest.min(start.elapsed());
    }
    fastest.as_secs_f64() * 1e3
}

fn events() -> String {
    let padding = "x".repeat(900);
    let mut text = String::new();
    for (count, message) in [(EVENTS - 1, "{n} from 10.0.0.1"), (1, "from 192.0.2.1")] {
        write!(
            text,
            "[[events]]\naccount = \"111111111111\"\nregion = \"us-east-1\"\ngroup = \"/app-001\"\nat = \"30h ago\"\n\
             message = \"{message} {padding}\"\ncount = {count}\n"
        )
        .unwrap();
    }
    text
}

/// The peak resident memory, in MiB. Source: proc(5): `VmHWM` is in KiB.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<f64>().ok())
        .map_or(f64::NAN, |kib| kib / 1_024.0)
}
