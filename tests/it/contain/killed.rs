//! Kills `contain apply` and `contain undo` with `kill -9` at random points: 2 points for each
//! action, or 20 in CI. What `status` reports afterwards is true, applying again contains, and
//! undoing again restores the prior state byte for byte.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use aws_sdk_iam::Client;
use dragnet::contain::State;
use futures::StreamExt;
use futures::stream;
use serde_json::Value;
use tokio::time::sleep;

use super::actions::{MALLORY, PRINCIPALS, TRUSTED, has_password, mfa_devices, snapshot};
use super::responder::Responder;
use super::world::inline_policies;
use crate::cases::{cases, seed};
use crate::survive::binary::run_in;

const ACTIONS: [&str; 6] = [
    "deactivate-credentials",
    "delete-login-profile",
    "deactivate-mfa",
    "block-assume",
    "boundary",
    "deny-session",
];
/// A containment mostly waits between its reads, so several can run on one processor.
const AT_ONCE: usize = 24;
/// The time in which a containment connects and writes.
const WRITING: Duration = Duration::from_millis(1_500);
/// The time in which it reads back.
const READING_BACK: Duration = Duration::from_secs(5);
/// The key of a session of the role `Worker` that acted.
const KEY: &str = "ASIAEVE2222222222222";
const WORKER: &str = r#"
[[roles]]
name = "Worker"
accounts = ["222222222222"]
policies = { Own = '{ "Version":"2012-10-17",  "Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"} }' }
[[records]]
account = "222222222222"
region = "us-east-1"
at = "1h ago"
by = "arn:aws:sts::222222222222:assumed-role/Worker/evil"
service = "s3"
action = "ListBuckets"
ip = "192.0.2.1"
access_key = "ASIAEVE2222222222222"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn killed_containment_ends_as_reported() {
    let seed = seed();
    println!("DRAGNET_SEED={seed}");
    let points: Vec<_> = ACTIONS
        .into_iter()
        .flat_map(|action| (0..cases(2)).map(move |point| (action, point)))
        .collect();
    let continued = stream::iter(points.clone()).map(|(action, point)| async move {
        let label = format!("{action}, point {point} of seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed ^ u64::from(point));
        let delays = [(); 2].map(|()| delay(point, rng.f64()));
        Box::pin(kill_and_continue(action, delays, &label)).await
    });
    let started: Vec<bool> = continued.buffer_unordered(AT_ONCE).collect().await;
    let number = started.iter().filter(|started| **started).count();
    println!(
        "{number} of {} had a journal when they were killed",
        points.len()
    );
    assert!(number >= points.len() / 4, "{number}");
}

/// Returns when to kill. Every other point is in the time in which something is written.
fn delay(point: u32, share: f64) -> Duration {
    if point.is_multiple_of(2) {
        WRITING.mul_f64(share)
    } else {
        WRITING + READING_BACK.mul_f64(share)
    }
}

/// Kills applying and undoing after these delays, and continues both. Returns whether applying had
/// started.
async fn kill_and_continue(action: &str, delays: [Duration; 2], label: &str) -> bool {
    let [apply_delay, undo_delay] = delays;
    let containments = Containments::new().await;
    let before = containments.state().await;
    let id = containments.plan(action, label).await;
    let apply = ["contain", "apply", "plan.json", "--confirm", id.as_str()];
    containments.kill(&apply, apply_delay).await;
    let started = containments.check_status(&id, &before, label).await;

    containments.run_to_end(&apply, label).await;
    assert_ne!(containments.state().await, before, "{label}");
    let undo = ["contain", "undo", id.as_str()];
    containments.kill(&undo, undo_delay).await;
    let restored = restored_state(action, &before);
    let record = containments.status(&id).await.unwrap();
    if record["standing"] == "undone" {
        assert_eq!(containments.state().await, restored, "{label}: {record:#}");
    }
    containments.run_to_end(&undo, label).await;
    assert_eq!(containments.state().await, restored, "{label}");
    started
}

/// Returns the state after an undo. A deleted password and a deactivated MFA device do not come
/// back.
fn restored_state(action: &str, before: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut restored = before.clone();
    let lost = match action {
        "delete-login-profile" => Some(("password", "false")),
        "deactivate-mfa" => Some(("MFA devices", "0")),
        _ => None,
    };
    restored.extend(lost.map(|(name, value)| (name.to_owned(), value.to_owned())));
    restored
}

/// Containments of `mallory`, `Trusted` and `Worker`.
struct Containments {
    responder: Responder,
    /// IAM as the administrator of the account.
    iam: Client,
}

impl Containments {
    async fn new() -> Self {
        // Each undone credential takes five seconds, and two kinds are enough here.
        let principals = PRINCIPALS
            .replace("ssh_keys = [\"APKAMALLORY222222222\"]\n", "")
            .replace("signing_certificates = [\"CERTMALLORY222222222222\"]\n", "")
            .replace(", \"ACCAMALLORY222222223\"", "");
        let responder = Responder::new(&[principals.as_str(), WORKER].concat()).await;
        let role = "OrganizationAccountAccessRole";
        let clients = responder.sdk_clients();
        let administrator = clients.assume("222222222222", role, "us-east-1").await;
        Self {
            iam: Client::new(&administrator),
            responder,
        }
    }

    /// Returns everything that an action changes, by name.
    async fn state(&self) -> BTreeMap<String, String> {
        let mut state = Box::pin(snapshot(&self.iam)).await;
        let has_password = has_password(&self.iam).await;
        state.insert("password".to_owned(), has_password.to_string());
        let devices = mfa_devices(&self.iam).await;
        state.insert("MFA devices".to_owned(), devices.to_string());
        let policies = Box::pin(inline_policies(&self.iam, "role", "Worker")).await;
        for (name, document) in policies {
            state.insert(format!("policy {name}"), document);
        }
        state
    }

    /// Starts a command, and kills it after a delay.
    async fn kill(&self, arguments: &[&str], delay: Duration) {
        let mut command = self.responder.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        sleep(delay).await;
        child.kill().await.unwrap();
    }

    /// Runs a command that must succeed.
    async fn run_to_end(&self, arguments: &[&str], label: &str) {
        let output = self.responder.run(arguments).await;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{label}: {arguments:?}: {text}"
        );
    }

    /// Plans the action, and returns the id of the containment.
    async fn plan(&self, action: &str, label: &str) -> String {
        let principal = match action {
            "block-assume" => ["--role".to_owned(), TRUSTED.to_owned()],
            "deny-session" => ["--from-run".to_owned(), self.sweep().await],
            _ => ["--user".to_owned(), MALLORY.to_owned()],
        };
        let [option, value] = &principal;
        let plan = ["contain", "plan", "--reason", "test", "--json"];
        let selected = [option.as_str(), value, "--action", action];
        let output = self.responder.run(&[&plan[..], &selected].concat()).await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{label}: {stderr}"
        );
        let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
        plan["hash"].as_str().unwrap()[..12].to_owned()
    }

    /// Sweeps for the key of the session, and returns the directory of the run.
    async fn sweep(&self) -> String {
        let output = self
            .responder
            .run(&["sweep", KEY, "--progress", "none"])
            .await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let run = run_in(self.responder.home.path()).unwrap_or_else(|| panic!("{stderr}"));
        run.to_str().unwrap().to_owned()
    }

    /// Returns what `status` reports; `None` if nothing was started.
    async fn status(&self, id: &str) -> Option<Value> {
        let output = self
            .responder
            .run(&["contain", "status", id, "--json"])
            .await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(1) && stderr.contains("no containment") {
            return None;
        }
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "status: {stderr}"
        );
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// Compares what `status` reports after `apply` was killed with the state of the account.
    /// Returns whether anything was started.
    async fn check_status(&self, id: &str, before: &BTreeMap<String, String>, label: &str) -> bool {
        let is_changed = self.state().await != *before;
        let Some(record) = self.status(id).await else {
            assert!(!is_changed, "{label}: changed, but no journal says so");
            return false;
        };
        let steps = record["steps"].as_array().unwrap();
        let may_be_applied = steps.iter().any(|step| {
            let state = State::from_word(step["state"].as_str().unwrap()).unwrap();
            state.may_be_applied()
        });
        assert!(may_be_applied || !is_changed, "{label}: {record:#}");
        let is_contained = record["standing"] == "contained";
        assert!(is_changed || !is_contained, "{label}: {record:#}");
        true
    }
}
