//! How a fault shows to the one who calls.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::{Disturbance, incomplete};
use crate::range::ConnectionReset;
use crate::range::scenario::FaultKind;
use crate::range::wire::{AwsError, Exchange, Input, Protocol, Refusal, Reply, Service};

/// What a load balancer says when there is no service behind it.
const UNAVAILABLE_PAGE: &str = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>";

impl Disturbance {
    /// The error that comes instead of an answer, so that nothing is done.
    pub(crate) fn error(&self, service: Service) -> Option<AwsError> {
        let refusal = match self.kind.as_ref()? {
            FaultKind::Throttle => Refusal::Throttled,
            FaultKind::ServerError => Refusal::Internal,
            FaultKind::Unavailable | FaultKind::Reset => Refusal::Unavailable,
            FaultKind::ExpiredToken => Refusal::Expired,
            FaultKind::AccessDenied {
                message: Some(message),
            } => {
                let plain = Refusal::Denied(String::new()).told_by(service);
                return Some(AwsError {
                    message: message.clone(),
                    ..plain
                });
            }
            FaultKind::LimitExceeded => {
                let sentence = "Account maximum query concurrency limit reached.";
                return Some(AwsError::new("LimitExceededException", sentence));
            }
            FaultKind::AccessDenied { message: None } => {
                Refusal::Denied("Access denied".to_owned())
            }
            FaultKind::Slow { .. }
            | FaultKind::RepeatedToken
            | FaultKind::Truncated
            | FaultKind::DeleteGroup
            | FaultKind::Incomplete(_) => return None,
        };
        Some(refusal.told_by(service))
    }

    /// Whether the log group that is asked for goes away first.
    pub(crate) fn deletes_the_group(&self) -> bool {
        self.kind == Some(FaultKind::DeleteGroup)
    }

    /// Whether the one who calls gets no answer that can be read, although the call was done.
    pub(crate) fn spoils_the_answer(&self) -> bool {
        matches!(
            self.kind,
            Some(FaultKind::Truncated | FaultKind::Incomplete(_))
        )
    }

    /// The reply as the fault leaves it.
    pub(crate) fn touch(&self, reply: Reply, input: &Input) -> Reply {
        if self.kind == Some(FaultKind::RepeatedToken) {
            repeat_token(reply, input)
        } else {
            reply
        }
    }

    /// What goes over the wire.
    ///
    /// # Errors
    /// The connection breaks.
    pub(crate) fn send(
        &self,
        exchange: &Exchange,
        outcome: Result<Reply, AwsError>,
    ) -> Result<Response<Bytes>, ConnectionReset> {
        match &self.kind {
            Some(FaultKind::Reset) => Err(ConnectionReset),
            Some(FaultKind::Unavailable) => {
                Ok(exchange.response(503, "text/html", UNAVAILABLE_PAGE.into()))
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

/// The reply, with the request's own token in place of the next one.
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

/// An answer that breaks off in the middle and does not know it.
fn first_half(exchange: &Exchange, body: &Bytes) -> Response<Bytes> {
    let content_type = match exchange.service.protocol() {
        Protocol::Json => "application/x-amz-json-1.1",
        Protocol::Query | Protocol::Ec2 => "text/xml",
    };
    exchange.response(200, content_type, body.slice(..body.len() / 2).to_vec())
}
