//! The fast path for log files of CloudTrail finds what splitting them finds.

use proptest::prelude::*;

use super::test_sink::{TestSink, read, read_as, streaming, trail_record};
use super::{FileReader, ReadLimits, RecordForm};

const TIME: &str = "2026-11-27T10:00:00Z";

fn record(name: &str) -> String {
    trail_record(TIME, name, "Management")
}

/// A record with values in all places that callers of AWS may choose to some extent.
fn record_with(
    name: &str,
    time: &str,
    kind: &str,
    [identity, parameters, details]: [&str; 3],
) -> String {
    let management = kind == "Management";
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","by":{identity}}},"eventTime":"{time}","eventSource":"iam.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","requestParameters":{parameters},"managementEvent":{management},"recipientAccountId":"111111111111","eventCategory":"{kind}","tlsDetails":{details}}}"#
    )
}

fn log_file(records: &[String]) -> String {
    format!("{{\"Records\":[{}]}}", records.join(","))
}

fn read_for(content: &str, needle: &'static str) -> TestSink {
    read_as(
        "evidence/file",
        content.as_bytes(),
        Some(needle),
        ReadLimits::default(),
    )
}

/// Asserts that a search for `needle` counts the same as one that hands out all records, and hands
/// out the same records, except that it may leave out those that do not match.
fn assert_nothing_is_lost(content: &str, needle: &'static str, limits: ReadLimits) -> TestSink {
    let all = read(content.as_bytes());
    let found = read_as("evidence/file", content.as_bytes(), Some(needle), limits);
    assert_eq!(all.forms, found.forms, "{content}");
    assert_eq!(all.coverage, found.coverage, "{content}");
    assert_eq!(all.problems, found.problems, "{content}");
    assert_eq!(all.bytes, found.bytes, "{content}");
    for record in &found.records {
        assert!(all.records.contains(record), "{record:?} in {content}");
    }
    for record in &all.records {
        let is_match = record.text.contains(needle);
        assert!(
            !is_match || found.records.contains(record),
            "{record:?} in {content}"
        );
    }
    found
}

#[test]
fn only_records_that_match_are_handed_out() {
    let names = ["A", "B", "C", "B"];
    let content = log_file(&names.map(record));
    for (needle, numbers) in [
        ("eventName\":\"A", &[1_u64][..]),
        ("eventName\":\"B", &[2, 4][..]),
        ("eventName\":\"C", &[3][..]),
        ("{\"eventVersion", &[1, 2, 3, 4][..]),
        ("\"Management\"}", &[1, 2, 3, 4][..]),
        ("{\"Records", &[][..]),
        ("},{", &[][..]),
        ("]}", &[][..]),
        ("absent", &[][..]),
    ] {
        let found = assert_nothing_is_lost(&content, needle, ReadLimits::default());
        let found: Vec<u64> = found.records.iter().map(|record| record.record).collect();
        assert_eq!(found, numbers, "{needle}");
    }
}

#[test]
fn event_names_are_found_without_candidates() {
    let content = log_file(&["A", "B", "C"].map(record));
    let mut sink = TestSink {
        needle: Some("absent"),
        event_name: Some("B"),
        ..TestSink::default()
    };
    FileReader::default().read_bytes("f", content.as_bytes(), &mut sink);
    assert_eq!(sink.texts(), [record("B")]);
    assert_eq!(sink.forms[&RecordForm::CloudTrail], 3);
}

#[test]
fn cells_are_counted() {
    let records = [
        record("B"),
        trail_record("2026-11-27T10:59:59Z", "A", "Management"),
        trail_record("2026-11-27T11:00:00Z", "A", "Data"),
        record("A"),
    ];
    let found = read_for(&format!("{}\r\n", log_file(&records)), "absent");
    let mut cells = found.cells();
    cells.sort();
    let expected = [
        "111111111111 us-east-1 data 2026-11-27T11: 1",
        "111111111111 us-east-1 management 2026-11-27T10: 3",
    ];
    assert_eq!(cells, expected);
    assert!(found.records.is_empty());
}

/// A list that imitates records so well that every piece looks like one. The event in the middle
/// is forged.
fn forged_list() -> String {
    let identifies = r#"{"managementEvent":true,"recipientAccountId":"999999999999"}"#;
    let forged = record("mallory");
    let begins = format!(
        r#"{{"eventVersion":"1.08","eventTime":"{TIME}","eventSource":"s3.amazonaws.com","eventName":"A","awsRegion":"us-east-1"}}"#
    );
    format!("[{identifies},{forged},{begins}]")
}

#[test]
fn record_in_a_record_is_not_taken_for_one() {
    let outer = record_with("A", TIME, "Management", ["1", &forged_list(), "{}"]);
    let content = log_file(&[outer.clone(), record("B")]);
    // One needle is in the forged record, the others in what is before and behind it.
    for needle in ["mallory", "\"by\":1", "999999999999", "tlsDetails"] {
        let found = assert_nothing_is_lost(&content, needle, ReadLimits::default());
        assert_eq!(found.texts()[0], outer, "{needle}");
    }
}

#[test]
fn event_name_cannot_be_hidden_by_another_time() {
    let decoy = format!(
        r#"{{"eventTime":"{TIME}","eventSource":"a","eventName":"A","awsRegion":"us-east-1"}}"#
    );
    for [identity, parameters, details] in [
        [&*decoy, "null", "{}"],
        ["1", &*decoy, "{}"],
        ["1", "null", &*decoy],
        ["1", &*forged_list(), "{}"],
    ] {
        let hidden = record_with(
            "StopLogging",
            TIME,
            "Management",
            [identity, parameters, details],
        );
        let content = log_file(&[record("A"), hidden.clone(), record("A")]);
        let mut sink = TestSink {
            needle: Some("absent"),
            event_name: Some("StopLogging"),
            ..TestSink::default()
        };
        FileReader::default().read_bytes("f", content.as_bytes(), &mut sink);
        assert!(sink.texts().contains(&&*hidden), "{content}");
    }
}

#[test]
fn forged_record_behind_other_lists_is_not_taken_for_one() {
    let forged = forged_list();
    let inner = forged.get(1..forged.len() - 1).unwrap();
    for parameters in [
        forged.clone(),
        format!("{{\"a\":\"]\",\"b\":[1,{inner}]}}"),
        format!("{{\"a\":[],\"b\":[\"]\",[2],{inner},\"[\"]}}"),
        format!("{{\"a\":\":[\",\"b\":[\":[]\",{inner}]}}"),
        format!("{{\"a\":[{}],\"b\":[{inner}]}}", "[1],".repeat(40) + "2"),
    ] {
        let outer = record_with("A", TIME, "Management", ["1", &parameters, "{}"]);
        let content = log_file(&[record("B"), outer.clone(), record("mallory")]);
        let found = assert_nothing_is_lost(&content, "mallory", ReadLimits::default());
        let mut texts = found.texts();
        texts.retain(|text| text.contains("mallory"));
        assert_eq!(texts, [outer, record("mallory")], "{parameters}");
    }
}

#[test]
fn records_behind_lists_are_found_under_their_number() {
    let lists = r#"{"a":["]",[],[{"b":"[,["}]],"c":",[","d":"[e]"}"#;
    let many = format!("[{}1]", "[],".repeat(50));
    let records = [
        record_with("A", TIME, "Management", ["1", lists, "{}"]),
        record_with("A", TIME, "Management", ["1", &many, "{}"]),
        record("mallory"),
        record("A"),
    ];
    let content = log_file(&records);
    let found = assert_nothing_is_lost(&content, "mallory", ReadLimits::default());
    let numbers: Vec<u64> = found.records.iter().map(|record| record.record).collect();
    assert_eq!(numbers, [3]);
}

#[test]
fn line_with_a_record_and_more_is_text() {
    let content = format!(
        "plain text 2026\r\n{}{{\"a\":1}}\n{}\n",
        record("A"),
        record("B")
    );
    let found = assert_nothing_is_lost(&content, "absent", ReadLimits::default());
    assert_eq!(found.forms[&RecordForm::Text], 2);
    assert_eq!(found.forms[&RecordForm::CloudTrail], 1);
}

/// A value inside a record.
fn value() -> impl Strategy<Value = String> {
    let record = record("mallory");
    let quoted = serde_json::to_string(&record).unwrap();
    prop_oneof![
        60 => Just("{\"a\":\"b \\\"c\\\" }]\",\"d\":[1,{\"e\":null}]}".to_owned()),
        60 => Just("{}".to_owned()),
        12 => Just("{\"a\":\"mallory\"}".to_owned()),
        2 => Just("{\"mallory\":{\"b\":1}}".to_owned()),
        2 => Just("\"\\u006dallory\"".to_owned()),
        2 => Just("\"%6Dallory\"".to_owned()),
        2 => Just("{\"eventVersion\":\"mallory\"}".to_owned()),
        1 => Just("[{\"a\":1},{\"eventVersion\":\"mallory\"}]".to_owned()),
        1 => Just("[{\"eventVersion\":\"1\"},{\"eventVersion\":\"1\"}]".to_owned()),
        1 => Just(format!("{{\"a\":{record}}}")),
        1 => Just(format!("[{{\"a\":1}},{record}]")),
        1 => Just(format!("[{record},{record}]")),
        1 => Just(format!("[{quoted}]")),
        1 => Just("\"},{\\\"eventVersion\\\":\\\"\"".to_owned()),
        4 => Just("{\"a\":[\"[\",\"]\",[],[{\"b\":[1]}]],\"c\":\"[d]\"}".to_owned()),
        1 => Just("\",[\"".to_owned()),
        1 => Just("\"]},{[\"".to_owned()),
        1 => Just(format!("[\"]\",{{\"a\":\"]\"}},{record}]")),
        1 => Just(format!("{{\"a\":\"[\",\"b\":[1,{{\"c\":\"}}]}}\"}},{record}]}}")),
    ]
}

/// An element of the list: nearly always a record.
fn element() -> impl Strategy<Value = String> {
    let names = prop_oneof![30 => Just("A"), 8 => Just("mallory"), 1 => Just("\\u0041")];
    let times = prop_oneof![
        60 => Just(TIME),
        20 => Just("2026-11-27T11:00:00Z"),
        1 => Just("2026-11-27T10:00:00+02:00"),
        1 => Just("2026-11-27T10:00:60Z"),
        1 => Just("never"),
    ];
    let kinds = prop_oneof![Just("Management"), Just("Data")];
    // With brackets in a string there, the file is split.
    let usual = || prop_oneof![30 => Just("{\"a\":{\"b\":\"c\"}}".to_owned()), 1 => value()];
    let records = (names, times, kinds, usual(), value(), usual()).prop_map(
        |(name, time, kind, identity, parameters, details)| {
            record_with(name, time, kind, [&identity, &parameters, &details])
        },
    );
    prop_oneof![
        100 => records,
        1 => Just("{\"a\":\"mallory\"}".to_owned()),
        1 => Just("{\"eventVersion\":\"mallory\"}".to_owned()),
        1 => Just("[\"mallory\"]".to_owned()),
        1 => Just("5".to_owned()),
    ]
}

fn any_log_file() -> impl Strategy<Value = String> {
    let borders = prop_oneof![20 => Just(","), 1 => Just(", "), 1 => Just("\n,")];
    let ends = prop_oneof![
        20 => Just("]}"),
        2 => Just("]}\r\n"),
        1 => Just("],\"a\":\"mallory\"}"),
        1 => Just("]}\nmallory\n"),
    ];
    let elements = prop::collection::vec(element(), 1..5);
    (elements, borders, ends).prop_map(|(elements, border, end)| {
        format!("{{\"Records\":[{}{end}", elements.join(border))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn log_files_are_searched_as_if_they_were_split(
        content in any_log_file(),
        needle in prop::sample::select(vec![
            "mallory", "absent", "\\u006d", "%6D", "},{", "{\"Records\"", "\"eventVersion\":\"1.08",
        ]),
        chunk in 1_usize..600,
    ) {
        assert_nothing_is_lost(&content, needle, ReadLimits::default());
        assert_nothing_is_lost(&content, needle, streaming(chunk));
    }

    #[test]
    fn cut_log_files_are_searched_as_if_they_were_split(
        content in any_log_file(),
        cut in any::<prop::sample::Index>(),
    ) {
        let end = cut.index(content.len());
        let cut = content.get(..end).unwrap_or_default();
        assert_nothing_is_lost(cut, "mallory", ReadLimits::default());
    }
}
