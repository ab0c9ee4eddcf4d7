//! Sinks: the receivers of alerts, each with its own message format.

mod body;
mod lines;
mod plain_text;
mod slack;
mod webhook;

use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use secrecy::ExposeSecret;

use super::alert::Alert;
use crate::aws::{Aws, BusEvent, CallError, ErrorClass, PostError, Poster, TopicMessage};
use crate::config::EventBus;
use crate::settings::{SinkEndpoint, SinkSettings};

/// The writer for alerts on stdout.
pub type SharedOutput = Arc<Mutex<dyn Write + Send>>;

/// A sink with everything that it needs to deliver alerts.
pub struct Sink {
    name: String,
    way: SinkEndpoint,
    tools: Tools,
}

/// The clients and outputs that sinks use.
#[derive(Clone)]
pub struct Tools {
    /// The AWS client, for SNS and EventBridge.
    pub aws: Arc<Aws>,
    /// The HTTP client for webhooks.
    pub poster: Arc<Poster>,
    /// The output for stdout.
    pub output: SharedOutput,
}

/// An alert was not accepted. The texts contain no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// It may be accepted later.
    #[error("{0}")]
    Temporary(String),
    /// The sink refused this alert.
    #[error("{0}")]
    Refused(String),
}

impl Sink {
    /// Creates a sink.
    pub fn new(settings: SinkSettings, tools: Tools) -> Self {
        let SinkSettings { name, way } = settings;
        Self { name, way, tools }
    }

    /// The name of the sink.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Delivers an alert at the time `now`.
    ///
    /// # Errors
    /// The sink did not accept it.
    pub async fn deliver(&self, alert: &Alert, now: Timestamp) -> Result<(), SinkError> {
        let Tools {
            aws,
            poster,
            output,
        } = &self.tools;
        let body =
            serde_json::to_string(alert).map_err(|error| SinkError::Refused(error.to_string()))?;
        match &self.way {
            SinkEndpoint::Stdout => {
                let output = Arc::clone(output);
                run_blocking(move || lines::print(&output, &body)).await
            }
            SinkEndpoint::File(path) => {
                let path = path.clone();
                run_blocking(move || lines::append(&path, &body)).await
            }
            SinkEndpoint::Webhook {
                url,
                key,
                authorization,
                body: template,
            } => {
                let body = match template {
                    Some(template) => body::render(template, alert, key.as_ref()),
                    None => body,
                };
                let secrets = webhook::Secrets {
                    key: key.as_ref(),
                    authorization: authorization.as_ref(),
                };
                let headers = webhook::headers(secrets, &alert.id, &body, now);
                Ok(poster.post(url.expose_secret(), &headers, body).await?)
            }
            SinkEndpoint::Slack(url) => Ok(poster
                .post(url.expose_secret(), &[], slack::message(alert))
                .await?),
            SinkEndpoint::Sns(topic) => {
                let message = TopicMessage {
                    topic_arn: topic.as_str(),
                    body: &body,
                    attributes: &[("schedule", &alert.schedule), ("kind", alert.kind.as_str())],
                    fifo: topic.is_fifo().then_some((&self.name, &alert.id)),
                };
                Ok(aws.publish(topic.region(), message).await?)
            }
            SinkEndpoint::EventBridge { bus, region } => {
                let bus = bus.as_ref().map(EventBus::as_str);
                let event = BusEvent {
                    bus,
                    detail_type: alert.kind.as_str(),
                    detail: &body,
                };
                Ok(aws.put_event(region.as_ref(), event).await?)
            }
        }
    }
}

/// Writes on a blocking thread, so that a pipe without a reader delays only this sink.
async fn run_blocking(
    write: impl FnOnce() -> Result<(), SinkError> + Send + 'static,
) -> Result<(), SinkError> {
    let result = tokio::task::spawn_blocking(write).await;
    result.unwrap_or_else(|error| Err(SinkError::Temporary(error.to_string())))
}

impl From<PostError> for SinkError {
    fn from(error: PostError) -> Self {
        match error {
            // A webhook that has moved or has a wrong key is repaired by people, so its alerts are
            // kept and retried.
            PostError::Status(400 | 413 | 422) | PostError::Malformed(_) => {
                Self::Refused(error.to_string())
            }
            PostError::Status(_) | PostError::NoResponse(_) | PostError::Insecure => {
                Self::Temporary(error.to_string())
            }
        }
    }
}

impl From<CallError> for SinkError {
    fn from(error: CallError) -> Self {
        match error.class {
            ErrorClass::Refused => Self::Refused(error.to_string()),
            _ => Self::Temporary(error.to_string()),
        }
    }
}
