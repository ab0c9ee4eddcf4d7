//! Reads from a record what its call created, for the text of a plan.

use serde_json::Value;

/// Returns the session that the call created, as `aws:userid` has it.
///
/// Source: STS API, `AssumeRole`, `AssumeRoleWithSAML`, `AssumeRoleWithWebIdentity`
/// (`AssumedRoleUser`).
pub(super) fn created_session(event_name: &str, message: &str) -> Option<String> {
    if !event_name.starts_with("AssumeRole") {
        return None;
    }
    let record: Value = serde_json::from_str(message).ok()?;
    let id = record.pointer("/responseElements/assumedRoleUser/assumedRoleId")?;
    id.as_str().map(str::to_owned)
}

/// Describes the principal or credential that the call created, if any.
pub(super) fn describe_created(event_name: &str, message: &str) -> Option<String> {
    let record = match event_name {
        "CreateUser" | "CreateRole" | "CreateGroup" | "CreateLoginProfile" | "CreateAccessKey" => {
            serde_json::from_str::<Value>(message).ok()?
        }
        _ => return None,
    };
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let requested = |parameter: &str| text(&format!("/requestParameters/{parameter}"));
    match event_name {
        "CreateUser" => Some(format!("user {}", requested("userName")?)),
        "CreateRole" => Some(format!("role {}", requested("roleName")?)),
        "CreateGroup" => Some(format!("group {}", requested("groupName")?)),
        "CreateLoginProfile" => Some(format!("a password for user {}", requested("userName")?)),
        _ => {
            let key = text("/responseElements/accessKey/accessKeyId").unwrap_or("an access key");
            Some(format!("{key} of user {}", requested("userName")?))
        }
    }
}
