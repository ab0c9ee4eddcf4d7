//! Log files have a fast path if they are spelled as CloudTrail does. It finds what is found if the
//! same records are lines, which are all split.

use super::{Ended, Folder, IOC, gzip};

/// A record with its members in CloudTrail's order, and without spaces.
fn written_record(id: &str, name: &str, address: &str, parameters: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","accountId":"111111111111","userName":"ben"}},"eventTime":"2026-11-27T10:15:00Z","eventSource":"logs.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"{address}","userAgent":"aws-cli/2","requestParameters":{parameters},"eventID":"{id}","eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111111111111","eventCategory":"Management"}}"#
    )
}

/// Records of which each may match for another reason, or looks as if it did.
fn suspects() -> Vec<String> {
    let other = "10.0.0.1";
    let listed = |id: &str, parameters: &str| written_record(id, "ListTags", other, parameters);
    // All members that a piece needs are in this list, but none of it is a record.
    let forged = format!(
        r#"{{"list":[{{"managementEvent":true,"recipientAccountId":"999999999999"}},{},{{"eventVersion":"1.11","eventTime":"2026-11-27T10:15:00Z","eventSource":"a","eventName":"B","awsRegion":"us-east-1"}}]}}"#,
        written_record("forged", "ListTags", IOC, "null")
    );
    vec![
        written_record("address", "ListTags", IOC, "null"),
        written_record("escape", "ListTags", "\\u003192.0.2.77", "null"),
        listed("percent", r#"{"url":"https://a.example/?ip=%3192.0.2.77"}"#),
        listed("key", r#"{"192.0.2.77":1}"#),
        listed("quoted", r#"{"json":"{\"ip\":\"192.0.2.77\"}"}"#),
        listed("longer", r#"{"ip":"192.0.2.770"}"#),
        listed("unrelated", r#"{"url":"a%2Fb","text":"a\u00e9\n"}"#),
        listed("outer", &forged),
        written_record("stop", "StopLogging", other, r#"{"name":"trail"}"#)
            .replace("logs.amazonaws.com", "cloudtrail.amazonaws.com"),
        written_record(
            "imitate",
            "CreateLogStream",
            other,
            r#"{"logStreamName":"1_CloudTrail_us-east-1"}"#,
        ),
        written_record(
            "create",
            "CreateLogStream",
            other,
            r#"{"logStreamName":"a"}"#,
        ),
        listed("name", r#"{"text":"StopLogging"}"#),
        // An event of this service, and one that only CloudTrail has.
        written_record(
            "retention",
            "PutRetentionPolicy",
            other,
            r#"{"logGroupName":"a"}"#,
        ),
        written_record("other-source", "DeleteTrail", other, r#"{"name":"trail"}"#),
    ]
}

/// Writes a file for each suspect, in which it is the first, the last or another record, and
/// searches them.
fn search(join: impl Fn(&[String]) -> String) -> (Folder, Ended) {
    let folder = Folder::new();
    for (number, suspect) in suspects().into_iter().enumerate() {
        let mut records: Vec<String> = (0..2)
            .map(|other| {
                let id = format!("other-{number}-{other}");
                written_record(&id, "ListTags", "10.0.0.2", "{\"a\":[{}]}")
            })
            .collect();
        records.insert(number % 3, suspect);
        let content = gzip(join(&records).as_bytes());
        folder.write(&format!("{number}.json.gz"), content);
    }
    let ended = folder.sweep(&["--format", "csv"]);
    (folder, ended)
}

#[test]
fn log_files_yield_what_their_records_yield_as_lines() {
    let (files, found) = search(|records| format!("{{\"Records\":[{}]}}", records.join(",")));
    let (lines, expected) = search(|records| records.join("\n"));
    let mut ids = found.columns("sightings.csv", &["record_id"]);
    ids.sort();
    assert_eq!(
        ids,
        ["address", "escape", "key", "outer", "percent", "quoted"]
    );
    assert_eq!(
        found.columns("tampering.csv", &["event_name"]).len(),
        3,
        "{}",
        found.file("tampering.csv")
    );
    for name in ["sightings.csv", "tampering.csv", "hours.csv"] {
        let without_folder = |ended: &Ended, folder: &Folder| {
            let path = folder.path().to_str().unwrap();
            ended.file(name).replace(path, "")
        };
        assert_eq!(
            without_folder(&found, &files),
            without_folder(&expected, &lines),
            "{name}"
        );
    }
}
