//! A server on loopback that has the operations of S3 which a search of objects calls, with one
//! bucket in memory. It runs in a separate process, so that its processor time is not measured.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response, Uri};
use bytes::Bytes;
use libdeflater::{CompressionLvl, Compressor};
use tokio::net::TcpListener;

pub(crate) const BUCKET: &str = "bench-logs";
/// The arguments with which the benchmark serves a corpus, or a number of folders.
pub(crate) const SERVE_CORPUS: &str = "--serve-corpus";
pub(crate) const SERVE_FOLDERS: &str = "--serve-folders";
/// The objects of all folders together.
const OBJECTS: usize = 6_800;
const RECORDS: usize = 300;
/// The most keys and common prefixes of a page. Source: S3 API, `ListObjectsV2`, `MaxKeys`.
const PAGE: usize = 1_000;
const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The objects of the bucket, by key.
type Objects = BTreeMap<String, Bytes>;

/// A server in another process, which ends when this is dropped.
pub(crate) struct LoopbackS3 {
    process: Child,
    /// Where it is.
    pub url: String,
}

impl LoopbackS3 {
    /// Starts the benchmark as a server: [`SERVE_CORPUS`] and a folder, or [`SERVE_FOLDERS`] and a
    /// number.
    pub(crate) fn start(arguments: [&str; 2]) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut url).unwrap();
        Self {
            process,
            url: url.trim_end().to_owned(),
        }
    }
}

impl Drop for LoopbackS3 {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Returns the keys of the objects in a folder: their paths below it.
pub(crate) fn corpus_keys(folder: &Path) -> Vec<String> {
    let mut keys = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(folder).unwrap().to_str().unwrap();
                keys.push(key.to_owned());
            }
        }
    }
    keys.sort();
    keys
}

/// Returns the objects in a folder.
pub(crate) fn corpus_objects(folder: &Path) -> Objects {
    let keys = corpus_keys(folder).into_iter();
    keys.map(|key| {
        let content = fs::read(folder.join(&key)).unwrap();
        (key, content.into())
    })
    .collect()
}

/// Returns the same number of objects in this number of account-Regions.
pub(crate) fn folder_objects(folders: usize) -> Objects {
    let content = log_file();
    let objects = (0..OBJECTS).map(|number| {
        let folder = number % folders;
        let account = 100_000_000_000 + folder / REGIONS.len() * 1_111_111;
        let region = REGIONS[folder % REGIONS.len()];
        let position = number / folders;
        let hour = position % 24;
        let day = 1 + position / 24 % 5;
        let key = format!(
            "AWSLogs/o-exampleorgid/{account}/CloudTrail/{region}/2026/11/{day:02}/{account}_CloudTrail_{region}_202611{day:02}T{hour:02}00Z_{number:016}.json.gz"
        );
        (key, content.clone())
    });
    objects.collect()
}

/// Returns a log file, whose records have nothing that is searched for.
fn log_file() -> Bytes {
    let mut random = fastrand::Rng::with_seed(7);
    let records: Vec<String> = (0..RECORDS)
        .map(|_| {
            let id = random.u128(..);
            let request = random.u128(..);
            format!(
                r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","arn":"arn:aws:sts::100000000000:assumed-role/app/{request:032x}"}},"eventTime":"2026-11-02T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetBucketAcl","awsRegion":"us-east-1","sourceIPAddress":"10.0.0.1","requestID":"{request:032x}","eventID":"{id:032x}","eventType":"AwsApiCall","recipientAccountId":"100000000000"}}"#
            )
        })
        .collect();
    let text = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    let mut compressor = Compressor::new(CompressionLvl::new(6).unwrap());
    let mut gzip = vec![0; compressor.gzip_compress_bound(text.len())];
    let size = compressor.gzip_compress(text.as_bytes(), &mut gzip);
    gzip.truncate(size.unwrap());
    gzip.into()
}

/// Serves objects until the process is killed. Prints the URL first.
pub(crate) fn serve(objects: Objects) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(respond)
            .with_state(Arc::new(objects));
        axum::serve(listener, router).await.unwrap();
    });
}

async fn respond(State(objects): State<Arc<Objects>>, request: Request) -> Response<Body> {
    let key = key_of(request.uri());
    let response = Response::builder()
        .header("x-amz-bucket-region", "us-east-1")
        .header("x-amz-request-id", "BENCH");
    match (request.method(), key) {
        (&Method::HEAD, "") => response.body(Body::empty()).unwrap(),
        (_, "") => response
            .header("content-type", "application/xml")
            .body(list(&objects, request.uri().query().unwrap_or_default()).into())
            .unwrap(),
        (_, key) => match objects.get(key) {
            Some(content) => response
                .header("etag", "\"e\"")
                .header("last-modified", "Sun, 01 Nov 2026 00:00:00 GMT")
                .body(content.clone().into())
                .unwrap(),
            None => response.status(404).body(Body::empty()).unwrap(),
        },
    }
}

/// The key of a request with the bucket in the path. No key of the benchmark has to be decoded.
fn key_of(uri: &Uri) -> &str {
    let path = uri.path().trim_start_matches('/');
    path.split_once('/').map_or("", |(_, key)| key)
}

/// The parameters of a list.
#[derive(Default)]
struct Query {
    prefix: String,
    /// Whether keys are grouped by folder.
    is_grouped: bool,
    /// The key or common prefix after which the page begins.
    after: String,
}

impl Query {
    fn parse(text: &str) -> Self {
        let mut query = Self::default();
        let mut token = None;
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "prefix" => query.prefix = value.into_owned(),
                "delimiter" => query.is_grouped = true,
                "start-after" => query.after = value.into_owned(),
                "continuation-token" => token = Some(value.into_owned()),
                _ => {}
            }
        }
        query.after = token.unwrap_or(query.after);
        query
    }
}

/// Returns the body of a page.
fn list(objects: &Objects, text: &str) -> String {
    let Query {
        prefix,
        is_grouped,
        mut after,
    } = Query::parse(text);
    let mut items = String::new();
    let mut count = 0;
    let mut is_truncated = false;
    for (key, content) in objects.range(prefix.clone()..) {
        let Some(rest) = key.strip_prefix(&*prefix) else {
            break;
        };
        let is_in_last_group = is_grouped && after.ends_with('/') && key.starts_with(&*after);
        if *key <= after || is_in_last_group {
            continue;
        }
        if count == PAGE {
            is_truncated = true;
            break;
        }
        count += 1;
        let group = rest.find('/').filter(|_| is_grouped);
        if let Some(end) = group {
            after = format!("{prefix}{}", &rest[..=end]);
            write!(
                items,
                "<CommonPrefixes><Prefix>{after}</Prefix></CommonPrefixes>"
            )
            .unwrap();
        } else {
            after.clone_from(key);
            let size = content.len();
            write!(items, "<Contents><Key>{key}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>").unwrap();
        }
    }
    let token = if is_truncated {
        format!("<NextContinuationToken>{after}</NextContinuationToken>")
    } else {
        String::new()
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix>{token}<KeyCount>{count}</KeyCount><MaxKeys>{PAGE}</MaxKeys><IsTruncated>{is_truncated}</IsTruncated>{items}</ListBucketResult>"
    )
}
