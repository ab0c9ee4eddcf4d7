//! Collections that are killed and continued, on paused time.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use tokio::time::timeout;

use super::{OUT, directory, files_below, manifest, scenario, try_collect};
use crate::scenario::{Behaviour, Event, Fault};
use crate::world::World;

const ACCOUNT: [&str; 4] = ["--account", "prod", "--account", "dev"];

/// Returns two log groups with thirty events each, on pages of five. Every response takes some time.
fn slow_scenario() -> String {
    let mut builder = scenario();
    for account in ["222222222222", "333333333333"] {
        for number in 0..30 {
            let at = format!("{}m ago", 10 + number);
            let message = format!("event {number}");
            builder = builder.with(&Event::new(account, "us-east-1", "/app", at, message));
        }
    }
    let toml = builder.with(&Fault::slow("*", 50)).toml();
    let behaviour = Behaviour::new().events_scanned_a_page(5);
    toml.replace("[behaviour]\n", &behaviour)
}

/// Runs `work` as a process would: time starts over, and anything that was not written at its end
/// is lost.
fn process<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

fn logs(world: &World) -> BTreeMap<String, Vec<u8>> {
    files_below(&directory(world).join("logs"))
}

#[test]
fn collection_killed_at_any_time_continues_to_the_same_files() {
    let toml = slow_scenario();
    let expected = process(async {
        let world = World::from_toml(&toml);
        try_collect(&world, &ACCOUNT).await.unwrap();
        logs(&world)
    });
    assert!(!expected.is_empty());
    let mut continued = 0;
    for time in (0..12).map(|n| Duration::from_millis(n * 60)) {
        let first = process(async { World::from_toml(&toml) });
        process(async {
            let world = first.restarted_with(&toml);
            _ = timeout(time, try_collect(&world, &ACCOUNT)).await;
        });
        continued += usize::from(directory(&first).join("run").exists());
        let found = process(async {
            let world = first.restarted_with(&toml);
            try_collect(&world, &ACCOUNT).await.unwrap();
            logs(&world)
        });
        assert_eq!(found, expected, "killed after {time:?}");
    }
    assert!(
        continued >= 6,
        "only {continued} kills were after the start"
    );
}

#[test]
fn finished_collection_is_written_again_without_a_call() {
    let toml = slow_scenario();
    let world = process(async { World::from_toml(&toml) });
    let expected = process(async {
        try_collect(&world.restarted_with(&toml), &ACCOUNT)
            .await
            .unwrap();
        logs(&world)
    });
    // As a process that was killed while it wrote the files leaves them.
    let root = directory(&world);
    fs::create_dir(root.join(".unfinished-logs")).unwrap();
    fs::write(root.join(".unfinished-logs/x"), "half").unwrap();
    fs::remove_dir_all(root.join("logs")).unwrap();
    fs::remove_file(root.join("manifest.json")).unwrap();
    process(async {
        let again = world.restarted_with(&toml);
        try_collect(&again, &ACCOUNT).await.unwrap();
        assert_eq!(again.calls("FilterLogEvents"), 0);
    });
    assert_eq!(logs(&world), expected);
    assert!(!root.join(".unfinished-logs").exists());
    assert_eq!(manifest(&root)["format"], "dragnet-collection");
}

#[test]
fn directory_with_something_else_is_refused() {
    let toml = slow_scenario();
    let world = process(async { World::from_toml(&toml) });
    let root = directory(&world);
    let refused = |arguments: &[&str]| {
        let error = process(async {
            try_collect(&world.restarted_with(&toml), arguments)
                .await
                .unwrap_err()
        });
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    };
    fs::create_dir(&root).unwrap();
    fs::write(root.join("notes.txt"), "x").unwrap();
    let error = refused(&ACCOUNT);
    assert!(
        error.contains(OUT) && error.contains("not empty"),
        "{error}"
    );
    fs::remove_file(root.join("notes.txt")).unwrap();
    process(async {
        try_collect(&world.restarted_with(&toml), &ACCOUNT)
            .await
            .unwrap();
    });
    let before = logs(&world);
    for (arguments, problem) in [
        (&["--account", "prod"][..], "other accounts"),
        (
            &[&ACCOUNT[..], &["--sources", "logs"]].concat()[..],
            "other --sources",
        ),
    ] {
        let error = refused(arguments);
        assert!(error.contains(problem), "{error}");
    }
    assert_eq!(logs(&world), before);
}
