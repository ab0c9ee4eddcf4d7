//! Property tests of two promises. The coarse pattern never excludes an event that the matcher
//! finds; the practice range evaluates the pattern here, and its evaluator shares no code with the
//! pattern builder. And the shortcuts of the matcher, the prefilter and the token tape, give the
//! same result as a full scan.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use serde_json::json;

use super::{Matcher, SearchSet, coarse_pattern};
use cw_filter_pattern::FilterPattern;
use dragnet_model::Indicator;
use insights_ql::{Discovery, Event, Plan, Query, Record};

/// An indicator, and one spelling of it that an event may contain.
#[derive(Clone, Debug)]
struct Spelled {
    indicator: Indicator,
    spelling: String,
}

fn spelled(indicator: &str, spelling: impl Into<String>) -> Spelled {
    Spelled {
        indicator: indicator.parse().unwrap_or_else(|error| panic!("{error}")),
        spelling: spelling.into(),
    }
}

fn some_case(text: &str, upper: u64) -> String {
    let in_case = |(at, c): (usize, char)| {
        if upper >> (at % 64) & 1 == 1 {
            c.to_ascii_uppercase()
        } else {
            c
        }
    };
    text.chars().enumerate().map(in_case).collect()
}

fn v6_spelling(address: Ipv6Addr, how: u8) -> String {
    let groups = address.segments();
    match how % 4 {
        0 => address.to_string(),
        1 => groups.map(|group| format!("{group:04X}")).join(":"),
        2 => groups.map(|group| format!("{group:x}")).join(":"),
        _ => {
            let octets = address.octets();
            let hex: Vec<String> = groups
                .iter()
                .take(6)
                .map(|group| format!("{group:03x}"))
                .collect();
            format!(
                "{}:{}.{}.{}.{}",
                hex.join(":"),
                octets[12],
                octets[13],
                octets[14],
                octets[15]
            )
        }
    }
}

/// Often has octets that are zero.
fn some_v4() -> impl Strategy<Value = Ipv4Addr> {
    proptest::array::uniform4(prop_oneof![1 => Just(0), 3 => any::<u8>()]).prop_map(Ipv4Addr::from)
}

fn v4_spelling(address: Ipv4Addr, how: u8) -> String {
    let hyphens = address.to_string().replace('.', "-");
    let [a, b, c, d] = address.octets();
    let [high, low] = [[a, b], [c, d]].map(u16::from_be_bytes);
    match how % 9 {
        0 => format!("ip-{hyphens}.ec2.internal"),
        1 => format!("ec2-{hyphens}.compute-1.amazonaws.com"),
        2 => format!("::ffff:{high:x}:{low:x}"),
        3 => format!("0:0:0:0:0:FFFF:{high:04X}:{low:04X}"),
        4 => format!("::ffff:{address}"),
        5 => format!("{address}.443"),
        _ => address.to_string(),
    }
}

/// A text as a URL encodes it. Encoders leave some characters unchanged; `which` are encoded
/// nevertheless.
fn percent_encoded(text: &str, escaping: Escaping) -> String {
    let encode = |(at, byte): (usize, &u8)| {
        let has = |bits: u64| bits >> (at % 64) & 1 == 1;
        let is_unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        if is_unreserved && !has(escaping.which) {
            char::from(*byte).to_string()
        } else if has(escaping.upper) {
            format!("%{byte:02X}")
        } else {
            format!("%{byte:02x}")
        }
    };
    text.as_bytes().iter().enumerate().map(encode).collect()
}

fn any_spelled() -> impl Strategy<Value = Spelled> {
    prop_oneof![
        (some_v4(), any::<u8>())
            .prop_map(|(address, how)| spelled(&address.to_string(), v4_spelling(address, how))),
        (some_v4(), any::<u8>(), 0..=32_u8).prop_map(|(address, how, length)| spelled(
            &format!("cidr:{address}/{length}"),
            v4_spelling(address, how)
        )),
        (
            proptest::array::uniform8(prop_oneof![Just(0), 0..16_u16, any::<u16>()]),
            any::<u8>(),
            0..=128_u8
        )
            .prop_map(|(groups, how, length)| {
                // The highest bit is set, so that the address is not an IPv4-mapped one.
                let address = Ipv6Addr::from(u128::from(Ipv6Addr::from(groups)) | 1 << 127);
                spelled(
                    &format!("cidr:{address}/{length}"),
                    v6_spelling(address, how),
                )
            }),
        "A[KS]IA[A-Z0-9]{16}".prop_map(|key| spelled(&key, key.clone())),
        "arn:aws:iam::[0-9]{12}:(user|role)/([a-z]{1,5}/)?[a-zA-Z+=,.@-]{1,9}x"
            .prop_map(|arn| spelled(&arn, arn.clone())),
        "arn:aws:s3:::[a-z]{3,9}/[a-z<>&é]{1,9}".prop_map(|arn| spelled(&arn, arn.clone())),
        (
            "arn:aws:(sqs|lambda|dynamodb|s3):us-east-1:111111111111:[a-z]{3,9}/[a-z.-]{1,9}x",
            "[:/]?"
        )
            .prop_map(|(arn, after)| spelled(&arn, format!("{arn}{after}"))),
        (
            "arn:aws:logs:us-east-1:111111111111:log-group:[a-z/.#-]{1,9}x",
            any::<bool>()
        )
            .prop_map(|(arn, is_listed)| if is_listed {
                spelled(&format!("{arn}:*"), arn)
            } else {
                spelled(&arn, format!("{arn}:*"))
            }),
        "[a-zA-Z+=,.@-]{1,9}x".prop_map(|name| spelled(
            &format!("user:{name}"),
            format!("arn:aws:iam::111111111111:user/a/{name}")
        )),
        ("[a-zA-Z+=,.-]{1,9}x", 0..5_usize).prop_map(|(name, how)| spelled(
            &format!("user:{name}"),
            [
                format!("arn:aws:sts::111111111111:assumed-role/Admin/{name}"),
                format!("arn:aws:sts::111111111111:assumed-role/Admin/{name}@example.com"),
                format!("AROAIOSFODNN7EXAMPLE:{name}"),
                format!("AIDAIOSFODNN7EXAMPLE:{name}@example.com"),
                format!(r#"{{"userName":"{name}"}} {{"#),
            ][how]
                .clone()
        )),
        ("[a-z][a-z0-9./-]{1,9}x", any::<bool>()).prop_map(|(name, is_arn)| spelled(
            &format!("resource:{name}"),
            if is_arn {
                format!("arn:aws:s3:::{name}/key")
            } else {
                format!(r#"x {{"bucketName":"{name}"}}"#)
            }
        )),
        "[A-Z][a-z]{2,9}".prop_map(|name| spelled(
            &format!("event:{name}"),
            format!(r#"INFO {{"eventName":"{name}"}}"#)
        )),
        "[a-zA-Z+=,.@-]{1,9}x".prop_map(|name| spelled(
            &format!("role:{name}"),
            format!("arn:aws:sts::111111111111:assumed-role/{name}/session")
        )),
        "[0-9]{12}".prop_map(|id| spelled(&id, id.clone())),
        ("([a-z0-9]{1,8}\\.){1,3}(com|example)", any::<u64>()).prop_map(|(domain, upper)| spelled(
            &format!("domain:{domain}"),
            some_case(&format!("www.{domain}"), upper)
        )),
        ("[0-9a-f]{64}", any::<u64>())
            .prop_map(|(hash, upper)| spelled(&format!("hash:{hash}"), some_case(&hash, upper))),
        r#"[a-z<>"/\\ é.]{0,8}x"#.prop_map(|text| spelled(&format!("text:{text}"), text.trim())),
    ]
}

/// A message that contains a text in one of several forms: JSON, nested JSON, a flow-log line,
/// plain text.
fn in_message(text: &str, how: u8) -> String {
    let nested = |value: serde_json::Value| json!({ "a": [{ "payload": value.to_string() }] });
    let document = match how % 6 {
        0 => json!({ "field": text }),
        1 => json!({ "list": [1, { "deep": [text, "other"] }] }),
        2 => nested(json!({ "inner": text })),
        3 => nested(nested(json!([text]))),
        4 => {
            return format!(
                "2 111111111111 eni-1 {text} 10.0.0.1 443 49152 6 20 4249 1 2 ACCEPT OK"
            );
        }
        _ => return format!("at noon: {text} (and more)"),
    };
    // Some JSON encoders escape more characters than the specification requires.
    match how / 6 % 3 {
        0 => document.to_string(),
        1 => document.to_string().replace('/', "\\/"),
        _ => document
            .to_string()
            .replace('<', "\\u003c")
            .replace('>', "\\u003E")
            .replace('&', "\\u0026"),
    }
}

/// A document as JSON in which some characters are written as escapes that are not required.
fn with_escapes(document: &serde_json::Value, which: u64) -> String {
    let mut is_text = false;
    let mut is_escape = false;
    let spell = |(at, c): (usize, char)| {
        let may_be_spelled = is_text && !is_escape && c != '"' && c != '\\';
        is_text ^= c == '"' && !is_escape;
        is_escape = c == '\\' && !is_escape;
        match (c, which >> (at % 64) & 1 == 1) {
            ('/', true) if may_be_spelled => "\\/".to_owned(),
            (_, true) if may_be_spelled => format!("\\u{:04x}", u32::from(c)),
            _ => c.to_string(),
        }
    };
    document
        .to_string()
        .chars()
        .enumerate()
        .map(spell)
        .collect()
}

fn pattern_passes(indicators: &[Indicator], message: &str) -> bool {
    coarse_pattern(indicators).is_none_or(|pattern| {
        let parsed = FilterPattern::parse(&pattern);
        parsed
            .unwrap_or_else(|error| panic!("the range refuses {pattern}: {error}"))
            .matches(message)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn spelled_indicator_is_found_and_passes_the_pattern(
        all in prop::collection::vec(any_spelled(), 1..5),
        how in any::<u8>(),
        percent_levels in 0..3_usize,
        upper in any::<u64>(),
    ) {
        let indicators: Vec<Indicator> = all.iter().map(|one| one.indicator.clone()).collect();
        let matcher = Matcher::new(&indicators).unwrap();
        for Spelled { indicator, spelling } in &all {
            let encode = |text: &String| Some(percent_encoded(text, Escaping { which: 0, upper }));
            let encoded = std::iter::successors(Some(spelling.clone()), encode).nth(percent_levels);
            let message = in_message(&encoded.unwrap_or_default(), how);
            let matches = matcher.find(&message);
            prop_assert!(
                matches.is_some_and(|found| found.indicators.contains(&indicator.to_string())),
                "{indicator} is not found in {message}"
            );
            prop_assert!(pattern_passes(&indicators, &message), "{:?} loses {message}", coarse_pattern(&indicators));
        }
    }

    #[test]
    fn found_message_passes_the_pattern(
        all in prop::collection::vec(any_spelled(), 1..4),
        before in r"[\x00-\x7fé]{0,6}",
        after in r"[\x00-\x7fé]{0,6}",
        how in any::<u8>(),
    ) {
        let indicators: Vec<Indicator> = all.iter().map(|one| one.indicator.clone()).collect();
        let matcher = Matcher::new(&indicators).unwrap();
        for Spelled { spelling, .. } in &all {
            let message = in_message(&format!("{before}{spelling}{after}"), how);
            prop_assert!(matcher.find(&message).is_none() || pattern_passes(&indicators, &message), "{message}");
        }
    }

    #[test]
    fn matcher_does_not_panic_on_any_message(indicator in any_spelled(), message in any::<String>(), how in any::<u8>()) {
        let matcher = Matcher::new(&[indicator.indicator]).unwrap();
        matcher.find(&message);
        matcher.find(&in_message(&message, how));
    }

    #[test]
    fn indicator_parser_does_not_panic_on_any_text(text in any::<String>(), prefix in "(ip|cidr|key|arn|user|domain|regex|hash|resource):") {
        _ = text.parse::<Indicator>();
        _ = format!("{prefix}{text}").parse::<Indicator>();
    }
}

proptest! {
    // Each case searches up to fifteen messages, twice each.
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn prefilter_gives_the_same_result_as_full_scan(
        all in prop::collection::vec(any_spelled(), 1..4),
        before in r#"[\x00-\x1f0f:.%"/\\ ]{0,3}"#,
        after in r#"[\x00-\x1f0f:.%"/\\ ]{0,3}"#,
        which in prop::array::uniform3(prop_oneof![2 => Just(0), 1 => any::<u64>(), 2 => (0..64_u32).prop_map(|bit| 1 << bit)]),
        how in any::<u8>(),
    ) {
        let indicators: Vec<Indicator> = all.iter().map(|one| one.indicator.clone()).collect();
        let matcher = Matcher::new(&indicators).unwrap();
        for Spelled { spelling, .. } in &all {
            let text = format!("{before}{spelling}{after}");
            let [once, twice, thrice] = which;
            let inner = with_escapes(&json!({ "field": text, "n": 1.5 }), once);
            let outer = with_escapes(&json!([inner, { "payload": with_escapes(&json!(inner), twice) }, ""]), thrice);
            let encoded = percent_encoded(&text, Escaping { which: once, upper: twice });
            let both = percent_encoded(&inner, Escaping { which: twice, upper: once });
            for message in [&text, &inner, &outer, &format!("at {outer}"), &in_message(&text, how), &encoded, &both, &in_message(&encoded, how)] {
                prop_assert_eq!(matcher.find(message), matcher.match_full_scan(message, |_| true), "{}", message);
            }
        }
    }
}

/// An escape that precedes or follows a value in the raw message is no part of the value, with every
/// shortcut of the matcher and in the pattern.
#[test]
fn escapes_beside_an_indicator_do_not_hide_it() {
    let indicators: Vec<Indicator> = [
        "192.0.2.1",
        "198.51.100.0/24",
        "10.0.0.0/8",
        "0.0.0.0/1",
        "2001:db8::1",
        "2001:db8:7::/48",
        "AKIAIOSFODNN7EXAMPLE",
        "111111111111",
        "evil.example",
        "d41d8cd98f00b204e9800998ecf8427e",
        "arn:aws:iam::111111111111:user/ben",
        "user:ben",
        "text:needle",
    ]
    .map(|text| text.parse().unwrap())
    .to_vec();
    let values = [
        "192.0.2.1",
        "198.51.100.7",
        "10.1.2.3",
        "9.9.9.9",
        "2001:db8::1",
        "2001:db8:7::9",
        "AKIAIOSFODNN7EXAMPLE",
        "111111111111",
        "evil.example",
        "d41d8cd98f00b204e9800998ecf8427e",
        "arn:aws:iam::111111111111:user/ben",
        "arn:aws:iam::111111111111:user/ben",
        "needle",
    ];
    // Too many for a literal prefilter.
    let many: Vec<Indicator> = (0..2_000)
        .map(|number| format!("host-{number}.example").parse().unwrap())
        .collect();
    let json_escapes = [
        r"\n", r"\t", r"\r", r"\b", r"\f", r"\u0020", r"\u000a", r"\/",
    ];
    let percent_escapes = ["%2F", "%3d", "%20", "%0A", "%253A", "%f0", "%26"];
    for (indicator, value) in indicators.iter().zip(values) {
        let one = vec![indicator.clone()];
        for set in [one.clone(), [one, many.clone()].concat()] {
            let matcher = Matcher::new(&set).unwrap();
            let in_json =
                json_escapes.map(|escape| format!("{{\"field\":\"x{escape}{value}\\ny\"}}"));
            let in_url =
                percent_escapes.map(|escape| format!("GET /?u=x{escape}{value}%20y HTTP/1.1"));
            for message in in_json.iter().chain(&in_url) {
                let found = matcher.match_full_scan(message, |_| true);
                assert!(found.is_some(), "{indicator} is not in {message}");
                assert_eq!(matcher.find(message), found, "{message}");
                assert!(
                    pattern_passes(&set, message),
                    "{:?} loses {message}",
                    coarse_pattern(&set)
                );
            }
        }
    }
}

/// Bit masks: which characters of a text are escaped, and which escapes use upper-case digits.
#[derive(Clone, Copy, Debug)]
struct Escaping {
    which: u64,
    upper: u64,
}

/// Often escapes no or only one character, so that the text around it stays unescaped.
fn any_escaping() -> impl Strategy<Value = Escaping> {
    let which = prop_oneof![2 => Just(0), 1 => any::<u64>(), 1 => (0..64_u32).prop_map(|bit| 1 << bit), 1 => Just(u64::MAX)];
    (which, any::<u64>()).prop_map(|(which, upper)| Escaping { which, upper })
}

/// A text as a JSON string. Any character may be escaped, including those of escapes inside the
/// text.
fn escaped_string(text: &str, escaping: Escaping) -> String {
    let mut units = [0; 2];
    let characters = text.chars().enumerate().map(|(at, c)| {
        let has = |bits: u64| bits >> (at % 64) & 1 == 1;
        match c {
            _ if has(escaping.which) => {
                c.encode_utf16(&mut units)
                    .iter()
                    .fold(String::new(), |all, unit| {
                        let digits = if has(escaping.upper) {
                            format!("{unit:04X}")
                        } else {
                            format!("{unit:04x}")
                        };
                        all + "\\u" + &digits
                    })
            }
            '/' if has(escaping.upper) => "\\/".to_owned(),
            _ => inside_quotes(&json!(c.to_string()).to_string()),
        }
    });
    format!("\"{}\"", characters.collect::<String>())
}

fn inside_quotes(string: &str) -> String {
    string[1..string.len() - 1].to_owned()
}

/// Returns the text itself, and then one more level of nested JSON for each escaping.
fn nested(text: &str, levels: &[Escaping]) -> Vec<String> {
    let mut messages = vec![text.to_owned()];
    for escaping in levels {
        let inner = messages
            .last()
            .map(|message| escaped_string(message, *escaping))
            .unwrap_or_default();
        messages.push(format!("{{\"n\":1,\"field\":[{inner},true]}}"));
    }
    messages
}

/// Whether the Insights query for this search set returns a message.
fn insights_returns(search_set: &SearchSet, message: &str) -> bool {
    let query: Query = search_set
        .insights_query(true, &[], None)
        .unwrap()
        .parse()
        .unwrap();
    let event = Event {
        timestamp: 5,
        ingestion_time: 6,
        log: "111111111111:/g",
        log_stream: "s",
        ptr: "p",
        message,
    };
    let record = Record::new(event, Discovery::Automatic { json_limit: None });
    let Plan::Rows(plan) = Plan::new(&query) else {
        panic!("{query}")
    };
    plan.row(&record).is_some()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn escaped_indicator_passes_the_pattern(
        all in prop::collection::vec(any_spelled(), 1..4),
        levels in prop::collection::vec(any_escaping(), 1..4),
        percent_levels in prop::collection::vec(any_escaping(), 0..3),
    ) {
        let indicators: Vec<Indicator> = all.iter().map(|one| one.indicator.clone()).collect();
        let matcher = Matcher::new(&indicators).unwrap();
        let search_set = SearchSet::new(&indicators, &[]).unwrap();
        for Spelled { indicator, spelling } in &all {
            let encoded = percent_levels.iter().fold(spelling.clone(), |text, level| percent_encoded(&text, *level));
            for message in nested(&encoded, &levels) {
                // Some loggers write a prefix before the document.
                for message in [format!("at noon {message}"), message] {
                    if matcher.find(&message).is_none() {
                        continue;
                    }
                    let pattern = coarse_pattern(&indicators);
                    prop_assert!(pattern_passes(&indicators, &message), "{pattern:?} loses {indicator} in {message}");
                    prop_assert!(insights_returns(&search_set, &message), "Insights loses {indicator} in {message}");
                }
            }
        }
    }
}

#[test]
fn nested_and_escaped_indicator_is_found() {
    let all = Escaping {
        which: u64::MAX,
        upper: 0x5555_5555_5555_5555,
    };
    let matcher = Matcher::new(&["192.0.2.1".parse().unwrap()]).unwrap();
    for message in nested("192.0.2.1", &[all, all, all]) {
        assert!(matcher.find(&message).is_some(), "{message}");
    }
}

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
                with_tape += usize::from(super::json_tape::JsonTape::parse(&message).is_some());
            }
        }
    }
    assert!(with_tape > 1_000, "{with_tape}");
}
