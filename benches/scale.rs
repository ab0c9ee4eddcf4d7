//! How a sweep scales with the organization: 50, 500 and 5,000 accounts × 17 Regions × 10 log
//! groups of four pages, in this process and with paused time. Every response takes 50 ms. Prints
//! one table.
//!
//! `cargo bench --bench scale [-- ACCOUNTS…]`

#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dragnet::throttle::QuotaTable;
use support::{FakeOrganization, SweepRequest, cpu_seconds, head, memory, page, row, sweep_parts};
use tokio::time::Instant;

const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];
const GROUPS: usize = 10;
const PAGES: usize = 4;
const LATENCY: Duration = Duration::from_millis(50);

/// The quota of STS, and that of the Regions with the lowest one.
const SESSIONS_A_SECOND: f64 = 600.0;
const LEAST_CALLS_A_SECOND: f64 = 5.0;
/// The sequential responses besides the pages of the last account: the caller, its session, its
/// Regions, its log sources, its log groups; and, after the pages, the second list of its log
/// groups.
const PATH: f64 = 6.0;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if let [only, accounts] = &arguments[..]
        && only == "--one"
    {
        return one(accounts.parse().unwrap());
    }
    let sizes = if arguments.is_empty() {
        ["50", "500", "5000"].map(str::to_owned).to_vec()
    } else {
        arguments
    };
    head();
    for accounts in sizes {
        // Each size runs in a separate process, so that each has its own peak memory.
        let this = std::env::current_exe().unwrap();
        assert!(
            std::process::Command::new(this)
                .args(["--one", &accounts])
                .status()
                .unwrap()
                .success()
        );
    }
}

/// Measures one size and prints its rows.
fn one(accounts: usize) {
    let temp = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let (elapsed, calls) = runtime.block_on(sweep(accounts, temp.path()));
    let bound = accounts as f64 / SESSIONS_A_SECOND
        + PATH * LATENCY.as_secs_f64()
        + (GROUPS * PAGES) as f64 / LEAST_CALLS_A_SECOND;
    row(
        &format!("{accounts} accounts: makespan / lower bound"),
        elapsed / bound,
        "<= 1.05",
    );
    row(
        &format!("{accounts} accounts: MiB at most"),
        memory("VmHWM"),
        "< 1024",
    );
    row(
        &format!("{accounts} accounts: simulated seconds"),
        elapsed,
        "",
    );
    row(
        &format!("{accounts} accounts: µs of processor a call"),
        cpu_seconds() * 1e6 / calls as f64,
        "",
    );
}

/// Sweeps an organization, and returns the simulated seconds and the number of calls.
async fn sweep(accounts: usize, directory: &Path) -> (f64, u64) {
    let request = SweepRequest {
        accounts,
        indicator: "192.0.2.1",
        window: &["--since", "24h"],
        quotas: QuotaTable::built_in().unwrap(),
    };
    let (parts, _, writer) = sweep_parts(organization(), request, directory).await;
    let tally = Arc::clone(&parts.tally);
    let start = Instant::now();
    dragnet::sweep::sweep(parts).await.unwrap();
    let elapsed = start.elapsed().as_secs_f64();
    writer.await.unwrap().unwrap();
    let counts = tally.snapshot();
    let groups = (accounts * REGIONS.len() * GROUPS) as u64;
    assert_eq!(
        (counts.log_groups_done, counts.uncovered, counts.throttled),
        (groups, 0, 0)
    );
    assert_eq!(counts.events, groups * PAGES as u64);
    (elapsed, counts.calls)
}

fn organization() -> FakeOrganization {
    let event = |n: usize| {
        format!(
            r#"{{"timestamp":{},"message":"hello {n}","eventId":"{n}","logStreamName":"s"}}"#,
            1_772_366_400_000 + n * 20_000_000
        )
    };
    let pages = (0..PAGES)
        .map(|n| page(&[event(n)], (n + 1 < PAGES).then_some(n + 1)))
        .collect();
    FakeOrganization {
        regions: REGIONS.to_vec(),
        groups: GROUPS,
        pages,
        latency: LATENCY,
    }
}
