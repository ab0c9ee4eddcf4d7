//! `--geoip`: countries and networks of addresses in the run report and the files, from files that may be damaged or
//! hostile.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use dragnet::geoip::{AddressOrigin, GeoIp, describe_address};
use fastrand::Rng;
use serde_json::Value;

use crate::cases::cases;

/// The address of the attacker in the practice organization.
const ADDRESS: &str = "198.51.100.23";

/// The name of a network that a terminal and a spreadsheet would interpret.
const HOSTILE_NAME: &str = "=Net\u{1b}<script>";

const UINT16: u8 = 5;
const UINT32: u8 = 6;
const MAP: u8 = 7;
const UINT64: u8 = 9;
const ARRAY: u8 = 11;

/// Returns the bytes before a value. Source: MaxMind DB File Format Specification 2.0, "Data Field Format".
fn control(kind: u8, size: usize) -> Vec<u8> {
    let short = u8::try_from(size.min(29)).unwrap();
    let mut bytes = if kind > 7 {
        vec![short, kind - 7]
    } else {
        vec![(kind << 5) | short]
    };
    if size >= 29 {
        bytes.push(u8::try_from(size - 29).unwrap());
    }
    bytes
}

fn text(value: &str) -> Vec<u8> {
    [control(2, value.len()), value.as_bytes().to_vec()].concat()
}

fn number(kind: u8, value: u64) -> Vec<u8> {
    let bytes: Vec<u8> = value
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    [control(kind, bytes.len()), bytes].concat()
}

fn map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let members = members
        .iter()
        .map(|(key, value)| [text(key), value.clone()].concat());
    [
        control(MAP, members.len()),
        members.collect::<Vec<_>>().concat(),
    ]
    .concat()
}

#[derive(Clone, Copy)]
enum Entry {
    Node(usize),
    Data(usize),
}

/// Returns a database of networks of IPv4 addresses with their records.
fn database(networks: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut nodes: Vec<[Option<Entry>; 2]> = vec![[None; 2]];
    let mut data: Vec<u8> = Vec::new();
    for (network, record) in networks {
        let (address, length) = network.split_once('/').unwrap();
        let bits = u32::from(address.parse::<Ipv4Addr>().unwrap());
        let length: u32 = length.parse().unwrap();
        let mut node = 0;
        for depth in 0..length {
            let side = usize::from((bits >> (31 - depth)) & 1 == 1);
            if depth + 1 == length {
                nodes[node][side] = Some(Entry::Data(data.len()));
            } else if let Some(Entry::Node(next)) = nodes[node][side] {
                node = next;
            } else {
                nodes.push([None; 2]);
                let next = nodes.len() - 1;
                nodes[node][side] = Some(Entry::Node(next));
                node = next;
            }
        }
        data.extend(record);
    }
    let mut file: Vec<u8> = Vec::new();
    for entry in nodes.iter().flatten() {
        let value = match entry {
            None => nodes.len(),
            Some(Entry::Node(next)) => *next,
            Some(Entry::Data(offset)) => nodes.len() + 16 + offset,
        };
        file.extend(&u32::try_from(value).unwrap().to_be_bytes()[1..]);
    }
    file.extend_from_slice(&[0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    file.extend(metadata(nodes.len()));
    file
}

fn metadata(nodes: usize) -> Vec<u8> {
    map(&[
        ("binary_format_major_version", number(UINT16, 2)),
        ("binary_format_minor_version", number(UINT16, 0)),
        ("build_epoch", number(UINT64, 1_772_000_000)),
        ("database_type", text("Test")),
        ("description", map(&[])),
        ("ip_version", number(UINT16, 4)),
        ("languages", control(ARRAY, 0)),
        ("node_count", number(UINT32, nodes as u64)),
        ("record_size", number(UINT16, 24)),
    ])
}

fn countries() -> Vec<u8> {
    let country = |code| map(&[("country", map(&[("iso_code", text(code))]))]);
    database(&[
        ("198.51.100.0/24", country("DE")),
        ("203.0.113.0/25", country("FR")),
    ])
}

fn networks() -> Vec<u8> {
    let record = map(&[
        ("autonomous_system_number", number(UINT32, 64_496)),
        ("autonomous_system_organization", text(HOSTILE_NAME)),
    ]);
    database(&[("198.51.100.0/24", record)])
}

/// Writes both databases into a directory.
fn write_databases(directory: &Path) -> [PathBuf; 2] {
    let paths = ["countries.mmdb", "networks.mmdb"].map(|name| directory.join(name));
    std::fs::write(&paths[0], countries()).unwrap();
    std::fs::write(&paths[1], networks()).unwrap();
    paths
}

#[test]
fn addresses_have_country_and_network() {
    let temp = tempfile::tempdir().unwrap();
    let geoip = GeoIp::load(&write_databases(temp.path())).unwrap();
    let found = geoip.find(ADDRESS);
    assert_eq!(found.country, "DE");
    assert_eq!(found.asn, "AS64496");
    assert_eq!(found.as_name, HOSTILE_NAME);
    // The same address as IPv6.
    assert_eq!(geoip.find("::ffff:198.51.100.23"), found);
    assert_eq!(
        describe_address(Some(&geoip), "203.0.113.5"),
        "203.0.113.5 (FR)"
    );
    for unknown in [
        "203.0.113.200",
        "2001:db8::1",
        "cloudtrail.amazonaws.com",
        "",
    ] {
        assert_eq!(geoip.find(unknown), AddressOrigin::default(), "{unknown}");
        assert_eq!(describe_address(Some(&geoip), unknown), unknown);
    }
    assert_eq!(describe_address(None, ADDRESS), ADDRESS);
}

#[test]
fn record_that_cannot_be_read_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("damaged.mmdb");
    // The country is a text instead of a map.
    let record = map(&[("country", text("DE"))]);
    std::fs::write(&path, database(&[("198.51.100.0/24", record)])).unwrap();
    let geoip = GeoIp::load(&[path]).unwrap();
    assert_eq!(geoip.find(ADDRESS).country, "unreadable");
}

/// Whatever is in a file, it is an error or an answer.
#[test]
fn damaged_files_do_no_harm() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("damaged.mmdb");
    let mut rng = Rng::with_seed(26);
    for _ in 0..cases(300) {
        let mut bytes = if rng.bool() { countries() } else { networks() };
        if rng.u8(0..4) == 0 {
            bytes.truncate(rng.usize(0..bytes.len()));
        }
        for _ in 0..rng.usize(1..6) {
            if !bytes.is_empty() {
                let at = rng.usize(0..bytes.len());
                bytes[at] = rng.u8(..);
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(geoip) = GeoIp::load(std::slice::from_ref(&path)) {
            for address in [ADDRESS, "203.0.113.5", "0.0.0.0", "255.255.255.255", "::"] {
                let found = geoip.find(address);
                assert!(found.as_name.chars().count() <= 100);
            }
        }
    }
}

fn dragnet(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn file_of_run(directory: &Path, name: &str) -> String {
    let run = std::fs::read_dir(directory.join("runs")).unwrap().next();
    std::fs::read_to_string(run.unwrap().unwrap().path().join(name)).unwrap()
}

const GEOIP: [&str; 4] = ["--geoip", "countries.mmdb", "--geoip", "networks.mmdb"];

#[test]
fn report_and_files_have_the_origin_of_addresses() {
    let temp = tempfile::tempdir().unwrap();
    write_databases(temp.path());
    let sweep = [
        "sweep",
        ADDRESS,
        "--account",
        "dev",
        "--practice",
        "--format",
    ];
    let arguments = [&sweep[..], &["csv,jsonl,html"], &GEOIP].concat();
    let output = dragnet(temp.path(), &arguments);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let words: Vec<&str> = stdout.split_whitespace().collect();
    let described = "198.51.100.23 (DE, AS64496 =Net\\u{1b}<script>)";
    assert!(words.join(" ").contains(described), "{stdout}{stderr}");
    assert!(!stdout.contains('\u{1b}'), "{stdout}");
    let csv = file_of_run(temp.path(), "sightings.csv");
    let header = csv.lines().next().unwrap();
    assert!(
        header.ends_with(",resource,source_country,source_asn,source_as_name"),
        "{header}"
    );
    assert!(
        csv.contains(",DE,AS64496,") && !csv.contains(",=Net"),
        "{csv}"
    );
    let rows = file_of_run(temp.path(), "sightings.jsonl");
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let is_known = row["source_ip"] == ADDRESS;
        assert_eq!(
            row["source_country"],
            if is_known { "DE" } else { "" },
            "{row}"
        );
        assert_eq!(row["source_as_name"] == HOSTILE_NAME, is_known, "{row}");
    }
    let page = file_of_run(temp.path(), "report.html");
    assert!(page.contains("AS64496") && !page.contains("=Net\u{1b}<script>"));
}

#[test]
fn report_adds_the_origin_later_and_leaves_it_out_again() {
    let temp = tempfile::tempdir().unwrap();
    write_databases(temp.path());
    let sweep = ["sweep", ADDRESS, "--account", "dev", "--practice", "-q"];
    dragnet(temp.path(), &sweep);
    let report = ["report", "last", "--format", "csv"];
    let has_origin = || file_of_run(temp.path(), "sightings.csv").contains("source_country");
    assert!(!has_origin());
    assert_eq!(
        dragnet(temp.path(), &[&report[..], &GEOIP].concat())
            .status
            .code(),
        Some(0)
    );
    assert!(has_origin());
    assert_eq!(dragnet(temp.path(), &report).status.code(), Some(0));
    assert!(!has_origin());
}

#[test]
fn file_that_is_no_database_is_refused_before_the_search() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("geo.mmdb"), "not a database").unwrap();
    for (file, part) in [
        ("geo.mmdb", "geo.mmdb is not a MaxMind DB file"),
        ("missing.mmdb", "cannot read missing.mmdb"),
    ] {
        let arguments = ["sweep", ADDRESS, "--practice", "--geoip", file];
        let output = dragnet(temp.path(), &arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(part), "{stderr}");
        assert!(!temp.path().join("runs").exists());
    }
}
