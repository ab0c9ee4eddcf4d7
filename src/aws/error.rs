//! Errors of AWS calls, in the classes that decide what to do about them.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use crate::model::{AccountId, ApiCall, Region, RoleArn};

/// What kind of trouble a call met, whatever the service calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// Too many calls: wait and ask again.
    Throttled,
    /// A server error, a broken answer, no answer: ask again, a few times.
    Transient,
    /// The session's credentials have expired: refresh them and ask again, once.
    Expired,
    /// AWS refuses this caller.
    Denied,
    /// What was asked about is not there.
    NotFound,
    /// It was not made, or not made again: the command is being ended ([`super::Aws::until`]).
    Interrupted,
    /// Anything else: asking again would not help.
    Refused,
}

/// A call that failed, after as many attempts as made sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// Its class.
    pub class: ErrorClass,
    /// AWS's error code, or what went wrong on the way: `Timeout`, `NoConnection`, `BrokenAnswer`.
    pub code: String,
    /// AWS's message: untrusted text.
    pub message: String,
    /// AWS's request id; empty where no answer came.
    pub request_id: String,
    /// The operation.
    pub operation: &'static str,
    /// The account it was made in.
    pub account: Option<AccountId>,
    /// With `AssumeRole`: the role that was to be entered.
    pub role: Option<Box<RoleArn>>,
    /// The Region it was sent to.
    pub region: Region,
    /// How many attempts were made.
    pub attempts: u32,
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

/// What one attempt's error says, before it is known where it was made.
pub(super) struct Diagnosis {
    pub class: ErrorClass,
    pub code: String,
    pub message: String,
    pub request_id: String,
}

impl Diagnosis {
    /// Reads an SDK error. Throttles are not modelled by most services, so the code decides.
    pub fn from_sdk_error<E>(error: &SdkError<E, HttpResponse>) -> Self
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
            let blames_the_clock = is_about_the_clock(code, &message);
            if blames_the_clock {
                message.push_str(
                    " (the clocks of this machine and of AWS differ: set this one right)",
                );
            }
            let class = if blames_the_clock {
                ErrorClass::Refused
            } else {
                classify(code, status)
            };
            return Self {
                class,
                code: code.to_owned(),
                message,
                request_id,
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
                _ => (ErrorClass::Transient, "BrokenAnswer".to_owned()),
            },
        };
        Self {
            class,
            code,
            message: causes(error),
            request_id,
        }
    }
}

/// An error and its causes in one line, none repeated.
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

/// A signature is good for some minutes, so a clock that is off by more makes every call fail, and new
/// credentials or another attempt do not help.
///
/// Source: IAM user guide, "Signature Version 4 troubleshooting".
fn is_about_the_clock(code: &str, message: &str) -> bool {
    matches!(code, "RequestTimeTooSkewed" | "RequestInTheFuture")
        || ["Signature expired", "Signature not yet current"]
            .iter()
            .any(|phrase| message.contains(phrase))
}

/// Sources: the services' API references, "Common errors"; `aws-facts.md` for the codes that are not modelled.
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
        | "NotAuthorized" => ErrorClass::Denied,
        "ResourceNotFoundException" | "NoSuchEntity" => ErrorClass::NotFound,
        _ if status.is_some_and(|status| status >= 500) => ErrorClass::Transient,
        _ => ErrorClass::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_fall_into_classes() {
        assert_eq!(
            classify("ThrottlingException", Some(400)),
            ErrorClass::Throttled
        );
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
    fn an_error_says_what_where_and_which_request() {
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
