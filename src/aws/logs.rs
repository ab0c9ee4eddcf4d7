//! CloudWatch Logs: the log groups of an account-Region, and the events in them.

use aws_sdk_cloudwatchlogs::types;
use jiff::Timestamp;

use super::call::send;
use super::call_context::CallContext;
use super::call_limiter::Permit;
use super::client::Aws;
use super::error::CallError;
use super::event_page::FastPageDecoder;
use super::log_event::EventPage;
use super::page_list::{ListPage, collect_list, find_in_pages};
use super::response_budget::ResponsePermit;
use super::session::Session;
use dragnet_model::{AccountId, LogGroup, LogGroupArn, LogGroupClass, Operation, Region};

/// Which events of a log group to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// The name of the log group, or its ARN if another account owns it.
    pub log_group: String,
    /// The first millisecond, since the Unix epoch.
    pub from_ms: i64,
    /// The end in milliseconds, exclusive. AWS's own end is inclusive, so one less is sent.
    pub to_ms: i64,
    /// A filter pattern of at most 1,024 characters; `None` reads all events.
    pub pattern: Option<String>,
    /// Whether masked values are requested in clear text, which needs `logs:Unmask`.
    pub unmask: bool,
    /// The names of at most 100 log streams; none for all. Each must exist.
    pub streams: Vec<String>,
}

impl Aws {
    /// Returns one page of a Region's log groups, 50 at most, and the token of the next page.
    ///
    /// Source: CloudWatch Logs API, `DescribeLogGroups`. The search by name pattern is not used,
    /// because its response has no size.
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
        let request = self
            .clients
            .logs
            .describe_log_groups()
            .limit(50)
            .set_next_token(token);
        let output = send!(self, context, request)?;
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
        let request = &request;
        let group = find_in_pages(
            context,
            |token| async move {
                let output = send!(self, context, request.clone().set_next_token(token))?;
                Ok(ListPage {
                    items: output.log_groups.unwrap_or_default(),
                    next_token: output.next_token,
                })
            },
            |group: &types::LogGroup| group.log_group_name() == Some(arn.name.as_str()),
        );
        Ok(group.await?.as_ref().and_then(parse_log_group))
    }

    /// Returns the log groups of other accounts that the session's account monitors in a Region. At most
    /// 20 accounts can be named. Log groups that a link leaves out are not listed.
    ///
    /// Source: CloudWatch Logs API, `DescribeLogGroups`, `includeLinkedAccounts`.
    ///
    /// # Errors
    /// The call fails, or its pages do not end. How AWS answers an account that monitors none of them is
    /// not documented; it may be an error.
    pub async fn linked_log_groups(
        &self,
        session: &Session,
        region: &Region,
        accounts: &[AccountId],
    ) -> Result<Vec<(LogGroupArn, LogGroup)>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::DescribeLogGroups,
        };
        let ids = accounts.iter().map(ToString::to_string).collect();
        let request = self
            .clients
            .logs
            .describe_log_groups()
            .include_linked_accounts(true)
            .set_account_identifiers(Some(ids))
            .limit(50);
        let listed = collect_list!(self, context, request, log_groups)?;
        let linked = listed.iter().filter_map(|group| {
            let arn: LogGroupArn = group.log_group_arn().or(group.arn())?.parse().ok()?;
            Some((arn, parse_log_group(group)?))
        });
        Ok(linked
            .filter(|(arn, _)| accounts.contains(&arn.target.account))
            .collect())
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
            .call_with(permit, context, |config| {
                // Not `send!`, because each attempt has its own decoder.
                let decoder = FastPageDecoder::default();
                let request = self.clients.logs.filter_log_events();
                // No name has a colon.
                let request = if query.log_group.starts_with("arn:") {
                    request.log_group_identifier(&query.log_group)
                } else {
                    request.log_group_name(&query.log_group)
                };
                let request = request
                    .start_time(query.from_ms)
                    .end_time(query.to_ms - 1)
                    .set_filter_pattern(query.pattern.clone())
                    .set_unmask(query.unmask.then_some(true))
                    .set_log_stream_names(
                        (!query.streams.is_empty()).then(|| query.streams.clone()),
                    )
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
    let own_status = group
        .data_protection_status()
        .map(types::DataProtectionStatus::as_str);
    let own_mask = own_status == Some("ACTIVATED");
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
        retention_policy: group.retention_policy_name().map(str::to_owned),
        created: group
            .creation_time()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        masked: inherits_mask || own_mask,
        masked_before: own_status.is_some() && !own_mask,
        kms_key: group.kms_key_id().map(str::to_owned),
    })
}
