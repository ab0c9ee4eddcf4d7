//! AWS's errors: a code, a message and an HTTP status. The protocol determines the format of the
//! body.

use super::{Protocol, Service};

/// An error as AWS returns it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct AwsError {
    /// AWS's error code, e.g. `ResourceNotFoundException`.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) status: u16,
    /// An additional member of the error structure, in JSON protocols.
    pub(crate) detail: Option<(&'static str, serde_json::Value)>,
}

impl AwsError {
    /// Returns an error with the HTTP status 400, which nearly all errors have.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            status: 400,
            detail: None,
        }
    }

    /// Changes the HTTP status (IAM also uses 404 and 409).
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Adds a member to the error structure.
    pub(crate) fn with_detail(self, name: &'static str, value: serde_json::Value) -> Self {
        Self {
            detail: Some((name, value)),
            ..self
        }
    }

    /// Whether the error is that of an operation that the service does not have.
    pub(crate) fn is_unknown_operation(&self) -> bool {
        matches!(self.code, "UnknownOperationException" | "InvalidAction")
    }

    /// Whether the call was throttled.
    pub(crate) fn is_throttle(&self) -> bool {
        matches!(
            self.code,
            "ThrottlingException"
                | "Throttling"
                | "RequestLimitExceeded"
                | "TooManyRequestsException"
        )
    }
}

/// Errors that all services have in common. Each protocol has its own codes and messages for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The request has no signature.
    Unsigned,
    /// The `Authorization` header is not a valid `SigV4` header; contains the reason.
    MalformedSignature(String),
    /// The access key does not exist or is inactive, or its account does not have this Region.
    UnknownKey,
    /// The signature is for another secret, service or Region, or has expired; contains the reason.
    WrongSignature(String),
    /// The session has expired.
    Expired,
    /// A policy denies the call; contains the whole message.
    Denied(String),
    /// The call is throttled.
    Throttled,
    /// The request cannot be decoded.
    Unreadable(String),
    /// The service does not have this operation.
    UnknownOperation(String),
    /// The body is larger than the service accepts.
    TooLarge,
    /// An internal error of AWS, HTTP 500.
    Internal,
    /// The service is temporarily unavailable, HTTP 503.
    Unavailable,
}

impl Refusal {
    /// Returns this error with the code, message and status that `service` uses.
    ///
    /// Source: "Common errors" of each service's API reference.
    pub(crate) fn told_by(&self, service: Service) -> AwsError {
        let protocol = service.protocol();
        let (code, status) = self.code(service, protocol);
        AwsError {
            code,
            message: self.message(protocol),
            status,
            detail: None,
        }
    }

    fn code(&self, service: Service, protocol: Protocol) -> (&'static str, u16) {
        let pick = |json, query, ec2| match protocol {
            Protocol::Json => json,
            Protocol::Query => query,
            Protocol::Ec2 => ec2,
        };
        match self {
            Self::Unsigned => pick(
                ("MissingAuthenticationTokenException", 400),
                ("MissingAuthenticationToken", 403),
                ("MissingAuthenticationToken", 403),
            ),
            Self::MalformedSignature(_) => pick(
                ("IncompleteSignatureException", 400),
                ("IncompleteSignature", 400),
                ("IncompleteSignature", 400),
            ),
            Self::UnknownKey => pick(
                ("UnrecognizedClientException", 400),
                ("InvalidClientTokenId", 403),
                ("AuthFailure", 401),
            ),
            Self::WrongSignature(_) => pick(
                ("InvalidSignatureException", 400),
                ("SignatureDoesNotMatch", 403),
                ("SignatureDoesNotMatch", 403),
            ),
            Self::Expired => pick(
                ("ExpiredTokenException", 400),
                ("ExpiredToken", 403),
                ("RequestExpired", 400),
            ),
            Self::Denied(_) => pick(
                ("AccessDeniedException", 400),
                ("AccessDenied", 403),
                ("UnauthorizedOperation", 403),
            ),
            Self::Throttled if service == Service::Organizations => {
                ("TooManyRequestsException", 400)
            }
            Self::Throttled => pick(
                ("ThrottlingException", 400),
                ("Throttling", 400),
                ("RequestLimitExceeded", 503),
            ),
            Self::Unreadable(_) => pick(
                ("SerializationException", 400),
                ("MalformedInput", 400),
                ("InvalidParameterValue", 400),
            ),
            Self::UnknownOperation(_) => pick(
                ("UnknownOperationException", 400),
                ("InvalidAction", 400),
                ("InvalidAction", 400),
            ),
            Self::TooLarge => pick(
                ("RequestEntityTooLargeException", 413),
                ("RequestEntityTooLarge", 413),
                ("RequestEntityTooLarge", 413),
            ),
            Self::Internal => pick(
                ("InternalFailure", 500),
                ("InternalFailure", 500),
                ("InternalError", 500),
            ),
            Self::Unavailable => pick(
                ("ServiceUnavailableException", 503),
                ("ServiceUnavailable", 503),
                ("Unavailable", 503),
            ),
        }
    }

    fn message(&self, protocol: Protocol) -> String {
        let text = match self {
            Self::Unsigned if protocol == Protocol::Json => "Missing Authentication Token",
            Self::Unsigned => "Request is missing Authentication Token",
            Self::UnknownKey if protocol == Protocol::Ec2 => {
                "AWS was not able to validate the provided access credentials"
            }
            Self::UnknownKey => "The security token included in the request is invalid.",
            Self::Expired if protocol == Protocol::Ec2 => "Request has expired.",
            Self::Expired => "The security token included in the request is expired",
            Self::Throttled if protocol == Protocol::Ec2 => "Request limit exceeded.",
            Self::Throttled => "Rate exceeded",
            Self::TooLarge => "The request body is too large.",
            Self::Internal => "An internal error has occurred",
            Self::Unavailable => "Service is unable to handle the request.",
            Self::Denied(sentence) if protocol == Protocol::Ec2 => {
                return format!("You are not authorized to perform this operation. {sentence}");
            }
            Self::UnknownOperation(name) if protocol == Protocol::Json => {
                return format!("The operation {name} is not known to this service");
            }
            Self::UnknownOperation(name) => {
                return format!("The action {name} is not valid for this web service.");
            }
            Self::MalformedSignature(text)
            | Self::WrongSignature(text)
            | Self::Denied(text)
            | Self::Unreadable(text) => text,
        };
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_has_its_own_word_for_an_expired_session() {
        let code = |service| Refusal::Expired.told_by(service).code;
        assert_eq!(code(Service::Logs), "ExpiredTokenException");
        assert_eq!(code(Service::Iam), "ExpiredToken");
        assert_eq!(code(Service::Ec2), "RequestExpired");
    }

    #[test]
    fn every_throttle_is_known_as_one() {
        for service in [
            Service::Logs,
            Service::Organizations,
            Service::Iam,
            Service::Ec2,
        ] {
            assert!(
                Refusal::Throttled.told_by(service).is_throttle(),
                "{service}"
            );
        }
    }
}
