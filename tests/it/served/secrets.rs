//! No secret key, session token or MFA code is in anything that is printed or written, at any
//! verbosity.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{ServedRange, Wiretap};

#[test]
fn no_secret_is_printed_or_written_at_any_verbosity() {
    let range = ServedRange::start();
    let wire = Wiretap::in_front_of(range.export("AWS_ENDPOINT_URL"));
    let home = tempfile::tempdir().unwrap();
    // The program that prints the MFA code gets no secret either; with one, it would fail.
    let command = format!(
        "test -z \"$AWS_SECRET_ACCESS_KEY\" && exec '{}' range code",
        env!("CARGO_BIN_EXE_dragnet")
    );
    let config = format!(
        r#"
[identity]
mfa_serial = "arn:aws:iam::111111111111:mfa/responder"
mfa_command = ["sh", "-c", '''{command}''']
external_id = "between-us"
"#
    );
    fs::write(home.path().join("dragnet.toml"), config).unwrap();
    let run = |arguments: &[&str]| {
        let output = range
            .dragnet(
                home.path(),
                &[arguments, &["--config", "dragnet.toml"]].concat(),
            )
            .env("AWS_ENDPOINT_URL", &wire.url)
            .output()
            .unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        [stdout, stderr].concat()
    };
    let mut printed = run(&[
        "sweep",
        "198.51.100.23",
        "-vvv",
        "--format",
        "csv,jsonl,json,md,security-ir,ocsf,timesketch,stix,parquet",
        "--progress",
        "json",
    ]);
    printed += &run(&[
        "sweep",
        "198.51.100.23",
        "-vvv",
        "--json",
        "--progress",
        "plain",
    ]);
    printed += &run(&["doctor", "-vvv"]);
    printed += &run(&["doctor", "-vvv", "--json"]);
    for file in files_below(&home.path().join("runs")) {
        printed += &String::from_utf8_lossy(&fs::read(file).unwrap());
    }

    let secrets = secrets(&wire.traffic(), range.export("AWS_SECRET_ACCESS_KEY"));
    for secret in &secrets {
        assert!(!printed.contains(secret), "{secret} was printed");
    }
    for code in matches(r"TokenCode=(\d{6})", &wire.traffic()) {
        let whole_word = regex::Regex::new(&format!(r"\b{code}\b")).unwrap();
        assert!(
            !whole_word.is_match(&printed),
            "the code {code} was printed"
        );
    }
}

/// Returns every secret that was sent over the connection.
fn secrets(traffic: &str, own: &str) -> BTreeSet<String> {
    let patterns = [
        r"x-amz-security-token: (\S+)",
        "<SecretAccessKey>([^<]+)",
        "<SessionToken>([^<]+)",
    ]
    .map(|pattern| matches(pattern, traffic));
    assert!(
        patterns.iter().all(|found| found.len() > 5),
        "the traffic was not recorded"
    );
    let mut secrets: BTreeSet<String> = patterns.into_iter().flatten().collect();
    secrets.insert(own.to_owned());
    secrets
}

fn matches(pattern: &str, text: &str) -> BTreeSet<String> {
    regex::Regex::new(pattern)
        .unwrap()
        .captures_iter(text)
        .map(|found| found[1].to_owned())
        .collect()
}

fn files_below(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (directories, mut files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.extend(
        directories
            .iter()
            .flat_map(|directory| files_below(directory)),
    );
    files
}
