//! Plans with hostile text in every field that can have any text, exported with `--emit`: a shell
//! passes each value on as one word, JSON has it exactly, and a terminal obeys none of it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use dragnet::contain::{Plan, resource_control_policy, service_control_policy, shell_script};
use serde_json::{Value, json};

use super::world::World;
use crate::hostile_content::{PAYLOADS, raw_characters};

const DOCUMENT: &str = r#"{"Sid": "prior"}"#;

/// Returns a plan with every kind of change, as JSON.
async fn plan_with_every_change() -> Value {
    let sealed = World::new("")
        .plan(&["--user", "eve", "--account", "prod"])
        .await;
    let mut plan = serde_json::to_value(sealed.plan()).unwrap();
    let policy = json!({"policy": DOCUMENT});
    let changes = [
        (
            json!({"change": "deny-all", "policy": "p", "document": DOCUMENT}),
            policy.clone(),
        ),
        (
            json!({"change": "deny-all-until", "policy": "p", "until": "2026-03-03T00:00:00Z"}),
            policy.clone(),
        ),
        (
            json!({"change": "deny-sessions", "policy": "p", "sessions": ["AROA:s"]}),
            policy.clone(),
        ),
        (
            json!({"change": "revoke-sessions", "policy": "p"}),
            policy.clone(),
        ),
        (
            json!({"change": "deactivate-key", "key": "k"}),
            json!({"key": null}),
        ),
        (
            json!({"change": "deactivate-credential", "kind": "ssh-public-key", "id": "i"}),
            json!({"key": "active"}),
        ),
        (
            json!({"change": "delete-login-profile"}),
            json!({"present": true}),
        ),
        (
            json!({"change": "deactivate-mfa", "serial": "s"}),
            json!({"present": true}),
        ),
        (
            json!({"change": "block-assume", "document": DOCUMENT}),
            json!({"trust": null}),
        ),
        (
            json!({"change": "boundary", "policy": "p"}),
            json!({"boundary": "b"}),
        ),
        (json!({"change": "remove-deny-all", "policy": "p"}), policy),
    ];
    let steps = changes.into_iter().enumerate().map(
        |(number, (change, prior))| json!({"number": number + 1, "change": change, "prior": prior}),
    );
    let target = &mut plan["targets"][0];
    target["steps"] = steps.collect();
    target["instances"] = json!(["i-0abcdef1"]);
    for member in ["warnings", "locked_out", "remaining"] {
        target[member] = json!(["x"]);
    }
    for member in [
        "members",
        "groups",
        "trusted",
        "instance_profiles",
        "sessions",
        "created",
    ] {
        target["blast_radius"][member] = json!(["x"]);
    }
    let refused = json!([{"principal": "x", "reasons": ["x"], "user_id": "x"}]);
    plan["refused"] = refused.clone();
    plan["mentioned"] = refused;
    plan["gaps"] = json!(["x"]);
    plan["open_ends"] = json!(["x"]);
    plan
}

/// Adds the places of all texts below a value, as JSON pointers.
fn add_texts(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(pointer.to_owned()),
        Value::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                add_texts(value, &format!("{pointer}/{number}"), found);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                add_texts(value, &format!("{pointer}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// Puts a payload into every text of a plan, except where only certain texts make a plan. A document
/// stays one. Returns the plan and the number of these texts.
fn with_payload(plan: &Value, payload: &str) -> (Plan, usize) {
    let mut pointers = Vec::new();
    add_texts(plan, "", &mut pointers);
    let mut plan = plan.clone();
    let mut changed = 0;
    for pointer in pointers {
        let text = plan.pointer_mut(&pointer).unwrap();
        let before = text.clone();
        let written = before.as_str().unwrap();
        *text = if written.starts_with('{') {
            json!(json!({ "Sid": payload }).to_string())
        } else {
            json!(format!("{written}{payload}"))
        };
        if serde_json::from_value::<Plan>(plan.clone()).is_ok() {
            changed += 1;
        } else {
            *plan.pointer_mut(&pointer).unwrap() = before;
        }
    }
    (serde_json::from_value(plan).unwrap(), changed)
}

/// A folder with the commands that a script finds: an `aws` that writes its words to a file, and
/// commands that say that they ran.
struct Shell {
    temp: tempfile::TempDir,
}

impl Shell {
    fn new() -> Self {
        let shell = Self {
            temp: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(shell.path("bin")).unwrap();
        let aws = "#!/bin/sh\ncase \"$*\" in\n*get-caller-identity*) echo 222222222222 ;;\n\
                   *) for word in \"$@\"; do printf '%s\\0' \"$word\"; done >>\"$WORDS\" ;;\nesac\n";
        shell.add_command("aws", aws);
        for name in ["touch", "id", "rm", "cmd", "x"] {
            shell.add_command(name, "#!/bin/sh\nprintf '%s' \"$0\" >\"$RAN\"\n");
        }
        let date = ["/bin/date", "/usr/bin/date"];
        let date = date.into_iter().find(|path| Path::new(path).exists());
        symlink(date.unwrap(), shell.path("bin/date")).unwrap();
        shell
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn add_command(&self, name: &str, text: &str) {
        let file = self.path("bin").join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a block of a script, and returns the words of all commands.
    fn run(&self, script: &str, verb: &str) -> Vec<String> {
        let file = self.path("plan.sh");
        fs::write(&file, script).unwrap();
        _ = fs::remove_file(self.path("words"));
        let output = Command::new("/bin/sh")
            .arg(&file)
            .arg(verb)
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("WORDS", self.path("words"))
            .env("RAN", self.path("ran"))
            .env("SECURITY_GROUP", "sg-1")
            .output()
            .unwrap();
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{verb}: {printed}\n{script}");
        assert_eq!(raw_characters(&printed), [].into(), "{printed:?}");
        assert!(!self.path("ran").exists(), "{verb}: {script}");
        let words = fs::read_to_string(self.path("words")).unwrap_or_default();
        words.split_terminator('\0').map(str::to_owned).collect()
    }
}

/// Returns the documents among the words of commands.
fn documents(words: &[String]) -> Vec<Value> {
    let texts = words
        .iter()
        .filter_map(|word| word.strip_prefix("--policy-document="));
    texts
        .map(|text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")))
        .collect()
}

#[test]
fn exported_plans_do_no_harm_in_a_shell_or_on_a_terminal() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let base = runtime.block_on(plan_with_every_change());
    let shell = Shell::new();
    for payload in PAYLOADS {
        let (plan, changed) = with_payload(&base, payload);
        assert!(changed >= 30, "{changed} texts of a plan can be anything");
        let script = shell_script(&plan);
        assert_eq!(raw_characters(&script), [].into(), "{script:?}");
        let applied = documents(&shell.run(&script, "apply"));
        let sessions = format!("AROA:s{payload}");
        let denied = "/Statement/0/Condition/StringEquals/aws:userid/0";
        assert!(
            applied
                .iter()
                .any(|one| one.pointer(denied) == Some(&json!(sessions))),
            "{payload:?}: {applied:?}"
        );
        let hostile = json!({ "Sid": payload });
        assert!(applied.contains(&hostile), "{payload:?}: {applied:?}");
        let undone = documents(&shell.run(&script, "undo"));
        assert!(undone.contains(&hostile), "{payload:?}: {undone:?}");
        for verb in ["list", "snapshot", "isolate"] {
            assert!(!shell.run(&script, verb).is_empty(), "{verb}");
        }
        for policy in [
            service_control_policy(&plan),
            resource_control_policy(&plan),
        ] {
            assert_eq!(raw_characters(&policy), [].into(), "{policy:?}");
            let policy: Value = serde_json::from_str(&policy).unwrap();
            assert_eq!(policy["Version"], "2012-10-17");
        }
        let policy: Value = serde_json::from_str(&service_control_policy(&plan)).unwrap();
        assert!(
            policy.to_string().contains(&json!(sessions).to_string()),
            "{policy}"
        );
    }
}

#[test]
fn check_of_the_shell_can_fail() {
    let shell = Shell::new();
    let script = "aws iam x \"--policy-document={\\\"a\\\": \\\"$(printf b)\\\"}\" 'two words'\n";
    let words = shell.run(script, "apply");
    assert_eq!(words.last().map(String::as_str), Some("two words"));
    assert_eq!(documents(&words), [json!({"a": "b"})]);
    let harmful = std::panic::catch_unwind(|| Shell::new().run("$(touch x)\n", "apply"));
    assert!(harmful.is_err());
}
