//! Actions besides inline policies on independent servers: ministack enforces them, and moto stores
//! what they change.

use aws_sdk_iam::Client as Iam;
use aws_sdk_iam::types::StatusType;
use serde_json::{Value, json};

use super::contain::{
    Home, MANAGEMENT, allow_policy, assume_role, create_member, create_role, ministack_root,
    without_management,
};
use super::server::{Keys, Server};

/// A certificate, because moto parses it.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBfDCCASGgAwIBAgIUeumdUDs/08qBjhiH8/7OK6IZxUMwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHbWFsbG9yeTAgFw0yNjExMjgwMzQ3NDJaGA8yMTI2MTEwNDAz
NDc0MlowEjEQMA4GA1UEAwwHbWFsbG9yeTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABIS8mZQtvDD2mHipYqgTrSMBFtEllnaM6Kc8TO7581pnnLZqWi8h9ZC1Ul0z
ZgDIAJdXn4G46e/v5Aiz+VCp/nejUzBRMB0GA1UdDgQWBBQ9hiaakaIVpNDo6gPZ
tRNfX+iRpzAfBgNVHSMEGDAWgBQ9hiaakaIVpNDo6gPZtRNfX+iRpzAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCURwHy9BzVJ0WZBUIuzl5imtec
ORAUbdVs/nRJ4TqRkgIhAKBsptHeQ5ct0lgJ6fHNdG89+utre8XTJQf1da8JXI50
-----END CERTIFICATE-----";

/// Creates the user `mallory` with an access key, a password and an MFA device.
async fn create_mallory(iam: &Iam) -> Keys {
    iam.create_user().user_name("mallory").send().await.unwrap();
    let key = iam.create_access_key().user_name("mallory");
    let key = key.send().await.unwrap().access_key.unwrap();
    let profile = iam.create_login_profile().user_name("mallory");
    profile.password("correct horse").send().await.unwrap();
    let device = iam.create_virtual_mfa_device();
    let device = device.virtual_mfa_device_name("mallory").send().await;
    let device = device.unwrap().virtual_mfa_device.unwrap();
    iam.enable_mfa_device()
        .user_name("mallory")
        .serial_number(device.serial_number)
        .authentication_code1("123456")
        .authentication_code2("123457")
        .send()
        .await
        .unwrap();
    Keys {
        id: key.access_key_id,
        secret: key.secret_access_key,
        token: None,
    }
}

/// Returns whether `mallory` has a password, and the number of her MFA devices.
async fn sign_in(iam: &Iam) -> (bool, usize) {
    let profile = iam.get_login_profile().user_name("mallory").send().await;
    let devices = iam.list_mfa_devices().user_name("mallory").send().await;
    (profile.is_ok(), devices.unwrap().mfa_devices.len())
}

/// Returns the trust policy of a role, byte for byte, and its permissions boundary.
async fn role_limits(iam: &Iam, role: &str) -> (String, Option<String>) {
    let role = iam.get_role().role_name(role).send().await.unwrap();
    let role = role.role.unwrap();
    let boundary = role.permissions_boundary;
    (
        role.assume_role_policy_document.unwrap(),
        boundary.and_then(|boundary| boundary.permissions_boundary_arn),
    )
}

/// Asserts that a containment is verified, and undoes it.
fn verify_and_undo(home: &Home<'_>, id: &str) {
    let verified = home.run_contain_json(&["verify", id]);
    assert_eq!(verified["problems"], json!([]), "{verified:#}");
    let undone = home.run_contain_json(&["undo", id]);
    assert_eq!(undone["standing"], "undone", "{undone:#}");
}

#[tokio::test]
async fn keys_and_assuming_a_role_are_refused_until_undo() {
    let Some(server) = Server::from_env("DRAGNET_MINISTACK_URL") else {
        return;
    };
    server.reset("/_ministack/reset");
    let management = ministack_root(MANAGEMENT);
    let account = server.create_account(&management, "one", None).await;
    let iam = Iam::new(&server.config(&ministack_root(&account), "us-east-1"));
    create_role(&iam, "DragnetRead", &["ec2:DescribeRegions", "iam:*"]).await;
    create_role(&iam, "DragnetContain", &["iam:*"]).await;
    create_role(&iam, "App", &["iam:ListUsers"]).await;
    let mallory = create_mallory(&iam).await;
    let put = iam
        .put_user_policy()
        .user_name("mallory")
        .policy_name("own");
    let put = put.policy_document(allow_policy(&["iam:ListUsers"]));
    put.send().await.unwrap();
    let by_key = Iam::new(&server.config(&mallory, "us-east-1"));
    let sts = aws_sdk_sts::Client::new(&server.config(&management, "us-east-1"));
    let assume = sts
        .assume_role()
        .role_arn(format!("arn:aws:iam::{account}:role/App"))
        .role_session_name("test");
    let session = assume_role(&server, &management, &account, "App").await;
    let by_session = Iam::new(&server.config(&session, "us-east-1"));
    let before = role_limits(&iam, "App").await;
    assert!(by_key.list_users().send().await.is_ok());
    assert_eq!(sign_in(&iam).await, (true, 1));

    let home = Home::new(&server, management, &without_management());
    let id = home.apply_containment(&[
        "--user",
        "mallory",
        "--action",
        "deactivate-keys",
        "--action",
        "delete-login-profile",
        "--action",
        "deactivate-mfa",
    ]);
    assert!(by_key.list_users().send().await.is_err());
    assert_eq!(sign_in(&iam).await, (false, 0));
    verify_and_undo(&home, &id);
    assert!(by_key.list_users().send().await.is_ok());
    assert_eq!(sign_in(&iam).await, (false, 0), "these do not come back");

    let id = home.apply_containment(&["--role", "App", "--action", "block-assume"]);
    assert!(assume.clone().send().await.is_err());
    let works = by_session.list_users().send().await.is_ok();
    assert!(works, "a session that exists stays");
    verify_and_undo(&home, &id);
    assert_eq!(role_limits(&iam, "App").await, before);
    assert!(assume.send().await.is_ok());
}

/// Returns the status of the access key, the SSH public key and the signing certificate.
async fn statuses(iam: &Iam) -> [StatusType; 3] {
    let keys = iam.list_access_keys().user_name("mallory").send().await;
    let ssh_keys = iam.list_ssh_public_keys().user_name("mallory").send().await;
    let certificates = iam.list_signing_certificates().user_name("mallory");
    let certificates = certificates.send().await.unwrap().certificates;
    let key = keys.unwrap().access_key_metadata.remove(0);
    let ssh_key = ssh_keys.unwrap().ssh_public_keys.unwrap().remove(0);
    [
        key.status.unwrap(),
        ssh_key.status,
        certificates[0].status.clone(),
    ]
}

#[tokio::test]
async fn credentials_trust_policy_and_boundary_are_changed_and_restored() {
    let Some(server) = Server::from_env("DRAGNET_MOTO_URL") else {
        return;
    };
    let (home, iam) = create_member(&server).await;
    create_mallory(&iam).await;
    create_role(&iam, "bad", &["s3:*"]).await;
    let upload = iam.upload_ssh_public_key().user_name("mallory");
    let upload = upload.ssh_public_key_body("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ mallory");
    upload.send().await.unwrap();
    let upload = iam.upload_signing_certificate().user_name("mallory");
    upload.certificate_body(CERTIFICATE).send().await.unwrap();

    let id = apply_credentials(&home);
    assert_eq!(statuses(&iam).await, [(); 3].map(|()| StatusType::Inactive));
    assert_eq!(sign_in(&iam).await, (false, 0));
    verify_and_undo(&home, &id);
    assert_eq!(statuses(&iam).await, [(); 3].map(|()| StatusType::Active));

    let before = role_limits(&iam, "bad").await;
    let id = home.apply_containment(&[
        "--role",
        "bad",
        "--account",
        "member",
        "--action",
        "block-assume",
        "--action",
        "boundary",
    ]);
    let (trust, boundary) = role_limits(&iam, "bad").await;
    assert!(trust.contains("DragnetBlockAssume"), "{trust}");
    assert_eq!(
        boundary.as_deref(),
        Some("arn:aws:iam::aws:policy/AWSDenyAll")
    );
    verify_and_undo(&home, &id);
    assert_eq!(role_limits(&iam, "bad").await, before);
}

/// Deactivates the credentials of `mallory` and returns the id of the containment. moto lacks
/// `ListServiceSpecificCredentials`, so the plan says that it is not complete.
fn apply_credentials(home: &Home<'_>) -> String {
    let output = home.run_contain(&[
        "plan",
        "--reason",
        "a test",
        "--json",
        "--account",
        "member",
        "--user",
        "mallory",
        "--action",
        "deactivate-credentials",
        "--action",
        "delete-login-profile",
        "--action",
        "deactivate-mfa",
    ]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    let gaps = plan["plan"]["gaps"].to_string();
    assert!(gaps.contains("service-specific credentials"), "{gaps}");
    let id = plan["hash"].as_str().unwrap()[..12].to_owned();
    let record = home.run_contain_json(&["apply", "plan.json", "--confirm", &id]);
    assert_eq!(record["standing"], "contained", "{record:#}");
    id
}
