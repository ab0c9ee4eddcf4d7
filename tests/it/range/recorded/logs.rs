//! Source: `tests/aws/services/logs/test_logs_{groups,streams,events,filter_events,queries}.py` and
//! their snapshots.

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::{ACCOUNT, Expected, Tally, administrator, error};

/// The members of a log group, with the key that encrypts it or without.
const GROUP: &str = "logGroups.arn logGroups.creationTime logGroups.deletionProtectionEnabled=false logGroups.logGroupArn \
                     logGroups.logGroupClass=STANDARD logGroups.logGroupName logGroups.metricFilterCount=0 \
                     logGroups.storedBytes=0";
const GROUP_BY_PATTERN: &str = "logGroups.arn logGroups.creationTime logGroups.logGroupArn \
                                logGroups.logGroupClass=STANDARD logGroups.logGroupName logGroups.metricFilterCount=0";
const STREAM: &str =
    "logStreams.arn logStreams.creationTime logStreams.logStreamName logStreams.storedBytes=0";
const NO_GROUP: &str = "The specified log group does not exist.";
const NO_STREAM: &str = "The specified log stream does not exist.";
const DAY_MS: i64 = 86_400_000;

/// An operation and its input.
type Call = Option<(&'static str, Value)>;

async fn logs(client: &Client, operation: &str, input: Value) -> Answer {
    client.send("logs", operation, input).await
}

fn invalid(message: &str) -> Expected {
    error(400, "InvalidParameterException", message)
}

pub(super) async fn replay(tally: &mut Tally) {
    let client = administrator();
    groups(&client, tally).await;
    tags(&client, tally).await;
    streams(&client, tally).await;
    events(&client, tally).await;
    queries(&client, tally).await;
}

async fn create_group(client: &Client, name: &str) {
    let created = logs(client, "CreateLogGroup", json!({"logGroupName": name})).await;
    assert_eq!(created.status, 200, "{}", created.body);
}

async fn groups(client: &Client, tally: &mut Tally) {
    let key = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555");
    let create = json!({"logGroupName": "encrypted", "kmsKeyId": key});
    logs(client, "CreateLogGroup", create).await;
    let prefix = json!({"logGroupNamePrefix": "encrypted"});
    let described = logs(client, "DescribeLogGroups", prefix).await;
    let with_key = "logGroups.arn logGroups.creationTime logGroups.deletionProtectionEnabled=false logGroups.kmsKeyId \
                    logGroups.logGroupArn logGroups.logGroupClass=STANDARD logGroups.logGroupName \
                    logGroups.metricFilterCount=0 logGroups.storedBytes=0";
    let test = "test_create_log_group_with_kms_key";
    tally.compare(
        test,
        "describe-log-groups-with-kms",
        &described,
        Expected::Members(with_key),
    );
    assert_eq!(described.text("logGroups.kmsKeyId"), key);

    for name in ["test-1", "test-2", "test-3", "unique-x7"] {
        create_group(client, name).await;
    }
    let again = logs(client, "CreateLogGroup", json!({"logGroupName": "test-1"})).await;
    let message = "The specified log group already exists";
    let expected = error(400, "ResourceAlreadyExistsException", message);
    let test = "test_create_log_group_duplicate_error";
    tally.compare(test, "error-duplicate-log-group", &again, expected);
    let long = json!({"logGroupName": "a".repeat(513)});
    let refused = logs(client, "CreateLogGroup", long).await;
    let message = "Invalid LogGroup or LogStream, both must have length less than or equal to 512.";
    let test = "test_create_log_group_invalid_name_length";
    tally.compare(
        test,
        "error-invalid-name-length",
        &refused,
        invalid(message),
    );
    let prefix = json!({"logGroupNamePrefix": "test-"});
    let described = logs(client, "DescribeLogGroups", prefix).await;
    let test = "test_describe_log_groups_with_prefix";
    tally.compare(
        test,
        "describe-log-groups-prefix",
        &described,
        Expected::Members(GROUP),
    );
    let pattern = json!({"logGroupNamePattern": "unique-x7"});
    let described = logs(client, "DescribeLogGroups", pattern).await;
    // AWS also returned a token, although there is no second page. A token that leads nowhere is not
    // imitated.
    let test = "test_describe_log_groups_with_pattern";
    let expected = Expected::Members(GROUP_BY_PATTERN);
    tally.compare(test, "describe-log-groups-pattern", &described, expected);
    let test = "test_list_log_groups_with_pattern";
    let expected = Expected::Members(GROUP_BY_PATTERN);
    tally.compare(test, "list-log-groups-match", &described, expected);
    let none = json!({"logGroupNamePattern": "no-such-group"});
    let listed = logs(client, "ListLogGroups", none).await;
    let expected = Expected::Members("logGroups=");
    tally.compare(test, "list-log-groups-no-match", &listed, expected);
    let both = json!({"logGroupNamePattern": "a", "logGroupNamePrefix": "a"});
    let refused = logs(client, "DescribeLogGroups", both).await;
    let message =
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
    let test = "test_describe_log_groups_prefix_and_pattern_error";
    tally.compare(test, "error-prefix-and-pattern", &refused, invalid(message));
}

async fn tags(client: &Client, tally: &mut Tally) {
    let create = json!({"logGroupName": "tagged", "tags": {"env": "testing1"}});
    logs(client, "CreateLogGroup", create).await;
    let name = json!({"logGroupName": "tagged"});
    let arn = json!({"resourceArn": format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:tagged")});
    let with = |mut input: Value, member: &str, value: Value| {
        input[member] = value;
        input
    };
    let test = "test_tag_resource_api";
    let steps: [(&str, Call, &'static str); 4] = [
        ("create", None, "tags.env=testing1"),
        (
            "tag-resource",
            Some((
                "TagResource",
                with(
                    arn.clone(),
                    "tags",
                    json!({"test1": "val1", "test2": "val2"}),
                ),
            )),
            "tags.env=testing1 tags.test1=val1 tags.test2=val2",
        ),
        (
            "tag-log-group",
            Some((
                "TagLogGroup",
                with(name.clone(), "tags", json!({"test3": "val3"})),
            )),
            "tags.env=testing1 tags.test1=val1 tags.test2=val2 tags.test3=val3",
        ),
        (
            "untag",
            Some((
                "UntagResource",
                with(arn.clone(), "tagKeys", json!(["env", "test1", "test3"])),
            )),
            "tags.test2=val2",
        ),
    ];
    for (step, change, members) in steps {
        if let Some((operation, input)) = change {
            let changed = logs(client, operation, input).await;
            assert_eq!(changed.status, 200, "{}", changed.body);
        }
        let by_name = logs(client, "ListTagsLogGroup", name.clone()).await;
        let step_by_name = format!("list-tags-log-group-after-{step}");
        tally.compare(test, &step_by_name, &by_name, Expected::Members(members));
        let by_arn = logs(client, "ListTagsForResource", arn.clone()).await;
        let step_by_arn = format!("list-tags-for-resource-after-{step}");
        tally.compare(test, &step_by_arn, &by_arn, Expected::Members(members));
    }
    let untag = with(name.clone(), "tags", json!(["test2"]));
    logs(client, "UntagLogGroup", untag).await;
    let listed = logs(client, "ListTagsLogGroup", name).await;
    let test = "test_untag_log_group";
    tally.compare(
        test,
        "list-tags-after-untag",
        &listed,
        Expected::Members("tags="),
    );
}

async fn streams(client: &Client, tally: &mut Tally) {
    create_group(client, "streams").await;
    let stream = json!({"logGroupName": "streams", "logStreamName": "one"});
    logs(client, "CreateLogStream", stream.clone()).await;
    let arn = format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:streams");
    for (test, step, input) in [
        (
            "test_create_and_delete_log_stream",
            "describe-log-streams-after-create",
            json!({"logGroupName": "streams"}),
        ),
        (
            "test_describe_log_streams_with_log_group_identifier",
            "describe-streams-identifier-name",
            json!({"logGroupIdentifier": "streams"}),
        ),
        (
            "test_describe_log_streams_with_log_group_identifier",
            "describe-streams-identifier-arn",
            json!({"logGroupIdentifier": arn}),
        ),
        (
            "test_describe_log_streams_with_prefix",
            "describe-streams-with-prefix",
            json!({"logGroupName": "streams", "logStreamNamePrefix": "o"}),
        ),
        (
            "test_log_stream_arn_format",
            "describe-log-streams-with-arn",
            json!({"logGroupName": "streams"}),
        ),
    ] {
        let described = logs(client, "DescribeLogStreams", input).await;
        tally.compare(test, step, &described, Expected::Members(STREAM));
    }
    let both = json!({"logGroupName": "streams", "logGroupIdentifier": arn});
    let refused = logs(client, "DescribeLogStreams", both).await;
    let message = "LogGroup name and LogGroup ARN are mutually exclusive parameters.";
    let test = "test_describe_log_streams_with_log_group_identifier";
    let expected = error(400, "ValidationException", message);
    tally.compare(test, "error-both-name-and-identifier", &refused, expected);
    let again = logs(client, "CreateLogStream", stream).await;
    let message = "The specified log stream already exists";
    let test = "test_create_log_stream_duplicate_error";
    let expected = error(400, "ResourceAlreadyExistsException", message);
    tally.compare(test, "error-duplicate-log-stream", &again, expected);
}

async fn events(client: &Client, tally: &mut Tally) {
    create_group(client, "events").await;
    let stream = json!({"logGroupName": "events", "logStreamName": "one"});
    logs(client, "CreateLogStream", stream).await;
    written_events(client, tally).await;
    read_events(client, tally).await;
}

fn not_found(message: &str) -> Expected {
    error(400, "ResourceNotFoundException", message)
}

async fn written_events(client: &Client, tally: &mut Tally) {
    let now_ms = client.clock.now().as_millisecond();
    let order = "Log events in a single PutLogEvents request must be in chronological order.";
    let old = "nextSequenceToken rejectedLogEventsInfo.tooOldLogEventEndIndex";
    let new = "nextSequenceToken rejectedLogEventsInfo.tooNewLogEventStartIndex";
    for (test, stream, times, expected) in [
        (
            "test_put_log_events_to_invalid_stream",
            "other",
            vec![now_ms],
            not_found(NO_STREAM),
        ),
        (
            "test_put_log_events_wrong_order",
            "one",
            vec![now_ms, now_ms - 2 * DAY_MS],
            invalid(order),
        ),
        (
            "test_put_log_events_too_old",
            "one",
            vec![now_ms - 30 * DAY_MS],
            Expected::Members(old),
        ),
        (
            "test_put_log_events_too_new",
            "one",
            vec![now_ms + DAY_MS],
            Expected::Members(new),
        ),
    ] {
        let events: Vec<Value> = times
            .iter()
            .map(|time| json!({"timestamp": time, "message": "m"}))
            .collect();
        let input = json!({"logGroupName": "events", "logStreamName": stream, "logEvents": events});
        let answer = logs(client, "PutLogEvents", input).await;
        tally.compare(test, "PutLogEvents", &answer, expected);
    }
}

async fn read_events(client: &Client, tally: &mut Tally) {
    let limit = "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have \
                 value less than or equal to 10000";
    let token = "The specified nextToken is invalid.";
    for (test, operation, input, expected) in [
        (
            "test_get_log_events_invalid_token",
            "GetLogEvents",
            json!({"logGroupName": "events", "logStreamName": "one", "nextToken": "invalid-token"}),
            invalid(token),
        ),
        (
            "test_get_log_events_limit_validation",
            "GetLogEvents",
            json!({"logGroupName": "events", "logStreamName": "one", "limit": 10_001}),
            invalid(limit),
        ),
        (
            "test_resource_does_not_exist",
            "GetLogEvents",
            json!({"logGroupName": "no-such-group", "logStreamName": "one"}),
            not_found(NO_GROUP),
        ),
        (
            "test_resource_does_not_exist",
            "GetLogEvents",
            json!({"logGroupName": "events", "logStreamName": "no-such-stream"}),
            not_found(NO_STREAM),
        ),
        (
            "test_filter_log_events_limit_validation",
            "FilterLogEvents",
            json!({"logGroupName": "events", "limit": 10_001}),
            invalid(limit),
        ),
        (
            "test_filter_log_events_unknown_token",
            "FilterLogEvents",
            json!({"logGroupName": "events", "nextToken": "nonexistent-token"}),
            invalid(token),
        ),
    ] {
        let answer = logs(client, operation, input).await;
        tally.compare(test, operation, &answer, expected);
    }
}

async fn queries(client: &Client, tally: &mut Tally) {
    create_group(client, "queries").await;
    let now = client.clock.now().as_second();
    let from = now - 3_600;
    let to = now + 300;
    let query = |group: &str| json!({"logGroupName": group, "startTime": from, "endTime": to, "queryString": "fields @message"});
    let started = logs(client, "StartQuery", query("queries")).await;
    tally.compare(
        "test_start_query_basic",
        "start-query",
        &started,
        Expected::Members("queryId"),
    );
    let refused = logs(client, "StartQuery", query("no-such-group")).await;
    let (code, message) = refused.error();
    // The message ends with the id of a request.
    let expected = format!(
        "Log group 'no-such-group' does not exist for account ID '{ACCOUNT}' (Service: AWSLogs; Status Code: 400; \
         Error Code: ResourceNotFoundException; Request ID: "
    );
    assert!(message.starts_with(&expected), "{message}");
    assert!(message.ends_with("; Proxy: null)"), "{message}");
    let test = "test_start_query_log_group_not_found";
    assert_eq!(code, "ResourceNotFoundException");
    let same = error(400, "ResourceNotFoundException", message);
    tally.compare(test, "error-log-group-not-found", &refused, same);

    let row = "queries.createTime queries.logGroupName=queries queries.queryId queries.queryLanguage=CWLI \
               queries.queryString queries.status";
    let of_group = json!({"logGroupName": "queries"});
    let described = logs(client, "DescribeQueries", of_group.clone()).await;
    tally.compare(
        "test_describe_queries",
        "describe-queries",
        &described,
        Expected::Members(row),
    );
    assert_eq!(
        described.text("queries.queryString"),
        format!("SOURCE \"queries\" START={from}000 END={to}999 | fields @message")
    );
    tokio::time::advance(std::time::Duration::from_secs(30)).await;
    let test = "test_describe_queries_with_status_filter";
    for (step, status, members) in [
        ("describe-queries-complete", "Complete", row),
        ("describe-queries-scheduled", "Scheduled", "queries="),
    ] {
        let mut input = of_group.clone();
        input["status"] = json!(status);
        let described = logs(client, "DescribeQueries", input).await;
        tally.compare(test, step, &described, Expected::Members(members));
    }
}
