//! Tags of accounts.
//!
//! Source: Organizations API, `ListTagsForResource`, `TagResource`.

use serde::Deserialize;
use serde_json::json;

use super::list::page;
use super::required;
use crate::call::Call;
use crate::wire::{AwsError, Reply};

pub(super) fn list(call: &Call<'_>) -> Result<Reply, AwsError> {
    let id = required(call, "ResourceId")?;
    let account = id
        .parse()
        .ok()
        .and_then(|id| call.world.account(id))
        .ok_or_else(not_found)?;
    let rows = account
        .tags
        .iter()
        .map(|(key, value)| (key.clone(), json!({ "Key": key, "Value": value })));
    page(call, "Tags", &rows.collect::<Vec<_>>())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tagging {
    resource_id: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

pub(super) fn tag(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let Tagging { resource_id, tags } = call.input.parse()?;
    let account = resource_id
        .parse()
        .ok()
        .and_then(|id| call.world.account_mut(id))
        .ok_or_else(not_found)?;
    account
        .tags
        .extend(tags.into_iter().map(|tag| (tag.key, tag.value)));
    Ok(Reply::empty())
}

fn not_found() -> AwsError {
    AwsError::new(
        "TargetNotFoundException",
        "We can't find a root, OU, account, or policy with that TargetId.",
    )
}
