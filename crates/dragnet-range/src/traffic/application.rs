//! Log lines of applications.

use super::{everyday_address, pick};
use crate::logs::NewEvent;

const PATHS: [&str; 8] = [
    "/",
    "/login",
    "/cart",
    "/checkout",
    "/api/orders",
    "/api/items?page=2",
    "/static/app.js",
    "/health",
];
const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64)",
    "Mozilla/5.0 (iPhone)",
    "kube-probe/1.31",
];
const STATUSES: [u16; 8] = [200, 200, 200, 200, 200, 304, 404, 500];
const MESSAGES: [&str; 5] = [
    "order placed",
    "payment authorised",
    "cache refreshed",
    "session renewed",
    "retrying upstream call",
];

/// The kind of application that writes to a log group.
#[derive(Clone, Debug)]
pub(crate) struct ApplicationTraffic {
    kind: Kind,
    /// The account, Region and group, so that the traffic of each group differs.
    pub(super) seed_text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The access log of a web server.
    Access,
    /// The START, END and REPORT lines of a Lambda function.
    Lambda,
    /// One JSON object per line.
    Json,
}

impl ApplicationTraffic {
    /// Chooses the kind of application by the name of the group.
    pub(crate) fn new(group: &str, location: &str) -> Self {
        let kind = if group.starts_with("/aws/lambda/") {
            Kind::Lambda
        } else if group.contains("web") || group.contains("edge") {
            Kind::Access
        } else {
            Kind::Json
        };
        Self {
            kind,
            seed_text: format!("{location} {group}"),
        }
    }

    pub(super) fn generate(
        &self,
        times: &[i64],
        random: &mut fastrand::Rng,
        mut store: impl FnMut(NewEvent),
    ) {
        let streams: Vec<String> = (1..=3).map(|n| self.stream(n, random)).collect();
        for (n, timestamp_ms) in times.iter().enumerate() {
            let message = match self.kind {
                Kind::Access => access_line(random),
                Kind::Lambda => lambda_line(n, random),
                Kind::Json => json_line(random),
            };
            store(NewEvent {
                stream: pick(random, &streams).clone(),
                timestamp_ms: *timestamp_ms,
                ingestion_ms: timestamp_ms + random.i64(200..5_000),
                id: None,
                message: message.into(),
            });
        }
    }

    fn stream(&self, number: u8, random: &mut fastrand::Rng) -> String {
        match self.kind {
            Kind::Lambda => format!("2026/03/02/[$LATEST]{:016x}", random.u64(..)),
            Kind::Access | Kind::Json => format!("i-{:08x}{number}", random.u32(..)),
        }
    }
}

fn access_line(random: &mut fastrand::Rng) -> String {
    let path = pick(random, &PATHS);
    let agent = pick(random, &AGENTS);
    let status = pick(random, &STATUSES);
    let address = everyday_address(random);
    let bytes = random.u32(90..20_000);
    format!("{address} - - \"GET {path} HTTP/1.1\" {status} {bytes} \"-\" \"{agent}\"")
}

fn lambda_line(n: usize, random: &mut fastrand::Rng) -> String {
    let request = format!("{:08x}-0000-4000-8000-{:012x}", random.u32(..), n / 3);
    match n % 3 {
        0 => format!("START RequestId: {request} Version: $LATEST"),
        1 => format!("END RequestId: {request}"),
        _ => {
            let duration = random.u32(3..900);
            format!(
                "REPORT RequestId: {request}\tDuration: {duration}.{:02} ms\tBilled Duration: {} ms\tMemory Size: 128 MB\tMax Memory Used: {} MB",
                random.u8(0..100),
                duration + 1,
                random.u8(40..120)
            )
        }
    }
}

fn json_line(random: &mut fastrand::Rng) -> String {
    let level = pick(random, &["info", "info", "info", "debug", "warn"]);
    let message = pick(random, &MESSAGES);
    let client = everyday_address(random);
    format!(
        "{{\"level\":\"{level}\",\"msg\":\"{message}\",\"client\":\"{client}\",\"duration_ms\":{}}}",
        random.u32(1..2_000)
    )
}
