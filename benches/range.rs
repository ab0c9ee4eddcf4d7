//! How fast the practice range answers, through the real SDK and in this process. Prints one table.
//!
//! `cargo bench --bench range`

#![expect(clippy::unwrap_used, reason = "a benchmark ends where its ground gives way")]

use std::fmt::Write;
use std::time::Duration;

use dragnet::aws::{Aws, ConnectOptions, EventQuery, StaticCredentials, Wire};
use dragnet::range::{PracticeCredentials, Range, Scenario, connector};
use dragnet::throttle::{QuotaTable, Quotas};
use tokio::time::Instant;

const HEAD: &str = "name = \"bench\"\nnow = \"2026-03-02T12:00:00Z\"\n[organization]\nmanagement = \"111111111111\"\n\
                    regions = [\"us-east-1\"]\n[[accounts]]\nid = \"111111111111\"\nname = \"management\"\n";
const CALLS: u32 = 20_000;
const EVENTS: u32 = 100_000;

#[tokio::main]
async fn main() {
    println!("{:<58} {:>12} {:>12}", "measured", "value", "wanted");
    let groups = "[[groups]]\naccount = \"management\"\nname = \"/app\"\ncount = 50\n";
    let aws = connect(&Scenario::from_toml(&format!("{HEAD}{groups}")).unwrap()).await;
    row("DescribeLogGroups calls a second", calls_a_second(&aws).await, ">= 3,000");

    let aws = connect(&Scenario::from_toml(&format!("{HEAD}{groups}{}", events())).unwrap()).await;
    row("ms of FilterLogEvents, a rare term in 100,000 events", rare_term(&aws).await, "<= 50");

    let began = Instant::now();
    let scenario = Scenario::builtin("org-100").unwrap();
    let range = Range::new(&scenario, None, scenario.clock()).unwrap();
    row("ms until org-100 answers", began.elapsed().as_secs_f64() * 1e3, "<= 3,000");
    row("MiB resident at most, all of the above", peak_memory(), "<= 500");
    drop(range);
}

fn row(what: &str, value: f64, wanted: &str) {
    println!("{what:<58} {value:>12.1} {wanted:>12}");
}

async fn connect(scenario: &Scenario) -> Aws {
    let clock = scenario.clock();
    let range = Range::new(scenario, None, clock.clone()).unwrap();
    let PracticeCredentials { access_key_id, secret_access_key, region } = range.credentials();
    let wire = Wire::InProcess {
        http: connector::http_client(range),
        credentials: StaticCredentials { access_key_id, secret_access_key },
        region,
    };
    let quotas = Quotas::new(QuotaTable::unlimited(), 1.0);
    Aws::connect(ConnectOptions { wire, clock, quotas, concurrency: 64, audit: None }).await.unwrap()
}

async fn calls_a_second(aws: &Aws) -> f64 {
    let began = Instant::now();
    for _ in 0..CALLS {
        aws.log_groups(aws.source(), aws.home(), None).await.unwrap();
    }
    f64::from(CALLS) / began.elapsed().as_secs_f64()
}

/// The fastest of several: what the machine does besides is not the range's.
async fn rare_term(aws: &Aws) -> f64 {
    let query = EventQuery {
        log_group: "/app-001".to_owned(),
        from_ms: 0,
        to_ms: i64::MAX,
        pattern: Some("\"192.0.2.1\"".to_owned()),
    };
    let mut fastest = Duration::MAX;
    for _ in 0..20 {
        let began = Instant::now();
        let (mut token, mut found) = (None, 0);
        loop {
            let page = aws.events(aws.source(), aws.home(), &query, token).await.unwrap();
            found += page.events.len();
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(found, 1);
        fastest = fastest.min(began.elapsed());
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

/// Source: proc(5): `VmHWM` is the peak resident size, in KiB.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<f64>().ok()).map_or(f64::NAN, |kib| kib / 1_024.0)
}
