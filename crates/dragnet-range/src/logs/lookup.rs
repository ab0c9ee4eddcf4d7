//! Finds the log group that a call names.

use serde::Deserialize;

use super::{LogStore, StoredGroup};
use crate::access::Caller;
use crate::call::Call;
use crate::wire::AwsError;
use crate::world::World;

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
    /// The name of the log group.
    pub(super) fn name(&self) -> Result<&str, AwsError> {
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
