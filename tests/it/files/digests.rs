//! CloudTrail digests in a copy of a trail's bucket: what is missing or was changed is reported, and
//! nothing else.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::resume::{kill_sweep, write_files};
use super::{ACCOUNT, Ended, Folder, gzip, hit, log_file, record};

const OTHER_ACCOUNT: &str = "222222222222";

const HOURS: u32 = 5;

fn sha256(content: &str) -> String {
    hex::encode(Sha256::digest(content.as_bytes()))
}

/// A trail's bucket with five hours of one day, of which each has two log files and a digest.
struct Bucket<'f> {
    folder: &'f Folder,
    account: &'static str,
    day: u32,
    /// The key and content of each log file and digest, in the order of delivery.
    log_files: Vec<(String, String)>,
    digests: Vec<(String, String)>,
}

impl<'f> Bucket<'f> {
    /// Creates the objects; nothing is written yet.
    fn new(folder: &'f Folder, account: &'static str, day: u32) -> Self {
        let mut bucket = Self {
            folder,
            account,
            day,
            log_files: Vec::new(),
            digests: Vec::new(),
        };
        for hour in 0..HOURS {
            bucket.add_hour(hour);
        }
        bucket
    }

    /// Creates a bucket as it was delivered, and writes it into the folder.
    fn copied(folder: &'f Folder) -> Self {
        let bucket = Self::new(folder, ACCOUNT, 27);
        bucket.write_log_files();
        bucket.write_digests();
        bucket
    }

    fn add_hour(&mut self, hour: u32) {
        let account = self.account;
        let day = self.day;
        let mut listed = Vec::new();
        for file in 0..2 {
            let id = format!("{account}-{day}-{hour}-{file}");
            let time = format!("2026-11-{day}T{hour:02}:1{file}:00Z");
            let content = match (hour, file) {
                (0, 0) => log_file(&[hit(&id)]),
                _ => log_file(&[record(&id, &time, "10.0.0.1")]),
            };
            let key = format!(
                "AWSLogs/{account}/CloudTrail/us-east-1/2026/11/{day}/{account}_CloudTrail_us-east-1_202611{day}T{hour:02}2{file}Z_a{hour}b{file}.json.gz"
            );
            listed.push(json!({
                "s3Bucket": "trail-bucket",
                "s3Object": key,
                "hashValue": sha256(&content),
                "hashAlgorithm": "SHA-256",
                "newestEventTime": time,
                "oldestEventTime": time,
            }));
            self.log_files.push((key, content));
        }
        self.add_digest(hour, &listed);
    }

    fn add_digest(&mut self, hour: u32, listed: &[Value]) {
        let account = self.account;
        let day = self.day;
        let end = hour + 1;
        let key = format!(
            "AWSLogs/{account}/CloudTrail-Digest/us-east-1/2026/11/{day}/{account}_CloudTrail-Digest_us-east-1_main_us-east-1_202611{day}T{end:02}0404Z.json.gz"
        );
        let previous = self.digests.last();
        let digest = json!({
            "awsAccountId": account,
            "digestStartTime": format!("2026-11-{day}T{hour:02}:04:04Z"),
            "digestEndTime": format!("2026-11-{day}T{end:02}:04:04Z"),
            "digestS3Bucket": "trail-bucket",
            "digestS3Object": key,
            "digestPublicKeyFingerprint": "be2f0b997552f44942837300ba1aba9d",
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": format!("2026-11-{day}T{hour:02}:11:00Z"),
            "oldestEventTime": format!("2026-11-{day}T{hour:02}:10:00Z"),
            "previousDigestS3Bucket": previous.map(|_| "trail-bucket"),
            "previousDigestS3Object": previous.map(|(key, _)| key),
            "previousDigestHashValue": previous.map(|(_, content)| sha256(content)),
            "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"),
            "previousDigestSignature": previous.map(|_| "00"),
            "logFiles": listed,
        });
        self.digests.push((key, digest.to_string()));
    }

    fn write_log_files(&self) {
        self.write_all(&self.log_files);
    }

    fn write_digests(&self) {
        self.write_all(&self.digests);
    }

    fn write_all(&self, objects: &[(String, String)]) {
        for (key, content) in objects {
            self.folder.write(key, gzip(content.as_bytes()));
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join("logs").join(key)
    }

    fn remove(&self, key: &str) {
        fs::remove_file(self.path(key)).unwrap();
    }
}

/// Returns the rows of the coverage that are not `searched`: file, status and reason.
fn gaps(ended: &Ended) -> Vec<String> {
    let rows = ended.columns("coverage.csv", &["status", "file", "reason"]);
    rows.into_iter()
        .filter(|row| !row.starts_with("searched"))
        .collect()
}

/// Checks that a run has exactly one gap, about this object.
fn assert_one_gap(ended: &Ended, object: &str, reason: &str) {
    assert_eq!(ended.code, Some(3), "{}{}", ended.stdout, ended.stderr);
    let gaps = gaps(ended);
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    let expected = format!("{object} {reason}: ");
    assert!(
        gaps[0].starts_with("partial ") && gaps[0].contains(&expected),
        "{expected}: {gaps:#?}"
    );
    let text = ended.words();
    assert!(text.contains("coverage is INCOMPLETE"), "{text}");
    assert!(!text.contains("could not be read"), "{text}");
    // The verdict never claims what a gap contradicts.
    let is_clean = text.contains("none missing, none modified; digest chain unbroken");
    assert!(!is_clean, "{text}");
}

/// Removes the runs, so that the next one is the newest.
fn remove_runs(folder: &Folder) {
    _ = fs::remove_dir_all(folder.path().join("runs"));
}

fn digest_numbers(ended: &Ended) -> Value {
    ended.summary()["files"]["digests"].clone()
}

#[test]
fn intact_copy_is_confirmed() {
    let folder = Folder::new();
    Bucket::copied(&folder);
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let sentence = "CloudTrail digests list 10 log files: none missing, none modified; \
                    digest chain unbroken from 2026-11-27T00:04:04Z to 2026-11-27T05:04:04Z \
                    (signatures not checked: a copy has none).";
    assert!(ended.words().contains(sentence), "{}", ended.stdout);
    let numbers = digest_numbers(&ended);
    assert_eq!(numbers["log_files"], 10);
    assert_eq!(numbers["signatures_checked"], json!(false));
    assert_eq!(ended.columns("sightings.csv", &["record_id"]).len(), 1);
}

#[test]
fn copy_without_digests_is_not_called_confirmed() {
    let folder = Folder::new();
    Bucket::new(&folder, ACCOUNT, 27).write_log_files();
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(!ended.stdout.contains("digest"), "{}", ended.stdout);
    assert_eq!(digest_numbers(&ended), Value::Null);
}

#[test]
fn removed_log_file_is_reported() {
    let folder = Folder::new();
    let bucket = Bucket::copied(&folder);
    let key = &bucket.log_files[4].0;
    bucket.remove(key);
    let ended = folder.sweep(&[]);
    let object = format!("s3://trail-bucket/{key}");
    assert_one_gap(&ended, &object, "file-missing: missing");
    assert!(
        ended
            .words()
            .contains("10 log files: 1 missing, none modified")
    );
    let rows = ended.columns("coverage.csv", &["account_id", "region", "status"]);
    assert!(rows.contains(&format!("{ACCOUNT} us-east-1 partial")));
}

#[test]
fn modified_log_file_is_reported() {
    let folder = Folder::new();
    let bucket = Bucket::copied(&folder);
    let key = &bucket.log_files[4].0;
    // The file that had a record about the attacker has another one now.
    let content = log_file(&[record("another", "2026-11-27T02:10:00Z", "10.0.0.2")]);
    folder.write(key, gzip(content.as_bytes()));
    let ended = folder.sweep(&[]);
    assert_one_gap(&ended, key, "file-modified: modified");
    assert!(
        ended
            .words()
            .contains("10 log files: none missing, 1 modified")
    );
}

#[test]
fn data_behind_the_content_is_reported() {
    for trailing in [&b"hidden"[..], &[0; 600]] {
        let folder = Folder::new();
        let bucket = Bucket::copied(&folder);
        let (key, content) = &bucket.log_files[4];
        folder.write(key, [&gzip(content.as_bytes())[..], trailing].concat());
        let ended = folder.sweep(&[]);
        assert_eq!(ended.code, Some(3), "{}{}", ended.stdout, ended.stderr);
        let expected = format!("{key} file-modified: modified: data follows");
        let gaps = gaps(&ended);
        assert!(gaps.iter().any(|gap| gap.contains(&expected)), "{gaps:#?}");
        assert!(
            gaps.iter().all(|gap| gap.contains(key.as_str())),
            "{gaps:#?}"
        );
        assert_eq!(digest_numbers(&ended)["modified"], 1);
    }
}

#[test]
fn removed_digest_is_reported() {
    let folder = Folder::new();
    let bucket = Bucket::copied(&folder);
    let key = &bucket.digests[2].0;
    bucket.remove(key);
    let ended = folder.sweep(&[]);
    let object = format!("s3://trail-bucket/{key}");
    assert_one_gap(&ended, &object, "file-unconfirmed: digest-missing");
    let numbers = digest_numbers(&ended);
    // The log files of the missing digest are there, and nothing confirms them.
    assert_eq!(
        (&numbers["log_files"], &numbers["unlisted"]),
        (&json!(8), &json!(2))
    );
}

#[test]
fn changed_digest_is_reported() {
    let folder = Folder::new();
    let bucket = Bucket::copied(&folder);
    let (key, content) = &bucket.digests[2];
    let changed = content.replace("T02:11:00Z", "T02:12:00Z");
    assert_ne!(&changed, content);
    folder.write(key, gzip(changed.as_bytes()));
    let ended = folder.sweep(&[]);
    let object = format!("s3://trail-bucket/{key}");
    assert_one_gap(&ended, &object, "file-unconfirmed: digest-modified");
}

#[test]
fn part_of_a_bucket_raises_no_alarm() {
    let folder = Folder::new();
    // All digests, but the log files of one day and one account only.
    let wanted = Bucket::new(&folder, ACCOUNT, 27);
    let other_day = Bucket::new(&folder, ACCOUNT, 26);
    let other_account = Bucket::new(&folder, OTHER_ACCOUNT, 27);
    wanted.write_log_files();
    for bucket in [&wanted, &other_account] {
        bucket.write_digests();
    }
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let text = ended.words();
    for part in [
        "list 10 log files: none missing, none modified; digest chains of 2 account-Regions unbroken",
        "not compared: 10 log files listed, but of accounts, Regions or days that are not on disk",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Digests of another day begin a chain that nothing connects with this one.
    other_day.write_digests();
    remove_runs(&folder);
    let ended = folder.sweep(&[]);
    let reasons = gaps(&ended);
    assert_eq!(reasons.len(), 1, "{reasons:#?}");
    assert!(reasons[0].contains("file-unconfirmed: digest-gap: "));
}

#[test]
fn later_part_of_a_chain_and_other_layouts_are_checked() {
    let folder = Folder::new();
    let bucket = Bucket::new(&folder, ACCOUNT, 27);
    // From the third hour on, flat, and unpacked.
    for (key, content) in bucket.log_files[4..].iter().chain(&bucket.digests[2..]) {
        let name = key.rsplit('/').next().unwrap();
        folder.write(name.strip_suffix(".gz").unwrap(), content);
    }
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let text = ended.words();
    let sentence = "list 6 log files: none missing, none modified; digest chain unbroken \
                    from 2026-11-27T02:04:04Z to 2026-11-27T05:04:04Z (signatures";
    assert!(text.contains(sentence), "{text}");
}

#[test]
fn hostile_digests_are_reported() {
    let folder = Folder::new();
    let bucket = Bucket::copied(&folder);
    let (key, content) = &bucket.digests[4];
    let digest: Value = serde_json::from_str(content).unwrap();
    let with = |member: &str, value: Value| {
        let mut changed = digest.clone();
        changed[member] = value;
        changed.to_string()
    };
    let mut entry = digest["logFiles"][0].clone();
    entry["s3Object"] = json!("../../../../etc/passwd");
    let mut upper = digest["logFiles"][0].clone();
    upper["hashValue"] = json!("AB".repeat(32));
    let mut algorithm = digest["logFiles"][0].clone();
    algorithm["hashAlgorithm"] = json!("MD5");
    for changed in [
        with("logFiles", json!([entry])),
        with("logFiles", json!([upper])),
        with("logFiles", json!([algorithm])),
        with("logFiles", json!([7])),
        with("digestEndTime", json!(7)),
        with("digestS3Object", json!("x".repeat(100_000))),
        "{}".to_owned(),
    ] {
        folder.write(key, gzip(changed.as_bytes()));
        remove_runs(&folder);
        let ended = folder.sweep(&[]);
        assert_one_gap(&ended, key, "file-unconfirmed: digest-invalid");
        assert_eq!(digest_numbers(&ended)["digest_problems"], 1);
    }
}

#[test]
fn resumed_run_has_the_same_result() {
    let folder = Folder::new();
    let bucket = Bucket::copied(&folder);
    bucket.remove(&bucket.log_files[2].0);
    let modified = log_file(&[record("another", "2026-11-27T02:10:00Z", "10.0.0.2")]);
    folder.write(&bucket.log_files[4].0, gzip(modified.as_bytes()));
    bucket.remove(&bucket.digests[3].0);
    let whole = folder.sweep(&[]);
    let shown = |ended: &Ended| (gaps(ended), digest_numbers(ended));
    let expected = shown(&whole);
    assert_eq!(expected.0.len(), 3, "{:#?}", expected.0);
    // Everything was read already.
    let again = folder.run(&["resume", "last"]);
    assert_eq!(again.code, Some(3), "{}", again.stderr);
    assert_eq!(shown(&again), expected);
    // A part of it was read. On a busy machine, a search may end before it is killed.
    write_files(&folder, 300);
    let was_killed = (0..20).any(|_| {
        remove_runs(&folder);
        kill_sweep(&folder)
    });
    assert!(was_killed);
    let resumed = folder.run(&["resume", "last"]);
    assert_eq!(resumed.code, Some(3), "{}", resumed.stderr);
    assert_eq!(shown(&resumed), expected);
}
