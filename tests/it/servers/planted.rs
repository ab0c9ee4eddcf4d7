//! Plants log events that contain an address, and others that only resemble them.

use std::collections::BTreeSet;
use std::ops::Range;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use jiff::{SignedDuration, Timestamp};

use super::server::{Keys, Server};

/// The address that every test searches for.
pub(super) const ADDRESS: &str = "192.0.2.1";

const STREAM: &str = "stream";

/// A log group by its account, Region and name.
pub(super) type GroupKey = (String, String, String);

/// A log group to create, and the keys with which to create it.
pub(super) struct Group {
    pub keys: Keys,
    pub account: String,
    pub region: String,
    pub name: String,
}

/// The planted log groups and matches, which a sweep must report.
pub(super) struct Planted {
    /// A time after the log groups were created and before the first event. A window that starts
    /// then begins after the creation of every log group.
    pub from: Timestamp,
    /// The log groups that were created.
    pub groups: BTreeSet<GroupKey>,
    /// The messages that contain the address: three in twenty.
    pub matches: BTreeSet<String>,
}

/// Creates the log groups and distributes `events` events among them.
pub(super) async fn plant(server: &Server, groups: &[Group], events: usize) -> Planted {
    let mut keys = BTreeSet::new();
    for group in groups {
        let logs = Client::new(&server.config(&group.keys, &group.region));
        logs.create_log_group()
            .log_group_name(&group.name)
            .send()
            .await
            .unwrap();
        logs.create_log_stream()
            .log_group_name(&group.name)
            .log_stream_name(STREAM)
            .send()
            .await
            .unwrap();
        keys.insert((
            group.account.clone(),
            group.region.clone(),
            group.name.clone(),
        ));
    }
    let mut planted = Planted {
        from: now(),
        groups: keys,
        matches: BTreeSet::new(),
    };
    for (index, group) in groups.iter().enumerate() {
        let first = events * index / groups.len();
        let end = events * (index + 1) / groups.len();
        planted.put_events(server, group, first..end).await;
    }
    planted
}

impl Planted {
    async fn put_events(&mut self, server: &Server, group: &Group, numbers: Range<usize>) {
        let time = now();
        let mut batch = Vec::new();
        for number in numbers {
            let (message, is_match) = message(number, time, group);
            if is_match {
                self.matches.insert(message.clone());
            }
            batch.push(
                InputLogEvent::builder()
                    .timestamp(time.as_millisecond())
                    .message(message)
                    .build()
                    .unwrap(),
            );
        }
        let logs = Client::new(&server.config(&group.keys, &group.region));
        let put = logs
            .put_log_events()
            .log_group_name(&group.name)
            .log_stream_name(STREAM);
        put.set_log_events(Some(batch)).send().await.unwrap();
    }
}

/// Returns a time after everything that was done so far.
#[expect(
    clippy::disallowed_methods,
    reason = "a separate server uses the real time"
)]
fn now() -> Timestamp {
    // Servers truncate times to milliseconds.
    Timestamp::now()
        .checked_add(SignedDuration::from_millis(1))
        .unwrap()
}

/// Returns the event with this number, and whether it contains the address. No two are the same.
fn message(number: usize, time: Timestamp, group: &Group) -> (String, bool) {
    match number % 20 {
        0 => (record(number, time, group, ADDRESS), true),
        1 => (
            format!("sshd: Accepted publickey for root from {ADDRESS} port 22 #{number}"),
            true,
        ),
        2 => (
            format!(r#"{{"level":"info","client":"{ADDRESS}","n":{number}}}"#),
            true,
        ),
        3 => (
            format!("sshd: Accepted publickey for root from {ADDRESS}0 port 22 #{number}"),
            false,
        ),
        4 => (format!("1{ADDRESS} is no address #{number}"), false),
        5 => (record(number, time, group, "192.0.2.10"), false),
        6 => (format!("192.0.21.1 and 192-0-2-1 #{number}"), false),
        _ => (record(number, time, group, "198.51.100.7"), false),
    }
}

/// Returns a CloudTrail record as JSON.
fn record(number: usize, time: Timestamp, group: &Group, address: &str) -> String {
    let Group {
        account, region, ..
    } = group;
    serde_json::json!({
        "eventVersion": "1.10",
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{account}:user/alice"), "accountId": account},
        "eventTime": format!("{time:.3}"),
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "awsRegion": region,
        "sourceIPAddress": address,
        "userAgent": "aws-cli/2.15",
        "eventID": format!("00000000-0000-4000-8000-{number:012}"),
        "recipientAccountId": account,
    })
    .to_string()
}
