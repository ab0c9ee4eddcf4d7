//! The estimated time left of whole sweeps, on paused time: after the first tenth of a sweep it is
//! right within a factor, and the progress does not go back. The practice organizations with faults
//! are not covered: it is not known in advance which calls are throttled.

use std::sync::Arc;
use std::time::Duration;

use dragnet::progress::{Estimate, Estimator};
use dragnet::sweep::Tally;
use tokio::time::{Instant, sleep};

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

/// Sweeps, and returns an estimate for every half second, and the duration in seconds.
async fn samples(scenario: &str, arguments: &[&str]) -> (Vec<Sample>, f64) {
    let world = World::from_toml(scenario);
    let temp = tempfile::tempdir().unwrap();
    let tally = Arc::new(Tally::default());
    let start = Instant::now();
    let parts = sweep_parts(&world, arguments, temp.path(), Arc::clone(&tally)).await;
    let mut estimator = Estimator::default();
    let mut samples = Vec::new();
    let observe = async {
        loop {
            sleep(Duration::from_millis(500)).await;
            let elapsed = start.elapsed();
            let estimate = estimator.update(elapsed, &tally.progress());
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
    (samples, start.elapsed().as_secs_f64())
}

/// Returns whether an estimate is as close to the truth as promised.
fn is_close(estimated: f64, truth: f64) -> bool {
    let ratio = estimated / truth;
    (estimated - truth).abs() <= TOLERATED_SECONDS
        || (1.0 / MAX_FACTOR..=MAX_FACTOR).contains(&ratio)
}

/// Asserts that the estimates after the first tenth are close, and that the progress does not go
/// back by more than a fifth.
fn assert_estimates(samples: &[Sample], duration: f64) {
    let mut furthest: f64 = 0.0;
    let mut wrong = Vec::new();
    for Sample { at, estimate } in samples {
        // A little less than a fifth, because of rounding.
        assert!(
            estimate.progress >= furthest * 0.799,
            "at {at} s: {estimate:?}"
        );
        furthest = furthest.max(estimate.progress);
        let truth = duration - at;
        let left = estimate.left.as_secs_f64();
        if *at >= duration / 10.0 && !is_close(left, truth) {
            wrong.push(format!(
                "{at:.1} s: {left:.1} s left, in truth {truth:.1} s"
            ));
        }
    }
    assert!(wrong.is_empty(), "of {duration:.1} s: {wrong:#?}");
    let expected = (duration - 4.0) * 2.0 * 0.8;
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
    assert_estimates(&samples, duration);
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

#[test]
fn check_of_estimates_can_fail() {
    assert!(is_close(100.0, 70.0) && is_close(70.0, 100.0) && is_close(5.0, 0.1));
    assert!(!is_close(160.0, 100.0) && !is_close(60.0, 100.0));
}
