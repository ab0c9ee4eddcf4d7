//! The long-term access keys of a user.

use aws_sdk_iam::types::StatusType;
use jiff::Timestamp;

use super::detail::timestamp;
use crate::aws::call::send;
use crate::aws::client::Aws;
use crate::aws::error::{CallError, none_if_not_found};
use crate::aws::session::Session;
use dragnet_model::Operation;

dragnet_model::word_enum! {
    /// Whether an access key or another credential can be used.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum KeyStatus: Serialize, Deserialize {
        /// The key can be used.
        Active => "active",
        /// The key was deactivated or has expired.
        Inactive => "inactive",
    }
}

/// Converts a status for a request.
pub(super) fn status_type(status: KeyStatus) -> StatusType {
    match status {
        KeyStatus::Active => StatusType::Active,
        KeyStatus::Inactive => StatusType::Inactive,
    }
}

/// An access key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// The access key id.
    pub id: String,
    /// The status.
    pub status: KeyStatus,
}

impl Aws {
    /// Returns the access keys of a user; empty if the user does not exist.
    ///
    /// Source: IAM API, `ListAccessKeys`. A user has at most two keys, so there is one page.
    ///
    /// # Errors
    /// The call fails.
    pub async fn access_keys(
        &self,
        session: &Session,
        user: &str,
    ) -> Result<Vec<AccessKey>, CallError> {
        let request = self.clients.iam.list_access_keys().user_name(user);
        let context = self.home_context(session, Operation::ListAccessKeys);
        let output = none_if_not_found(send!(self, context, request))?;
        if output.as_ref().is_some_and(|output| output.is_truncated) {
            return Err(context
                .unreadable("the list of access keys is truncated; expected two keys at most"));
        }
        let keys = output
            .into_iter()
            .flat_map(|output| output.access_key_metadata)
            .filter_map(|key| {
                let active = key.status == Some(StatusType::Active);
                let status = if active {
                    KeyStatus::Active
                } else {
                    KeyStatus::Inactive
                };
                Some(AccessKey {
                    id: key.access_key_id?,
                    status,
                })
            });
        Ok(keys.collect())
    }

    /// Activates or deactivates an access key. The call is idempotent.
    ///
    /// # Errors
    /// The call fails; with `NoSuchEntity` if the key does not exist.
    pub async fn set_key_status(
        &self,
        session: &Session,
        user: &str,
        key: &str,
        status: KeyStatus,
    ) -> Result<(), CallError> {
        let request = self
            .clients
            .iam
            .update_access_key()
            .user_name(user)
            .access_key_id(key)
            .status(status_type(status));
        send!(
            self,
            self.home_context(session, Operation::UpdateAccessKey),
            request
        )
        .map(drop)
    }

    /// Returns when a key was last used, and for which service; `None` if it never was.
    ///
    /// Source: IAM API, `GetAccessKeyLastUsed`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn key_last_used(
        &self,
        session: &Session,
        key: &str,
    ) -> Result<Option<(Timestamp, String)>, CallError> {
        let request = self
            .clients
            .iam
            .get_access_key_last_used()
            .access_key_id(key);
        let output = none_if_not_found(send!(
            self,
            self.home_context(session, Operation::GetAccessKeyLastUsed),
            request
        ))?;
        let used = output.and_then(|output| output.access_key_last_used);
        Ok(used.and_then(|used| Some((timestamp(used.last_used_date())?, used.service_name))))
    }
}
