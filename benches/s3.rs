//! The search of objects in S3, compared with bare `GetObject` calls and decompression: processor
//! time for 5,000 CloudTrail objects with 2.2 GB of text, and memory with 1, 32 and 6,800
//! account-Regions that have the same number of objects. The objects are in a server on loopback;
//! each measurement runs in a separate process. Prints one table.
//!
//! `DRAGNET_REAL_DATA=FOLDER cargo bench --bench s3`; the folder contains files of
//! `{"Records":[…]}`, from which the objects are made. Without it, only memory is measured.
//! `DRAGNET_FILES_CORPUS` names a folder that keeps them for the next run.

#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;
use clap::Parser;
use dragnet::cli::Arguments;
use futures::{StreamExt, stream};
use libdeflater::Decompressor;
use parking_lot::Mutex;
use support::corpus::{ADDRESS, ARN, Corpus, KEY};
use support::loopback_s3::{
    BUCKET, LoopbackS3, SERVE_CORPUS, SERVE_FOLDERS, corpus_keys, corpus_objects, folder_objects,
    serve,
};
use support::served::{Served, run_of};
use support::{children_cpu_seconds, head, memory, row};
use tokio::sync::Semaphore;

/// They alternate, so that other load on the machine affects all of them.
const ROUNDS: usize = 3;
/// The number of calls at a time, as for one folder of a sweep.
const CONCURRENT: usize = 32;
const MB_PER_MIB: f64 = 1.048_576;
const FOLDERS: [usize; 3] = [1, 32, 6_800];
/// The window of the objects.
const WINDOW: [&str; 4] = [
    "--from",
    "2026-11-01T00:00:00Z",
    "--to",
    "2026-11-06T00:00:00Z",
];
/// Everything but S3: the organization of the trail. The accounts of the objects have left it.
const SCENARIO: &str = r#"
name = "s3-bench"
now = "2026-11-28T12:00:00Z"
[organization]
id = "o-exampleorgid"
management = "999999999999"
regions = ["us-east-1"]
[behaviour]
own_traces = false
[[accounts]]
id = "999999999999"
name = "management"
[[trails]]
name = "organization"
account = "999999999999"
home = "us-east-1"
organization = true
bucket = "bench-logs"
validation = false
"#;
/// Rates that do not limit the sweep.
const CONFIG: &str =
    "[limits]\nquota_share = 1.0\n[limits.quotas]\nGetObject = 10000\nListObjectsV2 = 10000\n";

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => measure_all(),
        [SERVE_CORPUS, folder] => serve(corpus_objects(Path::new(folder))),
        [SERVE_FOLDERS, number] => serve(folder_objects(number.parse().unwrap())),
        ["--floor", url, folder] => {
            let keys = corpus_keys(Path::new(folder));
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(read_bare(url, keys));
            println!("{}", memory("VmHWM"));
        }
        ["--dragnet", ..] => {
            run_dragnet(&arguments[1..]);
            println!("{}", memory("VmHWM"));
        }
        _ => panic!("{arguments:?} is unknown; expected no argument"),
    }
}

fn measure_all() {
    head();
    let Some(real_data) = std::env::var_os("DRAGNET_REAL_DATA").map(PathBuf::from) else {
        println!("without processor time: DRAGNET_REAL_DATA does not name a folder");
        measure_memory();
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("DRAGNET_FILES_CORPUS")
        .map_or_else(|| temp.path().join("corpus"), PathBuf::from);
    measure_processor_time(&Corpus::prepare(&real_data, &folder));
    measure_memory();
}

/// What processes used.
#[derive(Default)]
struct Cost {
    /// Processor seconds.
    processor: f64,
    /// The most memory of one of them, in MB.
    peak: f64,
}

impl Cost {
    fn add(&mut self, other: &Self) {
        self.processor += other.processor;
        self.peak = self.peak.max(other.peak);
    }
}

/// Measures bare calls and searches of the corpus.
fn measure_processor_time(corpus: &Corpus) {
    let objects = corpus.objects.to_str().unwrap();
    let addresses = corpus.addresses.to_str().unwrap();
    let planted = &corpus.planted;
    let searches = [
        ("an address", vec![ADDRESS], &planted.address, "<= 1.3"),
        (
            "10,000 addresses",
            vec!["--indicators", addresses],
            &planted.address,
            "",
        ),
        (
            "a key and an ARN",
            vec![KEY, ARN],
            &planted.key_or_arn,
            "<= 1.3",
        ),
    ];
    let server = LoopbackS3::start([SERVE_CORPUS, objects]);
    let range = start_range();
    let mut floor = Cost::default();
    let mut costs = searches.each_ref().map(|_| Cost::default());
    for _ in 0..ROUNDS {
        let temp = tempfile::tempdir().unwrap();
        let bare = ["--floor", &server.url, objects];
        floor.add(&run_child(&bare, temp.path(), &[]));
        for ((label, arguments, expected, _), cost) in searches.iter().zip(&mut costs) {
            let temp = tempfile::tempdir().unwrap();
            cost.add(&sweep(&range.served, &server, arguments, temp.path()));
            assert_eq!(&found_ids(temp.path()), *expected, "{label}");
        }
    }
    let label = "GetObject and libdeflate alone: CPU seconds";
    row(label, floor.processor / ROUNDS as f64, "");
    for ((label, _, _, target), cost) in searches.iter().zip(&costs) {
        let label = format!("{label}: CPU / GetObject and libdeflate");
        row(&label, cost.processor / floor.processor, target);
    }
}

/// Measures the memory of searches of the same number of objects in more and more folders.
fn measure_memory() {
    let range = start_range();
    let mut first = None;
    for folders in FOLDERS {
        let number = folders.to_string();
        let server = LoopbackS3::start([SERVE_FOLDERS, &number]);
        let temp = tempfile::tempdir().unwrap();
        let cost = sweep(&range.served, &server, &[ADDRESS], temp.path());
        let label = format!("{folders} account-Regions: MB at most");
        row(&label, cost.peak, "<= 96");
        let first = *first.get_or_insert(cost.peak);
        let label = format!("{folders} account-Regions: MB / 1 account-Region");
        row(&label, cost.peak / first, "<= 1.3");
    }
}

/// A served range, and the directory of its scenario.
struct ServedRange {
    served: Served,
    _directory: tempfile::TempDir,
}

fn start_range() -> ServedRange {
    let directory = tempfile::tempdir().unwrap();
    ServedRange {
        served: Served::start(directory.path(), SCENARIO, "off"),
        _directory: directory,
    }
}

/// Sweeps the objects of a server; all other calls go to the range.
fn sweep(range: &Served, server: &LoopbackS3, searched: &[&str], directory: &Path) -> Cost {
    std::fs::write(directory.join("dragnet.toml"), CONFIG).unwrap();
    let options = ["--sources", "s3", "--progress", "none"];
    let arguments = [
        &["--dragnet", "sweep"][..],
        searched,
        &options[..],
        &WINDOW[..],
    ]
    .concat();
    let mut environment = range.environment.clone();
    environment.push(("AWS_ENDPOINT_URL_S3".to_owned(), server.url.clone()));
    run_child(&arguments, directory, &environment)
}

/// Runs this program with these arguments. The last line of its output is its peak memory in MiB.
fn run_child(arguments: &[&str], directory: &Path, environment: &[(String, String)]) -> Cost {
    let before = children_cpu_seconds();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().cloned())
        .output()
        .unwrap();
    let processor = children_cpu_seconds() - before;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {error}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let peak: f64 = printed.lines().last().unwrap().parse().unwrap();
    Cost {
        processor,
        peak: peak * MB_PER_MIB,
    }
}

/// The ids of the records that the run in `directory` found.
fn found_ids(directory: &Path) -> BTreeSet<String> {
    let mut csv = csv::Reader::from_path(run_of(directory).join("sightings.csv")).unwrap();
    let rows = csv.deserialize::<BTreeMap<String, String>>();
    rows.map(|row| row.unwrap().remove("record_id").unwrap())
        .collect()
}

/// Runs Dragnet in this process, as its binary does.
fn run_dragnet(arguments: &[&str]) {
    let arguments = std::iter::once("dragnet").chain(arguments.iter().copied());
    let code = dragnet::commands::run(&Arguments::try_parse_from(arguments).unwrap());
    // Exit code 3 is accepted, because the account-Region of the trail has no objects.
    assert!(code == 0 || code == 3, "exit code {code}");
}

/// Reads and unpacks objects with the client of the SDK, as Dragnet configures it.
async fn read_bare(url: &str, keys: Vec<String>) {
    let credentials = Credentials::new("AKIAEXAMPLE", "s", None, None, "bench");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    let client = Client::from_conf(config.build());
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let unpacker = Arc::new(Unpacker {
        threads: Semaphore::new(cores),
        idle: Mutex::default(),
    });
    let reads = stream::iter(keys).map(|key| {
        let client = client.clone();
        let unpacker = Arc::clone(&unpacker);
        async move {
            let get = client.get_object().bucket(BUCKET).key(key);
            let get = get.checksum_mode(ChecksumMode::Enabled).if_match("\"e\"");
            let body = get.send().await.unwrap().body.collect().await;
            unpacker.unpack(body.unwrap().into_bytes()).await;
        }
    });
    reads.buffer_unordered(CONCURRENT).collect::<()>().await;
}

/// Unpacks objects in threads, whose memory is reused.
struct Unpacker {
    threads: Semaphore,
    idle: Mutex<Vec<(Decompressor, Vec<u8>)>>,
}

impl Unpacker {
    async fn unpack(self: Arc<Self>, gzip: Bytes) {
        let unpacker = Arc::clone(&self);
        let _thread = unpacker.threads.acquire().await.unwrap();
        let task = tokio::task::spawn_blocking(move || {
            let idle = self.idle.lock().pop();
            let (mut decompressor, mut text) =
                idle.unwrap_or_else(|| (Decompressor::new(), Vec::new()));
            // The size of the text is at the end. Source: RFC 1952, "Member header and trailer",
            // ISIZE.
            let size = u32::from_le_bytes(*gzip.last_chunk().unwrap());
            let size = usize::try_from(size).unwrap();
            if text.len() < size {
                text.resize(size, 0);
            }
            let unpacked = decompressor.gzip_decompress(&gzip, &mut text[..size]);
            assert_eq!(unpacked.unwrap(), size);
            self.idle.lock().push((decompressor, text));
        });
        task.await.unwrap();
    }
}
