//! Runs `dragnet watch` as a child process, on the practice organization.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, timeout};

use crate::survive::binary::dragnet;

const CONFIG: &str = r#"
[watch]
state_dir = "state"
listen = "off"
[[watch.sink]]
name = "out"
kind = "stdout"
[[watch.schedule]]
name = "leaked-key"
cron = "*/15 * * * *"
time_zone = "Europe/Berlin"
lookback = "1d"
indicators = ["198.51.100.23"]
sinks = ["out"]
"#;

fn watch(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = dragnet(directory);
    command
        .arg("watch")
        .args(arguments)
        .args(["--practice", "--config", "dragnet.toml"]);
    command
}

async fn output(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = watch(directory, arguments)
        .stdout(Stdio::piped())
        .output()
        .await
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn configured(config: &str) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    configure(temp.path(), config);
    temp
}

fn configure(directory: &Path, config: &str) {
    std::fs::write(directory.join("dragnet.toml"), config).unwrap();
}

#[tokio::test]
async fn check_lists_the_next_activations() {
    let temp = configured(CONFIG);
    let (code, planned, _) = output(temp.path(), &["check"]).await;
    assert_eq!((code, planned.lines().count()), (Some(0), 11), "{planned}");
    assert!(
        planned.contains("2026-03-02T12:15:00.000Z  leaked-key")
            && planned.contains("13:15:00 CET"),
        "{planned}"
    );
}

#[tokio::test]
async fn check_refuses_a_containment_that_does_not_exist() {
    let monitored = CONFIG.replace(
        "indicators = [\"198.51.100.23\"]",
        "containment = \"3f9a0c1d2e4b\"",
    );
    let temp = configured(&monitored);
    let (code, _, stderr) = output(temp.path(), &["check"]).await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(
        stderr.contains("the schedule `leaked-key` cannot monitor containment 3f9a0c1d2e4b")
            && stderr.contains("dragnet contain list"),
        "{stderr}"
    );
}

/// A misspelt field finds nothing, and a watch would never say so.
#[tokio::test]
async fn check_and_once_name_misspelt_fields() {
    let hunted = CONFIG.replace(
        "indicators = [\"198.51.100.23\"]",
        "indicators = [\"198.51.100.23\"]\nhunts = [\"typo\"]",
    );
    let temp = configured(&hunted);
    let hunt = "name = \"typo\"\ntitle = \"t\"\nsource = \"cloudtrail\"\nseverity = \"low\"\n\
                query = \"filter eventNam = 'StopLogging'\"\n";
    std::fs::create_dir(temp.path().join("hunts")).unwrap();
    std::fs::write(temp.path().join("hunts/typo.toml"), hunt).unwrap();
    // The name of the schedule is unknown, so that nothing is searched.
    for (arguments, expected) in [(&["check"][..], 0), (&["once", "leaked-keys"], 2)] {
        let (code, _, stderr) = output(temp.path(), arguments).await;
        assert_eq!(code, Some(expected), "{stderr}");
        assert!(
            stderr.contains("Check hunt typo: `eventNam`")
                && stderr.contains("did you mean `eventName`?"),
            "{stderr}"
        );
    }
}

#[tokio::test]
async fn status_and_once_explain_missing_state_and_unknown_schedule() {
    let temp = configured(CONFIG);
    let (code, _, stderr) = output(temp.path(), &["status"]).await;
    assert!(
        code == Some(1) && stderr.contains("no watch state in"),
        "{stderr}"
    );
    let (code, _, stderr) = output(temp.path(), &["once", "leaked-kye"]).await;
    assert!(
        code == Some(2) && stderr.contains("did you mean `leaked-key`?"),
        "{stderr}"
    );
}

#[tokio::test]
async fn once_alerts_once_and_status_shows_the_result() {
    let temp = configured(CONFIG);
    let (code, alerts, stderr) = output(temp.path(), &["once"]).await;
    assert_eq!(
        code,
        Some(3),
        "the practice organization has gaps: {stderr}"
    );
    let alert: Value = serde_json::from_str(alerts.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&alert["schedule"], &alert["kind"]),
        (&"leaked-key".into(), &"sightings".into())
    );
    assert!(
        alert["rows"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["indicators"][0] == "198.51.100.23")
    );
    let (_, again, stderr) = output(temp.path(), &["once", "leaked-key"]).await;
    assert_eq!(again, "", "no alert is repeated: {stderr}");

    assert_resume_is_refused(temp.path()).await;

    let (code, status, _) = output(temp.path(), &["status", "--json"]).await;
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(
        (code, &status["schedules"][0]["status"]),
        (Some(0), &"incomplete".into())
    );
    assert_eq!(status["sinks"][0]["waiting"], 0);
    assert!(
        !status["schedules"][0]["uncovered"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

/// Asserts that a run of the watch in this directory cannot be resumed.
async fn assert_resume_is_refused(directory: &Path) {
    let run = std::fs::read_dir(directory.join("state/runs"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let resumed = dragnet(directory)
        .arg("resume")
        .arg(run)
        .output()
        .await
        .unwrap();
    let stderr = String::from_utf8(resumed.stderr).unwrap();
    assert!(
        resumed.status.code() == Some(2) && stderr.contains("this run belongs to a watch"),
        "{stderr}"
    );
}

/// A running process and its log.
struct Process {
    child: Child,
    log: tokio::io::Lines<BufReader<ChildStderr>>,
}

impl Process {
    fn start(directory: &Path) -> Self {
        let mut child = watch(directory, &["run"]).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log }
    }

    /// Waits for a log line with this message. Every line must be JSON.
    async fn logged(&mut self, message: &str) -> Value {
        let logged = async {
            loop {
                let line = self
                    .log
                    .next_line()
                    .await
                    .unwrap()
                    .unwrap_or_else(|| panic!("it ended before `{message}`"));
                let line: Value =
                    serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
                if line["message"] == message {
                    return line;
                }
            }
        };
        timeout(Duration::from_mins(1), logged)
            .await
            .unwrap_or_else(|_| panic!("never `{message}`"))
    }

    async fn signal(&self, signal: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .await
                .unwrap()
                .success()
        );
    }

    async fn assert_stops_in_time(&mut self) {
        let start = Instant::now();
        self.signal("-TERM").await;
        self.logged("stopping").await;
        let code = timeout(Duration::from_secs(10), self.child.wait())
            .await
            .unwrap()
            .unwrap()
            .code();
        assert_eq!(code, Some(0), "after {:?}", start.elapsed());
    }
}

async fn get(address: &str, path: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn run_serves_health_reloads_and_stops_on_signals() {
    let address = free_address();
    let config = CONFIG.replace("\"off\"", &format!("\"{address}\""));
    let temp = configured(&config);
    let mut process = Process::start(temp.path());
    process.logged("concluded").await;
    assert!(get(&address, "/healthz").await.starts_with("HTTP/1.0 200"));
    assert!(get(&address, "/readyz").await.ends_with("ready\n"));
    let metrics = get(&address, "/metrics").await;
    assert!(
        metrics.contains(
            "dragnet_watch_activations_total{schedule=\"leaked-key\",status=\"incomplete\"} 1\n"
        ),
        "{metrics}"
    );

    let (code, _, stderr) = output(temp.path(), &["once"]).await;
    assert!(
        code == Some(1) && stderr.contains("is in use by another dragnet"),
        "{stderr}"
    );

    assert_invalid_configuration_is_ignored(&mut process, temp.path(), &config).await;
    assert!(get(&address, "/readyz").await.ends_with("ready\n"));
    configure(temp.path(), &config.replace("leaked-key", "renamed"));
    process.signal("-HUP").await;
    process.logged("configuration reloaded").await;
    assert_eq!(process.logged("activated").await["schedule"], "renamed");

    // Stops the process in the middle of an activation.
    process.assert_stops_in_time().await;
    assert!(!temp.path().join("state/watch.lock").exists());
}

/// Returns an address whose port was free when it was chosen.
fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

async fn assert_invalid_configuration_is_ignored(
    process: &mut Process,
    directory: &Path,
    config: &str,
) {
    configure(directory, &config.replace("cron", "crno"));
    process.signal("-HUP").await;
    let logged = process
        .logged("the new configuration is invalid; the previous one stays in force")
        .await;
    assert!(
        logged["error"]
            .as_str()
            .unwrap()
            .contains("did you mean `cron`?"),
        "{logged}"
    );
}

#[tokio::test]
async fn killed_watch_continues_without_duplicate_alerts() {
    let config = CONFIG.replace(
        "kind = \"stdout\"",
        "kind = \"file\"\npath = \"alerts.jsonl\"",
    );
    let temp = configured(&config);
    for pause in [0, 200, 400, 600, 800] {
        let mut process = Process::start(temp.path());
        process.logged("watching").await;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        process.child.kill().await.unwrap();
    }
    let (code, _, stderr) = output(temp.path(), &["once", "leaked-key"]).await;
    assert_eq!(code, Some(3), "{stderr}");
    let text = std::fs::read_to_string(temp.path().join("alerts.jsonl")).unwrap();
    let alerts: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut rows: Vec<(String, String)> = Vec::new();
    for alert in &alerts {
        for row in alert["rows"].as_array().unwrap() {
            rows.push((
                row["alert_id"].as_str().unwrap().to_owned(),
                alert["id"].as_str().unwrap().to_owned(),
            ));
        }
    }
    rows.sort();
    // If the process dies between delivering an alert and storing that fact, the alert is delivered
    // again with the same id.
    rows.dedup();
    let count = rows.len();
    rows.dedup_by(|one, other| one.0 == other.0);
    assert_eq!(rows.len(), count, "no row in two alerts");
    assert!(count > 0, "{stderr}");
}
