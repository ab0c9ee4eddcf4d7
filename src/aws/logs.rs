//! CloudWatch Logs: the log groups of an account-Region, and the events in them.

use aws_sdk_cloudwatchlogs::types;
use jiff::Timestamp;

use super::call::{CallContext, config_for};
use super::call_limiter::Permit;
use super::connect::Aws;
use super::error::CallError;
use super::event_page::FastPageDecoder;
use super::pages::Pages;
use super::response_budget::ResponsePermit;
use super::session::Session;
use dragnet_model::{LogGroup, LogGroupArn, LogGroupClass, Operation, Region};

/// Which events of a log group to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// The name of the log group.
    pub log_group: String,
    /// The first millisecond, since the Unix epoch.
    pub from_ms: i64,
    /// The end in milliseconds, exclusive. AWS's own end is inclusive, so one less is sent.
    pub to_ms: i64,
    /// A filter pattern of at most 1,024 characters; `None` reads all events.
    pub pattern: Option<String>,
    /// Whether masked values are requested in clear text, which needs `logs:Unmask`.
    pub unmask: bool,
}

/// One page of events. It may be empty and still have a token: only a page without a token is the
/// last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// The events, in no reliable order.
    pub events: Vec<LogEvent>,
    /// The token of the next page, valid for 24 hours.
    pub next_token: Option<String>,
    /// Whether the response says that it did not search a log stream completely. AWS has not
    /// reported that since 2020; other servers may. On the last page, it means that events are
    /// missing.
    ///
    /// Source: CloudWatch Logs API, `FilterLogEvents`, `searchedLogStreams`; `SearchedLogStream`.
    pub has_unsearched_stream: bool,
}

/// An event. Every text is untrusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEvent {
    /// The id, unique in the account and Region.
    pub event_id: String,
    /// The name of the log stream.
    pub log_stream: String,
    /// The log time, in milliseconds since the Unix epoch. It may be the time of the delivery.
    pub timestamp_ms: i64,
    /// The ingestion time, in milliseconds since the Unix epoch.
    pub ingestion_ms: i64,
    /// The message.
    pub message: String,
}

impl Aws {
    /// Returns one page of a Region's log groups, 50 at most, and the token of the next page.
    ///
    /// Source: CloudWatch Logs API, `DescribeLogGroups`. The search by name pattern is not used,
    /// because its response has neither class nor size.
    ///
    /// # Errors
    /// The call fails, or a log group has no name.
    pub async fn log_groups(
        &self,
        session: &Session,
        region: &Region,
        token: Option<String>,
    ) -> Result<(Vec<LogGroup>, Option<String>), CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::DescribeLogGroups,
        };
        let output = self
            .call(context, |credentials| {
                let request = self
                    .clients
                    .logs
                    .describe_log_groups()
                    .limit(50)
                    .set_next_token(token.clone());
                request
                    .customize()
                    .config_override(config_for!(aws_sdk_cloudwatchlogs, context, credentials))
                    .send()
            })
            .await?;
        let groups = output.log_groups().iter().map(|group| {
            parse_log_group(group)
                .ok_or_else(|| context.unreadable("a log group in the response has no name"))
        });
        let groups = groups.collect::<Result<_, _>>()?;
        Ok((groups, output.next_token))
    }

    /// Returns one log group by its name; `None` if it does not exist.
    ///
    /// Source: CloudWatch Logs API, `DescribeLogGroups` with `logGroupNamePrefix`.
    ///
    /// # Errors
    /// The call fails, or its pages do not end.
    pub async fn log_group(
        &self,
        session: &Session,
        arn: &LogGroupArn,
    ) -> Result<Option<LogGroup>, CallError> {
        let context = CallContext {
            session,
            region: &arn.target.region,
            operation: Operation::DescribeLogGroups,
        };
        let request = self
            .clients
            .logs
            .describe_log_groups()
            .log_group_name_prefix(&arn.name)
            .limit(50);
        let mut pages = Pages::default();
        loop {
            let request = request.clone().set_next_token(pages.token());
            let output = self
                .call(context, |credentials| {
                    let config = config_for!(aws_sdk_cloudwatchlogs, context, credentials);
                    request.clone().customize().config_override(config).send()
                })
                .await?;
            let group = output
                .log_groups()
                .iter()
                .filter_map(parse_log_group)
                .find(|group| group.name == arn.name);
            let items = output.log_groups().len();
            if group.is_some()
                || !pages
                    .advance(items, output.next_token)
                    .map_err(|endless| context.endless(endless))?
            {
                return Ok(group);
            }
        }
    }

    /// Returns one page of a log group's events: at most 1 MB or 10,000 events. The call waits for
    /// its permit, unless one is given. Keep the returned [`ResponsePermit`] for as long as the
    /// page, or data made from it, is in memory.
    ///
    /// Source: CloudWatch Logs API, `FilterLogEvents`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn events(
        &self,
        session: &Session,
        region: &Region,
        query: &EventQuery,
        token: Option<String>,
        permit: Option<Permit>,
    ) -> Result<(EventPage, Option<ResponsePermit>), CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::FilterLogEvents,
        };
        let (output, response_permit) = self
            .call_with(permit, context, |credentials| {
                let decoder = FastPageDecoder::default();
                let config = config_for!(aws_sdk_cloudwatchlogs, context, credentials);
                let request = self
                    .clients
                    .logs
                    .filter_log_events()
                    .log_group_name(&query.log_group)
                    .start_time(query.from_ms)
                    .end_time(query.to_ms - 1)
                    .set_filter_pattern(query.pattern.clone())
                    .set_unmask(query.unmask.then_some(true))
                    .set_next_token(token.clone())
                    .customize()
                    .interceptor(decoder.clone())
                    .config_override(config);
                async move { request.send().await.map(|output| decoder.take_page(output)) }
            })
            .await?;
        Ok((output.page, response_permit))
    }
}

fn parse_log_group(group: &types::LogGroup) -> Option<LogGroup> {
    let inherits_mask = group
        .inherited_properties()
        .iter()
        .any(|p| p.as_str() == "ACCOUNT_DATA_PROTECTION");
    let own_mask = group
        .data_protection_status()
        .is_some_and(|status| status.as_str() == "ACTIVATED");
    Some(LogGroup {
        name: group.log_group_name()?.to_owned(),
        class: LogGroupClass::from(
            group
                .log_group_class()
                .map_or("STANDARD", |class| class.as_str()),
        ),
        stored_bytes: group
            .stored_bytes()
            .and_then(|bytes| u64::try_from(bytes).ok())
            .unwrap_or(0),
        retention_days: group
            .retention_in_days()
            .and_then(|days| u32::try_from(days).ok())
            .filter(|days| *days > 0),
        created: group
            .creation_time()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        masked: inherits_mask || own_mask,
        kms_key: group.kms_key_id().map(str::to_owned),
    })
}
