//! A second opinion about an account without trails.
//!
//! It is not known how `DescribeTrails` writes an empty list. If its response has no list at all,
//! `ListTrails` is asked too. Two operations that answer differently cannot lose the same list by
//! the same defect: only a list that is there, without any trail, proves that there is none.

use super::call::{CallContext, config_for};
use super::connect::Aws;
use super::error::{CallError, ErrorClass};
use super::pages::Pages;
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
        let mut pages = Pages::default();
        loop {
            let request = self
                .clients
                .cloudtrail
                .list_trails()
                .set_next_token(pages.token());
            let output = self
                .call(context, |credentials| {
                    let config = config_for!(aws_sdk_cloudtrail, context, credentials);
                    request.clone().customize().config_override(config).send()
                })
                .await?;
            let items = output.trails().len();
            if items > 0 {
                return Ok(true);
            }
            let has_more = pages
                .advance(items, output.next_token)
                .map_err(|endless| context.endless(endless))?;
            if !has_more {
                return Ok(false);
            }
        }
    }
}
