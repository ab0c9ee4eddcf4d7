//! Log events with an address in them, and others that only look like it.

use std::collections::BTreeSet;
use std::ops::Range;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use jiff::{SignedDuration, Timestamp};

use super::server::{Keys, Server};

/// What every test looks for.
pub const ADDRESS: &str = "192.0.2.1";

const STREAM: &str = "stream";

/// A log group by its account, Region and name.
pub type Environment = (String, String, String);

/// Where to plant: a log group to make, and whose keys may make it.
pub struct Group {
    pub keys: Keys,
    pub account: String,
    pub region: String,
    pub name: String,
}

/// What was planted, and so what a sweep must tell.
pub struct Planted {
    /// A moment after the groups were made and before the first event: what a window that begins then
    /// asks about, every group can hold.
    pub from: Timestamp,
    /// Every log group.
    pub groups: BTreeSet<Environment>,
    /// The messages that hold the address: three in twenty.
    pub matches: BTreeSet<String>,
}

/// Makes the groups and shares so many events out among them.
pub async fn plant(server: &Server, groups: &[Group], events: usize) -> Planted {
    let mut places = BTreeSet::new();
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
        places.insert((
            group.account.clone(),
            group.region.clone(),
            group.name.clone(),
        ));
    }
    let mut planted = Planted {
        from: now(),
        groups: places,
        matches: BTreeSet::new(),
    };
    for (at, group) in groups.iter().enumerate() {
        let (first, end) = (events * at / groups.len(), events * (at + 1) / groups.len());
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

/// A moment after all that was done so far.
#[expect(
    clippy::disallowed_methods,
    reason = "a server of its own has the time of day"
)]
fn now() -> Timestamp {
    // Servers cut what is finer than a millisecond off.
    Timestamp::now()
        .checked_add(SignedDuration::from_millis(1))
        .unwrap()
}

/// The event of this number, and whether it holds the address. No two are the same.
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

/// A CloudTrail record.
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
