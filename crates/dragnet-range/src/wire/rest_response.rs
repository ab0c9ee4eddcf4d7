//! Encodes the reply or error of a REST operation.
//!
//! Source: S3 API, "Error responses", "Common response headers".

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::{AwsError, Exchange, RestReply, Xml};

impl Exchange {
    pub(super) fn rest_response(&self, reply: RestReply) -> Response<Bytes> {
        let RestReply {
            status,
            content_type,
            headers,
            body,
        } = reply;
        let response = self.response(status, content_type, body.to_vec());
        self.finish_rest(response, &headers)
    }

    pub(super) fn rest_error(&self, error: &AwsError) -> Response<Bytes> {
        let details = error.rest.clone().unwrap_or_default();
        let mut content = Xml::default();
        content.element("Error", |xml| {
            xml.text("Code", error.code).text("Message", &error.message);
            for (name, text) in &details.elements {
                xml.text(name, text);
            }
            xml.text("RequestId", &self.request_id)
                .text("HostId", "practice-range");
        });
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
            content.into_string()
        );
        // A response without changes has no body.
        let body = if error.status == 304 {
            String::new()
        } else {
            body
        };
        let response = self.response(error.status, "application/xml", body.into_bytes());
        self.finish_rest(response, &details.headers)
    }

    /// Adds the headers of S3. The response to a `HEAD` request has no body; its `Content-Length`
    /// is that of the body it would have, if the operation succeeded.
    fn finish_rest(
        &self,
        mut response: Response<Bytes>,
        headers: &[(&'static str, String)],
    ) -> Response<Bytes> {
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            response.headers_mut().insert("x-amz-request-id", id);
        }
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                let name = HeaderName::from_static(name);
                response.headers_mut().insert(name, value);
            }
        }
        if self.operation.starts_with("Head") {
            if response.status() != StatusCode::OK {
                response.headers_mut().remove(CONTENT_LENGTH);
            }
            *response.body_mut() = Bytes::new();
        }
        response
    }
}
