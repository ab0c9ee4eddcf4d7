//! The last use of services and access keys, for IAM's reports. Only calls to the range count.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::wire::Service;
use dragnet_model::{AccountId, Region};

/// The last use of each service by each principal, and of each access key. Its size does not depend
/// on the number of calls.
#[derive(Debug, Default)]
pub(crate) struct LastUses {
    principals: BTreeMap<String, BTreeMap<Service, LastUse>>,
    keys: BTreeMap<String, (Service, LastUse)>,
}

/// One use of a service or an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastUse {
    pub(crate) at: Timestamp,
    pub(crate) region: Region,
}

impl LastUses {
    /// Records that a user or role called a service, with its own access key or in a session.
    pub(crate) fn record(
        &mut self,
        principal: String,
        own_key: Option<&str>,
        service: Service,
        last_use: LastUse,
    ) {
        if let Some(key) = own_key {
            self.keys
                .insert(key.to_owned(), (service, last_use.clone()));
        }
        self.principals
            .entry(principal)
            .or_default()
            .insert(service, last_use);
    }

    /// The services that the principal has used, with the last use of each.
    pub(crate) fn services(&self, principal: &str) -> impl Iterator<Item = (Service, &LastUse)> {
        self.principals
            .get(principal)
            .into_iter()
            .flatten()
            .map(|(service, last_use)| (*service, last_use))
    }

    /// The last use of any service by the principal.
    pub(crate) fn latest(&self, principal: &str) -> Option<&LastUse> {
        self.services(principal)
            .map(|(_, last_use)| last_use)
            .max_by_key(|last_use| last_use.at)
    }

    /// The last use of an access key.
    pub(crate) fn for_key(&self, id: &str) -> Option<&(Service, LastUse)> {
        self.keys.get(id)
    }
}

/// A requested report on the services that a principal has used.
#[derive(Debug)]
pub(crate) struct AccessReport {
    /// The account in which it was requested.
    pub(crate) account: AccountId,
    /// The ARN of the principal.
    pub(crate) arn: String,
    /// When it was requested.
    pub(crate) requested: Timestamp,
}
