//! `[[watch.sink]]`: the receivers of alerts.
//!
//! Secrets (a signing key, the address of a Slack webhook) are never written in this file. A key
//! ending in `_env` names the environment variable that contains the secret, and one ending in
//! `_file` names the file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{BodyTemplate, TopicArn, WatchName};
use crate::config::error::Problem;
use crate::config::text::{checked_text, has_form};
use dragnet_model::{Arn, Region};

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
    /// webhook: the environment variable that contains the `Authorization` header.
    #[serde(default)]
    pub authorization_env: Option<String>,
    /// webhook: the file that contains the `Authorization` header.
    #[serde(default)]
    pub authorization_file: Option<PathBuf>,
    /// webhook: the template of the body, instead of the alert as JSON.
    #[serde(default)]
    pub body_template: Option<String>,
    /// webhook: the file that contains the template of the body.
    #[serde(default)]
    pub body_template_file: Option<PathBuf>,
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

dragnet_model::word_enum! {
    /// The value of `kind` in the configuration.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum SinkKind: Serialize, Deserialize {
        Stdout => "stdout",
        File => "file",
        Webhook => "webhook",
        Slack => "slack",
        Sns => "sns",
        EventBridge => "eventbridge",
    }
}

/// The interpretation of a sink. Secrets have not been read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkTarget {
    /// One JSON object per line on stdout.
    Stdout,
    /// One JSON object per line, appended to this file.
    File(PathBuf),
    /// A POST request.
    Webhook {
        /// The address.
        url: SinkAddress,
        /// The signing key; always set if there is no template.
        secret: Option<SecretSource>,
        /// The `Authorization` header.
        authorization: Option<SecretSource>,
        /// The template of the body; `None` sends the alert as JSON.
        body: Option<BodySource>,
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

/// Where the template of a body is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodySource {
    /// In the configuration.
    Inline(BodyTemplate),
    /// In this file.
    File(PathBuf),
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
    /// Makes the paths relative to the directory of the configuration file.
    pub(super) fn resolve_paths(&mut self, directory: &Path) {
        let paths = [
            &mut self.url_file,
            &mut self.secret_file,
            &mut self.authorization_file,
            &mut self.body_template_file,
            &mut self.path,
        ];
        for path in paths.into_iter().flatten() {
            *path = directory.join(&*path);
        }
    }

    /// Returns the environment variables that contain secrets of the sink.
    pub fn secret_variables(&self) -> impl Iterator<Item = &str> {
        [&self.url_env, &self.secret_env, &self.authorization_env]
            .into_iter()
            .filter_map(Option::as_deref)
    }

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
        let authorization = self.secret_source(
            "authorization",
            self.authorization_env.as_ref(),
            self.authorization_file.as_ref(),
        )?;
        let body = self.body_source()?;
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
                secret: match (secret, &body) {
                    (None, None) => {
                        return Err(self.problem("needs a signing key: secret_env or secret_file"));
                    }
                    (secret, _) => secret,
                },
                authorization,
                body,
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

    /// Returns where the template of the body is written; `None` if there is none.
    fn body_source(&self) -> Result<Option<BodySource>, Problem> {
        match (&self.body_template, &self.body_template_file) {
            (None, None) => Ok(None),
            (Some(text), None) => BodyTemplate::parse(text)
                .map(|template| Some(BodySource::Inline(template)))
                .map_err(|error| Problem::new("body_template", error)),
            (None, Some(file)) => Ok(Some(BodySource::File(file.clone()))),
            (Some(_), Some(_)) => {
                Err(self.problem("takes body_template or body_template_file, not both"))
            }
        }
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
        let keys: [(&str, bool, &[SinkKind]); 13] = [
            ("url", self.url.is_some(), &[Webhook]),
            ("url_env", self.url_env.is_some(), &[Webhook, Slack]),
            ("url_file", self.url_file.is_some(), &[Webhook, Slack]),
            ("secret_env", self.secret_env.is_some(), &[Webhook]),
            ("secret_file", self.secret_file.is_some(), &[Webhook]),
            (
                "authorization_env",
                self.authorization_env.is_some(),
                &[Webhook],
            ),
            (
                "authorization_file",
                self.authorization_file.is_some(),
                &[Webhook],
            ),
            ("body_template", self.body_template.is_some(), &[Webhook]),
            (
                "body_template_file",
                self.body_template_file.is_some(),
                &[Webhook],
            ),
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
pub(super) fn is_http(text: &str) -> bool {
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
        // A template may be for a receiver that verifies no signature.
        assert!(target(&format!("{webhook}body_template_file = 'jira.json'")).is_ok());
        for (bad, part) in [
            (webhook.to_owned(), "signing key"),
            (
                format!("{webhook}body_template = '{{\"a\": \"{{{{tilte}}}}\"}}'"),
                "did you mean `title`?",
            ),
            (
                format!("{webhook}body_template = '1'\nbody_template_file = 'x'"),
                "not both",
            ),
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
}
