//! Reads what a user has besides access keys to sign in or to call AWS, and when the principals
//! that a role trusts were last used.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::trust::trusted_principals;
use crate::aws::{Aws, CredentialKind, PrincipalDetail, Session};
use crate::settings::ContainAction;
use dragnet_model::{AccountId, Principal, PrincipalKind};

/// How many trusted users are looked up in one account. IAM takes seconds for each report.
const MAX_REPORTS: usize = 10;

/// When the roles of an account were last used, by their ARNs.
pub(super) type RoleUses = BTreeMap<String, String>;

/// Returns when these roles were last used.
///
/// Source: IAM API, `RoleLastUsed`: IAM keeps it for about 400 days.
pub(super) fn role_uses(roles: &[PrincipalDetail]) -> RoleUses {
    let describe = |role: &PrincipalDetail| match &role.last_used {
        Some(used) => format!("last used {} in {}", used.at, used.region),
        None => "no use is known".to_owned(),
    };
    roles
        .iter()
        .map(|role| (role.principal.to_string(), describe(role)))
        .collect()
}

impl Candidate {
    /// Reads the credentials of a user besides access keys, the password and the MFA devices.
    pub(super) async fn read_inventory(&mut self, aws: &Aws, session: &Session) {
        let principal = self.detail.principal.clone();
        let user = principal.name();
        for kind in CredentialKind::ALL {
            match aws.user_credentials(session, user, kind).await {
                Ok(found) => self.credentials.extend(found),
                Err(error) => {
                    let unread = format!("{}s: {error}", kind.describe());
                    self.note_unread(&[ContainAction::DeactivateCredentials], unread);
                }
            }
        }
        match aws.has_login_profile(session, user).await {
            Ok(exists) => self.has_login_profile = Some(exists),
            Err(error) => {
                let unread = format!("console password: {error}");
                self.note_unread(&[ContainAction::DeleteLoginProfile], unread);
            }
        }
        match aws.mfa_devices(session, user).await {
            Ok(devices) => self.mfa_devices = devices,
            Err(error) => {
                let unread = format!("MFA devices: {error}");
                self.note_unread(&[ContainAction::DeactivateMfa], unread);
            }
        }
    }

    /// Describes the principals that a role trusts, with their last use as far as IAM of the
    /// account knows it.
    pub(super) async fn read_trusted(&mut self, aws: &Aws, session: &Session, uses: &RoleUses) {
        let account = self.detail.principal.account();
        let mut reports = 0;
        for trusted in trusted_principals(&self.detail.trust) {
            let user = trusted.parse::<Principal>().ok().filter(|principal| {
                principal.account() == account && principal.kind() == PrincipalKind::User
            });
            let last_use = match (uses.get(&trusted), user) {
                (Some(use_of_role), _) => use_of_role.clone(),
                (None, Some(user)) if reports < MAX_REPORTS => {
                    reports += 1;
                    describe_services_used(aws, session, &user).await
                }
                _ => describe_other(&trusted, account),
            };
            self.trusted.push(format!("{trusted} ({last_use})"));
        }
    }
}

/// Describes when a user last used a service.
async fn describe_services_used(aws: &Aws, session: &Session, user: &Principal) -> String {
    match aws.services_used(session, user).await {
        Ok(Some(services)) => services.first().map_or_else(
            || "no use is known".to_owned(),
            |used| format!("last used {} at {}", used.service, used.at),
        ),
        Ok(None) | Err(_) => "last use unknown".to_owned(),
    }
}

/// Describes a principal whose last use IAM of the account does not know.
fn describe_other(trusted: &str, account: AccountId) -> String {
    let what = if trusted == "*" {
        "every principal of AWS that its policies allow"
    } else if trusted.ends_with(":root") || trusted.len() == 12 {
        "every principal of this account that its policies allow"
    } else if trusted.contains("-provider/") {
        "everybody who signs in through this identity provider"
    } else if !trusted.starts_with("arn:") {
        "an AWS service, for the resources that run with this role"
    } else if trusted.contains(&account.to_string()) {
        "a principal of this account"
    } else {
        "a principal of another account"
    };
    format!("{what}; last use unknown")
}

#[cfg(test)]
mod tests {
    use super::describe_other;

    #[test]
    fn every_kind_of_trusted_principal_is_described() {
        let account = "111111111111".parse().unwrap();
        for (trusted, expected) in [
            ("*", "every principal of AWS"),
            ("222222222222", "every principal of this account"),
            (
                "arn:aws:iam::222222222222:root",
                "every principal of this account",
            ),
            ("lambda.amazonaws.com", "an AWS service"),
            (
                "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com",
                "identity provider",
            ),
            (
                "arn:aws:iam::111111111111:role/Gone",
                "a principal of this account",
            ),
            (
                "arn:aws:iam::222222222222:role/CI",
                "a principal of another account",
            ),
        ] {
            let described = describe_other(trusted, account);
            assert!(described.contains(expected), "{trusted}: {described}");
        }
    }
}
