//! Who used what, and when: what IAM's reports on last use are made of. Only calls to the range count.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{AccountId, Region};
use crate::range::wire::Service;

/// The last use of each service by each principal, and of each access key: as many as there are of those.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    principals: BTreeMap<String, BTreeMap<Service, Use>>,
    keys: BTreeMap<String, (Service, Use)>,
}

/// A use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// When.
    pub(crate) at: Timestamp,
    /// Where.
    pub(crate) region: Region,
}

impl Uses {
    /// Takes down that the user or role of this ARN called a service, with its own key or in a session.
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

    /// The services that the user or role of this ARN has used.
    pub(crate) fn services(&self, principal: &str) -> impl Iterator<Item = (Service, &Use)> {
        self.principals
            .get(principal)
            .into_iter()
            .flatten()
            .map(|(service, used)| (*service, used))
    }

    /// The last use of any service.
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

/// A report on the services that a principal has used.
#[derive(Debug)]
pub(crate) struct AccessReport {
    /// Whose account it was asked for in.
    pub(crate) account: AccountId,
    /// The principal.
    pub(crate) arn: String,
    /// When it was asked for.
    pub(crate) asked: Timestamp,
}
