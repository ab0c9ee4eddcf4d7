//! The rounds of a follow: they end at the limit, continue after an interruption, and read only
//! where the new identities can have acted.

use std::time::Duration;

use fastrand::Rng;
use tokio_util::sync::CancellationToken;

use super::attack::{ATTACK_START, Attack, LEAKED};
use super::{follow_json, footholds, open_ends};
use crate::scenario::Fault;
use crate::world::World;

const FOLLOW: [&str; 4] = ["--follow", "--follow-from", ATTACK_START, LEAKED];

/// Returns an attack whose lineage needs several rounds, and which is covered.
fn long_attack() -> Attack {
    let mut rng = Rng::with_seed(7);
    loop {
        let mut attack = Attack::random(&mut rng);
        attack.uncovered.clear();
        if attack.expected().footholds.len() > 6 {
            return attack;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn limit_of_rounds_is_an_open_end() {
    let attack = long_attack();
    let world = World::from_toml(&attack.scenario());
    let arguments = [&["--follow=1"][..], &FOLLOW[1..]].concat();
    let run = world.sweep(&arguments).await;
    let follow = follow_json(&run);
    assert_eq!(follow["rounds"].as_array().unwrap().len(), 1);
    assert!(!open_ends(&follow, "not-searched").is_empty(), "{follow:#}");
    assert_eq!(run.status(), "incomplete");
    assert!(footholds(&follow).is_subset(&attack.expected().footholds));
}

#[tokio::test(start_paused = true)]
async fn rounds_read_only_the_accounts_of_new_identities() {
    let attack = long_attack();
    let run = World::from_toml(&attack.scenario()).sweep(&FOLLOW).await;
    let follow = follow_json(&run);
    assert_eq!(run.status(), "complete", "{follow:#}");
    assert_eq!(footholds(&follow), attack.expected().footholds);
    let rounds = follow["rounds"].as_array().unwrap();
    assert!(rounds.len() > 1);
    for round in rounds {
        let accounts = round["account_ids"].as_array().unwrap();
        assert!((1..12).contains(&accounts.len()), "{round}");
    }
}

#[tokio::test(start_paused = true)]
async fn interrupted_run_continues_in_its_round() {
    let attack = long_attack();
    let scenario = attack.scenario() + &Fault::slow("*", 50);
    let expected = attack.expected().footholds;
    let mut interrupted_in_rounds = 0;
    for milliseconds in [400, 1_000, 1_500, 2_000, 3_000] {
        let world = World::from_toml(&scenario);
        let cancel = CancellationToken::new();
        let interrupt = async {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            cancel.cancel();
        };
        let sweep = Box::pin(world.try_sweep(&FOLLOW, cancel.clone()));
        let (run, ()) = tokio::join!(sweep, interrupt);
        let run = run.unwrap();
        if run.status() == "interrupted" {
            let rounds = follow_json(&run)["rounds"].as_array().unwrap().len();
            interrupted_in_rounds += usize::from(rounds > 0);
        }
        let directory = run.outputs.directory.clone();
        let resumed = Box::pin(world.resume(&directory)).await.unwrap();
        let follow = follow_json(&resumed);
        assert_eq!(footholds(&follow), expected, "{milliseconds}: {follow:#}");
        assert_eq!(resumed.status(), "complete", "{milliseconds}");
    }
    assert!(interrupted_in_rounds > 0, "no round was interrupted");
}

#[tokio::test(start_paused = true)]
async fn addresses_are_counted_on_request_and_their_other_users_are_not_followed() {
    let attack = long_attack();
    let world = World::from_toml(&attack.scenario());
    let run = world
        .sweep(&[&FOLLOW[..], &["--follow-addresses"]].concat())
        .await;
    let follow = follow_json(&run);
    assert_eq!(footholds(&follow), attack.expected().footholds);
    let addresses = follow["addresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 1, "{addresses:?}");
    assert_eq!(addresses[0]["address"], "192.0.2.1");
    let others = addresses[0]["other_principals"].as_u64().unwrap();
    assert!(others > 0, "{addresses:?}");
}

#[tokio::test(start_paused = true)]
async fn busy_event_histories_are_read_once_and_then_looked_up() {
    let mut attack = session_attack();
    let session = attack.footholds.last().unwrap().account.clone();
    attack.histories.insert(session.clone());
    attack.add_everyday_calls(&session);
    let scenario = attack.scenario();
    let window = ["--require", "management", "--since=24h"];
    let world = World::from_toml(&scenario);
    let plain = world.sweep(&[&[LEAKED][..], &window[..]].concat()).await;
    assert_eq!(plain.status(), "complete");
    let first_search = world.calls("LookupEvents");
    assert!(first_search >= 80, "{first_search} pages");
    let world = World::from_toml(&scenario);
    let followed = world.sweep(&[&FOLLOW[..], &window[..]].concat()).await;
    let follow = follow_json(&followed);
    assert_eq!(footholds(&follow), attack.expected().footholds);
    assert_eq!(followed.status(), "complete");
    let rounds = follow["rounds"].as_array().unwrap().len() as u64;
    let in_rounds = world.calls("LookupEvents").saturating_sub(first_search);
    // At most 30 lookups in each of the two Regions, of two pages each.
    assert!(
        in_rounds <= rounds * 2 * 30,
        "{in_rounds} in {rounds} rounds"
    );
}

/// Returns a covered attack that consists of sessions.
fn session_attack() -> Attack {
    let mut rng = Rng::with_seed(11);
    loop {
        let mut attack = Attack::random(&mut rng);
        attack.uncovered.clear();
        let is_session = |identity: &str| identity.starts_with("session ");
        let footholds = attack.expected().footholds;
        let others = footholds.iter().filter(|identity| !is_session(identity));
        if footholds.len() > 2 && others.count() == 1 {
            return attack;
        }
    }
}
