//! Random worlds and searches: a sweep with Athena finds what a sweep finds that reads all objects, whose own oracle
//! is in `s3::random`. With `DRAGNET_ATHENA_CASES`, the statements, objects and results are written to that folder, for
//! `tests/servers/athena.py`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use fastrand::Rng;
use serde_json::json;

use super::{ACCOUNTS, BUCKET, REGIONS, results, used, world};
use crate::cases::{cases, seed};
use crate::scenario::{Inline, Record};
use crate::world::{Run, World};

/// Names that calls contain, some of them with characters that are escaped in JSON or that have a meaning in SQL.
const NAMES: [&str; 8] = [
    "bob",
    "o'brien",
    "x--y",
    "a\\\\b",
    "caf\u{e9}",
    "semi;colon",
    "role/path",
    "50%off",
];
const ADDRESSES: [&str; 4] = ["192.0.2.1", "192.0.2.77", "203.0.113.9", "2001:db8::7"];

/// What is searched for. The hostile ones try to end a literal, to begin a comment, or to add a condition.
const SEARCHES: [&[&str]; 16] = [
    &["192.0.2.1"],
    &["192.0.2.0/24"],
    &["2001:db8::7"],
    &["user:bob"],
    &["AKIAIOSFODNN7EXAMPLE"],
    &["arn:aws:iam::222222222222:user/bob"],
    &["event:DeleteBucket"],
    &["account:222222222222"],
    &["text:o'brien"],
    &["text:caf\u{e9} name"],
    &["text:x') OR (1=1) -- y"],
    &["text:a\\b/*comment*/"],
    &["text:semi;colon \u{201c}quoted\u{201d}"],
    &["evil.example", "192.0.2.77"],
    &["d41d8cd98f00b204e9800998ecf8427e", "user:x--y"],
    &["text:50%off", "text:role/path"],
];

fn pick<'a>(rng: &mut Rng, texts: &[&'a str]) -> &'a str {
    texts[rng.usize(0..texts.len())]
}

/// Parts of texts that try to end a literal or an identifier, to begin or end a comment, to escape a quotation mark, or
/// to add a condition or a statement.
const HOSTILE: [&str; 24] = [
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\'",
    "\\\\",
    "--",
    "/*",
    "*/",
    "#",
    ";",
    "(",
    ")",
    "%",
    "_",
    "$path",
    " OR 1=1",
    " UNION SELECT ",
    "DROP TABLE t",
    "\u{2019}",
    "\u{ff07}",
    "\u{202e}",
    "\u{feff}",
];

/// Returns a text of hostile parts, any characters of Unicode, and words.
fn hostile_text(rng: &mut Rng) -> String {
    let mut text = "x".to_owned();
    for _ in 0..rng.usize(2..10) {
        match rng.u32(0..3) {
            0 => text.push_str(pick(rng, &HOSTILE)),
            1 => {
                let any = rng.char(' '..=char::MAX);
                // Braces are replaced in scenarios.
                text.extend(Some(any).filter(|any| !any.is_control() && !"{}".contains(*any)));
            }
            _ => text.push_str(pick(rng, &["role", "bucket", "n0de", "a.b", "caf\u{e9}"])),
        }
    }
    // The ends of an indicator are trimmed.
    text + "y"
}

/// Returns random calls of all accounts and Regions in the last days.
fn random_calls(rng: &mut Rng) -> String {
    let mut tables = String::new();
    for _ in 0..rng.usize(5..60) {
        let account = pick(rng, &ACCOUNTS);
        let at = format!("{}m ago", rng.u32(70..4_000));
        let name = pick(rng, &NAMES);
        let by = format!("arn:aws:iam::{account}:user/{}", pick(rng, &["bob", "eve"]));
        let host = pick(rng, &["evil.example", "EVIL.example", "a.example"]);
        let call = Record::new(account, pick(rng, &REGIONS), &at, by)
            .call("s3", pick(rng, &["DeleteBucket", "ListBuckets"]))
            .ip(pick(rng, &ADDRESSES))
            .request(Inline(&[("name", name), ("host", host)]))
            .raw(&format!("delivered = \"{at}\""));
        tables.push_str(&call);
    }
    tables
}

/// Writes a case for the driver: the statements with which the objects were chosen, the objects, and the paths of those
/// that contain a match.
fn write_case(number: u32, world: &World, expected: &Run) {
    let Ok(folder) = std::env::var("DRAGNET_ATHENA_CASES") else {
        return;
    };
    let objects = world.range().objects(BUCKET);
    let objects: Vec<_> = objects
        .iter()
        .map(|(key, body)| json!({ "path": format!("s3://{BUCKET}/{key}"), "hex": hex::encode(body) }))
        .collect();
    let ids = expected.columns("sightings.csv", &["event_id"]);
    let paths: BTreeSet<String> = ids
        .iter()
        .map(|id| format!("s3://{}", id.rsplit_once('#').unwrap().0))
        .collect();
    let case = json!({
        "statements": world.range().athena_statements(),
        "objects": objects,
        "expected": paths,
    });
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("case-{number}.json")), case.to_string()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn athena_changes_no_result() {
    let mut rng = Rng::with_seed(seed());
    let mut ruled_out = 0;
    for (number, search) in (0..cases(16)).zip(SEARCHES.into_iter().cycle()) {
        let workgroup = pick(
            &mut rng,
            &[
                "",
                "most_days = 1",
                "rows_a_page = 3",
                "bytes_cutoff = 20000",
            ],
        );
        let world = world(workgroup, &random_calls(&mut rng));
        let common = ["--since", "3d", "--require", "management"];
        let with = [search, &common, &["--sources", "athena"]].concat();
        let without = [search, &common, &["--sources", "s3"]].concat();
        let run = Box::pin(world.sweep(&with)).await;
        let expected = Box::pin(world.sweep(&without)).await;
        assert_eq!(results(&run), results(&expected), "{search:?} {workgroup}");
        ruled_out += used(&run).0;
        write_case(number, &world, &expected);
    }
    assert!(ruled_out > 50, "{ruled_out} objects were ruled out");
}

/// The numbers of the cases of hostile texts, in the folder for the driver.
const HOSTILE_CASES: u32 = 1_000_000;

/// Whatever is searched for stays a literal: the objects that have it are named, and the driver parses the statements.
#[tokio::test(start_paused = true)]
async fn hostile_texts_stay_literals() {
    let mut rng = Rng::with_seed(seed());
    let mut found = 0;
    let mut queries = 0;
    for number in 0..cases(16) {
        let text = hostile_text(&mut rng);
        let bob = format!("arn:aws:iam::{}:user/bob", ACCOUNTS[1]);
        let call = Record::new(ACCOUNTS[1], REGIONS[0], "3h ago", bob)
            .call("s3", "ListBuckets")
            .request(Inline(&[("name", text.as_str())]))
            .raw("delivered = \"3h ago\"");
        let world = world("", &(random_calls(&mut rng) + &call));
        let indicator = format!("text:{text}");
        let common = [
            indicator.as_str(),
            "--since",
            "3d",
            "--require",
            "management",
        ];
        let with = [&common[..], &["--sources", "athena"]].concat();
        let without = [&common[..], &["--sources", "s3"]].concat();
        let run = Box::pin(world.sweep(&with)).await;
        let expected = Box::pin(world.sweep(&without)).await;
        assert_eq!(results(&run), results(&expected), "{text:?}");
        found += results(&run).0.len();
        queries += used(&run).1;
        write_case(HOSTILE_CASES + number, &world, &expected);
    }
    assert!(found > 0 && queries > 0, "{found} found, {queries} queries");
}
