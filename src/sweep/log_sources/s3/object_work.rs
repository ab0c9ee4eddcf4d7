//! What the progress display shows of the reading of a folder in S3.
//!
//! The keys of a part of a folder are in the order of their times, so the last listed key shows how
//! much of the part is listed, and how many objects the rest probably has.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::object_folder::ObjectFolder;
use super::object_reader::ObjectReader;
use crate::aws::QuotaHandle;
use crate::store::UnitId;
use crate::sweep::pending_work::{PendingWork, WorkProgress};
use dragnet_model::TimeWindow;

/// The upper bound of an estimate, so that sums of estimates stay finite.
const MAX_OBJECTS: f64 = 1e9;

/// The share of a part that has to be listed before its objects say how many the rest has.
const MIN_LISTED_SHARE: f64 = 0.02;

/// The parts of a folder that are not read to their end. A page is an object.
#[derive(Debug)]
pub(super) struct ObjectWork {
    quota: QuotaHandle,
    created: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    objects_read: f64,
    parts: BTreeMap<UnitId, PartProgress>,
}

#[derive(Debug)]
struct PartProgress {
    from_ms: i64,
    to_ms: i64,
    /// The objects that were listed and are to be read, or were.
    listed: f64,
    read: f64,
    /// The time of the last key that was listed.
    last_ms: Option<i64>,
}

impl ObjectWork {
    /// Creates the work of a folder, and shows it.
    pub(super) fn show(reader: &ObjectReader, folder: &ObjectFolder) -> Arc<Self> {
        let shared = &reader.sweep.shared;
        let work = Arc::new(Self {
            quota: shared.aws.object_quota(&reader.bucket),
            created: Instant::now(),
            state: Mutex::default(),
        });
        let target = &folder.target;
        let account = reader.sweep.account(target.account);
        let name = match account.name.as_str() {
            "" => account.id.to_string(),
            name => name.to_owned(),
        };
        let name = format!("{name} {} (bucket {})", target.region, reader.bucket.name);
        let pending = Arc::downgrade(&work);
        shared.tally.add_work(&name, pending);
        work
    }

    /// Adds a part.
    pub(super) fn add(&self, part: UnitId, window: TimeWindow) {
        let progress = PartProgress {
            from_ms: window.from_ms(),
            to_ms: window.to_ms(),
            listed: 0.0,
            read: 0.0,
            last_ms: None,
        };
        self.state.lock().parts.insert(part, progress);
    }

    /// Counts objects that were listed, the last of which has this time.
    pub(super) fn record_list(&self, part: UnitId, objects: usize, last_ms: Option<i64>) {
        if let Some(progress) = self.state.lock().parts.get_mut(&part) {
            progress.listed += objects as f64;
            progress.last_ms = last_ms.or(progress.last_ms);
        }
    }

    /// Counts objects that were read.
    pub(super) fn record_read(&self, part: UnitId, objects: usize) {
        let mut state = self.state.lock();
        state.objects_read += objects as f64;
        if let Some(progress) = state.parts.get_mut(&part) {
            progress.read += objects as f64;
        }
    }

    /// Removes a part that has ended.
    pub(super) fn remove(&self, part: UnitId) {
        self.state.lock().parts.remove(&part);
    }
}

impl PendingWork for ObjectWork {
    fn progress(&self, name: &Arc<str>, _overall_ratio: f64) -> WorkProgress {
        let state = self.state.lock();
        let parts = || state.parts.values();
        WorkProgress {
            name: Arc::clone(name),
            age: self.created.elapsed(),
            pages_read: state.objects_read,
            pages_left: parts()
                .map(|part| part.listed_left() + part.unlisted())
                .sum(),
            pages_guessed: parts().map(PartProgress::guessed).sum(),
            // The objects of a part are read several at a time.
            longest_unit: 0.0,
            rate: self.quota.rate(),
            full_rate: self.quota.full_rate(),
            throttling: self.quota.throttling(),
            response_time: self.quota.response_time(),
        }
    }
}

impl PartProgress {
    fn listed_left(&self) -> f64 {
        (self.listed - self.read).max(0.0)
    }

    /// Returns how much of the part is listed, from 0 to 1.
    fn listed_share(&self) -> f64 {
        let length = self.to_ms.saturating_sub(self.from_ms).max(1) as f64;
        let last_ms = self.last_ms.unwrap_or(self.from_ms);
        let listed = last_ms.saturating_sub(self.from_ms) as f64;
        (listed / length).clamp(0.0, 1.0)
    }

    /// Returns the number of objects that the rest of the list probably has.
    fn unlisted(&self) -> f64 {
        let share = self.listed_share();
        if self.last_ms.is_none() {
            // Another object follows, at least.
            return 1.0;
        }
        let expected = self.listed * (1.0 - share) / share.max(MIN_LISTED_SHARE);
        expected.min(MAX_OBJECTS)
    }

    /// Returns those that are a mere guess, because too little is listed.
    fn guessed(&self) -> f64 {
        if self.last_ms.is_some() && self.listed_share() < MIN_LISTED_SHARE {
            self.unlisted()
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_listed_key_shows_how_many_objects_are_left() {
        let mut part = PartProgress {
            from_ms: 0,
            to_ms: 1_000,
            listed: 0.0,
            read: 0.0,
            last_ms: None,
        };
        assert_eq!((part.listed_left(), part.unlisted()), (0.0, 1.0));
        part.listed = 100.0;
        part.last_ms = Some(250);
        assert_eq!((part.listed_left(), part.unlisted()), (100.0, 300.0));
        part.read = 60.0;
        assert_eq!(part.listed_left(), 40.0);
        part.last_ms = Some(2_000);
        assert_eq!((part.unlisted(), part.guessed()), (0.0, 0.0));
        part.last_ms = Some(1);
        assert!(part.guessed() > 0.0);
    }
}
