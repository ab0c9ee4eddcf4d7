//! A search of files finds what a plain scan of the same records finds.

use serde_json::Value;

use super::{Folder, IOC, gzip, log_file, record};

/// Returns numbers that look random and are the same in every run.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

#[test]
fn search_equals_a_plain_scan() {
    let folder = Folder::new();
    let mut number = numbers(23);
    let mut expected = Vec::new();
    for file in 0..60 {
        let mut records: Vec<Value> = Vec::new();
        for position in 0..=number(40) {
            let id = format!("{file:03}-{position:03}");
            let hour = number(24);
            let address = match number(12) {
                0 => IOC.to_owned(),
                last => format!("192.0.2.{}", 77 * 2 + last),
            };
            if address == IOC {
                expected.push(id.clone());
            }
            records.push(record(
                &id,
                &format!("2026-11-27T{hour:02}:00:00Z"),
                &address,
            ));
        }
        let content = log_file(&records);
        let name = format!("{}/{file}.json", number(5));
        match number(3) {
            0 => folder.write(&name, &content),
            1 => folder.write(&name, gzip(content.as_bytes())),
            _ => {
                let lines: Vec<String> =
                    records.iter().map(|record| format!("{record}\n")).collect();
                folder.write(&name, lines.concat());
            }
        }
    }
    let ended = folder.sweep(&["--format", "csv"]);
    let mut found = ended.columns("sightings.csv", &["record_id"]);
    found.sort();
    expected.sort();
    assert!(expected.len() > 20);
    assert_eq!(found, expected);
    // The order does not depend on which thread reads which file.
    let again = folder.sweep(&["--format", "csv"]);
    assert_eq!(again.file("sightings.csv"), ended.file("sightings.csv"));
}
