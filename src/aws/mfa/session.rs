//! Opens the MFA session of a user with a code, or takes the cached one.

use aws_credential_types::Credentials;
use tracing::warn;

use super::device::{Device, SerialOrigin};
use crate::aws::caller::Caller;
use crate::aws::client::Aws;
use crate::aws::error::{CallError, ErrorClass};
use crate::aws::session::Session;
use crate::config::MfaSerial;
use dragnet_model::Operation;

/// After a rejected code, another one is requested, up to this many. More wrong codes would lock
/// out no user, but suggest that the codes are guesses.
const MAX_CODES: u32 = 3;

impl Aws {
    /// Returns the MFA session of the source credentials: the cached one, else a new one for a
    /// code.
    pub(in crate::aws) async fn mfa_session(
        &self,
        source: &Session,
        device: &Device,
    ) -> Result<Credentials, CallError> {
        if let Some(error) = device.failure.get() {
            return Err(error.clone());
        }
        let session = self.open_mfa_session(source, device).await;
        if let Err(error) = session.as_ref().map_err(Clone::clone)
            && error.class == ErrorClass::Denied
        {
            // If it is already set, the earlier error says the same.
            _ = device.failure.set(error);
        }
        session
    }

    async fn open_mfa_session(
        &self,
        source: &Session,
        device: &Device,
    ) -> Result<Credentials, CallError> {
        let keys = self.credentials(source).await?;
        if let Some(cached) = self.cached_session(device, &keys).await? {
            return Ok(cached);
        }
        let caller = self.caller().await?;
        if device.origin == SerialOrigin::Profile && is_session(&caller, &keys) {
            if device.mark_unused() {
                warn!(
                    "the mfa_serial of the profile is not used: the source credentials are a session already"
                );
            }
            return Ok(keys);
        }
        if let Some(obstacle) = find_obstacle(&caller, &keys, &device.serial) {
            return Err(self.mfa_error("MfaNotPossible", obstacle));
        }
        let mut rejection: Option<String> = None;
        for _ in 0..MAX_CODES {
            let code = device
                .codes
                .next_code(device.serial.as_str(), rejection.as_deref())
                .await;
            let code = code.map_err(|problem| self.mfa_error("NoMfaCode", problem))?;
            match self
                .get_session_token(source, device.serial.as_str(), &code)
                .await
            {
                Ok(session) => {
                    if let Some(Err(error)) = device
                        .cache
                        .as_ref()
                        .map(|cache| cache.store(&keys, &session))
                    {
                        warn!(%error, "failed to cache the MFA session; the next command will need another code");
                    }
                    return Ok(session);
                }
                Err(error) if is_rejected_code(&error) => {
                    rejection = Some(error.message.trim().to_owned());
                }
                Err(error) => return Err(error),
            }
        }
        let rejection = rejection.unwrap_or_default();
        Err(self.mfa_error(
            "MfaCodeRefused",
            format!("AWS rejected {MAX_CODES} MFA codes: {rejection}"),
        ))
    }

    /// Returns the cached session, if it has not expired and AWS still accepts it.
    ///
    /// # Errors
    /// Others may know the session, or have chosen it.
    async fn cached_session(
        &self,
        device: &Device,
        keys: &Credentials,
    ) -> Result<Option<Credentials>, CallError> {
        let Some(cache) = &device.cache else {
            return Ok(None);
        };
        let loaded = cache.load(keys).map_err(|error| {
            let advice = format!("{error}; or remove the file with `dragnet doctor --forget`");
            self.mfa_error("MfaSessionFile", advice)
        })?;
        let Some(cached) = loaded.filter(|cached| self.is_fresh(cached)) else {
            return Ok(None);
        };
        let probe = Session::from_credentials(cached.clone());
        match self.identity(&probe).await {
            Err(error) if matches!(error.class, ErrorClass::Denied | ErrorClass::Expired) => {
                // A file that cannot be removed is replaced by the next session.
                _ = cache.remove();
                Ok(None)
            }
            _ => Ok(Some(cached)),
        }
    }

    fn mfa_error(&self, code: &str, message: String) -> CallError {
        CallError {
            account: self.caller.get().map(|caller| caller.account),
            ..CallError::local(
                Operation::GetSessionToken.as_str(),
                self.home(),
                ErrorClass::Denied,
                code,
                message,
            )
        }
    }
}

/// What to do if the source credentials cannot open an MFA session.
const REMEDY: &str = "remove mfa_serial and log in with that identity's own MFA, or use an IAM user's keys as the source \
                      (identity.profile)";

/// Whether the credentials are a session, for which the AWS CLI ignores the `mfa_serial` of a
/// profile. It may have been opened with MFA, as by `aws-vault export`.
fn is_session(caller: &Caller, keys: &Credentials) -> bool {
    keys.session_token().is_some() || !caller.arn.resource().starts_with("user/")
}

/// Returns why these credentials cannot open an MFA session with this device, if they cannot.
fn find_obstacle(caller: &Caller, keys: &Credentials, serial: &MfaSerial) -> Option<String> {
    let resource = caller.arn.resource();
    if !resource.starts_with("user/") {
        return Some(format!(
            "an MFA device belongs to an IAM user, but the source credentials belong to {}; {REMEDY}",
            caller.arn
        ));
    }
    if keys.session_token().is_some() {
        return Some(format!(
            "the source credentials of {} are temporary, and only the long-term keys of a user can open an MFA session; \
             {REMEDY}",
            caller.arn
        ));
    }
    let account = serial.account()?;
    (account != caller.account).then(|| {
        format!(
            "MFA device {serial} is not in the account of its user {}; correct mfa_serial",
            caller.arn
        )
    })
}

/// Whether another code may succeed. If the device does not belong to the user, none can.
///
/// Source: the text of STS's errors, which have no error code for this.
fn is_rejected_code(error: &CallError) -> bool {
    error.class == ErrorClass::Denied && error.message.contains("invalid MFA one time pass code")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obstacle(arn: &str, token: Option<&str>, serial: &str) -> Option<String> {
        let arn: dragnet_model::Arn = arn.parse().unwrap();
        let caller = Caller {
            account: arn.account().unwrap(),
            partition: arn.partition().unwrap(),
            arn,
        };
        let keys = Credentials::new("AKIA", "s", token.map(str::to_owned), None, "test");
        find_obstacle(&caller, &keys, &serial.parse().unwrap())
    }

    #[test]
    fn mfa_session_needs_long_term_keys_of_the_same_account() {
        let alice = "arn:aws:iam::111111111111:user/alice";
        let device = "arn:aws:iam::111111111111:mfa/alice";
        assert_eq!(obstacle(alice, None, device), None);
        assert_eq!(
            obstacle(
                "arn:aws-cn:iam::111111111111:user/ops/alice",
                None,
                "GAHT12345678"
            ),
            None
        );
        for (arn, token, part) in [
            (
                "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Audit/alice",
                Some("t"),
                "belongs to an IAM user",
            ),
            (
                "arn:aws:sts::111111111111:federated-user/alice",
                Some("t"),
                "belongs to an IAM user",
            ),
            (
                "arn:aws:iam::111111111111:root",
                None,
                "belongs to an IAM user",
            ),
            (alice, Some("t"), "are temporary"),
        ] {
            let text = obstacle(arn, token, device).unwrap();
            assert!(
                text.contains(part) && text.contains("remove mfa_serial"),
                "{text}"
            );
        }
        assert!(
            obstacle(alice, None, "arn:aws:iam::222222222222:mfa/alice")
                .unwrap()
                .contains("is not in the account of its user")
        );
    }
}
