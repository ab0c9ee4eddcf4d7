//! The last use of services and access keys, for IAM's reports. Only calls to the range count.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{AccountId, Region};
use crate::range::wire::Service;

/// The last use of each service by each principal, and of each access key. Its size does not depend
/// on the number of calls.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    principals: BTreeMap<String, BTreeMap<Service, Use>>,
    keys: BTreeMap<String, (Service, Use)>,
}

/// One use of a service or an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) at: Timestamp,
    pub(crate) region: Region,
}

impl Uses {
    /// Records that a user or role called a service, with its own access key or in a session.
    pub(crate) fn note(
        &mut self,
        principal: String,
        own_key: Option<&str>,
        service: Service,
        used: Use,
    ) {
        if let Some(key) = own_key {
            self.keys.insert(key.to_owned(), (service, used.clone()));
        }
        self.principals
            .entry(principal)
            .or_default()
            .insert(service, used);
    }

    /// The services that the principal has used, with the last use of each.
    pub(crate) fn services(&self, principal: &str) -> impl Iterator<Item = (Service, &Use)> {
        self.principals
            .get(principal)
            .into_iter()
            .flatten()
            .map(|(service, used)| (*service, used))
    }

    /// The last use of any service by the principal.
    pub(crate) fn latest(&self, principal: &str) -> Option<&Use> {
        self.services(principal)
            .map(|(_, used)| used)
            .max_by_key(|used| used.at)
    }

    /// The last use of an access key.
    pub(crate) fn of_key(&self, id: &str) -> Option<&(Service, Use)> {
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
    pub(crate) asked: Timestamp,
}
