//! `sweep --changes` finds only write calls.

use crate::world::{World, delivered, event, record};

fn write_call(id: &str, read_only: &str) -> String {
    let plain = record(
        id,
        "222222222222",
        "us-east-1",
        "2026-03-02T11:00:00Z",
        "192.0.2.1",
    );
    plain.replacen('{', &format!("{{{read_only}"), 1)
}

fn planted() -> String {
    [
        delivered("1h ago", &write_call("read", r#""readOnly":true,"#)),
        delivered("1h ago", &write_call("write", r#""readOnly":false,"#)),
        delivered("1h ago", &write_call("unknown", "")),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "1h ago",
            "from 192.0.2.1",
        ),
    ]
    .concat()
}

#[tokio::test(start_paused = true)]
async fn read_calls_and_other_events_are_left_out() {
    let world = World::small_with(&planted());
    let all = world.sweep(&["192.0.2.1"]).await;
    assert_eq!(all.columns("sightings.csv", &["record_id"]).len(), 4);
    assert_eq!(all.summary().get("changes_only"), None);
    let changes = world.sweep(&["192.0.2.1", "--changes"]).await;
    let mut ids = changes.columns("sightings.csv", &["record_id"]);
    ids.sort();
    assert_eq!(ids, ["unknown", "write"]);
    assert_eq!(changes.summary()["changes_only"], true);
}

#[tokio::test(start_paused = true)]
async fn rows_of_hunts_are_write_calls_too() {
    let run = World::small_with(&planted())
        .sweep(&["--hunt", "s3-list-buckets", "--changes"])
        .await;
    let mut ids = run.columns("sightings.csv", &["record_id"]);
    ids.sort();
    assert_eq!(ids, ["unknown", "write"]);
}
