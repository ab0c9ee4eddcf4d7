//! The event history on the range: what it contains, and who can read it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::error::ProvideErrorMetadata;
use aws_sdk_cloudtrail::operation::lookup_events::builders::LookupEventsFluentBuilder;
use aws_sdk_cloudtrail::types::Event;
use aws_smithy_types::DateTime;
use dragnet_range::Scenario;
use serde_json::Value;

use super::clients::World;
use crate::scenario::{Behaviour, Record, ScenarioBuilder, Trail};

const MEMBER: &str = "222222222222";
pub(super) const USER: &str = "arn:aws:iam::222222222222:user/ops/mallory";
pub(super) const SESSION: &str = "arn:aws:sts::222222222222:assumed-role/Deploy/ci-runner";
pub(super) const ROOT: &str = "arn:aws:iam::222222222222:root";

/// A range with one member, in which only the given records and calls exist.
pub(super) fn world(tables: &str) -> World {
    let scenario = ScenarioBuilder::new("history")
        .regions(&["us-east-1", "eu-central-1"])
        .account(MEMBER, "member")
        .with(tables);
    World::new(&Scenario::from_toml(&scenario.toml()).unwrap())
}

/// Settings in which the lookups of a test are not in the history that it looks up.
pub(super) fn without_own_calls() -> String {
    Behaviour::new()
        .own_traces(false)
        .empty_pages(false)
        .to_string()
}

pub(super) fn record(region: &str, at: &str, by: &str) -> Record {
    Record::new(MEMBER, region, at, by).ip("198.51.100.23")
}

pub(super) async fn client(world: &World, region: &str) -> Client {
    Client::new(&world.assume(MEMBER, "DragnetRead", region).await)
}

/// All events that a lookup finds.
pub(super) async fn look_up(lookup: LookupEventsFluentBuilder) -> Vec<Event> {
    let mut events = Vec::new();
    let mut token = None;
    loop {
        let page = lookup.clone().set_next_token(token).send().await.unwrap();
        events.extend_from_slice(page.events());
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return events;
        }
    }
}

pub(super) fn names(events: &[Event]) -> Vec<&str> {
    events.iter().filter_map(Event::event_name).collect()
}

pub(super) async fn error_code(lookup: LookupEventsFluentBuilder) -> Option<String> {
    let error = lookup.send().await.unwrap_err();
    error.code().map(str::to_owned)
}

/// The event ids of the records in a log group of the member.
async fn event_ids_in_log_group(world: &World, group: &str) -> BTreeSet<String> {
    let logs = aws_sdk_cloudwatchlogs::Client::new(
        &world.assume(MEMBER, "DragnetRead", "us-east-1").await,
    );
    let page = logs.filter_log_events().log_group_name(group).send().await;
    let id = |message: &str| {
        let record: Value = serde_json::from_str(message).unwrap();
        record["eventID"].as_str().unwrap().to_owned()
    };
    let page = page.unwrap();
    assert_eq!(page.next_token(), None);
    page.events()
        .iter()
        .map(|event| id(event.message().unwrap()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn history_has_all_management_events_whatever_the_trail_records() {
    let trail = Trail::new("own", MEMBER, "us-east-1")
        .multi_region(false)
        .log_group("/trail")
        .records("WriteOnly")
        .to_string();
    let tables = [
        without_own_calls(),
        trail,
        "excluded_sources = [\"kms.amazonaws.com\"]\n".to_owned(),
        record("us-east-1", "3h ago", USER)
            .call("iam", "CreateUser")
            .to_string(),
        record("us-east-1", "2h ago", USER)
            .call("kms", "DisableKey")
            .to_string(),
        record("us-east-1", "1h ago", USER)
            .call("iam", "ListUsers")
            .read_only(true)
            .to_string(),
        record("eu-central-1", "1h ago", USER)
            .call("ec2", "RunInstances")
            .to_string(),
    ];
    let world = world(&tables.concat());
    let here = look_up(client(&world, "us-east-1").await.lookup_events()).await;
    assert_eq!(names(&here), ["ListUsers", "DisableKey", "CreateUser"]);
    let there = look_up(client(&world, "eu-central-1").await.lookup_events()).await;
    assert_eq!(names(&there), ["RunInstances"]);
    let management = Client::new(&world.responder());
    assert!(look_up(management.lookup_events()).await.is_empty());

    let delivered = event_ids_in_log_group(&world, "/trail").await;
    let created = here[2].event_id().unwrap().to_owned();
    assert_eq!(delivered, BTreeSet::from([created]));
}

#[tokio::test(start_paused = true)]
async fn history_has_the_everyday_records_of_trails() {
    let trail = |name: &str| {
        Trail::new(name, MEMBER, "us-east-1")
            .multi_region(false)
            .log_group(format!("/{name}"))
            .events_a_day(20)
            .to_string()
    };
    let tables = [without_own_calls(), trail("first"), trail("second")];
    let world = world(&tables.concat());
    let found = look_up(client(&world, "us-east-1").await.lookup_events()).await;
    let in_history: BTreeSet<String> = found
        .iter()
        .filter_map(|event| event.event_id().map(str::to_owned))
        .collect();
    assert_eq!((found.len(), in_history.len()), (39, 39));
    for group in ["/first", "/second"] {
        assert_eq!(event_ids_in_log_group(&world, group).await, in_history);
    }
}

#[tokio::test(start_paused = true)]
async fn event_has_the_documented_members() {
    let tables = [
        without_own_calls(),
        record("us-east-1", "2h ago", SESSION)
            .call("sts", "AssumeRole")
            .access_key("ASIASESSION222222222")
            .raw("request = { roleArn = \"arn:aws:iam::222222222222:role/Next\" }")
            .read_only(true)
            .to_string(),
        record("us-east-1", "1h ago", ROOT)
            .call("signin", "ConsoleLogin")
            .access_key("")
            .to_string(),
    ];
    let world = world(&tables.concat());
    let found = look_up(client(&world, "us-east-1").await.lookup_events()).await;
    let [login, assumed] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(assumed.event_source(), Some("sts.amazonaws.com"));
    assert_eq!(assumed.read_only(), Some("true"));
    assert_eq!(assumed.access_key_id(), Some("ASIASESSION222222222"));
    assert_eq!(assumed.username(), Some("ci-runner"));
    let role = &assumed.resources()[0];
    assert_eq!(role.resource_type(), Some("AWS::IAM::Role"));
    assert_eq!(
        role.resource_name(),
        Some("arn:aws:iam::222222222222:role/Next")
    );
    let content: Value = serde_json::from_str(assumed.cloud_trail_event().unwrap()).unwrap();
    assert_eq!(content["eventID"].as_str(), assumed.event_id());
    assert_eq!(content["eventTime"], "2026-03-02T10:00:00Z");
    assert_eq!(
        assumed.event_time(),
        Some(&DateTime::from_secs(1_772_445_600))
    );

    assert_eq!(login.access_key_id(), None);
    assert_eq!(login.username(), Some("root"));
    assert_eq!(login.read_only(), Some("false"));
    assert!(login.resources().is_empty());
}

#[tokio::test(start_paused = true)]
async fn calls_to_the_range_appear_after_the_delivery_delay() {
    let world = world("");
    let trail = client(&world, "us-east-1").await;
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(look_up(trail.lookup_events()).await.is_empty());
    tokio::time::advance(Duration::from_mins(5)).await;
    let found = look_up(trail.lookup_events()).await;
    // The role was assumed from the management account, so both accounts have the record.
    assert_eq!(names(&found), ["LookupEvents", "AssumeRole"]);
    assert_eq!(found[0].username(), Some("practice"));
    assert_eq!(found[0].read_only(), Some("true"));
}

#[tokio::test(start_paused = true)]
async fn lookup_needs_its_permission_and_is_throttled() {
    let roles = "[[roles]]\nname = \"DragnetRead\"\nallow = [\"cloudtrail:DescribeTrails\"]\n";
    let denied = world(roles);
    let lookup = client(&denied, "us-east-1").await.lookup_events();
    let code = error_code(lookup).await;
    assert_eq!(code.as_deref(), Some("AccessDeniedException"));

    let throttled = world("");
    throttled
        .range
        .enforce(dragnet_range::Quotas::Real)
        .unwrap();
    let trail = client(&throttled, "us-east-1").await;
    for _ in 0..2 {
        trail.lookup_events().send().await.unwrap();
    }
    let code = error_code(trail.lookup_events()).await;
    assert_eq!(code.as_deref(), Some("ThrottlingException"));
    let other_region = client(&throttled, "eu-central-1").await;
    other_region.lookup_events().send().await.unwrap();
    tokio::time::advance(Duration::from_millis(500)).await;
    trail.lookup_events().send().await.unwrap();
}
