//! Errors of IAM.
//!
//! Source: IAM API, the errors of each operation.

use crate::policy::MalformedPolicy;
use crate::wire::AwsError;

pub(super) fn no_such(kind: &str, name: &str) -> AwsError {
    AwsError::new(
        "NoSuchEntity",
        format!("The {kind} with name {name} cannot be found."),
    )
    .with_status(404)
}

pub(super) fn already_exists(kind: &str, name: &str) -> AwsError {
    AwsError::new(
        "EntityAlreadyExists",
        format!("{kind} with name {name} already exists."),
    )
    .with_status(409)
}

/// The error for an entity that cannot be deleted because something is still attached to it.
pub(super) fn delete_conflict(first: &str) -> AwsError {
    AwsError::new(
        "DeleteConflict",
        format!("Cannot delete entity, must {first} first."),
    )
    .with_status(409)
}

pub(super) fn limit_exceeded(message: impl Into<String>) -> AwsError {
    AwsError::new("LimitExceeded", message).with_status(409)
}

/// The error for a change to a role that only AWS can modify.
pub(super) fn unmodifiable(name: &str) -> AwsError {
    AwsError::new(
        "UnmodifiableEntity",
        format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        ),
    )
}

pub(super) fn malformed(policy: &MalformedPolicy) -> AwsError {
    AwsError::new("MalformedPolicyDocument", policy.to_string())
}

pub(super) fn validation(value: &str, member: &str, constraint: &str) -> AwsError {
    AwsError::new(
        "ValidationError",
        format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        ),
    )
}
