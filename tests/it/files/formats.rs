//! Every format in which logs are delivered or exported, and every kind of damage.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::json;

use super::{Folder, IOC, gzip, hit, log_file};

const HEADER: &str = "srcaddr dstaddr dstport action account-id region start";

/// Returns an uncompressed tar with these files.
fn tar(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive
            .append_data(&mut header, name, content.as_slice())
            .unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
fn records_are_found_in_every_format() {
    let folder = Folder::new();
    let text = |id: &str| hit(id).to_string();
    folder.write("object.json", log_file(&[hit("object")]));
    folder.write(
        "AWSLogs/without-ending",
        gzip(log_file(&[hit("gzip")]).as_bytes()),
    );
    folder.write("array.json", json!([hit("array")]).to_string());
    folder.write("lines.txt", format!("{}\n", text("lines")));
    let history = json!({"Events": [{"EventId": "1", "CloudTrailEvent": text("history")}]});
    folder.write("history.json", history.to_string());
    let events =
        json!({"events": [{"timestamp": 1, "message": text("events"), "ingestionTime": 2}]});
    folder.write("events.json", events.to_string());
    let task = format!("2026-11-27T10:15:00.000Z {}\n", text("task"));
    folder.write("export/000000.gz", gzip(task.as_bytes()));
    let cell = text("csv").replace('"', "\"\"");
    folder.write(
        "insights.csv",
        format!("@timestamp,@message\n2026-11-27 10:15:00.000,\"{cell}\"\n"),
    );
    let archive = tar(&[
        ("in/tar.json", log_file(&[hit("tar")]).into_bytes()),
        (
            "in/tar.json.gz",
            gzip(log_file(&[hit("tar-gzip")]).as_bytes()),
        ),
    ]);
    folder.write("all.tar.gz", gzip(&archive));
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let mut found = ended.columns("sightings.csv", &["record_id"]);
    found.sort();
    let expected = [
        "array", "csv", "events", "gzip", "history", "lines", "object", "tar", "tar-gzip", "task",
    ];
    assert_eq!(found, expected);
    let ids = ended.columns("sightings.csv", &["event_id"]);
    let logs = folder.path().join("logs").canonicalize().unwrap();
    let in_tar = format!("{}!in/tar.json#1", logs.join("all.tar.gz").display());
    assert!(ids.contains(&in_tar), "{in_tar}: {ids:?}");
}

#[test]
fn escaped_spellings_are_found() {
    let folder = Folder::new();
    let escaped = log_file(&[hit("escaped")]).replace(IOC, r"192.0.2.7\u0037");
    folder.write("escaped.json", &escaped);
    let inner = hit("twice")
        .to_string()
        .replace(IOC, r"192.0.2.\u0037\u0037");
    let outer = json!({"Events": [{"EventId": "1", "CloudTrailEvent": inner}]});
    folder.write("twice.json", outer.to_string());
    let mut found = folder.sweep(&[]).columns("sightings.csv", &["record_id"]);
    found.sort();
    assert_eq!(found, ["escaped", "twice"]);
}

#[test]
fn hunts_read_the_columns_of_a_flow_log_with_a_header() {
    let folder = Folder::new();
    folder.write(
        "flow.log.gz",
        gzip(
            format!("{HEADER}\n{IOC} 10.0.0.9 22 REJECT 111111111111 eu-west-1 1795774500\n")
                .as_bytes(),
        ),
    );
    let other = "dstport srcaddr dstaddr action account-id region start";
    folder.write(
        "other.log",
        format!("{other}\n22 10.0.0.1 10.0.0.2 ACCEPT 111111111111 eu-west-1 1795774500\n"),
    );
    let query = "fields srcAddr, dstPort | filter dstPort = 22";
    let ended = folder.run(&["sweep", "--query-string", query, "--files", "logs"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let mut rows = ended.columns("hunts/query-string.csv", &["srcAddr", "dstPort"]);
    rows.sort();
    assert_eq!(rows, ["10.0.0.1 22", &*format!("{IOC} 22")]);
    let coverage = ended.columns("coverage.csv", &["region", "kinds"]);
    assert_eq!(coverage, ["eu-west-1 flow"]);
}

#[test]
fn hunts_read_the_columns_of_the_last_header_before_a_line() {
    let folder = Folder::new();
    let other = "dstport srcaddr dstaddr action account-id region start";
    let line = format!("{IOC} 10.0.0.9 22 REJECT 111111111111 eu-west-1 1795774500");
    let other_line = "22 10.0.0.1 10.0.0.2 ACCEPT 111111111111 eu-west-1 1795774500";
    folder.write(
        "joined.log",
        format!("{HEADER}\n{line}\n{other}\n{other_line}\n{HEADER}\n{line}\n"),
    );
    let query = "fields srcAddr, dstPort | filter dstPort = 22";
    let ended = folder.run(&["sweep", "--query-string", query, "--files", "logs"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let mut rows = ended.columns("hunts/query-string.csv", &["srcAddr", "dstPort"]);
    rows.sort();
    let first = format!("{IOC} 22");
    assert_eq!(rows, ["10.0.0.1 22", first.as_str(), first.as_str()]);
}

#[test]
fn what_cannot_be_read_is_a_gap_with_its_reason() {
    let folder = Folder::new();
    let many: Vec<_> = (0..2_000).map(|n| hit(&format!("{n:05}"))).collect();
    let packed = gzip(log_file(&many).as_bytes());
    folder.write("cut.json.gz", &packed[..packed.len() / 2]);
    folder.write(
        "archive.zip",
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00 and more",
    );
    folder.write("binary.bin", [0x7f_u8, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0]);
    folder.write(
        "broken.json",
        r#"{"Records":[{"eventID":"x","eventTime"}]}"#,
    );
    folder.write("good.json", log_file(&[hit("good")]));
    let logs = folder.path().join("logs");
    let fifo = Command::new("mkfifo")
        .arg(logs.join("fifo"))
        .status()
        .unwrap();
    assert!(fifo.success());
    fs::write(
        folder.path().join("outside.json"),
        log_file(&[hit("outside")]),
    )
    .unwrap();
    symlink(folder.path().join("outside.json"), logs.join("link.json")).unwrap();
    symlink(logs.join("good.json"), logs.join("inner.json")).unwrap();
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(3), "{}{}", ended.stdout, ended.stderr);
    let rows = ended.columns("coverage.csv", &["file", "status", "reason"]);
    let prefix = format!("{}/", logs.display());
    let rows: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.split_once(&prefix))
        .map(|(_, row)| row)
        .collect();
    for expected in [
        "archive.zip unsearchable file-not-searched: packed: zip is not unpacked here: unpack it first, for example with `unzip FILE -d DIR`",
        "binary.bin unsearchable file-not-searched: binary: ",
        "cut.json.gz partial file-damaged: damaged-compression: ",
        "fifo failed file-unreadable: not-a-regular-file: ",
        "inner.json searched inner-symbolic-link: ",
        "link.json failed file-unreadable: symbolic-link: ",
    ] {
        assert!(
            rows.iter().any(|row| row.starts_with(expected)),
            "{expected}: {rows:#?}"
        );
    }
    assert!(
        rows.iter()
            .any(|row| row.starts_with("broken.json ") && row.contains("file-damaged")),
        "{rows:#?}"
    );
    let found = ended.columns("sightings.csv", &["record_id"]);
    assert!(found.contains(&"good".to_owned()) && found.contains(&"00000".to_owned()));
    assert!(!found.contains(&"outside".to_owned()));
    let text = ended.words();
    assert!(text.contains("coverage is INCOMPLETE"), "{text}");
    assert!(
        text.contains("6 files could not be read, or not completely"),
        "{text}"
    );
}

#[test]
fn directory_without_a_record_proves_nothing() {
    let folder = Folder::new();
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(3), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("INCOMPLETE"), "{}", ended.stdout);
}

#[test]
fn hostile_names_are_searched_and_shown_escaped() {
    let folder = Folder::new();
    let logs = folder.path().join("logs");
    let path = |name: &[u8]| logs.join(OsStr::from_bytes(name));
    for (name, id) in [
        (&b"a\xff.json"[..], "ff"),
        (b"a\xfe.json", "fe"),
        (b"=cmd|'x'!A1\n\x1b[2J\".json", "control"),
    ] {
        fs::write(path(name), log_file(&[hit(id)])).unwrap();
    }
    fs::write(path(b"\x1b[2Jzip"), b"PK\x03\x04 and more").unwrap();
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(3), "{}{}", ended.stdout, ended.stderr);
    let mut found = ended.columns("sightings.csv", &["record_id"]);
    found.sort();
    assert_eq!(found, ["control", "fe", "ff"]);
    let ids = ended.columns("sightings.csv", &["event_id"]);
    let ids: BTreeSet<String> = ids.into_iter().collect();
    assert_eq!(ids.len(), 3, "each file has its own id");
    for printed in [&ended.stdout, &ended.stderr] {
        assert!(!printed.contains('\u{1b}'), "{printed:?}");
    }
}

#[test]
fn lines_of_access_logs_have_a_time_and_the_address_of_the_client() {
    let folder = Folder::new();
    let owner = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
    folder.write(
        "audit/2026-11-27-10-20-00-E568B2907131C0C4",
        format!(
            "{owner} logs [27/Nov/2026:10:01:00 +0000] {IOC} {owner} 3E57427F3EXAMPLE REST.GET.OBJECT a.gz \"GET /a.gz HTTP/1.1\" 200 - 113 - 7 - \"-\" \"x\" -\n"
        ),
    );
    let balancer = "http 2026-11-27T10:02:00.000000Z app/web/50dc6c495c0c9188";
    folder.write(
        "AWSLogs/111111111111/elasticloadbalancing/us-east-1/2026/11/27/web.log.gz",
        gzip(
            format!("{balancer} {IOC}:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366\n")
                .as_bytes(),
        ),
    );
    let query = json!({
        "account_id": "222222222222",
        "region": "eu-west-1",
        "query_timestamp": "2026-11-27T10:03:00Z",
        "query_name": "a.example.",
        "srcaddr": "10.0.0.7",
        "answers": [{"Rdata": IOC, "Type": "A", "Class": "IN"}],
    });
    folder.write("dns.log", format!("{query}\n"));
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let columns = [
        "event_time",
        "event_account_id",
        "event_region",
        "source_ip",
    ];
    assert_eq!(
        ended.columns("sightings.csv", &columns),
        [
            format!("2026-11-27T10:01:00.000Z 000000000000 unknown-region-0 {IOC}"),
            format!("2026-11-27T10:02:00.000Z 111111111111 us-east-1 {IOC}"),
            "2026-11-27T10:03:00.000Z 222222222222 eu-west-1 10.0.0.7".to_owned(),
        ]
    );
}
