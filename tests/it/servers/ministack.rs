//! `ministack` denies what AWS denies: it enforces trust policies, external ids and identity
//! policies.

use std::collections::{BTreeMap, BTreeSet};

use super::dragnet::{Row, dragnet, sweep};
use super::planted::{ADDRESS, Group, plant};
use super::server::{Keys, Server};

const MANAGEMENT: &str = "111111111111";
const ROLE: &str = "DragnetRead";
const EXTERNAL_ID: &str = "for-dragnet-only";
const REGION: &str = "eu-west-1";

/// The actions that a sweep calls. The first one reads events.
const READING: [&str; 7] = [
    "logs:FilterLogEvents",
    "logs:DescribeLogGroups",
    "ec2:DescribeRegions",
    "ec2:DescribeFlowLogs",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:GetEventSelectors",
];

#[tokio::test]
async fn what_is_refused_is_told_and_the_rest_is_swept() {
    let Some(server) = Server::from_env("DRAGNET_MINISTACK_URL") else {
        return;
    };
    server.reset("/_ministack/reset");
    let mut accounts = BTreeMap::new();
    let mut groups = Vec::new();
    for name in ["open", "also-open", "without-role", "without-permission"] {
        let account = create_account(&server, name).await;
        let region = REGION.to_owned();
        let name_of_group = "/aws/app".to_owned();
        groups.push(Group {
            keys: root_of(&account),
            account: account.clone(),
            region,
            name: name_of_group,
        });
        accounts.insert(name, account);
    }
    let planted = plant(&server, &groups, 400).await;
    create_role(&server, &accounts["open"], &READING).await;
    create_role(&server, &accounts["also-open"], &READING).await;
    create_role(&server, &accounts["without-permission"], &READING[1..]).await;

    let config = format!("[identity]\nmember_role = \"{ROLE}\"\nexternal_id = \"{EXTERNAL_ID}\"");
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
        "--progress",
        "none",
    ];
    let run = sweep(&server, &root_of(MANAGEMENT), &config, &arguments);

    assert_eq!(run.exit_code, Some(3), "{}", run.stderr);
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
    assert_wrong_external_id_is_told(&server, &accounts["open"], &arguments);
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

/// Asserts that a wrong `ExternalId` is denied where the right one is accepted, and that
/// `dragnet doctor` reports it.
fn assert_wrong_external_id_is_told(server: &Server, account: &str, arguments: &[&str]) {
    let config = format!("[identity]\nmember_role = \"{ROLE}\"\nexternal_id = \"a-wrong-one\"");
    let arguments = [arguments, &["--account", account]].concat();
    let run = sweep(server, &root_of(MANAGEMENT), &config, &arguments);
    let coverage = run.csv("coverage.csv");
    assert_eq!(
        (run.exit_code, coverage.len()),
        (Some(3), 1),
        "{}",
        run.stderr
    );
    let reason = &coverage[0]["reason"];
    assert!(
        reason.starts_with("role-denied: asked without MFA and with an ExternalId: AssumeRole"),
        "{reason}"
    );
    assert!(reason.contains("compare identity.external_id"), "{reason}");

    let doctor = |id: &str| {
        let config = config.replace("a-wrong-one", id);
        let (output, _) = dragnet(
            server,
            &root_of(MANAGEMENT),
            &config,
            &["doctor", "--account", account, "--region", REGION],
        );
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (code, told) = doctor("a-wrong-one");
    assert!(
        code == Some(3) && told.contains("To do: see that arn:aws:iam::"),
        "{told}"
    );
    let (code, told) = doctor(EXTERNAL_ID);
    assert_eq!(code, Some(0), "{told}");
}

/// An access key id that is an account id, with the secret `test`, belongs to the root user of that
/// account.
fn root_of(account: &str) -> Keys {
    Keys {
        id: account.to_owned(),
        secret: "test".to_owned(),
        token: None,
    }
}

async fn create_account(server: &Server, name: &str) -> String {
    let organizations =
        aws_sdk_organizations::Client::new(&server.config(&root_of(MANAGEMENT), "us-east-1"));
    let create = organizations
        .create_account()
        .account_name(name)
        .email(format!("{name}@example.com"));
    create
        .send()
        .await
        .unwrap()
        .create_account_status
        .unwrap()
        .account_id
        .unwrap()
}

/// Creates a role that the management account may assume with the external id.
async fn create_role(server: &Server, account: &str, actions: &[&str]) {
    let iam = aws_sdk_iam::Client::new(&server.config(&root_of(account), "us-east-1"));
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
