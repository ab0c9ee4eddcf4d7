//! What an operator relies on before and while a watch runs: `check`, test alerts, exit codes, and
//! a status that needs no secrets.

use std::io::ErrorKind;
use std::net::TcpListener as ProxyListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::survive::binary::dragnet;

/// A schedule that searches for one address, with these sinks.
fn config(sinks: &str) -> String {
    format!(
        r#"
[watch]
state_dir = "state"
listen = "off"
run_url = "https://soc.example/{{run}}"
{sinks}[[watch.schedule]]
name = "s"
cron = "@hourly"
indicators = ["198.51.100.23"]
lookback = "1d"
sinks = ["soc"]
"#
    )
}

fn webhook(url: &str) -> String {
    format!(
        r#"
[[watch.sink]]
name = "soc"
kind = "webhook"
url = "{url}"
secret_env = "KEY"
"#
    )
}

const FILE: &str = r#"
[[watch.sink]]
name = "soc"
kind = "file"
path = "alerts.jsonl"
"#;

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs `dragnet watch` in `directory` with the configuration `file` and these variables.
async fn watch(
    directory: &Path,
    file: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Ended {
    let mut command = dragnet(directory);
    command
        .arg("watch")
        .args(arguments)
        .args(["--practice", "--config", file])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped());
    let output = command.output().await.unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn configured(config: &str) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("dragnet.toml"), config).unwrap();
    temp
}

const KEY: [(&str, &str); 1] = [("KEY", "signing-key")];

#[tokio::test]
async fn check_reports_everything_that_would_fail_later() {
    let sinks = webhook("http://192.0.2.1/hook")
        + r#"
[[watch.sink]]
name = "log"
kind = "file"
path = "missing/alerts.jsonl"
"#;
    let temp = configured(&config(&sinks).replace("\"state\"", "\"dragnet.toml\""));
    let ended = watch(temp.path(), "dragnet.toml", &["check"], &KEY).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    for part in [
        "sink `soc`: the URL is plain http to another host",
        "sink `log`: ",
        "missing/alerts.jsonl cannot be written",
        "watch.state_dir: ",
    ] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    assert!(!temp.path().join("missing").exists());

    let missing = watch(temp.path(), "dragnet.toml", &["check"], &[]).await;
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("KEY is not set"),
        "{}",
        missing.stderr
    );

    let template = "body_template = '{\"a\": \"{{titel}}\"}'\n";
    let temp = configured(&config(&(webhook("https://192.0.2.1/") + template)));
    let ended = watch(temp.path(), "dragnet.toml", &["check"], &KEY).await;
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("did you mean `title`?"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn paths_are_relative_to_the_configuration_file() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("etc");
    std::fs::create_dir(&folder).unwrap();
    let text = config(FILE).replace(
        "indicators = [\"198.51.100.23\"]",
        "indicator_files = [\"feed\"]",
    );
    std::fs::write(folder.join("dragnet.toml"), text).unwrap();
    std::fs::write(folder.join("feed"), "198.51.100.23\n").unwrap();
    let checked = watch(temp.path(), "etc/dragnet.toml", &["check"], &[]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let ended = watch(temp.path(), "etc/dragnet.toml", &["once"], &[]).await;
    // The practice organization has gaps.
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(folder.join("state/watch.db").exists());
    let alerts = std::fs::read_to_string(folder.join("alerts.jsonl")).unwrap();
    let alert: Value = serde_json::from_str(alerts.lines().next().unwrap()).unwrap();
    assert_eq!(alert["severity"], "high");
    assert!(
        alert["next_step"]
            .as_str()
            .unwrap()
            .contains("dragnet runs show")
    );
    let run = Path::new(alert["run"].as_str().unwrap())
        .file_name()
        .unwrap();
    assert_eq!(
        alert["run_url"],
        format!("https://soc.example/{}", run.to_str().unwrap())
    );
}

#[tokio::test]
async fn once_ends_with_3_until_alerts_are_delivered() {
    // Nothing listens on port 9.
    let temp = configured(&config(&webhook("http://127.0.0.1:9/hook")));
    let first = watch(temp.path(), "dragnet.toml", &["once"], &KEY).await;
    assert_eq!(first.code, Some(3), "{}", first.stderr);
    let again = watch(temp.path(), "dragnet.toml", &["once"], &KEY).await;
    assert!(
        again.stderr.contains("No schedule is due."),
        "{}",
        again.stderr
    );
    assert!(again.stderr.contains("waiting for the sink soc"));
    assert_eq!(again.code, Some(3), "{}", again.stderr);

    // Status needs no secret.
    let status = watch(temp.path(), "dragnet.toml", &["status", "--json"], &[]).await;
    assert_eq!(status.code, Some(0), "{}", status.stderr);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert!(status["sinks"][0]["waiting"].as_u64().unwrap() > 0);

    std::fs::write(temp.path().join("dragnet.toml"), config(FILE)).unwrap();
    let delivered = watch(temp.path(), "dragnet.toml", &["once"], &[]).await;
    assert_eq!(delivered.code, Some(0), "{}", delivered.stderr);
}

#[tokio::test]
async fn watermark_in_the_future_is_reported() {
    let temp = configured(&config(FILE));
    watch(temp.path(), "dragnet.toml", &["once"], &[]).await;
    let status = async || {
        watch(temp.path(), "dragnet.toml", &["status"], &[])
            .await
            .stdout
    };
    assert!(!status().await.contains("in the future"));
    let database = rusqlite::Connection::open(temp.path().join("state/watch.db")).unwrap();
    // 1 January 2027, UTC.
    database
        .execute("UPDATE watermark SET until_ms = 1798761600000", [])
        .unwrap();
    drop(database);
    let shown = status().await;
    assert!(
        shown.contains("The watermark of schedule s is in the future (2027-01-01T00:00:00.000Z)"),
        "{shown}"
    );
}

/// Bodies and headers that the webhook received.
type Received = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

async fn receive(State(received): State<Received>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let body = serde_json::from_slice(&body).unwrap();
    received.lock().push((headers, body));
    StatusCode::ACCEPTED
}

#[tokio::test]
async fn test_alerts_reach_every_sink_and_no_proxy() {
    let received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/hook", post(receive))
        .with_state(Arc::clone(&received));
    let server = tokio::spawn(axum::serve(listener, routes).into_future());
    let proxy = ProxyListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let proxy_url = format!("http://{}", proxy.local_addr().unwrap());

    let sinks = webhook(&url)
        + "authorization_env = \"AUTHORIZATION\"\n"
        + "body_template = '{\"text\": \"{{title}}\", \"kind\": \"{{kind}}\", \"url\": \"{{run_url}}\"}'\n"
        + &FILE.replace("\"soc\"", "\"log\"")
        + &webhook("http://127.0.0.1:9/hook").replace("\"soc\"", "\"closed\"");
    let temp = configured(&config(&sinks));
    let variables = [
        ("KEY", "signing-key"),
        ("AUTHORIZATION", "Basic eA=="),
        ("HTTP_PROXY", proxy_url.as_str()),
        ("http_proxy", proxy_url.as_str()),
        ("ALL_PROXY", proxy_url.as_str()),
    ];
    let ended = watch(
        temp.path(),
        "dragnet.toml",
        &["check", "--send-test"],
        &variables,
    )
    .await;
    server.abort();
    assert_eq!(ended.code, Some(3), "one sink is closed: {}", ended.stderr);
    for (sink, result) in [
        ("soc", "delivered"),
        ("log", "delivered"),
        ("closed", "failed"),
    ] {
        let line = ended.stdout.lines().find(|line| line.starts_with(sink));
        assert!(line.unwrap().contains(result), "{}", ended.stdout);
    }
    let unproxied = proxy.accept().unwrap_err();
    assert_eq!(
        unproxied.kind(),
        ErrorKind::WouldBlock,
        "the proxy was used"
    );
    let received = received.lock();
    let [(headers, body)] = &received[..] else {
        panic!("{received:?}")
    };
    assert_eq!(headers["authorization"], "Basic eA==");
    assert!(headers.contains_key("dragnet-signature"));
    assert_eq!(body["kind"], "test");
    assert_eq!(body["url"], "https://soc.example/test");
    let file = std::fs::read_to_string(temp.path().join("alerts.jsonl")).unwrap();
    assert!(file.contains("\"kind\":\"test\""), "{file}");
    assert!(!temp.path().join("state").exists(), "nothing is stored");
}
