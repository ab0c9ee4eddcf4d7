//! Indicator lists in public formats: every value that a person would extract is found, or reported
//! with its line.
//!
//! Each list is written by hand in the format of its source; the values are from the documentation
//! ranges (RFC 5737, RFC 3849, RFC 2606) and AWS's example keys.

mod lists;
mod sweeps;

use std::path::Path;

use dragnet::config::{IndicatorList, load_indicators};

use lists::{LISTS, SharedList};

fn load(content: &[u8]) -> Result<IndicatorList, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    std::fs::write(&path, content).unwrap();
    load_indicators(&path).map_err(|error| error.to_string())
}

fn found(list: &IndicatorList) -> Vec<String> {
    let mut found: Vec<String> = list
        .indicators
        .iter()
        .map(|indicator| format!("{}:{indicator}", indicator.kind()))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn expected(list: &SharedList) -> Vec<String> {
    let mut expected: Vec<String> = list.found.iter().map(|text| (*text).to_owned()).collect();
    expected.sort_unstable();
    expected
}

#[test]
fn every_shared_list_is_found_or_reported() {
    assert!(LISTS.len() >= 60, "only {} lists", LISTS.len());
    let mut differences = Vec::new();
    for list in &LISTS {
        let loaded = match load(list.content.as_bytes()) {
            Ok(loaded) => loaded,
            Err(error) => {
                differences.push(format!("{}: {error}", list.name));
                continue;
            }
        };
        let rejected: Vec<&str> = loaded
            .rejected
            .iter()
            .map(|entry| entry.text.as_str())
            .collect();
        if found(&loaded) != expected(list) || rejected != list.rejected {
            let found = found(&loaded);
            let expected = (expected(list), list.rejected);
            differences.push(format!(
                "{}: {found:?} {rejected:?}\n  expected {expected:?}",
                list.name
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The encodings in which the same lists arrive.
#[test]
fn encodings_do_not_change_a_list() {
    for list in &LISTS {
        let plain = load(list.content.as_bytes()).unwrap();
        let little: Vec<u8> = list
            .content
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let utf16 = [&[0xff, 0xfe], little.as_slice()].concat();
        let windows = list.content.replace('\n', "\r\n");
        let marked = format!("\u{feff}{windows}");
        for content in [utf16.as_slice(), windows.as_bytes(), marked.as_bytes()] {
            let loaded = load(content).unwrap_or_else(|error| panic!("{}: {error}", list.name));
            assert_eq!(found(&loaded), found(&plain), "{}", list.name);
        }
    }
}

/// A strict reading of a list with an entry that is not understood fails and names it.
#[test]
fn strict_reading_names_every_rejected_entry() {
    for list in LISTS.iter().filter(|list| !list.rejected.is_empty()) {
        let loaded = load(list.content.as_bytes()).unwrap();
        let error = loaded
            .require_complete(Path::new("list"))
            .unwrap_err()
            .to_string();
        for entry in list.rejected {
            assert!(error.contains(entry), "{}: {error}", list.name);
        }
    }
}
