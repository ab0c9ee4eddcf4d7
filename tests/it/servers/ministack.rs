//! `ministack` denies what AWS denies: it enforces trust policies, external ids and identity
//! policies.

use std::collections::{BTreeMap, BTreeSet};

use super::dragnet::{Row, Run, dragnet, sweep};
use super::planted::{ADDRESS, Group, Planted, plant};
use super::server::{Keys, Server};

const MANAGEMENT: &str = "111111111111";
const ROLE: &str = "DragnetRead";
const EXTERNAL_ID: &str = "for-dragnet-only";
const REGION: &str = "eu-west-1";

/// The actions that a sweep calls. The first one reads events.
const READ_ACTIONS: [&str; 7] = [
    "logs:FilterLogEvents",
    "logs:DescribeLogGroups",
    "ec2:DescribeRegions",
    "ec2:DescribeFlowLogs",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:GetEventSelectors",
];

/// The accounts by name.
type Accounts = BTreeMap<&'static str, String>;

#[tokio::test]
async fn denied_accounts_are_reported_and_others_are_swept() {
    let Some(server) = Server::from_env("DRAGNET_MINISTACK_URL") else {
        return;
    };
    server.reset("/_ministack/reset");
    let (accounts, planted) = create_accounts(&server).await;
    let config = format!(
        r#"
[identity]
member_role = "{ROLE}"
external_id = "{EXTERNAL_ID}"
"#
    );
    let from = planted.from.to_string();
    let arguments = [
        ADDRESS,
        // ministack 1.5.33 requires every term of `?a ?b`, where AWS requires one of them. A regular
        // expression switches the prefilter off.
        "regex:^matches nothing$",
        "--from",
        &from,
        "--region",
        REGION,
        // The account that may not read events is denied, whatever its event history has.
        "--sources",
        "logs",
        "--progress",
        "none",
    ];
    let run = sweep(&server, &root_keys(MANAGEMENT), &config, &arguments);

    assert_eq!(run.exit_code, Some(3), "{}", run.stderr);
    assert_coverage(&run, &accounts);
    assert_sightings(&run, &accounts, &planted);
    assert_wrong_external_id_is_denied(&server, &accounts["open"], &arguments);
    assert_doctor_predicts_coverage(&server, &accounts["open"]).await;
    let summary = run.summary();
    assert_eq!(summary["status"], "incomplete");
    assert_eq!(
        (
            &summary["accounts"]["swept"],
            &summary["accounts"]["denied"]
        ),
        (&3.into(), &2.into()),
        "{summary}"
    );
}

/// Creates four accounts with a log group each. Two have the whole role, one has a role that may not
/// read events, and one has none.
async fn create_accounts(server: &Server) -> (Accounts, Planted) {
    let management = root_keys(MANAGEMENT);
    let mut accounts = Accounts::new();
    let mut groups = Vec::new();
    for name in ["open", "also-open", "without-role", "without-permission"] {
        let account = server.create_account(&management, name, None).await;
        groups.push(Group {
            keys: root_keys(&account),
            account: account.clone(),
            region: REGION.to_owned(),
            name: "/aws/app".to_owned(),
        });
        accounts.insert(name, account);
    }
    let planted = plant(server, &groups, 400).await;
    create_role(server, &accounts["open"], &READ_ACTIONS).await;
    create_role(server, &accounts["also-open"], &READ_ACTIONS).await;
    create_role(server, &accounts["without-permission"], &READ_ACTIONS[1..]).await;
    (accounts, planted)
}

fn assert_coverage(run: &Run, accounts: &Accounts) {
    let coverage = run.csv("coverage.csv");
    let row = |name: &str| -> &Row {
        coverage
            .iter()
            .find(|row| row["account_id"] == accounts[name])
            .unwrap()
    };
    assert_eq!(row("open")["status"], "searched");
    assert_eq!(row("also-open")["status"], "searched");
    let no_role = row("without-role");
    assert_eq!(
        (no_role["status"].as_str(), no_role["region"].as_str()),
        ("denied", "")
    );
    let reason = &no_role["reason"];
    assert!(
        reason.contains("AccessDenied")
            && reason.contains("not authorized to perform: sts:AssumeRole"),
        "{reason}"
    );
    let no_permission = row("without-permission");
    assert_eq!(
        (&*no_permission["status"], &*no_permission["denied_by"]),
        ("denied", "identity"),
        "{no_permission:?}"
    );
    assert!(
        no_permission["reason"].contains("logs:FilterLogEvents"),
        "{no_permission:?}"
    );
}

fn assert_sightings(run: &Run, accounts: &Accounts, planted: &Planted) {
    let sightings = run.sightings();
    let found: BTreeSet<&str> = sightings
        .iter()
        .map(|row| row["account_id"].as_str().unwrap())
        .collect();
    assert_eq!(
        found,
        BTreeSet::from([accounts["open"].as_str(), accounts["also-open"].as_str()])
    );
    assert_eq!(
        sightings.len(),
        planted.matches.len() / 2,
        "two of four accounts could be read"
    );
}

/// Asserts that a wrong `ExternalId` is denied where the right one is accepted, and that
/// `dragnet doctor` reports it.
fn assert_wrong_external_id_is_denied(server: &Server, account: &str, arguments: &[&str]) {
    let config = format!(
        r#"
[identity]
member_role = "{ROLE}"
external_id = "a-wrong-one"
"#
    );
    let arguments = [arguments, &["--account", account]].concat();
    let run = sweep(server, &root_keys(MANAGEMENT), &config, &arguments);
    let coverage = run.csv("coverage.csv");
    assert_eq!(
        (run.exit_code, coverage.len()),
        (Some(3), 1),
        "{}",
        run.stderr
    );
    let reason = &coverage[0]["reason"];
    assert!(
        reason.starts_with("role-denied: requested without MFA and with an ExternalId: AssumeRole"),
        "{reason}"
    );
    assert!(reason.contains("compare identity.external_id"), "{reason}");

    let (code, stdout) = run_doctor(server, account, &config);
    assert!(
        code == Some(3) && stdout.contains("To do: check that arn:aws:iam::"),
        "{stdout}"
    );
}

/// Asserts that `dragnet doctor` reports a trail that delivers to S3 only and has delivered nothing,
/// and nothing else: if this gap is accepted, it succeeds.
async fn assert_doctor_predicts_coverage(server: &Server, account: &str) {
    let trails = aws_sdk_cloudtrail::Client::new(&server.config(&root_keys(account), REGION));
    let create = trails.create_trail().name("all").s3_bucket_name("trails");
    let create = create.is_multi_region_trail(true);
    create.send().await.unwrap();
    trails.start_logging().name("all").send().await.unwrap();
    let config = format!(
        r#"
[identity]
member_role = "{ROLE}"
external_id = "{EXTERNAL_ID}"
"#
    );
    let (code, stdout) = run_doctor(server, account, &config);
    assert!(
        code == Some(3)
            && stdout.contains("nothing was ever delivered")
            && !stdout.contains("To do: check that arn:aws:iam::"),
        "{stdout}"
    );
    let accepted = r#"
[[scope.accepted_gap]]
accounts = ["*"]
reason = "ministack delivers nothing"
by = "a test"
expires = "2099-01-01"
"#;
    let (code, stdout) = run_doctor(server, account, &(config + accepted));
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("readable: 1"), "{stdout}");
}

/// Runs `dragnet doctor` for an account, and returns its exit code and output.
fn run_doctor(server: &Server, account: &str, config: &str) -> (Option<i32>, String) {
    let arguments = ["doctor", "--account", account, "--region", REGION];
    let (output, _) = dragnet(server, &root_keys(MANAGEMENT), config, &arguments);
    let stdout = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), stdout)
}

/// An access key id that is an account id, with the secret `test`, belongs to the root user of that
/// account.
fn root_keys(account: &str) -> Keys {
    Keys {
        id: account.to_owned(),
        secret: "test".to_owned(),
        token: None,
    }
}

/// Creates a role that the management account may assume with the external id.
async fn create_role(server: &Server, account: &str, actions: &[&str]) {
    let iam = aws_sdk_iam::Client::new(&server.config(&root_keys(account), "us-east-1"));
    let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{MANAGEMENT}:root")},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
    }]});
    let permissions = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions, "Resource": "*"},
    ]});
    iam.create_role()
        .role_name(ROLE)
        .assume_role_policy_document(trust.to_string())
        .send()
        .await
        .unwrap();
    let put = iam
        .put_role_policy()
        .role_name(ROLE)
        .policy_name("read")
        .policy_document(permissions.to_string());
    put.send().await.unwrap();
}
