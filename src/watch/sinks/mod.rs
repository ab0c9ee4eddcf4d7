//! Sinks: who is told of an alert, each in its own form.

mod lines;
mod slack;
mod webhook;

use std::io::Write;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::alert::Alert;
use crate::aws::{Aws, BusEvent, CallError, ErrorClass, PostError, Poster, TopicMessage};
use crate::cli::settings::{SinkSettings, SinkWay};
use crate::config::EventBus;

/// What lines for stdout are written to.
pub type SharedOutput = Arc<Mutex<dyn Write + Send>>;

/// A sink that is ready to be told.
pub struct Sink {
    name: String,
    way: SinkWay,
    tools: Tools,
}

/// What sinks work with.
#[derive(Clone)]
pub struct Tools {
    /// AWS, for SNS and EventBridge.
    pub aws: Arc<Aws>,
    /// For webhooks.
    pub poster: Arc<Poster>,
    /// For stdout.
    pub output: SharedOutput,
}

/// An alert that was not taken. No text of it holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// It may be taken later.
    #[error("{0}")]
    NotNow(String),
    /// The sink understood it, and does not want it.
    #[error("{0}")]
    Refused(String),
}

impl Sink {
    /// A sink.
    pub fn new(settings: SinkSettings, tools: Tools) -> Self {
        let SinkSettings { name, way } = settings;
        Self { name, way, tools }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells it of an alert, at the time `now`.
    ///
    /// # Errors
    /// It did not take it.
    pub async fn deliver(&self, alert: &Alert, now: Timestamp) -> Result<(), SinkError> {
        let Tools {
            aws,
            poster,
            output,
        } = &self.tools;
        let body =
            serde_json::to_string(alert).map_err(|error| SinkError::Refused(error.to_string()))?;
        match &self.way {
            SinkWay::Stdout => {
                let output = Arc::clone(output);
                aside(move || lines::print(&output, &body)).await
            }
            SinkWay::File(path) => {
                let path = path.clone();
                aside(move || lines::append(&path, &body)).await
            }
            SinkWay::Webhook { url, key } => {
                let headers = webhook::headers(key, &alert.id, &body, now);
                Ok(poster.post(url.expose_secret(), &headers, body).await?)
            }
            SinkWay::Slack(url) => Ok(poster
                .post(url.expose_secret(), &[], slack::message(alert))
                .await?),
            SinkWay::Sns(topic) => {
                let message = TopicMessage {
                    topic_arn: topic.as_str(),
                    body: &body,
                    attributes: &[("schedule", &alert.schedule), ("kind", alert.kind.as_str())],
                    fifo: topic.is_fifo().then_some((&self.name, &alert.id)),
                };
                Ok(aws.publish(topic.region(), message).await?)
            }
            SinkWay::EventBridge { bus, region } => {
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

/// Writes on a thread of its own: a pipe that nobody reads from holds up nobody else.
async fn aside(
    write: impl FnOnce() -> Result<(), SinkError> + Send + 'static,
) -> Result<(), SinkError> {
    let written = tokio::task::spawn_blocking(write).await;
    written.unwrap_or_else(|error| Err(SinkError::NotNow(error.to_string())))
}

impl From<PostError> for SinkError {
    fn from(error: PostError) -> Self {
        match error {
            // A webhook that is moved, or whose key is wrong, is mended by people: nothing is lost meanwhile.
            PostError::Status(400 | 413 | 422) | PostError::Malformed(_) => {
                Self::Refused(error.to_string())
            }
            PostError::Status(_) | PostError::NoAnswer(_) | PostError::Insecure => {
                Self::NotNow(error.to_string())
            }
        }
    }
}

impl From<CallError> for SinkError {
    fn from(error: CallError) -> Self {
        match error.class {
            ErrorClass::Refused => Self::Refused(error.to_string()),
            _ => Self::NotNow(error.to_string()),
        }
    }
}
