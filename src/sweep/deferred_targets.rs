//! Account-Regions whose event history is read at the end of a sweep, if nothing else covers them.

use std::sync::Arc;

use parking_lot::Mutex;

use super::member::Member;
use crate::aws::Session;
use dragnet_model::Region;

/// An account-Region, with the session with which it is read.
#[derive(Debug)]
pub(super) struct DeferredTarget {
    pub member: Arc<Member>,
    pub session: Arc<Session>,
    pub region: Region,
}

/// The account-Regions that wait.
#[derive(Debug, Default)]
pub(super) struct DeferredTargets(Mutex<Vec<DeferredTarget>>);

impl DeferredTargets {
    /// Adds an account-Region.
    pub(super) fn add(&self, target: DeferredTarget) {
        self.lock(|targets| targets.push(target));
    }

    /// Removes and returns all.
    pub(super) fn take(&self) -> Vec<DeferredTarget> {
        self.lock(std::mem::take)
    }

    fn lock<T>(&self, change: impl FnOnce(&mut Vec<DeferredTarget>) -> T) -> T {
        // A poisoned lock is safe to use: no change under it is left half done.
        change(&mut self.0.lock())
    }
}
