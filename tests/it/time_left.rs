//! The estimated time left of whole sweeps, on paused time: after the first tenth of a sweep it is
//! right within a factor, and the progress does not go back. With the environment variable
//! `DRAGNET_PRINT_ESTIMATES`, every estimate is printed with the truth and the slowest account-Region:
//! `DRAGNET_PRINT_ESTIMATES=1 cargo test --test it time_left -- --nocapture --test-threads 1`.

use std::sync::Arc;
use std::time::Duration;

use dragnet::progress::{Estimate, Estimator};
use dragnet::sweep::{SweepProgress, Tally};
use tokio::time::{Instant, sleep};

use crate::scenario::{Behaviour, Fault, Record, ScenarioBuilder, Trail};
use crate::speed::{ARGUMENTS, HEAD, events, slow, sweep_parts, twenty_quiet_groups};
use crate::world::World;

const MAX_FACTOR: f64 = 1.5;

/// An error of a few seconds does not matter to someone who waits.
const TOLERATED_SECONDS: f64 = 5.0;

/// An estimate, and the seconds since the start at which it was made.
struct Sample {
    at: f64,
    estimate: Estimate,
}

/// What is printed about every half second.
#[derive(Default)]
struct PrintedEstimates {
    is_enabled: bool,
    lines: Vec<(f64, String)>,
}

impl PrintedEstimates {
    fn from_environment() -> Self {
        Self {
            is_enabled: std::env::var_os("DRAGNET_PRINT_ESTIMATES").is_some(),
            lines: Vec::new(),
        }
    }

    fn add(&mut self, at: f64, estimate: Option<&Estimate>, progress: &SweepProgress) {
        if !self.is_enabled {
            return;
        }
        let left = match estimate {
            Some(estimate) => format!(
                "{:5.1} s left, progress {:.2}",
                estimate.left.as_secs_f64(),
                estimate.progress
            ),
            None => "unknown".to_owned(),
        };
        let counts = &progress.counts;
        let longest = progress
            .work
            .iter()
            .max_by(|one, other| one.pages_left.total_cmp(&other.pages_left));
        let line = format!(
            "{left}, account-Regions {}/{}, log groups {}/{}, {} being read, most pages: {longest:?}",
            counts.targets_done,
            counts.targets_known,
            counts.log_groups_done,
            counts.log_groups_known,
            progress.work.len(),
        );
        self.lines.push((at, line));
    }

    fn print(&self, duration: f64) {
        for (at, line) in &self.lines {
            eprintln!("{at:5.1} s: in truth {:5.1} s left, {line}", duration - at);
        }
    }
}

/// Sweeps, and returns an estimate for every half second, and the duration in seconds.
async fn samples(scenario: &str, arguments: &[&str]) -> (Vec<Sample>, f64) {
    let world = World::from_toml(scenario);
    let temp = tempfile::tempdir().unwrap();
    let tally = Arc::new(Tally::default());
    let start = Instant::now();
    let parts = sweep_parts(&world, arguments, temp.path(), Arc::clone(&tally)).await;
    let mut estimator = Estimator::default();
    let mut samples = Vec::new();
    let mut printed = PrintedEstimates::from_environment();
    let observe = async {
        loop {
            sleep(Duration::from_millis(500)).await;
            let elapsed = start.elapsed();
            let progress = tally.progress();
            let estimate = estimator.update(elapsed, &progress);
            printed.add(elapsed.as_secs_f64(), estimate.as_ref(), &progress);
            samples.extend(estimate.map(|estimate| Sample {
                at: elapsed.as_secs_f64(),
                estimate,
            }));
        }
    };
    tokio::select! {
        swept = dragnet::sweep::sweep(parts) => swept.unwrap(),
        () = observe => {}
    }
    assert!(
        tally.progress().work.is_empty(),
        "nothing is being read any more"
    );
    let duration = start.elapsed().as_secs_f64();
    printed.print(duration);
    (samples, duration)
}

/// Returns whether an estimate is as close to the truth as promised.
fn is_close(estimated: f64, truth: f64) -> bool {
    let ratio = estimated / truth;
    (estimated - truth).abs() <= TOLERATED_SECONDS
        || (1.0 / MAX_FACTOR..=MAX_FACTOR).contains(&ratio)
}

/// Asserts that the progress does not go back by more than a fifth.
fn assert_progress(samples: &[Sample]) {
    let mut furthest: f64 = 0.0;
    for Sample { at, estimate } in samples {
        // A little less than a fifth, because of rounding.
        assert!(
            estimate.progress >= furthest * 0.799,
            "at {at} s: {estimate:?}"
        );
        furthest = furthest.max(estimate.progress);
    }
}

/// Asserts that the estimates after the first tenth are close, that the progress does not go back by
/// more than a fifth, and that there is an estimate for this share of the time after the first
/// seconds.
fn assert_estimates(samples: &[Sample], duration: f64, share: f64) {
    assert_progress(samples);
    let mut wrong = Vec::new();
    for Sample { at, estimate } in samples {
        let truth = duration - at;
        let left = estimate.left.as_secs_f64();
        if *at >= duration / 10.0 && !is_close(left, truth) {
            wrong.push(format!(
                "{at:.1} s: {left:.1} s left, in truth {truth:.1} s"
            ));
        }
    }
    assert!(wrong.is_empty(), "of {duration:.1} s: {wrong:#?}");
    let expected = (duration - 4.0) * 2.0 * share;
    assert!(
        samples.len() as f64 >= expected,
        "{} estimates in {duration} s",
        samples.len()
    );
}

#[tokio::test(start_paused = true)]
async fn remaining_pages_are_estimated() {
    // A hundred pages of one log group, and thirty log groups of one page: 16 s at eight calls per
    // second.
    let mut content = events("/central", 1_000);
    for n in 0..30 {
        content.push_str(&events(&format!("/app-{n:02}"), 3));
    }
    let scenario = format!("{HEAD}{content}{}", slow("222222222222", 500));
    let (samples, duration) = samples(&scenario, &ARGUMENTS).await;
    assert_estimates(&samples, duration, 0.8);
}

#[tokio::test(start_paused = true)]
async fn scans_without_matches_are_not_nearly_done() {
    let quiet = format!(
        "{HEAD}{}{}",
        twenty_quiet_groups(),
        slow("222222222222", 500)
    );
    let (samples, duration) = samples(&quiet, &ARGUMENTS).await;
    assert!(duration > 45.0 && samples.len() > 80, "{duration} s");
    for Sample { at, estimate } in samples.iter().filter(|sample| sample.at < duration - 5.0) {
        assert!(
            estimate.left >= Duration::from_millis(500),
            "{estimate:?} at {at} s of {duration} s"
        );
    }
}

/// AWS throttles one call in five, so nobody can know how long the last few calls take.
#[tokio::test(start_paused = true)]
async fn throttled_account_region_is_named() {
    // The pauses after throttled calls are random.
    fastrand::seed(21);
    let chaos = include_str!("../../config/range/chaos.toml");
    let (samples, duration) = samples(chaos, &["198.51.100.23", "--since", "24h"]).await;
    assert!(duration > 15.0, "{duration} s");
    assert_progress(&samples);
    let is_throttled_named = samples.iter().any(|sample| {
        let waiting_for = sample.estimate.waiting_for.as_deref().unwrap_or_default();
        waiting_for.ends_with(" (throttled)")
    });
    assert!(is_throttled_named, "the throttled account-Region is named");
}

/// Two Regions, so that the test is quick, with pages and response times that make it long on paused
/// time. Nothing matches in the first hours of the long log group of the trail, whose length is a
/// guess until a slice of it is read.
#[tokio::test(start_paused = true)]
async fn large_organization_is_estimated_within_a_factor() {
    let org_100 = include_str!("../../config/range/org-100.toml");
    let scenario = format!(
        "{org_100}\n[behaviour]\nevents_scanned_a_page = 50\n{}",
        Fault::slow("*", 150)
    );
    let arguments = [
        "198.51.100.23",
        "--since",
        "24h",
        "--region",
        "us-east-1",
        "--region",
        "eu-central-1",
    ];
    let (samples, duration) = samples(&scenario, &arguments).await;
    assert!(duration > 15.0, "{duration} s");
    assert!(
        duration < 52.0,
        "{duration} s: the second pass over the log group is split at its first page"
    );
    assert_estimates(&samples, duration, 0.6);
    assert!(
        samples.iter().any(|sample| {
            sample.estimate.waiting_for.as_deref() == Some("management us-east-1")
        })
    );
}

/// No trail records the account, so its event history is read at the end: 2,000 events, 50 a page,
/// at two calls per second.
#[tokio::test(start_paused = true)]
async fn event_history_is_waited_for() {
    let scenario = "name = 'history'\n\
        now = '2026-03-02T12:00:00Z'\n\
        [organization]\n\
        management = '111111111111'\n\
        regions = ['eu-west-1']\n\
        [behaviour]\n\
        own_traces = false\n\
        [[accounts]]\n\
        id = '111111111111'\n\
        name = 'management'\n\
        [[records]]\n\
        account = '111111111111'\n\
        region = 'eu-west-1'\n\
        at = '20h ago'\n\
        by = 'arn:aws:iam::111111111111:user/bob'\n\
        access_key = 'AKIABOB2BOB2BOB2BOB2'\n\
        service = 's3'\n\
        action = 'GetBucketPolicy'\n\
        ip = '198.51.100.23'\n\
        read_only = true\n\
        count = 2000\n";
    let (samples, duration) = samples(scenario, &["198.51.100.23", "--since", "24h"]).await;
    assert!(duration > 15.0, "{duration} s");
    assert!(samples.iter().any(|sample| {
        let waiting_for = sample.estimate.waiting_for.as_deref().unwrap_or_default();
        waiting_for == "management eu-west-1 (event history)"
    }));
}

/// The trail delivers to a bucket alone: 130 objects, read 32 at a time, each for five seconds.
#[tokio::test(start_paused = true)]
async fn bucket_is_waited_for() {
    let calls: String = (0..130)
        .map(|number| {
            let at = format!("{}m ago", 60 + 10 * number);
            let bob = "arn:aws:iam::222222222222:user/bob";
            Record::new("222222222222", "eu-west-1", at.as_str(), bob)
                .call("s3", "DeleteBucket")
                .ip("198.51.100.23")
                .raw(&format!("delivered = \"{at}\""))
                .to_string()
        })
        .collect();
    let trail = Trail::new("organization", "111111111111", "us-east-1").organization(true);
    let scenario = ScenarioBuilder::new("bucket")
        .regions(&["eu-west-1", "us-east-1"])
        .account("222222222222", "prod")
        .with(&Behaviour::new().own_traces(false))
        .with(&trail)
        .with(&calls)
        .with(&Fault::slow("GetObject", 5_000))
        .toml();
    let arguments = ["198.51.100.23", "--since", "24h", "--require", "management"];
    let (samples, duration) = samples(&scenario, &arguments).await;
    assert!(duration > 15.0, "{duration} s");
    assert_progress(&samples);
    assert!(samples.iter().any(|sample| {
        let waiting_for = sample.estimate.waiting_for.as_deref().unwrap_or_default();
        waiting_for == "prod eu-west-1 (bucket cloudtrail-111111111111)"
    }));
}

#[test]
fn check_of_estimates_can_fail() {
    assert!(is_close(100.0, 70.0) && is_close(70.0, 100.0) && is_close(5.0, 0.1));
    assert!(!is_close(160.0, 100.0) && !is_close(60.0, 100.0));
}
