//! CloudWatch Logs.

mod deliveries;
mod event;
mod filter;
mod get;
mod group;
mod groups;
mod imports;
mod log_object;
mod log_store;
mod lookup;
mod mask;
mod position;
mod put;
mod retention;
mod streams;
mod tags;

use serde::Deserialize;

pub(crate) use event::{NewEvent, StoredEvent};
pub(crate) use group::StoredGroup;
pub(crate) use groups::serial_salt;
pub(crate) use log_object::POINTER_PREFIX;
pub(crate) use log_store::LogStore;
pub(crate) use lookup::{
    check_identifier, group, group_name, invalid, log_store, not_found, page_size,
};
pub(crate) use mask::{mask_message, permit_unmask};

use super::access::Caller;
use super::call::Call;
use super::insights;
use super::wire::{AwsError, Input, Reply};
use super::world::World;
use lookup::{GroupParameters, group_arn, violation};

/// Performs a call of this service.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    // A monitoring account reads the log groups of linked accounts by their ARN.
    let may_be_linked = call.operation == "FilterLogEvents" && !call.world.links.is_empty();
    let identifier = call.input.text("logGroupIdentifier");
    if let Some(identifier) = identifier.filter(|_| !may_be_linked) {
        check_identifier(call.world, call.caller, "logGroupIdentifier", identifier)?;
    }
    match call.operation {
        "CreateLogGroup" => groups::create(call),
        "CreateLogStream" => put::create_stream(call),
        "DeleteLogGroup" => groups::delete(call),
        "DeleteLogStream" => put::delete_stream(call),
        "DeleteRetentionPolicy" => retention::delete(call),
        "DescribeDeliveries" => deliveries::describe_deliveries(call),
        "DescribeDeliveryDestinations" => deliveries::describe_destinations(call),
        "DescribeLogGroups" => groups::describe(call),
        "DescribeLogStreams" => streams::describe(call),
        "DescribeSubscriptionFilters" => deliveries::describe_subscription_filters(call),
        "DescribeImportTasks" => imports::describe(call),
        "FilterLogEvents" => filter::filter(call),
        "GetLogEvents" => get::get_events(call),
        "GetLogObject" => log_object::get(call),
        "ListLogGroups" => groups::list(call),
        "ListTagsForResource" | "ListTagsLogGroup" => tags::list(call),
        "PutLogEvents" => put::put_events(call),
        "PutRetentionPolicy" => retention::put(call),
        "TagLogGroup" | "TagResource" => tags::tag(call),
        "UntagLogGroup" | "UntagResource" => tags::untag(call),
        _ => insights::perform(call),
    }
}

/// The operation whose permission a call needs.
///
/// Source: the error of AWS for a call of `GetLogObject` without permission, which names
/// `logs:GetLogRecord`.
pub(crate) fn permitted_operation(operation: &str) -> &str {
    match operation {
        "GetLogObject" => "GetLogRecord",
        other => other,
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
        .or_else(|| input.text("resourceArn").map(group_name))
        .or_else(|| log_object::named_group(world, caller, input.text("logObjectPointer")?))
        .unwrap_or("");
    group_arn(world, caller, name)
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
