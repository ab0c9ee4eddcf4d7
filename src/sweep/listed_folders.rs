//! The lists of folders that were taken to compare buckets with log groups, for those that are then read.
//!
//! They are kept only as far as memory allows, and not for long, because objects are still being
//! delivered: then the folder is listed again. A resumed run has none.

use std::collections::BTreeMap;
use std::mem;

use jiff::SignedDuration;
use parking_lot::Mutex;

use crate::aws::ListedObject;

/// The memory for all lists: some 30,000 objects.
const MOST_BYTES: usize = 8 << 20;

/// Older lists are not used.
const MOST_AGE: SignedDuration = SignedDuration::from_mins(10);

/// The lists, by the locations of the folders.
#[derive(Debug, Default)]
pub(super) struct ListedFolders(Mutex<Lists>);

#[derive(Debug, Default)]
struct Lists {
    by_location: BTreeMap<String, List>,
    /// The memory of all lists, also of those that are being taken.
    bytes: usize,
}

#[derive(Debug)]
struct List {
    objects: Vec<ListedObject>,
    bytes: usize,
    /// When it was started, in milliseconds since the Unix epoch.
    listed_ms: i64,
}

impl List {
    fn is_recent(&self, now_ms: i64) -> bool {
        SignedDuration::from_millis(now_ms.saturating_sub(self.listed_ms)) <= MOST_AGE
    }
}

/// A list that is being taken. Dropped, it leaves nothing.
#[derive(Debug)]
pub(super) struct GrowingList<'l> {
    lists: &'l ListedFolders,
    /// `None` once there is no memory for it.
    objects: Option<Vec<ListedObject>>,
    bytes: usize,
    listed_ms: i64,
}

impl ListedFolders {
    /// Begins a list at this time.
    pub(super) fn begin(&self, now_ms: i64) -> GrowingList<'_> {
        GrowingList {
            lists: self,
            objects: Some(Vec::new()),
            bytes: 0,
            listed_ms: now_ms,
        }
    }

    /// Takes the list of a folder, if there is one that is recent enough.
    pub(super) fn take(&self, location: &str, now_ms: i64) -> Option<Vec<ListedObject>> {
        let mut lists = self.0.lock();
        let list = lists.by_location.remove(location)?;
        lists.bytes = lists.bytes.saturating_sub(list.bytes);
        list.is_recent(now_ms).then_some(list.objects)
    }

    /// Returns the list of a folder, if there is one that is recent enough, and keeps it.
    pub(super) fn copy(&self, location: &str, now_ms: i64) -> Option<Vec<ListedObject>> {
        let lists = self.0.lock();
        let list = lists.by_location.get(location)?;
        list.is_recent(now_ms).then(|| list.objects.clone())
    }

    /// Returns whether there is memory for more, and reserves it.
    fn reserve(&self, bytes: usize) -> bool {
        let mut lists = self.0.lock();
        let sum = lists.bytes.saturating_add(bytes);
        if sum > MOST_BYTES {
            return false;
        }
        lists.bytes = sum;
        true
    }
}

impl GrowingList<'_> {
    /// Adds the next objects.
    pub(super) fn extend(&mut self, page: &[ListedObject]) {
        let Some(objects) = &mut self.objects else {
            return;
        };
        let bytes: usize = page.iter().map(memory_of).sum();
        if self.lists.reserve(bytes) {
            self.bytes = self.bytes.saturating_add(bytes);
            objects.extend_from_slice(page);
        } else {
            self.objects = None;
        }
    }

    /// Keeps the list, which is complete, if there was memory for it.
    pub(super) fn keep(mut self, location: &str) {
        let Some(objects) = self.objects.take() else {
            return;
        };
        let list = List {
            objects,
            bytes: mem::take(&mut self.bytes),
            listed_ms: self.listed_ms,
        };
        let mut lists = self.lists.0.lock();
        if let Some(other) = lists.by_location.insert(location.to_owned(), list) {
            lists.bytes = lists.bytes.saturating_sub(other.bytes);
        }
    }
}

impl Drop for GrowingList<'_> {
    fn drop(&mut self) {
        let mut lists = self.lists.0.lock();
        lists.bytes = lists.bytes.saturating_sub(self.bytes);
    }
}

fn memory_of(object: &ListedObject) -> usize {
    let texts = object.key.len() + object.etag.len() + object.storage_class.len();
    mem::size_of::<ListedObject>() + texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str) -> ListedObject {
        ListedObject {
            key: key.to_owned(),
            size: 1,
            etag: String::new(),
            modified: jiff::Timestamp::UNIX_EPOCH,
            storage_class: String::new(),
            is_restored: false,
        }
    }

    fn bytes(lists: &ListedFolders) -> usize {
        lists.0.lock().bytes
    }

    #[test]
    fn list_is_used_once_and_only_while_it_is_recent() {
        let lists = ListedFolders::default();
        for (now_ms, number) in [(600_000, Some(2)), (600_001, None)] {
            let mut list = lists.begin(0);
            list.extend(&[object("a")]);
            list.extend(&[object("b")]);
            list.keep("f");
            assert!(bytes(&lists) > 0);
            let copied = lists.copy("f", now_ms);
            assert_eq!(copied.map(|objects| objects.len()), number);
            let taken = lists.take("f", now_ms);
            assert_eq!(taken.map(|objects| objects.len()), number);
            assert_eq!((lists.take("f", 0), bytes(&lists)), (None, 0));
        }
    }

    #[test]
    fn lists_have_a_bound_and_broken_ones_leave_nothing() {
        let lists = ListedFolders::default();
        let mut broken = lists.begin(0);
        broken.extend(&[object("a")]);
        drop(broken);
        assert_eq!(bytes(&lists), 0);
        let page = vec![object(&"k".repeat(1_000)); 1_000];
        for number in 0..20 {
            let mut list = lists.begin(0);
            list.extend(&page);
            list.keep(&number.to_string());
        }
        assert!(bytes(&lists) <= MOST_BYTES);
        assert!(lists.take("0", 0).is_some() && lists.take("19", 0).is_none());
        let mut again = lists.begin(0);
        again.extend(&page);
        again.keep("1");
        let kept = lists.0.lock().by_location.len();
        for number in 0..20 {
            lists.take(&number.to_string(), 0);
        }
        assert_eq!((kept > 1, bytes(&lists)), (true, 0));
    }
}
