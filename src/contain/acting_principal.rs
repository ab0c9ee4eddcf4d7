//! The principal behind the identity in a record: the user or role that can be contained.

use crate::config::PrincipalSelector;
use dragnet_model::{Arn, PrincipalKind, UserIdentity};

/// Whether both select the same principal, ignoring its path and letter case.
pub(super) fn selects_same_principal(one: &PrincipalSelector, other: &PrincipalSelector) -> bool {
    one.kind == other.kind
        && one.account == other.account
        && one.name.as_str().eq_ignore_ascii_case(other.name.as_str())
}

/// Returns the user or role behind an identity. A session belongs to its role.
pub(super) fn resolve_principal(identity: &UserIdentity<'_>) -> Result<PrincipalSelector, String> {
    match &*identity.kind {
        "Root" => {
            return Err(
                "the root user of an account cannot be blocked by a policy in the account: change its password and \
                 delete its access keys, or deny it with an SCP"
                    .to_owned(),
            );
        }
        "FederatedUser" => {
            return Err(
                "a federated user has the permissions of the user who called GetFederationToken: contain that user"
                    .to_owned(),
            );
        }
        _ if identity.arn.contains("AWSReservedSSO_") => {
            return Err(
                "it comes from IAM Identity Center. In this order: deny its user id with an SCP \
                 (contain plan --emit scp), remove the assignment, disable the user in the identity provider"
                    .to_owned(),
            );
        }
        _ => {}
    }
    let issuer = &*identity.session_issuer_arn;
    let arn = if issuer.is_empty() {
        &*identity.arn
    } else {
        issuer
    };
    PrincipalSelector::from_arn(arn)
        .or_else(|_| role_of_session(arn))
        .map_err(|()| "it is not a role or a user of an account".to_owned())
}

/// Returns the role of `arn:aws:sts::111111111111:assumed-role/Name/session`. Its path is not
/// known.
fn role_of_session(arn: &str) -> Result<PrincipalSelector, ()> {
    let arn: Arn = arn.parse().map_err(drop)?;
    let name = arn
        .resource()
        .strip_prefix("assumed-role/")
        .and_then(|rest| rest.split('/').next())
        .ok_or(())?;
    let selector =
        PrincipalSelector::named(PrincipalKind::Role, Some(arn.account().ok_or(())?), name)
            .map_err(drop)?;
    // A name from a log must not act as a pattern.
    if selector.is_exact() {
        Ok(selector)
    } else {
        Err(())
    }
}
