//! Trails on a server that others wrote: one that is logging, and one that was stopped.

use aws_sdk_cloudtrail::Client;

use super::dragnet::dragnet;
use super::moto::{ROLE, management_keys};
use super::server::{Keys, Server};

const REGION: &str = "us-east-1";

/// Creates a trail in each of two accounts, stops that of `member`, and checks the output of
/// `dragnet sources`.
pub(super) async fn assert_stopped_trail_is_reported(
    server: &Server,
    management: &str,
    member: (&str, &Keys),
) {
    create_trail(server, "keeps", management, &management_keys()).await;
    let stopped = create_trail(server, "stopped", member.0, member.1).await;
    stopped.stop_logging().name("stopped").send().await.unwrap();

    let config = format!(
        r#"
[identity]
member_role = "{ROLE}"
"#
    );
    let scope = [
        "--account",
        management,
        "--account",
        member.0,
        "--region",
        REGION,
    ];
    let (output, _) = dragnet(
        server,
        &management_keys(),
        &config,
        &[&["sources", "--json"], &scope[..]].concat(),
    );
    assert_eq!(
        output.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let trail = |account: &str| {
        let mut rows = report["sources"].as_array().unwrap().iter();
        rows.find(|row| row["event_account_id"] == account && row["source"] == "cloudtrail")
            .unwrap()
    };
    let active_row = trail(management);
    let stopped_row = trail(member.0);
    assert_eq!(
        (&active_row["logging"], &stopped_row["logging"]),
        (&true.into(), &false.into()),
        "{report:#}"
    );
    assert_eq!(stopped_row["status"], "stopped", "{report:#}");
    // moto never delivers, so the trail is stale although it claims to be logging.
    assert_eq!(active_row["status"], "stale", "{report:#}");
    assert!(
        active_row["log_group_arn"]
            .as_str()
            .unwrap()
            .ends_with(":log-group:/trail"),
        "{report:#}"
    );
}

async fn create_trail(server: &Server, name: &str, account: &str, keys: &Keys) -> Client {
    let bucket = format!("trail-{account}");
    server.create_bucket(&bucket, keys);
    let trails = Client::new(&server.config(keys, REGION));
    let group = format!("arn:aws:logs:{REGION}:{account}:log-group:/trail:*");
    let create = trails
        .create_trail()
        .name(name)
        .s3_bucket_name(bucket)
        .is_multi_region_trail(true);
    let role = format!("arn:aws:iam::{account}:role/ToLogs");
    create
        .cloud_watch_logs_log_group_arn(group)
        .cloud_watch_logs_role_arn(role)
        .send()
        .await
        .unwrap();
    trails.start_logging().name(name).send().await.unwrap();
    trails
}
