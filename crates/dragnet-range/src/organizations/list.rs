//! Pagination of Organizations: 20 items a page, and sometimes an empty page with a token.
//!
//! Source: Organizations API, `ListAccounts` ("always check the `NextToken` response parameter for
//! a null value").

use serde::Deserialize;
use serde_json::{Value, json};

use super::invalid;
use crate::call::Call;
use crate::wire::{AwsError, Page, Reply};

const PAGE_SIZE: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Paging {
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// Returns a page of a list that is sorted by key.
pub(super) fn page(
    call: &Call<'_>,
    name: &str,
    rows: &[(String, Value)],
) -> Result<Reply, AwsError> {
    let paging: Paging = call.input.parse()?;
    let size = paging.max_results.unwrap_or(PAGE_SIZE);
    if !(1..=PAGE_SIZE).contains(&size) {
        return Err(invalid(format!(
            "You provided a MaxResults of {size}, which is not between 1 and {PAGE_SIZE}."
        )));
    }
    let parent = ["ParentId", "ResourceId", "ChildId"]
        .into_iter()
        .find_map(|name| call.input.text(name));
    let list = format!("{} {}", call.list_name(), parent.unwrap_or_default());
    let page = if call.world.empty_pages && paging.next_token.is_none() && rows.len() > size / 2 {
        Page::empty_before_first(&list)
    } else {
        let keyed = rows.iter().map(|(key, row)| (key.as_str(), row));
        Page::from_sorted(keyed, &list, paging.next_token.as_deref(), size)
            .ok_or_else(|| invalid("You provided a NextToken that is not valid."))?
    };
    let mut reply = json!({});
    reply[name] = json!(page.items);
    if let Some(next) = page.next {
        reply["NextToken"] = json!(next);
    }
    Reply::json(&reply)
}
