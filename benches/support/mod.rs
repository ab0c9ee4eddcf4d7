//! What the benchmarks of sweeps share: an organization that costs next to nothing, and how a process is measured.

#![allow(dead_code, reason = "each benchmark uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends where its ground gives way")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use clap::Parser;
use dragnet::aws::{Aws, CodeSource, ConnectOptions, MfaCode, StaticCredentials, Wire};
use dragnet::cli::settings::{Surroundings, SweepSettings};
use dragnet::cli::{Arguments, Command};
use dragnet::model::RunId;
use dragnet::store::{Checkpoint, Journal, RunDir, StoreError};
use dragnet::sweep::{SweepParts, Tally};
use dragnet::throttle::{QuotaTable, Quotas};
use dragnet::time::Clock;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// An organization that answers from nothing: every account's Region has the same groups, every group the same pages.
/// It keeps no state, so what is measured beside it is Dragnet's own.
#[derive(Debug)]
pub struct Cannery {
    /// The accounts' Regions.
    pub regions: Vec<&'static str>,
    /// Log groups in each of them.
    pub groups: usize,
    /// The bodies of a group's pages, one after the other.
    pub pages: Vec<Bytes>,
    /// How long every answer takes.
    pub latency: Duration,
}

impl Cannery {
    /// The HTTP client that leads there.
    pub fn http_client(self) -> SharedHttpClient {
        SharedHttpClient::new(Client(SharedHttpConnector::new(Connector(Arc::new(self)))))
    }

    fn answer(&self, operation: &str, body: &str) -> (&'static str, Bytes) {
        let json = |text: String| ("application/x-amz-json-1.1", Bytes::from(text));
        let xml = |text: String| ("text/xml", Bytes::from(text));
        match operation {
            "GetCallerIdentity" => xml("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::999999999999:user/b</Arn><UserId>AIDAEXAMPLE</UserId><Account>999999999999</Account></GetCallerIdentityResult></GetCallerIdentityResponse>".to_owned()),
            "AssumeRole" => xml("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>".to_owned()),
            "DescribeRegions" => {
                let items: String = self.regions.iter().map(|region| format!("<item><regionName>{region}</regionName><regionEndpoint>e</regionEndpoint><optInStatus>opt-in-not-required</optInStatus></item>")).collect();
                xml(format!("<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>"))
            }
            "DescribeFlowLogs" => xml("<DescribeFlowLogsResponse><flowLogSet/></DescribeFlowLogsResponse>".to_owned()),
            "DescribeTrails" => json(r#"{"trailList":[]}"#.to_owned()),
            "DescribeLogGroups" => {
                let groups: Vec<String> = (0..self.groups).map(|n| format!(r#"{{"logGroupName":"/app-{n}","creationTime":1,"storedBytes":1}}"#)).collect();
                json(format!(r#"{{"logGroups":[{}]}}"#, groups.join(",")))
            }
            "FilterLogEvents" => {
                let page = body.split_once(r#""nextToken":"p"#).map_or(0, |(_, rest)| {
                    rest.split('"').next().and_then(|number| number.parse().ok()).unwrap_or(0)
                });
                ("application/x-amz-json-1.1", self.pages.get(page).cloned().unwrap())
            }
            other => panic!("{other} is not answered"),
        }
    }
}

/// A page's body of these events, each JSON; `next`: the number of the page after it.
pub fn page(events: &[String], next: Option<usize>) -> Bytes {
    let token = next.map(|next| format!(r#","nextToken":"p{next}""#)).unwrap_or_default();
    Bytes::from(format!(r#"{{"events":[{}]{token}}}"#, events.join(",")))
}

#[derive(Debug)]
struct Client(SharedHttpConnector);

impl HttpClient for Client {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.0.clone()
    }
}

#[derive(Debug)]
struct Connector(Arc<Cannery>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let cannery = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            if !cannery.latency.is_zero() {
                tokio::time::sleep(cannery.latency).await;
            }
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
            let query = || body.split('&').find_map(|part| part.strip_prefix("Action=")).unwrap_or_default();
            let (kind, answer) = cannery.answer(target.unwrap_or_else(query), &body);
            let response = http::Response::builder().header("content-type", kind).body(SdkBody::from(answer)).unwrap();
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// A sweep over it, to be made in `directory`: what `dragnet sweep` would build. `accounts` are made up; every quota
/// is used in full. The writer's task ends with the journal's last handle.
pub async fn sweep_parts(
    cannery: Cannery,
    accounts: usize,
    directory: &Path,
) -> (SweepParts, RunDir, tokio::task::JoinHandle<Result<(), StoreError>>) {
    let list: String = (0..accounts).map(|n| format!("{:012}\n", 100_000_000_000 + n)).collect();
    let file = directory.join("accounts");
    std::fs::write(&file, list).unwrap();
    let config = "[organization]\ndiscover = false\n[limits]\nquota_share = 1.0\nconcurrency = 1024\n";
    std::fs::write(directory.join("dragnet.toml"), config).unwrap();
    let arguments =
        ["dragnet", "sweep", "192.0.2.1", "--accounts-file", file.to_str().unwrap(), "--since", "24h", "--no-silence"];
    let clock = Clock::starting_at("2026-03-02T12:00:00Z".parse().unwrap());
    let arguments = Arguments::try_parse_from(arguments).unwrap();
    let Command::Sweep(sweep) = &arguments.command else { panic!("not a sweep") };
    let surroundings = Surroundings {
        environment: &|_| None,
        working_directory: directory,
        now: clock.now(),
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    let settings = SweepSettings::resolve(&arguments.global, sweep, &surroundings).unwrap();
    let (audit, calls) = tokio::sync::mpsc::channel(1_024);
    let home = "us-east-1".parse().unwrap();
    let credentials =
        StaticCredentials { access_key_id: "AKIAEXAMPLE".to_owned(), secret_access_key: "s".to_owned().into() };
    let aws = Aws::connect(ConnectOptions {
        wire: Wire::InProcess { http: cannery.http_client(), credentials, region: home },
        identity: settings.reach.identity.clone(),
        codes: Arc::new(NoCodes),
        mfa_sessions: None,
        clock: clock.clone(),
        quotas: Quotas::new(QuotaTable::built_in().unwrap(), 1.0),
        concurrency: settings.reach.limits.concurrency.get(),
        audit: Some(audit),
    })
    .await
    .unwrap();
    let run_id = RunId::new(clock.now(), 1);
    let dir = RunDir::create(directory, &run_id).unwrap();
    let (journal, writer) = Journal::create(&dir, &[]).unwrap();
    let parts = SweepParts {
        aws,
        calls,
        started: clock.now(),
        clock,
        settings,
        run_id,
        checkpoint: Checkpoint::default(),
        journal,
        tally: Arc::new(Tally::default()),
        cancel: CancellationToken::new(),
    };
    (parts, dir, writer)
}

/// There is no MFA device.
#[derive(Debug)]
struct NoCodes;

impl CodeSource for NoCodes {
    fn next_code<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> BoxFuture<'a, Result<MfaCode, String>> {
        Box::pin(async { Err("there is no device".to_owned()) })
    }
}

/// A line of a table.
pub fn row(what: &str, value: f64, wanted: &str) {
    println!("{what:<62} {value:>12.3} {wanted:>12}");
}

/// Its head.
pub fn head() {
    println!("{:<62} {:>12} {:>12}", "measured", "value", "wanted");
}

/// A line of `/proc/self/status`, in MiB: `VmRSS`, `VmHWM` (the peak). Source: proc(5).
pub fn memory(of: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(of)?.strip_prefix(':'));
    let kib = line.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1_024.0)
}

/// Processor seconds that a process has used; `process`: its id, or `self`. Source: proc(5), in ticks of 10 ms.
pub fn cpu_seconds(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = after_name.split(' ').map(|field| field.parse().unwrap_or(f64::NAN)).collect();
    fields.get(11).zip(fields.get(12)).map_or(f64::NAN, |(user, system)| (user + system) / 100.0)
}
