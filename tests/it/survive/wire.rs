//! Hostile responses on a real connection: each is recognized, limited, and requested again if that
//! helps.

use axum::body::{Body, Bytes};
use axum::http::Response;
use dragnet_model::time::Clock;
use futures::stream;
use jiff::SignedDuration;

use super::binary::{dragnet, ended, run_in};
use super::served::{Served, Tamper, unlimited};
use crate::scenario::Event;
use crate::world::SMALL;

/// A sighting in each of two accounts.
fn scenario() -> String {
    let planted = ["222222222222", "333333333333"].map(|account| {
        Event::new(account, "eu-west-1", "/app", "1h ago", "from 192.0.2.1").to_string()
    });
    format!("{SMALL}{}", planted.concat())
}

struct Swept {
    code: Option<i32>,
    stderr: String,
    sightings: usize,
    calls: String,
    coverage: String,
    served: Served,
}

async fn sweep(tamper: Tamper) -> Swept {
    sweep_served(Served::start(&scenario(), tamper).await).await
}

async fn sweep_served(served: Served) -> Swept {
    let temp = tempfile::tempdir().unwrap();
    unlimited(temp.path());
    let mut command = dragnet(temp.path());
    served.point(&mut command);
    command.args(["sweep", "192.0.2.1", "--since", "24h", "--progress", "none"]);
    let (code, stderr) = ended(command).await;
    let run = run_in(temp.path());
    let file = |name: &str| {
        run.as_ref().map_or(String::new(), |run| {
            std::fs::read_to_string(run.join(name)).unwrap()
        })
    };
    let sightings = file("sightings.jsonl").lines().count();
    Swept {
        code,
        stderr,
        sightings,
        calls: file("calls.csv"),
        coverage: file("coverage.csv"),
        served,
    }
}

#[tokio::test]
async fn requests_have_user_agent_and_no_accept_encoding() {
    let swept = sweep(|_, _| None).await;
    assert_eq!(
        (swept.code, swept.sightings),
        (Some(0), 2),
        "{}",
        swept.stderr
    );
    let version = concat!("dragnet/", env!("CARGO_PKG_VERSION"));
    for operation in [
        "ListAccounts",
        "AssumeRole",
        "DescribeRegions",
        "DescribeLogGroups",
        "FilterLogEvents",
    ] {
        for seen in swept.served.seen(operation) {
            assert!(
                seen.headers["user-agent"]
                    .to_str()
                    .unwrap()
                    .starts_with(version),
                "{operation}"
            );
            assert!(
                !seen.headers.contains_key("accept-encoding"),
                "{operation}: responses are not decompressed"
            );
        }
    }
    let assumed = swept.served.seen("AssumeRole");
    assert!(
        !assumed.is_empty()
            && assumed
                .iter()
                .all(|seen| seen.body.contains("RoleSessionName=dragnet-20"))
    );
}

#[tokio::test]
async fn broken_responses_are_retried() {
    for (name, tamper) in [
        (
            "garbage",
            (|operation, before| {
                replace_first(operation, before, || {
                    Response::new(Body::from("{\"events\": 7}"))
                })
            }) as Tamper,
        ),
        ("half a response", |operation, before| {
            replace_first(operation, before, || {
                Response::new(Body::from("{\"events\": [{"))
            })
        }),
        ("an endless response", |operation, before| {
            replace_first(operation, before, endless)
        }),
        ("a truncated list of Regions", |operation, before| {
            let half = "<DescribeRegionsResponse><regionInfo><item><regionName>us-east-1</regionName></item>";
            (operation == "DescribeRegions" && before == 0).then(|| Response::new(Body::from(half)))
        }),
        ("a gzip bomb", |operation, before| {
            replace_first(operation, before, gzip_bomb)
        }),
    ] {
        let swept = sweep(tamper).await;
        assert_eq!(
            (swept.code, swept.sightings),
            (Some(0), 2),
            "{name}: {}",
            swept.stderr
        );
        // `AccessDenied` is expected, because the management account has no role for Dragnet.
        let failures = swept
            .calls
            .lines()
            .skip(1)
            .filter(|line| !line.contains(",ok,") && !line.contains("AccessDenied"));
        assert_eq!(
            failures.count(),
            1,
            "{name} is in the audit: {}",
            swept.calls
        );
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let swept = sweep(|operation, _| {
        (operation == "FilterLogEvents").then(|| {
            let redirect = Response::builder()
                .status(307)
                .header("location", "http://127.0.0.1:9/moved");
            redirect.body(Body::empty()).unwrap()
        })
    })
    .await;
    assert_eq!(
        (swept.code, swept.sightings),
        (Some(3), 0),
        "{}",
        swept.stderr
    );
    assert!(swept.coverage.contains("HTTP 307"), "{}", swept.coverage);
}

#[tokio::test]
async fn clock_skew_is_reported_after_one_call() {
    let now = Clock::wall().now();
    for hours in [-1, 1] {
        let clock = Clock::starting_at(now + SignedDuration::from_hours(hours));
        let swept = sweep_served(Served::with_clock(clock, &scenario(), |_, _| None).await).await;
        assert_eq!(swept.code, Some(1), "{}", swept.stderr);
        assert!(
            swept
                .stderr
                .contains("this host's clock differs from AWS's"),
            "{}",
            swept.stderr
        );
        assert_eq!(swept.served.seen("GetCallerIdentity").len(), 1, "no retry");
    }
}

/// Replaces the first response to `FilterLogEvents`.
fn replace_first(
    operation: &str,
    before: usize,
    broken: fn() -> Response<Body>,
) -> Option<Response<Body>> {
    (operation == "FilterLogEvents" && before == 0).then(broken)
}

fn endless() -> Response<Body> {
    let chunk = Bytes::from(vec![b' '; 1 << 20]);
    Response::new(Body::from_stream(stream::repeat_with(move || {
        Ok::<_, std::io::Error>(chunk.clone())
    })))
}

/// A compressed response, though the client did not accept compression. It must not be
/// decompressed.
fn gzip_bomb() -> Response<Body> {
    let packed = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff][..], &[0; 4_096]].concat();
    Response::builder()
        .header("content-encoding", "gzip")
        .body(Body::from(packed))
        .unwrap()
}
