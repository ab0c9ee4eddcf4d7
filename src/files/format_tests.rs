//! Every format in which logs are delivered or exported.

use super::test_sink::{TestSink, read, read_as, streaming, trail_record};
use super::{FileReason, ReadLimits, RecordForm};

const TIME: &str = "2026-11-27T10:00:00Z";
const TIME_MS: i64 = 1_795_773_600_000;
const FLOW: &str =
    "2 222222222222 eni-0a 192.0.2.1 10.0.0.5 443 49152 6 10 840 1795773600 1795773660 ACCEPT OK";

fn record(name: &str) -> String {
    trail_record(TIME, name, "Management")
}

/// Returns a text as a JSON string.
fn quote(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn indent(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

/// Asserts that the content consists of the CloudTrail records `A` and `B`, and nothing else.
fn assert_two_records(content: &str) -> TestSink {
    let found = read(content.as_bytes());
    assert!(found.problems.is_empty(), "{content}: {:?}", found.problems);
    assert_eq!(found.texts(), [record("A"), record("B")], "{content}");
    assert_eq!(found.forms.len(), 1, "{content}");
    assert_eq!(found.forms[&RecordForm::CloudTrail], 2, "{content}");
    assert_eq!(found.records[0].time_ms, Some(TIME_MS));
    assert_eq!(
        found.cells(),
        ["111111111111 us-east-1 management 2026-11-27T10: 2"]
    );
    found
}

#[test]
fn cloudtrail_records_are_found_in_every_packing() {
    let a = record("A");
    let b = record("B");
    for content in [
        format!("{{\"Records\":[{a},{b}]}}"),
        format!("\u{feff}{{\"Records\":[{a},{b}]}}"),
        format!("{{ \"Records\" : [ {a} ,\r\n{b} ] }}\r\n"),
        format!("{{\"nextToken\":\"x\",\"Records\":[{a},{b}],\"status\":[1,{{}}]}}"),
        format!("{{\"Records\":[{a}]}}{{\"Records\":[{b}]}}"),
        format!("[{{\"Records\":[{a}]}},{{\"Records\":[]}},{b}]"),
        format!("[{a},{b}]"),
        format!("{a}\n{b}\n"),
        format!("{a}\r\n\r\n{b}"),
        format!("{a}{b}"),
        format!("\u{1e}{a}\n\u{1e}{b}\n"),
    ] {
        assert_two_records(&content);
    }
}

#[test]
fn collected_events_are_attributed_as_in_a_sweep() {
    let from = r#""collectedFrom":{"account":"999999999999","region":"eu-west-1","source":"logs","logGroup":"/g","flowLogFormats":["${vpc-id} ${srcaddr}"]}"#;
    let event = |message: &str| {
        format!(
            r#"{{"logStreamName":"s","timestamp":5,"message":{},"ingestionTime":6,"eventId":"1"}}"#,
            quote(message)
        )
    };
    let trail = record("A");
    let messages = [trail.as_str(), FLOW, "vpc-1 192.0.2.1", "hello"];
    let events: Vec<String> = messages.iter().map(|message| event(message)).collect();
    let content = format!("{{{from},\"events\":[\n{}\n]}}\n", events.join(",\n"));
    let found = read(content.as_bytes());
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!(found.texts(), messages);
    let times: Vec<_> = found.records.iter().map(|record| record.time_ms).collect();
    assert_eq!(times, [Some(TIME_MS), Some(5), Some(5), Some(5)]);
    assert_eq!(
        found.cells(),
        [
            "111111111111 us-east-1 management 2026-11-27T10: 1",
            "999999999999 eu-west-1 flow 1970-01-01T00: 2",
            "999999999999 eu-west-1 app 1970-01-01T00: 1",
        ]
    );
    assert_eq!(found.forms[&RecordForm::FlowLog], 2);
}

#[test]
fn indented_records_keep_their_text() {
    let content = indent(&format!(
        "{{\"Records\":[{},{}]}}",
        record("A"),
        record("B")
    ));
    let found = read(content.as_bytes());
    assert_eq!(found.records.len(), 2);
    assert!(found.records[1].text.contains("\"eventName\": \"B\""));
    assert_eq!(found.forms[&RecordForm::CloudTrail], 2);
    assert!(found.problems.is_empty());
}

#[test]
fn offsets_and_numbers_say_where_a_record_is() {
    let a = record("A");
    let content = format!("{{\"Records\":[{a},{a}]}}");
    for found in [
        read(content.as_bytes()),
        read_as("f", content.as_bytes(), None, streaming(10)),
    ] {
        for (number, kept) in (1..).zip(&found.records) {
            let start = usize::try_from(kept.offset).unwrap();
            assert!(content[start..].starts_with(&a));
            assert_eq!(kept.record, number);
        }
        assert_eq!(found.bytes, content.len() as u64);
    }
}

#[test]
fn exports_that_wrap_records_are_unwrapped() {
    let a = record("A");
    let b = record("B");
    let event = |record: &str| {
        format!(
            "{{\"EventId\":\"1\",\"Resources\":[],\"CloudTrailEvent\":{}}}",
            quote(record)
        )
    };
    let log = |message: &str| {
        format!(
            "{{\"logStreamName\":\"s\",\"timestamp\":5,\"message\":{},\"ingestionTime\":6,\"eventId\":\"7\"}}",
            quote(message)
        )
    };
    let row = |message: &str| {
        format!(
            "[{{\"field\":\"@timestamp\",\"value\":\"2026-11-27 10:00:00.000\"}},{{\"field\":\"@message\",\"value\":{}}}]",
            quote(message)
        )
    };
    for content in [
        format!(
            "{{\"Events\":[{},{}],\"NextToken\":\"t\"}}",
            event(&a),
            event(&b)
        ),
        format!("[{},{}]", event(&a), event(&b)),
        format!("{}\n{}\n", event(&a), event(&b)),
        format!(
            "{{\"events\":[{},{}],\"searchedLogStreams\":[]}}",
            log(&a),
            log(&b)
        ),
        format!("{}\n{}\n", log(&a), log(&b)),
        format!(
            "{{\"results\":[{},{}],\"statistics\":{{}},\"status\":\"Complete\"}}",
            row(&a),
            row(&b)
        ),
        format!("2026-11-27T10:00:01.000Z {a}\n2026-11-27T10:00:02.000Z {b}\n"),
    ] {
        assert_two_records(&content);
    }
    let found = assert_two_records(&format!(
        "{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"333333333333\",\"logGroup\":\"g\",\"logStream\":\"s\",\"subscriptionFilters\":[\"f\"],\"logEvents\":[{},{}]}}",
        "{\"id\":\"1\",\"timestamp\":5,\"message\":".to_owned() + &quote(&a) + "}",
        "{\"id\":\"2\",\"timestamp\":6,\"message\":".to_owned() + &quote(&b) + "}",
    ));
    assert_eq!(found.records[0].place, "111111111111 us-east-1 g s");
}

#[test]
fn log_events_of_applications_keep_time_and_stream() {
    let content = format!(
        "{{\"events\":[{{\"timestamp\":{TIME_MS},\"message\":\"plain\\ntext\",\"ingestionTime\":1}},{{\"timestamp\":{TIME_MS},\"message\":{}}}]}}",
        quote(FLOW)
    );
    let found = read(content.as_bytes());
    assert_eq!(found.texts(), ["plain\ntext", FLOW]);
    assert_eq!(found.records[0].form, RecordForm::Text);
    assert_eq!(found.records[0].time_ms, Some(TIME_MS));
    assert_eq!(found.records[1].form, RecordForm::FlowLog);
    let fields = found.records[1].flow_fields.as_deref().unwrap();
    assert!(fields.starts_with("version account-id"));
}

#[test]
fn flow_logs_have_the_fields_of_their_header() {
    let header = "version account-id region dstaddr start";
    let line = "5 222222222222 eu-west-1 192.0.2.1 1795773600";
    let found = read(format!("{header}\n{line}\n{line}\n").as_bytes());
    assert_eq!(found.texts(), [line, line]);
    assert_eq!(found.records[0].flow_fields.as_deref(), Some(header));
    assert_eq!(
        found.cells(),
        ["222222222222 eu-west-1 flow 2026-11-27T10: 2"]
    );
    let path = "AWSLogs/222222222222/vpcflowlogs/us-east-1/2026/11/27/f.log.gz";
    let exported = format!("{FLOW}\n2026-11-27T10:00:00.000Z {FLOW}\n");
    let found = read_as(path, exported.as_bytes(), None, ReadLimits::default());
    assert_eq!(found.texts(), [FLOW, FLOW]);
    assert_eq!(
        found.cells(),
        ["222222222222 us-east-1 flow 2026-11-27T10: 2"]
    );
}

#[test]
fn digest_is_recognised_by_its_path_and_no_record() {
    let digest = r#"{"awsAccountId":"1","digestStartTime":"2026-11-27T10:00:00Z","logFiles":[]}"#;
    let path = "AWSLogs/111111111111/CloudTrail-Digest/us-east-1/2026/11/27/f.json.gz";
    for needle in [None, Some("absent")] {
        let sink = read_as(path, digest.as_bytes(), needle, ReadLimits::default());
        assert_eq!(sink.digests, [digest]);
        assert!(sink.records.is_empty() && sink.problems.is_empty());
    }
    let app = read(digest.as_bytes());
    assert!(app.digests.is_empty());
    assert_eq!(app.texts(), [digest]);
}

#[test]
fn anything_else_is_lines_of_text() {
    let text = "[INFO] started\n\n{not json}\n{\"level\":\"warn\"}\n2026-11-27T10:00:00.000Z done";
    let found = read(text.as_bytes());
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(found.texts(), lines);
    let forms: Vec<RecordForm> = found.records.iter().map(|record| record.form).collect();
    let expected = [
        RecordForm::Text,
        RecordForm::Text,
        RecordForm::Json,
        RecordForm::Text,
    ];
    assert_eq!(forms, expected);
    assert_eq!(found.records[3].time_ms, Some(TIME_MS));
    assert!(found.problems.is_empty());
    assert!(read(b"").records.is_empty());
}

#[test]
fn applications_may_use_the_same_names() {
    let app = r#"{"user":"mallory","events":[{"a":1}],"Records":[1,2]}"#;
    assert_eq!(read(app.as_bytes()).texts(), [app]);
    // Members beside a known list are searched too.
    let content = format!("{{\"note\":\"mallory\",\"Records\":[{}]}}", record("A"));
    let found = read(content.as_bytes());
    assert_eq!(
        found.texts(),
        [record("A").as_str(), r#"{"note":"mallory","Records":[]}"#]
    );
    // So are those with the name of a known list that are none, even if the name is there twice.
    for other in [
        "\"events\":[{\"a\":\"mallory\"}]",
        "\"Records\":[\"mallory\"]",
    ] {
        let list = format!("\"Records\":[{}]", record("A"));
        for content in [format!("{{{other},{list}}}"), format!("{{{list},{other}}}")] {
            let found = read(content.as_bytes());
            let texts = found.texts();
            let searched = texts.iter().filter(|text| text.contains("mallory"));
            assert_eq!(searched.count(), 1, "{content}");
            assert_eq!(found.forms[&RecordForm::CloudTrail], 1, "{content}");
        }
    }
}

#[test]
fn utf16_is_decoded() {
    let content = format!("{{\"Records\":[{}]}}", record("É"));
    for mark in ["\u{feff}", ""] {
        let bytes: Vec<u8> = format!("{mark}{content}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let found = read(&bytes);
        assert_eq!(found.texts(), [record("É")]);
        assert!(found.problems.is_empty());
    }
}

#[test]
fn text_that_is_not_utf8_is_searched_and_reported() {
    let found = read(b"evil \xff 192.0.2.1\n");
    assert_eq!(found.texts(), ["evil \u{fffd} 192.0.2.1"]);
    assert_eq!(found.reasons(), [FileReason::InvalidUtf8]);
    assert!(!found.problems[0].reason.may_hide_records());
}

#[test]
fn unreadable_formats_are_named() {
    let unsupported = FileReason::UnsupportedFormat;
    let cases: [(&[u8], FileReason, &str); 15] = [
        (b"PK\x03\x04...", FileReason::Packed, "`unzip FILE -d DIR`"),
        (b"PK\x05\x06...", FileReason::Packed, "`unzip FILE -d DIR`"),
        (
            b"7z\xbc\xaf\x27\x1c",
            FileReason::Packed,
            "`7z x FILE -oDIR`",
        ),
        (b"\xfd7zXZ\0", FileReason::Packed, "`unxz -k FILE`"),
        (b"BZh9", FileReason::Packed, "`bunzip2 -k FILE`"),
        (b"PAR1...", unsupported, "Parquet"),
        (b"SQLite format 3\0", unsupported, "`sqlite3 FILE .dump`"),
        (b"ElfFile\0", unsupported, "Windows event log"),
        (b"\xd4\xc3\xb2\xa1\x02", unsupported, "packet capture"),
        (b"\x0a\x0d\x0d\x0a", unsupported, "packet capture"),
        (b"%PDF-1.7", FileReason::Binary, "PDF"),
        (b"\x89PNG\r\n", FileReason::Binary, "PNG"),
        (b"\xff\xd8\xff", FileReason::Binary, "JPEG"),
        (b"GIF89a", FileReason::Binary, "GIF"),
        (b"a\0b", FileReason::Binary, "binary"),
    ];
    for (content, reason, text) in cases {
        let found = read(content);
        assert_eq!(found.reasons(), [reason], "{text}");
        let detail = &found.problems[0].detail;
        assert!(detail.contains(text), "{detail}");
        assert!(found.problems[0].reason.may_hide_records());
        assert!(found.records.is_empty());
    }
}

#[test]
fn cut_off_content_yields_the_records_before() {
    let a = record("A");
    let content = format!("{{\"Records\":[{a},{a}]}}");
    for needle in [None, Some("absent")] {
        for end in 1..content.len() {
            let cut = &content.as_bytes()[..end];
            let found = read_as("f", cut, needle, ReadLimits::default());
            let whole = (end + 1 - "{\"Records\":[".len().min(end)) / (a.len() + 1);
            let counted = found.forms.get(&RecordForm::CloudTrail).copied();
            assert_eq!(counted.unwrap_or_default(), whole as u64, "{end}");
            assert!(found.reasons().contains(&FileReason::CutOff), "{end}");
        }
    }
}

#[test]
fn broken_json_is_reported_and_the_next_line_read() {
    let a = record("A");
    let content = format!("{a}\n{{\"b\":\"mallory\n{a}\n{{\"c\":tru}}\n{a}\n");
    let found = read(content.as_bytes());
    let records = found.records.iter();
    let forms: Vec<&str> = records.map(|record| record.form.as_str()).collect();
    let expected = [
        "cloudtrail",
        "fragment",
        "cloudtrail",
        "fragment",
        "cloudtrail",
    ];
    assert_eq!(forms, expected);
    assert!(found.records[1].text.contains("mallory"));
    assert_eq!(
        found.reasons(),
        [FileReason::BrokenJson, FileReason::BrokenJson]
    );
}

#[test]
fn record_over_the_limit_is_reported() {
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(5_000));
    let limits = ReadLimits {
        record_bytes: 1_000,
        ..streaming(100)
    };
    let behind_a_record = format!("{{}}{}", "x".repeat(5_000));
    for content in [large.clone(), format!("text {large}"), behind_a_record] {
        let found = read_as("f", content.as_bytes(), None, limits);
        assert_eq!(found.reasons(), [FileReason::RecordTooLarge]);
        let last = found.records.last().unwrap();
        assert_eq!(last.form, RecordForm::Fragment);
        let text: usize = found.records.iter().map(|record| record.text.len()).sum();
        assert!(text <= 1_002, "what follows the limit was not read");
    }
}

#[test]
fn object_with_lists_without_end_is_reported() {
    let content = format!("{{{}", "\"Records\":[],".repeat(1_000));
    let limits = ReadLimits {
        record_bytes: 1_000,
        ..streaming(100)
    };
    let found = read_as("f", content.as_bytes(), None, limits);
    assert_eq!(found.reasons(), [FileReason::RecordTooLarge]);
}

#[test]
fn path_that_disagrees_is_reported() {
    let content = format!("{{\"Records\":[{}]}}", record("A"));
    let read = |path: &str| read_as(path, content.as_bytes(), None, ReadLimits::default());
    let fits = "AWSLogs/111111111111/CloudTrail/us-east-1/2026/11/27/f.json.gz";
    assert!(read(fits).problems.is_empty());
    for path in [
        fits.replace("us-east-1", "eu-west-1"),
        fits.replace("111111111111", "999999999999"),
        fits.replace("11/27", "11/26"),
    ] {
        assert_eq!(read(&path).reasons(), [FileReason::PathDisagrees], "{path}");
    }
}

#[test]
fn sentence_that_looks_like_a_header_is_searched() {
    let found = read(b"blocked srcaddr of mallory\n");
    assert_eq!(found.texts(), ["blocked srcaddr of mallory"]);
}

#[test]
fn members_beside_a_wrapped_record_are_searched() {
    let wrapped = quote(&record("A"));
    let event = format!("{{\"user\":\"mallory\",\"CloudTrailEvent\":{wrapped}}}");
    let log = "{\"timestamp\":5,\"message\":\"m\",\"user\":\"mallory\"}";
    for content in [event, format!("{{\"events\":[{log}]}}")] {
        let found = read(content.as_bytes());
        assert_eq!(found.records.len(), 2, "{content}");
        assert!(found.records[1].text.contains("mallory"), "{content}");
    }
}
