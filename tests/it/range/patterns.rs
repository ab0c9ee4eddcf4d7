//! Filter patterns in `FilterLogEvents`: every kind of pattern, and those that are rejected.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;

use super::clients::World;

#[tokio::test(start_paused = true)]
async fn every_kind_of_pattern_filters_or_is_rejected() {
    let world = World::tiny(
        r#"
        [behaviour]
        empty_pages = false
        [[events]]
        account = "222222222222"
        region = "us-east-1"
        group = "/app"
        at = "2h ago"
        message = '{"code": {n}, "ip": "192.0.2.{n}"}'
        count = 20
        [[events]]
        account = "222222222222"
        region = "us-east-1"
        group = "/app"
        at = "1h ago"
        message = "10.0.0.{n} GET 404"
        count = 20
        "#,
    );
    let logs = Client::new(
        &world
            .assume("222222222222", "DragnetRead", "us-east-1")
            .await,
    );
    for (pattern, count) in [
        ("", Some(40)),
        ("GET", Some(20)),
        ("code -GET", Some(20)),
        ("\"192.0.2.1\"", Some(11)),
        ("?\"192.0.2.7\\\"\" ?\"10.0.0.7 \"", Some(2)),
        (r"%10\.0\.0\.1\d%", Some(10)),
        ("{ $.code >= 5 && $.ip != 192.0.2.19 }", Some(14)),
        ("[ip=10.0.0.7, ..., status=4*]", Some(1)),
        ("user@example.com", None),
        ("{ $.code = }", None),
        ("%(a)%", None),
    ] {
        let response = logs
            .filter_log_events()
            .log_group_name("/app")
            .filter_pattern(pattern)
            .send()
            .await;
        match response {
            Ok(page) => assert_eq!(Some(page.events().len()), count, "{pattern}"),
            Err(error) => assert_eq!(
                (error.code(), count),
                (Some("InvalidParameterException"), None),
                "{pattern}"
            ),
        }
    }
}
