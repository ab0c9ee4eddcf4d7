//! A second opinion about an account without trails.
//!
//! It is not known how `DescribeTrails` writes an empty list. If its response has no list at all,
//! `ListTrails` is asked too. Two operations that answer differently cannot lose the same list by
//! the same defect: only a list that is there, without any trail, proves that there is none.

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::{CallError, ErrorClass};
use super::page_list::{ListPage, find_in_pages};
use super::session::Session;
use dragnet_model::{Operation, Region};

impl Aws {
    /// Confirms that no trail records an account-Region, after all responses to `DescribeTrails`
    /// lacked the list; `unproven` is the error of the last one.
    ///
    /// # Errors
    /// `unproven`, unless `ListTrails` answers with a list without trails.
    pub(super) async fn confirm_no_trails(
        &self,
        session: &Session,
        region: &Region,
        unproven: CallError,
    ) -> Result<(), CallError> {
        let finding = match self.has_trails(session, region).await {
            Ok(false) => return Ok(()),
            Ok(true) => "ListTrails lists trails".to_owned(),
            Err(error) if error.class == ErrorClass::Interrupted => return Err(error),
            Err(error) => format!("ListTrails cannot confirm it: {}", error.code),
        };
        Err(CallError {
            message: format!("{}; {finding}", unproven.message),
            ..unproven
        })
    }

    /// Returns whether the session's account has trails.
    ///
    /// Source: CloudTrail API, `ListTrails`. It does not say whether a member account's list has
    /// the organization's trails, so a list with any trail proves nothing about one Region.
    async fn has_trails(&self, session: &Session, region: &Region) -> Result<bool, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::ListTrails,
        };
        let request = self.clients.cloudtrail.list_trails();
        let request = &request;
        let trail = find_in_pages(
            context,
            |token| async move {
                let output = send!(self, context, request.clone().set_next_token(token))?;
                Ok(ListPage {
                    items: output.trails.unwrap_or_default(),
                    next_token: output.next_token,
                })
            },
            |_| true,
        );
        Ok(trail.await?.is_some())
    }
}
