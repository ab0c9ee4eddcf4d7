//! Replays requests whose answers from AWS were recorded, and compares the answers of the range:
//! error codes, messages and statuses, and which members a response has.
//!
//! The answers are those that LocalStack's tests recorded from AWS (logs: 2026; IAM and STS: 2024 and
//! 2025), written down here anew. Each entry names its test.
//!
//! Source: <https://github.com/localstack/localstack>, commit 8b9a79f,
//! `tests/aws/services/{iam,sts,logs}/*.snapshot.json`.

mod client;
mod iam;
mod logs;
mod sts;

use client::{Answer, Client};

use super::clients::World;

const ACCOUNT: &str = "222222222222";
const KEY: &str = "AKIAADMINISTRATOR222";

/// What AWS answered.
enum Expected {
    /// A response with exactly these members; `path=value` also says which value.
    Members(&'static str),
    /// An error: its status, code and message.
    Error(u16, &'static str, String),
}

fn error(status: u16, code: &'static str, message: impl Into<String>) -> Expected {
    Expected::Error(status, code, message.into())
}

/// Counts answers that agree, and keeps the differences.
#[derive(Default)]
struct Tally {
    agreed: usize,
    differences: Vec<String>,
}

impl Tally {
    /// Compares an answer with what the step `step` of the test `test` recorded.
    fn compare(&mut self, test: &str, step: &str, answer: &Answer, expected: Expected) {
        let difference = match expected {
            Expected::Members(members) => missing_or_more(answer, members),
            Expected::Error(status, code, message) => {
                let expected = (status, (code.to_owned(), message));
                let actual = (answer.status, answer.error());
                (expected != actual).then(|| format!("{actual:?} instead of {expected:?}"))
            }
        };
        match difference {
            None => self.agreed += 1,
            Some(difference) => self
                .differences
                .push(format!("{test} {step}: {difference}")),
        }
    }
}

fn missing_or_more(answer: &Answer, members: &str) -> Option<String> {
    if answer.status != 200 {
        return Some(format!("{} {}", answer.status, answer.body));
    }
    let leaves = answer.leaves();
    let mut problems = Vec::new();
    let mut expected = Vec::new();
    for member in members.split_whitespace() {
        let (path, value) = member
            .split_once('=')
            .map_or((member, None), |(path, value)| (path, Some(value)));
        expected.push(path);
        match (leaves.get(path), value) {
            (None, _) => problems.push(format!("no {path}")),
            (Some(actual), Some(value)) if actual != value => {
                problems.push(format!("{path} is {actual} instead of {value}"));
            }
            _ => {}
        }
    }
    let more = leaves
        .keys()
        .filter(|path| !expected.contains(&path.as_str()));
    problems.extend(more.map(|path| format!("also {path}")));
    (!problems.is_empty()).then(|| problems.join(", "))
}

/// Returns an administrator of an account, which is a user.
fn administrator() -> Client {
    let world = World::tiny(&format!(
        "[[users]]\naccount = \"{ACCOUNT}\"\nname = \"admin\"\naccess_keys = [\"{KEY}\"]\n\
         attached = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]\n"
    ));
    let credentials = world.range.credentials_of_key(KEY);
    Client {
        clock: world.clock().clone(),
        range: world.range,
        key: credentials.access_key_id,
        secret: credentials.secret_access_key,
        token: None,
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_answers_agree() {
    let mut tally = Tally::default();
    iam::replay(&mut tally).await;
    sts::replay(&mut tally).await;
    logs::replay(&mut tally).await;
    let total = tally.agreed + tally.differences.len();
    assert!(total >= 68, "only {total} answers were compared");
    assert!(
        tally.differences.len() <= 2,
        "{} of {total} agree:\n{}",
        tally.agreed,
        tally.differences.join("\n")
    );
}

/// The comparison finds a missing, an additional and a different member.
#[tokio::test(start_paused = true)]
async fn differences_are_found() {
    let answer = administrator()
        .send("iam", "GetUser", serde_json::json!({"UserName": "admin"}))
        .await;
    let all = "User.Arn User.CreateDate User.Path=/ User.UserId User.UserName=admin";
    assert_eq!(missing_or_more(&answer, all), None);
    for wrong in [
        "User.Arn User.CreateDate User.Path User.UserId",
        "User.Arn User.CreateDate User.Path User.UserId User.UserName User.Tags.Key",
        "User.Arn User.CreateDate User.Path=/a/ User.UserId User.UserName",
    ] {
        assert!(missing_or_more(&answer, wrong).is_some(), "{wrong}");
    }
}
