//! Finds the log group that a call names, and checks parameters that several calls have.

use serde::Deserialize;

use super::{LogStore, StoredGroup};
use crate::access::Caller;
use crate::call::Call;
use crate::wire::AwsError;
use crate::world::World;
use dragnet_model::{AccountId, LogGroupArn};

/// The ARN by which policies identify a log group.
pub(super) fn group_arn(world: &World, caller: &Caller, name: &str) -> String {
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
pub(super) struct GroupParameters {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
}

impl GroupParameters {
    /// The account that owns the log group, if it is named by its ARN.
    pub(super) fn owner(&self) -> Option<AccountId> {
        let identifier = self.log_group_identifier.as_ref()?;
        let arn = identifier.trim_end_matches(":*");
        Some(arn.parse::<LogGroupArn>().ok()?.target.account)
    }

    /// The name of the log group.
    pub(super) fn name(&self) -> Result<&str, AwsError> {
        match (&self.log_group_name, &self.log_group_identifier) {
            (Some(name), None) => Ok(name),
            (None, Some(identifier)) => Ok(group_name(identifier)),
            (Some(_), Some(_)) => Err(AwsError::new(
                "ValidationException",
                "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
            )),
            (None, None) => Err(invalid(
                "Exactly one of logGroupName and logGroupIdentifier must be given.",
            )),
        }
    }
}

/// Checks an identifier of a log group: its name, or its ARN, which must not end in `:*`.
///
/// Source: CloudWatch Logs API, the pattern of `logGroupIdentifier`; an answer of AWS that moto
/// records (`test_arn_formats_log_group_and_stream`).
///
/// # Errors
/// It has other characters, or is the ARN of another account, Region or service.
pub(crate) fn check_identifier(
    world: &World,
    caller: &Caller,
    parameter: &str,
    identifier: &str,
) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_#+=/:,.@-".contains(c);
    if !identifier.chars().all(allowed) {
        return Err(invalid(format!(
            "1 validation error detected: Value at '{parameter}' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [\\w#+=/:,.@-]*"
        )));
    }
    let own = world.arn("logs", caller.region.as_str(), caller.account, "log-group:");
    if identifier.starts_with("arn:") && !identifier.starts_with(&own) {
        return Err(not_found("The specified log group does not exist."));
    }
    Ok(())
}

/// Returns the size of a page: the limit of the call, or `most`.
///
/// # Errors
/// The limit is not between 1 and `most`.
pub(crate) fn page_size(
    limit: Option<usize>,
    parameter: &str,
    most: usize,
) -> Result<usize, AwsError> {
    let limit = limit.unwrap_or(most);
    let constraint = match limit {
        0 => "Member must have value greater than or equal to 1".to_owned(),
        limit if limit > most => format!("Member must have value less than or equal to {most}"),
        limit => return Ok(limit),
    };
    Err(violation(&limit.to_string(), parameter, &constraint))
}

/// The error for a parameter that violates a constraint of the service model.
pub(crate) fn violation(value: &str, parameter: &str, constraint: &str) -> AwsError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: {constraint}"
    ))
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

/// A log group of another account, which the caller's account monitors.
pub(super) fn linked_group<'a>(
    call: &'a mut Call<'_>,
    owner: AccountId,
    name: &str,
) -> Result<&'a mut StoredGroup, AwsError> {
    let Call { world, caller, .. } = call;
    let is_shared = world
        .links
        .iter()
        .any(|link| link.source == owner && link.shares(caller.account, &caller.region, name));
    let store = world
        .account_mut(owner)
        .filter(|_| is_shared)
        .and_then(|account| account.logs.get_mut(&caller.region));
    store
        .and_then(|store| store.groups.get_mut(name))
        .ok_or_else(|| not_found("The specified log group does not exist."))
}

pub(crate) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}

pub(crate) fn not_found(message: &str) -> AwsError {
    AwsError::new("ResourceNotFoundException", message)
}
