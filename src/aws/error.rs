//! Errors of AWS calls, in classes that decide how they are handled.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::incomplete_response::{IncompleteResponse, UNPROVEN_EMPTY};
use dragnet_model::{AccountId, ApiCall, Region, RoleArn};

/// The class of an error, independent of the service's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// Too many calls: wait and retry.
    Throttled,
    /// A server error, a broken response, or no response: retry a few times.
    Transient,
    /// The credentials of the session have expired: refresh them and retry once.
    Expired,
    /// AWS denies access to this caller.
    Denied,
    /// The requested resource does not exist.
    NotFound,
    /// The call was not sent, or not retried, because the command is being interrupted
    /// ([`super::Aws::with_cancellation`]).
    Interrupted,
    /// Any other error; retrying would not help.
    Refused,
}

/// A call that failed after all its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The class.
    pub class: ErrorClass,
    /// AWS's error code, or `Timeout`, `NoConnection`, `Unreachable`, `BrokenAnswer` or
    /// `UnprovenEmpty` if there was no usable response.
    pub code: String,
    /// AWS's message, which is untrusted text.
    pub message: String,
    /// AWS's request id; empty if no response arrived.
    pub request_id: String,
    /// The operation.
    pub operation: &'static str,
    /// The account in which the call was made.
    pub account: Option<AccountId>,
    /// For `AssumeRole`, the role that was to be assumed.
    pub role: Option<Box<RoleArn>>,
    /// The Region to which the call was sent.
    pub region: Region,
    /// The number of attempts.
    pub attempts: u32,
}

impl CallError {
    /// Creates an error that AWS did not send: the call was not made, or its response cannot be
    /// used. It has one attempt, no request id and no account.
    pub(super) fn local(
        operation: &'static str,
        region: &Region,
        class: ErrorClass,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            class,
            code: code.into(),
            message: message.into(),
            request_id: String::new(),
            operation,
            account: None,
            role: None,
            region: region.clone(),
            attempts: 1,
        }
    }
}

/// Converts a "not found" error to `None`.
pub(super) fn none_if_not_found<T>(result: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl std::error::Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(role) = &self.role {
            write!(f, " of {role}")?;
        }
        if let Some(account) = self.account {
            write!(f, " in account {account}")?;
        }
        write!(f, ", {}: {}", self.region, self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if !self.request_id.is_empty() {
            write!(f, " (request {})", self.request_id)?;
        }
        if self.attempts > 1 {
            write!(f, " after {} attempts", self.attempts)?;
        }
        Ok(())
    }
}

/// The code if no connection could be established before AWS responded to any call.
pub(crate) const UNREACHABLE: &str = "Unreachable";

/// The error of one attempt, without the context of the call.
pub(super) struct Diagnosis {
    pub class: ErrorClass,
    pub code: String,
    pub message: String,
    pub request_id: String,
    /// Whether no connection could be established, so that nothing was sent.
    pub is_unreachable: bool,
}

impl Diagnosis {
    /// Converts an SDK error. Most services do not model throttling, so the error code decides.
    pub(super) fn from_sdk_error<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let request_id = error.request_id().unwrap_or_default().to_owned();
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        let metadata = error.as_service_error().map(ProvideErrorMetadata::meta);
        if let Some(code) = metadata.and_then(|meta| meta.code()) {
            let mut message = metadata
                .and_then(|meta| meta.message())
                .unwrap_or_default()
                .to_owned();
            let clock_error = is_clock_error(code, &message);
            if clock_error {
                message.push_str(" (this host's clock differs from AWS's; correct it)");
            }
            let class = if clock_error {
                ErrorClass::Refused
            } else if message.contains(SLOW_DOWN)
                || (code == "LimitExceededException" && message.starts_with(RATE_EXCEEDED))
            {
                ErrorClass::Throttled
            } else {
                classify(code, status)
            };
            return Self {
                class,
                code: code.to_owned(),
                message,
                request_id,
                is_unreachable: false,
            };
        }
        let (class, code) = match error {
            SdkError::TimeoutError(_) => (ErrorClass::Transient, "Timeout".to_owned()),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                (ErrorClass::Transient, "Timeout".to_owned())
            }
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                (ErrorClass::Refused, "NotSent".to_owned())
            }
            SdkError::DispatchFailure(_) => (ErrorClass::Transient, "NoConnection".to_owned()),
            SdkError::ConstructionFailure(_) => (ErrorClass::Refused, "NotSent".to_owned()),
            _ => match status {
                Some(429) => (ErrorClass::Throttled, "HTTP 429".to_owned()),
                Some(status @ (300..=499)) => (ErrorClass::Refused, format!("HTTP {status}")),
                Some(status @ 500..) => (ErrorClass::Transient, format!("HTTP {status}")),
                _ => (
                    ErrorClass::Transient,
                    broken_response_code(error).to_owned(),
                ),
            },
        };
        Self {
            class,
            code,
            message: causes(error),
            request_id,
            is_unreachable: is_connect_error(error),
        }
    }
}

/// Whether establishing the connection failed: the lookup of the name, the connection itself, the
/// tunnel through a proxy, or TLS.
fn is_connect_error(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>())
        .any(hyper_util::client::legacy::Error::is_connect)
}

/// Returns the code for a response that cannot be used.
fn broken_response_code(error: &(dyn std::error::Error + 'static)) -> &'static str {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let is_unproven_empty = causes
        .filter_map(|cause| cause.downcast_ref::<IncompleteResponse>())
        .any(IncompleteResponse::is_unproven_empty);
    if is_unproven_empty {
        UNPROVEN_EMPTY
    } else {
        "BrokenAnswer"
    }
}

/// Formats an error and its causes in one line, without repetitions.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let cause = error
            .to_string()
            .lines()
            .map(str::trim)
            .collect::<Vec<_>>()
            .join("; ");
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
        next = error.source();
    }
    text
}

/// Whether the clock is wrong. A signature is valid for some minutes only, so a clock that is off
/// by more makes every call fail; neither new credentials nor retries help.
///
/// Source: IAM user guide, "Signature Version 4 troubleshooting".
fn is_clock_error(code: &str, message: &str) -> bool {
    matches!(code, "RequestTimeTooSkewed" | "RequestInTheFuture")
        || ["Signature expired", "Signature not yet current"]
            .iter()
            .any(|phrase| message.contains(phrase))
}

/// In the message of a throttled call to S3, which has the code `SlowDown` or `ServiceUnavailable`.
///
/// Source: S3 API, "Error responses", "List of error codes".
const SLOW_DOWN: &str = "reduce your request rate";

/// The beginning of the message of a throttled call of `GetLogObject`, which has the code
/// `LimitExceededException`.
///
/// Source: a response of AWS in a public test of 2026-09; with two seconds between calls, there was none.
const RATE_EXCEEDED: &str = "Rate exceeded";

/// Sources: the services' API references, "Common errors"; S3 API, "Error responses"; `aws-facts.md`
/// for codes that are not modelled.
fn classify(code: &str, status: Option<u16>) -> ErrorClass {
    match code {
        _ if ApiCall::is_throttle(code) => ErrorClass::Throttled,
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => ErrorClass::Expired,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthFailure"
        | "OptInRequired"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "AuthorizationError"
        | "SubscriptionRequiredException"
        | "NotAuthorized"
        | "UnauthorizedException"
        | "ForbiddenException"
        | "InvalidAccessKeyId"
        | "AllAccessDisabled"
        | "AccountProblem"
        | "NotSignedUp" => ErrorClass::Denied,
        "ResourceNotFoundException" | "NoSuchEntity" | "NoSuchBucket" | "NoSuchKey" => {
            ErrorClass::NotFound
        }
        _ if status.is_some_and(|status| status >= 500) => ErrorClass::Transient,
        _ => ErrorClass::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_codes_are_classified() {
        assert_eq!(
            classify("ThrottlingException", Some(400)),
            ErrorClass::Throttled
        );
        assert_eq!(classify("SlowDown", Some(503)), ErrorClass::Throttled);
        assert_eq!(classify("NoSuchKey", Some(404)), ErrorClass::NotFound);
        assert_eq!(classify("ExpiredToken", Some(403)), ErrorClass::Expired);
        assert_eq!(classify("AccessDenied", Some(403)), ErrorClass::Denied);
        assert_eq!(
            classify("ResourceNotFoundException", Some(400)),
            ErrorClass::NotFound
        );
        assert_eq!(
            classify("ServiceUnavailableException", Some(503)),
            ErrorClass::Transient
        );
        assert_eq!(
            classify("InvalidParameterException", Some(400)),
            ErrorClass::Refused
        );
    }

    #[test]
    fn error_text_names_operation_location_and_request() {
        let error = CallError {
            class: ErrorClass::Denied,
            code: "AccessDenied".to_owned(),
            message: "no".to_owned(),
            request_id: "r-1".to_owned(),
            operation: "AssumeRole",
            account: "111111111111".parse().ok(),
            role: "arn:aws:iam::222222222222:role/Hub"
                .parse()
                .ok()
                .map(Box::new),
            region: "us-east-1".parse().unwrap(),
            attempts: 1,
        };
        assert_eq!(
            error.to_string(),
            "AssumeRole of arn:aws:iam::222222222222:role/Hub in account 111111111111, us-east-1: AccessDenied: no \
             (request r-1)"
        );
    }
}
