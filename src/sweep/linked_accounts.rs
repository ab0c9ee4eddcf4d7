//! The accounts that could not be entered, and the account-Regions that may monitor them.

use std::sync::Arc;

use parking_lot::Mutex;

use super::member::Member;
use crate::aws::Session;
use dragnet_model::Region;

/// A session, and a Region in which it may be in a monitoring account.
pub(super) type EnteredRegion = (Arc<Session>, Region);

/// What was found out so far.
#[derive(Debug, Default)]
pub(super) struct LinkedAccounts {
    denied: Mutex<Vec<Arc<Member>>>,
    entered: Mutex<Vec<EnteredRegion>>,
}

impl LinkedAccounts {
    /// Adds an account in scope whose role was denied.
    pub(super) fn add_denied(&self, member: &Member) {
        self.denied.lock().push(Arc::new(member.clone()));
    }

    /// Adds an account-Region that was entered.
    pub(super) fn add_entered(&self, session: &Arc<Session>, region: &Region) {
        let entered = (Arc::clone(session), region.clone());
        self.entered.lock().push(entered);
    }

    /// Takes all accounts that were denied.
    pub(super) fn take_denied(&self) -> Vec<Arc<Member>> {
        std::mem::take(&mut *self.denied.lock())
    }

    /// Takes all account-Regions that were entered.
    pub(super) fn take_entered(&self) -> Vec<EnteredRegion> {
        std::mem::take(&mut *self.entered.lock())
    }
}
