//! Forged lines: every true record is reported as it is, none is replaced, and every forged line is
//! marked as untrusted.
//!
//! The lines stand in the log group of an application, and in the group of the trail: in other log
//! streams, and in streams whose names imitate those of a trail. A line in a stream of the trail
//! itself cannot be told from a record; `docs/security.md` says so.

use std::collections::BTreeSet;

use fastrand::Rng;

use crate::cases::cases;
use crate::scenario::Event;
use crate::world::{World, delivered, event, record};

const IP: &str = "192.0.2.1";
const ACCOUNTS: [&str; 2] = ["222222222222", "333333333333"];
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];
const TIME: &str = "2026-03-02T10:00:00Z";

/// A line of a world. The request id of its record identifies it.
struct Line {
    planted: String,
    request_id: String,
    is_true: bool,
    /// The accounts for which it counts, if they are in scope: that of the record, and for a forged
    /// line the one that stores it.
    accounts: Vec<&'static str>,
}

fn true_line(number: usize, rng: &mut Rng) -> (Line, String) {
    let account = ACCOUNTS[rng.usize(..2)];
    let request_id = format!("true-{number}");
    let record = record(
        &format!("e{number}"),
        account,
        REGIONS[rng.usize(..2)],
        TIME,
        IP,
    )
    .replace(&format!("r-e{number}"), &request_id);
    let line = Line {
        planted: delivered(TIME, &record),
        request_id,
        is_true: true,
        accounts: vec![account],
    };
    (line, record)
}

/// A line with the id, time and place of a true record, or of no record.
fn forged_line(number: usize, genuine: Option<&str>, rng: &mut Rng) -> Line {
    let request_id = format!("forged-{number}");
    let claimed = ACCOUNTS[rng.usize(..2)];
    let copied = genuine.and_then(|record| {
        let (_, rest) = record.split_once("\"requestID\":\"")?;
        let (id, _) = rest.split_once('"')?;
        Some(record.replace(id, &request_id))
    });
    let claimed = match genuine {
        Some(record) if record.contains("\"recipientAccountId\":\"222222222222\"") => ACCOUNTS[0],
        Some(_) => ACCOUNTS[1],
        None => claimed,
    };
    let message = copied.unwrap_or_else(|| {
        let id = format!("f{number}");
        record(&id, claimed, REGIONS[rng.usize(..2)], TIME, IP)
            .replace(&format!("r-{id}"), &request_id)
    });
    let in_trail_group = rng.bool();
    let (account, group) = if in_trail_group {
        ("111111111111", "/trail")
    } else {
        (ACCOUNTS[rng.usize(..2)], "/app")
    };
    // In the group of the trail: a stream of the other account, or of another organization.
    // Elsewhere: any name of a trail.
    let other = if claimed == ACCOUNTS[0] {
        ACCOUNTS[1]
    } else {
        ACCOUNTS[0]
    };
    let imitations = [
        "stream".to_owned(),
        "i-0123456789abcdef0".to_owned(),
        format!("{other}_CloudTrail_us-east-1"),
        format!("o-short_{claimed}_CloudTrail_us-east-1"),
        format!("{claimed}_CloudTrail_us-east-1_x"),
        format!("x{claimed}_CloudTrail_us-east-1"),
        format!("o-exampleorgid_{claimed}_CloudTrail_us-east-1"),
        "o-practice00_CloudTrail_us-east-1".to_owned(),
        format!("{claimed}_CloudTrail_us-east-1"),
    ];
    let choices = if in_trail_group { 7 } else { imitations.len() };
    let stream = &imitations[rng.usize(..choices)];
    Line {
        planted: Event::new(account, "us-east-1", group, TIME, &message)
            .stream(stream)
            .to_string(),
        request_id,
        is_true: false,
        // The group of an application is read only if its account is in scope.
        accounts: if in_trail_group {
            vec![claimed, account]
        } else {
            vec![account]
        },
    }
}

fn random_lines(rng: &mut Rng) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut genuine = Vec::new();
    for number in 0..rng.usize(1..5) {
        let (line, record) = true_line(number, rng);
        lines.push(line);
        genuine.push(record);
    }
    for number in 0..rng.usize(1..7) {
        let copied = rng
            .bool()
            .then(|| genuine[rng.usize(..genuine.len())].as_str());
        lines.push(forged_line(number, copied, rng));
    }
    rng.shuffle(&mut lines);
    lines
}

#[tokio::test(start_paused = true)]
async fn true_records_are_never_replaced_and_forged_lines_are_marked() {
    for seed in 0..cases(12) {
        let mut rng = Rng::with_seed(u64::from(seed));
        let lines = random_lines(&mut rng);
        let planted: String = lines.iter().map(|line| line.planted.as_str()).collect();
        let world = World::small_with(&planted);
        let scope = [
            &[][..],
            &["--account", "prod"],
            &["--account", "dev"],
            &["--exclude-account", "management"],
        ][rng.usize(..4)];
        let accounts: &[&str] = match scope {
            [] => &["111111111111", "222222222222", "333333333333"],
            ["--account", "prod"] => &ACCOUNTS[..1],
            ["--account", _] => &ACCOUNTS[1..],
            _ => &ACCOUNTS,
        };
        let run = world.sweep(&[&[IP][..], scope].concat()).await;
        let found: BTreeSet<String> = run
            .columns("sightings.csv", &["request_id", "trusted"])
            .into_iter()
            .collect();
        let expected: BTreeSet<String> = lines
            .iter()
            .filter(|line| {
                line.accounts
                    .iter()
                    .any(|account| accounts.contains(account))
            })
            .map(|line| format!("{} {}", line.request_id, line.is_true))
            .collect();
        assert_eq!(found, expected, "seed {seed}: {scope:?}\n{planted}");
    }
}

/// A line that says the same as a record is a copy of it, whatever its form: the order of members,
/// white space, and members that are null. The record stays where the trail delivered it.
#[tokio::test(start_paused = true)]
async fn copies_in_another_form_fold_into_the_record() {
    let genuine = record("e", "222222222222", "us-east-1", TIME, IP);
    let (_, members) = genuine.split_at(1);
    let copy =
        format!("{{ \"errorCode\": null, {members}").replace("\"eventVersion\":\"1.11\",", "");
    let copy = copy.replace("}}", "},\"eventVersion\":\"1.11\"}").replace(
        "\"recipientAccountId\":\"222222222222\"}",
        "\"recipientAccountId\":\"222222222222\", \"eventVersion\":\"1.11\"}",
    );
    let planted =
        event("222222222222", "us-east-1", "/app", TIME, &copy) + &delivered(TIME, &genuine);
    let run = World::small_with(&planted).sweep(&[IP]).await;
    let columns = ["copies", "trusted", "copies_differ", "log_group"];
    assert_eq!(
        run.columns("sightings.csv", &columns),
        ["2 true false /trail"]
    );
    let changed = copy.replace("ListBuckets", "DeleteBucket");
    let planted =
        event("222222222222", "us-east-1", "/app", TIME, &changed) + &delivered(TIME, &genuine);
    let run = World::small_with(&planted).sweep(&[IP]).await;
    assert_eq!(
        run.columns("sightings.csv", &columns),
        ["1 false true /app", "1 true true /trail"]
    );
}
