//! The search of copies of logs on disk, compared with decompression alone: processor time and
//! memory of `dragnet sweep --files` over 5,000 CloudTrail objects with 2.2 GB of text. Each
//! measurement runs in a process of its own. Prints one table.
//!
//! `DRAGNET_REAL_DATA=FOLDER cargo bench --bench files`; the folder contains files of
//! `{"Records":[…]}`, from which the objects are made. `DRAGNET_FILES_CORPUS` names a folder that
//! keeps them for the next run.

#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::Parser;
use dragnet::cli::Arguments;
use libdeflater::Decompressor;
use support::corpus::{ADDRESS, ARN, Corpus, KEY};
use support::served::run_of;
use support::{children_cpu_seconds, head, memory, row};

/// They alternate, so that other load on the machine affects all of them.
const ROUNDS: usize = 3;
/// The search of files uses at most this number of threads.
const MOST_THREADS: usize = 8;
const MB_PER_MIB: f64 = 1.048_576;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if let [measured, rest @ ..] = &arguments[..] {
        match measured.as_str() {
            "--floor" => unpack_all(Path::new(&rest[0])),
            "--dragnet" => run_dragnet(rest),
            other => panic!("{other} is unknown; expected no argument"),
        }
        println!("{}", memory("VmHWM"));
        return;
    }
    let Some(real_data) = std::env::var_os("DRAGNET_REAL_DATA").map(PathBuf::from) else {
        println!("skipped: DRAGNET_REAL_DATA does not name a folder of CloudTrail files");
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("DRAGNET_FILES_CORPUS")
        .map_or_else(|| temp.path().join("corpus"), PathBuf::from);
    let corpus = Corpus::prepare(&real_data, &folder);
    let planted = &corpus.planted;
    println!(
        "{} objects with {} records, {} MB of text and {} MB of gzip; {} addresses in {} objects",
        planted.objects,
        planted.records,
        planted.text_bytes / 1_000_000,
        planted.gzip_bytes / 1_000_000,
        planted.address.len(),
        planted.objects_with_address,
    );
    measure(&corpus);
}

/// A search to measure.
struct Search<'c> {
    label: &'static str,
    arguments: Vec<&'c str>,
    /// The ids of the records that it has to find.
    planted: &'c BTreeSet<String>,
    /// The most processor time, compared with decompression alone.
    target: &'static str,
}

fn searches(corpus: &Corpus) -> [Search<'_>; 4] {
    let planted = &corpus.planted;
    [
        Search {
            label: "an address",
            arguments: vec![ADDRESS],
            planted: &planted.address,
            target: "<= 1.3",
        },
        Search {
            label: "an address, without the check for tampering",
            arguments: vec![ADDRESS, "--no-tamper-check"],
            planted: &planted.address,
            target: "",
        },
        Search {
            label: "10,000 addresses",
            arguments: vec!["--indicators", corpus.addresses.to_str().unwrap()],
            planted: &planted.address,
            target: "<= 1.7",
        },
        Search {
            label: "a key and an ARN",
            arguments: vec![KEY, ARN],
            planted: &planted.key_or_arn,
            target: "<= 1.3",
        },
    ]
}

/// Measures decompression alone and all searches, and prints the table.
fn measure(corpus: &Corpus) {
    let searches = searches(corpus);
    let objects = corpus.objects.to_str().unwrap();
    // The first run brings the objects into the page cache.
    measure_floor(objects);
    let mut floor = Cost::default();
    let mut costs = searches.each_ref().map(|_| Cost::default());
    for _ in 0..ROUNDS {
        floor.add(&measure_floor(objects));
        for (search, cost) in searches.iter().zip(&mut costs) {
            cost.add(&measure_search(search, objects));
        }
    }
    head();
    row(
        &format!("libdeflate alone: CPU seconds, {} threads", threads()),
        floor.processor / ROUNDS as f64,
        "",
    );
    row("libdeflate alone: MB at most", floor.peak, "");
    for (search, cost) in searches.iter().zip(&costs) {
        let label = search.label;
        row(
            &format!("{label}: CPU / libdeflate"),
            cost.processor / floor.processor,
            search.target,
        );
        row(&format!("{label}: MB at most"), cost.peak, "<= 96");
    }
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

fn measure_floor(objects: &str) -> Cost {
    let temp = tempfile::tempdir().unwrap();
    run_child(&["--floor", objects], temp.path())
}

/// Runs a search, and checks that it finds what was planted and nothing else.
fn measure_search(search: &Search<'_>, objects: &str) -> Cost {
    let temp = tempfile::tempdir().unwrap();
    let files = ["--files", objects, "--progress", "none"];
    let arguments = [
        &["--dragnet", "sweep"][..],
        &search.arguments[..],
        &files[..],
    ]
    .concat();
    let cost = run_child(&arguments, temp.path());
    assert_eq!(&found_ids(temp.path()), search.planted, "{}", search.label);
    cost
}

/// Runs this program with these arguments. The last line of its output is its peak memory in MiB.
fn run_child(arguments: &[&str], directory: &Path) -> Cost {
    let before = children_cpu_seconds();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
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
fn run_dragnet(arguments: &[String]) {
    let arguments = ["dragnet"]
        .into_iter()
        .chain(arguments.iter().map(String::as_str));
    let code = dragnet::commands::run(&Arguments::try_parse_from(arguments).unwrap());
    // Exit code 3 is accepted, because hours without records are not measured here.
    assert!(code == 0 || code == 3, "exit code {code}");
}

/// The number of threads that the search of files uses on this machine.
fn threads() -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    cores.min(MOST_THREADS)
}

/// Reads and unpacks all objects with libdeflate, with as many threads as a search.
fn unpack_all(folder: &Path) {
    let mut objects = Vec::new();
    find_files(folder, &mut objects);
    objects.sort();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| unpack_in_turn(&objects, &next));
        }
    });
}

/// Unpacks the objects that no other thread has taken.
fn unpack_in_turn(objects: &[PathBuf], next: &AtomicUsize) {
    let mut decompressor = Decompressor::new();
    let mut gzip = Vec::new();
    let mut text = Vec::new();
    while let Some(object) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
        gzip.clear();
        File::open(object).unwrap().read_to_end(&mut gzip).unwrap();
        // The size of the text is at the end. Source: RFC 1952, "Member header and trailer", ISIZE.
        let size = u32::from_le_bytes(*gzip.last_chunk().unwrap());
        let size = usize::try_from(size).unwrap();
        if text.len() < size {
            text.resize(size, 0);
        }
        let unpacked = decompressor.gzip_decompress(&gzip, &mut text[..size]);
        assert_eq!(unpacked.unwrap(), size);
    }
}

fn find_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            find_files(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}
