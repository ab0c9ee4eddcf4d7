//! The promise of hunts: whatever the evaluator keeps, the pattern lets through. The pattern is judged by the
//! practice range's evaluator, which shares no code with what made it.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{FlowLogFormats, RecordKind};
use crate::model::{Hunt, HuntSource, Indicator, Severity};
use crate::query::{Event, Partial, Plan, Query, Record};
use crate::range::patterns::FilterPattern;
use crate::search::{Questions, happening};

const FIELDS: [&str; 12] = [
    "eventName",
    "eventSource",
    "errorCode",
    "sourceIPAddress",
    "userIdentity.type",
    "requestParameters.userName",
    "srcAddr",
    "dstPort",
    "action",
    "@message",
    "@timestamp",
    "@logStream",
];
const TEXTS: [&str; 14] = [
    "ListBuckets",
    "s3.amazonaws.com",
    "AccessDenied",
    "Denied",
    "192.0.2.1",
    "192.0.2.",
    "Root",
    "a/b <c>",
    "é*\"q",
    "443",
    "REJECT",
    "true",
    "10.1.2.3",
    "stream-1",
];
const NETWORKS: [&str; 5] = ["192.0.2.0/24", "192.0.2.0/23", "10.0.0.0/8", "192.0.2.1/32", "0.0.0.0/0"];

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn leaf() -> impl Strategy<Value = String> {
    let field = || select(&FIELDS[..]);
    let text = || select(&TEXTS[..]).prop_map(quoted);
    prop_oneof![
        (field(), text()).prop_map(|(field, text)| format!("{field} = {text}")),
        (text(), field()).prop_map(|(text, field)| format!("{text} = {field}")),
        (field(), text()).prop_map(|(field, text)| format!("{field} like {text}")),
        (field(), text()).prop_map(|(field, text)| format!("{field} != {text}")),
        (field(), text(), text()).prop_map(|(field, one, other)| format!("{field} in [{one}, {other}]")),
        (field(), text()).prop_map(|(field, text)| format!("{field} not in [{text}]")),
        (field(), select(&["Denied|Unauthorized", "^List.+s$", "(?i)rej", "AKIA[A-Z]+", "a|b?", r"10\.(1|2)\."][..]))
            .prop_map(|(field, regex)| format!("{field} like /{regex}/")),
        (field(), select(&NETWORKS[..])).prop_map(|(field, net)| format!("isIpv4InSubnet({field}, \"{net}\")")),
        (field(), text()).prop_map(|(field, text)| format!("strcontains({field}, {text})")),
        field().prop_map(|field| format!("ispresent({field})")),
        (field(), 0..500_u16).prop_map(|(field, number)| format!("{field} >= {number}")),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        let several = |by: &'static str| {
            prop::collection::vec(inner.clone(), 2..4).prop_map(move |parts| format!("({})", parts.join(by)))
        };
        prop_oneof![several(" and "), several(" or "), inner.clone().prop_map(|part| format!("not ({part})"))]
    })
}

fn hunt() -> impl Strategy<Value = Hunt> {
    let source = select(&[HuntSource::CloudTrail, HuntSource::VpcFlow, HuntSource::Any][..]);
    let before =
        select(&["", "fields concat(eventName, \"x\") as action | ", "parse @message /(?<srcAddr>[0-9.]+)/ | "][..]);
    let after =
        select(&["", " | sort eventName | limit 3", " | stats count(*) by eventName | filter eventName = \"x\""][..]);
    (source, before, condition(), after).prop_map(|(source, before, condition, after)| Hunt {
        name: "random".to_owned(),
        title: String::new(),
        source,
        severity: Severity::Low,
        techniques: Vec::new(),
        parameters: std::collections::BTreeMap::new(),
        query: format!("{before}filter {condition}{after}"),
        filter_pattern: None,
    })
}

/// A value that a field may have, `null` and numbers among them.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => select(&TEXTS[..]).prop_map(|text| json!(text)),
        2 => (select(&TEXTS[..]), select(&TEXTS[..])).prop_map(|(one, other)| json!(format!("{one} {other}"))),
        1 => Just(json!(null)),
        1 => Just(json!(443)),
        1 => Just(json!(true)),
    ]
}

fn message() -> impl Strategy<Value = String> {
    let address = || select(&["192.0.2.1", "192.0.3.9", "10.1.2.3", "-"][..]);
    let port = || select(&["443", "22"][..]);
    let action = || select(&["ACCEPT", "REJECT"][..]);
    let record =
        (prop::collection::vec(value(), 6), any::<bool>(), 0..4_u8).prop_map(|(values, is_record, escaped)| {
            let field = |at: usize| values.get(at).cloned().unwrap_or(Value::Null);
            let mut record = json!({
                "eventName": field(0), "eventSource": field(1), "errorCode": field(2), "sourceIPAddress": field(3),
                "userIdentity": { "type": field(4) }, "requestParameters": { "userName": field(5) },
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
                _ => text,
            }
        });
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
        format.parse().into_iter().for_each(|format| formats.add(format));
        formats
    })
}

/// Whether the query, evaluated plainly, keeps the event, and it is of the kind that the hunt is about.
fn keeps(hunt: &Hunt, message: &str, formats: &FlowLogFormats) -> bool {
    let told = happening(message, "111111111111", "us-east-1", 5);
    let kind = RecordKind::of(message, &told, formats);
    let is_about = match hunt.source {
        HuntSource::CloudTrail => told.is_cloudtrail(),
        HuntSource::VpcFlow => matches!(kind, RecordKind::FlowLog(_)),
        HuntSource::Any => true,
    };
    let event =
        Event { timestamp: 5, ingestion_time: 6, log: "111111111111:/g", log_stream: "stream-1", ptr: "p", message };
    let record = Record::new(event, kind.discovery());
    let query: Query = hunt.query.parse().unwrap_or_else(|error| panic!("{}: {error}", hunt.query));
    is_about
        && match Plan::new(&query) {
            Plan::Rows(plan) => plan.row(&record).is_some(),
            Plan::Groups(plan) => plan.add(&record, &mut Partial::default()),
        }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_a_query_keeps_is_let_through(
        hunts in prop::collection::vec(hunt(), 1..4),
        messages in prop::collection::vec(message(), 1..8),
        formats in formats(),
        indicator in prop::option::weighted(0.2, select(&["192.0.2.7", "2001:db8::1", "user:bob"][..])),
    ) {
        let indicators: Vec<Indicator> = indicator.iter().map(|text| text.parse().unwrap()).collect();
        let questions = Questions::new(&indicators, &hunts).unwrap();
        let Some(text) = questions.pattern(&formats, true) else { return Ok(()) };
        let pattern = FilterPattern::parse(&text).unwrap_or_else(|error| panic!("the range refuses {text}: {error}"));
        for message in &messages {
            for hunt in hunts.iter().filter(|hunt| keeps(hunt, message, &formats)) {
                prop_assert!(pattern.matches(message), "{text} loses {message} of {}", hunt.query);
            }
        }
    }
}

/// How narrow it is: what is compiled to what.
#[test]
fn each_kind_has_its_pattern() {
    let pattern = |hunts: &[(HuntSource, &str)], indicators: &[&str]| {
        let hunts: Vec<Hunt> = hunts
            .iter()
            .map(|(source, query)| Hunt {
                name: "a".to_owned(),
                title: String::new(),
                source: *source,
                severity: Severity::Low,
                techniques: Vec::new(),
                parameters: std::collections::BTreeMap::new(),
                query: (*query).to_owned(),
                filter_pattern: None,
            })
            .collect();
        let indicators: Vec<Indicator> = indicators.iter().map(|text| text.parse().unwrap()).collect();
        let questions = Questions::new(&indicators, &hunts).unwrap();
        questions.pattern(&FlowLogFormats::default(), true).unwrap_or_else(|| "everything".to_owned())
    };
    let denied = (HuntSource::CloudTrail, "filter errorCode like /Unauthorized|Denied/");
    let created = (HuntSource::CloudTrail, "filter eventName in [\"CreateUser\", \"CreateRole\"] and a != 'b'");
    let rejects = (HuntSource::VpcFlow, "filter action = 'REJECT' and isIpv4InSubnet(srcAddr, '10.0.0.0/8')");
    assert_eq!(pattern(&[denied], &[]), r#"{ ($.errorCode = "*Denied*" || $.errorCode = "*Unauthorized*") }"#);
    assert_eq!(
        pattern(&[denied, created], &[]),
        r#"{ (($.errorCode = "*Denied*" || $.errorCode = "*Unauthorized*")) || (($.eventName = "CreateUser" || $.eventName = "CreateRole")) }"#
    );
    assert_eq!(
        pattern(&[rejects], &[]),
        r#"[c1, c2, c3, c4 = "10.*", c5, c6, c7, c8, c9, c10, c11, c12, c13 = "REJECT", c14]"#
    );
    assert_eq!(pattern(&[denied, rejects], &[]), r#"?"Denied" ?"REJECT" ?"Unauthorized""#);
    assert_eq!(pattern(&[denied], &["192.0.2.1"]), r#"?"Denied" ?"192.0.2.1" ?"Unauthorized""#);
    assert_eq!(pattern(&[(HuntSource::Any, "filter errorCode like /(?i)denied/")], &[]), "everything");
    assert_eq!(pattern(&[denied, (HuntSource::Any, "stats count(*)")], &[]), "everything");
}
