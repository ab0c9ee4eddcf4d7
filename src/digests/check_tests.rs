//! Log files and digests that are complete, missing or changed.

use serde_json::{Value, json};

use super::test_digests::{START_S, TestChain, file_name, log_key_at, sha256};
use super::{
    Digest, DigestCheck, DigestSummary, IntegrityKind, IntegrityProblem, LogFileCounts,
    ObjectTableBuilder,
};

const DAY_S: i64 = 86_400;

/// Checks digests in this order against the log files with these keys.
fn check(keys: &[String], digests: &[Value]) -> DigestCheck {
    let mut builder = ObjectTableBuilder::default();
    for key in keys {
        builder.add(file_name(key));
    }
    let mut check = DigestCheck::new(builder.build());
    for digest in digests {
        let json = digest.to_string();
        check.add_digest(&Digest::parse(&json).unwrap(), sha256(&json));
    }
    check
}

fn summary(check: &DigestCheck) -> DigestSummary {
    check.summary(LogFileCounts::default()).unwrap()
}

/// Four hours, of which each has a log file: `a0`, `a1` …
fn four_hours() -> (Vec<String>, Vec<Value>) {
    let mut chain = TestChain::new("main");
    let names = ["a0", "a1", "a2", "a3"];
    let digests = names.map(|name| chain.next_hour(&[(name, name)]));
    let starts = (0..).map(|hour| START_S + hour * 3_600);
    let keys = starts
        .zip(names)
        .map(|(start_s, name)| log_key_at(start_s, name));
    (keys.collect(), digests.to_vec())
}

fn kinds(problems: &[IntegrityProblem]) -> Vec<IntegrityKind> {
    problems.iter().map(|problem| problem.kind).collect()
}

#[test]
fn complete_chain_has_no_problem_in_any_order() {
    let (keys, mut digests) = four_hours();
    for _ in 0..4 {
        digests.rotate_left(1);
        let check = check(&keys, &digests);
        assert!(check.problems().is_empty());
        let summary = summary(&check);
        assert_eq!((summary.digests, summary.log_files), (4, 4));
        assert_eq!((summary.unlisted, summary.without_digest), (0, 0));
        assert_eq!(summary.from.as_second(), START_S);
        assert_eq!(summary.to.as_second(), START_S + 4 * 3_600);
    }
}

#[test]
fn hashes_are_those_of_the_digests() {
    let (keys, digests) = four_hours();
    let check = check(&keys, &digests);
    let expected = check.expected(file_name(&keys[1])).unwrap();
    assert!(expected.matches(sha256("a1")) && !expected.matches(sha256("a2")));
    let unpacked = file_name(&keys[1]).strip_suffix(".gz").unwrap();
    assert_eq!(check.expected(unpacked), Some(expected));
    assert_eq!(check.expected("app.json"), None);
}

#[test]
fn missing_log_file_is_named() {
    let (mut keys, digests) = four_hours();
    let removed = keys.remove(2);
    let check = check(&keys, &digests);
    let problems = check.problems();
    assert_eq!(kinds(&problems), [IntegrityKind::MissingLogFile]);
    assert_eq!(problems[0].address, format!("s3://trail-bucket/{removed}"));
    assert_eq!(summary(&check).missing, 1);
    assert_eq!(summary(&check).log_files, 4);
}

#[test]
fn many_missing_log_files_are_summed_up() {
    let mut chain = TestChain::new("main");
    let names: Vec<String> = (0..150).map(|n| format!("n{n}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "")).collect();
    let digest = chain.next_hour(&files);
    let check = check(&[log_key_at(START_S, "n0")], &[digest]);
    let problems = check.problems();
    assert_eq!(problems.len(), 100);
    assert!(problems[99].detail.contains("49 other log files"));
    assert_eq!(summary(&check).missing, 149);
}

#[test]
fn what_was_not_copied_is_not_missing() {
    let (keys, digests) = four_hours();
    // Log files of another day only, and none at all.
    let other_day = log_key_at(START_S + 2 * DAY_S, "b");
    for keys in [vec![other_day], Vec::new()] {
        let check = check(&keys, &digests);
        assert!(check.problems().is_empty());
        assert_eq!(summary(&check).not_copied, 4);
        assert_eq!(summary(&check).without_digest, keys.len() as u64);
    }
    // A day between two that were copied is a part of the copy.
    let around = [
        log_key_at(START_S - DAY_S, "b"),
        log_key_at(START_S + DAY_S, "b"),
    ];
    assert_eq!(check(&around, &digests).problems().len(), keys.len());
}

#[test]
fn missing_digest_is_named_with_its_hours() {
    let (keys, mut digests) = four_hours();
    let removed = digests.remove(1);
    let check = check(&keys, &digests);
    let problems = check.problems();
    assert_eq!(kinds(&problems), [IntegrityKind::MissingDigest]);
    let key = removed["digestS3Object"].as_str().unwrap();
    assert_eq!(problems[0].address, format!("s3://trail-bucket/{key}"));
    let start = removed["digestStartTime"].as_str().unwrap();
    let end = removed["digestEndTime"].as_str().unwrap();
    let hours = format!("no digest covers {start} to {end}");
    assert!(problems[0].detail.contains(&hours), "{problems:?}");
    let summary = summary(&check);
    assert_eq!((summary.digest_problems, summary.unlisted), (1, 1));
}

#[test]
fn copy_may_start_and_end_anywhere() {
    let (keys, digests) = four_hours();
    for part in [&digests[1..], &digests[2..3], &digests[..2]] {
        assert!(check(&keys, part).problems().is_empty());
    }
}

#[test]
fn changed_digest_is_named() {
    let (keys, mut digests) = four_hours();
    digests[1]["newestEventTime"] = json!("2026-11-27T12:00:00Z");
    let check = check(&keys, &digests);
    let problems = check.problems();
    assert_eq!(kinds(&problems), [IntegrityKind::ModifiedDigest]);
    let key = digests[1]["digestS3Object"].as_str().unwrap();
    assert_eq!(problems[0].address, format!("s3://trail-bucket/{key}"));
    assert_eq!(summary(&check).digest_problems, 1);
}

#[test]
fn chain_that_starts_anew_is_a_gap() {
    for hours in [0, 5] {
        let mut chain = TestChain::new("main");
        let first = chain.next_hour(&[]);
        chain.restart(hours);
        let second = chain.next_hour(&[]);
        let problems = check(&[], &[first, second]).problems();
        assert_eq!(kinds(&problems), [IntegrityKind::DigestGap]);
    }
}

#[test]
fn trails_and_backfill_digests_have_chains_of_their_own() {
    let (keys, mut digests) = four_hours();
    digests.push(TestChain::new("other").next_hour(&[]));
    // A backfill digest lists what the digest of its hour lacks.
    let listed = digests[2]["logFiles"].take();
    digests[2]["logFiles"] = json!([]);
    let mut backfill = digests[0].clone();
    let key = backfill["digestS3Object"].as_str().unwrap();
    backfill["digestS3Object"] = json!(key.replace(".json", "_backfill.json"));
    backfill["logFiles"] = listed;
    let mut later = backfill.clone();
    let key = later["digestS3Object"].as_str().unwrap();
    later["digestS3Object"] = json!(key.replace("T11", "T12"));
    digests.extend([backfill, later]);
    // The digest behind the changed one says so, and nothing else is wrong.
    let check = check(&keys, &digests);
    assert_eq!(kinds(&check.problems()), [IntegrityKind::ModifiedDigest]);
    assert_eq!(summary(&check).log_files, 4);
}

#[test]
fn copies_of_a_digest_are_one_and_other_contents_a_problem() {
    let (keys, mut digests) = four_hours();
    digests.push(digests[3].clone());
    let same = check(&keys, &digests);
    assert!(same.problems().is_empty());
    assert_eq!(summary(&same).digests, 4);
    digests[4]["logFiles"][0]["hashValue"] = json!("0".repeat(64));
    let problems = check(&keys, &digests).problems();
    // Both the digest and the log file with two hashes are named.
    assert_eq!(kinds(&problems), [IntegrityKind::ModifiedDigest; 2]);
}

/// Checks digests of a bucket, each with its number as the signature, and the signature that it names
/// for the one before.
fn check_bucket(keys: &[String], digests: &[(Value, &str)]) -> DigestCheck {
    let mut builder = ObjectTableBuilder::default();
    for key in keys {
        builder.add(file_name(key));
    }
    let mut check = DigestCheck::for_bucket(builder.build_complete());
    for (digest, signature) in digests {
        let json = digest.to_string();
        check.add_signed_digest(&Digest::parse(&json).unwrap(), sha256(&json), signature, 0);
    }
    check
}

#[test]
fn chain_of_a_bucket_is_linked_by_signatures_too() {
    // Every digest names the signature `00`.
    let (keys, digests) = four_hours();
    let signed = |signatures: [&'static str; 4]| {
        let digests = digests.iter().cloned().zip(signatures);
        check_bucket(&keys, &digests.collect::<Vec<_>>())
    };
    let good = signed(["00", "00", "00", "07"]);
    assert!(good.problems().is_empty());
    assert!(summary(&good).signatures_checked);
    let problems = signed(["00", "01", "00", "07"]).problems();
    assert_eq!(kinds(&problems), [IntegrityKind::ModifiedDigest]);
    let key = digests[1]["digestS3Object"].as_str().unwrap();
    assert_eq!(problems[0].address, format!("s3://trail-bucket/{key}"));
    assert!(problems[0].detail.contains("its signature"), "{problems:?}");
}

#[test]
fn bucket_without_any_log_file_lacks_all_of_them() {
    let (_, digests) = four_hours();
    let digests: Vec<(Value, &str)> = digests.into_iter().map(|digest| (digest, "00")).collect();
    let check = check_bucket(&[], &digests);
    let problems = check.problems();
    assert_eq!(kinds(&problems), [IntegrityKind::MissingLogFile; 4]);
    assert!(problems[0].detail.contains("the bucket does not have it"));
    assert_eq!(summary(&check).missing, 4);
}

#[test]
fn forged_digest_is_one_problem_and_confirms_nothing() {
    let (keys, digests) = four_hours();
    let good = |position: usize| (digests[position].clone(), "00");
    let mut check = check_bucket(&keys, &[good(0), good(2), good(3)]);
    let mut forged = digests[1].clone();
    forged["logFiles"] = json!([]);
    let json = forged.to_string();
    let forged = Digest::parse(&json).unwrap();
    check.add_forged_digest(&forged, sha256(&json), "its signature is wrong".to_owned());
    let problems = check.problems();
    assert_eq!(kinds(&problems), [IntegrityKind::InvalidDigest]);
    let summary = summary(&check);
    let numbers = (summary.digest_problems, summary.log_files, summary.unlisted);
    assert_eq!(numbers, (1, 3, 1));
}
