//! From an HTTP request to a service, an operation and its input.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{AwsError, Params, Protocol, Refusal, Service};

/// The largest body that any operation takes: `PutLogEvents` has 1 MiB of events, and JSON may spell a byte as six.
const MAX_BODY: usize = 8 << 20;

/// The input of an operation.
#[derive(Debug)]
pub(crate) enum Input {
    /// An AWS JSON document; always an object.
    Json(Value),
    /// A Query form.
    Form(Params),
}

/// The service that a request is meant for, told by its headers and body alone. Needed before anything else, since
/// even "who are you" is refused in the service's own words.
pub(crate) fn address(parts: &http::request::Parts, body: &[u8]) -> Option<(Service, String)> {
    if let Some(target) = header(&parts.headers, "x-amz-target") {
        let (mark, operation) = target.rsplit_once('.')?;
        let service =
            Service::known_by(mark).filter(|service| service.protocol() == Protocol::Json)?;
        return Some((service, operation.to_owned()));
    }
    let form = Params::decode(form_of(parts, body));
    let service = Service::known_by(form.get("Version")?)
        .filter(|service| service.protocol() != Protocol::Json)?;
    Some((service, form.get("Action").unwrap_or_default().to_owned()))
}

/// A Query request may also come as a GET, with the form behind the question mark.
fn form_of<'a>(parts: &'a http::request::Parts, body: &'a [u8]) -> &'a [u8] {
    if parts.method == http::Method::GET {
        parts.uri.query().unwrap_or_default().as_bytes()
    } else {
        body
    }
}

fn decode_json(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let content_type = header(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    if !content_type.starts_with("application/x-amz-json-1.") {
        return Err(Refusal::Unreadable(format!(
            "expected content type application/x-amz-json-1.1, not `{content_type}`"
        )));
    }
    let value: Value = if body.is_empty() {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(body).map_err(|error| Refusal::Unreadable(error.to_string()))?
    };
    if value.is_object() {
        Ok(value)
    } else {
        Err(Refusal::Unreadable(
            "Start of structure expected".to_owned(),
        ))
    }
}

/// A header's value, if it is there once and is plain text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

impl Input {
    /// Reads the request for `service`, as [`address`] told it.
    ///
    /// # Errors
    /// The body is too large or is not what the protocol wants.
    pub(crate) fn decode(
        service: Service,
        parts: &http::request::Parts,
        body: &Bytes,
    ) -> Result<Self, Refusal> {
        if body.len() > MAX_BODY {
            return Err(Refusal::TooLarge);
        }
        Ok(match service.protocol() {
            Protocol::Json => Self::Json(decode_json(&parts.headers, body)?),
            Protocol::Query | Protocol::Ec2 => Self::Form(Params::decode(form_of(parts, body))),
        })
    }

    /// The JSON input as a type of its own.
    ///
    /// # Errors
    /// AWS's `SerializationException`, where a value has the wrong type.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, AwsError> {
        let Self::Json(value) = self else {
            return Err(not_this_protocol());
        };
        T::deserialize(value)
            .map_err(|error| AwsError::new("SerializationException", error.to_string()))
    }

    /// The form's parameters.
    ///
    /// # Errors
    /// The request was not a form.
    pub(crate) fn form(&self) -> Result<&Params, AwsError> {
        match self {
            Self::Form(params) => Ok(params),
            Self::Json(_) => Err(not_this_protocol()),
        }
    }

    /// A top-level text of the input, whatever the protocol.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self {
            Self::Json(value) => value.get(name)?.as_str(),
            Self::Form(params) => params.get(name),
        }
    }
}

fn not_this_protocol() -> AwsError {
    AwsError::new(
        "SerializationException",
        "The request is not in this service's protocol",
    )
}
