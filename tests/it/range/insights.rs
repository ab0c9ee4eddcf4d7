//! Logs Insights on the range: the states of a query, its pages, its limits, and the queries that
//! are rejected.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::start_query::StartQueryError;
use aws_sdk_cloudwatchlogs::types::QueryStatus;

use super::clients::World;
use crate::scenario::Behaviour;

/// 12,000 events that are a second apart, the last one before noon, and two small log groups.
const EVENTS: &str = r#"
    [[groups]]
    account = "222222222222"
    region = "us-east-1"
    name = "/young"
    created = "1h ago"
    [[groups]]
    account = "222222222222"
    region = "us-east-1"
    name = "/brief"
    class = "INFREQUENT_ACCESS"
    retention_days = 1
    [[groups]]
    account = "222222222222"
    region = "us-east-1"
    name = "/delivery"
    class = "DELIVERY"
    [[events]]
    account = "222222222222"
    region = "us-east-1"
    group = "/app"
    at = "2026-03-02T08:00:00Z"
    message = '{"n": "{n}", "kind": "app"}'
    count = 12000
"#;

/// 08:00 and (`NOON`) 12:00 UTC on 2026-03-02, in seconds since the Unix epoch.
const EIGHT: i64 = 1_772_438_400;
const NOON: i64 = EIGHT + 4 * 3_600;

async fn logs(world: &World) -> Client {
    Client::new(
        &world
            .assume("222222222222", "DragnetRead", "us-east-1")
            .await,
    )
}

/// Starts a query. Returns its id, or the code and message of the error.
async fn start(
    logs: &Client,
    group: &str,
    query: &str,
    from: i64,
    to: i64,
) -> Result<String, (String, String)> {
    let request = logs
        .start_query()
        .log_group_name(group)
        .query_string(query)
        .start_time(from)
        .end_time(to);
    match request.send().await {
        Ok(started) => Ok(started.query_id().unwrap().to_owned()),
        Err(error) => Err((
            error.code().unwrap().to_owned(),
            error.message().unwrap().to_owned(),
        )),
    }
}

async fn results(logs: &Client, id: &str) -> GetQueryResultsOutput {
    logs.get_query_results().query_id(id).send().await.unwrap()
}

/// Waits for a query and returns the rows of its first page, without `@ptr`.
async fn rows(logs: &Client, group: &str, query: &str) -> Vec<String> {
    let id = start(logs, group, query, EIGHT, NOON).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let done = results(logs, &id).await;
    assert_eq!(done.status(), Some(&QueryStatus::Complete));
    let values = |row: &Vec<aws_sdk_cloudwatchlogs::types::ResultField>| {
        let visible = row.iter().filter(|field| field.field() != Some("@ptr"));
        visible
            .filter_map(|field| field.value())
            .collect::<Vec<_>>()
            .join("|")
    };
    done.results().iter().map(values).collect()
}

#[tokio::test(start_paused = true)]
async fn query_is_scheduled_runs_and_completes() {
    let world = World::tiny(EVENTS);
    let logs = logs(&world).await;
    let id = start(&logs, "/app", "fields n | sort n", EIGHT, NOON)
        .await
        .unwrap();
    assert_eq!(
        results(&logs, &id).await.status(),
        Some(&QueryStatus::Scheduled)
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    let running = results(&logs, &id).await;
    assert_eq!(running.status(), Some(&QueryStatus::Running));
    assert!(
        (1..10_000).contains(&running.results().len()),
        "{}",
        running.results().len()
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    let done = results(&logs, &id).await;
    assert_eq!(
        (done.status(), done.results().len()),
        (Some(&QueryStatus::Complete), 10_000)
    );
    let statistics = done.statistics().unwrap();
    assert_eq!(
        (statistics.records_scanned(), statistics.records_matched()),
        (12_000.0, 12_000.0)
    );
    assert!(statistics.bytes_scanned() > 300_000.0);
    assert_eq!(done.next_token(), None);
}

#[tokio::test(start_paused = true)]
async fn results_beyond_a_page_have_tokens() {
    let world = World::tiny(EVENTS);
    let logs = logs(&world).await;
    let id = start(
        &logs,
        "/app",
        "fields n | sort @timestamp | limit 100000",
        EIGHT,
        NOON,
    )
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let first = results(&logs, &id).await;
    let token = first.next_token().unwrap();
    let second = logs
        .get_query_results()
        .query_id(&id)
        .next_token(token)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (first.results().len(), second.results().len()),
        (10_000, 2_000)
    );
    assert_eq!(second.results()[1_999][0].value(), Some("11999"));
    assert_eq!(second.next_token(), None);
    let other = start(&logs, "/app", "fields n", EIGHT, NOON).await.unwrap();
    let wrong_query = logs
        .get_query_results()
        .query_id(&other)
        .next_token(token)
        .send()
        .await
        .unwrap_err();
    assert_eq!(wrong_query.code(), Some("InvalidParameterException"));
}

#[tokio::test(start_paused = true)]
async fn window_includes_both_end_seconds() {
    let world = World::tiny(EVENTS);
    let logs = logs(&world).await;
    let id = start(&logs, "/app", "stats count(*) as n", EIGHT + 10, EIGHT + 11)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(results(&logs, &id).await.results()[0][0].value(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn aggregates_limits_and_pointers() {
    let world = World::tiny(EVENTS);
    let logs = logs(&world).await;
    assert_eq!(
        rows(&logs, "/app", "stats count(*), max(n) by kind").await,
        ["app|12000|11999"]
    );
    assert_eq!(
        rows(&logs, "/app", "filter n = 5 or n = 7 | fields n, missing").await,
        ["7", "5"]
    );
    let id = start(&logs, "/app", "filter n = 5", EIGHT, NOON)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let done = results(&logs, &id).await;
    let pointer = done.results()[0]
        .iter()
        .find(|field| field.field() == Some("@ptr"))
        .unwrap()
        .value()
        .unwrap();
    let record = logs
        .get_log_record()
        .log_record_pointer(pointer)
        .send()
        .await
        .unwrap();
    assert_eq!(
        record.log_record().unwrap()["@message"],
        r#"{"n": "5", "kind": "app"}"#
    );
    assert_eq!(record.log_record().unwrap()["kind"], "app");
    assert_eq!(record.log_record().unwrap()["@log"], "222222222222:/app");
    let forged = logs
        .get_log_record()
        .log_record_pointer("nonsense")
        .send()
        .await
        .unwrap_err();
    assert_eq!(forged.code(), Some("InvalidParameterException"));
}

#[tokio::test(start_paused = true)]
async fn concurrency_is_limited_and_stopping_a_query_frees_capacity() {
    let world = World::tiny(EVENTS);
    let logs = logs(&world).await;
    let mut ids = Vec::new();
    for _ in 0..100 {
        ids.push(
            start(&logs, "/young", "fields n", NOON - 60, NOON)
                .await
                .unwrap(),
        );
    }
    let rejected = start(&logs, "/young", "fields n", NOON - 60, NOON)
        .await
        .unwrap_err();
    assert_eq!(rejected.0, "LimitExceededException");
    assert!(
        logs.stop_query()
            .query_id(&ids[0])
            .send()
            .await
            .unwrap()
            .success()
    );
    start(&logs, "/young", "fields n", NOON - 60, NOON)
        .await
        .unwrap();
    assert_eq!(
        results(&logs, &ids[0]).await.status(),
        Some(&QueryStatus::Cancelled)
    );
    let stopped_twice = logs
        .stop_query()
        .query_id(&ids[0])
        .send()
        .await
        .unwrap_err();
    assert_eq!(stopped_twice.code(), Some("InvalidParameterException"));
    let cancelled = logs
        .describe_queries()
        .status(QueryStatus::Cancelled)
        .send()
        .await
        .unwrap();
    assert_eq!(cancelled.queries().len(), 1);
    let page = logs
        .describe_queries()
        .max_results(60)
        .send()
        .await
        .unwrap();
    let rest = logs
        .describe_queries()
        .max_results(60)
        .next_token(page.next_token().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!((page.queries().len(), rest.queries().len()), (60, 41));
}

#[tokio::test(start_paused = true)]
async fn slow_query_times_out() {
    let slow = Behaviour::new()
        .insights_bytes_a_second(10_000)
        .insights_timeout_seconds(5);
    let world = World::tiny(&format!("{slow}{EVENTS}"));
    let logs = logs(&world).await;
    let id = start(&logs, "/app", "fields n", EIGHT, NOON).await.unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    let ended = results(&logs, &id).await;
    assert_eq!(ended.status(), Some(&QueryStatus::Timeout));
    assert!(ended.results().len() < 10_000);
}

/// A `StartQuery` call that is rejected.
struct RejectedQuery {
    group: &'static str,
    query: &'static str,
    from: i64,
    to: i64,
    code: &'static str,
    /// A part of the message.
    message: &'static str,
}

const REJECTED_QUERIES: [RejectedQuery; 6] = [
    RejectedQuery {
        group: "/gone",
        query: "fields a",
        from: EIGHT,
        to: NOON,
        code: "ResourceNotFoundException",
        message: "Log group '/gone' does not exist",
    },
    RejectedQuery {
        group: "/app",
        query: "fields a | filtre b",
        from: EIGHT,
        to: NOON,
        code: "MalformedQueryException",
        message: "column 12",
    },
    RejectedQuery {
        group: "/app",
        query: "fields a",
        from: NOON,
        to: EIGHT,
        code: "InvalidParameterException",
        message: "startTime",
    },
    RejectedQuery {
        group: "/young",
        query: "fields a",
        from: EIGHT,
        to: EIGHT + 60,
        code: "MalformedQueryException",
        message: "creation time or exceeds",
    },
    RejectedQuery {
        group: "/brief",
        query: "fields a",
        from: EIGHT - 172_800,
        to: EIGHT - 86_400,
        code: "MalformedQueryException",
        message: "retention",
    },
    RejectedQuery {
        group: "/delivery",
        query: "fields a",
        from: EIGHT,
        to: NOON,
        code: "InvalidParameterException",
        message: "DELIVERY",
    },
];

#[tokio::test(start_paused = true)]
async fn invalid_queries_are_rejected_with_awss_error() {
    let world = World::tiny(EVENTS);
    let logs = logs(&world).await;
    for rejected in REJECTED_QUERIES {
        let RejectedQuery { group, query, .. } = rejected;
        let (code, message) = start(&logs, group, query, rejected.from, rejected.to)
            .await
            .unwrap_err();
        assert_eq!(code, rejected.code, "{group} {query}");
        assert!(message.contains(rejected.message), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn syntax_error_has_its_location() {
    let world = World::tiny(EVENTS);
    let logs = logs(&world).await;
    let error = logs
        .start_query()
        .log_group_name("/app")
        .query_string("fields a | filtre b")
        .start_time(EIGHT)
        .end_time(NOON)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let StartQueryError::MalformedQueryException(malformed) = error else {
        panic!("{error:?}")
    };
    let location = malformed.query_compile_error().unwrap().location().unwrap();
    assert_eq!(location.start_char_offset(), Some(11));
}

#[tokio::test(start_paused = true)]
async fn unknown_query_id_and_two_group_parameters_are_rejected() {
    let world = World::tiny(EVENTS);
    let logs = logs(&world).await;
    let unknown = logs
        .get_query_results()
        .query_id("no-such-query")
        .send()
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Some("ResourceNotFoundException"));
    let both = logs
        .start_query()
        .log_group_name("/app")
        .log_group_names("/app")
        .query_string("fields a")
        .start_time(EIGHT)
        .end_time(NOON)
        .send()
        .await
        .unwrap_err();
    assert_eq!(both.code(), Some("InvalidParameterException"));
}

#[tokio::test(start_paused = true)]
async fn infrequent_access_allows_five_queries_and_source_selects_groups() {
    let world = World::tiny(EVENTS);
    let logs = logs(&world).await;
    for _ in 0..5 {
        start(&logs, "/brief", "fields n", NOON - 60, NOON)
            .await
            .unwrap();
    }
    assert_eq!(
        start(&logs, "/brief", "fields n", NOON - 60, NOON)
            .await
            .unwrap_err()
            .0,
        "LimitExceededException"
    );
    let query = "SOURCE logGroups(namePrefix: ['/a', '/y']) | stats count(*)";
    let started = logs
        .start_query()
        .query_string(query)
        .start_time(EIGHT)
        .end_time(NOON)
        .send()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let done = results(&logs, started.query_id().unwrap()).await;
    assert_eq!(done.results()[0][0].value(), Some("12000"));
    assert_eq!(done.statistics().unwrap().log_groups_scanned(), 2.0);
}
