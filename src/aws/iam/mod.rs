//! IAM: the principals of an account, and the few changes that containment makes to them.
//!
//! IAM is one service for all Regions; it is asked through the home Region's partition. Its rates are
//! not published: each operation begins at the table's default and is slowed down by its own throttles.

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

/// Makes one call of IAM's: the request is built once, and sent with the credentials of each attempt.
macro_rules! send {
    ($aws:expr, $site:expr, $request:expr) => {{
        let (site, request) = ($site, $request);
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

/// An answer, or nothing where what was asked about is not there.
fn if_there<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Goes on after a page of IAM's; no if there is none. A page may be empty and still have a marker.
///
/// # Errors
/// The list would never end, or is said to go on and does not say how.
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
