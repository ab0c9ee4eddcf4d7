//! The credentials of a user besides access keys that can be deactivated and activated again.

use aws_sdk_iam::types::StatusType;

use super::keys::{KeyStatus, status_type};
use super::list_page::list_page;
use crate::aws::call::send;
use crate::aws::client::Aws;
use crate::aws::error::{CallError, none_if_not_found};
use crate::aws::page_list::collect_pages;
use crate::aws::session::Session;
use dragnet_model::Operation;

dragnet_model::word_enum! {
    /// The kind of a credential.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum CredentialKind: Serialize, Deserialize {
        /// A password or API key for one service, for example `CodeCommit`, Bedrock or CloudWatch
        /// Logs.
        ServiceSpecific => "service-specific",
        /// An SSH public key for `CodeCommit`.
        SshPublicKey => "ssh-public-key",
        /// An X.509 certificate that signs requests.
        SigningCertificate => "signing-certificate",
    }
}

impl CredentialKind {
    /// Describes the kind for people, in the singular.
    pub fn describe(self) -> &'static str {
        match self {
            Self::ServiceSpecific => "service-specific credential",
            Self::SshPublicKey => "SSH public key",
            Self::SigningCertificate => "signing certificate",
        }
    }
}

/// A credential, without its secret. The texts are untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The kind.
    pub kind: CredentialKind,
    /// The unique id.
    pub id: String,
    /// The service that accepts it; empty unless it is service-specific.
    pub service: String,
    /// The status.
    pub status: KeyStatus,
}

/// Names one credential of a user.
#[derive(Clone, Copy, Debug)]
pub struct CredentialId<'a> {
    /// The kind.
    pub kind: CredentialKind,
    /// The unique id.
    pub id: &'a str,
}

/// Converts a status of IAM. An expired credential cannot be used.
fn key_status(status: &StatusType) -> KeyStatus {
    if *status == StatusType::Active {
        KeyStatus::Active
    } else {
        KeyStatus::Inactive
    }
}

impl Aws {
    /// Returns the credentials of one kind that a user has; empty if the user does not exist.
    ///
    /// Source: IAM API, `ListServiceSpecificCredentials`, `ListSSHPublicKeys`,
    /// `ListSigningCertificates`.
    ///
    /// # Errors
    /// A call fails, or the server repeats a marker.
    pub async fn user_credentials(
        &self,
        session: &Session,
        user: &str,
        kind: CredentialKind,
    ) -> Result<Vec<Credential>, CallError> {
        match kind {
            CredentialKind::ServiceSpecific => {
                self.service_specific_credentials(session, user).await
            }
            CredentialKind::SshPublicKey => self.ssh_public_keys(session, user).await,
            CredentialKind::SigningCertificate => self.signing_certificates(session, user).await,
        }
    }

    async fn service_specific_credentials(
        &self,
        session: &Session,
        user: &str,
    ) -> Result<Vec<Credential>, CallError> {
        let context = self.home_context(session, Operation::ListServiceSpecificCredentials);
        let request = self
            .clients
            .iam
            .list_service_specific_credentials()
            .user_name(user);
        let request = &request;
        collect_pages(context, |marker| async move {
            let request = request.clone().set_marker(marker);
            let Some(page) = none_if_not_found(send!(self, context, request))? else {
                return Ok(None);
            };
            let listed = page
                .service_specific_credentials
                .unwrap_or_default()
                .into_iter();
            let listed = listed.map(|credential| Credential {
                kind: CredentialKind::ServiceSpecific,
                status: key_status(&credential.status),
                id: credential.service_specific_credential_id,
                service: credential.service_name,
            });
            list_page(context, listed.collect(), page.is_truncated, page.marker)
        })
        .await
    }

    async fn ssh_public_keys(
        &self,
        session: &Session,
        user: &str,
    ) -> Result<Vec<Credential>, CallError> {
        let context = self.home_context(session, Operation::ListSSHPublicKeys);
        let request = self.clients.iam.list_ssh_public_keys().user_name(user);
        let request = &request;
        collect_pages(context, |marker| async move {
            let request = request.clone().set_marker(marker);
            let Some(page) = none_if_not_found(send!(self, context, request))? else {
                return Ok(None);
            };
            let listed = page.ssh_public_keys.unwrap_or_default().into_iter();
            let listed = listed.map(|key| Credential {
                kind: CredentialKind::SshPublicKey,
                status: key_status(&key.status),
                id: key.ssh_public_key_id,
                service: String::new(),
            });
            list_page(context, listed.collect(), page.is_truncated, page.marker)
        })
        .await
    }

    async fn signing_certificates(
        &self,
        session: &Session,
        user: &str,
    ) -> Result<Vec<Credential>, CallError> {
        let context = self.home_context(session, Operation::ListSigningCertificates);
        let request = self.clients.iam.list_signing_certificates().user_name(user);
        let request = &request;
        collect_pages(context, |marker| async move {
            let request = request.clone().set_marker(marker);
            let Some(page) = none_if_not_found(send!(self, context, request))? else {
                return Ok(None);
            };
            let listed = page.certificates.into_iter();
            let listed = listed.map(|certificate| Credential {
                kind: CredentialKind::SigningCertificate,
                status: key_status(&certificate.status),
                id: certificate.certificate_id,
                service: String::new(),
            });
            list_page(context, listed.collect(), page.is_truncated, page.marker)
        })
        .await
    }

    /// Activates or deactivates a credential. The call is idempotent.
    ///
    /// Source: IAM API, `UpdateServiceSpecificCredential`, `UpdateSSHPublicKey`,
    /// `UpdateSigningCertificate`.
    ///
    /// # Errors
    /// The call fails; with `NoSuchEntity` if the credential does not exist.
    pub async fn set_credential_status(
        &self,
        session: &Session,
        user: &str,
        credential: CredentialId<'_>,
        status: KeyStatus,
    ) -> Result<(), CallError> {
        let iam = &self.clients.iam;
        let status = status_type(status);
        match credential.kind {
            CredentialKind::ServiceSpecific => {
                let request = iam
                    .update_service_specific_credential()
                    .user_name(user)
                    .service_specific_credential_id(credential.id)
                    .status(status);
                let context =
                    self.home_context(session, Operation::UpdateServiceSpecificCredential);
                send!(self, context, request).map(drop)
            }
            CredentialKind::SshPublicKey => {
                let request = iam
                    .update_ssh_public_key()
                    .user_name(user)
                    .ssh_public_key_id(credential.id)
                    .status(status);
                let context = self.home_context(session, Operation::UpdateSSHPublicKey);
                send!(self, context, request).map(drop)
            }
            CredentialKind::SigningCertificate => {
                let request = iam
                    .update_signing_certificate()
                    .user_name(user)
                    .certificate_id(credential.id)
                    .status(status);
                let context = self.home_context(session, Operation::UpdateSigningCertificate);
                send!(self, context, request).map(drop)
            }
        }
    }
}
