//! What a failed call on a bucket means.

use crate::aws::error::{CallError, ErrorClass};
use dragnet_model::Operation;

/// What a failed call on a bucket means for the coverage.
///
/// Source: S3 API, "Error responses", "List of error codes".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3Failure {
    /// The bucket is in another Region than was assumed.
    WrongRegion,
    /// The bucket does not exist.
    NoSuchBucket,
    /// The caller may not list the bucket.
    ListDenied,
    /// The caller may not read the object. Without the permission to list, an object that does not
    /// exist looks like this too.
    ObjectDenied,
    /// The caller may not use the key that encrypts the object, or the key is disabled or deleted.
    KeyDenied,
    /// The object has to be restored from an archive first.
    Archived,
    /// The object was deleted after it was listed.
    ObjectGone,
    /// The object was overwritten after it was listed.
    ObjectChanged,
    /// AWS throttled all calls for too long.
    Throttled,
    /// The response is damaged: a wrong length or checksum, or a list that contradicts itself.
    Unreadable,
    /// The command is being interrupted.
    Interrupted,
    /// Anything else.
    Other,
}

impl S3Failure {
    /// Interprets the error of a call.
    pub fn from_error(error: &CallError) -> Self {
        match error.code.as_str() {
            "PermanentRedirect"
            | "TemporaryRedirect"
            | "Redirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException"
            | "HTTP 301"
            | "HTTP 307" => Self::WrongRegion,
            "NoSuchBucket" => Self::NoSuchBucket,
            // The response to a `HEAD` request has no body, and so no code.
            "NotFound" | "HTTP 404" if error.operation == Operation::HeadBucket.as_str() => {
                Self::NoSuchBucket
            }
            "NoSuchKey" | "NoSuchVersion" => Self::ObjectGone,
            "PreconditionFailed" | "HTTP 412" => Self::ObjectChanged,
            "InvalidObjectState" => Self::Archived,
            "BrokenAnswer" => Self::Unreadable,
            // S3 passes on the errors of KMS: `KMS.DisabledException`, `KMS.NotFoundException` …
            code if code.starts_with("KMS.") => Self::KeyDenied,
            _ => Self::from_class(error),
        }
    }

    fn from_class(error: &CallError) -> Self {
        match error.class {
            ErrorClass::Throttled => Self::Throttled,
            ErrorClass::Interrupted => Self::Interrupted,
            ErrorClass::Denied => denied(error),
            ErrorClass::NotFound
            | ErrorClass::Transient
            | ErrorClass::Expired
            | ErrorClass::Refused => Self::Other,
        }
    }
}

/// Which permission is missing. S3 names the action of KMS only in the message.
///
/// Source: S3 user guide, "Troubleshoot access denied (403 Forbidden) errors".
fn denied(error: &CallError) -> S3Failure {
    if error.message.contains("kms:Decrypt") {
        S3Failure::KeyDenied
    } else if error.operation == Operation::GetObject.as_str()
        && !error.message.contains("s3:ListBucket")
    {
        S3Failure::ObjectDenied
    } else if error.operation == Operation::GetObject.as_str() {
        // The object does not exist, and the caller may not know that.
        S3Failure::ObjectGone
    } else {
        S3Failure::ListDenied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(operation: Operation, class: ErrorClass, code: &str, message: &str) -> S3Failure {
        let region = "us-east-1".parse().unwrap();
        let error = CallError::local(operation.as_str(), &region, class, code, message);
        S3Failure::from_error(&error)
    }

    #[test]
    fn denials_are_distinguished_by_operation_and_message() {
        let denied = |operation, message: &str| {
            failure(operation, ErrorClass::Denied, "AccessDenied", message)
        };
        let not_authorized =
            |action: &str| format!("User: u is not authorized to perform: {action} on resource: r");
        for (operation, message, expected) in [
            (
                Operation::ListObjectsV2,
                String::new(),
                S3Failure::ListDenied,
            ),
            (
                Operation::GetObject,
                "Access Denied".to_owned(),
                S3Failure::ObjectDenied,
            ),
            (
                Operation::GetObject,
                not_authorized("s3:GetObject"),
                S3Failure::ObjectDenied,
            ),
            (
                Operation::GetObject,
                not_authorized("kms:Decrypt"),
                S3Failure::KeyDenied,
            ),
            (
                Operation::GetObject,
                not_authorized("s3:ListBucket"),
                S3Failure::ObjectGone,
            ),
        ] {
            assert_eq!(denied(operation, &message), expected, "{message}");
        }
    }

    #[test]
    fn codes_decide_before_classes() {
        let refused = |code: &str| failure(Operation::GetObject, ErrorClass::Refused, code, "");
        for (code, expected) in [
            ("PermanentRedirect", S3Failure::WrongRegion),
            ("AuthorizationHeaderMalformed", S3Failure::WrongRegion),
            ("InvalidObjectState", S3Failure::Archived),
            ("NoSuchKey", S3Failure::ObjectGone),
            ("NoSuchBucket", S3Failure::NoSuchBucket),
            ("PreconditionFailed", S3Failure::ObjectChanged),
            ("KMS.DisabledException", S3Failure::KeyDenied),
            ("NotFound", S3Failure::Other),
            ("InvalidRequest", S3Failure::Other),
        ] {
            assert_eq!(refused(code), expected, "{code}");
        }
        let head = failure(Operation::HeadBucket, ErrorClass::Refused, "NotFound", "");
        assert_eq!(head, S3Failure::NoSuchBucket);
        let slow = failure(Operation::GetObject, ErrorClass::Throttled, "SlowDown", "");
        assert_eq!(slow, S3Failure::Throttled);
    }
}
