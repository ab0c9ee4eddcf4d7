//! Kills a practice sweep with `kill -9` at random points: 25, or 50 in CI. It is resumed, and ends with the same
//! bytes.

use std::path::Path;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::binary::{dragnet, ended, run_in};
use crate::cases::{cases, seed};

/// A sweep mostly waits for quotas, so several can run on one processor.
const AT_ONCE: u64 = 10;
const SWEEP: [&str; 9] = [
    "sweep",
    "198.51.100.23",
    "--practice",
    "--from",
    "2026-03-01T12:00:00Z",
    "--to",
    "2026-03-02T11:59:00Z",
    "--progress",
    "none",
];

#[tokio::test(flavor = "multi_thread")]
async fn killed_run_resumes_to_identical_output() {
    let temp = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let (code, stderr) = ended_in(temp.path(), &SWEEP).await;
    assert_eq!(code, Some(3), "{stderr}");
    let whole = start.elapsed();
    let expected = evidence(&run_in(temp.path()).unwrap());

    let seed = seed();
    println!("DRAGNET_SEED={seed}; an undisturbed run takes {whole:?}");
    let points = u64::from(cases(25));
    let mut tasks = JoinSet::new();
    for task in 0..AT_ONCE {
        let expected = expected.clone();
        tasks.spawn(async move {
            let mut resumed = 0;
            for point in (task..points).step_by(usize::try_from(AT_ONCE).unwrap()) {
                resumed += u32::from(kill_and_resume(seed, point, whole, &expected).await);
            }
            resumed
        });
    }
    let resumed: u32 = tasks.join_all().await.into_iter().sum();
    println!("{resumed} of {points} had made requests when they were killed");
    assert!(u64::from(resumed) >= points / 2, "{resumed}");
}

/// Returns whether the run had started when it was killed.
async fn kill_and_resume(seed: u64, point: u64, whole: Duration, expected: &[String]) -> bool {
    let temp = tempfile::tempdir().unwrap();
    let share = |salt: u64| fraction(seed ^ (point * 2 + salt));
    let mut child = dragnet(temp.path()).args(SWEEP).spawn().unwrap();
    sleep(whole.mul_f64(share(0))).await;
    child.kill().await.unwrap();
    let Some(run) = run_in(temp.path()) else {
        return false;
    };
    let name = run.file_name().unwrap().to_str().unwrap();
    if !run.join("run.db").exists() {
        return false;
    }
    // Resumes the run, kills it again, and resumes it again.
    let mut child = dragnet(temp.path()).args(["resume", name]).spawn().unwrap();
    sleep(whole.mul_f64(share(1))).await;
    child.kill().await.unwrap();
    let (code, stderr) = ended_in(temp.path(), &["resume", name, "--progress", "none"]).await;
    if code == Some(1) && stderr.contains("the run ended before it made any request") {
        return false;
    }
    assert_eq!(code, Some(3), "point {point}: {stderr}");
    assert_eq!(evidence(&run), expected, "point {point} of seed {seed}");
    let (code, _) = ended_in(temp.path(), &["runs", "verify", name]).await;
    assert_eq!(
        code,
        Some(0),
        "point {point}: the manifest matches the files"
    );
    true
}

async fn ended_in(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = dragnet(directory);
    command.args(arguments);
    ended(command).await
}

/// Returns the sightings byte for byte, and the coverage without the column that names requests.
fn evidence(run: &Path) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(run.join(name)).unwrap();
    let mut coverage = csv::Reader::from_path(run.join("coverage.csv")).unwrap();
    let header = coverage.headers().unwrap().clone();
    let rows = coverage.records().map(|row| {
        let row = row.unwrap();
        let compared = header
            .iter()
            .zip(&row)
            .filter(|(column, _)| *column != "reason");
        compared
            .map(|(_, field)| field)
            .collect::<Vec<_>>()
            .join(",")
    });
    [read("sightings.csv"), read("sightings.jsonl")]
        .into_iter()
        .chain(rows)
        .collect()
}

fn fraction(seed: u64) -> f64 {
    fastrand::Rng::with_seed(seed).f64()
}
