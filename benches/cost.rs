//! The cost of a sweep compared with bare SDK calls: the processor time per `FilterLogEvents` call
//! of two processes that read the same pages of the same served range. Also the run time of short
//! commands. Prints one table.
//!
//! `cargo bench --bench cost`

#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::served::{Served, summary_of, sweep_over};
use support::{children_cpu_seconds, head, row};
use tokio::time::Instant;

const GROUPS: usize = 40;
const PAGES: usize = 250;
/// The two alternate, so that other load on the machine affects both.
const ROUNDS: usize = 3;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("--bare") {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(read_bare());
    }
    head();
    let temp = tempfile::tempdir().unwrap();
    measure_calls(temp.path());
    measure_version();
    measure_practice_sweep(temp.path());
}

/// Compares the processor time of sweeps with that of bare SDK calls.
fn measure_calls(directory: &Path) {
    let served = Served::start(directory, &scenario(), "off");
    let config =
        "[limits]\nquota_share = 1.0\nconcurrency = 8\n[limits.quotas]\nFilterLogEvents = 10000\n";
    // Warms up the served range: the cost of generating its logs is not measured.
    read_in_a_loop(&served);
    let mut swept = Cost::default();
    let mut looped = Cost::default();
    for _ in 0..ROUNDS {
        swept.add(|| read_by_a_sweep(&served, directory, config));
        looped.add(|| read_in_a_loop(&served));
    }
    row(
        &format!(
            "µs of processor a call, whole sweeps of {} calls",
            swept.calls
        ),
        swept.microseconds_per_call(),
        "",
    );
    row(
        &format!("µs of processor a call, {} bare SDK calls", looped.calls),
        looped.microseconds_per_call(),
        "",
    );
    row(
        "times as much",
        swept.microseconds_per_call() / looped.microseconds_per_call(),
        "<= 1.3",
    );
}

fn measure_version() {
    let version = fastest(|| {
        let output = dragnet().arg("--version").output().unwrap();
        assert!(output.status.success());
    });
    row(
        "ms of `dragnet --version`",
        version.as_secs_f64() * 1e3,
        "< 10",
    );
}

fn measure_practice_sweep(directory: &Path) {
    let arguments = ["sweep", "198.51.100.23", "--practice", "--progress", "none"];
    let practice = fastest(|| {
        let output = dragnet()
            .args(arguments)
            .current_dir(directory)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
    });
    row("s of a practice sweep", practice.as_secs_f64(), "< 2");
}

/// The cost of calls that other processes made.
#[derive(Default)]
struct Cost {
    calls: f64,
    processor: f64,
}

impl Cost {
    /// Adds the cost of `read`, which returns the number of its calls.
    fn add(&mut self, read: impl FnOnce() -> f64) {
        let before = children_cpu_seconds();
        self.calls += read();
        self.processor += children_cpu_seconds() - before;
    }

    /// Microseconds of processor time per call.
    fn microseconds_per_call(&self) -> f64 {
        self.processor * 1e6 / self.calls
    }
}

fn read_by_a_sweep(served: &Served, directory: &Path, config: &str) -> f64 {
    let arguments = [
        "198.51.100.23",
        "--since",
        "24h",
        "--member-role",
        "self",
        "--no-tamper-check",
    ];
    sweep_over(served, directory, config, &arguments);
    summary_of(directory)["api_calls"]["FilterLogEvents"]
        .as_f64()
        .unwrap()
}

fn read_in_a_loop(served: &Served) -> f64 {
    let this = std::env::current_exe().unwrap();
    let bare = Command::new(this)
        .arg("--bare")
        .envs(served.environment.iter().cloned())
        .output()
        .unwrap();
    assert!(
        bare.status.success(),
        "{}",
        String::from_utf8_lossy(&bare.stderr)
    );
    String::from_utf8(bare.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

fn dragnet() -> Command {
    Command::new(env!("CARGO_BIN_EXE_dragnet"))
}

/// The fastest of five runs; the others are slowed down by other load on the machine.
fn fastest(run: impl Fn()) -> Duration {
    let once = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..5).map(|_| once()).min().unwrap_or_default()
}

fn scenario() -> String {
    format!(
        "name = \"cost\"\nnow = \"2026-03-02T12:00:00Z\"\n[organization]\nmanagement = \"111111111111\"\n\
         regions = [\"us-east-1\"]\n[behaviour]\nevents_scanned_a_page = 10\nempty_pages = false\nown_traces = false\n\
         [[accounts]]\nid = \"111111111111\"\nname = \"management\"\n\
         [[groups]]\naccount = \"management\"\nname = \"/app\"\ncount = {GROUPS}\nevents_a_day = {}\n",
        PAGES * 10
    )
}

/// Reads every group page by page, eight groups at a time.
async fn read_bare() {
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .load()
        .await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    let now = dragnet_model::time::Clock::wall().now_ms();
    let readers = (0..8).map(|first| {
        let logs = logs.clone();
        tokio::spawn(async move {
            let mut calls = 0_u32;
            for group in (first..GROUPS).step_by(8) {
                let query = logs
                    .filter_log_events()
                    .log_group_name(format!("/app-{:03}", group + 1))
                    .filter_pattern("\"198.51.100.23\"")
                    .start_time(now - 86_400_000);
                let mut token = None;
                loop {
                    let page = query.clone().set_next_token(token).send().await.unwrap();
                    calls += 1;
                    token = page.next_token;
                    if token.is_none() {
                        break;
                    }
                }
            }
            calls
        })
    });
    let calls: u32 = futures::future::join_all(readers)
        .await
        .into_iter()
        .map(Result::unwrap)
        .sum();
    println!("{calls}");
}
