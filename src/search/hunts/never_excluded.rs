//! Property tests of hunts: the pattern never excludes an event that the evaluator keeps. The
//! practice range evaluates the pattern here, and its evaluator shares no code with the pattern
//! builder.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

use super::{FlowLogFormats, RecordKind};
use crate::config::{Catalogue, HuntTemplate, ParameterKind};
use crate::search::required_text::ESCAPES;
use crate::search::{Document, SearchSet, parse_event_details};
use cw_filter_pattern::FilterPattern;
use dragnet_model::{Hunt, HuntSource, Indicator, Severity};
use insights_ql::{Discovery, Event, Partial, Plan, Query, Record};

const TEXTS: [&str; 9] = [
    "ListBuckets",
    "AccessDenied",
    "Denied",
    "192.0.2.1",
    "192.0.2.",
    "a/b <c>*\"\\",
    "1000",
    "REJECT",
    "é",
];

/// A condition that is completed with the fields of a generated event. Conditions that are
/// generated independently of the event hardly ever hold.
#[derive(Clone, Debug)]
enum Condition {
    /// On one of the event's own fields, in one of several forms.
    Own {
        field: Index,
        from: Index,
        length: usize,
        form: u8,
    },
    /// Independent of the event.
    Other(&'static str),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

impl Condition {
    /// The text of the condition in a query, for an event with these fields.
    fn to_query_text(&self, fields: &[(String, String)]) -> String {
        let join = |parts: &[Self], by: &str| {
            format!(
                "({})",
                parts
                    .iter()
                    .map(|part| part.to_query_text(fields))
                    .collect::<Vec<_>>()
                    .join(by)
            )
        };
        match self {
            Self::Own {
                field,
                from,
                length,
                form,
            } => {
                let (name, value) = field.get(fields);
                let characters: Vec<char> = value.chars().collect();
                let start = if characters.is_empty() {
                    0
                } else {
                    from.index(characters.len())
                };
                let part: String = characters.iter().skip(start).take(*length).collect();
                own_condition(name, value, &part, 8 + length % 25, *form)
            }
            Self::Other(condition) => (*condition).to_owned(),
            Self::All(parts) => join(parts, " and "),
            Self::Any(parts) => join(parts, " or "),
            Self::Not(part) => format!("not ({})", part.to_query_text(fields)),
        }
    }
}

/// A condition that holds for a field with this value, of which `part` is a part. `form` selects
/// how the condition is written.
fn own_condition(name: &str, value: &str, part: &str, prefix_length: usize, form: u8) -> String {
    let name = if name.starts_with('@') {
        name.to_owned()
    } else {
        format!("`{name}`")
    };
    let whole = quoted(value);
    match form % 8 {
        0 | 1 => format!("{name} = {whole}"),
        2 => format!("{whole} = {name}"),
        3 => format!("{name} in [{whole}, \"else\"]"),
        4 => format!("{name} like {}", quoted(part)),
        5 => format!("strcontains({name}, {})", quoted(part)),
        6 if value.parse::<std::net::Ipv4Addr>().is_ok() => {
            format!("isIpv4InSubnet({name}, \"{value}/{prefix_length}\")")
        }
        _ => format!(
            "{name} like /{}|never/",
            regex::escape(part).replace('/', "\\/")
        ),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn condition() -> impl Strategy<Value = Condition> {
    let own = (any::<Index>(), any::<Index>(), 1..9_usize, any::<u8>()).prop_map(
        |(field, from, length, form)| Condition::Own {
            field,
            from,
            length,
            form,
        },
    );
    let other = select(
        &[
            "ispresent(eventName)",
            "errorCode = \"Denied\"",
            "dstPort >= 100",
            "srcAddr != \"x\"",
        ][..],
    );
    let leaf = prop_oneof![6 => own, 1 => other.prop_map(Condition::Other)];
    leaf.prop_recursive(2, 6, 3, |inner| {
        let several = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            3 => several().prop_map(Condition::All),
            3 => several().prop_map(Condition::Any),
            1 => inner.clone().prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

/// A hunt that is completed with the fields of a generated event.
#[derive(Clone, Debug)]
struct Draft {
    source: HuntSource,
    before: &'static str,
    condition: Condition,
    after: &'static str,
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    use HuntSource::{Any, CloudTrail, VpcFlow};
    let before = [
        "",
        "",
        "fields concat(errorCode, \"\") as eventName | ",
        "parse @message /(?<srcAddr>[0-9.]+)/ | ",
    ];
    let after = [
        "",
        " | sort eventName | limit 3",
        " | stats count(*) as n by eventName | filter n = \"x\"",
    ];
    let draft = (
        select(&[CloudTrail, VpcFlow, Any][..]),
        select(before.to_vec()),
        condition(),
        select(after.to_vec()),
    );
    let draft = draft.prop_map(|(source, before, condition, after)| Draft {
        source,
        before,
        condition,
        after,
    });
    (
        prop::collection::vec(draft, 1..3),
        prop::option::weighted(0.8, select(&[CloudTrail, CloudTrail, VpcFlow, Any][..])),
    )
        .prop_map(|(mut drafts, source)| {
            // Hunts about several kinds of records have only terms in common.
            for draft in &mut drafts {
                draft.source = source.unwrap_or(draft.source);
            }
            drafts
        })
}

fn hunt(draft: &Draft, message: &str, formats: &FlowLogFormats) -> Hunt {
    let document = Document::new(message);
    let details = parse_event_details(&document, "111111111111", "us-east-1", 5);
    let record = Record::new(
        event(message),
        RecordKind::detect(message, details.is_cloudtrail(), formats).discovery(),
    );
    let mut fields: Vec<(String, String)> = record
        .discovered()
        .into_iter()
        .map(|(name, value)| (name, value.to_string()))
        .collect();
    fields.push(("@message".to_owned(), message.to_owned()));
    fields.push(("@logStream".to_owned(), "stream-1".to_owned()));
    let Draft {
        source,
        before,
        condition,
        after,
    } = draft;
    hunt_with_query(
        *source,
        &format!("{before}filter {}{after}", condition.to_query_text(&fields)),
    )
}

fn hunt_with_query(source: HuntSource, query: &str) -> Hunt {
    Hunt {
        name: "random".to_owned(),
        title: String::new(),
        source,
        severity: Severity::Low,
        techniques: Vec::new(),
        parameters: BTreeMap::new(),
        query: query.to_owned(),
        filter_pattern: None,
    }
}

fn event(message: &str) -> Event<'_> {
    Event {
        timestamp: 5,
        ingestion_time: 6,
        log: "111111111111:/g",
        log_stream: "stream-1",
        ptr: "p",
        message,
    }
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => select(&TEXTS[..]).prop_map(|text| json!(text)),
        1 => (select(&TEXTS[..]), select(&TEXTS[..])).prop_map(|(one, other)| json!(format!("{one} {other}"))),
    ]
}

/// A value of a field, including `null` and numbers.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => text(),
        1 => Just(json!(null)),
        1 => Just(json!(1000)),
        1 => Just(json!(true)),
    ]
}

fn message() -> impl Strategy<Value = String> {
    let address = || select(&["192.0.2.1", "192.0.3.9", "10.1.2.3", "-"][..]);
    let port = || select(&["443", "22"][..]);
    let action = || select(&["ACCEPT", "REJECT"][..]);
    let record = ([text(), text(), text()], [value(), value(), value()], any::<bool>(), 0..5_u8).prop_map(
        |([name, source, address], [code, kind, user], is_record, escaped)| {
            let mut record = json!({
                "eventName": name, "eventSource": source, "errorCode": code, "sourceIPAddress": address,
                "userIdentity": { "type": kind }, "requestParameters": { "userName": user },
            });
            if is_record {
                for (name, value) in
                    [("eventID", "e"), ("eventTime", "2026-03-01T12:00:00Z"), ("awsRegion", "us-east-1")]
                {
                    record[name] = json!(value);
                }
            }
            let text = record.to_string();
            match escaped {
                0 => text.replace('/', "\\/").replace('<', "\\u003c"),
                1 => format!(" {text}"),
                2 => text.replace("\"eventName\"", "\"userIdentity.type\":\"Root\",\"eventName\""),
                3 => text.replace(":1000", ":1e3"),
                _ => text,
            }
        },
    );
    prop_oneof![
        4 => record,
        2 => (address(), address(), port(), action()).prop_map(|(source, target, port, action)| {
            format!("2 111111111111 eni-1 {source} {target} {port} 49152 6 20 4249 1 2 {action} OK")
        }),
        2 => (address(), port(), action()).prop_map(|(source, port, action)| format!("{source} {port} {action}")),
        1 => prop::collection::vec(select(&TEXTS[..]), 1..4).prop_map(|texts| texts.join(" ")),
        1 => any::<String>(),
    ]
}

fn formats() -> impl Strategy<Value = FlowLogFormats> {
    select(&["", "${srcaddr} ${dstport} ${action}"][..]).prop_map(|format| {
        let mut formats = FlowLogFormats::default();
        if let Ok(format) = format.parse() {
            formats.add(format);
        }
        formats
    })
}

/// Whether the event is of the kind that the hunt is about, and the evaluated query keeps it.
fn keeps(hunt: &Hunt, message: &str, formats: &FlowLogFormats) -> bool {
    let document = Document::new(message);
    let details = parse_event_details(&document, "111111111111", "us-east-1", 5);
    let kind = RecordKind::detect(message, details.is_cloudtrail(), formats);
    let is_about = match hunt.source {
        HuntSource::CloudTrail => details.is_cloudtrail(),
        HuntSource::VpcFlow => matches!(kind, RecordKind::FlowLog(_)),
        HuntSource::Any => true,
    };
    let record = Record::new(event(message), kind.discovery());
    let query: Query = hunt
        .query
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", hunt.query));
    is_about
        && match Plan::new(&query) {
            Plan::Rows(plan) => plan.row(&record).is_some(),
            Plan::Groups(plan) => plan.add(&record, &mut Partial::default()),
        }
}

/// Whether the hunts' pattern matches a message; also true if they have no pattern.
fn pattern_passes(search_set: &SearchSet, formats: &FlowLogFormats, message: &str) -> bool {
    search_set.pattern(formats, true).is_none_or(|pattern| {
        let parsed = FilterPattern::parse(&pattern);
        parsed
            .unwrap_or_else(|error| panic!("the range refuses {pattern}: {error}"))
            .matches(message)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn pattern_passes_what_the_query_keeps(
        drafts in drafts(),
        messages in prop::collection::vec(message(), 1..4),
        formats in formats(),
        indicator in prop::option::weighted(0.1, select(&["192.0.2.7", "2001:db8::1", "user:bob"][..])),
    ) {
        let indicators: Vec<Indicator> = indicator.iter().map(|text| text.parse().unwrap()).collect();
        // Each hunt is derived from one of the messages and evaluated on all of them.
        let hunts: Vec<Hunt> =
            drafts.iter().zip(messages.iter().cycle()).map(|(draft, message)| hunt(draft, message, &formats)).collect();
        let Ok(search_set) = SearchSet::new(&indicators, &hunts) else { return Ok(()) };
        for message in &messages {
            for hunt in hunts.iter().filter(|hunt| keeps(hunt, message, &formats)) {
                prop_assert!(
                    pattern_passes(&search_set, &formats, message),
                    "{:?} loses {message} of {}", search_set.pattern(&formats, true), hunt.query
                );
            }
        }
    }
}

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

type HuntText = (HuntSource, &'static str);

const DENIED: HuntText = (
    HuntSource::CloudTrail,
    "filter errorCode like /Unauthorized|Denied/",
);
const CREATED: HuntText = (
    HuntSource::CloudTrail,
    "filter eventName in [\"CreateUser\", \"CreateRole\"] and a != 'b'",
);
const REJECTED: HuntText = (
    HuntSource::VpcFlow,
    "filter action = 'REJECT' and isIpv4InSubnet(srcAddr, '10.0.0.0/8')",
);

/// The pattern for these hunts and indicators, or `everything`.
fn pattern_for(hunts: &[HuntText], indicators: &[&str]) -> String {
    let hunts: Vec<Hunt> = hunts
        .iter()
        .map(|(source, query)| hunt_with_query(*source, query))
        .collect();
    let indicators: Vec<Indicator> = indicators
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let search_set = SearchSet::new(&indicators, &hunts).unwrap();
    search_set
        .pattern(&FlowLogFormats::default(), true)
        .unwrap_or_else(|| "everything".to_owned())
}

/// The same, without the escapes that are part of every pattern of terms.
fn terms_for(hunts: &[HuntText], indicators: &[&str]) -> String {
    let pattern = pattern_for(hunts, indicators);
    let escapes = ESCAPES.map(|escape| format!(" ?{escape}")).concat();
    pattern
        .strip_suffix(&escapes)
        .map_or_else(|| panic!("{pattern} excludes escapes"), str::to_owned)
}

/// Checks how narrow the patterns are: which hunts compile to which pattern.
#[test]
fn each_combination_of_hunts_has_its_pattern() {
    assert_eq!(
        pattern_for(&[DENIED], &[]),
        r#"{ (($.errorCode = "*Denied*" || $.errorCode = "*Unauthorized*")) || $.errorCode = "*u00*" }"#
    );
    assert_eq!(
        pattern_for(&[DENIED, CREATED], &[]),
        r#"{ (($.errorCode = "*Denied*" || $.errorCode = "*Unauthorized*")) || (($.eventName = "CreateUser" || $.eventName = "CreateRole")) || $.errorCode = "*u00*" || $.eventName = "*u00*" }"#
    );
    assert_eq!(
        pattern_for(&[REJECTED], &[]),
        r#"[c1, c2, c3, c4 = "10.*", c5, c6, c7, c8, c9, c10, c11, c12, c13 = "REJECT", c14]"#
    );
    assert_eq!(
        terms_for(&[DENIED, REJECTED], &[]),
        r#"?"Denied" ?"REJECT" ?"Unauthorized""#
    );
    assert_eq!(
        pattern_for(&[DENIED], &["192.0.2.1"]),
        r"%192.0.2.1|Denied|Unauthorized|[fF]{4}:[0-9a-fA-F]*:|u002[5dDeE]|u003[0-9aA]|u00[4-7]|\x252[5dDeE]|\x253[0-9aA]|\x25[4-7]%"
    );
    assert_eq!(
        pattern_for(
            &[(HuntSource::Any, "filter errorCode like /(?i)denied/")],
            &[]
        ),
        "everything"
    );
    assert_eq!(
        pattern_for(&[DENIED, (HuntSource::Any, "stats count(*)")], &[]),
        "everything"
    );
}
