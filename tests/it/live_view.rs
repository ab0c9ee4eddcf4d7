//! `--progress live`: what the view shows of a sweep, and that it needs a terminal.

use std::process::{Command, Stdio};
use std::sync::Arc;

use dragnet::sweep::{Tally, TargetState};

use crate::scenario::Fault;
use crate::speed::{ARGUMENTS, sweep_parts};
use crate::world::World;

#[tokio::test(start_paused = true)]
async fn grid_has_every_account_region_and_its_gaps() {
    let denied = Fault::denied("DescribeLogGroups")
        .account("333333333333")
        .region("eu-west-1");
    let world = World::small_with(&denied.to_string());
    let temp = tempfile::tempdir().unwrap();
    let tally = Arc::new(Tally::default());
    tally.watch_targets();
    let parts = sweep_parts(&world, &ARGUMENTS, temp.path(), Arc::clone(&tally)).await;
    dragnet::sweep::sweep(parts).await.unwrap();
    let view = tally.grid(10);
    let names: Vec<&str> = view.accounts.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["management", "prod", "dev"]);
    assert_eq!(view.hidden, 0);
    // Of the account with the trail, the last minutes are not delivered yet.
    for account in view.accounts.iter().skip(1) {
        for (region, state) in &account.regions {
            let is_denied = account.name == "dev" && region.as_str() == "eu-west-1";
            let expected = if is_denied {
                TargetState::NotCovered
            } else {
                TargetState::Finished
            };
            assert_eq!(*state, expected, "{} {region}", account.name);
        }
        assert_eq!(account.regions.len(), 2, "{}", account.name);
    }
    assert_eq!(tally.grid(1).hidden, 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_without_the_view() {
    let world = World::small_with("");
    let temp = tempfile::tempdir().unwrap();
    let tally = Arc::new(Tally::default());
    let parts = sweep_parts(&world, &ARGUMENTS, temp.path(), Arc::clone(&tally)).await;
    dragnet::sweep::sweep(parts).await.unwrap();
    assert!(tally.grid(10).accounts.is_empty());
}

#[test]
fn view_needs_a_terminal() {
    let temp = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .current_dir(temp.path())
        .env_clear()
        .env("HOME", temp.path())
        .args(["sweep", "192.0.2.1", "--account", "dev", "--practice"])
        .args(["--progress", "live"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains(" accounts 1/1, Regions "), "{stderr}");
    assert!(!stderr.contains('\u{1b}'), "{stderr}");
}
