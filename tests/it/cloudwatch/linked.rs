//! Accounts that cannot be entered, and are linked to a monitoring account.

use super::{CENTRAL, DEV, IP};
use crate::scenario::{Account, Behaviour, Event, ScenarioBuilder};
use crate::world::World;

/// `central` monitors the log groups `/app/*` of all accounts.
const LINK: &str =
    "[[links]]\nmonitoring = \"333333333333\"\naccount = \"dev\"\ngroup = \"/app/*\"\n";

/// Returns an organization in which `dev` has no role, and `more`.
fn world(more: &str) -> World {
    let dev = Account::new(DEV, "dev").lacks_roles(["DragnetRead"]);
    let line = |group: &str| Event::new(DEV, "us-east-1", group, "2h ago", format!("from {IP}"));
    let scenario = ScenarioBuilder::new("linked")
        .with(&dev)
        .account(CENTRAL, "central")
        .with(&Behaviour::new().own_traces(false))
        .with(&line("/app/web"))
        .with(&line("/hidden"))
        .with(more);
    World::from_toml(&scenario.toml())
}

#[tokio::test(start_paused = true)]
async fn denied_account_is_read_through_its_monitoring_account() {
    let run = world(LINK).sweep(&[IP, "--sources", "logs"]).await;
    let columns = ["event_account_id", "account_id", "log_group"];
    assert_eq!(
        run.columns("sightings.csv", &columns),
        [format!("{DEV} {DEV} /app/web")]
    );
    let rows: Vec<String> = run
        .coverage()
        .into_iter()
        .filter(|row| row.starts_with(DEV))
        .collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].contains("denied"), "{rows:?}");
    assert!(
        rows[1].contains("/app/web partial read-through-link"),
        "{rows:?}"
    );
    assert_eq!(run.status(), "incomplete");
}

#[tokio::test(start_paused = true)]
async fn without_a_link_the_account_stays_denied() {
    let run = world("").sweep(&[IP, "--sources", "logs"]).await;
    assert!(run.columns("sightings.csv", &["account_id"]).is_empty());
    let row = run.coverage_row(DEV);
    assert!(row.contains("denied"), "{row}");
}
