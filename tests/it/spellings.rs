//! The spellings in which indicators are found, and near misses: the table of `docs/indicators.md`.

use crate::world::{World, event, record};

/// An indicator, messages that contain it, and messages that do not.
type Case = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const CASES: [Case; 10] = [
    (
        "192.0.2.1",
        &[
            r#"{"peer":"::ffff:c000:201"}"#,
            "from [0:0:0:0:0:FFFF:C000:0201]:443",
            r#"{"node":"system:node:ip-192-0-2-1.ec2.internal"}"#,
            "ip-192-0-2-1 sshd[1]: closed",
            "host ec2-192-0-2-1.compute-1.amazonaws.com",
            "IP 192.0.2.1.443 > 10.0.0.9.50000: Flags [S]",
            "IP 10.0.0.9.50000 > 192.0.2.1.22: Flags [S]",
            r#"{"flow":"192.0.2.1.443"}"#,
            "GET /?next=http%3A%2F%2F192%2E0%2E2%2E1%2F",
            "GET /?ip=%253192.0.2.1",
            r#"{"q":"ip=\u00253192.0.2.1"}"#,
        ],
        &[
            "::ffff:c000:202",
            "64:ff9b::c000:201",
            "ip-192-0-2-10.ec2.internal",
            "zip-192-0-2-1",
            "192.0.2.1.7",
            "IP 192.0.2.10.443 > 10.0.0.9.50000: Flags [S]",
            "GET /?ip=192%2E0%2E2%2E10",
        ],
    ),
    (
        "2001:db8::1",
        &[
            "GET /?ip=%5B2001%3Adb8%3A%3A1%5D",
            r#"{"url":"https://%5b2001%3aDB8%3a0%3a0%3a0%3a0%3a0%3a1%5d/"}"#,
            "GET /?u=http%253A%252F%252F%255B2001%253Adb8%253A%253A1%255D",
        ],
        &["GET /?ip=%5B2001%3Adb8%3A%3A10%5D"],
    ),
    (
        "192.0.2.0/28",
        &[
            "::ffff:c000:20f",
            "ip-192-0-2-15.eu-west-1.compute.internal",
        ],
        &["::ffff:c000:210", "ip-192-0-2-16.ec2.internal"],
    ),
    (
        "arn:aws:iam::222222222222:user/ben",
        &[
            "GET /?arn=arn%3Aaws%3Aiam%3A%3A222222222222%3Auser%2Fben",
            "GET /users/arn:aws:iam::222222222222:user%2Fben?max=9",
            "GET /?x=arn%253Aaws%253Aiam%253A%253A222222222222%253Auser%252Fben&y",
            r#"{"body":"arn=arn%3aaws%3aiam%3a%3a222222222222%3auser%2fben"}"#,
        ],
        &["GET /?arn=arn%3Aaws%3Aiam%3A%3A222222222222%3Auser%2Fbenjamin"],
    ),
    (
        "user:carol",
        &[
            r#"{"arn":"arn:aws:sts::222222222222:assumed-role/X/carol"}"#,
            r#"{"arn":"arn:aws:sts::222222222222:assumed-role/X/carol@example.com"}"#,
            r#"{"principalId":"AIDAX:carol"}"#,
            r#"{"principalId":"AROAX:carol"}"#,
            r#"{"userName":"carol@example.com"}"#,
            r#"{"userIdentity":{"type":"IdentityCenterUser"},"additionalEventData":{"UserName":"carol@example.com"}}"#,
            r#"{"log":"INFO {\"userName\":\"carol\"}"}"#,
            r#"{"detail":{"requestParameters":{"roleSessionName":"carol"}}}"#,
        ],
        &[
            r#"{"arn":"arn:aws:sts::222222222222:assumed-role/carol/x"}"#,
            r#"{"arn":"arn:aws:sts::222222222222:assumed-role/X/carol-2"}"#,
            r#"{"principalId":"AROAX:carolus"}"#,
            r#"{"userName":"ann.carol@example.com"}"#,
            r#"{"log":"INFO {\"userName\":\"carolus\"}"}"#,
            r#"{"note":"carol"}"#,
        ],
    ),
    (
        "user:carol@example.com",
        &[
            r#"{"userName":"carol@example.com"}"#,
            r#"{"arn":"arn:aws:sts::222222222222:assumed-role/AWSReservedSSO_A_0/carol@example.com"}"#,
            r#"{"principalId":"AROAX:carol@example.com"}"#,
        ],
        &[
            r#"{"userName":"carol"}"#,
            r#"{"userName":"carol@example.com.au"}"#,
        ],
    ),
    (
        "event:StopLogging",
        &[
            r#"{"log":"INFO {\"eventName\":\"StopLogging\"}","stream":"stdout"}"#,
            r#"{"log":"INFO {\"detail\":{\"eventName\":\"StopLogging\",\"cut","stream":"stdout"}"#,
            r#"{"detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"StopLogging"}}"#,
            r#"{"log":"{\"log\":\"x {\\\"eventName\\\":\\\"StopLogging\\\"}\"}"}"#,
        ],
        &[
            r#"{"log":"INFO {\"eventName\":\"StopLoggingX\"}"}"#,
            r#"{"log":"INFO {\"name\":\"StopLogging\"}"}"#,
        ],
    ),
    (
        "role:Admin",
        &[
            r#"{"log":"x {\"arn\":\"arn:aws:sts::222222222222:assumed-role/Admin/s\"}"}"#,
            r#"{"log":"x {\"sessionIssuer\":{\"type\":\"Role\",\"userName\":\"Admin\"}}"}"#,
        ],
        &[r#"{"log":"x {\"sessionIssuer\":{},\"userName\":\"Admin\"}"}"#],
    ),
    (
        "resource:prod",
        &[
            r#"{"bucketName":"prod"}"#,
            r#"{"resources":[{"ARN":"arn:aws:s3:::prod/key"}]}"#,
            r#"{"log":"x {\"functionName\":\"prod\"}"}"#,
            r#"{"arn":"arn:aws:sts::222222222222:assumed-role/prod/s"}"#,
            "secret arn:aws:secretsmanager:us-east-1:222222222222:secret:prod-Ab12Cd",
            "deleted bucket prod.",
        ],
        &[
            r#"{"bucketName":"prod-logs"}"#,
            r#"{"resources":[{"ARN":"arn:aws:s3:::prod-logs/prod.txt"}]}"#,
            r#"{"note":"in prod"}"#,
            "deleted bucket my-prod",
        ],
    ),
    (
        "agent:kali",
        &[r#"{"log":"x {\"userAgent\":\"aws-cli kali/2026\"}"}"#],
        &[r#"{"log":"x {\"city\":\"old kali\"}"}"#],
    ),
];

#[tokio::test(start_paused = true)]
async fn indicators_are_found_in_every_documented_spelling() {
    for (indicator, matching, others) in CASES {
        let mut events = String::new();
        for (at, message) in matching.iter().chain(others).enumerate() {
            let time = format!("{}m ago", 200 - at);
            events += &event("222222222222", "us-east-1", "/app", &time, message);
        }
        let world = World::small_with(&events);
        for engine in ["filter", "insights"] {
            let run = world
                .sweep(&[indicator, "--since", "24h", "--engine", engine])
                .await;
            let found = run.columns("sightings.csv", &["message"]);
            assert_eq!(found, matching, "{engine}: {indicator}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn record_in_event_of_eventbridge_is_reported_like_a_record() {
    let time = "2026-03-02T11:00:00Z";
    let record = record("e1", "333333333333", "eu-west-1", time, "192.0.2.1");
    let message = format!(
        r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","account":"333333333333","detail":{record}}}"#
    );
    let planted = event("222222222222", "us-east-1", "/app", "50m ago", &message);
    let run = World::small_with(&planted).sweep(&["192.0.2.1"]).await;
    let row = run.columns(
        "sightings.csv",
        &[
            "event_time",
            "event_account_id",
            "event_region",
            "event_name",
            "principal_arn",
            "source_ip",
            "record_id",
            "matched_fields",
        ],
    );
    assert_eq!(
        row,
        [
            "2026-03-02T11:00:00.000Z 333333333333 eu-west-1 ListBuckets arn:aws:iam::333333333333:user/bob \
             192.0.2.1 e1 detail.sourceIPAddress"
        ]
    );
}
