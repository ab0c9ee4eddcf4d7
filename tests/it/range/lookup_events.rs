//! How `LookupEvents` selects and pages the event history of the range, and what it refuses.

use std::collections::BTreeSet;

use aws_sdk_cloudtrail::types::{Event, EventCategory, LookupAttribute, LookupAttributeKey as Key};
use aws_smithy_types::DateTime;

use super::event_history::{
    ROOT, SESSION, USER, client, error_code, look_up, names, record, without_own_calls, world,
};
use crate::scenario::Behaviour;

fn attribute(key: Key, value: &str) -> LookupAttribute {
    LookupAttribute::builder()
        .attribute_key(key)
        .attribute_value(value)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn attributes_select_exactly() {
    let tables = [
        without_own_calls(),
        record("us-east-1", "4h ago", USER)
            .call("iam", "CreateAccessKey")
            .access_key("AKIAMALLORY222222222")
            .raw("request = { userName = \"eve\" }")
            .raw("response = { accessKey = { userName = \"eve\", accessKeyId = \"AKIAEVE2222222222222\" } }")
            .to_string(),
        record("us-east-1", "3h ago", SESSION)
            .call("s3", "ListBuckets")
            .read_only(true)
            .to_string(),
        record("us-east-1", "2h ago", ROOT)
            .call("signin", "ConsoleLogin")
            .access_key("")
            .to_string(),
    ];
    let world = world(&tables.concat());
    let trail = client(&world, "us-east-1").await;
    let all = look_up(trail.lookup_events()).await;
    let newest = all[0].event_id().unwrap();
    let from_key = |key: Key, value: &str| {
        look_up(
            trail
                .lookup_events()
                .lookup_attributes(attribute(key, value)),
        )
    };
    for (key, value, expected) in [
        (
            Key::AccessKeyId,
            "AKIAMALLORY222222222",
            &["CreateAccessKey"][..],
        ),
        (Key::AccessKeyId, "akiamallory222222222", &[]),
        (Key::AccessKeyId, "AKIAEVE2222222222222", &[]),
        (Key::EventId, newest, &["ConsoleLogin"]),
        (Key::EventName, "ListBuckets", &["ListBuckets"]),
        (Key::EventName, "List", &[]),
        (Key::EventSource, "s3.amazonaws.com", &["ListBuckets"]),
        (Key::EventSource, "s3", &[]),
        (Key::ReadOnly, "true", &["ListBuckets"]),
        (Key::ReadOnly, "false", &["ConsoleLogin", "CreateAccessKey"]),
        (
            Key::ResourceName,
            "AKIAEVE2222222222222",
            &["CreateAccessKey"],
        ),
        (Key::ResourceName, "eve", &["CreateAccessKey"]),
        (
            Key::ResourceType,
            "AWS::IAM::AccessKey",
            &["CreateAccessKey"],
        ),
        (Key::Username, "mallory", &["CreateAccessKey"]),
        (Key::Username, "ci-runner", &["ListBuckets"]),
        (Key::Username, "Deploy", &[]),
        (Key::Username, "root", &["ConsoleLogin"]),
    ] {
        let found = from_key(key.clone(), value).await;
        assert_eq!(names(&found), expected, "{key} {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn window_includes_both_ends_of_the_90_days() {
    let at = |at: &str, name: &str| record("us-east-1", at, USER).call("ec2", name).to_string();
    let tables = [
        without_own_calls(),
        at("2025-12-02T11:00:00Z", "TooOld"),
        at("2025-12-02T13:00:00Z", "Oldest"),
        at("2026-03-02T10:00:00.700Z", "Newest"),
    ];
    let world = world(&tables.concat());
    let trail = client(&world, "us-east-1").await;
    let all = look_up(trail.lookup_events()).await;
    assert_eq!(names(&all), ["Newest", "Oldest"]);

    // The time of a record has whole seconds, so this one is at 10:00:00.
    let second = 1_772_445_600;
    let seconds = DateTime::from_secs;
    for (from, to, count) in [
        (seconds(second), seconds(second), 1),
        (
            DateTime::from_millis(second * 1_000 + 1),
            seconds(second + 1),
            0,
        ),
        (seconds(0), seconds(second - 1), 1),
    ] {
        let lookup = trail.lookup_events().start_time(from).end_time(to);
        assert_eq!(look_up(lookup).await.len(), count, "{from:?} {to:?}");
    }
    let open = trail.lookup_events().start_time(seconds(second + 1));
    assert!(look_up(open).await.is_empty());

    let reversed = trail.lookup_events().start_time(seconds(second + 1));
    let too_old = trail.lookup_events().end_time(seconds(1_700_000_000));
    for invalid in [reversed.end_time(seconds(second)), too_old] {
        let code = error_code(invalid).await;
        assert_eq!(code.as_deref(), Some("InvalidTimeRangeException"));
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_newest_first_and_tokens_are_bound_to_the_parameters() {
    let behaviour = Behaviour::new().own_traces(false).to_string();
    let many = record("us-east-1", "5h ago", USER)
        .call("ec2", "RunInstances")
        .count(120)
        .to_string();
    let world = world(&[behaviour, many].concat());
    let trail = client(&world, "us-east-1").await;
    let all = look_up(trail.lookup_events()).await;
    let ids: BTreeSet<_> = all.iter().map(Event::event_id).collect();
    assert_eq!((all.len(), ids.len()), (120, 120));
    let times: Vec<i64> = all
        .iter()
        .map(|event| event.event_time().unwrap().secs())
        .collect();
    assert!(
        times.is_sorted_by(|newer, older| newer > older),
        "{times:?}"
    );

    let empty = trail.lookup_events().send().await.unwrap();
    assert!(empty.events().is_empty());
    let token = empty.next_token().unwrap();
    let page = trail
        .lookup_events()
        .next_token(token)
        .send()
        .await
        .unwrap();
    assert_eq!(page.events().len(), 50);
    let mallory = attribute(Key::Username, "mallory");
    let other_region = client(&world, "eu-central-1").await;
    for other in [
        trail.lookup_events().next_token(token).max_results(49),
        trail
            .lookup_events()
            .next_token(token)
            .lookup_attributes(mallory),
        trail
            .lookup_events()
            .next_token(token)
            .start_time(DateTime::from_secs(0)),
        other_region.lookup_events().next_token(token),
        trail.lookup_events().next_token("AAAA"),
    ] {
        let code = error_code(other).await;
        assert_eq!(code.as_deref(), Some("InvalidNextTokenException"));
    }
}

#[tokio::test(start_paused = true)]
async fn invalid_parameters_are_rejected() {
    let world = world(&without_own_calls());
    let trail = client(&world, "us-east-1").await;
    let lookup = || trail.lookup_events();
    let user = || attribute(Key::Username, "mallory");
    let long = attribute(Key::Username, &"x".repeat(2_001));
    let unknown = attribute(Key::from("SourceIp"), "192.0.2.1");
    let of_insights = lookup().event_category(EventCategory::Insight);
    for (invalid, code) in [
        (lookup().max_results(0), "InvalidMaxResultsException"),
        (lookup().max_results(-1), "InvalidMaxResultsException"),
        (lookup().max_results(51), "InvalidMaxResultsException"),
        (
            lookup().lookup_attributes(user()).lookup_attributes(user()),
            "InvalidLookupAttributesException",
        ),
        (
            lookup().lookup_attributes(long),
            "InvalidLookupAttributesException",
        ),
        (
            lookup().lookup_attributes(unknown),
            "InvalidLookupAttributesException",
        ),
        (
            of_insights.clone().lookup_attributes(user()),
            "InvalidLookupAttributesException",
        ),
        (
            lookup().event_category(EventCategory::from("management")),
            "InvalidEventCategoryException",
        ),
    ] {
        assert_eq!(error_code(invalid).await.as_deref(), Some(code));
    }
    assert!(look_up(of_insights).await.is_empty());
}
