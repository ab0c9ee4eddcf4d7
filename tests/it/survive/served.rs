//! A practice range on loopback, whose responses a test can change.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use dragnet_model::time::Clock;
use dragnet_range::{Range, Scenario};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::process::Command;

/// A request that was received.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub headers: HeaderMap,
    pub body: String,
}

/// Replaces a response, by its operation and how often that was called before. `None` keeps the
/// response.
pub(crate) type Tamper = fn(operation: &str, before: usize) -> Option<Response<Body>>;

/// A served range.
pub(crate) struct Served {
    url: String,
    range: Range,
    service: Arc<Service>,
}

/// What the request handler needs.
struct Service {
    range: Range,
    tamper: Tamper,
    seen: Mutex<Vec<(String, Seen)>>,
}

impl Served {
    /// Serves a scenario at the current time.
    pub(crate) async fn start(scenario: &str, tamper: Tamper) -> Self {
        Self::with_clock(Clock::wall(), scenario, tamper).await
    }

    /// Serves a scenario with another clock.
    pub(crate) async fn with_clock(clock: Clock, scenario: &str, tamper: Tamper) -> Self {
        let range = Range::new(&Scenario::from_toml(scenario).unwrap(), None, clock).unwrap();
        let service = Arc::new(Service {
            range: range.clone(),
            tamper,
            seen: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(handle_request)
            .with_state(Arc::clone(&service));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url,
            range,
            service,
        }
    }

    /// Returns the range, for changes and checks that need no requests over HTTP.
    pub(crate) fn range(&self) -> &Range {
        &self.range
    }

    /// Points a command at the range, as the practice user.
    pub(crate) fn point(&self, command: &mut Command) {
        let credentials = self.range.credentials();
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", credentials.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key)
            .env("AWS_REGION", credentials.region.as_str());
    }

    /// Returns the requests that were received for an operation.
    pub(crate) fn seen(&self, operation: &str) -> Vec<Seen> {
        let seen = self.service.seen.lock();
        seen.iter()
            .filter(|(name, _)| name == operation)
            .map(|(_, seen)| seen.clone())
            .collect()
    }
}

async fn handle_request(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body: Bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&body).into_owned();
    let target = parts
        .headers
        .get("x-amz-target")
        .map(|target| target.to_str().unwrap().to_owned());
    let action = || {
        text.split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .unwrap_or_default()
            .to_owned()
    };
    let operation = target.map_or_else(action, |target| {
        target.rsplit('.').next().unwrap().to_owned()
    });
    let before = {
        let mut seen = service.seen.lock();
        let before = seen.iter().filter(|(name, _)| *name == operation).count();
        seen.push((
            operation.clone(),
            Seen {
                headers: parts.headers.clone(),
                body: text,
            },
        ));
        before
    };
    let response = service
        .range
        .handle(Request::from_parts(parts, body))
        .await
        .unwrap();
    (service.tamper)(&operation, before).unwrap_or_else(|| response.map(Body::from))
}

/// Writes a configuration file with high quotas that does not require log sources.
pub(crate) fn unlimited(directory: &Path) {
    let quotas = [
        "AssumeRole",
        "DescribeLogGroups",
        "DescribeRegions",
        "FilterLogEvents",
        "ListAccounts",
    ]
    .map(|operation| format!("{operation} = 1000\n"));
    let text = format!(
        r#"
[scope]
sources = "report"
[limits]
quota_share = 1.0
[limits.quotas]
{}"#,
        quotas.concat()
    );
    std::fs::write(directory.join("dragnet.toml"), text).unwrap();
}
