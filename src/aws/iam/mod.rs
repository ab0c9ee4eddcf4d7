//! IAM: the principals of an account, and the changes that containment makes to them.
//!
//! IAM is a global service; it is called through the partition of the home Region. Its quotas are
//! not published, so each operation starts at the default rate of the quota table and slows down
//! when it is throttled.

mod advice;
mod credentials;
mod detail;
mod keys;
mod limits;
mod policies;
mod sign_in;

pub use advice::ServiceUse;
pub use credentials::{Credential, CredentialId, CredentialKind};
pub use detail::{AttachedPolicy, FoundPrincipal, LastUsed, PrincipalDetail};
pub use keys::{AccessKey, KeyStatus};

use super::call::CallContext;
use super::connect::Aws;
use super::error::{CallError, ErrorClass};
use super::pages::Pages;
use super::session::Session;
use dragnet_model::Operation;

/// Makes one IAM call: the request is built once and sent with the credentials of each attempt.
macro_rules! send {
    ($aws:expr, $context:expr, $request:expr) => {{
        let context = $context;
        let request = $request;
        $aws.call(context, |credentials| {
            request
                .clone()
                .customize()
                .config_override($crate::aws::call::config_for!(
                    aws_sdk_iam,
                    context,
                    credentials
                ))
                .send()
        })
        .await
    }};
}
use send;

impl Aws {
    fn iam_context<'a>(&'a self, session: &'a Session, operation: Operation) -> CallContext<'a> {
        CallContext {
            session,
            region: self.home(),
            operation,
        }
    }
}

/// Converts a "not found" error to `None`.
fn none_if_not_found<T>(result: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Moves to the next page of an IAM list. Returns whether there is one. A page may be empty and
/// still have a marker. The marker decides, because the SDK reads an absent `IsTruncated` as false.
///
/// Source: IAM API, `ListUsers`: a truncated list has a marker.
/// # Errors
/// The list would never end, or a truncated page has no marker.
fn advance(
    pages: &mut Pages,
    context: CallContext<'_>,
    items: usize,
    is_truncated: bool,
    marker: Option<String>,
) -> Result<bool, CallError> {
    if is_truncated && marker.is_none() {
        return Err(context.unreadable("the list is truncated, but has no marker"));
    }
    pages
        .advance(items, marker.filter(|marker| !marker.is_empty()))
        .map_err(|endless| context.endless(endless))
}
