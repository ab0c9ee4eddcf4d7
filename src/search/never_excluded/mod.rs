//! Property tests of two promises. The coarse pattern never excludes an event that the matcher
//! finds; the practice range evaluates the pattern here, and its evaluator shares no code with the
//! pattern builder. And the shortcuts of the matcher, the prefilter and the token tape, give the
//! same result as a full scan; so do the candidates in a content of many records.

mod candidates;
mod documents;
mod nested_escapes;
mod spelled;

use proptest::prelude::*;
use serde_json::json;

use super::{Matcher, coarse_pattern};
use cw_filter_pattern::FilterPattern;
use dragnet_model::{Indicator, indicator_names};
use spelled::{Escaping, Spelled, any_spelled, percent_encoded};

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
        // A role and a user of the same name are reported with their kind.
        let names = indicator_names(&indicators);
        for (Spelled { spelling, .. }, name) in all.iter().zip(names) {
            let encode = |text: &String| Some(percent_encoded(text, Escaping { which: 0, upper }));
            let encoded = std::iter::successors(Some(spelling.clone()), encode).nth(percent_levels);
            let message = in_message(&encoded.unwrap_or_default(), how);
            let matches = matcher.find(&message);
            prop_assert!(
                matches.is_some_and(|found| found.indicators.contains(&name)),
                "{name} is not found in {message}"
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
