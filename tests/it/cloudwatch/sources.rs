//! What `dragnet sources` names beside log sources.

use std::process::Stdio;

use super::{CENTRAL, DEV, HOME, MANAGEMENT, scenario};
use crate::scenario::{Fault, Trail};
use crate::survive::binary::dragnet;
use crate::survive::served::{Served, unlimited};

/// One of each kind.
const TABLES: &str = r#"
[[pipelines]]
account = "222222222222"
region = "us-east-1"
log_group = "/trail"
[[telemetry_rules]]
name = "own-cloudtrail"
account = "222222222222"
region = "us-east-1"
[[telemetry_rules]]
name = "all-flow-logs"
account = "111111111111"
region = "us-east-1"
organization = true
resource_type = "AWS::EC2::VPC"
[[centralization]]
to_account = "333333333333"
to_region = "us-east-1"
[[channels]]
account = "222222222222"
service = "security-lake"
management = false
[[log_deliveries]]
name = "waf"
account = "222222222222"
region = "us-east-1"
source = "waf-logs"
destination = "arn:aws:s3:::aws-security-data-lake-us-east-1-x"
[[log_deliveries]]
name = "stream"
account = "111111111111"
region = "us-east-1"
log_group = "/trail"
destination = "arn:aws:firehose:us-east-1:111111111111:deliverystream/siem"
"#;

const NAMED: [&str; 7] = [
    "pipeline pipeline-1 in 222222222222 us-east-1",
    "telemetry rule own-cloudtrail of 222222222222 us-east-1 for AWS::CloudTrail",
    "telemetry rule all-flow-logs of the organization for AWS::EC2::VPC",
    "copies log groups of the organization to 333333333333 us-east-1",
    "Security Lake has events of 222222222222 us-east-1",
    "logs that waf-logs in 222222222222 us-east-1 delivers",
    "subscription filter stream copies events of",
];

/// Returns the lines of `not_searched` and `collection`.
async fn lines(more: &str) -> Vec<String> {
    let trail = Trail::new("organization", MANAGEMENT, HOME)
        .organization(true)
        .log_group("/trail");
    let tables = format!("{trail}{TABLES}{more}");
    let served = Served::start(&scenario(&tables), |_, _| None).await;
    let temp = tempfile::tempdir().unwrap();
    unlimited(temp.path());
    let mut command = dragnet(temp.path());
    served.point(&mut command);
    let output = command
        .args(["sources", "--json"])
        .stdout(Stdio::piped())
        .output()
        .await
        .unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let lists = ["not_searched", "collection"].map(|name| document[name].as_array().unwrap());
    lists
        .into_iter()
        .flatten()
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn collection_and_other_stores_are_named() {
    let lines = lines("").await;
    for named in NAMED {
        assert!(
            lines.iter().any(|line| line.contains(named)),
            "{named}: {lines:#?}"
        );
    }
    assert!(
        !lines.iter().any(|line| line.contains("not looked up")),
        "{lines:#?}"
    );
    assert!(
        !lines
            .iter()
            .any(|line| line.contains(&format!("pipeline-1 in {CENTRAL}"))),
        "{lines:#?}"
    );
    let lake = lines.iter().find(|line| line.contains("waf-logs")).unwrap();
    assert!(lake.contains("Security Lake"), "{lake}");
}

#[tokio::test]
async fn each_denied_list_is_one_line() {
    let denied = [
        "ListTelemetryPipelines",
        "ListTelemetryRules",
        "ListTelemetryRulesForOrganization",
        "ListCentralizationRulesForOrganization",
        "DescribeDeliveries",
        "DescribeSubscriptionFilters",
        "ListChannels",
    ];
    let faults = denied.map(|operation| String::from(Fault::denied(operation)));
    let lines = lines(&faults.concat()).await;
    for operation in denied {
        let number = lines
            .iter()
            .filter(|line| line.contains("not looked up") && names(line, operation))
            .count();
        assert_eq!(number, 1, "{operation} of {DEV}: {lines:#?}");
    }
}

/// Whether a line has the name of an operation, and not only as the beginning of a longer one.
fn names(line: &str, operation: &str) -> bool {
    let mut words = line.split(|character: char| !character.is_ascii_alphanumeric());
    words.any(|word| word == operation)
}
