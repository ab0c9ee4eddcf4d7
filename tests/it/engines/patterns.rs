//! Checks that every filter pattern of a search set is accepted by the practice range, which is as
//! strict as AWS documents.
//!
//! That a pattern never excludes a match is tested beside the compiler (`never_excluded`). These
//! tests add large search sets and texts of arbitrary characters.

use std::collections::BTreeMap;

use cw_filter_pattern::FilterPattern;
use dragnet::search::{FlowLogFormats, SearchSet};
use dragnet_model::{Hunt, HuntSource, Indicator, Severity};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// An indicator of any kind. Only a few in ten thousand generated texts are invalid.
fn indicator() -> impl Strategy<Value = Indicator> {
    let kind = |prefix: &'static str, value: &'static str| {
        value.prop_map(move |value| format!("{prefix}{value}"))
    };
    let spelled = prop_oneof![
        any::<std::net::IpAddr>().prop_map(|address| address.to_string()),
        (any::<std::net::Ipv4Addr>(), 0..33)
            .prop_map(|(address, length)| format!("{address}/{length}")),
        (any::<std::net::Ipv6Addr>(), 0..129)
            .prop_map(|(address, length)| format!("{address}/{length}")),
        kind(
            "",
            "arn:aws[a-z-]{0,8}:[a-z0-9]{2,5}:[a-z0-9-]{0,9}:[0-9]{12}:\\PC{1,20}"
        ),
        kind("", "A[KS]IA[A-Z0-9]{16}"),
        kind("domain:", "([a-z0-9]{1,20}\\.){1,4}[a-z]{2,6}"),
        kind("hash:", "[0-9a-fA-F]{32}|[0-9a-fA-F]{64}"),
        kind("user:", "[\\w+=,.@-]{1,30}"),
        kind("role:", "[\\w+=,.@-]{1,30}"),
        kind("event:", "[A-Za-z]{1,30}"),
        kind("resource:", "[\\w.:/-]{1,40}"),
        kind("agent:", "\\PC{1,40}"),
        kind("text:", "\\PC{1,40}"),
        kind("text:", "[%\"\\\\?{}\\[\\]()|*^$./ a-c-]{1,12}"),
    ];
    spelled.prop_filter_map("not an indicator", |text| text.parse().ok())
}

/// A condition that could become a filter pattern, with arbitrary text.
fn condition() -> impl Strategy<Value = String> {
    let field = select(
        &[
            "eventName",
            "errorCode",
            "userAgent",
            "action",
            "srcAddr",
            "@message",
            "`a b`",
            "x.y",
        ][..],
    );
    let text = prop_oneof![
        "\\PC{0,30}",
        "[%\"\\\\?{}()|*^$./ a-c-]{1,12}",
        "[a-zA-Z0-9.:/@_-]{1,400}"
    ];
    (field, text, 0..6_u8).prop_map(|(field, text, form)| {
        let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        match form {
            0 => format!("{field} = {quoted}"),
            1 => format!("{field} like {quoted}"),
            2 => format!("{field} in [{quoted}, \"other\"]"),
            3 => format!("strcontains({field}, {quoted})"),
            4 => format!(
                "{field} like /{}|other/",
                regex::escape(&text).replace('/', "\\/")
            ),
            _ => format!("{field} = {quoted} or action = \"REJECT\""),
        }
    })
}

fn hunt() -> impl Strategy<Value = Hunt> {
    let source = select(&[HuntSource::CloudTrail, HuntSource::VpcFlow, HuntSource::Any][..]);
    (
        source,
        vec(condition(), 1..6),
        select(&[" and ", " or "][..]),
    )
        .prop_map(|(source, conditions, by)| Hunt {
            name: "random".to_owned(),
            title: String::new(),
            source,
            severity: Severity::Low,
            techniques: Vec::new(),
            parameters: BTreeMap::new(),
            query: format!("filter {}", conditions.join(by)),
            filter_pattern: None,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn range_accepts_every_pattern(
        indicators in prop_oneof![4 => vec(indicator(), 0..6), 1 => vec(indicator(), 6..120)],
        hunts in vec(hunt(), 0..4),
    ) {
        let search_set = SearchSet::new(&indicators, &hunts).map_err(|error| TestCaseError::fail(error.to_string()))?;
        if let Some(pattern) = search_set.pattern(&FlowLogFormats::default(), true) {
            let parsed = FilterPattern::parse(&pattern);
            prop_assert!(parsed.is_ok(), "{pattern}: {}", parsed.unwrap_err());
        }
    }
}
