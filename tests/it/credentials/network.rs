//! A network that cannot be reached is reported at once, with what to check.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tokio::time::Instant;

/// Far below the seven attempts of a call that AWS has answered before.
const AT_ONCE: Duration = Duration::from_secs(15);

fn dragnet(home: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "us-east-1")
        .envs(variables.iter().copied())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn unreachable_networks_are_reported_at_once() {
    let home = tempfile::tempdir().unwrap();
    for variables in [
        // Nothing listens at port 9.
        [("AWS_ENDPOINT_URL", "http://127.0.0.1:9")],
        // A name that does not exist. Source: RFC 6761, section 6.4.
        [("AWS_ENDPOINT_URL", "https://sts.invalid")],
        [("HTTPS_PROXY", "http://127.0.0.1:9")],
        [("https_proxy", "127.0.0.1:9")],
    ] {
        let started = Instant::now();
        let output = dragnet(home.path(), &variables, &["sweep", "192.0.2.1"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{variables:?}: {stderr}");
        assert!(
            stderr.contains("AWS cannot be reached") && stderr.contains("HTTPS_PROXY"),
            "{variables:?}: {stderr}"
        );
        assert!(started.elapsed() < AT_ONCE, "{variables:?}: {stderr}");
        assert!(!home.path().join("runs").exists());
    }
}

#[test]
fn unusable_network_settings_are_named() {
    let home = tempfile::tempdir().unwrap();
    for (variable, value, part) in [
        ("AWS_CA_BUNDLE", "none.pem", "AWS_CA_BUNDLE"),
        (
            "HTTPS_PROXY",
            "socks5://user:hush@localhost:1",
            "HTTPS_PROXY",
        ),
    ] {
        let output = dragnet(home.path(), &[(variable, value)], &["sweep", "192.0.2.1"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains(part) && !stderr.contains("hush"),
            "{stderr}"
        );
    }
}

#[test]
fn range_says_that_its_port_is_in_use_and_what_old_clients_need() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = dragnet(home.path(), &[], &["range", "serve", "--listen", &address]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains(&format!("cannot listen on {address}"))
            && stderr.contains("in use")
            && stderr.contains("--listen 127.0.0.1:0"),
        "{stderr}"
    );
}
