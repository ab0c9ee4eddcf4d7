//! Tags of log groups.
//!
//! Source: CloudWatch Logs API, `ListTagsForResource`, `TagResource`, `UntagResource`, and the older
//! `ListTagsLogGroup`, `TagLogGroup`, `UntagLogGroup`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{check_identifier, group, group_name, invalid};
use crate::call::Call;
use crate::wire::{AwsError, Reply};

const MOST: usize = 50;
const KEY_CHARACTERS: usize = 128;
const VALUE_CHARACTERS: usize = 256;

/// The log group, by one of two names, and the tags of the call.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    log_group_name: Option<String>,
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
    /// The tags to set, or, for `UntagLogGroup`, the keys to remove.
    tags: Option<TagsOrKeys>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TagsOrKeys {
    Tags(BTreeMap<String, String>),
    Keys(Vec<String>),
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let name = input.group(call)?;
    Reply::json(&json!({ "tags": group(call, &name)?.tags }))
}

pub(super) fn tag(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let name = input.group(call)?;
    let Some(TagsOrKeys::Tags(tags)) = input.tags else {
        return Err(invalid("tags must be given."));
    };
    let group = group(call, &name)?;
    let mut all = group.tags.clone();
    all.extend(tags);
    check(&all)?;
    group.tags = all;
    Ok(Reply::empty())
}

pub(super) fn untag(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let name = input.group(call)?;
    let ((Some(keys), _) | (None, Some(TagsOrKeys::Keys(keys)))) = (input.tag_keys, input.tags)
    else {
        return Err(invalid("The keys of the tags must be given."));
    };
    let group = group(call, &name)?;
    group.tags.retain(|key, _| !keys.contains(key));
    Ok(Reply::empty())
}

impl Input {
    /// The name of the log group.
    fn group(&self, call: &Call<'_>) -> Result<String, AwsError> {
        match (&self.log_group_name, &self.resource_arn) {
            (Some(name), _) => Ok(name.clone()),
            (None, Some(arn)) => {
                check_identifier(call.world, call.caller, "resourceArn", arn)?;
                Ok(group_name(arn).to_owned())
            }
            (None, None) => Err(invalid("A log group must be given.")),
        }
    }
}

/// Checks the tags of a log group.
///
/// # Errors
/// There are too many, a key or value is too long, or a key is reserved for AWS.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    if tags.len() > MOST {
        return Err(AwsError::new(
            "TooManyTagsException",
            format!("A resource can have at most {MOST} tags."),
        ));
    }
    let is_valid = |(key, value): (&String, &String)| {
        (1..=KEY_CHARACTERS).contains(&key.chars().count())
            && value.chars().count() <= VALUE_CHARACTERS
            && !key.to_ascii_lowercase().starts_with("aws:")
    };
    if tags.iter().all(is_valid) {
        Ok(())
    } else {
        Err(invalid("A key or value of the tags is not valid."))
    }
}
