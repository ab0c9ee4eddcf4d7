//! An account-Region, with what is needed to read it.

use std::sync::Arc;

use super::context::SweepContext;
use super::member::Member;
use crate::aws::Session;
use dragnet_model::{Region, Target};

/// An account-Region and the session with which it is read.
#[derive(Debug)]
pub(super) struct RegionContext {
    pub shared: Arc<SweepContext>,
    pub member: Arc<Member>,
    pub session: Arc<Session>,
    pub region: Region,
    /// Whether the session is in a monitoring account, to which the account is linked.
    pub is_linked: bool,
}

impl RegionContext {
    pub(super) fn target(&self) -> Target {
        Target {
            account: self.member.account.id,
            region: self.region.clone(),
        }
    }

    /// Returns the name of the account and the Region, for the progress display. The name is
    /// untrusted text.
    pub(super) fn display_name(&self) -> String {
        let account = &self.member.account;
        match account.name.as_str() {
            "" => format!("{} {}", account.id, self.region),
            name => format!("{name} {}", self.region),
        }
    }
}
