//! The event data stores of CloudTrail Lake, which Dragnet names and does not search.

use aws_sdk_cloudtrail::types;

use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::page_list::collect_list;
use super::session::Session;
use dragnet_model::{Operation, Region};

/// An event data store. AWS no longer lists what it records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDataStore {
    /// Its ARN.
    pub arn: String,
    /// Its name. Untrusted text.
    pub name: String,
}

impl Aws {
    /// Returns the event data stores of an account-Region.
    ///
    /// Source: CloudTrail API, `ListEventDataStores`.
    ///
    /// # Errors
    /// The call fails, or the list does not end.
    pub async fn event_data_stores(
        &self,
        session: &Session,
        region: &Region,
    ) -> Result<Vec<EventDataStore>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::ListEventDataStores,
        };
        let request = self.clients.cloudtrail.list_event_data_stores();
        let listed = collect_list!(self, context, request, event_data_stores)?;
        Ok(listed.iter().filter_map(parse_store).collect())
    }
}

fn parse_store(store: &types::EventDataStore) -> Option<EventDataStore> {
    Some(EventDataStore {
        arn: store.event_data_store_arn()?.to_owned(),
        name: store.name().unwrap_or_default().to_owned(),
    })
}
