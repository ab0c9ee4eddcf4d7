//! Escaped messages, which the pattern and the Insights query must return too, for random and for
//! the built-in hunts.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

use super::drafts::drafts;
use super::messages::{formats, message};
use super::{event, hunt, keeps, pattern_passes};
use crate::config::{Catalogue, HuntTemplate, ParameterKind};
use crate::search::SearchSet;
use crate::search::hunts::FlowLogFormats;
use dragnet_model::Hunt;
use insights_ql::{Discovery, Plan, Query, Record};

/// A message in which some characters of JSON strings are escaped. Names are not changed.
fn with_escapes(message: &str, which: u64) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(message) else {
        return message.to_owned();
    };
    let mut texts: Vec<String> = Vec::new();
    let mut replace = |text: &mut Value| {
        if let Value::String(text) = text {
            texts.push(std::mem::replace(text, format!("<text {}>", texts.len())));
        }
    };
    for field in value
        .as_object_mut()
        .into_iter()
        .flat_map(serde_json::Map::values_mut)
    {
        replace(field);
        field
            .as_object_mut()
            .into_iter()
            .flat_map(serde_json::Map::values_mut)
            .for_each(&mut replace);
    }
    texts
        .iter()
        .enumerate()
        .fold(value.to_string(), |message, (number, text)| {
            let escaped: String = text
                .chars()
                .enumerate()
                .map(|(at, c)| match c {
                    _ if which >> ((at + 7 * number) % 64) & 1 == 1 => {
                        format!("\\u{:04x}", u32::from(c))
                    }
                    '/' if which & 1 == 1 => "\\/".to_owned(),
                    _ => {
                        let quoted = json!(c.to_string()).to_string();
                        quoted[1..quoted.len() - 1].to_owned()
                    }
                })
                .collect();
            message.replace(&format!("\"<text {number}>\""), &format!("\"{escaped}\""))
        })
}

/// The message in which a parser that resolves every escape sees what a parser that resolves none
/// sees in this one.
///
/// AWS does not document whether a JSON pattern compares values before or after their escapes are
/// resolved.
fn with_unresolved_escapes(message: &str) -> String {
    let mut doubled = String::new();
    let mut characters = message.chars();
    while let Some(c) = characters.next() {
        doubled.push(c);
        if c == '\\' {
            let escape = characters.next().unwrap_or_default();
            if matches!(escape, 'u' | '/') {
                doubled.push('\\');
            }
            doubled.push(escape);
        }
    }
    doubled
}

/// The built-in hunts, each with the values of its example.
static BUILT_IN: LazyLock<Vec<(Hunt, SearchSet)>> = LazyLock::new(|| {
    let hunts = Catalogue::load(None)
        .unwrap()
        .iter()
        .map(HuntTemplate::example)
        .collect::<Vec<_>>();
    hunts.into_iter().map(with_search_set).collect()
});

fn with_search_set(hunt: Hunt) -> (Hunt, SearchSet) {
    let search_set = SearchSet::new(&[], std::slice::from_ref(&hunt)).unwrap();
    (hunt, search_set)
}

/// A record that many of the built-in hunts keep.
fn likely_record() -> impl Strategy<Value = String> {
    let name = select(
        &[
            "CreateAccessKey",
            "ConsoleLogin",
            "DeleteDetector",
            "AttachUserPolicy",
            "AssumeRole",
            "ListBuckets",
            "GetSecretValue",
            "AuthorizeSecurityGroupIngress",
            "ModifySnapshotAttribute",
            "StopLogging",
            "CreateUser",
        ][..],
    );
    let source = select(
        &[
            "guardduty.amazonaws.com",
            "cloudtrail.amazonaws.com",
            "iam.amazonaws.com",
        ][..],
    );
    let code = select(&["AccessDenied", "Client.UnauthorizedOperation", ""][..]);
    (name, source, code, select(&["Root", "AssumedRole"][..])).prop_map(|(name, source, code, kind)| {
        let example = |kind: ParameterKind| kind.example();
        json!({
            "eventID": "e", "eventTime": "2026-03-01T12:00:00Z", "awsRegion": "us-east-1", "eventName": name,
            "eventSource": source, "errorCode": code, "sourceIPAddress": example(ParameterKind::Ip),
            "userIdentity": { "type": kind, "userName": "ben", "accessKeyId": example(ParameterKind::AccessKey) },
            "requestParameters": { "userName": "ben", "cidr": "0.0.0.0/0" },
            "responseElements": { "ConsoleLogin": "Failure" }, "additionalEventData": { "MFAUsed": "No" },
        })
        .to_string()
    })
}

/// Whether the Insights query for this search set returns a message.
fn insights_returns(search_set: &SearchSet, message: &str) -> bool {
    let query: Query = search_set
        .insights_query(true, &[], None)
        .unwrap()
        .parse()
        .unwrap();
    let Plan::Rows(plan) = Plan::new(&query) else {
        panic!("{query}")
    };
    plan.row(&Record::new(
        event(message),
        Discovery::Automatic { json_limit: None },
    ))
    .is_some()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn pattern_passes_escaped_messages_that_the_query_keeps(
        drafts in drafts(),
        message in message(),
        likely in likely_record(),
        formats in formats(),
        which in prop_oneof![any::<u64>(), (0..64_u32).prop_map(|bit| 1 << bit), Just(0)],
    ) {
        let escaped = with_escapes(&message, which);
        let likely = with_escapes(&likely, which);
        let random: Vec<(Hunt, SearchSet)> =
            drafts.iter().map(|draft| with_search_set(hunt(draft, &message, &formats))).collect();
        for (hunt, search_set) in random.iter().chain(BUILT_IN.iter()) {
            for message in [&escaped, &likely].into_iter().filter(|message| keeps(hunt, message, &formats)) {
                let pattern = search_set.pattern(&formats, true);
                prop_assert!(pattern_passes(search_set, &formats, message), "{pattern:?} loses {message}");
                let is_json = pattern.as_ref().is_some_and(|pattern| pattern.starts_with('{'));
                if is_json {
                    let raw = with_unresolved_escapes(message);
                    prop_assert!(
                        pattern_passes(search_set, &formats, &raw),
                        "{pattern:?} loses {message} with unresolved escapes"
                    );
                }
                prop_assert!(insights_returns(search_set, message), "Insights loses {message} of {}", hunt.query);
            }
        }
    }
}

#[test]
fn likely_records_are_kept_by_most_built_in_hunts() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut kept = std::collections::BTreeSet::new();
    for _ in 0..500 {
        let record = likely_record().new_tree(&mut runner).unwrap().current();
        let hunts = BUILT_IN
            .iter()
            .filter(|(hunt, _)| keeps(hunt, &record, &FlowLogFormats::default()));
        kept.extend(hunts.map(|(hunt, _)| hunt.name.as_str()));
    }
    assert!(kept.len() >= 13, "{kept:?}");
}
