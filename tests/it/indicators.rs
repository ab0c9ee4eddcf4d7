//! Finds indicators of every kind, from every form of list, in a whole organization.

use std::fs;

use crate::world::{World, event, record};

/// The planted messages, all an hour old and in one log group. Each contains one indicator.
const MESSAGES: [&str; 13] = [
    "2 111111111111 eni-1 192.0.2.1 10.0.0.9 443 49152 6 20 4249 1418530010 1418530070 ACCEPT OK",
    "2 111111111111 eni-1 10.0.0.9 192.0.2.77 443 49152 6 20 4249 1418530010 1418530070 REJECT OK",
    r#"{"peer":{"ip":"2001:0DB8:0:0::0001"}}"#,
    r#"{"payload":"{\"host\":\"WWW.Evil.Example\"}"}"#,
    r#"INFO {"caller":"arn:aws:iam::222222222222:user\/ben"}"#,
    r#"{"requestParameters":{"userName":"mallory"}}"#,
    r#"{"arn":"arn:aws:sts::222222222222:assumed-role/Backdoor/session"}"#,
    r#"{"eventName":"StopLogging","userAgent":"aws-cli/2.1 kali/2026"}"#,
    r#"{"files":[{"sha256":"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"}]}"#,
    r#"{"account":"999999999999"}"#,
    "the key AKIAI44QH8DHBEXAMPLE, pasted",
    "x-7-y",
    r#"{"requestParameters":{"bucketName":"crown-jewels"}}"#,
];

/// Messages that must not match.
const NEAR_MISSES: [&str; 7] = [
    "from 192.0.3.1 and 1192.0.2.1",
    r#"{"peer":{"ip":"2001:0DB8:0:0::0010"}}"#,
    "notevil.example, evil.example.com",
    r#"{"note":"mallory","eventName":"StopLoggingX"}"#,
    r#"{"arn":"arn:aws:iam::222222222222:user/benjamin"}"#,
    "0999999999999",
    r#"{"resources":[{"ARN":"arn:aws:s3:::crown-jewels-logs/x"}]}"#,
];

const INDICATORS: [&str; 12] = [
    "192.0.2.0/24",
    "2001:db8::1",
    "evil.example",
    "arn:aws:iam::222222222222:user/ben",
    "user:mallory",
    "role:Backdoor",
    "event:StopLogging",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "999999999999",
    "AKIAI44QH8DHBEXAMPLE",
    "regex:x-[0-9]-y",
    "resource:crown-jewels",
];

fn world() -> World {
    let all = MESSAGES.iter().chain(&NEAR_MISSES);
    let planted: String = all
        .map(|text| event("222222222222", "eu-west-1", "/app", "1h ago", text))
        .collect();
    World::small_with(&planted)
}

#[tokio::test(start_paused = true)]
async fn indicators_of_every_kind_are_found_alone_and_together() {
    let world = world();
    let mut fields = Vec::new();
    for indicator in INDICATORS {
        let run = world.sweep(&[indicator]).await;
        fields.extend(run.columns("sightings.csv", &["indicators", "matched_fields"]));
    }
    fields.sort();
    assert_eq!(
        fields,
        [
            "192.0.2.0/24 dstAddr",
            "192.0.2.0/24 srcAddr",
            "2001:db8::1 peer.ip",
            "999999999999 account",
            "AKIAI44QH8DHBEXAMPLE message",
            "Backdoor arn",
            "StopLogging eventName",
            "arn:aws:iam::222222222222:user/ben message",
            "crown-jewels requestParameters.bucketName",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 files.0.sha256",
            "evil.example payload.host",
            "mallory requestParameters.userName",
            "x-[0-9]-y message",
        ]
    );
    let together = world.sweep(&INDICATORS).await;
    let mut rows = together.columns("sightings.csv", &["indicators", "matched_fields"]);
    rows.sort();
    assert_eq!(rows, fields);
}

#[tokio::test(start_paused = true)]
async fn lists_of_every_format_are_searched_together() {
    let temp = tempfile::tempdir().unwrap();
    let files = [
        ("list.txt", "# addresses\n192.0.2.1 # C2\n192.0.2.1\n"),
        ("list.csv", "type,value\nuser-agent,kali\n"),
        (
            "bundle.json",
            r#"{"type":"bundle","objects":[{"type":"indicator","pattern":"[domain-name:value = 'evil.example']"}]}"#,
        ),
        (
            "event.json",
            r#"{"Event":{"Attribute":[{"type":"filename|sha256","value":"a.exe|e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","to_ids":true},{"type":"mutex","value":"x"}]}}"#,
        ),
    ];
    let mut arguments = vec!["2001:db8::1".to_owned()];
    for (name, text) in files {
        let path = temp.path().join(name);
        fs::write(&path, text).unwrap();
        arguments.extend(["-i".to_owned(), path.to_str().unwrap().to_owned()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = world().sweep(&arguments).await;
    let mut found = run.columns("sightings.csv", &["matched_fields"]);
    found.sort();
    assert_eq!(
        found,
        [
            "files.0.sha256",
            "payload.host",
            "peer.ip",
            "srcAddr",
            "userAgent"
        ]
    );
    let not_looked_for = &run.summary()["not_looked_for"];
    assert!(
        not_looked_for[0]
            .as_str()
            .is_some_and(|line| line.ends_with("event.json: 1 mutex")),
        "{not_looked_for}"
    );
    assert_eq!(
        run.summary()["indicators"].as_array().unwrap().len(),
        6,
        "{}",
        run.summary()["indicators"]
    );
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_indicators_find_the_same_as_one() {
    let temp = tempfile::tempdir().unwrap();
    let list = temp.path().join("list");
    let others: Vec<String> = (0..9_998_u32)
        .map(|n| match n % 4 {
            0 => format!("203.0.{}.{}", n / 250, n % 250),
            1 => format!("host{n}.example.net"),
            2 => format!("AKIA{n:016}"),
            _ => format!("arn:aws:iam::123456789012:user/u{n}"),
        })
        .collect();
    fs::write(&list, others.join("\n")).unwrap();
    let own = record(
        "e1",
        "222222222222",
        "eu-west-1",
        "2026-03-02T11:00:00Z",
        "192.0.2.1",
    );
    let world = World::small_with(&event("222222222222", "eu-west-1", "/app", "1h ago", &own));
    let run = world
        .sweep(&[
            "192.0.2.1",
            "AKIAIOSFODNN7EXAMPLE",
            "-i",
            list.to_str().unwrap(),
        ])
        .await;
    let found = run.columns("sightings.csv", &["indicators", "matched_fields"]);
    assert_eq!(
        found,
        ["192.0.2.1;AKIAIOSFODNN7EXAMPLE sourceIPAddress;userIdentity.accessKeyId"]
    );
}

#[tokio::test(start_paused = true)]
async fn arn_matches_what_is_below_it_and_no_longer_name() {
    let arn = |rest: &str| format!("arn:aws:{rest}");
    for (indicator, below, longer) in [
        ("s3:::bucket", "/key", "-logs"),
        ("s3:::bucket", "", ".x"),
        ("sqs:us-east-1:222222222222:orders", "", ".fifo"),
        (
            "dynamodb:us-east-1:222222222222:table/users",
            "/index/i",
            "-old",
        ),
        (
            "lambda:us-east-1:222222222222:function:pay",
            ":7",
            "-test:7",
        ),
        (
            "secretsmanager:us-east-1:222222222222:secret:db",
            "-Ab12Cd",
            "-copy-Ab12Cd",
        ),
        ("kms:us-east-1:222222222222:alias/app", "", "/x"),
        ("logs:us-east-1:222222222222:log-group:/a", ":*", "-b:*"),
        ("logs:us-east-1:222222222222:log-group:/a:*", "", "/b"),
    ] {
        let name = indicator.trim_end_matches(":*");
        let messages = [
            arn(&format!("{name}{below}")),
            arn(&format!("{name}{longer}")),
        ];
        let events = messages
            .iter()
            .map(|message| event("222222222222", "us-east-1", "/app", "1h ago", message));
        let run = World::small_with(&events.collect::<String>())
            .sweep(&[&arn(indicator)])
            .await;
        let found = run.columns("sightings.csv", &["message"]);
        assert_eq!(found, messages[..1], "{indicator}");
    }
}
