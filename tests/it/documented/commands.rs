//! Commands of documents: all of them parse, and those in blocks `sh` run on the practice range.

use std::path::Path;
use std::process::{Command, Stdio};

use clap::Parser;
use clap::error::ErrorKind;
use dragnet::cli::Arguments;

use super::drills::DRILL;
use super::fences::{Fence, fences, prose};
use super::shell::dragnet_commands;
use super::{read, user_documents};

/// What a command printed, and its exit code.
pub(super) struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the binary in a directory, without the environment of this host and without access to AWS: nothing listens at
/// its endpoint.
pub(super) fn run_dragnet(directory: &Path, arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A CloudTrail log file.
const LOG_FILE: &str = r#"{"Records":[{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","accountId":"666666666666","userName":"deploy-bot"},"eventTime":"2026-03-02T03:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.23","userAgent":"aws-cli/2","eventID":"documented","eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"666666666666","eventCategory":"Management"}]}"#;

/// Files that the commands of documents read.
const FILES: [(&str, &str); 6] = [
    ("cloudtrail/log.json", LOG_FILE),
    ("evidence/log.json", LOG_FILE),
    ("more.json.gz", LOG_FILE),
    ("iocs.txt", "- 192.0.2.1 (seen twice)\n"),
    ("feed.csv", "type,value\ndomain,evil.example\n"),
    (
        "bundle.json",
        r#"{"type":"bundle","id":"bundle--44af6c39-c09b-49c5-9de2-394224b04982","objects":[{"type":"indicator","id":"indicator--44af6c39-c09b-49c5-9de2-394224b04982","pattern_type":"stix","pattern":"[ipv4-addr:value = '192.0.2.3']"}]}"#,
    ),
];

/// The configuration file of a document, if it shows a whole one.
const CONFIGURATION: &str = "dragnet.toml";

/// Options that set the scope of a sweep.
const SCOPE: [&str; 5] = ["--account", "--member-role", "--ou", "--region", "--tag"];

/// Returns the arguments with which the test runs a command: on the practice range, and in one account if a sweep of AWS
/// has no scope, because that takes a tenth of the time.
fn practice_arguments<'a>(words: &'a [String], has_configuration: bool) -> Vec<&'a str> {
    let mut arguments: Vec<&'a str> = words.iter().skip(1).map(String::as_str).collect();
    let has_scope = arguments.iter().any(|argument| SCOPE.contains(argument));
    let is_without_aws = arguments.contains(&"--files") && !arguments.contains(&"--sources");
    if arguments.first() == Some(&"sweep") && !has_scope && !is_without_aws {
        arguments.extend(["--account", "dev"]);
    }
    if has_configuration {
        arguments.extend(["--config", CONFIGURATION]);
    }
    if !arguments.contains(&"--practice") {
        arguments.push("--practice");
    }
    arguments
}

/// Writes the files that the commands of a block read and those that its document shows (`toml FILE`). Returns whether
/// the configuration file is among them.
fn write_files(directory: &Path, block: &Fence, blocks: &[Fence]) -> bool {
    let shown = blocks
        .iter()
        .filter_map(|block| Some((block.info.strip_prefix("toml ")?, block.text.as_str())));
    // `collect` creates its directory.
    let inputs = FILES.into_iter().filter(|(name, _)| {
        let top = name.split('/').next().unwrap();
        !block.text.contains(&format!("--out ./{top}"))
    });
    let mut has_configuration = false;
    for (name, text) in inputs.chain(shown) {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        has_configuration |= name == CONFIGURATION;
    }
    has_configuration
}

/// Runs the commands of a block one after the other in a new directory. If a command reads the last run, there is one.
fn run_block(document: &str, block: &Fence, blocks: &[Fence]) {
    let temp = tempfile::tempdir().unwrap();
    let has_configuration = write_files(temp.path(), block, blocks);
    let commands = dragnet_commands(&block.text);
    if commands.iter().flatten().any(|word| word == "last") {
        let sweep = ["sweep", "198.51.100.23", "--account", "dev", "--practice"];
        assert_eq!(run_dragnet(temp.path(), &sweep).code, Some(0));
    }
    for words in commands {
        let arguments = practice_arguments(&words, has_configuration);
        let ended = run_dragnet(temp.path(), &arguments);
        // 3: the practice organization has gaps, and no MFA session for containment.
        assert!(
            matches!(ended.code, Some(0 | 3)),
            "{document}: {arguments:?} ended with {:?}: {}",
            ended.code,
            ended.stderr
        );
    }
}

/// Runs the blocks of a document at the same time: a sweep mostly waits for its rate limits.
fn assert_commands_run(document: &str) {
    let blocks = fences(&read(document));
    std::thread::scope(|scope| {
        for block in blocks.iter().filter(|block| block.info == "sh") {
            let blocks = &blocks;
            scope.spawn(move || run_block(document, block, blocks));
        }
    });
}

/// Makes a test for each document with commands.
macro_rules! documents {
    ($($test:ident => $document:literal,)+) => {
        const DOCUMENTS: &[&str] = &[$($document),+];

        $(
            #[test]
            fn $test() {
                assert_commands_run($document);
            }
        )+
    };
}

documents! {
    commands_of_readme_run => "README.md",
    commands_of_collect_run => "docs/collect.md",
    commands_of_contain_run => "docs/contain.md",
    commands_of_files_run => "docs/files.md",
    commands_of_follow_run => "docs/follow.md",
    commands_of_getting_started_run => "docs/getting-started.md",
    commands_of_hunts_run => "docs/hunts.md",
    commands_of_indicators_run => "docs/indicators.md",
    commands_of_installation_run => "docs/installation.md",
    commands_of_log_sources_run => "docs/log-sources.md",
    commands_of_mfa_run => "docs/mfa.md",
    commands_of_output_files_run => "docs/output-files.md",
    commands_of_performance_run => "docs/performance.md",
    commands_of_practice_run => "docs/practice.md",
    commands_of_runbook_run => "docs/runbook.md",
    commands_of_sweep_run => "docs/sweep.md",
    commands_of_watch_run => "docs/watch.md",
}

#[test]
fn every_document_with_commands_is_run() {
    for document in user_documents() {
        let mut has_commands = false;
        for block in fences(&read(&document)) {
            let mut words = block.info.split_whitespace();
            if words.next() == Some("sh") {
                assert!(
                    ["sh", "sh no-run", DRILL].contains(&block.info.as_str()),
                    "{document}: `{}`",
                    block.info
                );
                has_commands |= block.info == "sh";
            }
        }
        assert_eq!(
            has_commands,
            DOCUMENTS.contains(&document.as_str()),
            "{document}"
        );
    }
}

#[test]
fn commands_in_blocks_parse() {
    let mut count = 0;
    for document in user_documents() {
        let blocks = fences(&read(&document));
        for block in blocks.iter().filter(|block| block.info.starts_with("sh")) {
            for words in dragnet_commands(&block.text) {
                count += 1;
                if let Err(error) = Arguments::try_parse_from(&words) {
                    panic!("{document}: {words:?}: {error}");
                }
            }
        }
    }
    assert!(count > 80, "only {count} commands were read");
}

/// Returns the commands in the text of a document, as words. They may be incomplete.
fn commands_in_text(document: &str) -> Vec<Vec<String>> {
    prose(document)
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|span| span.starts_with("dragnet "))
        .flat_map(dragnet_commands)
        .collect()
}

fn parses_as_far_as_it_goes(words: &[String]) -> bool {
    let Err(error) = Arguments::try_parse_from(words) else {
        return true;
    };
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::DisplayVersion
            | ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
    )
}

#[test]
fn commands_in_text_parse_as_far_as_they_go() {
    let mut count = 0;
    let mut documents = user_documents();
    documents.push("SECURITY.md".to_owned());
    for document in documents {
        for words in commands_in_text(&read(&document)) {
            count += 1;
            assert!(parses_as_far_as_it_goes(&words), "{document}: {words:?}");
        }
    }
    assert!(count > 20, "only {count} commands were read");
}

#[test]
fn wrong_commands_are_found() {
    let text = "Use `dragnet sweep --accuont dev` or `dragnet contain plan`.\n";
    let found = commands_in_text(text);
    let parse: Vec<bool> = found
        .iter()
        .map(|words| parses_as_far_as_it_goes(words))
        .collect();
    assert_eq!(parse, [false, true]);
    let words = ["dragnet", "sweep", "192.0.2.1"].map(str::to_owned);
    let expected = ["sweep", "192.0.2.1", "--account", "dev", "--practice"];
    assert_eq!(practice_arguments(&words, false), expected);
    let words = ["dragnet", "sweep", "192.0.2.1", "--files", "./logs"].map(str::to_owned);
    let expected = ["sweep", "192.0.2.1", "--files", "./logs", "--practice"];
    assert_eq!(practice_arguments(&words, false), expected);
}
