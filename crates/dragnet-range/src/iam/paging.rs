//! IAM's pagination: `Marker`, `MaxItems`, `IsTruncated`.

use crate::call::Call;
use crate::wire::{AwsError, Page, Params, Xml};

const DEFAULT_ITEMS: u32 = 100;
const MAX_ITEMS: u32 = 1_000;

/// One page of a list that is sorted by key. `list` distinguishes lists of the same operation, e.g.
/// by their user; a marker is valid for its own list only.
pub(super) fn page<'k, T>(
    call: &Call<'_>,
    params: &Params,
    list: &str,
    items: impl Iterator<Item = (&'k str, T)>,
) -> Result<Page<T>, AwsError> {
    let size = params.number("MaxItems", 1..=MAX_ITEMS, DEFAULT_ITEMS)?;
    let list = format!("{} {list}", call.list_name());
    Page::from_sorted(
        items,
        &list,
        params.get("Marker"),
        usize::try_from(size).unwrap_or(1),
    )
    .ok_or_else(|| AwsError::new("ValidationError", "Invalid Marker."))
}

/// Writes `IsTruncated` and the marker of the next page.
pub(super) fn write_end(xml: &mut Xml, next: Option<String>) {
    xml.text("IsTruncated", next.is_some());
    xml.optional("Marker", next);
}
