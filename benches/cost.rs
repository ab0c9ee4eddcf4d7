//! What a FilterLogEvents call of a whole sweep costs beside a bare SDK call that reads the same page of the same served
//! range: processor time of two processes, divided by their calls. And how soon a command is there. Prints one table.
//!
//! `cargo bench --bench cost`

#![expect(clippy::unwrap_used, reason = "a benchmark ends where its ground gives way")]

mod support;

use std::process::Command;
use std::time::Duration;

use support::served::{Served, run_of, sweep_over};
use support::{children_cpu_seconds, head, row};
use tokio::time::Instant;

const GROUPS: usize = 40;
const PAGES: usize = 250;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("--bare") {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(read_bare());
    }
    head();
    let temp = tempfile::tempdir().unwrap();
    let served = Served::start(temp.path(), &scenario(), "off");
    let config = "[limits]\nquota_share = 1.0\nconcurrency = 8\n[limits.quotas]\nFilterLogEvents = 10000\n";
    let before = children_cpu_seconds();
    sweep_over(
        &served,
        temp.path(),
        config,
        &["198.51.100.23", "--since", "24h", "--member-role", "self", "--no-silence"],
    );
    let swept = children_cpu_seconds() - before;
    let summary = std::fs::read_to_string(run_of(temp.path()).join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let calls = summary["api_calls"]["FilterLogEvents"].as_f64().unwrap();

    let before = children_cpu_seconds();
    let this = std::env::current_exe().unwrap();
    let bare = Command::new(this).arg("--bare").envs(served.environment.iter().cloned()).output().unwrap();
    assert!(bare.status.success(), "{}", String::from_utf8_lossy(&bare.stderr));
    let looped = children_cpu_seconds() - before;
    let bare_calls: f64 = String::from_utf8(bare.stdout).unwrap().trim().parse().unwrap();
    let (of_sweep, of_loop) = (swept * 1e6 / calls, looped * 1e6 / bare_calls);
    row(&format!("µs of processor a call, a whole sweep of {calls} calls"), of_sweep, "");
    row(&format!("µs of processor a call, {bare_calls} bare SDK calls"), of_loop, "");
    row("times as much", of_sweep / of_loop, "<= 1.3");

    let version = fastest(|| assert!(dragnet().arg("--version").output().unwrap().status.success()));
    row("ms of `dragnet --version`", version.as_secs_f64() * 1e3, "< 10");
    let practice = fastest(|| {
        let sweep = ["sweep", "198.51.100.23", "--practice", "--progress", "none"];
        assert_eq!(dragnet().args(sweep).current_dir(temp.path()).output().unwrap().status.code(), Some(3));
    });
    row("s of a practice sweep", practice.as_secs_f64(), "< 2");
}

fn dragnet() -> Command {
    Command::new(env!("CARGO_BIN_EXE_dragnet"))
}

/// The fastest of five: what the machine does besides is not the command's.
fn fastest(run: impl Fn()) -> Duration {
    let once = || {
        let began = Instant::now();
        run();
        began.elapsed()
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

/// Reads every group, page by page, eight groups at a time.
async fn read_bare() {
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest()).load().await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    let now = dragnet::time::Clock::wall().now_ms();
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
    let calls: u32 = futures::future::join_all(readers).await.into_iter().map(Result::unwrap).sum();
    println!("{calls}");
}
