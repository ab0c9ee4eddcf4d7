//! `DescribeLogStreams`.
//!
//! Source: CloudWatch Logs API, `DescribeLogStreams`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::group::Stream;
use super::{Named, group, invalid};
use crate::range::call::Call;
use crate::range::wire::{AwsError, Page, Reply};

const PAGE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    #[serde(flatten)]
    named: Named,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: Option<bool>,
    next_token: Option<String>,
    limit: Option<usize>,
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Describe = call.input.parse()?;
    let limit = input.limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(invalid(format!(
            "Value '{limit}' at 'limit' must be between 1 and {PAGE}"
        )));
    }
    let by_time = match input.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") => true,
        Some(other) => {
            return Err(invalid(format!(
                "Value '{other}' at 'orderBy' must be LogStreamName or LastEventTime"
            )));
        }
    };
    if by_time && input.log_stream_name_prefix.is_some() {
        return Err(invalid(
            "Cannot order by LastEventTime with a logStreamNamePrefix.",
        ));
    }
    let name = input.named.get()?.to_owned();
    let list = format!(
        "{} {name} {by_time} {}",
        call.list_name(),
        input.descending.unwrap_or(false)
    );
    let arn = call.world.arn(
        "logs",
        call.caller.region.as_str(),
        call.caller.account,
        &format!("log-group:{name}"),
    );
    let group = group(call, &name)?.prepare();
    let prefix = input.log_stream_name_prefix.as_deref().unwrap_or("");
    let mut streams: Vec<(String, &Stream)> = group
        .streams_with(prefix)
        .map(|stream| (stream.sort_key(by_time), stream))
        .collect();
    streams.sort_by(|(left, _), (right, _)| left.cmp(right));
    let page = if input.descending.unwrap_or(false) {
        // `Page` sorts by ascending keys, so a descending list uses row numbers as keys.
        let rows: Vec<_> = streams
            .iter()
            .rev()
            .enumerate()
            .map(|(n, (_, stream))| (format!("{n:08}"), *stream))
            .collect();
        Page::of(
            rows.iter().map(|(key, stream)| (key.as_str(), *stream)),
            &list,
            input.next_token.as_deref(),
            limit,
        )
    } else {
        Page::of(
            streams.iter().map(|(key, stream)| (key.as_str(), *stream)),
            &list,
            input.next_token.as_deref(),
            limit,
        )
    };
    let page = page.ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    let mut reply = json!({
        "logStreams": page.items.into_iter().map(|stream| stream.to_json(&arn)).collect::<Vec<_>>(),
    });
    if let Some(next) = page.next {
        reply["nextToken"] = json!(next);
    }
    Reply::json(&reply)
}

impl Stream {
    fn sort_key(&self, by_time: bool) -> String {
        let time = if by_time {
            self.last_event_ms.unwrap_or(0).max(0)
        } else {
            0
        };
        format!("{time:020} {}", self.name)
    }

    fn to_json(&self, group_arn: &str) -> Value {
        let mut told = json!({
            "logStreamName": self.name,
            "creationTime": self.created_ms,
            "arn": format!("{group_arn}:log-stream:{}", self.name),
            "storedBytes": 0,
        });
        for (name, value) in [
            ("firstEventTimestamp", self.first_event_ms),
            ("lastEventTimestamp", self.last_event_ms),
            ("lastIngestionTime", self.last_ingestion_ms),
        ] {
            if let Some(value) = value {
                told[name] = json!(value);
            }
        }
        told
    }
}
