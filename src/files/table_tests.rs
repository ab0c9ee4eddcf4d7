//! Tables that queries export: every column of a row is searched, and the record in it is a record.

use super::test_sink::{TestSink, read, read_as, streaming, trail_record};
use super::{FileReason, ReadLimits, RecordForm};

const TIME: &str = "2026-11-27 10:00:00.000";
const TIME_MS: i64 = 1_795_773_600_000;

fn record(name: &str) -> String {
    trail_record("2026-11-27T10:00:00Z", name, "Management")
}

/// Returns a text as a JSON string.
fn quote(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Returns a text as a cell of CSV.
fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Reads at once and in small pieces, which must agree.
fn read_both(content: &str) -> TestSink {
    let whole = read(content.as_bytes());
    let streamed = read_as("evidence/file", content.as_bytes(), None, streaming(10));
    assert_eq!(whole.records, streamed.records);
    assert_eq!(whole.problems, streamed.problems);
    whole
}

#[test]
fn rows_of_csv_are_records_with_their_log_stream() {
    let a = record("A");
    let b = record("B");
    let content = format!(
        "\u{feff}@timestamp,@message,@logStream,@log,client\n\
         {TIME},{},s,111111111111:/g,10.0.0.1\n\
         {TIME},{},s,111111111111:/g,10.0.0.1\r\n\
         \r\n\
         {TIME},\"two\n\"\"lines\"\"\",s2,111111111111:/g,10.0.0.2",
        cell(&a),
        cell(&b)
    );
    let found = read_both(&content);
    let rest = |stream: &str, client: &str| {
        format!(r#"{{"@logStream":"{stream}","@log":"111111111111:/g","client":"{client}"}}"#)
    };
    let expected = [
        a,
        rest("s", "10.0.0.1"),
        b,
        "two\n\"lines\"".to_owned(),
        rest("s2", "10.0.0.2"),
    ];
    let header = "@timestamp,@message,@logStream,@log,client";
    assert_eq!(found.texts()[0], header, "it has a name that is not known");
    assert_eq!(found.texts()[1..], expected);
    let record = &found.records[1];
    assert_eq!(record.form, RecordForm::CloudTrail);
    assert_eq!(record.place, "111111111111 us-east-1 /g s");
    let lines = &found.records[4];
    assert_eq!(lines.place, "111111111111  /g s2");
    assert_eq!(lines.time_ms, Some(TIME_MS));
    assert!(found.problems.is_empty());
}

#[test]
fn rows_without_a_record_are_searched_as_a_whole() {
    let content = "eventtime,eventname,eventsource,awsregion,recipientaccountid,sourceipaddress\n\
                   2026-11-27T10:00:00Z,GetObject,s3.amazonaws.com,eu-west-1,222222222222,192.0.2.1\n\
                   one cell\n\
                   ,,,,,192.0.2.2\n";
    let found = read_both(content);
    assert_eq!(found.records.len(), 3);
    assert!(
        found.texts()[0].contains(r#""sourceipaddress":"192.0.2.1""#),
        "{:?}",
        found.texts()
    );
    assert_eq!(found.texts()[1], "one cell");
    assert!(found.texts()[2].contains("192.0.2.2"));
    assert_eq!(found.records[2].time_ms, None);
    let cells = found.cells();
    let row = "222222222222 eu-west-1 - 2026-11-27T10: 1";
    assert!(cells.contains(&row.to_owned()), "{cells:?}");
}

#[test]
fn wrapped_records_of_csv_are_records() {
    let a = record("A");
    for name in ["CloudTrailEvent", "eventData"] {
        let content = format!(
            "EventId,Username,{name},eventtime\n1,mallory,{},\n",
            cell(&a)
        );
        let content = content.replace("EventId", "Event ID");
        let found = read_both(&content);
        let rest = r#"{"Event ID":"1","Username":"mallory"}"#;
        assert_eq!(found.texts(), [a.as_str(), rest], "{name}");
        assert_eq!(found.records[0].form, RecordForm::CloudTrail);
    }
}

#[test]
fn another_header_names_the_columns_behind_it() {
    let a = record("A");
    let content = format!(
        "@timestamp,@message\n{TIME},m\n@timestamp,@message\n@message,@timestamp\n{},{TIME}\n",
        cell(&a)
    );
    let found = read_both(&content);
    assert_eq!(found.texts(), ["m", a.as_str()]);
}

#[test]
fn row_that_breaks_off_in_a_cell_is_reported() {
    let found = read_both("@timestamp,@message\n1,\"mallory\n");
    assert_eq!(found.reasons(), [FileReason::CutOff]);
    assert_eq!(found.records[0].form, RecordForm::Fragment);
    assert!(found.records[0].text.contains("mallory"));
    let limits = ReadLimits {
        record_bytes: 100,
        ..streaming(10)
    };
    let large = format!("@timestamp,@message\n1,\"{}\"\n", "x".repeat(500));
    let found = read_as("f", large.as_bytes(), None, limits);
    assert_eq!(found.reasons(), [FileReason::RecordTooLarge]);
}

#[test]
fn rows_of_json_are_records() {
    let a = record("A");
    let b = record("B");
    let content = format!(
        r#"[{{"@timestamp":"{TIME}","@message":{},"@ptr":"p"}},{{"@timestamp":"{TIME}","@message":{b},"@logStream":"s","@log":"111111111111:/g"}}]"#,
        quote(&a)
    );
    let found = read_both(&content);
    let rest = r#"{"@log":"111111111111:/g","@logStream":"s"}"#;
    assert_eq!(found.texts(), [a.as_str(), b.as_str(), rest]);
    assert_eq!(found.records[1].place, "111111111111 us-east-1 /g s");
    let app = format!(r#"{{"@timestamp":"{TIME}","@message":"m","@ptr":"p"}}"#);
    let found = read_both(&app);
    assert_eq!(found.texts(), ["m"]);
    assert_eq!(found.records[0].time_ms, Some(TIME_MS));
}

#[test]
fn other_columns_of_json_rows_are_searched() {
    let a = record("A");
    let row = format!(
        r#"{{"@message":{},"@ptr":"p","client":"mallory"}}"#,
        quote(&a)
    );
    assert_eq!(read_both(&row).texts(), [a.as_str(), row.as_str()]);
    let result = format!(
        r#"{{"results":[[{{"field":"@message","value":{}}},{{"field":"client","value":"mallory"}}]]}}"#,
        quote(&a)
    );
    let found = read_both(&result);
    assert_eq!(found.texts(), [a.as_str(), r#"{"client":"mallory"}"#]);
    // An application may use such names for its own.
    let app = r#"{"@level":"warn","@message":"m","@timestamp":"2026-11-27T10:00:00Z"}"#;
    assert_eq!(read_both(app).texts(), [app]);
    for member in ["eventData", "eventdata"] {
        for value in [quote(&a), a.clone()] {
            let found = read_both(&format!("{{\"{member}\":{value}}}"));
            assert_eq!(found.texts(), [a.as_str()], "{member}");
        }
    }
}
