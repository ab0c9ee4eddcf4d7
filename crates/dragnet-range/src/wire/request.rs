//! Determines the service and operation of an HTTP request, and decodes its input.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::rest::{RestInput, is_s3_request};
use super::{AwsError, CommonError, Params, Protocol, Service};

/// The largest accepted body: `PutLogEvents` has 1 MiB of events, and JSON may encode a byte as
/// six.
const MAX_BODY_BYTES: usize = 8 << 20;

/// The input of an operation.
#[derive(Debug)]
pub(crate) enum Input {
    /// An AWS JSON document, which is always an object.
    Json(Value),
    /// A Query form.
    Form(Params),
    /// A REST request.
    Rest(Box<RestInput>),
}

/// Determines the service and operation of a request from its headers and body. This comes first,
/// because even authentication errors depend on the protocol of the service.
pub(crate) fn identify_operation(
    parts: &http::request::Parts,
    body: &[u8],
) -> Option<(Service, String)> {
    if let Some(target) = header(&parts.headers, "x-amz-target") {
        let (identifier, operation) = target.rsplit_once('.')?;
        let service = Service::from_identifier(identifier)
            .filter(|service| service.protocol() == Protocol::Json)?;
        return Some((service, operation.to_owned()));
    }
    if is_s3_request(parts) {
        let operation = RestInput::decode(parts).operation(&parts.method);
        return Some((Service::S3, operation));
    }
    if let Some(operation) = rest_json_operation(parts) {
        return Some((Service::ObservabilityAdmin, operation));
    }
    let form = Params::decode(query_form(parts, body));
    let service = Service::from_identifier(form.get("Version")?)
        .filter(|service| matches!(service.protocol(), Protocol::Query | Protocol::Ec2))?;
    Some((service, form.get("Action").unwrap_or_default().to_owned()))
}

/// The operation of a REST-JSON request, which is its path.
///
/// Source: botocore, `data/observabilityadmin/2018-05-10/service-2.json`, `requestUri`.
fn rest_json_operation(parts: &http::request::Parts) -> Option<String> {
    let is_signed =
        header(&parts.headers, "authorization")?.contains("/observabilityadmin/aws4_request");
    let operation = parts.uri.path().strip_prefix('/')?;
    (is_signed && parts.method == http::Method::POST).then(|| operation.to_owned())
}

/// The form of a Query request, which for a GET request is the query string.
fn query_form<'a>(parts: &'a http::request::Parts, body: &'a [u8]) -> &'a [u8] {
    if parts.method == http::Method::GET {
        parts.uri.query().unwrap_or_default().as_bytes()
    } else {
        body
    }
}

/// Decodes a JSON document, whose content type begins with `expected`.
fn decode_json(headers: &HeaderMap, body: &[u8], expected: &str) -> Result<Value, CommonError> {
    let content_type = header(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    if !content_type.starts_with(expected) {
        return Err(CommonError::Unreadable(format!(
            "expected content type {expected}, not `{content_type}`"
        )));
    }
    let value: Value = if body.is_empty() {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(body).map_err(|error| CommonError::Unreadable(error.to_string()))?
    };
    if value.is_object() {
        Ok(value)
    } else {
        Err(CommonError::Unreadable(
            "Start of structure expected".to_owned(),
        ))
    }
}

/// The value of a header, if it is present and visible ASCII.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

impl Input {
    /// Decodes the input of a request for `service`, which [`identify_operation`] determined.
    ///
    /// # Errors
    /// The body is too large, or does not follow the protocol.
    pub(crate) fn decode(
        service: Service,
        parts: &http::request::Parts,
        body: &Bytes,
    ) -> Result<Self, CommonError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(CommonError::TooLarge);
        }
        Ok(match service.protocol() {
            Protocol::Json => Self::Json(decode_json(
                &parts.headers,
                body,
                "application/x-amz-json-1.",
            )?),
            Protocol::RestJson => {
                Self::Json(decode_json(&parts.headers, body, "application/json")?)
            }
            Protocol::Query | Protocol::Ec2 => Self::Form(Params::decode(query_form(parts, body))),
            Protocol::RestXml => Self::Rest(Box::new(RestInput::decode(parts).with_body(body))),
        })
    }

    /// Deserializes the JSON input.
    ///
    /// # Errors
    /// AWS's `SerializationException`, if a value has the wrong type.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, AwsError> {
        let Self::Json(value) = self else {
            return Err(wrong_protocol());
        };
        T::deserialize(value)
            .map_err(|error| AwsError::new("SerializationException", error.to_string()))
    }

    /// The parameters of the form.
    ///
    /// # Errors
    /// The input is not a form.
    pub(crate) fn form(&self) -> Result<&Params, AwsError> {
        match self {
            Self::Form(params) => Ok(params),
            Self::Json(_) | Self::Rest(_) => Err(wrong_protocol()),
        }
    }

    /// The REST request.
    ///
    /// # Errors
    /// The input is of another protocol.
    pub(crate) fn rest(&self) -> Result<&RestInput, AwsError> {
        match self {
            Self::Rest(input) => Ok(input),
            Self::Json(_) | Self::Form(_) => Err(wrong_protocol()),
        }
    }

    /// A top-level string of the input, in any protocol.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self {
            Self::Json(value) => value.get(name)?.as_str(),
            Self::Form(params) => params.get(name),
            Self::Rest(input) => input.params.get(name),
        }
    }
}

fn wrong_protocol() -> AwsError {
    AwsError::new(
        "SerializationException",
        "The request is not in this service's protocol",
    )
}
