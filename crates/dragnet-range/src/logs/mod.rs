//! CloudWatch Logs.

mod event;
mod filter;
mod get;
mod group;
mod groups;
mod mask;
mod position;
mod put;
mod retention;
mod streams;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(crate) use event::{NewEvent, StoredEvent};
pub(crate) use group::StoredGroup;
pub(crate) use groups::serial_salt;
pub(crate) use mask::{mask_message, permit_unmask};

use super::access::Caller;
use super::call::Call;
use super::insights::{self, Queries};
use super::wire::{AwsError, Input, Reply};
use super::world::World;

/// The log groups and queries of an account in one Region.
#[derive(Debug, Default)]
pub(crate) struct LogStore {
    /// The log groups by name.
    pub(crate) groups: BTreeMap<String, StoredGroup>,
    /// The Insights queries that were started.
    pub(crate) queries: Queries,
}

/// Performs a call of this service.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    match call.operation {
        "CreateLogGroup" => groups::create(call),
        "CreateLogStream" => put::create_stream(call),
        "DeleteLogGroup" => groups::delete(call),
        "DeleteLogStream" => put::delete_stream(call),
        "DeleteRetentionPolicy" => retention::delete(call),
        "DescribeLogGroups" => groups::describe(call),
        "DescribeLogStreams" => streams::describe(call),
        "FilterLogEvents" => filter::filter(call),
        "GetLogEvents" => get::get_events(call),
        "ListLogGroups" => groups::list(call),
        "PutLogEvents" => put::put_events(call),
        "PutRetentionPolicy" => retention::put(call),
        _ => insights::perform(call),
    }
}

/// The ARN by which policies identify the log group of the call.
///
/// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon
/// CloudWatch Logs".
pub(crate) fn resource_arn(world: &World, caller: &Caller, input: &Input) -> String {
    let name = input
        .text("logGroupName")
        .or_else(|| input.text("logGroupIdentifier").map(group_name))
        .unwrap_or("");
    group_arn(world, caller, name)
}

/// The ARN by which policies identify a log group.
fn group_arn(world: &World, caller: &Caller, name: &str) -> String {
    world.arn(
        "logs",
        caller.region.as_str(),
        caller.account,
        &format!("log-group:{name}:log-stream:"),
    )
}

/// The name of a log group from its identifier, which is its name or its ARN.
pub(crate) fn group_name(identifier: &str) -> &str {
    let name = if identifier.starts_with("arn:") {
        identifier.splitn(7, ':').nth(6).unwrap_or("")
    } else {
        identifier
    };
    name.trim_end_matches(":*")
}

/// The parameters by which a call names its log group: exactly one of them must be present.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupParameters {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
}

impl GroupParameters {
    fn name(&self) -> Result<&str, AwsError> {
        match (&self.log_group_name, &self.log_group_identifier) {
            (Some(name), None) => Ok(name),
            (None, Some(identifier)) => Ok(group_name(identifier)),
            _ => Err(invalid(
                "Exactly one of logGroupName and logGroupIdentifier must be given.",
            )),
        }
    }
}

/// The log store of the caller's account in the Region of the call.
pub(crate) fn log_store<'a>(call: &'a mut Call<'_>) -> Result<&'a mut LogStore, AwsError> {
    let Call { world, caller, .. } = call;
    // The caller was authenticated, so its account exists.
    let account = world
        .account_mut(caller.account)
        .ok_or_else(|| not_found("The account does not exist."))?;
    Ok(account.logs.entry(caller.region.clone()).or_default())
}

/// A log group of the caller's account in the Region of the call.
pub(crate) fn group<'a>(
    call: &'a mut Call<'_>,
    name: &str,
) -> Result<&'a mut StoredGroup, AwsError> {
    log_store(call)?
        .groups
        .get_mut(name)
        .ok_or_else(|| not_found("The specified log group does not exist."))
}

pub(crate) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}

pub(crate) fn not_found(message: &str) -> AwsError {
    AwsError::new("ResourceNotFoundException", message)
}

/// Deletes the log group that the call names, as if it had been deleted just before the call.
pub(crate) fn delete_named_group(call: &mut Call<'_>) {
    /// The log groups of a query, of which the first is deleted.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct QueryGroups {
        log_group_names: Vec<String>,
    }
    let query: Result<QueryGroups, AwsError> = call.input.parse();
    let first = query
        .ok()
        .and_then(|query| query.log_group_names.into_iter().next());
    let name = call
        .input
        .text("logGroupName")
        .or_else(|| call.input.text("logGroupIdentifier").map(group_name));
    let name = name.or(first.as_deref());
    if let (Some(name), Ok(store)) = (name.map(str::to_owned), log_store(call)) {
        store.groups.remove(&name);
    }
}
