//! Indicators in nested documents, with any escapes, on both engines.

use proptest::prelude::*;
use serde_json::json;

use super::pattern_passes;
use super::spelled::{Escaping, Spelled, any_spelled, percent_encoded};
use crate::search::{Matcher, SearchSet, coarse_pattern};
use dragnet_model::Indicator;
use insights_ql::{Discovery, Event, Plan, Query, Record};

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
