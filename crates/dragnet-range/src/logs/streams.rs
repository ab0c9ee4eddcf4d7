//! `DescribeLogStreams`.
//!
//! Source: CloudWatch Logs API, `DescribeLogStreams`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::group::Stream;
use super::{GroupParameters, StoredGroup, group, invalid, page_size, violation};
use crate::call::Call;
use crate::wire::{AwsError, Page, Reply};

const PAGE_SIZE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    #[serde(flatten)]
    group_parameters: GroupParameters,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: Option<bool>,
    next_token: Option<String>,
    limit: Option<usize>,
}

/// The order of the streams in the response.
#[derive(Clone, Copy)]
struct Order {
    /// By the time of the last event, else by name.
    by_time: bool,
    descending: bool,
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Describe = call.input.parse()?;
    let limit = page_size(input.limit, "limit", PAGE_SIZE)?;
    let order = input.order()?;
    let name = input.group_parameters.name()?.to_owned();
    let list = format!(
        "{} {name} {} {}",
        call.list_name(),
        order.by_time,
        order.descending
    );
    let arn = call.world.arn(
        "logs",
        call.caller.region.as_str(),
        call.caller.account,
        &format!("log-group:{name}"),
    );
    let group = group(call, &name)?.prepare();
    let prefix = input.log_stream_name_prefix.as_deref().unwrap_or("");
    let streams = sorted_streams(group, prefix, order);
    let page = Page::from_sorted(
        streams.iter().map(|(key, stream)| (key.as_str(), *stream)),
        &list,
        input.next_token.as_deref(),
        limit,
    )
    .ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    let mut reply = json!({
        "logStreams": page.items.into_iter().map(|stream| stream.to_json(&arn)).collect::<Vec<_>>(),
    });
    if let Some(next) = page.next {
        reply["nextToken"] = json!(next);
    }
    Reply::json(&reply)
}

impl Describe {
    fn order(&self) -> Result<Order, AwsError> {
        let by_time = match self.order_by.as_deref() {
            None | Some("LogStreamName") => false,
            Some("LastEventTime") => true,
            Some(other) => {
                return Err(violation(
                    other,
                    "orderBy",
                    "Member must satisfy enum value set: [LogStreamName, LastEventTime]",
                ));
            }
        };
        if by_time && self.log_stream_name_prefix.is_some() {
            return Err(invalid(
                "Cannot order by LastEventTime with a logStreamNamePrefix.",
            ));
        }
        Ok(Order {
            by_time,
            descending: self.descending.unwrap_or(false),
        })
    }
}

/// The streams whose names begin with `prefix`, with keys that ascend in this order.
fn sorted_streams<'a>(
    group: &'a StoredGroup,
    prefix: &'a str,
    order: Order,
) -> Vec<(String, &'a Stream)> {
    let mut streams: Vec<(String, &Stream)> = group
        .streams_with_prefix(prefix)
        .map(|stream| (stream.sort_key(order.by_time), stream))
        .collect();
    streams.sort_by(|(left, _), (right, _)| left.cmp(right));
    if !order.descending {
        return streams;
    }
    // `Page` sorts by ascending keys, so a descending list uses row numbers as keys.
    streams
        .into_iter()
        .rev()
        .enumerate()
        .map(|(n, (_, stream))| (format!("{n:08}"), stream))
        .collect()
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
        let mut description = json!({
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
                description[name] = json!(value);
            }
        }
        description
    }
}
