//! The syntax of names and paths.
//!
//! Source: IAM user guide, "IAM and AWS STS quotas", name requirements.

use super::error::validation;
use crate::wire::{AwsError, Params};

/// Returns the value of a name parameter: 1 to `max_length` characters of `[\w+=,.@-]`.
pub(super) fn name<'a>(
    params: &'a Params,
    parameter: &str,
    max_length: usize,
) -> Result<&'a str, AwsError> {
    let name = params.required(parameter)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if name.len() > max_length {
        let constraint = format!("Member must have length less than or equal to {max_length}");
        return Err(validation(name, &member_name(parameter), &constraint));
    }
    if !name.chars().all(allowed) {
        let constraint = "Member must satisfy regular expression pattern: [\\w+=,.@-]+";
        return Err(validation(name, &member_name(parameter), constraint));
    }
    Ok(name)
}

/// The path of a new identity; `/` if the call has none.
pub(super) fn path(params: &Params) -> Result<&str, AwsError> {
    let path = params.get("Path").unwrap_or("/");
    let printable = path.chars().all(|c| c.is_ascii_graphic());
    if path.len() <= 512 && printable && path.starts_with('/') && path.ends_with('/') {
        return Ok(path);
    }
    Err(validation(
        path,
        "path",
        "The specified value for path is invalid. It must begin and end with /",
    ))
}

/// The name of a parameter as AWS's messages spell it, e.g. `userName` for `UserName`.
fn member_name(parameter: &str) -> String {
    let mut characters = parameter.chars();
    characters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(characters)
        .collect()
}
