//! Sources of credentials and MFA codes, as a shell provides them.

use std::fs;
use std::process::Output;

use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};

use super::ServedRange;

const SERIAL: &str = "arn:aws:iam::111111111111:mfa/responder";

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

#[test]
fn profile_sets_mfa_device_roles_and_durations() {
    let range = ServedRange::start();
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    let profiles = format!(
        "\
[profile keys]
aws_access_key_id = {}
aws_secret_access_key = {}
mfa_serial = {SERIAL}
[profile contain]
role_arn = arn:aws:iam::333333333333:role/DragnetContain
source_profile = keys
duration_seconds = 900
role_session_name = by-profile
",
        range.export("AWS_ACCESS_KEY_ID"),
        range.export("AWS_SECRET_ACCESS_KEY"),
    );
    fs::write(home.path().join(".aws/config"), profiles).unwrap();
    let doctor = |code: Option<&str>, arguments: &[&str]| {
        let mut command = range.dragnet(
            home.path(),
            &[&["doctor", "--profile", "contain"], arguments].concat(),
        );
        // A named profile takes precedence over keys in the environment.
        command.env("AWS_ACCESS_KEY_ID", "AKIANOBODY2222222222");
        command.envs(code.map(|code| ("DRAGNET_MFA_CODE", code)));
        command.output().unwrap()
    };
    let printed = text(&doctor(None, &[]));
    assert!(
        printed.contains("no terminal to ask on") && printed.contains(SERIAL),
        "{printed}"
    );
    let code = text(
        &range
            .dragnet(home.path(), &["range", "code"])
            .output()
            .unwrap(),
    );
    // The role requires the code and may not list accounts: it can be assumed, but there is no
    // directory.
    let printed = text(&doctor(Some(code.trim()), &[]));
    assert!(printed.contains("role/DragnetContain"), "{printed}");
    assert!(
        printed.contains("assumed-role/DragnetContain/by-profile is not authorized"),
        "{printed}"
    );
    // The session is kept, so the next command needs no code until the session is forgotten.
    let printed = text(&doctor(None, &[]));
    assert!(
        printed.contains("by-profile is not authorized"),
        "{printed}"
    );
    assert!(text(&doctor(None, &["--forget"])).contains("session was removed"));
    assert!(text(&doctor(None, &[])).contains("no terminal to ask on"));
}

#[tokio::test(flavor = "multi_thread")]
async fn role_as_source_credentials_has_no_mfa_device() {
    let range = ServedRange::start();
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(range.export("AWS_ENDPOINT_URL"))
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(
            range.export("AWS_ACCESS_KEY_ID"),
            range.export("AWS_SECRET_ACCESS_KEY"),
            None,
            None,
            "test",
        ))
        .build();
    let role = "arn:aws:iam::333333333333:role/DragnetRead";
    let assumed = aws_sdk_sts::Client::from_conf(config)
        .assume_role()
        .role_arn(role)
        .role_session_name("sso");
    let credentials = assumed.send().await.unwrap().credentials.unwrap();
    let home = tempfile::tempdir().unwrap();
    fs::write(
        home.path().join("dragnet.toml"),
        format!(
            r#"
[identity]
mfa_serial = "{SERIAL}"
"#
        ),
    )
    .unwrap();
    let output = range
        .dragnet(home.path(), &["sweep", "192.0.2.1"])
        .env("AWS_ACCESS_KEY_ID", credentials.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key())
        .env("AWS_SESSION_TOKEN", credentials.session_token())
        .output()
        .unwrap();
    let printed = text(&output);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(
        printed.contains("belongs to an IAM user") && printed.contains("remove mfa_serial"),
        "{printed}"
    );
    assert!(!home.path().join("runs").exists());
}

#[test]
fn range_shows_credentials_codes_and_answers() {
    let range = ServedRange::start();
    let home = tempfile::tempdir().unwrap();
    let shown = text(
        &range
            .dragnet(home.path(), &["range", "show", "--json"])
            .output()
            .unwrap(),
    );
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (shown["mfa_serial"].as_str(), shown["scenario"].as_str()),
        (Some(SERIAL), Some("small"))
    );
    assert_eq!(
        shown["access_key_id"].as_str(),
        Some(range.export("AWS_ACCESS_KEY_ID"))
    );
    assert!(
        shown["accounts"].as_array().unwrap().len() == 12 && shown["answers"].is_null(),
        "{shown}"
    );
    let sheet = text(
        &range
            .dragnet(home.path(), &["range", "show", "--answers"])
            .output()
            .unwrap(),
    );
    assert!(sheet.contains("hunt users-roles-created"), "{sheet}");
    assert!(
        sheet.lines().all(|line| line.chars().count() <= 80),
        "{sheet}"
    );
    let config = format!(
        r#"
[identity]
mfa_serial = "{SERIAL}"
mfa_command = ["{}", "range", "code", "--practice"]
"#,
        env!("CARGO_BIN_EXE_dragnet")
    );
    fs::write(home.path().join("practice.toml"), config).unwrap();
    let doctor = [
        "doctor",
        "--practice",
        "--config",
        "practice.toml",
        "--account",
        "prod-web",
    ];
    let output = range.dragnet(home.path(), &doctor).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}
