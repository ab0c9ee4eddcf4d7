//! Log groups and events on the range: pages, tokens, limits and faults.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;

use super::clients::World;
use crate::scenario::Fault;

async fn filter_all(logs: &Client, group: &str, pattern: &str) -> (usize, usize) {
    let mut events = 0;
    let mut pages = 0;
    let mut token = None;
    loop {
        let page = logs
            .filter_log_events()
            .log_group_name(group)
            .filter_pattern(pattern)
            .set_next_token(token)
            .send()
            .await;
        let page = page.unwrap();
        events += page.events().len();
        pages += 1;
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return (events, pages);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn central_group_contains_the_story() {
    let world = World::small();
    let logs = Client::new(&world.responder());
    let (events, _) = filter_all(
        &logs,
        "aws-controltower/CloudTrailLogs",
        "\"198.51.100.23\"",
    )
    .await;
    assert_eq!(events, 13);
}

#[tokio::test(start_paused = true)]
async fn empty_pages_have_a_token() {
    let world = World::tiny(
        r#"
        [behaviour]
        events_scanned_a_page = 40
        [[events]]
        account = "222222222222"
        region = "us-east-1"
        group = "/app"
        at = "1h ago"
        message = "number {n} of many"
        count = 200
        "#,
    );
    let logs = Client::new(
        &world
            .assume("222222222222", "DragnetRead", "us-east-1")
            .await,
    );
    assert_eq!(filter_all(&logs, "/app", "many").await.0, 200);
    let (events, pages) = filter_all(&logs, "/app", "\"number 199 \"").await;
    assert_eq!(events, 1);
    assert!(pages >= 5, "{pages}");
}

#[tokio::test(start_paused = true)]
async fn window_includes_both_ends() {
    let world = World::tiny(
        r#"
        [[events]]
        account = "222222222222"
        region = "us-east-1"
        group = "/app"
        at = "2026-03-02T10:00:00Z"
        message = "x"
        count = 3
        "#,
    );
    let logs = Client::new(
        &world
            .assume("222222222222", "DragnetRead", "us-east-1")
            .await,
    );
    let first = 1_772_445_600_000;
    let filter = |from: i64, to: i64| {
        let request = logs
            .filter_log_events()
            .log_group_name("/app")
            .start_time(from)
            .end_time(to);
        async move {
            let mut page = request.clone().send().await.unwrap();
            while page.events().is_empty() && page.next_token().is_some() {
                page = request
                    .clone()
                    .set_next_token(page.next_token)
                    .send()
                    .await
                    .unwrap();
            }
            page.events().len()
        }
    };
    assert_eq!(filter(first, first + 2_000).await, 3);
    assert_eq!(filter(first + 1, first + 1_999).await, 1);
}

#[tokio::test(start_paused = true)]
async fn unknown_group_and_forged_token_are_rejected() {
    let world = World::small();
    let logs = Client::new(&world.responder());
    let missing = logs
        .filter_log_events()
        .log_group_name("/nowhere")
        .send()
        .await
        .unwrap_err();
    assert_eq!(missing.code(), Some("ResourceNotFoundException"));
    let forged = logs
        .filter_log_events()
        .log_group_name("aws-controltower/CloudTrailLogs")
        .next_token("AAAA")
        .send()
        .await
        .unwrap_err();
    assert_eq!(forged.code(), Some("InvalidParameterException"));
}

#[tokio::test(start_paused = true)]
async fn scenario_faults_are_injected() {
    let fault = |kind: &str| Fault::new("DescribeLogGroups", kind).times(1).to_string();
    for (kind, code) in [
        ("throttle", Some("ThrottlingException")),
        ("server-error", Some("InternalFailure")),
        ("expired-token", Some("ExpiredTokenException")),
        ("access-denied", Some("AccessDeniedException")),
        ("unavailable", None),
        ("reset", None),
        ("truncated", None),
    ] {
        let world = World::tiny(&fault(kind));
        let logs = Client::new(&world.responder());
        let error = logs.describe_log_groups().send().await.unwrap_err();
        assert_eq!(error.code(), code, "{kind}");
        let is_reset = error.is_dispatch_failure();
        assert_eq!(is_reset, kind == "reset", "{kind}");
        logs.describe_log_groups().send().await.unwrap();
        let counts = world.range.calls();
        assert_eq!(counts[0].count, 2, "{kind}");
    }
}

trait DispatchFailure {
    fn is_dispatch_failure(&self) -> bool;
}

impl<E, R> DispatchFailure for aws_smithy_runtime_api::client::result::SdkError<E, R> {
    fn is_dispatch_failure(&self) -> bool {
        matches!(self, Self::DispatchFailure(_))
    }
}

#[tokio::test(start_paused = true)]
async fn slow_fault_delays_in_virtual_time() {
    let world = World::tiny(&Fault::slow("DescribeLogGroups", 20_000));
    let before = world.clock().now();
    Client::new(&world.responder())
        .describe_log_groups()
        .send()
        .await
        .unwrap();
    assert!(world.clock().now().duration_since(before).as_secs() >= 20);
}

#[tokio::test(start_paused = true)]
async fn masked_group_hides_addresses_in_every_operation() {
    let world = World::tiny(
        r#"
        [[groups]]
        account = "222222222222"
        name = "/app"
        masked = true
        [[events]]
        account = "222222222222"
        region = "us-east-1"
        group = "/app"
        at = "1h ago"
        message = "from 198.51.100.23"
        "#,
    );
    let reader = Client::new(
        &world
            .assume("222222222222", "DragnetRead", "us-east-1")
            .await,
    );
    assert_eq!(filter_all(&reader, "/app", "\"198.51.100.23\"").await.0, 0);
    assert_eq!(filter_all(&reader, "/app", "from").await.0, 1);
    let error = reader
        .filter_log_events()
        .log_group_name("/app")
        .unmask(true)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    assert!(error.message().unwrap().contains("logs:Unmask"));
    let admin = Client::new(
        &world
            .assume("222222222222", "OrganizationAccountAccessRole", "us-east-1")
            .await,
    );
    let stream = admin
        .get_log_events()
        .log_group_name("/app")
        .log_stream_name("stream");
    let clear = stream.clone().unmask(true).send().await.unwrap();
    assert_eq!(clear.events()[0].message(), Some("from 198.51.100.23"));
    let masked = stream.send().await.unwrap();
    assert_eq!(masked.events()[0].message(), Some("from *************"));
}

#[tokio::test(start_paused = true)]
async fn stream_is_read_from_both_ends() {
    let world = World::tiny(
        r#"
        [[events]]
        account = "222222222222"
        region = "us-east-1"
        group = "/app"
        at = "1h ago"
        message = "{n}"
        count = 5
        "#,
    );
    let logs = Client::new(
        &world
            .assume("222222222222", "DragnetRead", "us-east-1")
            .await,
    );
    let page = |token: Option<String>, head: bool| {
        let request = logs
            .get_log_events()
            .log_group_name("/app")
            .log_stream_name("stream")
            .limit(2);
        let request = request.start_from_head(head).set_next_token(token);
        async move {
            let page = request.send().await.unwrap();
            let text: String = page
                .events()
                .iter()
                .filter_map(|event| event.message())
                .collect();
            (
                text,
                page.next_forward_token.unwrap(),
                page.next_backward_token.unwrap(),
            )
        }
    };
    let (first, forward, _) = page(None, true).await;
    let (second, forward, _) = page(Some(forward), true).await;
    let (third, forward, _) = page(Some(forward), true).await;
    assert_eq!(
        (first.as_str(), second.as_str(), third.as_str()),
        ("01", "23", "4")
    );
    let (end, unchanged, _) = page(Some(forward.clone()), true).await;
    assert_eq!((end.as_str(), unchanged), ("", forward));
    let (newest, _, backward) = page(None, false).await;
    let (older, _, _) = page(Some(backward), false).await;
    assert_eq!((newest.as_str(), older.as_str()), ("34", "12"));
}

#[tokio::test(start_paused = true)]
async fn own_calls_appear_after_delivery() {
    let world = World::small();
    world
        .assume("444444444444", "DragnetRead", "us-east-1")
        .await;
    let logs = Client::new(&world.responder());
    let practice = "\"DragnetRead\" AssumeRole";
    assert_eq!(
        filter_all(&logs, "aws-controltower/CloudTrailLogs", practice)
            .await
            .0,
        0
    );
    tokio::time::advance(std::time::Duration::from_secs(301)).await;
    assert_eq!(
        filter_all(&logs, "aws-controltower/CloudTrailLogs", practice)
            .await
            .0,
        2,
        "one in each account"
    );
}

#[tokio::test(start_paused = true)]
async fn group_is_deleted_between_list_and_search() {
    let world = World::tiny(
        r#"
        [[groups]]
        account = "222222222222"
        name = "/gone"
        [[faults]]
        operation = "FilterLogEvents"
        kind = "delete-group"
        "#,
    );
    let logs = Client::new(
        &world
            .assume("222222222222", "DragnetRead", "us-east-1")
            .await,
    );
    assert_eq!(
        logs.describe_log_groups()
            .send()
            .await
            .unwrap()
            .log_groups()
            .len(),
        1
    );
    let error = logs
        .filter_log_events()
        .log_group_name("/gone")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    assert!(
        logs.describe_log_groups()
            .send()
            .await
            .unwrap()
            .log_groups()
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn repeated_token_and_late_event() {
    let world = World::tiny(
        r#"
        [behaviour]
        events_scanned_a_page = 2
        empty_pages = false
        [[events]]
        account = "222222222222"
        region = "us-east-1"
        group = "/app"
        at = "2h ago"
        message = "in time"
        count = 5
        [[events]]
        account = "222222222222"
        region = "us-east-1"
        group = "/app"
        at = "1h ago"
        ingested = "10m"
        message = "late"
        [[faults]]
        operation = "FilterLogEvents"
        kind = "repeated-token"
        after = 1
        times = 1
        "#,
    );
    let logs = Client::new(
        &world
            .assume("222222222222", "DragnetRead", "us-east-1")
            .await,
    );
    let filter = |token: Option<String>| {
        logs.filter_log_events()
            .log_group_name("/app")
            .set_next_token(token)
            .send()
    };
    let first = filter(None).await.unwrap().next_token;
    let second = filter(first.clone()).await.unwrap().next_token;
    assert_eq!(first, second);
    assert_ne!(filter(second).await.unwrap().next_token, first);
    assert_eq!(filter_all(&logs, "/app", "late").await.0, 0);
    tokio::time::advance(std::time::Duration::from_mins(10)).await;
    assert_eq!(filter_all(&logs, "/app", "late").await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn page_holds_10_000_events_or_a_megabyte() {
    let world = World::tiny(&format!(
        r#"
        [behaviour]
        empty_pages = false
        [[events]]
        account = "222222222222"
        region = "us-east-1"
        group = "/many"
        at = "10h ago"
        message = "x"
        count = 10001
        [[events]]
        account = "222222222222"
        region = "us-east-1"
        group = "/large"
        at = "1h ago"
        message = "{}"
        count = 5
        "#,
        "y".repeat(400_000)
    ));
    let logs = Client::new(
        &world
            .assume("222222222222", "DragnetRead", "us-east-1")
            .await,
    );
    let page = |group: &str| logs.filter_log_events().log_group_name(group).send();
    assert_eq!(page("/many").await.unwrap().events().len(), 10_000);
    assert_eq!(filter_all(&logs, "/many", "").await, (10_001, 2));
    assert_eq!(page("/large").await.unwrap().events().len(), 2);
    assert_eq!(filter_all(&logs, "/large", "").await, (5, 3));
}
