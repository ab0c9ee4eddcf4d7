//! MFA: one code opens one session of the user, and every role is assumed from that session.
//!
//! Source: IAM user guide, "MFA-protected API access": credentials of `GetSessionToken` carry the
//! MFA context, those of `AssumeRole` do not; a device belongs to an IAM user.

mod cache;
mod code;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use aws_credential_types::Credentials;
use jiff::Timestamp;
use tracing::warn;

use super::connect::Aws;
use super::error::{CallError, ErrorClass};
use super::session::Session;
use super::sts::Caller;
use crate::config::MfaSerial;
use crate::model::Operation;
use cache::SessionCache;
pub use code::{CodeSource, MfaCode, NotACode};

/// After a rejected code, another one is requested, up to this many. More wrong codes would lock
/// out no user, but suggest that the codes are guesses.
const TRIES: u32 = 3;

/// A user's MFA device, and what is known of its session.
#[derive(Debug)]
pub(super) struct Device {
    serial: MfaSerial,
    codes: Arc<dyn CodeSource>,
    cache: Option<SessionCache>,
    /// Why no session can be opened. It is set once: a thousand accounts must not prompt a thousand
    /// times.
    given_up: OnceLock<CallError>,
}

/// The MFA device and its session, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaStanding {
    /// The serial number of the device.
    pub serial: MfaSerial,
    /// When the session ends, if there is one.
    pub session_until: Option<Timestamp>,
}

impl Device {
    /// Creates a device. If a `directory` is given, its session is cached there under the profile's
    /// name.
    pub fn new(
        serial: MfaSerial,
        codes: Arc<dyn CodeSource>,
        directory: Option<&Path>,
        profile: &str,
    ) -> Self {
        let cache =
            directory.map(|directory| SessionCache::new(directory, profile, serial.as_str()));
        Self {
            serial,
            codes,
            cache,
            given_up: OnceLock::new(),
        }
    }

    /// The serial number of the device.
    pub fn serial(&self) -> &MfaSerial {
        &self.serial
    }

    /// Removes the cached session. Returns whether there was one.
    ///
    /// # Errors
    /// The cache file cannot be removed.
    pub fn forget_session(&self) -> std::io::Result<bool> {
        self.cache.as_ref().map_or(Ok(false), SessionCache::remove)
    }
}

impl Aws {
    /// Returns the MFA session of the source credentials: the cached one, else a new one for a
    /// code.
    pub(super) async fn mfa_session(
        &self,
        source: &Session,
        device: &Device,
    ) -> Result<Credentials, CallError> {
        if let Some(error) = device.given_up.get() {
            return Err(error.clone());
        }
        let session = self.open_mfa_session(source, device).await;
        if let Err(error) = session.as_ref().map_err(Clone::clone)
            && error.class == ErrorClass::Denied
        {
            // If it is already set, the earlier error says the same.
            _ = device.given_up.set(error);
        }
        session
    }

    async fn open_mfa_session(
        &self,
        source: &Session,
        device: &Device,
    ) -> Result<Credentials, CallError> {
        let keys = self.credentials(source).await?;
        if let Some(kept) = self.kept_session(device, &keys).await {
            return Ok(kept);
        }
        if let Some(objection) = objection(&self.caller().await?, &keys, &device.serial) {
            return Err(self.no_session("MfaNotPossible", objection));
        }
        let mut refusal: Option<String> = None;
        for _ in 0..TRIES {
            let code = device
                .codes
                .next_code(device.serial.as_str(), refusal.as_deref())
                .await;
            let code = code.map_err(|problem| self.no_session("NoMfaCode", problem))?;
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
                        warn!(%error, "the MFA session is not kept for the next command");
                    }
                    return Ok(session);
                }
                Err(error) if is_refused_code(&error) => {
                    refusal = Some(error.message.trim().to_owned());
                }
                Err(error) => return Err(error),
            }
        }
        let refusal = refusal.unwrap_or_default();
        Err(self.no_session(
            "MfaCodeRefused",
            format!("{TRIES} codes were refused: {refusal}"),
        ))
    }

    /// Returns the cached session, if it has not expired and AWS still accepts it.
    async fn kept_session(&self, device: &Device, keys: &Credentials) -> Option<Credentials> {
        let cache = device.cache.as_ref()?;
        let kept = cache.load(keys).filter(|kept| self.is_fresh(kept))?;
        let probe = Session::of_credentials(kept.clone());
        match self.identity(&probe).await {
            Err(error) if matches!(error.class, ErrorClass::Denied | ErrorClass::Expired) => {
                // A file that cannot be removed is replaced by the next session.
                _ = cache.remove();
                None
            }
            _ => Some(kept),
        }
    }

    fn no_session(&self, code: &str, message: String) -> CallError {
        CallError {
            class: ErrorClass::Denied,
            code: code.to_owned(),
            message,
            request_id: String::new(),
            operation: Operation::GetSessionToken.as_str(),
            account: self.caller.get().map(|caller| caller.account),
            role: None,
            region: self.home().clone(),
            attempts: 1,
        }
    }
}

/// Returns why these credentials cannot open an MFA session with this device, if they cannot.
fn objection(caller: &Caller, keys: &Credentials, serial: &MfaSerial) -> Option<String> {
    let instead = "remove mfa_serial and log in with that identity's own MFA, or take an IAM user's keys as the source \
                   (identity.profile)";
    let resource = caller.arn.resource();
    if !resource.starts_with("user/") {
        return Some(format!(
            "an MFA device belongs to an IAM user, but the source credentials are those of {}: {instead}",
            caller.arn
        ));
    }
    if keys.session_token().is_some() {
        return Some(format!(
            "the source credentials of {} are a session already, and only a user's long-term keys can begin an MFA \
             session: {instead}",
            caller.arn
        ));
    }
    let account = serial.account()?;
    (account != caller.account).then(|| {
        format!(
            "the device {serial} is in another account than its user, {}: correct mfa_serial",
            caller.arn
        )
    })
}

/// Whether another code may succeed. If the device does not belong to the user, none can.
///
/// Source: the text of STS's errors, which have no error code for this.
fn is_refused_code(error: &CallError) -> bool {
    error.class == ErrorClass::Denied && error.message.contains("invalid MFA one time pass code")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(arn: &str, token: Option<&str>, serial: &str) -> Option<String> {
        let arn: crate::model::Arn = arn.parse().unwrap();
        let caller = Caller {
            account: arn.account().unwrap(),
            partition: arn.partition().unwrap(),
            arn,
        };
        let keys = Credentials::new("AKIA", "s", token.map(str::to_owned), None, "test");
        objection(&caller, &keys, &serial.parse().unwrap())
    }

    #[test]
    fn only_a_users_long_term_keys_have_a_device() {
        let alice = "arn:aws:iam::111111111111:user/alice";
        let device = "arn:aws:iam::111111111111:mfa/alice";
        assert_eq!(told(alice, None, device), None);
        assert_eq!(
            told(
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
            (alice, Some("t"), "a session already"),
        ] {
            let objection = told(arn, token, device).unwrap();
            assert!(
                objection.contains(part) && objection.contains("remove mfa_serial"),
                "{objection}"
            );
        }
        assert!(
            told(alice, None, "arn:aws:iam::222222222222:mfa/alice")
                .unwrap()
                .contains("another account")
        );
    }
}
