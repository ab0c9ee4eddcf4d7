//! The shortcuts of the matcher on documents, compared with a full scan.

use proptest::prelude::*;
use serde_json::json;

use crate::search::Matcher;
use crate::search::json_tape::JsonTape;
use dragnet_model::Indicator;

/// Texts that contain or touch the characters between the values of a document, or overlap each
/// other.
const STRUCTURAL: [&str; 10] = [
    "text:::123",
    "text:123",
    "text:23,",
    "text:\"a\"",
    "text:a\":1",
    "text:true",
    "text:null",
    "text:-5",
    "23::123",
    "user:a-b",
];

/// A document that is built from few parts, so that the indicators often occur in it.
fn any_document() -> impl Strategy<Value = String> {
    let text = r#"(123|::123|23::123|a|a-b|true|:| |192\.0\.2\.1|evil\.example|\\n|\\"|\\/|\\u0031|\\u003c){0,4}"#;
    let leaf = prop_oneof![
        6 => text.prop_map(|text| format!("\"{text}\"")),
        1 => Just("123".to_owned()), 1 => Just("-5".to_owned()), 1 => Just("true".to_owned()), 1 => Just("null".to_owned()),
        1 => prop::sample::select(vec!["1.5", "[]", "{}", "\"[123]\"", "\"{\\\"a\\\":[\\\"123\\\"]}\""]).prop_map(str::to_owned),
    ];
    let document = leaf.prop_recursive(4, 24, 4, move |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4)
            .prop_map(|items| format!("[{}]", items.join(",")));
        let field =
            ("[a:1\\-]{0,3}|123", inner).prop_map(|(key, value)| format!("\"{key}\" :{value}"));
        prop_oneof![
            list,
            prop::collection::vec(field, 0..4)
                .prop_map(|fields| format!("{{{}}}", fields.join(", ")))
        ]
    });
    // Some documents are truncated.
    (document, any::<prop::sample::Index>(), 0..8_u8).prop_map(|(document, at, how)| {
        if how > 0 {
            document
        } else {
            document
                .chars()
                .take(at.index(document.len() + 1))
                .collect()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn token_tape_gives_the_same_fields_as_full_scan(
        all in prop::collection::vec(prop::sample::select(&STRUCTURAL[..]), 0..3),
        more in prop::collection::vec(prop::sample::select(vec!["192.0.2.1", "evil.example"]), 0..2),
        document in any_document(),
    ) {
        let indicators: Vec<Indicator> = all.iter().chain(&more).map(|text| text.parse().unwrap()).collect();
        let matcher = Matcher::new(&indicators).unwrap();
        prop_assert_eq!(matcher.find(&document), matcher.match_full_scan(&document, |_| true));
    }
}

/// Compares both methods on the records of the folder in `DRAGNET_REAL_DATA`, which
/// `tests/it/real_data.rs` reads too. Skipped if the variable is not set.
#[test]
fn real_records_give_the_same_result_as_full_scan() {
    let Some(folder) = std::env::var_os("DRAGNET_REAL_DATA") else {
        return;
    };
    let folder = std::path::Path::new(&folder).join("events");
    let matchers = [
        "192.168.10.20",
        "218007301253",
        "2001:db8::/32",
        "amazonaws.com",
        "user:ben",
        "text:\"",
        "text:true",
    ]
    .map(|text| {
        Matcher::new(&[
            text.parse().unwrap(),
            "AKIATFQR7NSCUXC3DDDP".parse().unwrap(),
        ])
        .unwrap()
    });
    let mut with_tape = 0;
    for file in folder.read_dir().unwrap() {
        let file: serde_json::Value =
            serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        for record in file["Records"].as_array().unwrap() {
            for message in [
                record.to_string(),
                json!([{ "detail": record, "quoted": record.to_string() }]).to_string(),
            ] {
                for matcher in &matchers {
                    assert_eq!(
                        matcher.find(&message),
                        matcher.match_full_scan(&message, |_| true),
                        "{message}"
                    );
                }
                with_tape += usize::from(JsonTape::parse(&message).is_some());
            }
        }
    }
    assert!(with_tape > 1_000, "{with_tape}");
}
