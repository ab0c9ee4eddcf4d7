//! `GetLogObject`: the part of a truncated event that is stored apart from it.
//!
//! Sources: CloudWatch Logs API, `GetLogObject`; a test of AWS's authorization of 2026-09
//! (`logs:GetLogRecord` is needed; the errors for invalid and foreign pointers; an object of a log group
//! with a data protection policy is only found with `unmask`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::{StoredGroup, invalid, log_store, not_found, permit_unmask};
use crate::access::Caller;
use crate::call::Call;
use crate::wire::{AwsError, EventMessage, Reply, encode_event_stream};
use crate::world::World;

/// The beginning of the pointers of the range. AWS's are opaque.
pub(crate) const POINTER_PREFIX: &str = "LLO-";

/// The size of the pieces in which an object is sent. The model does not say it.
const PIECE_BYTES: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    log_object_pointer: String,
    unmask: Option<bool>,
}

/// The name of the log group of an object in the account and Region of the caller.
pub(super) fn named_group<'w>(world: &'w World, caller: &Caller, pointer: &str) -> Option<&'w str> {
    let store = world.account(caller.account)?.logs.get(&caller.region)?;
    let (name, _) = store
        .groups
        .iter()
        .find(|(_, group)| group.log_objects.contains_key(pointer))?;
    Some(name)
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let Input {
        log_object_pointer: pointer,
        unmask,
    } = call.input.parse()?;
    if !pointer.starts_with(POINTER_PREFIX) {
        return Err(invalid("Invalid log object pointer format."));
    }
    let name = named_group(call.world, call.caller, &pointer)
        .ok_or_else(|| not_found("LogGroup doesn't exist"))?
        .to_owned();
    let unmask = permit_unmask(call, &name, unmask.unwrap_or(false))?;
    let group: Option<&StoredGroup> = log_store(call)?.groups.get(&name);
    let content = group
        .filter(|group| unmask || !group.is_masked())
        .and_then(|group| group.log_objects.get(&pointer))
        .ok_or_else(|| not_found("The requested log object could not be found."))?;
    let messages = content.as_bytes().chunks(PIECE_BYTES).map(|piece| {
        let payload = json!({ "data": STANDARD.encode(piece) });
        EventMessage {
            event_type: "fields",
            payload: payload.to_string().into_bytes(),
        }
    });
    Ok(Reply::EventStream(encode_event_stream(messages)))
}
