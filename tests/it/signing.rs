//! Signing of the manifest, and checking of the signature, with programs of the configuration.
//! Files with secrets are only used if no other user has access to them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::survive::binary::{dragnet, run_in};

/// Signs by copying the manifest, and stores the environment.
const SIGN: &str = r#"env > ENV; cp "$1" "$1.sig""#;
const VERIFY: &str = r#"cmp -s "$1" "$1.sig" || { printf 'bad \033[31m signature'; exit 1; }"#;

/// A folder with a configuration file.
struct Desk {
    temp: TempDir,
    config: PathBuf,
}

impl Desk {
    fn new(config: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("own.toml");
        fs::write(&path, config).unwrap();
        Self { temp, config: path }
    }

    /// Runs a command with the configuration file. Returns its exit code and all that it prints.
    async fn dragnet(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let config = self.config.to_str().unwrap();
        run(
            self.temp.path(),
            &[arguments, &["--config", config]].concat(),
        )
        .await
    }

    async fn sweep(&self) -> (Option<i32>, String) {
        self.dragnet(&[
            "sweep",
            "198.51.100.23",
            "--practice",
            "--account",
            "dev",
            "-q",
        ])
        .await
    }

    fn run(&self) -> PathBuf {
        run_in(self.temp.path()).unwrap()
    }
}

async fn run(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = dragnet(directory);
    command
        .args(arguments)
        .env("SINK_KEY", "hush-sink")
        .env("DRAGNET_MFA_CODE", "012345")
        .stdout(std::process::Stdio::piped());
    let output = command.output().await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn signing_config(directory: &Path) -> String {
    let sign = SIGN.replace("ENV", &directory.join("env").display().to_string());
    format!(
        r#"
[report]
sign_command = ["/bin/sh", "-c", '''{sign}''', "sh"]
verify_command = ["/bin/sh", "-c", '''{VERIFY}''', "sh"]
[[watch.sink]]
name = "hook"
kind = "webhook"
url = "https://soc.example/"
secret_env = "SINK_KEY"
"#
    )
}

#[tokio::test]
async fn manifest_is_signed_and_the_signature_is_checked() {
    let outside = tempfile::tempdir().unwrap();
    let desk = Desk::new(&signing_config(outside.path()));
    let (code, output) = desk.sweep().await;
    assert_eq!(code, Some(0), "{output}");
    let environment = fs::read_to_string(outside.path().join("env")).unwrap();
    assert!(environment.contains("HOME="), "{environment}");
    for secret in ["hush-sink", "012345", "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET"] {
        assert!(!environment.contains(secret), "{secret}: {environment}");
    }
    let run = desk.run();
    let path = run.to_str().unwrap();
    let (code, output) = desk.dragnet(&["runs", "verify", path]).await;
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains("Signature: valid"), "{output}");

    let (code, output) = desk.dragnet(&["report", path, "--format", "html"]).await;
    assert_eq!(code, Some(0), "{output}");
    let (code, output) = desk.dragnet(&["runs", "verify", path]).await;
    assert_eq!(code, Some(0), "the report signs the new manifest: {output}");

    fs::write(run.join("manifest.json.sig"), "forged").unwrap();
    let (code, output) = desk.dragnet(&["runs", "verify", path]).await;
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("Signature: NOT VALID"), "{output}");
    assert!(
        output.contains("signature") && !output.contains('\u{1b}'),
        "the output of the program is escaped: {output}"
    );

    let (code, output) = desk.dragnet(&["report", path]).await;
    assert_eq!(code, Some(1), "a forged run is not signed: {output}");
    assert!(output.contains("--changed-run"), "{output}");
    let signature = fs::read_to_string(run.join("manifest.json.sig")).unwrap();
    assert_eq!(signature, "forged");
    let (code, output) = desk.dragnet(&["report", path, "--changed-run"]).await;
    assert_eq!(code, Some(0), "{output}");
    let (code, output) = desk.dragnet(&["runs", "verify", path]).await;
    assert_eq!(code, Some(0), "{output}");
}

#[tokio::test]
async fn failed_signature_is_a_failure_and_the_reports_stay() {
    let config = r#"
[report]
sign_command = ["/bin/sh", "-c", "echo no key >&2; exit 7"]
"#;
    let desk = Desk::new(config);
    let (code, output) = desk.sweep().await;
    assert_eq!(code, Some(1), "{output}");
    for part in [
        "failed to sign manifest.json",
        "no key",
        "report.sign_command",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
    let run = desk.run();
    let path = run.to_str().unwrap();
    assert!(run.join("sightings.csv").exists());
    let (code, output) = desk.dragnet(&["runs", "verify", path]).await;
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains("Signature: not checked"), "{output}");
    let (code, output) = desk.dragnet(&["report", path]).await;
    assert_eq!(code, Some(1), "{output}");
}

#[tokio::test]
async fn programs_of_the_working_directory_are_not_run() {
    let outside = tempfile::tempdir().unwrap();
    let desk = Desk::new("");
    desk.sweep().await;
    let run_directory = desk.run();
    let path = run_directory.to_str().unwrap();
    let marker = outside.path().join("marker");
    for key in ["sign_command", "verify_command"] {
        let config = format!(
            r#"
[report]
{key} = ["/usr/bin/touch", "{}"]
"#,
            marker.display()
        );
        fs::write(desk.temp.path().join("dragnet.toml"), config).unwrap();
        for command in [&["report", path][..], &["runs", "verify", path]] {
            let (code, output) = run(desk.temp.path(), command).await;
            assert_eq!(code, Some(2), "{key} {command:?}: {output}");
            assert!(output.contains(&format!("report.{key}")), "{output}");
        }
    }
    let relative = Desk::new(
        r#"
[report]
sign_command = ["./sign.sh"]
"#,
    );
    let (code, output) = relative.sweep().await;
    assert_eq!(code, Some(2), "{output}");
    assert!(output.contains("absolute path"), "{output}");
    assert!(!marker.exists());
}

#[tokio::test]
async fn signing_does_not_write_through_a_planted_link() {
    let outside = tempfile::tempdir().unwrap();
    let desk = Desk::new(&signing_config(outside.path()));
    desk.sweep().await;
    let run = desk.run();
    let victim = outside.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    fs::remove_file(run.join("manifest.json.sig")).unwrap();
    symlink(&victim, run.join("manifest.json.sig")).unwrap();
    let path = run.to_str().unwrap();
    for arguments in [&["report", path][..], &["report", path, "--changed-run"]] {
        let (code, output) = desk.dragnet(arguments).await;
        assert_eq!(code, Some(1), "{output}");
        assert!(output.contains("manifest.json.sig"), "{output}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }
}

#[tokio::test]
async fn secret_of_a_sink_that_others_can_read_is_refused() {
    let desk = Desk::new(
        r#"
[[watch.sink]]
name = "chat"
kind = "slack"
url_file = "slack"
[[watch.schedule]]
name = "denied"
cron = "@hourly"
hunts = ["iam-access-denied"]
sinks = ["chat"]
"#,
    );
    let secret = desk.temp.path().join("slack");
    fs::write(&secret, "https://hooks.example/hush").unwrap();
    let check = ["watch", "check", "--practice"];
    for mode in [0o644, 0o640, 0o620] {
        fs::set_permissions(&secret, Permissions::from_mode(mode)).unwrap();
        let (code, output) = desk.dragnet(&check).await;
        assert_eq!(code, Some(2), "{output}");
        assert!(
            output.contains("chmod 600") && !output.contains("hush"),
            "{output}"
        );
    }
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let (_, output) = desk.dragnet(&check).await;
    assert!(!output.contains("chmod 600"), "{output}");
}
