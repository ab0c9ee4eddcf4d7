//! Property tests of hunts: the pattern never excludes an event that the evaluator keeps. The
//! practice range evaluates the pattern here, and its evaluator shares no code with the pattern
//! builder.

mod drafts;
mod escaped_messages;
mod messages;
mod narrowness;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::{FlowLogFormats, RecordKind};
use crate::search::{Document, SearchSet, parse_event_details};
use cw_filter_pattern::FilterPattern;
use drafts::{Draft, drafts};
use dragnet_model::{Hunt, HuntSource, Indicator, Severity};
use insights_ql::{Event, Partial, Plan, Query, Record};
use messages::{formats, message};

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
