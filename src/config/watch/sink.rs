//! `[[watch.sink]]`: the receivers of alerts.
//!
//! Secrets (a signing key, the address of a Slack webhook) are never written in this file. A key
//! ending in `_env` names the environment variable that contains the secret, and one ending in
//! `_file` names the file.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::WatchName;
use crate::config::error::Problem;
use crate::config::text::{checked_text, has_form, written_as_text};
use crate::model::{Arn, InvalidArn, Region};

/// A sink as it is written; [`Sink::target`] interprets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    /// The name of the sink.
    pub name: WatchName,
    kind: SinkKind,
    /// webhook: the address.
    #[serde(default)]
    pub url: Option<SinkUrl>,
    /// webhook and slack: the environment variable that contains the address.
    #[serde(default)]
    pub url_env: Option<String>,
    /// webhook and slack: the file that contains the address.
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// webhook: the environment variable that contains the signing key.
    #[serde(default)]
    pub secret_env: Option<String>,
    /// webhook: the file that contains the signing key.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// file: the file to append to.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// sns: the topic.
    #[serde(default)]
    pub topic_arn: Option<TopicArn>,
    /// eventbridge: the bus, by name or ARN; default: the default bus of the account.
    #[serde(default)]
    pub event_bus: Option<EventBus>,
    /// eventbridge: the Region of a bus that is given by name; default: the configured one.
    #[serde(default)]
    pub region: Option<Region>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SinkKind {
    Stdout,
    File,
    Webhook,
    Slack,
    Sns,
    EventBridge,
}

impl SinkKind {
    /// Returns the value of `kind` in the configuration.
    fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::File => "file",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Sns => "sns",
            Self::EventBridge => "eventbridge",
        }
    }
}

/// The interpretation of a sink. Secrets have not been read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkTarget {
    /// One JSON object per line on stdout.
    Stdout,
    /// One JSON object per line, appended to this file.
    File(PathBuf),
    /// A signed POST request.
    Webhook {
        /// The address.
        url: SinkAddress,
        /// The signing key.
        secret: SecretSource,
    },
    /// A message to a Slack-compatible webhook, whose address is a secret.
    Slack(SecretSource),
    /// A message to an SNS topic.
    Sns(TopicArn),
    /// An event on an EventBridge bus.
    EventBridge {
        /// The bus; `None`: the default bus of the account.
        bus: Option<EventBus>,
        /// The Region of the bus, if its ARN does not contain one.
        region: Option<Region>,
    },
}

/// An address, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkAddress {
    /// An address in the configuration.
    Plain(SinkUrl),
    /// An address in an environment variable or a file.
    Secret(SecretSource),
}

/// Where a secret is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In this environment variable.
    Environment(String),
    /// In this file; surrounding white space is ignored.
    File(PathBuf),
}

impl Sink {
    /// Interprets the sink. `None` only for a sink that was not read from a file, because reading
    /// rejects an invalid one.
    pub fn target(&self) -> Option<SinkTarget> {
        self.parse_target().ok()
    }

    /// Interprets the sink.
    ///
    /// # Errors
    /// A required key is missing, or a key belongs to another kind of sink.
    pub(in crate::config) fn parse_target(&self) -> Result<SinkTarget, Problem> {
        self.check_keys()?;
        let url = self.secret_source("url", self.url_env.as_ref(), self.url_file.as_ref())?;
        let secret = self.secret_source(
            "secret",
            self.secret_env.as_ref(),
            self.secret_file.as_ref(),
        )?;
        Ok(match self.kind {
            SinkKind::Stdout => SinkTarget::Stdout,
            SinkKind::File => SinkTarget::File(
                self.path
                    .clone()
                    .ok_or_else(|| self.problem("needs a path"))?,
            ),
            SinkKind::Webhook => SinkTarget::Webhook {
                url: match (&self.url, url) {
                    (Some(url), None) => SinkAddress::Plain(url.clone()),
                    (None, Some(source)) => SinkAddress::Secret(source),
                    _ => return Err(self.problem("needs one of url, url_env and url_file")),
                },
                secret: secret.ok_or_else(|| {
                    self.problem("needs a signing key: secret_env or secret_file")
                })?,
            },
            SinkKind::Slack => SinkTarget::Slack(url.ok_or_else(|| {
                self.problem("needs url_env or url_file, because its address is a secret")
            })?),
            SinkKind::Sns => SinkTarget::Sns(
                self.topic_arn
                    .clone()
                    .ok_or_else(|| self.problem("needs a topic_arn"))?,
            ),
            SinkKind::EventBridge => SinkTarget::EventBridge {
                bus: self.event_bus.clone(),
                region: self.region.clone(),
            },
        })
    }

    /// Returns where a secret is stored; `None` if neither key is set.
    fn secret_source(
        &self,
        key: &str,
        variable: Option<&String>,
        file: Option<&PathBuf>,
    ) -> Result<Option<SecretSource>, Problem> {
        match (variable, file) {
            (Some(variable), None) => Ok(Some(SecretSource::Environment(variable.clone()))),
            (None, Some(file)) => Ok(Some(SecretSource::File(file.clone()))),
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                Err(self.problem(&format!("takes {key}_env or {key}_file, not both")))
            }
        }
    }

    /// Rejects keys that belong to another kind of sink.
    fn check_keys(&self) -> Result<(), Problem> {
        use SinkKind::{EventBridge, File, Slack, Sns, Webhook};
        let keys: [(&str, bool, &[SinkKind]); 9] = [
            ("url", self.url.is_some(), &[Webhook]),
            ("url_env", self.url_env.is_some(), &[Webhook, Slack]),
            ("url_file", self.url_file.is_some(), &[Webhook, Slack]),
            ("secret_env", self.secret_env.is_some(), &[Webhook]),
            ("secret_file", self.secret_file.is_some(), &[Webhook]),
            ("path", self.path.is_some(), &[File]),
            ("topic_arn", self.topic_arn.is_some(), &[Sns]),
            ("event_bus", self.event_bus.is_some(), &[EventBridge]),
            ("region", self.region.is_some(), &[EventBridge]),
        ];
        let unexpected = keys
            .iter()
            .find(|(_, is_set, kinds)| *is_set && !kinds.contains(&self.kind));
        let Some((key, ..)) = unexpected else {
            return Ok(());
        };
        let accepted: Vec<&str> = keys
            .iter()
            .filter(|(_, _, kinds)| kinds.contains(&self.kind))
            .map(|(key, ..)| *key)
            .collect();
        let hint = if accepted.is_empty() {
            String::new()
        } else {
            format!("; it takes {}", accepted.join(", "))
        };
        let kind = self.kind.as_str();
        let message = format!("sink `{}`: {kind} does not take `{key}`{hint}", self.name);
        Err(Problem::new(key, message))
    }

    fn problem(&self, message: &str) -> Problem {
        let kind = self.kind.as_str();
        Problem::new("kind", format!("sink `{}`: {kind} {message}", self.name))
    }
}

checked_text! {
    /// An HTTP or HTTPS address.
    SinkUrl,
    "an address: expected the form https://soc.example/hook",
    |text| is_http(text)
}

/// Whether a text is an HTTP or HTTPS address without credentials, which could end up in a log.
fn is_http(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|uri| {
        let has_password = uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some() && !has_password
    })
}

checked_text! {
    /// An EventBridge bus, by name or ARN. Source: EventBridge API, `PutEvents`: `EventBusName`.
    EventBus,
    "an event bus: expected a name or an ARN",
    |text| has_form(text, 1, 1_600, "_-./:")
}

impl EventBus {
    /// Returns the Region of the bus, if it is given as an ARN.
    pub fn region(&self) -> Option<Region> {
        self.as_str().parse::<Arn>().ok()?.region().parse().ok()
    }
}

/// The ARN of an SNS topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicArn {
    text: String,
    region: Region,
}

/// The text is not the ARN of an SNS topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the ARN of a topic: expected arn:aws:sns:us-east-1:111111111111:NAME")]
pub struct InvalidTopicArn(String);

impl TopicArn {
    /// Returns the ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the Region of the topic.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Whether it is a FIFO topic, which preserves order and deduplicates messages. Source: SNS
    /// user guide, "FIFO topics".
    pub fn is_fifo(&self) -> bool {
        self.text.strip_suffix(".fifo").is_some()
    }
}

impl FromStr for TopicArn {
    type Err = InvalidTopicArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidTopicArn(text.to_owned());
        let arn: Arn = text.parse().map_err(|_: InvalidArn| invalid())?;
        let region = arn.region().parse().map_err(|_| invalid())?;
        if arn.service() != "sns" || arn.resource().is_empty() {
            return Err(invalid());
        }
        Ok(Self {
            text: text.to_owned(),
            region,
        })
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

written_as_text!(TopicArn, InvalidTopicArn);

#[cfg(test)]
mod tests {
    use super::*;

    fn target(toml: &str) -> Result<SinkTarget, String> {
        let sink: Sink = toml::from_str(&format!("name = \"s\"\n{toml}"))
            .map_err(|error| error.message().to_owned())?;
        sink.parse_target()
            .map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn keys_of_each_kind_are_checked() {
        let webhook = "kind = 'webhook'\nurl = 'https://soc.example/hook'\n";
        assert!(target(&format!("{webhook}secret_env = 'KEY'")).is_ok());
        assert!(target("kind = 'slack'\nurl_file = '/run/secrets/slack'").is_ok());
        assert!(target("kind = 'eventbridge'").is_ok());
        for (bad, part) in [
            (webhook.to_owned(), "signing key"),
            (
                format!("{webhook}secret_env = 'A'\nsecret_file = 'b'"),
                "not both",
            ),
            (
                format!("{webhook}secret_env = 'A'\nurl_env = 'B'"),
                "one of url",
            ),
            (
                "kind = 'slack'\nurl = 'https://x.example/'".to_owned(),
                "slack does not take `url`; it takes url_env, url_file",
            ),
            (
                "kind = 'webhook'\nurl = 'ftp://x.example/'".to_owned(),
                "is not an address",
            ),
            (
                "kind = 'webhook'\nurl = 'https://u:p@x.example/'".to_owned(),
                "is not an address",
            ),
            ("kind = 'file'".to_owned(), "needs a path"),
            (
                "kind = 'stdout'\npath = 'x'".to_owned(),
                "stdout does not take `path`",
            ),
            (
                "kind = 'sns'\ntopic_arn = 'arn:aws:sqs:us-east-1:111111111111:q'".to_owned(),
                "ARN of a topic",
            ),
        ] {
            let error = target(&bad).unwrap_err();
            assert!(error.contains(part), "{bad}: {error}");
        }
    }

    #[test]
    fn topic_arn_has_region_and_type() {
        let topic: TopicArn = "arn:aws:sns:eu-west-1:111111111111:soc.fifo"
            .parse()
            .unwrap();
        assert_eq!(
            (topic.region().as_str(), topic.is_fifo()),
            ("eu-west-1", true)
        );
    }
}
