//! A sink that fails, hangs and recovers: no alert is lost or out of order, and no other sink
//! waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use dragnet::watch::RetryPolicy;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::net::TcpListener;

use super::station::{Station, WATCH};
use crate::world::{SMALL, event};

/// The responses of the sink to its first calls. Later calls succeed.
const MOODS: [Mood; 6] = [
    Mood::Answers(503),
    Mood::Hangs,
    Mood::Answers(302),
    Mood::TakesAndHangs,
    Mood::Answers(401),
    Mood::Hangs,
];

#[derive(Clone, Copy)]
enum Mood {
    Answers(u16),
    Hangs,
    TakesAndHangs,
}

#[derive(Clone, Default)]
struct Receiver {
    calls: Arc<AtomicUsize>,
    /// The ids of the alerts, in order of arrival.
    taken: Arc<Mutex<Vec<String>>>,
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
    let take = || receiver.taken.lock().unwrap().push(id.clone());
    match MOODS.get(receiver.calls.fetch_add(1, Ordering::Relaxed)) {
        None => take(),
        Some(Mood::Answers(status)) => return StatusCode::from_u16(*status).unwrap(),
        Some(Mood::Hangs) => std::future::pending().await,
        Some(Mood::TakesAndHangs) => {
            take();
            std::future::pending::<()>().await;
        }
    }
    StatusCode::OK
}

/// Runs in real time, because the sockets are real. It takes a second or two.
#[tokio::test]
async fn a_sink_that_fails_and_hangs_gets_everything_in_order() {
    let receiver = Receiver::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let server = tokio::spawn(
        axum::serve(
            listener,
            Router::new()
                .route("/hook", post(receive))
                .with_state(receiver.clone()),
        )
        .into_future(),
    );
    let hook = format!(
        "[[watch.sink]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{url}\"\nsecret_env = \"KEY\"\n"
    );
    let config = WATCH.replace("[[watch.schedule]]", &format!("{hook}[[watch.schedule]]"));
    let station = Station::configured(&config.replace("[\"soc\"]", "[\"soc\", \"hook\"]"));
    // 250 sightings make three alerts.
    let planted = event(
        "222222222222",
        "us-east-1",
        "/app",
        "2026-03-02T11:20:00Z",
        "{n} from 192.0.2.1",
    );
    let life = station.start(&format!("{SMALL}{planted}count = 250\n"));
    let patience = RetryPolicy {
        answer: Duration::from_millis(150),
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_millis(40),
        refusals: 3,
    };
    let seen = || receiver.taken.lock().unwrap().clone();
    let mut away = None;
    life.run_with(patience, async {
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            // While the webhook fails, the file receives everything.
            if away.is_none() && station.alerts().len() == 3 {
                away = Some(receiver.calls.load(Ordering::Relaxed));
            }
            if seen().len() == 4 && life.overview().sinks[1].waiting == 0 {
                return;
            }
        }
    })
    .await;
    server.abort();
    let ids: Vec<String> = station
        .alerts()
        .iter()
        .map(|alert| alert["id"].as_str().unwrap().to_owned())
        .collect();
    // The alert that the webhook took before it hung was sent again, with the same id.
    assert_eq!(seen(), [vec![ids[0].clone()], ids].concat());
    assert!(
        away.unwrap() < MOODS.len() + 3,
        "a dead sink holds up nobody else"
    );
    let sinks = life.overview().sinks;
    assert_eq!(
        (
            sinks[1].delivered,
            sinks[1].refused,
            sinks[1].problem.as_str()
        ),
        (3, 0, "")
    );
    assert_eq!(station.told().len(), 250);
}

#[tokio::test]
async fn what_is_sent_elsewhere_in_clear_text_is_not_sent() {
    let hook = "[[watch.sink]]\nname = \"soc\"\nkind = \"webhook\"\nurl = \"http://192.0.2.1/hook\"\nsecret_env = \"KEY\"\n";
    let file = "[[watch.sink]]\nname = \"soc\"\nkind = \"file\"\npath = \"alerts.jsonl\"\n";
    let station = Station::configured(&WATCH.replace(file, hook));
    let planted = event(
        "222222222222",
        "us-east-1",
        "/app",
        "2026-03-02T11:20:00Z",
        "from 192.0.2.1",
    );
    let life = station.start(&format!("{SMALL}{planted}"));
    life.once(None).await;
    let sink = life.overview().sinks.remove(0);
    assert_eq!(
        (sink.waiting, sink.problem.as_str()),
        (1, "its address is not https, and not on this machine")
    );
}
