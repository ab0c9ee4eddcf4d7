//! Profiles of `~/.aws/config`, as a shell provides them.

use std::fs;
use std::path::Path;
use std::process::Output;

use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};

use crate::served::ServedRange;

fn doctor(range: &ServedRange, home: &Path, profile: &str) -> Output {
    range
        .dragnet(
            home,
            &["doctor", "--account", "prod-web", "--profile", profile],
        )
        .env("CHAT_URL", "https://chat.example/hush-hush")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

/// Writes the config and credentials files, with the keys of the range in place of `{keys}`.
fn write_files(range: &ServedRange, home: &Path, config: &str, credentials: &str) {
    let folder = home.join(".aws");
    fs::create_dir_all(&folder).unwrap();
    let keys = format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}",
        range.export("AWS_ACCESS_KEY_ID"),
        range.export("AWS_SECRET_ACCESS_KEY")
    );
    for (name, content) in [("config", config), ("credentials", credentials)] {
        fs::write(folder.join(name), content.replace("{keys}", &keys)).unwrap();
    }
}

#[test]
fn quoted_names_are_found() {
    let range = ServedRange::start();
    let home = tempfile::tempdir().unwrap();
    let config =
        "[profile 'My MacBook Pro']\nregion = us-east-1\n[profile \"admin@prod\"]\n{keys}\n";
    write_files(&range, home.path(), config, "[My MacBook Pro]\n{keys}\n");
    for profile in ["My MacBook Pro", "admin@prod"] {
        let output = doctor(&range, home.path(), profile);
        let printed = text(&output);
        assert!(printed.contains("user/responder"), "{printed}");
    }
    let printed = text(&doctor(&range, home.path(), "My Mac"));
    assert!(printed.contains("profile `My Mac` not found"), "{printed}");
}

#[test]
fn credential_process_gets_no_secret_of_a_sink() {
    let range = ServedRange::start();
    let home = tempfile::tempdir().unwrap();
    let process = home.path().join("process");
    let script = format!(
        "env > {}\nprintf '{{\"Version\":1,\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%s\"}}' '{}' '{}'\n",
        home.path().join("environment").display(),
        range.export("AWS_ACCESS_KEY_ID"),
        range.export("AWS_SECRET_ACCESS_KEY")
    );
    fs::write(&process, script).unwrap();
    let config = format!(
        "[profile vault]\ncredential_process = sh {} export\n[profile bare]\nregion = us-east-1\n",
        process.display()
    );
    write_files(&range, home.path(), &config, "");
    let watch = "[[watch.sink]]\nname = \"chat\"\nkind = \"slack\"\nurl_env = \"CHAT_URL\"\n";
    fs::write(home.path().join("dragnet.toml"), watch).unwrap();
    let output = range
        .dragnet(
            home.path(),
            &["doctor", "--account", "prod-web", "--profile", "vault"],
        )
        .env("CHAT_URL", "https://chat.example/hush-hush")
        .env("DRAGNET_MFA_CODE", "123456")
        .output()
        .unwrap();
    let printed = text(&output);
    assert!(printed.contains("user/responder"), "{printed}");
    let environment = fs::read_to_string(home.path().join("environment")).unwrap();
    assert!(environment.contains("HOME="), "{environment}");
    assert!(
        !environment.contains("hush-hush") && !environment.contains("123456"),
        "{environment}"
    );
}

/// Opens a session of the practice user, in the form of the credentials file.
async fn open_session(range: &ServedRange) -> String {
    let keys = Credentials::new(
        range.export("AWS_ACCESS_KEY_ID"),
        range.export("AWS_SECRET_ACCESS_KEY"),
        None,
        None,
        "test",
    );
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(range.export("AWS_ENDPOINT_URL"))
        .region(Region::new("us-east-1"))
        .credentials_provider(keys)
        .build();
    let client = aws_sdk_sts::Client::from_conf(config);
    let output = client.get_session_token().send().await.unwrap();
    let session = output.credentials.unwrap();
    format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        session.access_key_id, session.secret_access_key, session.session_token
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn mfa_device_of_a_profile_does_not_refuse_a_session() {
    let range = ServedRange::start();
    let home = tempfile::tempdir().unwrap();
    let session = open_session(&range).await;
    let config = "[profile exported]\nmfa_serial = arn:aws:iam::111111111111:mfa/responder\n";
    write_files(
        &range,
        home.path(),
        config,
        &format!("[exported]\n{session}"),
    );
    let printed = text(&doctor(&range, home.path(), "exported"));
    assert!(
        printed.contains("the mfa_serial of the profile is not used"),
        "{printed}"
    );
    assert!(!printed.contains("remove mfa_serial"), "{printed}");
}

#[test]
fn error_of_the_sdk_and_the_command_to_log_in_are_shown() {
    let range = ServedRange::start();
    let home = tempfile::tempdir().unwrap();
    let config = "[profile signed-in]\nlogin_session = arn:aws:iam::111111111111:user/alice\n\
                  [sso-session company]\nsso_region = us-east-1\nsso_start_url = https://company.awsapps.com/start\n\
                  [profile sso]\nsso_session = company\nsso_account_id = 111111111111\nsso_role_name = Audit\n";
    write_files(&range, home.path(), config, "");
    for (profile, login) in [
        ("signed-in", "aws login --profile 'signed-in'"),
        ("sso", "aws sso login --profile 'sso'"),
    ] {
        let printed = text(&doctor(&range, home.path(), profile));
        assert!(printed.contains(login), "{profile}: {printed}");
        assert!(!printed.contains("already taken"), "{profile}: {printed}");
        assert!(!printed.contains("feature"), "{profile}: {printed}");
    }
}
