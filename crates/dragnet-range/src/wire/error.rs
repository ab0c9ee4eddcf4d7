//! AWS's errors: a code, a message and an HTTP status. The protocol determines the format of the
//! body.

use super::{Protocol, Service};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct AwsError {
    /// AWS's error code, e.g. `ResourceNotFoundException`.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) status: u16,
    /// An additional member of the error structure, in JSON protocols.
    pub(crate) detail: Option<(&'static str, serde_json::Value)>,
    /// Additional elements and headers, in REST protocols.
    pub(crate) rest: Option<Box<RestDetails>>,
}

/// What a REST error has in addition to its code and message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RestDetails {
    /// Elements of the body.
    pub(crate) elements: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl AwsError {
    /// Returns an error with the HTTP status 400, which nearly all errors have.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            status: 400,
            detail: None,
            rest: None,
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

    /// Adds an element to the body of a REST error.
    pub(crate) fn with_element(mut self, name: &'static str, text: impl Into<String>) -> Self {
        let rest = self.rest.get_or_insert_default();
        rest.elements.push((name, text.into()));
        self
    }

    /// Adds a header to a REST error.
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let rest = self.rest.get_or_insert_default();
        rest.headers.push((name, value.into()));
        self
    }

    /// Whether the error is that of an operation that the service does not have.
    pub(crate) fn is_unknown_operation(&self) -> bool {
        matches!(
            self.code,
            "UnknownOperationException" | "InvalidAction" | "NotImplemented"
        )
    }

    /// Whether the call was throttled.
    pub(crate) fn is_throttle(&self) -> bool {
        matches!(
            self.code,
            "ThrottlingException"
                | "Throttling"
                | "RequestLimitExceeded"
                | "TooManyRequestsException"
                | "SlowDown"
        )
    }
}

/// Errors that all services have in common. Each protocol has its own codes and messages for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CommonError {
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

/// The code and HTTP status of an error in each protocol.
struct ProtocolCodes {
    json: (&'static str, u16),
    query: (&'static str, u16),
    ec2: (&'static str, u16),
    /// Source: S3 API, "Error responses", "List of error codes".
    rest: (&'static str, u16),
}

const UNSIGNED: ProtocolCodes = ProtocolCodes {
    json: ("MissingAuthenticationTokenException", 400),
    query: ("MissingAuthenticationToken", 403),
    ec2: ("MissingAuthenticationToken", 403),
    rest: ("AccessDenied", 403),
};
const MALFORMED_SIGNATURE: ProtocolCodes = ProtocolCodes {
    json: ("IncompleteSignatureException", 400),
    query: ("IncompleteSignature", 400),
    ec2: ("IncompleteSignature", 400),
    rest: ("AuthorizationHeaderMalformed", 400),
};
const UNKNOWN_KEY: ProtocolCodes = ProtocolCodes {
    json: ("UnrecognizedClientException", 400),
    query: ("InvalidClientTokenId", 403),
    ec2: ("AuthFailure", 401),
    rest: ("InvalidAccessKeyId", 403),
};
const WRONG_SIGNATURE: ProtocolCodes = ProtocolCodes {
    json: ("InvalidSignatureException", 400),
    query: ("SignatureDoesNotMatch", 403),
    ec2: ("SignatureDoesNotMatch", 403),
    rest: ("SignatureDoesNotMatch", 403),
};
const EXPIRED: ProtocolCodes = ProtocolCodes {
    json: ("ExpiredTokenException", 400),
    query: ("ExpiredToken", 403),
    ec2: ("RequestExpired", 400),
    rest: ("ExpiredToken", 400),
};
const DENIED: ProtocolCodes = ProtocolCodes {
    json: ("AccessDeniedException", 400),
    query: ("AccessDenied", 403),
    ec2: ("UnauthorizedOperation", 403),
    rest: ("AccessDenied", 403),
};
const THROTTLED: ProtocolCodes = ProtocolCodes {
    json: ("ThrottlingException", 400),
    query: ("Throttling", 400),
    ec2: ("RequestLimitExceeded", 503),
    rest: ("SlowDown", 503),
};
const UNREADABLE: ProtocolCodes = ProtocolCodes {
    json: ("SerializationException", 400),
    query: ("MalformedInput", 400),
    ec2: ("InvalidParameterValue", 400),
    rest: ("InvalidRequest", 400),
};
const UNKNOWN_OPERATION: ProtocolCodes = ProtocolCodes {
    json: ("UnknownOperationException", 400),
    query: ("InvalidAction", 400),
    ec2: ("InvalidAction", 400),
    rest: ("NotImplemented", 501),
};
const TOO_LARGE: ProtocolCodes = ProtocolCodes {
    json: ("RequestEntityTooLargeException", 413),
    query: ("RequestEntityTooLarge", 413),
    ec2: ("RequestEntityTooLarge", 413),
    rest: ("EntityTooLarge", 400),
};
const INTERNAL: ProtocolCodes = ProtocolCodes {
    json: ("InternalFailure", 500),
    query: ("InternalFailure", 500),
    ec2: ("InternalError", 500),
    rest: ("InternalError", 500),
};
const UNAVAILABLE: ProtocolCodes = ProtocolCodes {
    json: ("ServiceUnavailableException", 503),
    query: ("ServiceUnavailable", 503),
    ec2: ("Unavailable", 503),
    rest: ("ServiceUnavailable", 503),
};

impl CommonError {
    /// Returns this error with the code, message and status that `service` uses.
    ///
    /// Source: "Common errors" of each service's API reference.
    pub(crate) fn for_service(&self, service: Service) -> AwsError {
        let protocol = service.protocol();
        let (code, status) = self.code(service, protocol);
        AwsError {
            code,
            message: self.message(protocol),
            status,
            detail: None,
            rest: None,
        }
    }

    fn code(&self, service: Service, protocol: Protocol) -> (&'static str, u16) {
        if *self == Self::Throttled && service == Service::Organizations {
            return ("TooManyRequestsException", 400);
        }
        // Source: botocore, `data/observabilityadmin/2018-05-10/service-2.json`.
        if *self == Self::Throttled && service == Service::ObservabilityAdmin {
            return ("TooManyRequestsException", 429);
        }
        let ProtocolCodes {
            json,
            query,
            ec2,
            rest,
        } = self.codes();
        match protocol {
            Protocol::Json | Protocol::RestJson => json,
            Protocol::Query => query,
            Protocol::Ec2 => ec2,
            Protocol::RestXml => rest,
        }
    }

    fn codes(&self) -> ProtocolCodes {
        match self {
            Self::Unsigned => UNSIGNED,
            Self::MalformedSignature(_) => MALFORMED_SIGNATURE,
            Self::UnknownKey => UNKNOWN_KEY,
            Self::WrongSignature(_) => WRONG_SIGNATURE,
            Self::Expired => EXPIRED,
            Self::Denied(_) => DENIED,
            Self::Throttled => THROTTLED,
            Self::Unreadable(_) => UNREADABLE,
            Self::UnknownOperation(_) => UNKNOWN_OPERATION,
            Self::TooLarge => TOO_LARGE,
            Self::Internal => INTERNAL,
            Self::Unavailable => UNAVAILABLE,
        }
    }

    fn message(&self, protocol: Protocol) -> String {
        let text = match self {
            Self::Unsigned if matches!(protocol, Protocol::Json | Protocol::RestJson) => {
                "Missing Authentication Token"
            }
            // S3 treats a request without a signature as one of an anonymous caller.
            Self::Unsigned if protocol == Protocol::RestXml => "Access Denied",
            Self::Unsigned => "Request is missing Authentication Token",
            Self::UnknownKey if protocol == Protocol::RestXml => {
                "The AWS Access Key Id you provided does not exist in our records."
            }
            Self::Expired if protocol == Protocol::RestXml => "The provided token has expired.",
            Self::Throttled if protocol == Protocol::RestXml => "Please reduce your request rate.",
            Self::UnknownOperation(_) if protocol == Protocol::RestXml => {
                "A header or query you provided implies functionality that is not implemented."
            }
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
            Self::Denied(reason) if protocol == Protocol::Ec2 => {
                return format!("You are not authorized to perform this operation. {reason}");
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
    fn expired_session_code_depends_on_protocol() {
        let code = |service| CommonError::Expired.for_service(service).code;
        assert_eq!(code(Service::Logs), "ExpiredTokenException");
        assert_eq!(code(Service::Iam), "ExpiredToken");
        assert_eq!(code(Service::Ec2), "RequestExpired");
    }

    #[test]
    fn throttle_of_every_service_is_recognized() {
        for service in [
            Service::Logs,
            Service::Organizations,
            Service::Iam,
            Service::Ec2,
            Service::S3,
        ] {
            assert!(
                CommonError::Throttled.for_service(service).is_throttle(),
                "{service}"
            );
        }
    }
}
