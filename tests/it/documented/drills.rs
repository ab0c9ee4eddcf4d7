//! The drills of `docs/runbook.md`: their commands run as they are written, on a served range in real time, and answer
//! what the drill asks. Each takes few commands.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::fences::fences;
use super::read;
use super::shell::dragnet_commands;
use crate::served::ServedRange;

/// How the blocks of drills are marked. [`super::commands`] only parses them.
pub(super) const DRILL: &str = "sh drill";

/// Marks the settings that a drill adds to the configuration file.
const SETTINGS: &str = "toml drill.toml";

/// Stands for the id of the containment, which is the short hash of the plan.
const CONTAINMENT: &str = "3f9a0c1d2e4b";

const FEED: &str = "feed.csv";

/// The role that contains principals needs MFA.
const IDENTITY: &str = r#"
[identity]
mfa_serial = "arn:aws:iam::111111111111:mfa/responder"
mfa_command = ["DRAGNET", "range", "code"]
"#;

/// A section of the runbook.
struct Drill {
    commands: Vec<Vec<String>>,
    settings: String,
}

impl Drill {
    fn read(title: &str) -> Self {
        let runbook = read("docs/runbook.md");
        let heading = format!("\n### {title}\n");
        let (_, section) = runbook.split_once(&heading).unwrap();
        let blocks = fences(section.split("\n##").next().unwrap());
        let texts = |info: &str| -> String {
            let blocks = blocks.iter().filter(|block| block.info == info);
            blocks.map(|block| block.text.as_str()).collect()
        };
        Self {
            commands: dragnet_commands(&texts(DRILL)),
            settings: texts(SETTINGS),
        }
    }
}

/// A responder's directory and the organization.
struct Desk {
    range: ServedRange,
    home: TempDir,
    containment: Option<String>,
}

impl Desk {
    fn new(drill: &Drill) -> Self {
        let home = tempfile::tempdir().unwrap();
        let contains = |words: &Vec<String>| words.get(1).is_some_and(|word| word == "contain");
        let identity = if drill.commands.iter().any(contains) {
            IDENTITY.replace("DRAGNET", env!("CARGO_BIN_EXE_dragnet"))
        } else {
            String::new()
        };
        let settings = identity + &drill.settings;
        std::fs::write(home.path().join("dragnet.toml"), settings).unwrap();
        std::fs::write(home.path().join(FEED), feed()).unwrap();
        Self {
            range: ServedRange::start(),
            home,
            containment: None,
        }
    }

    /// Runs a command of the runbook, and returns its exit code and what it printed.
    fn run(&mut self, command: &[String]) -> (Option<i32>, String) {
        let containment = self.containment.clone().unwrap_or_default();
        let mut words: Vec<&str> = command.iter().skip(1).map(String::as_str).collect();
        for word in &mut words {
            if *word == CONTAINMENT {
                *word = &containment;
            }
        }
        if words.starts_with(&["contain", "apply"]) {
            // A person types the hash, and confirms after the first principal.
            words.extend(["--confirm", &containment, "--canary", "0"]);
        }
        let output = self
            .range
            .dragnet(self.home.path(), &words)
            // A named file may contain a program.
            .env("DRAGNET_CONFIG", self.home.path().join("dragnet.toml"))
            .output()
            .unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let hash = stdout
            .lines()
            .find_map(|line| line.strip_prefix("Containment plan "));
        if let Some(hash) = hash {
            self.containment = Some(hash.to_owned());
        }
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), stdout + &stderr)
    }

    /// Runs all commands of a drill, and returns what they printed. `expected` has how each begins, and whether it may
    /// end with exit code 3, because the organization has gaps.
    fn run_all(&mut self, drill: &Drill, expected: &[(&str, bool)]) -> Vec<String> {
        assert_eq!(drill.commands.len(), expected.len());
        let mut printed = Vec::new();
        for (command, (start, may_have_gaps)) in drill.commands.iter().zip(expected) {
            assert!(command.join(" ").starts_with(start), "{command:?}: {start}");
            let (code, text) = self.run(command);
            let is_expected = code == Some(0) || (*may_have_gaps && code == Some(3));
            assert!(is_expected, "{command:?} ended with {code:?}: {text}");
            printed.push(text);
        }
        printed
    }

    fn file(&self, name: &str) -> String {
        read_file(&self.home.path().join(name))
    }

    /// Returns a file of the only run.
    fn file_of_run(&self, name: &str) -> String {
        let runs = std::fs::read_dir(self.home.path().join("runs")).unwrap();
        let runs: Vec<PathBuf> = runs.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        read_file(&runs[0].join(name))
    }
}

fn read_file(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns a feed of 500 indicators. The organization has two of them in its logs.
fn feed() -> String {
    let seen = "type,value\nip,198.51.100.23\nkey,AKIADEPLOYBOT2LEAKED\n".to_owned();
    (0..498).fold(seen, |feed, number| {
        feed + &format!("domain,host-{number}.evil.example\n")
    })
}

#[test]
fn leaked_key_takes_five_commands() {
    let drill = Drill::read("A leaked access key");
    let mut desk = Desk::new(&drill);
    let printed = desk.run_all(
        &drill,
        &[
            ("dragnet sweep AKIADEPLOYBOT2LEAKED --follow", true),
            ("dragnet contain plan --from-run last", true),
            ("dragnet contain apply", false),
            ("dragnet contain verify", false),
            ("dragnet contain undo", false),
        ],
    );
    for part in ["support-backup", "DataPipeline"] {
        assert!(printed[0].contains(part), "{}", printed[0]);
    }
    let plan: Value = serde_json::from_str(&desk.file("plan.json")).unwrap();
    let plan = plan.to_string();
    for principal in [
        "user/deploy-bot",
        "user/support-backup",
        "role/DataPipeline",
    ] {
        assert!(plan.contains(principal), "{principal}: {}", printed[1]);
    }
    let ticket = desk.file_of_run("report.md");
    assert!(ticket.contains("deploy-bot"), "{ticket}");
}

#[test]
fn feed_of_indicators_takes_three_commands() {
    let drill = Drill::read("A feed of indicators");
    let mut desk = Desk::new(&drill);
    let printed = desk.run_all(
        &drill,
        &[
            ("dragnet sweep -i feed.csv", true),
            ("dragnet watch check --send-test", false),
            ("dragnet watch once", true),
        ],
    );
    assert!(
        printed[0].contains("AKIADEPLOYBOT2LEAKED"),
        "{}",
        printed[0]
    );
    // The file has the test alert too.
    let alerts = desk.file("alerts.jsonl");
    assert!(alerts.lines().count() > 1, "{alerts}");
    let is_about_feed = |line: &str| line.contains("198.51.100.23");
    assert!(alerts.lines().any(is_about_feed), "{alerts}");
}

#[test]
fn audit_takes_two_commands() {
    let drill = Drill::read("A question of an auditor");
    let mut desk = Desk::new(&drill);
    let printed = desk.run_all(
        &drill,
        &[
            ("dragnet sweep -i feed.csv", true),
            ("dragnet runs verify last", false),
        ],
    );
    // The page has an answer for each indicator, also for those without a sighting, and what was not covered.
    let page = desk.file_of_run("report.html");
    for part in [
        "198.51.100.23",
        "host-0.evil.example",
        "host-497.evil.example",
        "sandbox",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(
        printed[1].contains("SHA-256 of manifest.json"),
        "{}",
        printed[1]
    );
}
