//! One page of an IAM list.

use crate::aws::call_context::CallContext;
use crate::aws::error::CallError;
use crate::aws::page_list::ListPage;

/// Converts a page of an IAM list, which may be empty and still have a marker. The marker decides
/// whether there is another page, because the SDK reads an absent `IsTruncated` as false.
///
/// Source: IAM API, `ListUsers`: a truncated list has a marker.
///
/// # Errors
/// The page is truncated, but has no marker.
pub(super) fn list_page<T>(
    context: CallContext<'_>,
    items: Vec<T>,
    is_truncated: bool,
    marker: Option<String>,
) -> Result<Option<ListPage<T>>, CallError> {
    if is_truncated && marker.is_none() {
        return Err(context.unreadable("the list is truncated, but has no marker"));
    }
    Ok(Some(ListPage {
        items,
        next_token: marker.filter(|marker| !marker.is_empty()),
    }))
}
