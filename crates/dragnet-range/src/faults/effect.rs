//! The effect of a fault on the response that a client receives.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response};
use serde_json::Value;

use super::{FaultEffect, incomplete};
use crate::ConnectionReset;
use crate::scenario::FaultKind;
use crate::wire::{AwsError, CommonError, Exchange, Input, Protocol, Reply, RestReply, Service};

/// The page that a load balancer returns when no server is available.
const UNAVAILABLE_PAGE: &str = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>";

impl FaultEffect {
    /// The error that is returned without performing the call.
    pub(crate) fn error(&self, service: Service) -> Option<AwsError> {
        let error = match self.kind.as_ref()? {
            FaultKind::Throttle => CommonError::Throttled,
            FaultKind::ServerError => CommonError::Internal,
            FaultKind::Unavailable | FaultKind::Reset => CommonError::Unavailable,
            FaultKind::ExpiredToken => CommonError::Expired,
            FaultKind::AccessDenied {
                message: Some(message),
            } => {
                let generic = CommonError::Denied(String::new()).for_service(service);
                return Some(AwsError {
                    message: message.clone(),
                    ..generic
                });
            }
            FaultKind::LimitExceeded => {
                let text = "Account maximum query concurrency limit reached.";
                return Some(AwsError::new("LimitExceededException", text));
            }
            FaultKind::MalformedQuery => {
                let text = "unexpected symbol found in the query";
                return Some(AwsError::new("MalformedQueryException", text));
            }
            // Source: S3 API, `PutObject`, `If-None-Match`: "If a conflicting operation occurs during
            // the upload S3 returns a 409 ConditionalRequestConflict response".
            FaultKind::WriteConflict => {
                let text = "The conditional request cannot succeed due to a conflicting operation \
                            against this resource.";
                return Some(AwsError::new("ConditionalRequestConflict", text).with_status(409));
            }
            FaultKind::AccessDenied { message: None } => {
                CommonError::Denied("Access denied".to_owned())
            }
            FaultKind::Slow { .. }
            | FaultKind::RepeatedToken
            | FaultKind::Truncated
            | FaultKind::DeleteGroup
            | FaultKind::DeleteObject
            | FaultKind::WrongChecksum
            | FaultKind::Incomplete(_) => return None,
        };
        Some(error.for_service(service))
    }

    /// Whether the requested log group is deleted before the call is performed.
    pub(crate) fn deletes_log_group(&self) -> bool {
        self.kind == Some(FaultKind::DeleteGroup)
    }

    /// Whether the requested object is deleted before the call is performed.
    pub(crate) fn deletes_object(&self) -> bool {
        self.kind == Some(FaultKind::DeleteObject)
    }

    /// Whether the call is performed but its response is made unreadable or incomplete.
    pub(crate) fn corrupts_response(&self) -> bool {
        matches!(
            self.kind,
            Some(FaultKind::Truncated | FaultKind::WrongChecksum | FaultKind::Incomplete(_))
        )
    }

    /// Applies the fault to the reply.
    pub(crate) fn modify_reply(&self, reply: Reply, input: &Input) -> Reply {
        match (&self.kind, reply) {
            (Some(FaultKind::RepeatedToken), reply) => repeat_token(reply, input),
            (Some(FaultKind::WrongChecksum), Reply::Rest(mut reply)) => {
                replace_checksum(&mut reply);
                Reply::Rest(reply)
            }
            (_, reply) => reply,
        }
    }

    /// Encodes the response and applies the fault to it.
    ///
    /// # Errors
    /// The fault breaks the connection.
    pub(crate) fn encode_response(
        &self,
        exchange: &Exchange,
        outcome: Result<Reply, AwsError>,
    ) -> Result<Response<Bytes>, ConnectionReset> {
        match &self.kind {
            Some(FaultKind::Reset) => Err(ConnectionReset),
            Some(FaultKind::Unavailable) => {
                Ok(exchange.response(503, "text/html", UNAVAILABLE_PAGE.into()))
            }
            Some(FaultKind::Truncated) if exchange.service == Service::S3 => {
                Ok(cut_body(exchange.respond(outcome)))
            }
            Some(FaultKind::Truncated) => {
                Ok(first_half(exchange, &exchange.respond(outcome).into_body()))
            }
            Some(FaultKind::Incomplete(fault)) if outcome.is_ok() => Ok(incomplete::respond(
                fault,
                exchange,
                &exchange.respond(outcome).into_body(),
            )),
            _ => Ok(exchange.respond(outcome)),
        }
    }
}

/// Replaces the next page token of the reply by the token of the request.
fn repeat_token(reply: Reply, input: &Input) -> Reply {
    let Reply::Json(body) = &reply else {
        return reply;
    };
    let token = ["nextToken", "NextToken"]
        .into_iter()
        .find_map(|name| Some((name, input.text(name)?)));
    let (Some((name, token)), Ok(mut value)) = (token, serde_json::from_slice::<Value>(body))
    else {
        return reply;
    };
    value[name] = token.into();
    Reply::Json(value.to_string().into_bytes())
}

/// Replaces the checksum by that of an empty object.
fn replace_checksum(reply: &mut RestReply) {
    for (name, value) in &mut reply.headers {
        if *name == "x-amz-checksum-crc64nvme" {
            "AAAAAAAAAAA=".clone_into(value);
        }
    }
}

/// A response with half of the body, whose `Content-Length` matches the half, and all headers.
fn cut_body(response: Response<Bytes>) -> Response<Bytes> {
    let (mut parts, body) = response.into_parts();
    let half = body.slice(..body.len() / 2);
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(half.len()));
    Response::from_parts(parts, half)
}

/// A response with half of the body, whose `Content-Length` matches the half.
fn first_half(exchange: &Exchange, body: &Bytes) -> Response<Bytes> {
    let content_type = match exchange.service.protocol() {
        Protocol::Json | Protocol::RestJson => exchange.service.json_content_type(),
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => "text/xml",
    };
    exchange.response(200, content_type, body.slice(..body.len() / 2).to_vec())
}
