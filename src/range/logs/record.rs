//! `GetLogRecord`: one event again, by the pointer that Insights gave with it.
//!
//! Source: CloudWatch Logs API, `GetLogRecord`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::mask::{permit_unmask, shown};
use super::{StoredEvent, group, invalid};
use crate::model::{AccountId, Region};
use crate::range::call::Call;
use crate::range::wire::{AwsError, Reply};

/// Where an event is: what `@ptr` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    /// The log group's name.
    pub(crate) group: String,
    /// The event's place in its group.
    pub(crate) position: (i64, u64),
}

impl Pointer {
    /// The text of the pointer; it is bound to an account and a Region.
    #[cfg_attr(not(test), expect(dead_code, reason = "Insights hands it out"))]
    pub(crate) fn seal(&self, account: AccountId, region: &Region) -> String {
        let (timestamp_ms, serial) = self.position;
        STANDARD_NO_PAD.encode(format!("{account} {region} {timestamp_ms} {serial} {}", self.group))
    }

    /// The event that a text points to; `None` where it points nowhere, or into another account.
    pub(crate) fn open(text: &str, account: AccountId, region: &Region) -> Option<Self> {
        let text = String::from_utf8(STANDARD_NO_PAD.decode(text).ok()?).ok()?;
        let mut fields = text.splitn(5, ' ');
        let here = fields.next()? == account.to_string() && fields.next()? == region.as_str();
        let position = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let group = fields.next()?.to_owned();
        here.then_some(Self { group, position })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    log_record_pointer: String,
    unmask: Option<bool>,
}

pub(super) fn get_record(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let unmask = permit_unmask(call, input.unmask.unwrap_or(false))?;
    let (account, region) = (call.caller.account, call.caller.region.clone());
    let pointer = Pointer::open(&input.log_record_pointer, account, &region)
        .ok_or_else(|| invalid("The specified logRecordPointer is invalid."))?;
    let group = group(call, &pointer.group)?.prepare();
    let events = group.events();
    let found = events.binary_search_by_key(&pointer.position, StoredEvent::position);
    let event = found.ok().and_then(|at| events.get(at));
    let event = event.ok_or_else(|| invalid("The log record does not exist."))?;
    let message = shown(group, &event.message, unmask);
    let mut record = Map::new();
    if let Ok(value @ Value::Object(_)) = serde_json::from_str(&message) {
        flatten(&mut record, "", &value);
    }
    record.insert("@timestamp".to_owned(), event.timestamp_ms.to_string().into());
    record.insert("@ingestionTime".to_owned(), event.ingestion_ms.to_string().into());
    record.insert("@log".to_owned(), format!("{account}:{}", pointer.group).into());
    record.insert("@logStream".to_owned(), group.stream_name(event.stream).into());
    record.insert("@message".to_owned(), message.into());
    Reply::json(&json!({ "logRecord": record }))
}

/// Fields by their dotted names; list items by their numbers.
fn flatten(record: &mut Map<String, Value>, name: &str, value: &Value) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| flatten(record, &below(key), value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, value)| flatten(record, &below(&n.to_string()), value));
        }
        Value::Null => {}
        Value::String(text) => {
            record.insert(name.to_owned(), text.as_str().into());
        }
        other => {
            record.insert(name.to_owned(), other.to_string().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_opens_only_at_home() {
        let (account, region) = ("111111111111".parse().unwrap(), "us-east-1".parse().unwrap());
        let pointer = Pointer { group: "/app/web 1".to_owned(), position: (-3, 9) };
        let text = pointer.seal(account, &region);
        assert_eq!(Pointer::open(&text, account, &region), Some(pointer));
        assert_eq!(Pointer::open(&text, "222222222222".parse().unwrap(), &region), None);
        assert_eq!(Pointer::open("x", account, &region), None);
    }
}
