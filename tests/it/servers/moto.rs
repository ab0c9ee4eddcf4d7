//! `moto`: an organization with real pagination, created with the Organizations API.

use std::collections::BTreeSet;

use aws_sdk_sts::Client as Sts;

use super::dragnet::{Run, dragnet, sweep};
use super::planted::{ADDRESS, Group, GroupKey, Planted, plant};
use super::server::{Keys, Server};
use super::sources::assert_a_stopped_trail_is_told;
use super::template::assert_template_makes_the_roles;

pub const ROLE: &str = "OrganizationAccountAccessRole";
pub const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];

/// More than one page of `DescribeLogGroups`.
const GROUPS_IN_ONE_REGION: usize = 60;
const EVENTS: usize = 3_000;
const MATCHES: usize = 450;
/// A configuration for accounts that no trail records.
pub const WITHOUT_TRAILS: &str = "[scope]\nsources = \"report\"\n";

pub struct Organization {
    management: String,
    closed: String,
    pub planted: Planted,
}

#[tokio::test]
async fn every_match_is_found_and_every_group_is_accounted_for() {
    let Some(server) = Server::from_env("DRAGNET_MOTO_URL") else {
        return;
    };
    server.reset("/moto-api/reset");
    let organization = organization(&server).await;
    let planted = &organization.planted;
    assert_eq!(planted.matches.len(), MATCHES);
    let from = planted.from.to_string();

    let [a, b, c] = REGIONS;
    let regions = ["--region", a, "--region", b, "--region", c];
    let arguments = [
        &[
            ADDRESS,
            "--from",
            &from,
            "--member-role",
            ROLE,
            "--progress",
            "none",
        ],
        &regions[..],
    ]
    .concat();
    let run = sweep(&server, &management_keys(), WITHOUT_TRAILS, &arguments);

    assert_eq!(run.exit_code, Some(0), "{}", run.stderr);
    assert_sightings(&run, planted);
    assert_coverage(&run, &organization);
    let summary = run.summary();
    assert_eq!(
        (&summary["status"], &summary["sightings"]),
        (&"complete".into(), &MATCHES.into())
    );
    assert_eq!(
        (
            &summary["accounts"]["in_scope"],
            &summary["accounts"]["out_of_scope"]
        ),
        (&6.into(), &1.into())
    );
    assert_eq!(summary["log_groups"]["searched"], planted.groups.len());
    run.assert_manifest_is_true();
    assert_mfa_is_used(&server, &organization.management, a);
    let (member, _, _) = planted
        .groups
        .iter()
        .find(|(account, ..)| *account != organization.management)
        .unwrap();
    let keys = assume(&server, member).await;
    assert_a_stopped_trail_is_told(&server, &organization.management, (member, &keys)).await;
    assert_template_makes_the_roles(&server).await;
}

/// moto accepts any code. This only shows that the same commands work with MFA.
fn assert_mfa_is_used(server: &Server, management: &str, region: &str) {
    let config = format!(
        "[identity]\nmember_role = \"{ROLE}\"\nmfa_serial = \"arn:aws:iam::{management}:mfa/moto\"\nsource_identity = \"alice\"\n"
    );
    let (output, _) = dragnet(
        server,
        &management_keys(),
        &config,
        &["doctor", "--json", "--region", region],
    );
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &told["covered"]),
        (Some(0), &true.into()),
        "{told:#}"
    );
    let run = sweep(
        server,
        &management_keys(),
        &config,
        &[ADDRESS, "--region", region, "--progress", "none"],
    );
    assert_eq!(
        run.exit_code,
        Some(3),
        "the groups are younger than the window: {}",
        run.stderr
    );
    let calls = run.csv("calls.csv");
    let sessions = calls
        .iter()
        .filter(|row| row["operation"] == "GetSessionToken")
        .count();
    assert_eq!(sessions, 1, "one code for every account");
}

pub fn assert_sightings(run: &Run, planted: &Planted) {
    let sightings = run.sightings();
    let found: BTreeSet<String> = sightings
        .iter()
        .map(|row| row["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        found
            .symmetric_difference(&planted.matches)
            .collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    assert_eq!(sightings.len(), MATCHES, "none comes twice");
    assert_eq!(run.csv("sightings.csv").len(), MATCHES);
    for row in &sightings {
        let field = if row["event_name"] == "ListBuckets" {
            "sourceIPAddress"
        } else {
            "message"
        };
        let fields = row["matched_fields"].as_array().unwrap();
        // In other JSON, the field has its own name.
        assert!(
            fields.contains(&field.into()) || fields.contains(&"client".into()),
            "{row}"
        );
    }
}

pub fn assert_coverage(run: &Run, organization: &Organization) {
    let coverage = run.csv("coverage.csv");
    let (of_groups, others): (Vec<_>, Vec<_>) = coverage
        .iter()
        .partition(|row| !row["log_group"].is_empty());
    let place = |row: &&super::dragnet::Row| -> GroupKey {
        (
            row["account_id"].clone(),
            row["region"].clone(),
            row["log_group"].clone(),
        )
    };
    assert_eq!(
        of_groups.iter().map(place).collect::<BTreeSet<_>>(),
        organization.planted.groups
    );
    assert_eq!(
        of_groups.len(),
        organization.planted.groups.len(),
        "one row a group"
    );
    assert!(
        of_groups.iter().all(|row| row["status"] == "searched"),
        "{of_groups:?}"
    );
    let closed = others
        .iter()
        .find(|row| row["account_id"] == organization.closed)
        .unwrap();
    assert_eq!(closed["status"], "skipped");
    assert!(closed["reason"].contains("SUSPENDED"), "{closed:?}");
    assert!(
        of_groups
            .iter()
            .any(|row| row["account_id"] == organization.management),
        "the caller's own account"
    );
}

/// Returns keys of the management account. moto accepts any keys for its own account, which becomes
/// the management account.
pub fn management_keys() -> Keys {
    Keys {
        id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret: "secret".to_owned(),
        token: None,
    }
}

/// Creates a management account and six members, one of which is closed again. Each has three
/// Regions, and one Region has many log groups.
pub async fn organization(server: &Server) -> Organization {
    let config = server.config(&management_keys(), "us-east-1");
    let management = Sts::new(&config)
        .get_caller_identity()
        .send()
        .await
        .unwrap()
        .account
        .unwrap();
    let organizations = aws_sdk_organizations::Client::new(&config);
    let feature_set = aws_sdk_organizations::types::OrganizationFeatureSet::All;
    organizations
        .create_organization()
        .feature_set(feature_set)
        .send()
        .await
        .unwrap();
    let mut members = Vec::new();
    for number in 0..6 {
        let create = organizations
            .create_account()
            .account_name(format!("account-{number}"))
            .role_name(ROLE);
        let created = create
            .email(format!("account-{number}@example.com"))
            .send()
            .await
            .unwrap();
        members.push(created.create_account_status.unwrap().account_id.unwrap());
    }
    let closed = members.pop().unwrap();
    organizations
        .close_account()
        .account_id(&closed)
        .send()
        .await
        .unwrap();

    let mut groups = Vec::new();
    for account in members.iter().chain([&management]) {
        let keys = if *account == management {
            management_keys()
        } else {
            assume(server, account).await
        };
        for region in REGIONS {
            let crowded = *account == members[0] && region == REGIONS[0];
            for number in 0..if crowded { GROUPS_IN_ONE_REGION } else { 1 } {
                let name = format!("/aws/app/{number:02}");
                groups.push(Group {
                    keys: keys.clone(),
                    account: account.clone(),
                    region: region.to_owned(),
                    name,
                });
            }
        }
    }
    let planted = plant(server, &groups, EVENTS).await;
    Organization {
        management,
        closed,
        planted,
    }
}

async fn assume(server: &Server, account: &str) -> Keys {
    let sts = Sts::new(&server.config(&management_keys(), "us-east-1"));
    let role = format!("arn:aws:iam::{account}:role/{ROLE}");
    let assumed = sts
        .assume_role()
        .role_arn(role)
        .role_session_name("planting")
        .send()
        .await
        .unwrap();
    let credentials = assumed.credentials.unwrap();
    Keys {
        id: credentials.access_key_id,
        secret: credentials.secret_access_key,
        token: Some(credentials.session_token),
    }
}
