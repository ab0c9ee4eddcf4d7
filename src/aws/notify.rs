//! SNS and EventBridge, to which a watch can send alerts. Calls use the base session, without
//! assuming further roles.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sns::types::MessageAttributeValue;

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use dragnet_model::{Operation, Region};

/// A message to an SNS topic.
#[derive(Clone, Copy, Debug)]
pub struct TopicMessage<'a> {
    /// The ARN of the topic.
    pub topic_arn: &'a str,
    /// The message: at most 256 KiB.
    pub body: &'a str,
    /// The message attributes, by which subscriptions can filter.
    pub attributes: &'a [(&'static str, &'a str)],
    /// For a FIFO topic: the message group id, which keeps the order, and the deduplication id.
    pub fifo: Option<(&'a str, &'a str)>,
}

/// An event for an EventBridge bus.
#[derive(Clone, Copy, Debug)]
pub struct BusEvent<'a> {
    /// The name or ARN of the bus; `None` is the default bus of the account.
    pub bus: Option<&'a str>,
    /// The detail type, which rules can match.
    pub detail_type: &'a str,
    /// The detail, a JSON object of at most 256 KiB.
    pub detail: &'a str,
}

impl Aws {
    /// Publishes a message to an SNS topic.
    ///
    /// Source: SNS API, `Publish`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn publish(
        &self,
        region: &Region,
        message: TopicMessage<'_>,
    ) -> Result<(), CallError> {
        let context = CallContext {
            session: self.base(),
            region,
            operation: Operation::Publish,
        };
        let mut request = self
            .clients
            .sns
            .publish()
            .topic_arn(message.topic_arn)
            .message(message.body);
        for (name, value) in message.attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(*value)
                .build();
            request = request.message_attributes(
                *name,
                value.map_err(|error| context.unreadable(error.to_string()))?,
            );
        }
        if let Some((group, id)) = message.fifo {
            request = request.message_group_id(group).message_deduplication_id(id);
        }
        send!(self, context, request).map(drop)
    }

    /// Puts an event on a bus in `region`; `None` is the configured Region.
    ///
    /// Source: EventBridge API, `PutEvents`: an entry may fail in a successful response.
    ///
    /// # Errors
    /// The call fails, or EventBridge rejects the event.
    pub async fn put_event(
        &self,
        region: Option<&Region>,
        event: BusEvent<'_>,
    ) -> Result<(), CallError> {
        let region = region.unwrap_or_else(|| self.home());
        let context = CallContext {
            session: self.base(),
            region,
            operation: Operation::PutEvents,
        };
        let entry = PutEventsRequestEntry::builder()
            .source("dragnet")
            .detail_type(event.detail_type)
            .detail(event.detail)
            .set_event_bus_name(event.bus.map(str::to_owned));
        let request = self.clients.eventbridge.put_events().entries(entry.build());
        let output = send!(self, context, request)?;
        let rejected = output
            .entries()
            .iter()
            .find_map(|entry| Some((entry.error_code()?, entry.error_message())));
        match rejected {
            None if output.failed_entry_count() == 0 => Ok(()),
            None => Err(context.unreadable("EventBridge rejected the event without an error code")),
            Some((code, message)) => {
                Err(context.unreadable(format!("{code}: {}", message.unwrap_or_default())))
            }
        }
    }
}
