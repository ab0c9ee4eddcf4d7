//! Log groups of trails that would take long to read, and wait until it is known what reading the
//! buckets of these trails would take.

use std::sync::Arc;

use parking_lot::Mutex;

use super::log_sources::log_groups::delivered::Delivered;
use super::member::Member;
use crate::aws::Session;
use crate::store::CoverageId;
use dragnet_model::{LogGroup, LogGroupArn, Region, Target};

/// A log group of which nothing was read yet, with the session with which it is read.
#[derive(Debug)]
pub(super) struct PostponedGroup {
    pub member: Arc<Member>,
    pub session: Arc<Session>,
    pub region: Region,
    pub group: LogGroup,
    /// What log sources deliver to it.
    pub delivered: Delivered,
    /// Its row of the coverage.
    pub coverage_id: CoverageId,
}

impl PostponedGroup {
    pub(super) fn arn(&self) -> LogGroupArn {
        let target = Target {
            account: self.member.account.id,
            region: self.region.clone(),
        };
        LogGroupArn::new(target, &self.group.name)
    }
}

/// The log groups that wait.
#[derive(Debug, Default)]
pub(super) struct PostponedGroups(Mutex<Vec<PostponedGroup>>);

impl PostponedGroups {
    /// Adds a log group.
    pub(super) fn add(&self, group: PostponedGroup) {
        self.0.lock().push(group);
    }

    /// Removes and returns all.
    pub(super) fn take(&self) -> Vec<PostponedGroup> {
        std::mem::take(&mut *self.0.lock())
    }
}
