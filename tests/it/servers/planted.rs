//! Log events with an address in them, and others that only look like it.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use jiff::{SignedDuration, Timestamp};

/// What every test looks for.
pub const ADDRESS: &str = "192.0.2.1";

/// A log group by its account, Region and name.
pub type Place = (String, String, String);

/// What was planted, and so what a sweep must tell.
#[derive(Default)]
pub struct Planted {
    /// Every log group.
    pub groups: BTreeSet<Place>,
    /// The messages that hold the address.
    pub matches: BTreeSet<String>,
    /// How many events there are.
    pub events: usize,
}

impl Planted {
    /// Makes a log group and puts so many events into it, three in twenty of which hold the address.
    pub async fn plant(&mut self, config: &SdkConfig, account: &str, group: &str, events: usize) {
        let logs = Client::new(config);
        let region = config.region().unwrap().as_ref();
        logs.create_log_group().log_group_name(group).send().await.unwrap();
        logs.create_log_stream().log_group_name(group).log_stream_name("stream").send().await.unwrap();
        self.groups.insert((account.to_owned(), region.to_owned(), group.to_owned()));
        let mut batch = Vec::new();
        for number in self.events..self.events + events {
            let offset = SignedDuration::from_millis(i64::try_from(number).unwrap());
            let time = an_hour_ago().checked_add(offset).unwrap();
            let (message, is_match) = message(number, time, account, region);
            if is_match {
                self.matches.insert(message.clone());
            }
            let event = InputLogEvent::builder().timestamp(time.as_millisecond()).message(message).build().unwrap();
            batch.push(event);
        }
        self.events += events;
        let put = logs.put_log_events().log_group_name(group).log_stream_name("stream");
        put.set_log_events(Some(batch)).send().await.unwrap();
    }
}

/// Recent, because servers refuse events older than 14 days.
#[expect(clippy::disallowed_methods, reason = "a server of its own has the time of day")]
fn an_hour_ago() -> Timestamp {
    Timestamp::now().checked_sub(SignedDuration::from_hours(1)).unwrap()
}

/// The event of this number, and whether it holds the address. No two are the same.
fn message(number: usize, time: Timestamp, account: &str, region: &str) -> (String, bool) {
    match number % 20 {
        0 => (record(number, time, account, region, ADDRESS), true),
        1 => (format!("sshd: Accepted publickey for root from {ADDRESS} port 22 #{number}"), true),
        2 => (format!(r#"{{"level":"info","client":"{ADDRESS}","n":{number}}}"#), true),
        3 => (format!("sshd: Accepted publickey for root from {ADDRESS}0 port 22 #{number}"), false),
        4 => (format!("1{ADDRESS} is no address #{number}"), false),
        5 => (record(number, time, account, region, "192.0.2.10"), false),
        6 => (format!("192.0.21.1 and 192-0-2-1 #{number}"), false),
        _ => (record(number, time, account, region, "198.51.100.7"), false),
    }
}

/// A CloudTrail record.
fn record(number: usize, time: Timestamp, account: &str, region: &str, address: &str) -> String {
    let time = time.strftime("%Y-%m-%dT%H:%M:%SZ");
    serde_json::json!({
        "eventVersion": "1.10",
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{account}:user/alice"), "accountId": account},
        "eventTime": time.to_string(),
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
