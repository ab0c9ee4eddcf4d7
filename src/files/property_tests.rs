//! Hostile input, chunk boundaries, and the prefilter: what is found never depends on how it is read.

use proptest::prelude::*;

use super::gzip_tests::gzip;
use super::test_sink::{TestSink, read, read_as, streaming, trail_record};
use super::{FileReader, FileWalk, ReadLimits, RecordForm};

/// Pieces from which contents are put together: valid ones, damaged ones, and their borders.
fn piece() -> impl Strategy<Value = String> {
    let record = trail_record("2026-11-27T10:00:00Z", "A", "Management");
    let data = trail_record("2026-11-27T11:00:00Z", "B", "Data");
    let wrapped = serde_json::json!({ "CloudTrailEvent": record }).to_string();
    let event = serde_json::json!({ "timestamp": 5, "message": data }).to_string();
    prop_oneof![
        Just(format!("{{\"Records\":[{record},{data}]}}")),
        Just(format!("{{\"note\":1,\"Records\":[{record}],\"z\":[[]]}}")),
        Just(format!("{{\"events\":[{event}]}}")),
        Just(format!("[{wrapped},{data}]")),
        Just(record),
        Just("\n".to_owned()),
        Just("{\"a\":\"b\\\"}\\\\\",\"c\":[1,-2.5e3,null]}".to_owned()),
        Just("{\"a\":\"open\n".to_owned()),
        Just("{\"Records\":[".to_owned()),
        Just("plain text 2026\r\n".to_owned()),
        Just("version srcaddr start\n2 192.0.2.1 5\n".to_owned()),
        "[\\[\\]{}\",:\\\\ \nabc0-9.é]{0,12}",
    ]
}

fn content() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..8).prop_map(|pieces| pieces.concat())
}

fn forms(found: &TestSink) -> Vec<(RecordForm, u64)> {
    found.forms.iter().map(|(form, n)| (*form, *n)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn chunk_boundaries_change_nothing(content in content(), chunk in 1_usize..600) {
        let whole = read(content.as_bytes());
        let chunked = read_as("evidence/file", content.as_bytes(), None, streaming(chunk));
        prop_assert_eq!(&whole.records, &chunked.records);
        prop_assert_eq!(&whole.problems, &chunked.problems);
        prop_assert_eq!(&whole.coverage, &chunked.coverage);
        prop_assert_eq!(whole.bytes, content.len() as u64);
    }

    /// Every byte that is not white space or punctuation of JSON is in a record.
    #[test]
    fn no_word_is_lost(content in content()) {
        let marked = format!("{content}mallory");
        let found = read(marked.as_bytes());
        prop_assert!(found.texts().iter().any(|text| text.contains("mallory")));
        let begin = read(format!("{{\"mallory\":1}}\n{content}").as_bytes());
        prop_assert!(begin.texts().iter().any(|text| text.contains("mallory")));
    }

    #[test]
    fn prefilter_loses_no_record_with_a_match(content in content(), chunk in 1_usize..600) {
        let needle = "eventName\":\"B";
        let all = read(content.as_bytes());
        for limits in [ReadLimits::default(), streaming(chunk)] {
            let some = read_as("evidence/file", content.as_bytes(), Some(needle), limits);
            prop_assert_eq!(forms(&all), forms(&some));
            prop_assert_eq!(&all.coverage, &some.coverage);
            for record in all.records.iter().filter(|record| record.text.contains(needle)) {
                let start = usize::try_from(record.offset).unwrap();
                let is_raw = content
                    .get(start..)
                    .is_some_and(|rest| rest.starts_with(&record.text));
                prop_assert!(!is_raw || some.records.contains(record), "{:?}", record);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), chunk in 1_usize..50) {
        for magic in [&b""[..], b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\xff\xfe", b"{\"Records\":["] {
            let input = [magic, &bytes[..]].concat();
            read(&input);
            read_as("f", &input, Some("x"), streaming(chunk));
        }
        let mut tar = vec![b'0'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        tar.extend(&bytes);
        read(&tar);
    }

    #[test]
    fn damaged_gzip_is_never_complete(content in content(), at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let mut bytes = gzip(format!("{content}.").as_bytes());
        let whole = read(&bytes);
        // The header apart, whose flags and time may have any value.
        let at = 10 + at.index(bytes.len() - 10);
        bytes[at] ^= flip;
        let damaged = read(&bytes);
        // The unused bits behind the compressed data have no meaning.
        prop_assert!(!damaged.problems.is_empty() || damaged.records == whole.records);
    }
}

/// Reads the files of the folder in `DRAGNET_REAL_DATA` in several ways, and compares them with a
/// parser. Skipped if the variable is not set; `tests/it/real_data.rs` prints that.
#[test]
fn real_records_are_all_found() {
    let Some(folder) = std::env::var_os("DRAGNET_REAL_DATA") else {
        return;
    };
    let mut reader = FileReader::default();
    let mut files = 0;
    for file in FileWalk::new(folder.as_ref()).unwrap() {
        let file = file.unwrap();
        let bytes = std::fs::read(&file.path).unwrap();
        let Ok(parsed) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
            continue;
        };
        let Some(expected) = parsed["Records"].as_array() else {
            continue;
        };
        let mut found = TestSink::default();
        reader.read_file(&file, &mut found);
        let values: Vec<serde_json::Value> = found
            .texts()
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect();
        assert_eq!(&values, expected, "{}", file.path.display());
        let packed = gzip(&bytes);
        let counted = read_as("f", &packed, Some("found nowhere"), ReadLimits::default());
        let streamed = read_as("f", &packed, Some("found nowhere"), streaming(10_000));
        assert!(counted.records.is_empty() && streamed.records.is_empty());
        assert_eq!(counted.coverage, found.coverage);
        assert_eq!(streamed.coverage, found.coverage);
        assert!(
            !found
                .reasons()
                .iter()
                .any(|reason| reason.may_hide_records())
        );
        files += 1;
    }
    assert!(files > 0, "the folder has no CloudTrail files");
}
