//! What trails and flow logs deliver within one account-Region.

use std::collections::BTreeMap;

use super::log_groups::delivered::Delivered;
use dragnet_model::{LogSource, Organization, Target};

/// What the log sources of an account-Region deliver to it.
#[derive(Debug)]
pub(in crate::sweep) struct Deliveries {
    /// What they deliver to its log groups, by name.
    pub log_groups: BTreeMap<String, Delivered>,
}

impl Deliveries {
    /// Collects what `log_sources` deliver to the account-Region `target` of a member of
    /// `organization`.
    pub(in crate::sweep) fn new(
        log_sources: &[LogSource],
        target: &Target,
        organization: Option<&Organization>,
    ) -> Self {
        Self {
            log_groups: Delivered::by_group(log_sources, target, organization),
        }
    }
}
