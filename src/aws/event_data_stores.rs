//! The event data stores of CloudTrail Lake, which Dragnet names and does not search.

use aws_sdk_cloudtrail::types;

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::page_list::{ListPage, collect_pages};
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
        let request = &request;
        let listed = collect_pages(context, |token| async move {
            let output = send!(self, context, request.clone().set_next_token(token))?;
            Ok(Some(ListPage {
                items: output.event_data_stores.unwrap_or_default(),
                next_token: output.next_token,
            }))
        })
        .await?;
        Ok(listed.iter().filter_map(parse_store).collect())
    }
}

fn parse_store(store: &types::EventDataStore) -> Option<EventDataStore> {
    Some(EventDataStore {
        arn: store.event_data_store_arn()?.to_owned(),
        name: store.name().unwrap_or_default().to_owned(),
    })
}
