//! Copies in a central account: they happened where their originals did.

use super::{CENTRAL, DEV, IP, MANAGEMENT, world};
use crate::scenario::{Event, Fault, Group};
use crate::world::Run;

/// A rule that copies the log groups of all accounts to `central`.
const RULE: &str = "[[centralization]]\nto_account = \"333333333333\"\nto_region = \"us-east-1\"\n";

const COLUMNS: [&str; 5] = [
    "event_account_id",
    "account_id",
    "copies",
    "log_stream",
    "event_time",
];

fn line(at: &str) -> Event {
    Event::new(
        DEV,
        "us-east-1",
        "/app/web",
        at,
        format!("GET /admin from {IP}"),
    )
    .stream("i-1")
}

#[tokio::test(start_paused = true)]
async fn copy_and_original_are_one_sighting() {
    let run = world(&format!("{RULE}{}", line("2h ago")))
        .sweep(&[IP, "--sources", "logs"])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &COLUMNS),
        ["222222222222 222222222222 2 i-1 2026-03-02T10:00:00.000Z"]
    );
}

#[tokio::test(start_paused = true)]
async fn copy_without_original_happened_in_the_origin() {
    let group = Group::new("dev", "/app/web").retention_days(1);
    let run = world(&format!("{group}{RULE}{}", line("40h ago")))
        .sweep(&[IP, "--sources", "logs", "--since", "48h"])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &COLUMNS),
        [format!(
            "{DEV} {CENTRAL} 1 i-1-{DEV}-us-east-1 2026-02-28T20:00:00.000Z"
        )]
    );
    let row = run.coverage_row(DEV);
    assert!(row.contains("partial retention-inside-window"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn equal_lines_have_their_own_copies() {
    let twice = line("2h ago").count(2).apart_ms(0);
    for rule in [RULE, ""] {
        let run = world(&format!("{rule}{twice}"))
            .sweep(&[IP, "--sources", "logs"])
            .await;
        let copies = if rule.is_empty() { "1" } else { "2" };
        assert_eq!(run.columns("sightings.csv", &["copies"]), [copies; 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn name_of_a_stream_hides_nothing() {
    let forged = Event::new(DEV, "us-east-1", "/app/web", "2h ago", IP)
        .stream(format!("x-{CENTRAL}-us-east-1"));
    let run = world(&forged)
        .sweep(&[IP, "--account", "dev", "--sources", "logs"])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &["event_account_id", "account_id"]),
        [format!("{CENTRAL} {DEV}")]
    );
}

/// A sweep of `dev` alone, over two days.
const DEV_ONLY: [&str; 7] = [
    IP,
    "--account",
    "dev",
    "--sources",
    "logs",
    "--since",
    "48h",
];

/// Returns whether the coverage has a row of a log group of the central account.
fn reads_central(run: &Run) -> bool {
    run.coverage()
        .iter()
        .any(|row| row.starts_with(CENTRAL) && row.contains("/app/web"))
}

#[tokio::test(start_paused = true)]
async fn copy_whose_original_is_gone_is_read_out_of_scope() {
    let group = Group::new("dev", "/app/web").retention_days(1);
    let other = Event::new(MANAGEMENT, "us-east-1", "/app/web", "40h ago", IP).stream("i-1");
    let world = world(&format!("{group}{RULE}{}{other}", line("40h ago")));
    let run = world.sweep(&DEV_ONLY).await;
    assert_eq!(
        run.columns("sightings.csv", &COLUMNS),
        [format!(
            "{DEV} {CENTRAL} 1 i-1-{DEV}-us-east-1 2026-02-28T20:00:00.000Z"
        )],
        "nothing of the management account"
    );
    assert!(reads_central(&run), "{:?}", run.coverage());
    let row = run.coverage_row(CENTRAL);
    assert!(row.contains("read for copies of events"), "{row}");
    let row = run.coverage_row(DEV);
    assert!(row.contains("partial retention-inside-window"), "{row}");
    assert_eq!(world.calls("ListCentralizationRulesForOrganization"), 1);
}

#[tokio::test(start_paused = true)]
async fn copy_of_a_deleted_log_group_is_read_out_of_scope() {
    let copy = Event::new(CENTRAL, "us-east-1", "/app/web", "40h ago", IP)
        .stream(format!("i-1-{DEV}-us-east-1"));
    let rule = format!("{RULE}groups = [\"/none\"]\n");
    let run = world(&format!("{rule}{copy}")).sweep(&DEV_ONLY).await;
    assert_eq!(
        run.columns("sightings.csv", &["event_account_id", "account_id"]),
        [format!("{DEV} {CENTRAL}")]
    );
}

#[tokio::test(start_paused = true)]
async fn copies_of_complete_log_groups_are_not_read() {
    let scenario = format!("{RULE}{}", line("40h ago"));
    let run = world(&scenario).sweep(&DEV_ONLY).await;
    assert!(!reads_central(&run), "{:?}", run.coverage());
    assert_eq!(
        run.columns("sightings.csv", &["account_id", "copies"]),
        [format!("{DEV} 1")]
    );
    let world = world(&scenario);
    world.sweep(&[IP, "--sources", "logs"]).await;
    assert_eq!(world.calls("ListCentralizationRulesForOrganization"), 0);
}

#[tokio::test(start_paused = true)]
async fn rules_that_cannot_be_listed_cost_nothing() {
    let denied = Fault::denied("ListCentralizationRulesForOrganization");
    let healthy = format!("{RULE}{}", line("40h ago"));
    let expected = world(&healthy).sweep(&DEV_ONLY).await;
    let run = world(&format!("{healthy}{}", String::from(denied)))
        .sweep(&DEV_ONLY)
        .await;
    assert_eq!(run.coverage(), expected.coverage());
    assert_eq!(run.status(), expected.status());
}
