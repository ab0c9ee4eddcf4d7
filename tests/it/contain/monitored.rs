//! A schedule of the watch that monitors a containment: a successful call of a contained principal
//! and a reverted change raise one alert, and nothing else does.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use dragnet::commands::WatchRuntime;
use dragnet::watch::{ActivationEnd, ActivationRecord, RetryPolicy, State};
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::eve::{ACCOUNT, EVE, KEY, contain_eve, world};
use super::world::{World, is_allowed};

/// The watch; its `ID` is replaced.
const WATCH: &str = r#"
[watch]
state_dir = "watch"
listen = "off"
[[watch.sink]]
name = "soc"
kind = "file"
path = "alerts.jsonl"
[[watch.schedule]]
name = "eve"
cron = "*/15 * * * *"
containment = "ID"
sinks = ["soc"]
"#;

/// Longer than the lag of the watch.
const LATER: Duration = Duration::from_mins(20);

/// Runs `dragnet watch once eve` in a new process.
async fn activate(world: &World, id: &str) -> ActivationRecord {
    let settings = world.watch_settings(&WATCH.replace("ID", id));
    let state = State::open(&settings.state_dir).unwrap();
    let output = Arc::new(Mutex::new(std::io::sink()));
    let runtime = WatchRuntime::open(
        &world.environment,
        settings,
        &state,
        output,
        RetryPolicy::default(),
    )
    .await
    .unwrap();
    let stop = CancellationToken::new();
    let records = runtime.run_once(Some("eve"), &stop).await.unwrap();
    records.into_iter().next().flatten().unwrap()
}

/// Returns the alerts so far, one per line of the file.
fn alerts(world: &World) -> Vec<Value> {
    let text = std::fs::read_to_string(world.path().join("alerts.jsonl")).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn findings(alert: &Value) -> Vec<&str> {
    let rows = alert["rows"].as_array().unwrap();
    rows.iter()
        .map(|row| row["finding"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn reverted_change_and_success_raise_one_alert() {
    let world = world("");
    let eve = world.sdk_clients().user(KEY);
    assert!(is_allowed(&eve).await);
    let id = contain_eve(&world, &[]).await;
    // The first windows reach back to the change, whatever the lookback of the schedule is.
    sleep(Duration::from_hours(3)).await;
    assert!(!is_allowed(&eve).await);
    let colleague = world.iam(ACCOUNT).await;
    let removal = colleague
        .delete_user_policy()
        .user_name("eve")
        .policy_name("DenyAll");
    removal.send().await.unwrap();
    sleep(Duration::from_mins(2)).await;
    assert!(is_allowed(&eve).await);
    sleep(Duration::from_hours(3)).await;
    let record = activate(&world, &id).await;
    assert_eq!(record.end, ActivationEnd::Complete, "{record:?}");
    let sent = alerts(&world);
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_eq!(sent[0]["kind"], "containment-broken");
    let title = sent[0]["title"].as_str().unwrap();
    assert!(
        title.starts_with("eve: 2 calls against the containment; the first: "),
        "{title}"
    );
    let found = findings(&sent[0]);
    assert!(
        found[0].contains(EVE)
            && found[0].contains("OrganizationAccountAccessRole")
            && found[0].contains("removed its policy DenyAll"),
        "{found:?}"
    );
    assert!(
        found[1].contains(EVE) && found[1].contains("iam.amazonaws.com ListUsers"),
        "{found:?}"
    );
    sleep(LATER).await;
    activate(&world, &id).await;
    assert_eq!(alerts(&world).len(), 1, "{:#?}", alerts(&world));
}

#[tokio::test(start_paused = true)]
async fn containment_that_holds_raises_no_alert() {
    let world = world("");
    let eve = world.sdk_clients().user(KEY);
    assert!(is_allowed(&eve).await);
    let id = contain_eve(&world, &[]).await;
    for _ in 0..3 {
        sleep(LATER).await;
        assert!(!is_allowed(&eve).await);
        let record = activate(&world, &id).await;
        assert_eq!(record.end, ActivationEnd::Complete, "{record:?}");
    }
    assert!(alerts(&world).is_empty(), "{:#?}", alerts(&world));
}

#[tokio::test(start_paused = true)]
async fn activated_access_key_raises_alert() {
    let world = world("");
    let id = contain_eve(&world, &["--action", "deactivate-keys"]).await;
    sleep(LATER).await;
    let colleague = world.iam(ACCOUNT).await;
    let activation = colleague
        .update_access_key()
        .user_name("eve")
        .access_key_id(KEY)
        .status(aws_sdk_iam::types::StatusType::Active);
    activation.send().await.unwrap();
    sleep(LATER).await;
    activate(&world, &id).await;
    let sent = alerts(&world);
    assert_eq!(sent.len(), 1, "{sent:#?}");
    let found = findings(&sent[0]);
    assert!(
        found.len() == 1 && found[0].contains(&format!("activated its access key {KEY}")),
        "{found:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn undone_containment_fails_the_schedule_with_one_alert() {
    let world = world("");
    let id = contain_eve(&world, &[]).await;
    world.undo(&id, false).await;
    for _ in 0..2 {
        let record = activate(&world, &id).await;
        assert_eq!(record.end, ActivationEnd::Failed);
        assert!(record.problem.contains("was undone"), "{}", record.problem);
        sleep(LATER).await;
    }
    let sent = alerts(&world);
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_eq!(sent[0]["kind"], "activation-failed");
}
