//! IAM: the principals of an account, and the changes that containment makes to them.
//!
//! IAM is a global service; it is called through the partition of the home Region. Its quotas are
//! not published, so each operation starts at the default rate of the quota table and slows down
//! when it is throttled.

mod advice;
mod detail;
mod keys;
mod policies;

pub use advice::ServiceUse;
pub use detail::{AttachedPolicy, LastUsed, PrincipalDetail};
pub use keys::{AccessKey, KeyStatus};

use super::call::CallContext;
use super::connect::Aws;
use super::error::{CallError, ErrorClass};
use super::pages::Pages;
use super::session::Session;
use crate::model::Operation;

/// Makes one IAM call: the request is built once and sent with the credentials of each attempt.
macro_rules! send {
    ($aws:expr, $site:expr, $request:expr) => {{
        let site = $site;
        let request = $request;
        $aws.call(site, |credentials| {
            request
                .clone()
                .customize()
                .config_override($crate::aws::call::placed!(aws_sdk_iam, site, credentials))
                .send()
        })
        .await
    }};
}
use send;

impl Aws {
    fn iam_site<'a>(&'a self, session: &'a Session, operation: Operation) -> CallContext<'a> {
        CallContext {
            session,
            region: self.home(),
            operation,
        }
    }
}

/// Converts a "not found" error to `None`.
fn if_there<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Moves to the next page of an IAM list. Returns whether there is one. A page may be empty and
/// still have a marker.
///
/// # Errors
/// The list would never end, or a truncated page has no marker.
fn advance(
    pages: &mut Pages,
    site: CallContext<'_>,
    held: usize,
    is_truncated: bool,
    marker: Option<String>,
) -> Result<bool, CallError> {
    if is_truncated && marker.is_none() {
        return Err(site.unreadable("the list is cut short, without a marker"));
    }
    pages
        .advance(held, marker.filter(|_| is_truncated))
        .map_err(|endless| site.endless(endless))
}
