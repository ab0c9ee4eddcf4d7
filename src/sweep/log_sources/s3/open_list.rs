//! A list of keys of which some pages are known.

use std::collections::VecDeque;
use std::mem;

use super::span_keys::{cut_into_days, days_until};
use crate::aws::{ListQuery, ListedObject, ObjectListing};
use crate::s3_layout::LogPlace;
use dragnet_model::TimeWindow;

/// The most keys of a page. Source: S3 API, `ListObjectsV2`, `MaxKeys`.
const PAGE_KEYS: usize = 1_000;

/// A list of which some pages were requested.
#[derive(Debug)]
pub(super) struct OpenList {
    /// The objects of these pages, until they are used.
    pub(super) pages: VecDeque<Vec<ListedObject>>,
    /// What follows the pages; `None` if nothing does.
    pub(super) rest: Option<ObjectListing>,
}

impl OpenList {
    pub(super) fn new(query: ListQuery) -> Self {
        Self {
            pages: VecDeque::new(),
            rest: Some(ObjectListing::new(query)),
        }
    }

    /// The list of these objects.
    pub(super) fn of_objects(mut objects: Vec<ListedObject>) -> Self {
        let mut pages = VecDeque::new();
        while objects.len() > PAGE_KEYS {
            let rest = objects.split_off(PAGE_KEYS);
            pages.push_back(mem::replace(&mut objects, rest));
        }
        pages.push_back(objects);
        Self { pages, rest: None }
    }

    /// Whether the first page is not the only one.
    fn has_more_pages(&self) -> bool {
        let is_continued = self.rest.as_ref().is_some_and(|rest| !rest.has_ended());
        self.pages.len() > 1 || is_continued
    }

    /// Returns the windows of the parts into which the keys are cut. A list of one page is one part. Of
    /// a longer one, each part has the number of days that the first page covers, at least one.
    pub(super) fn windows(&self, place: &LogPlace, window: TimeWindow) -> Vec<TimeWindow> {
        let last_object = self.pages.front().and_then(|page| page.last());
        let last_time = last_object.and_then(|object| place.time_of(&object.key));
        match last_time {
            Some(time) if self.has_more_pages() => cut_into_days(window, days_until(window, time)),
            _ => vec![window],
        }
    }

    /// Returns all objects, if all pages were requested before.
    pub(super) fn into_complete(self) -> Option<Vec<ListedObject>> {
        let pages = self.pages.into_iter().flatten();
        self.rest.is_none().then(|| pages.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_a_complete_list_are_in_pages() {
        let object = |number: usize| ListedObject {
            key: format!("{number:05}"),
            size: 1,
            etag: String::new(),
            modified: jiff::Timestamp::UNIX_EPOCH,
            storage_class: String::new(),
            is_restored: false,
        };
        for (number, sizes) in [
            (0, &[0][..]),
            (1_000, &[1_000]),
            (2_001, &[1_000, 1_000, 1]),
        ] {
            let objects: Vec<ListedObject> = (0..number).map(object).collect();
            let list = OpenList::of_objects(objects.clone());
            let found: Vec<usize> = list.pages.iter().map(Vec::len).collect();
            assert_eq!(
                (found, list.has_more_pages()),
                (sizes.to_vec(), number > 1_000)
            );
            assert_eq!(list.into_complete(), Some(objects));
        }
        let open = OpenList::new(ListQuery::default());
        assert!(open.has_more_pages() && open.into_complete().is_none());
    }
}
