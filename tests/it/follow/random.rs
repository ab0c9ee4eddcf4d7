//! Random organizations: the footholds are those of the oracle, and following costs little more than
//! a search by somebody who knows them.

use fastrand::Rng;

use super::attack::{ATTACK_START, Attack, LEAKED};
use super::{calls, follow_json, footholds, open_ends};
use crate::cases::{cases, seed};
use crate::world::World;

/// The median of the calls of a follow, as a multiple of those of a sweep for its footholds.
const MAX_MEDIAN: f64 = 1.6;

const WINDOW: [&str; 3] = ["--require", "management", "--since=24h"];

fn ratio(calls: u64, other: u64) -> f64 {
    calls as f64 / other as f64
}

/// Follows the leaked key in an organization, compares the lineage with the oracle, and returns the
/// calls as a multiple of those of a sweep for what was found.
async fn follow_and_compare(attack: &Attack) -> f64 {
    let scenario = attack.scenario();
    let follow = ["--follow", "--follow-from", ATTACK_START, LEAKED];
    let run = World::from_toml(&scenario)
        .sweep(&[&follow[..], &WINDOW[..]].concat())
        .await;
    let found = follow_json(&run);
    let expected = attack.expected();
    assert_eq!(
        footholds(&found),
        expected.footholds,
        "{scenario}\n{found:#}"
    );
    assert_eq!(
        open_ends(&found, "not-covered"),
        expected.open_ends,
        "{scenario}\n{found:#}"
    );
    let attempts = found["attempts"].as_array().unwrap().len();
    assert_eq!(attempts, expected.attempts, "{scenario}\n{found:#}");
    let is_covered = attack.uncovered.is_empty();
    assert_eq!(run.status() == "complete", is_covered, "{scenario}");
    let indicators = attack.indicators(&expected);
    let indicators = indicators.iter().map(String::as_str);
    let arguments: Vec<&str> = indicators.chain(WINDOW).collect();
    let narrowed = World::from_toml(&scenario).sweep(&arguments).await;
    ratio(calls(&run), calls(&narrowed))
}

#[tokio::test(start_paused = true)]
async fn footholds_and_open_ends_are_those_of_the_oracle() {
    let mut rng = Rng::with_seed(seed());
    let mut ratios = Vec::new();
    for _ in 0..cases(3) {
        let attack = Attack::random_with_outsiders(&mut rng);
        ratios.push(Box::pin(follow_and_compare(&attack)).await);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ratios.len() / 2];
    let max = ratios[ratios.len() - 1];
    println!(
        "calls of a follow, as a multiple of a narrowed sweep: median {median:.2}, max {max:.2}"
    );
    assert!(median <= MAX_MEDIAN, "{ratios:?}");
}
