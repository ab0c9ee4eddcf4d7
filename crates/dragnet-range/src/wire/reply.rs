//! Encodes the reply or error of an operation as an HTTP response.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderValue, Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Serialize;

use super::{AwsError, Protocol, RestReply, Service, Xml};

/// The result of a successful operation.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A JSON document.
    Json(Vec<u8>),
    /// The content of the result element.
    Xml(Xml),
    /// An event stream.
    EventStream(Vec<u8>),
    /// A REST response, with its status and headers.
    Rest(RestReply),
}

impl Reply {
    /// A JSON reply.
    ///
    /// # Errors
    /// The value cannot be serialized, which is an error of the range: `InternalFailure`.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, AwsError> {
        serde_json::to_vec(value)
            .map(Self::Json)
            .map_err(|error| AwsError::new("InternalFailure", error.to_string()).with_status(500))
    }

    /// An empty JSON object.
    pub(crate) fn empty() -> Self {
        Self::Json(b"{}".to_vec())
    }

    /// An XML reply whose content is written by `write`.
    pub(crate) fn xml(write: impl FnOnce(&mut Xml)) -> Self {
        let mut xml = Xml::default();
        write(&mut xml);
        Self::Xml(xml)
    }
}

/// A request, with what its response must contain regardless of the outcome.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) service: Service,
    pub(crate) operation: String,
    /// The request id in the response.
    pub(crate) request_id: String,
    /// The `Date` of the response.
    pub(crate) date: Timestamp,
}

impl Exchange {
    /// Encodes the outcome of an operation.
    pub(crate) fn respond(&self, outcome: Result<Reply, AwsError>) -> Response<Bytes> {
        match outcome {
            Ok(Reply::Json(body)) => self.response(200, self.service.json_content_type(), body),
            Ok(Reply::Xml(content)) => self.response(
                200,
                "text/xml;charset=UTF-8",
                self.xml_result(content).into_bytes(),
            ),
            Ok(Reply::EventStream(body)) => {
                self.response(200, "application/vnd.amazon.eventstream", body)
            }
            Ok(Reply::Rest(reply)) => self.rest_response(reply),
            Err(error) => self.error(&error),
        }
    }

    /// A response with the headers that all responses have.
    pub(crate) fn response(
        &self,
        status: u16,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Response<Bytes> {
        let length = HeaderValue::from(body.len());
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CONTENT_LENGTH, length);
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            headers.insert("x-amzn-requestid", id);
        }
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&self.date);
        if let Some(date) = date.ok().and_then(|date| HeaderValue::from_str(&date).ok()) {
            headers.insert(DATE, date);
        }
        response
    }

    fn xml_result(&self, content: Xml) -> String {
        let Self {
            service,
            operation,
            request_id,
            ..
        } = self;
        let namespace = service.namespace();
        let content = content.into_string();
        let body = match service.protocol() {
            Protocol::Ec2 => format!("<requestId>{request_id}</requestId>{content}"),
            _ => format!(
                "<{operation}Result>{content}</{operation}Result>\
                 <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
            ),
        };
        format!("<{operation}Response xmlns=\"{namespace}\">{body}</{operation}Response>")
    }

    fn error(&self, error: &AwsError) -> Response<Bytes> {
        match self.service.protocol() {
            Protocol::Json => self.json_error(error),
            Protocol::Query => self.query_error(error),
            Protocol::Ec2 => self.ec2_error(error),
            Protocol::RestJson => self.rest_json_error(error),
            Protocol::RestXml => self.rest_error(error),
        }
    }

    /// Source: Smithy, "AWS restJson1 protocol", "Operation error serialization".
    fn rest_json_error(&self, error: &AwsError) -> Response<Bytes> {
        let body = serde_json::json!({ "Message": error.message });
        let body = body.to_string().into_bytes();
        let mut response = self.response(error.status, self.service.json_content_type(), body);
        response
            .headers_mut()
            .insert("x-amzn-errortype", HeaderValue::from_static(error.code));
        response
    }

    fn json_error(&self, error: &AwsError) -> Response<Bytes> {
        // Organizations writes `Message` with a capital letter; the SDKs accept both.
        let message = if self.service == Service::Organizations {
            "Message"
        } else {
            "message"
        };
        let mut body = serde_json::json!({ "__type": error.code, message: error.message });
        if let Some((name, value)) = &error.detail {
            body[*name] = value.clone();
        }
        self.response(
            error.status,
            "application/x-amz-json-1.1",
            body.to_string().into_bytes(),
        )
    }

    fn query_error(&self, error: &AwsError) -> Response<Bytes> {
        let namespace = self.service.namespace();
        let kind = if error.status >= 500 {
            "Receiver"
        } else {
            "Sender"
        };
        let mut content = Xml::default();
        content.element("Error", |xml| {
            xml.text("Type", kind)
                .text("Code", error.code)
                .text("Message", &error.message);
        });
        content.text("RequestId", &self.request_id);
        let body = format!(
            "<ErrorResponse xmlns=\"{namespace}\">{}</ErrorResponse>",
            content.into_string()
        );
        self.response(error.status, "text/xml", body.into_bytes())
    }

    fn ec2_error(&self, error: &AwsError) -> Response<Bytes> {
        let mut body = Xml::default();
        body.element("Response", |xml| {
            xml.items_named("Errors", "Error", [error], |xml, error| {
                xml.text("Code", error.code).text("Message", &error.message);
            });
            xml.text("RequestID", &self.request_id);
        });
        self.response(
            error.status,
            "text/xml;charset=UTF-8",
            body.into_string().into_bytes(),
        )
    }
}
