//! Tags of accounts, organizational units and the root.
//!
//! Source: Organizations API, `ListTagsForResource`, `TagResource`.

use serde::Deserialize;
use serde_json::json;

use super::list::page;
use super::{invalid, is_parent, required};
use crate::call::Call;
use crate::iam::{DUPLICATE_KEYS, has_duplicates};
use crate::wire::{AwsError, Reply};

const MOST: usize = 50;

pub(super) fn list(call: &Call<'_>) -> Result<Reply, AwsError> {
    let id = required(call, "ResourceId")?;
    let tags = match id.parse().ok().and_then(|id| call.world.account(id)) {
        Some(account) => account.tags.clone(),
        None if is_parent(call.world, id) => {
            let all = &call.world.organization.tags;
            all.get(id).cloned().unwrap_or_default()
        }
        None => return Err(not_found()),
    };
    let rows = tags
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
    let keys = tags.iter().map(|tag| tag.key.as_str());
    if has_duplicates(keys) {
        return Err(invalid(DUPLICATE_KEYS));
    }
    let of_unit = is_parent(call.world, &resource_id);
    let id = resource_id.parse().ok();
    let stored = match id.and_then(|id| call.world.account_mut(id)) {
        Some(account) => &mut account.tags,
        None if of_unit => call.world.organization.tags.entry(resource_id).or_default(),
        None => return Err(not_found()),
    };
    let mut all = stored.clone();
    all.extend(tags.into_iter().map(|tag| (tag.key, tag.value)));
    if all.len() > MOST {
        let text = format!("You have exceeded the allowed number of tags: {MOST}.");
        return Err(AwsError::new("ConstraintViolationException", text));
    }
    *stored = all;
    Ok(Reply::empty())
}

fn not_found() -> AwsError {
    AwsError::new(
        "TargetNotFoundException",
        "We can't find a root, OU, account, or policy with that TargetId.",
    )
}
