//! Records that a pipeline rewrote in OCSF.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{DEV, IP, MANAGEMENT, call, covered, scenario, world, world_with_trail};
use crate::scenario::{Event, Fault, Trail};
use crate::world::World;

const PIPELINE: &str =
    "[[pipelines]]\naccount = \"111111111111\"\nregion = \"us-east-1\"\nlog_group = \"/trail\"\n";

const PLACE: [&str; 6] = [
    "event_account_id",
    "event_region",
    "event_name",
    "principal_arn",
    "access_key_id",
    "trusted",
];

/// The record of `cases/aws-2026/s2.toml`: an example that the range did not make.
const OCSF: &str = r#"{"time":1772445600000,"class_name":"API Activity","class_uid":6003,"cloud":{"provider":"AWS","region":"us-east-1","account":{"uid":"222222222222"}},"api":{"operation":"CreateAccessKey","service":{"name":"iam.amazonaws.com"},"response":{"error":"AccessDenied"}},"actor":{"user":{"uid":"arn:aws:iam::222222222222:user/mallory"}},"src_endpoint":{"ip":"198.51.100.99"},"metadata":{"uid":"aaaaaaaa-0000-0000-0000-000000000002"}}"#;

fn delivered(message: &str) -> Event {
    Event::new(MANAGEMENT, "us-east-1", "/trail", "3h ago", message)
        .stream("o-practice00_222222222222_CloudTrail_us-east-1")
}

fn key() -> crate::scenario::Record {
    call(DEV, "3h ago", "CreateAccessKey")
        .access_key("AKIAMALLORY0000000AA")
        .error_code("AccessDenied")
        .error_message("no")
}

#[tokio::test(start_paused = true)]
async fn rewritten_record_is_found_where_it_happened() {
    let world = world_with_trail(&delivered(OCSF));
    for scope in [&["--account", "dev"][..], &[]] {
        let run = world
            .sweep(&[&[IP, "--sources", "logs"], scope].concat())
            .await;
        assert_eq!(
            run.columns("sightings.csv", &PLACE),
            ["222222222222 us-east-1 CreateAccessKey arn:aws:iam::222222222222:user/mallory  true"]
        );
        let row = run.coverage_row(MANAGEMENT);
        assert!(row.contains("/trail partial transformed"), "{row}");
        assert_eq!(run.status(), "incomplete");
        assert!(covered(&run).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn hunts_find_rewritten_records() {
    let world = world_with_trail(&format!("{PIPELINE}{}", key()));
    for engine in ["filter", "insights"] {
        let run = world
            .sweep(&[
                "--hunt",
                "iam-access-denied",
                "--sources",
                "logs",
                "--engine",
                engine,
            ])
            .await;
        let columns = ["userIdentity.arn", "eventSource", "eventName"];
        assert_eq!(
            run.columns("hunts/iam-access-denied.csv", &columns),
            ["arn:aws:iam::222222222222:user/mallory iam.amazonaws.com CreateAccessKey"],
            "{engine}"
        );
        let row = run.coverage_row(MANAGEMENT);
        assert!(row.contains("partial transformed"), "{engine}: {row}");
    }
}

#[tokio::test(start_paused = true)]
async fn rewritten_and_original_record_are_one_sighting() {
    for original in ["", "include_original = true\n"] {
        let own = Trail::new("own", DEV, "us-east-1").log_group("/own");
        let world = world_with_trail(&format!("{PIPELINE}{original}{own}{}", key()));
        let run = world.sweep(&[IP, "--sources", "logs"]).await;
        let columns = ["copies", "copies_differ", "event_name", "access_key_id"];
        assert_eq!(
            run.columns("sightings.csv", &columns),
            ["2 false CreateAccessKey AKIAMALLORY0000000AA"]
        );
        let message = run.columns("sightings.csv", &["message"]).concat();
        assert!(message.contains("\"eventID\""), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_in_original_form_are_no_gap() {
    let run = world_with_trail(&key())
        .sweep(&[IP, "--sources", "logs"])
        .await;
    assert_eq!(run.status(), "complete");
    assert_eq!(run.columns("sightings.csv", &["copies"]), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn unknown_json_of_a_trail_is_a_gap_although_nothing_matches() {
    let other = delivered(r#"{"class_uid":2004,"finding":"x"}"#);
    let run = world_with_trail(&other)
        .sweep(&[IP, "--sources", "logs"])
        .await;
    let row = run.coverage_row(MANAGEMENT);
    assert!(row.contains("partial transformed"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn resumed_run_knows_of_rewritten_records() {
    let trail = Trail::new("organization", MANAGEMENT, "us-east-1")
        .organization(true)
        .log_group("/trail");
    let behaviour = "own_traces = false\nempty_pages = false\nevents_scanned_a_page = 10\n";
    let first = Event::new(MANAGEMENT, "us-east-1", "/trail", "20h ago", OCSF)
        .stream("o-practice00_222222222222_CloudTrail_us-east-1");
    let others = call(DEV, "3h ago", "ListUsers").count(50);
    let toml = scenario("").replace("own_traces = false\n", behaviour);
    let toml = format!("{toml}{trail}{first}{others}");
    let slow = Fault::new("FilterLogEvents", "slow")
        .milliseconds(60_000)
        .after(1);
    let world = World::from_toml(&format!("{toml}{slow}"));
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        stop.cancel();
    });
    let run = world
        .try_sweep(&[IP, "--sources", "logs"], cancel)
        .await
        .unwrap();
    assert_eq!(run.status(), "interrupted");
    let resumed = world
        .restarted_with(&toml)
        .resume(&run.outputs.directory)
        .await
        .unwrap();
    let row = resumed.coverage_row(MANAGEMENT);
    assert!(row.contains("partial transformed"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn other_sources_cover_what_a_pipeline_rewrote() {
    let world = world_with_trail(&format!("{PIPELINE}{}", key()));
    let run = world.sweep(&[IP, "--require", "management"]).await;
    assert_eq!(
        run.columns("sightings.csv", &["copies", "copies_differ"]),
        ["2 false"]
    );
    assert_eq!(covered(&run).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn line_in_another_stream_claims_nothing() {
    let line = Event::new(
        DEV,
        "us-east-1",
        "/app",
        "3h ago",
        OCSF.replace(DEV, MANAGEMENT),
    );
    let run = world(&line)
        .sweep(&[IP, "--account", "dev", "--sources", "logs"])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &["event_account_id", "trusted"]),
        ["111111111111 false"],
        "it is shown although it claims to have happened elsewhere"
    );
}
