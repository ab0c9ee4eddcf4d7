//! What the liveness check compares: account-Regions, and the log groups of trails that were searched.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::aws::Session;
use dragnet_model::{LogGroupArn, Organization, Target};

/// The account-Regions and log groups that are compared at the end of a sweep.
#[derive(Debug, Default)]
pub(super) struct LivenessSubjects(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    subjects: Subjects,
    counts: Counts,
}

/// Account-Regions and log groups, each with the session that can read it.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    pub(super) targets: BTreeMap<Target, Arc<Session>>,
    pub(super) groups: BTreeMap<LogGroupArn, Arc<Session>>,
    /// The organization that listed the accounts, if one did.
    pub(super) organization: Option<Organization>,
}

/// How much there is to compare.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    targets: usize,
    groups: usize,
    /// The quota of a log group, in calls per second.
    rate: f64,
}

impl LivenessSubjects {
    /// Adds an account-Region in scope, whose account this organization listed.
    pub(super) fn add_target(
        &self,
        target: Target,
        session: &Arc<Session>,
        organization: Option<Organization>,
    ) {
        let mut state = self.0.lock();
        state.counts.targets += 1;
        let subjects = &mut state.subjects;
        subjects.targets.insert(target, Arc::clone(session));
        subjects.organization = subjects.organization.take().or(organization);
    }

    /// Adds a log group to which trails deliver, with its quota in calls per second.
    pub(super) fn add_group(&self, group: LogGroupArn, session: &Arc<Session>, rate: f64) {
        let mut state = self.0.lock();
        state.counts.groups += 1;
        state.counts.rate = rate;
        state.subjects.groups.insert(group, Arc::clone(session));
    }

    /// Returns the number of account-Regions and of log groups, and the quota of a log group in calls per
    /// second.
    pub(super) fn counts(&self) -> (usize, usize, f64) {
        let counts = self.0.lock().counts;
        (counts.targets, counts.groups, counts.rate)
    }

    /// Removes and returns all but the counts.
    pub(super) fn take(&self) -> Subjects {
        std::mem::take(&mut self.0.lock().subjects)
    }
}
