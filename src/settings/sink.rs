//! The sinks of a watch, with their secrets and templates.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::{ResolveContext, SettingsError};
use crate::config::{
    BodySource, BodyTemplate, EventBus, SecretSource, Sink, SinkAddress, SinkTarget, TopicArn,
};
use crate::store::read_secret_file;
use dragnet_model::Region;

/// One sink, with its secrets.
#[derive(Clone, Debug)]
pub struct SinkSettings {
    /// The name of the sink.
    pub name: String,
    /// How its alerts are delivered.
    pub way: SinkEndpoint,
}

/// How the alerts of a sink are delivered.
#[derive(Clone, Debug)]
pub enum SinkEndpoint {
    /// One JSON object per line on stdout.
    Stdout,
    /// One JSON object per line, appended to this file.
    File(PathBuf),
    /// A POST request.
    Webhook {
        /// The address.
        url: SecretString,
        /// The signing key.
        key: Option<SecretString>,
        /// The `Authorization` header.
        authorization: Option<SecretString>,
        /// The template of the body; `None` sends the alert as JSON.
        body: Option<BodyTemplate>,
    },
    /// A message to this Slack-compatible webhook.
    Slack(SecretString),
    /// A message to this SNS topic.
    Sns(TopicArn),
    /// An event on an EventBridge bus.
    EventBridge {
        /// The bus; `None`: the default bus of the account.
        bus: Option<EventBus>,
        /// The Region of the bus; `None`: the configured Region.
        region: Option<Region>,
    },
}

impl SinkSettings {
    /// Reads the secrets and the template of a sink.
    pub(super) fn from_config(
        sink: &Sink,
        has_run_url: bool,
        context: &ResolveContext<'_>,
    ) -> Result<Self, SettingsError> {
        let name = sink.name.to_string();
        let resolved = SinkEndpoint::from_target(sink.target(), context)
            .and_then(|way| way.check_template(has_run_url).map(|()| way));
        match resolved {
            Ok(way) => Ok(Self { name, way }),
            Err(problem) => Err(SettingsError::Sink {
                sink: name,
                problem,
            }),
        }
    }
}

impl SinkEndpoint {
    fn from_target(
        target: Option<SinkTarget>,
        context: &ResolveContext<'_>,
    ) -> Result<Self, String> {
        let directory = context.working_directory;
        let secret = |source: &SecretSource| read_secret(source, context);
        Ok(
            match target.ok_or("the configuration is not valid for its kind")? {
                SinkTarget::Stdout => Self::Stdout,
                SinkTarget::File(path) => Self::File(directory.join(path)),
                SinkTarget::Webhook {
                    url,
                    secret: key,
                    authorization,
                    body,
                } => Self::Webhook {
                    url: match url {
                        SinkAddress::Plain(url) => SecretString::from(url.to_string()),
                        SinkAddress::Secret(source) => secret(&source)?,
                    },
                    key: key.as_ref().map(secret).transpose()?,
                    authorization: authorization.as_ref().map(secret).transpose()?,
                    body: body
                        .map(|source| read_template(source, directory))
                        .transpose()?,
                },
                SinkTarget::Slack(source) => Self::Slack(secret(&source)?),
                SinkTarget::Sns(topic) => Self::Sns(topic),
                SinkTarget::EventBridge { bus, region } => {
                    let region = bus.as_ref().and_then(EventBus::region).or(region);
                    Self::EventBridge { bus, region }
                }
            },
        )
    }

    /// Returns the address, which may be a secret, of a sink that has one.
    pub fn url(&self) -> Option<&SecretString> {
        match self {
            Self::Webhook { url, .. } | Self::Slack(url) => Some(url),
            Self::Stdout | Self::File(_) | Self::Sns(_) | Self::EventBridge { .. } => None,
        }
    }

    /// Checks that the placeholders of the template have a value.
    fn check_template(&self, has_run_url: bool) -> Result<(), String> {
        let Self::Webhook {
            key,
            body: Some(body),
            ..
        } = self
        else {
            return Ok(());
        };
        if body.uses("run_url") && !has_run_url {
            return Err(
                "the body template uses `run_url`: set watch.run_url, or remove it from the template"
                    .to_owned(),
            );
        }
        if body.uses("secret") && key.is_none() {
            return Err(
                "the body template uses `secret`: set secret_env or secret_file, or remove it from the template"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

fn read_template(source: BodySource, directory: &Path) -> Result<BodyTemplate, String> {
    match source {
        BodySource::Inline(template) => Ok(template),
        BodySource::File(path) => {
            let shown = path.display();
            let text = std::fs::read_to_string(directory.join(&path))
                .map_err(|error| format!("{shown} cannot be read: {error}"))?;
            BodyTemplate::parse(&text).map_err(|error| format!("{shown}: {error}"))
        }
    }
}

/// Reads a secret. The error says where it was expected, and never contains the secret itself.
fn read_secret(
    source: &SecretSource,
    context: &ResolveContext<'_>,
) -> Result<SecretString, String> {
    let text = match source {
        SecretSource::Environment(name) => (context.environment)(name)
            .ok_or_else(|| format!("the environment variable {name} is not set"))?,
        SecretSource::File(path) => {
            let path = context.working_directory.join(path);
            let bytes = read_secret_file(&path).map_err(|error| error.to_string())?;
            String::from_utf8(bytes)
                .map_err(|_| format!("{}: the secret is not UTF-8 text", path.display()))?
        }
    };
    match text.trim() {
        "" => Err("the secret is empty".to_owned()),
        secret => Ok(SecretString::from(secret)),
    }
}
