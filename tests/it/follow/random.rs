//! Random organizations: the footholds are those of the oracle, and following costs little more than
//! a search by somebody who knows them. Attribute lookups in event histories find the same lineage
//! as reading all events.

use std::collections::BTreeSet;

use fastrand::Rng;
use serde_json::Value;

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

/// Returns what a lineage says, without Regions and ids.
fn lineage(follow: &Value) -> BTreeSet<String> {
    let names = |list: &str, members: &'static [&'static str]| -> Vec<String> {
        let rows = follow[list].as_array().unwrap();
        rows.iter()
            .map(|row| {
                let values = members.iter().map(|member| row[*member].to_string());
                format!("{list} {}", values.collect::<Vec<_>>().join(" "))
            })
            .collect()
    };
    let nodes = names(
        "nodes",
        &[
            "kind",
            "identity",
            "depth",
            "from",
            "access_keys",
            "is_followed",
        ],
    );
    let edges = names(
        "edges",
        &["from", "to", "kind", "event_name", "time", "account_ids"],
    );
    let attempts = names("attempts", &["from", "event_name", "time"]);
    let open_ends = names("open_ends", &["identity", "kind", "account_id"]);
    [nodes, edges, attempts, open_ends]
        .concat()
        .into_iter()
        .collect()
}

/// Moves an organization into a partition that has no lookups by access key, so that every event is
/// read.
fn without_lookups(scenario: &str) -> String {
    scenario
        .replace("eu-west-1", "us-iso-east-1")
        .replace("us-east-1", "us-iso-west-1")
        .replace("arn:aws:", "arn:aws-iso:")
}

#[tokio::test(start_paused = true)]
async fn lookups_in_event_histories_find_what_reading_everything_finds() {
    let mut rng = Rng::with_seed(seed());
    for _ in 0..cases(3) {
        let attack = Attack::random_in_histories(&mut rng);
        let scenario = attack.scenario();
        let follow = ["--follow", "--follow-from", ATTACK_START, LEAKED];
        let arguments = [&follow[..], &WINDOW[..]].concat();
        let looked_up = World::from_toml(&scenario).sweep(&arguments).await;
        let looked_up = follow_json(&looked_up);
        let expected = attack.expected();
        assert_eq!(footholds(&looked_up), expected.footholds, "{looked_up:#}");
        assert_eq!(open_ends(&looked_up, "not-covered"), expected.open_ends);
        let read = World::from_toml(&without_lookups(&scenario))
            .sweep(&arguments)
            .await;
        assert_eq!(lineage(&looked_up), lineage(&follow_json(&read)));
    }
}
