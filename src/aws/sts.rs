//! STS: who calls, and the roles that it assumes. Always the Regional endpoint, whose tokens work in
//! opt-in Regions too.

use aws_credential_types::Credentials;
use jiff::Timestamp;

use super::call::{Site, placed};
use super::connect::Aws;
use super::error::CallError;
use super::session::{RoleHop, Session};
use crate::model::{AccountId, Arn, Partition};

/// Who the source credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The caller's own account.
    pub account: AccountId,
    /// The caller's ARN.
    pub arn: Arn,
    /// The partition that the ARN names: every other ARN is made with it.
    pub partition: Partition,
}

impl Aws {
    /// Asks who the source credentials belong to; asks once.
    ///
    /// # Errors
    /// The credentials are refused, or the answer makes no sense.
    pub async fn caller(&self) -> Result<Caller, CallError> {
        if let Some(caller) = self.caller.get() {
            return Ok(caller.clone());
        }
        let caller = self.identity(self.source()).await?;
        Ok(self.caller.get_or_init(|| caller).clone())
    }

    /// Asks who a session acts as. `GetCallerIdentity` needs no permission.
    ///
    /// # Errors
    /// The session cannot be had, or the answer makes no sense.
    pub async fn identity(&self, session: &Session) -> Result<Caller, CallError> {
        let site = Site { session, region: self.home(), operation: "GetCallerIdentity" };
        let answer = self
            .call(site, |credentials| {
                self.clients
                    .sts
                    .get_caller_identity()
                    .customize()
                    .config_override(placed!(aws_sdk_sts, site, credentials))
                    .send()
            })
            .await?;
        let text = answer.arn().unwrap_or_default();
        let caller = text.parse::<Arn>().ok().and_then(|arn| {
            let account = answer.account().and_then(|id| id.parse().ok()).or(arn.account())?;
            Some(Caller { account, partition: arn.partition()?, arn })
        });
        caller.ok_or_else(|| site.unreadable(format!("the caller's ARN `{text}` makes no sense")))
    }

    /// Assumes a role from its parent session. Errors name the role.
    pub(super) async fn assume_role(&self, parent: &Session, hop: &RoleHop) -> Result<Credentials, CallError> {
        let site = Site { session: parent, region: self.home(), operation: "AssumeRole" };
        let request = self
            .clients
            .sts
            .assume_role()
            .role_arn(hop.role.as_str())
            .role_session_name(&hop.session_name)
            .duration_seconds(hop.seconds(parent))
            .set_external_id(hop.external_id.clone())
            .set_source_identity(hop.new_source_identity(parent));
        let answer = self
            .call(site, |credentials| {
                request.clone().customize().config_override(placed!(aws_sdk_sts, site, credentials)).send()
            })
            .await
            .map_err(|error| naming(hop, error))?;
        let given = answer.credentials().ok_or_else(|| site.unreadable("no credentials came back"))?;
        let expiry = given.expiration();
        let expires =
            Timestamp::new(expiry.secs(), 0).map_err(|_| site.unreadable("the session's expiry makes no sense"))?;
        Ok(Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            Some(given.session_token().to_owned()),
            Some(expires.into()),
            "AssumeRole",
        ))
    }
}

fn naming(hop: &RoleHop, mut error: CallError) -> CallError {
    if error.operation == "AssumeRole" && !error.message.contains("arn:") {
        error.message = format!("{} (role {})", error.message, hop.role);
    }
    error
}
