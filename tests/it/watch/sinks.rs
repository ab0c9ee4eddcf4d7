//! A sink that fails, hangs and recovers: no alert is lost or out of order, and no other sink
//! waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use dragnet::watch::RetryPolicy;
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::station::{Station, WATCH};
use crate::world::{SMALL, event};

/// How the receiver reacts to its first calls. Later calls succeed.
const REACTIONS: [Reaction; 6] = [
    Reaction::Responds(503),
    Reaction::Hangs,
    Reaction::Responds(302),
    Reaction::AcceptsAndHangs,
    Reaction::Responds(401),
    Reaction::Hangs,
];

#[derive(Clone, Copy)]
enum Reaction {
    Responds(u16),
    Hangs,
    AcceptsAndHangs,
}

#[derive(Clone, Default)]
struct Receiver {
    calls: Arc<AtomicUsize>,
    /// The ids of the alerts, in order of arrival.
    accepted: Arc<Mutex<Vec<String>>>,
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"signing-key").unwrap();
    mac.update(format!("{}.", header("dragnet-timestamp")).as_bytes());
    mac.update(&body);
    let signature = hex::encode(mac.finalize().into_bytes());
    assert_eq!(header("dragnet-signature"), format!("v1={signature}"));
    let id = header("idempotency-key");
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&body).unwrap()["id"],
        id.as_str()
    );
    let accept = || receiver.accepted.lock().push(id.clone());
    match REACTIONS.get(receiver.calls.fetch_add(1, Ordering::Relaxed)) {
        None => accept(),
        Some(Reaction::Responds(status)) => return StatusCode::from_u16(*status).unwrap(),
        Some(Reaction::Hangs) => std::future::pending().await,
        Some(Reaction::AcceptsAndHangs) => {
            accept();
            std::future::pending::<()>().await;
        }
    }
    StatusCode::OK
}

/// A webhook whose first calls fail.
struct FailingWebhook {
    receiver: Receiver,
    url: String,
    server: JoinHandle<std::io::Result<()>>,
}

impl FailingWebhook {
    async fn start() -> Self {
        let receiver = Receiver::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let routes = Router::new()
            .route("/hook", post(receive))
            .with_state(receiver.clone());
        let server = tokio::spawn(axum::serve(listener, routes).into_future());
        Self {
            receiver,
            url,
            server,
        }
    }

    fn accepted(&self) -> Vec<String> {
        self.receiver.accepted.lock().clone()
    }

    fn calls(&self) -> usize {
        self.receiver.calls.load(Ordering::Relaxed)
    }
}

/// Adds the webhook to the sinks of [`WATCH`].
fn config_with_webhook(url: &str) -> String {
    let hook = format!(
        r#"
[[watch.sink]]
name = "hook"
kind = "webhook"
url = "{url}"
secret_env = "KEY"
"#
    );
    WATCH
        .replace("[[watch.schedule]]", &format!("{hook}[[watch.schedule]]"))
        .replace("[\"soc\"]", "[\"soc\", \"hook\"]")
}

/// Runs in real time, because the sockets are real. It takes a second or two.
#[tokio::test]
async fn failing_sink_receives_every_alert_in_order() {
    let webhook = FailingWebhook::start().await;
    let station = Station::configured(&config_with_webhook(&webhook.url));
    // 250 sightings make three alerts.
    let planted = event(
        "222222222222",
        "us-east-1",
        "/app",
        "2026-03-02T11:20:00Z",
        "{n} from 192.0.2.1",
    );
    let process = station.start(&format!("{SMALL}{planted}count = 250\n"));
    let retry_policy = RetryPolicy {
        attempt_timeout: Duration::from_millis(150),
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_millis(40),
        max_refusals: 3,
    };
    let mut calls_when_file_complete = None;
    process
        .run_until(retry_policy, async {
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                // While the webhook fails, the file receives everything.
                if calls_when_file_complete.is_none() && station.alerts().len() == 3 {
                    calls_when_file_complete = Some(webhook.calls());
                }
                if webhook.accepted().len() == 4 && process.overview().sinks[1].waiting == 0 {
                    return;
                }
            }
        })
        .await;
    webhook.server.abort();
    let ids: Vec<String> = station
        .alerts()
        .iter()
        .map(|alert| alert["id"].as_str().unwrap().to_owned())
        .collect();
    // The alert that the webhook accepted before it hung was sent again, with the same id.
    assert_eq!(webhook.accepted(), [vec![ids[0].clone()], ids].concat());
    assert!(
        calls_when_file_complete.unwrap() < REACTIONS.len() + 3,
        "a failing sink does not delay the others"
    );
    let sinks = process.overview().sinks;
    assert_eq!(
        (
            sinks[1].delivered,
            sinks[1].refused,
            sinks[1].problem.as_str()
        ),
        (3, 0, "")
    );
    assert_eq!(station.alerted_messages().len(), 250);
}

#[tokio::test]
async fn plain_http_webhook_is_refused() {
    let hook = r#"
[[watch.sink]]
name = "soc"
kind = "webhook"
url = "http://192.0.2.1/hook"
secret_env = "KEY"
"#;
    let file = r#"
[[watch.sink]]
name = "soc"
kind = "file"
path = "alerts.jsonl"
"#;
    let station = Station::configured(&WATCH.replace(file, hook));
    let planted = event(
        "222222222222",
        "us-east-1",
        "/app",
        "2026-03-02T11:20:00Z",
        "from 192.0.2.1",
    );
    let process = station.start(&format!("{SMALL}{planted}"));
    process.run_once(None).await;
    let sink = process.overview().sinks.remove(0);
    assert_eq!(
        (sink.waiting, sink.problem.as_str()),
        (
            1,
            "the URL is plain http to another host; use https, or allow it with --insecure-endpoint"
        )
    );
}
