//! CloudTrail: the records of calls, the event history, and the trails that deliver records.

mod channels;
mod delivery;
mod history;
mod lookup;
mod lookup_attribute;
mod ocsf;
mod public_keys;
mod record;
mod record_call;
mod record_form;
mod resources;
mod trails;

pub(crate) use delivery::deliver;
pub(crate) use history::History;
pub(crate) use record::{Actor, Record};
pub(crate) use record_call::{PerformedCall, record_call};
pub(crate) use record_form::RecordForm;

use super::call::Call;
use super::wire::{AwsError, Reply};

/// Performs a call of this service.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    match call.operation {
        "DescribeTrails" => trails::describe(call),
        "GetChannel" => channels::get(call),
        "GetEventSelectors" => trails::event_selectors(call),
        "GetTrailStatus" => trails::status(call),
        "ListChannels" => channels::list(call),
        "ListEventDataStores" => channels::list_event_data_stores(call),
        "ListPublicKeys" => public_keys::list(call),
        "ListTrails" => trails::list(call),
        "LookupEvents" => lookup::lookup(call),
        _ => Err(call.unknown_operation()),
    }
}
