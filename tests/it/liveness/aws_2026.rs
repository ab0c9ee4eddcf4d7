//! Scenarios of what AWS does in 2026 that a sweep once called clean.

use super::group_rows;
use crate::world::{Run, World};

const HEAD: &str = r#"
name = "aws2026"
now = "2026-11-20T12:00:00Z"
seed = 1
[organization]
id = "o-aws2026000"
management = "111111111111"
regions = ["us-east-1"]
[[accounts]]
id = "111111111111"
name = "management"
[[accounts]]
id = "222222222222"
name = "dev"
"#;

const TRAIL: &str = r#"
[[trails]]
name = "org"
account = "111111111111"
home = "us-east-1"
organization = true
log_group = "aws-controltower/CloudTrailLogs"
events_a_day = 20
"#;

/// An import of an event data store: created today, with a record of 60 days ago.
const IMPORT: &str = r#"
[[groups]]
account = "222222222222"
region = "us-east-1"
name = "aws/cloudtrail/f1d45bff-d0e3-4868-b5d9-2eb678aa32fb"
class = "INFREQUENT_ACCESS"
created = "1h ago"
[[events]]
account = "222222222222"
region = "us-east-1"
group = "aws/cloudtrail/f1d45bff-d0e3-4868-b5d9-2eb678aa32fb"
stream = "import"
at = "60d ago"
message = '{"eventVersion":"1.11","eventID":"aaaaaaaa-0000-0000-0000-000000000001","eventTime":"2026-09-21T12:00:00Z","eventName":"CreateAccessKey","eventSource":"iam.amazonaws.com","awsRegion":"us-east-1","recipientAccountId":"222222222222","sourceIPAddress":"198.51.100.99","userIdentity":{"arn":"arn:aws:iam::222222222222:user/mallory"}}'
"#;

/// An OTLP event of which only the first part is stored.
const TRUNCATED: &str = r#"
[[groups]]
account = "222222222222"
region = "us-east-1"
name = "/otel/agent"
[[events]]
account = "222222222222"
region = "us-east-1"
group = "/otel/agent"
stream = "x"
at = "3h ago"
message = '''{"input":{"message":"begin of a prompt that is longer than a megabyte"},"@ptr.$['input']['message']":"CqQBCmcKYzEyMw=="}'''
"#;

async fn sweep(more: &str, arguments: &[&str]) -> Run {
    World::from_toml(&format!("{HEAD}{TRAIL}{more}"))
        .sweep(arguments)
        .await
}

#[tokio::test(start_paused = true)]
async fn import_is_read_although_it_was_created_after_the_window() {
    let window = ["--from", "70d", "--to", "50d", "--account", "222222222222"];
    let run = sweep(IMPORT, &[&["198.51.100.99"][..], &window[..]].concat()).await;
    assert_eq!(
        run.columns("sightings.csv", &["event_name"]),
        ["CreateAccessKey"]
    );
}

#[tokio::test(start_paused = true)]
async fn other_log_group_of_the_class_of_imports_that_is_too_new_is_covered() {
    let group = r#"
[[groups]]
account = "222222222222"
region = "us-east-1"
name = "/archive"
class = "INFREQUENT_ACCESS"
created = "1h ago"
"#;
    let run = sweep(group, &["198.51.100.99", "--from", "70d", "--to", "50d"]).await;
    assert!(
        group_rows(&run).contains(&"/archive skipped created-after-window".to_owned()),
        "{:?}",
        group_rows(&run)
    );
}

#[tokio::test(start_paused = true)]
async fn truncated_events_are_reported_with_both_engines() {
    for engine in ["filter", "insights"] {
        let arguments = ["text:exfil.example", "--engine", engine];
        let run = sweep(TRUNCATED, &arguments).await;
        let expected = "/otel/agent partial truncated-events: truncated events: 1; the rest was not read: \
                        GetLogObject in account 222222222222, us-east-1: InvalidParameterException";
        let rows = group_rows(&run);
        assert!(
            rows.iter().any(|row| row.starts_with(expected)),
            "{engine}: {rows:?}"
        );
        assert_eq!(run.status(), "incomplete");
    }
}

#[tokio::test(start_paused = true)]
async fn trail_group_without_a_record_is_quiet_or_emptied() {
    let trail = TRAIL.replace("events_a_day = 20", "events_a_day = 0");
    let quiet = World::from_toml(&format!("{HEAD}{trail}"));
    for since in ["24h", "10d"] {
        let run = quiet.sweep(&["198.51.100.99", "--since", since]).await;
        let liveness = run.columns("sources.csv", &["source", "status", "liveness"]);
        assert_eq!(run.status(), "complete", "{liveness:?}");
        assert!(
            liveness.contains(&"cloudtrail searched quiet".to_owned()),
            "{liveness:?}"
        );
    }
    let emptied = World::from_toml(&format!("{HEAD}{TRAIL}emptied = \"1m ago\"\n"));
    for since in ["24h", "10d"] {
        let run = emptied.sweep(&["198.51.100.99", "--since", since]).await;
        assert_eq!(run.status(), "incomplete");
        assert!(
            group_rows(&run)
                .iter()
                .any(|row| row.contains("partial records-missing")),
            "{:?}",
            group_rows(&run)
        );
    }
}
