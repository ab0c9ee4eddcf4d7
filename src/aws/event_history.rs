//! CloudTrail's event history: the management events of an account-Region, without a trail.

use aws_sdk_cloudtrail::types;
use aws_smithy_types::DateTime;

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::log_event::{EventPage, LogEvent};
use super::session::Session;
use dragnet_model::{EventAttribute, EventLookup, Operation, Region};

/// Source: CloudTrail API, `LookupEvents`: 50 events at most.
const PAGE_SIZE: i32 = 50;

/// Which events of the history to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The attribute that all events have; `None` reads all events.
    pub lookup: Option<EventLookup>,
    /// The first millisecond, since the Unix epoch. Events before it are returned if they happened
    /// in the same second.
    pub from_ms: i64,
    /// The end in milliseconds, exclusive. Events at or after it are returned too if they happened
    /// in the second of it.
    pub to_ms: i64,
}

impl Aws {
    /// Returns one page of the management events of a Region of the session's account, the newest
    /// first. A page may be empty and still have a token. The message of an event is the record;
    /// its log time is the event time.
    ///
    /// Source: CloudTrail API, `LookupEvents`. Both ends of its time range are inclusive, and events
    /// have times in seconds. Without an event category, no Insights events are returned.
    ///
    /// # Errors
    /// The call fails, or an event has no record: leaving it out would hide it.
    pub async fn history_events(
        &self,
        session: &Session,
        region: &Region,
        query: &HistoryQuery,
        token: Option<String>,
    ) -> Result<EventPage, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::LookupEvents,
        };
        let attribute = query
            .lookup
            .as_ref()
            .map(to_attribute)
            .transpose()
            .map_err(|error| context.unreadable(error.to_string()))?;
        let request = self
            .clients
            .cloudtrail
            .lookup_events()
            .set_lookup_attributes(attribute.map(|attribute| vec![attribute]))
            .start_time(DateTime::from_secs(query.from_ms.div_euclid(1_000)))
            // AWS does not document whether it compares fractions of a second. With the second
            // before the end, it could leave out the events of that second.
            .end_time(DateTime::from_secs(query.to_ms.div_euclid(1_000)))
            .max_results(PAGE_SIZE)
            .set_next_token(token);
        let output = send!(self, context, request)?;
        let without_record = "an event in the response has no id, time or record";
        let events = output
            .events()
            .iter()
            .map(|event| parse_event(event).ok_or_else(|| context.unreadable(without_record)))
            .collect::<Result<_, _>>()?;
        Ok(EventPage {
            events,
            next_token: output.next_token,
            has_unsearched_stream: false,
        })
    }
}

fn to_attribute(
    lookup: &EventLookup,
) -> Result<types::LookupAttribute, aws_smithy_types::error::operation::BuildError> {
    let key = match lookup.attribute {
        EventAttribute::EventId => types::LookupAttributeKey::EventId,
        EventAttribute::AccessKeyId => types::LookupAttributeKey::AccessKeyId,
        EventAttribute::EventName => types::LookupAttributeKey::EventName,
        EventAttribute::EventSource => types::LookupAttributeKey::EventSource,
        EventAttribute::Username => types::LookupAttributeKey::Username,
    };
    types::LookupAttribute::builder()
        .attribute_key(key)
        .attribute_value(&lookup.value)
        .build()
}

fn parse_event(event: &types::Event) -> Option<LogEvent> {
    let timestamp_ms = event.event_time()?.to_millis().ok()?;
    Some(LogEvent {
        event_id: event.event_id()?.to_owned(),
        log_stream: String::new(),
        timestamp_ms,
        // The history does not say when it received an event.
        ingestion_ms: timestamp_ms,
        message: event.cloud_trail_event()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_has_the_name_of_aws() {
        for attribute in EventAttribute::ALL {
            let lookup = EventLookup {
                attribute,
                value: "v".to_owned(),
            };
            let built = to_attribute(&lookup).unwrap();
            assert_eq!(built.attribute_key().as_str(), attribute.as_str());
            assert_eq!(built.attribute_value(), "v");
        }
    }

    #[test]
    fn event_without_record_is_not_left_out() {
        let event = types::Event::builder()
            .event_id("e1")
            .event_time(DateTime::from_secs(5));
        assert_eq!(parse_event(&event.clone().build()), None);
        let parsed = parse_event(&event.cloud_trail_event("{}").build()).unwrap();
        assert_eq!(
            (parsed.event_id.as_str(), parsed.timestamp_ms),
            ("e1", 5_000)
        );
        assert_eq!(parsed.message, "{}");
    }
}
