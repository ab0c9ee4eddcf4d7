//! Service-specific credentials, SSH public keys and signing certificates.
//!
//! Source: IAM API, `ListServiceSpecificCredentials`, `UpdateServiceSpecificCredential`,
//! `ListSSHPublicKeys`, `UpdateSSHPublicKey`, `ListSigningCertificates`,
//! `UpdateSigningCertificate`.

use super::error::no_such;
use super::keys::requested_status;
use super::paging::{page, write_end};
use super::users::named_or_caller;
use super::{account, account_mut};
use crate::call::Call;
use crate::wire::{AwsError, Reply, Xml};
use crate::world::{Credential, CredentialKind};
use dragnet_model::time::rfc3339_ms;

/// A signing certificate is returned as a whole. The range has none, so it returns this text.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

impl CredentialKind {
    /// The name of the list in the response.
    fn list_name(self) -> &'static str {
        match self {
            Self::ServiceSpecific => "ServiceSpecificCredentials",
            Self::SshPublicKey => "SSHPublicKeys",
            Self::SigningCertificate => "Certificates",
        }
    }

    /// The name of the parameter and of the member with the id.
    fn id_name(self) -> &'static str {
        match self {
            Self::ServiceSpecific => "ServiceSpecificCredentialId",
            Self::SshPublicKey => "SSHPublicKeyId",
            Self::SigningCertificate => "CertificateId",
        }
    }

    /// How an error message calls it.
    fn noun(self) -> &'static str {
        match self {
            Self::ServiceSpecific => "service specific credential",
            Self::SshPublicKey => "public key",
            Self::SigningCertificate => "certificate",
        }
    }
}

pub(super) fn list(call: &mut Call<'_>, kind: CredentialKind) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = named_or_caller(call, params)?;
    let user = account(call)?
        .users
        .get(name)
        .ok_or_else(|| no_such("user", name))?;
    let own = user
        .credentials
        .iter()
        .filter(|(_, credential)| credential.kind == kind);
    let page = page(
        call,
        params,
        name,
        own.map(|(id, credential)| (id.as_str(), (id, credential))),
    )?;
    Ok(Reply::xml(|xml| {
        xml.members(kind.list_name(), page.items, |xml, (id, credential)| {
            write(xml, name, id, credential);
        });
        write_end(xml, page.next);
    }))
}

fn write(xml: &mut Xml, user: &str, id: &str, credential: &Credential) {
    let created = rfc3339_ms(credential.created);
    xml.text("UserName", user)
        .text(credential.kind.id_name(), id)
        .text("Status", credential.status.as_str());
    match credential.kind {
        CredentialKind::ServiceSpecific => xml
            .text("ServiceUserName", format!("{user}-at-range"))
            .text("ServiceName", "codecommit.amazonaws.com")
            .text("CreateDate", created),
        CredentialKind::SshPublicKey => xml.text("UploadDate", created),
        CredentialKind::SigningCertificate => xml
            .text("CertificateBody", CERTIFICATE)
            .text("UploadDate", created),
    };
}

pub(super) fn update(call: &mut Call<'_>, kind: CredentialKind) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let name = named_or_caller(call, params)?;
    let id = params.required(kind.id_name())?;
    let status = requested_status(params)?;
    let user = account_mut(call)?
        .users
        .get_mut(name)
        .ok_or_else(|| no_such("user", name))?;
    let credential = user
        .credentials
        .get_mut(id)
        .filter(|credential| credential.kind == kind)
        .ok_or_else(|| no_such_credential(kind, id))?;
    credential.status = status;
    Ok(Reply::xml(|_| {}))
}

fn no_such_credential(kind: CredentialKind, id: &str) -> AwsError {
    AwsError::new(
        "NoSuchEntity",
        format!("The {} with id {id} cannot be found.", kind.noun()),
    )
    .with_status(404)
}
