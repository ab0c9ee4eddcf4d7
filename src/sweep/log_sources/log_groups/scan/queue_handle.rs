//! What others may do with the queue of an account-Region: its units and batches join it, and the
//! progress display asks how long it takes. They know only these traits, so the queue, which knows
//! them all, is on top.

use std::sync::Arc;

use super::batches::{Batch, BatchQueue};
use super::queue::Queue;
use super::slices::Load;
use super::unit::{Unit, UnitQueue};
use super::work_ahead::WorkAhead;
use crate::sweep::pending_work::{PendingWork, WorkProgress};

impl UnitQueue for Queue {
    fn add(&self, units: Vec<Unit>) {
        Queue::add(self, units);
    }

    fn register_unit(&self) {
        Queue::register_unit(self);
    }

    fn unregister_unit(&self) {
        Queue::unregister_unit(self);
    }

    fn add_expected_pages(&self, more: f64) {
        Queue::add_expected_pages(self, more);
    }

    fn change_ahead(&self, change: &mut dyn FnMut(&mut WorkAhead)) {
        Queue::change_ahead(self, change);
    }

    fn count_page(&self) {
        Queue::count_page(self);
    }

    fn load(&self) -> Load {
        Queue::load(self)
    }
}

/// For the handle with which a batch in progress keeps its queue.
impl BatchQueue for Arc<Queue> {
    fn add_batch(&self, batch: Batch) {
        Queue::add_batch(self, batch);
    }
}

impl PendingWork for Queue {
    fn progress(&self, name: &Arc<str>, overall_ratio: f64) -> WorkProgress {
        Queue::progress(self, name, overall_ratio)
    }
}
