//! Shared by the benchmarks of sweeps: a fake organization that costs almost nothing, and
//! measurements of a process.

#![allow(dead_code, reason = "each benchmark uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

pub(crate) mod corpus;
pub(crate) mod loopback_s3;
pub(crate) mod served;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use clap::Parser;
use dragnet::aws::{Aws, CodeSource, ConnectOptions, MfaCode, StaticCredentials, Wire};
use dragnet::cli::{Arguments, Command};
use dragnet::config::Concurrency;
use dragnet::settings::{ResolveContext, SweepSettings};
use dragnet::store::{Checkpoint, EarlierFindings, Journal, RunDir, RunFacts, StoreError};
use dragnet::sweep::{SweepParts, Tally, WindowBasis};
use dragnet::throttle::{QuotaTable, Quotas};
use dragnet_model::RunId;
use dragnet_model::time::Clock;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// A fake organization with canned responses. Every account-Region has the same log groups, and
/// every log group the same pages. It keeps no state, so the measurements show the cost of Dragnet.
#[derive(Debug)]
pub(crate) struct FakeOrganization {
    /// The Regions of the accounts.
    pub regions: Vec<&'static str>,
    /// The number of log groups in each account-Region.
    pub groups: usize,
    /// The response bodies of the pages of a log group, in order.
    pub pages: Vec<Bytes>,
    /// The time that every response takes.
    pub latency: Duration,
}

impl FakeOrganization {
    /// An HTTP client that is connected to this organization.
    pub(crate) fn http_client(self) -> SharedHttpClient {
        SharedHttpClient::new(Client(SharedHttpConnector::new(Connector(Arc::new(self)))))
    }

    fn response(&self, operation: &str, body: &str) -> (&'static str, Bytes) {
        let json = |text: String| ("application/x-amz-json-1.1", Bytes::from(text));
        let xml = |text: String| ("text/xml", Bytes::from(text));
        match operation {
            "GetCallerIdentity" => xml("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::999999999999:user/b</Arn><UserId>AIDAEXAMPLE</UserId><Account>999999999999</Account></GetCallerIdentityResult></GetCallerIdentityResponse>".to_owned()),
            "AssumeRole" => xml("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>".to_owned()),
            "DescribeRegions" => {
                let items: String = self.regions.iter().map(|region| format!("<item><regionName>{region}</regionName><regionEndpoint>e</regionEndpoint><optInStatus>opt-in-not-required</optInStatus></item>")).collect::<Vec<_>>().concat();
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
                ("application/x-amz-json-1.1", page_for_log_group(self.pages.get(page).unwrap(), body))
            }
            other => panic!("there is no response for {other}"),
        }
    }
}

/// A placeholder in a page, which is replaced by the number of the log group.
pub(crate) const STAMP: &str = "########";

/// The body of a page for the log group of this request.
fn page_for_log_group(page: &Bytes, request: &str) -> Bytes {
    let finder = memchr::memmem::Finder::new(STAMP);
    let number = || {
        request
            .split_once(r#""/app-"#)?
            .1
            .split_once('"')?
            .0
            .parse::<usize>()
            .ok()
    };
    let Some(number) = finder.find(page).and_then(|_| number()) else {
        return page.clone();
    };
    let stamp = format!("{number:08}");
    let mut stamped = page.to_vec();
    let offsets: Vec<usize> = finder.find_iter(page).collect();
    for offset in offsets {
        stamped[offset..offset + STAMP.len()].copy_from_slice(stamp.as_bytes());
    }
    Bytes::from(stamped)
}

/// The body of a page with these events, each in JSON. `next` is the number of the page after it.
pub(crate) fn page(events: &[String], next: Option<usize>) -> Bytes {
    let token = next
        .map(|next| format!(r#","nextToken":"p{next}""#))
        .unwrap_or_default();
    Bytes::from(format!(r#"{{"events":[{}]{token}}}"#, events.join(",")))
}

#[derive(Debug)]
struct Client(SharedHttpConnector);

impl HttpClient for Client {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.clone()
    }
}

#[derive(Debug)]
struct Connector(Arc<FakeOrganization>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let organization = &self.0;
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
        let target = request
            .headers()
            .get("x-amz-target")
            .and_then(|target| target.rsplit('.').next());
        let action = || {
            body.split('&')
                .find_map(|part| part.strip_prefix("Action="))
                .unwrap_or_default()
        };
        let (content_type, content) = organization.response(target.unwrap_or_else(action), &body);
        let latency = organization.latency;
        // The request is dropped once it has been sent, as by a real connection.
        HttpConnectorFuture::new(async move {
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            let response = http::Response::builder()
                .header("content-type", content_type)
                .body(SdkBody::from(content))
                .unwrap();
            HttpResponse::try_from(response)
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The sweep to run.
pub(crate) struct SweepRequest<'a> {
    /// The number of accounts.
    pub accounts: usize,
    /// The indicator to search for.
    pub indicator: &'a str,
    /// The window, as arguments.
    pub window: &'a [&'a str],
    /// The quotas, which are used in full.
    pub quotas: QuotaTable,
}

/// Prepares a sweep of the fake organization in `directory`, with the parts that `dragnet sweep`
/// builds. The writer's task ends when the last handle of the journal is dropped.
pub(crate) async fn sweep_parts(
    organization: FakeOrganization,
    request: SweepRequest<'_>,
    directory: &Path,
) -> (
    SweepParts,
    RunDir,
    tokio::task::JoinHandle<Result<(), StoreError>>,
) {
    let clock = Clock::starting_at("2026-03-02T12:00:00Z".parse().unwrap());
    let settings = settings(&request, directory, &clock);
    let (audit, calls) = tokio::sync::mpsc::channel(1_024);
    let options = connect_options(organization, request.quotas, &settings, &clock);
    let aws = Aws::connect(ConnectOptions {
        audit: Some(audit),
        ..options
    })
    .await
    .unwrap();
    let run_id = RunId::new(clock.now(), 1);
    let dir = RunDir::create(directory, &run_id).unwrap();
    let (journal, writer) = Journal::create(&dir, &RunFacts::default()).unwrap();
    let parts = SweepParts {
        part: None,
        aws,
        calls,
        started: clock.now(),
        clock,
        windows: WindowBasis::EventTime(settings.window),
        settings,
        run_id,
        checkpoint: Checkpoint::default(),
        earlier: EarlierFindings::default(),
        journal,
        tally: Arc::new(Tally::default()),
        cancel: CancellationToken::new(),
    };
    (parts, dir, writer)
}

/// Writes the configuration and the list of accounts, and resolves the settings of the sweep.
fn settings(request: &SweepRequest<'_>, directory: &Path, clock: &Clock) -> SweepSettings {
    let list: String = (0..request.accounts)
        .map(|n| format!("{:012}\n", 100_000_000_000 + n))
        .collect::<Vec<_>>()
        .concat();
    let file = directory.join("accounts");
    std::fs::write(&file, list).unwrap();
    let config =
        "[organization]\ndiscover = false\n[limits]\nquota_share = 1.0\nconcurrency = 100000\n";
    std::fs::write(directory.join("dragnet.toml"), config).unwrap();
    let arguments = [
        "dragnet",
        "sweep",
        request.indicator,
        "--accounts-file",
        file.to_str().unwrap(),
        "--no-tamper-check",
        "--sources",
        "logs",
    ];
    let arguments = [&arguments[..], request.window].concat();
    let arguments = Arguments::try_parse_from(arguments).unwrap();
    let Command::Sweep(sweep) = &arguments.command else {
        panic!("not a sweep")
    };
    let context = ResolveContext {
        environment: &|_| None,
        working_directory: directory,
        now: clock.now(),
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    SweepSettings::resolve(&arguments.global, sweep, &context).unwrap()
}

/// Connects to the organization in this process, without an audit.
fn connect_options(
    organization: FakeOrganization,
    quotas: QuotaTable,
    settings: &SweepSettings,
    clock: &Clock,
) -> ConnectOptions {
    let credentials = StaticCredentials {
        access_key_id: "AKIAEXAMPLE".to_owned(),
        secret_access_key: "s".to_owned().into(),
        portal_token: None,
    };
    ConnectOptions {
        wire: Wire::InProcess {
            http: organization.http_client(),
            credentials,
            region: "us-east-1".parse().unwrap(),
        },
        identity: settings.reach.identity.clone(),
        codes: Arc::new(NoCodes),
        mfa_sessions: None,
        clock: clock.clone(),
        quotas: Quotas::new(quotas, 1.0),
        concurrency: settings.reach.limits.concurrency.map(Concurrency::get),
        audit: None,
    }
}

/// The source of MFA codes if there is no device.
#[derive(Debug)]
struct NoCodes;

impl CodeSource for NoCodes {
    fn next_code<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<MfaCode, String>> {
        Box::pin(async { Err("there is no device".to_owned()) })
    }
}

/// Prints a row of the table.
pub(crate) fn row(label: &str, value: f64, target: &str) {
    println!("{label:<62} {value:>12.3} {target:>12}");
}

/// Prints the header of the table.
pub(crate) fn head() {
    println!("{:<62} {:>12} {:>12}", "measured", "value", "target");
}

/// A value of `/proc/self/status`, in MiB: `VmRSS`, or `VmHWM` for the peak. Source: proc(5).
pub(crate) fn memory(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib = line.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1_024.0)
}

/// The processor time that this process has used, in seconds. Source: proc(5), `stat`, in ticks of
/// 10 ms.
pub(crate) fn cpu_seconds() -> f64 {
    ticks(11)
}

/// The processor time of its child processes that have ended, in seconds.
pub(crate) fn children_cpu_seconds() -> f64 {
    ticks(13)
}

/// The sum of two adjacent fields of `stat`, user and system time. Fields are counted from the
/// first one after the name.
fn ticks(first: usize) -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = after_name
        .split(' ')
        .map(|field| field.parse().unwrap_or(f64::NAN))
        .collect();
    fields
        .get(first)
        .zip(fields.get(first + 1))
        .map_or(f64::NAN, |(user, system)| (user + system) / 100.0)
}
