//! What a user signs in to the console with: the password and the MFA devices.

use super::list_page::list_page;
use crate::aws::call::send;
use crate::aws::client::Aws;
use crate::aws::error::{CallError, none_if_not_found};
use crate::aws::page_list::collect_pages;
use crate::aws::session::Session;
use dragnet_model::Operation;

impl Aws {
    /// Whether a user has a console password.
    ///
    /// Source: IAM API, `GetLoginProfile`: `NoSuchEntity` if the user has none.
    ///
    /// # Errors
    /// The call fails.
    pub async fn has_login_profile(
        &self,
        session: &Session,
        user: &str,
    ) -> Result<bool, CallError> {
        let request = self.clients.iam.get_login_profile().user_name(user);
        let context = self.home_context(session, Operation::GetLoginProfile);
        Ok(none_if_not_found(send!(self, context, request))?.is_some())
    }

    /// Deletes the console password of a user. Succeeds if there is none. AWS never returns a
    /// password, so this cannot be undone.
    ///
    /// Source: IAM API, `DeleteLoginProfile`: access keys are not affected.
    ///
    /// # Errors
    /// The call fails; with `EntityTemporarilyUnmodifiable` right after the password was created.
    pub async fn delete_login_profile(
        &self,
        session: &Session,
        user: &str,
    ) -> Result<(), CallError> {
        let request = self.clients.iam.delete_login_profile().user_name(user);
        let context = self.home_context(session, Operation::DeleteLoginProfile);
        none_if_not_found(send!(self, context, request)).map(drop)
    }

    /// Returns the serial numbers of a user's MFA devices; empty if the user does not exist.
    ///
    /// Source: IAM API, `ListMFADevices`.
    ///
    /// # Errors
    /// A call fails, or the server repeats a marker.
    pub async fn mfa_devices(
        &self,
        session: &Session,
        user: &str,
    ) -> Result<Vec<String>, CallError> {
        let context = self.home_context(session, Operation::ListMFADevices);
        let request = self.clients.iam.list_mfa_devices().user_name(user);
        let request = &request;
        collect_pages(context, |marker| async move {
            let request = request.clone().set_marker(marker);
            let Some(page) = none_if_not_found(send!(self, context, request))? else {
                return Ok(None);
            };
            let serials = page.mfa_devices.into_iter();
            let serials = serials.map(|device| device.serial_number).collect();
            list_page(context, serials, page.is_truncated, page.marker)
        })
        .await
    }

    /// Takes an MFA device from a user. Succeeds if the user does not have it. Enabling a device
    /// needs two of its codes, so this cannot be undone.
    ///
    /// Source: IAM API, `DeactivateMFADevice`, `EnableMFADevice`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn deactivate_mfa_device(
        &self,
        session: &Session,
        user: &str,
        serial: &str,
    ) -> Result<(), CallError> {
        let request = self
            .clients
            .iam
            .deactivate_mfa_device()
            .user_name(user)
            .serial_number(serial);
        let context = self.home_context(session, Operation::DeactivateMFADevice);
        none_if_not_found(send!(self, context, request)).map(drop)
    }
}
