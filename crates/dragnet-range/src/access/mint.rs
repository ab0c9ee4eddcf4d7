//! Generates ids, secrets and session tokens that look random but are the same for the same seed.
//!
//! A session token *is* the session in signed form, so the range keeps no list of sessions. A
//! hundred thousand sessions need no memory, and a session that a client cached is still valid
//! after the process is restarted.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use dragnet_model::AccountId;

/// The base 32 alphabet of AWS ids.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The generator of ids, secrets and signatures, all derived from the seed.
#[derive(Clone, Debug)]
pub(crate) struct Mint {
    seed: u64,
    sequence: u64,
}

/// A session of temporary credentials; this is the content of a session token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The access key id that belongs to the token, `ASIA…`.
    pub(crate) access_key_id: String,
    pub(crate) account: AccountId,
    pub(crate) holder: Holder,
    /// Seconds since the Unix epoch.
    pub(crate) issued_s: i64,
    /// Seconds since the Unix epoch.
    pub(crate) expires_s: i64,
    /// Whether an MFA code was checked when the session was issued.
    pub(crate) mfa: bool,
    /// The inline session policy.
    pub(crate) policy: Option<String>,
    /// `SourceIdentity`, which is passed on along a role chain.
    pub(crate) source_identity: Option<String>,
    /// The keys of the tags that are passed on along a role chain, in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) transitive_tag_keys: Vec<String>,
    /// Whether the global STS endpoint issued it; such sessions are not valid in opt-in Regions.
    pub(crate) global: bool,
}

/// The user or role that a session belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Holder {
    /// A user, with a session of `GetSessionToken`.
    User { name: String },
    /// A role, with a session of `AssumeRole`.
    Role {
        name: String,
        /// The unique id of the role. A role that is deleted and created again with the same name
        /// gets another id, so its old sessions are invalid.
        id: String,
        session: String,
    },
}

impl Session {
    pub(crate) fn issued(&self) -> Timestamp {
        Timestamp::from_second(self.issued_s).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    pub(crate) fn expires(&self) -> Timestamp {
        Timestamp::from_second(self.expires_s).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Mint {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, sequence: 0 }
    }

    /// Returns an HMAC of `data` with the key of this range. The purpose keeps ids, secrets and
    /// tokens apart.
    fn digest(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        let mut key = *b"dragnet practice range key 00000";
        key[24..].copy_from_slice(&self.seed.to_be_bytes());
        let mut mac = hmac(&key);
        mac.update(purpose.as_bytes());
        mac.update(b"\n");
        mac.update(data);
        mac.finalize().into_bytes().into()
    }

    /// An id derived from its purpose: `prefix` and `length` characters of base 32.
    pub(crate) fn id_for(&self, prefix: &str, purpose: &str, length: usize) -> String {
        let digest = self.digest("id", purpose.as_bytes());
        let body = digest
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        prefix.chars().chain(body.take(length)).collect()
    }

    /// The next id in sequence; ids are not repeated.
    pub(crate) fn next_id(&mut self, prefix: &str, length: usize) -> String {
        self.sequence += 1;
        self.id_for(prefix, &self.sequence.to_string(), length)
    }

    /// The next request or event id, in the form of a UUID.
    pub(crate) fn next_uuid(&mut self) -> String {
        self.sequence += 1;
        self.uuid_for(&self.sequence.to_string())
    }

    /// A UUID derived from its purpose.
    pub(crate) fn uuid_for(&self, purpose: &str) -> String {
        let text = hex::encode(&self.digest("uuid", purpose.as_bytes())[..16]);
        [
            &text[..8],
            &text[8..12],
            &text[12..16],
            &text[16..20],
            &text[20..],
        ]
        .join("-")
    }

    /// The secret that belongs to an access key id: 40 characters.
    pub(crate) fn secret_of(&self, access_key_id: &str) -> String {
        STANDARD_NO_PAD.encode(&self.digest("secret", access_key_id.as_bytes())[..30])
    }

    /// The MFA secret of a device: 20 bytes, as for AWS's virtual devices.
    pub(crate) fn mfa_secret_of(&self, serial: &str) -> Vec<u8> {
        self.digest("mfa", serial.as_bytes())[..20].to_vec()
    }

    /// Returns the session token of a session: the session as JSON, with a signature.
    pub(crate) fn encode_session(&self, session: &Session) -> String {
        // Serializing plain data cannot fail. If it did, `decode_session` would reject the empty
        // payload.
        let payload = serde_json::to_vec(session).unwrap_or_default();
        let signature = self.digest("session", &payload);
        URL_SAFE_NO_PAD.encode([&signature[..16], &payload].concat())
    }

    /// Returns the session in a token, or `None` if this range did not issue it.
    pub(crate) fn decode_session(&self, token: &str) -> Option<Session> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (signature, payload) = bytes.split_at_checked(16)?;
        (self.digest("session", payload)[..16] == *signature)
            .then(|| serde_json::from_slice(payload).ok())?
    }
}

/// HMAC-SHA-256 under `key`.
pub(super) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_valid_only_with_its_seed() {
        let session = Session {
            access_key_id: "ASIA".to_owned(),
            account: "111111111111".parse().unwrap(),
            holder: Holder::User {
                name: "alice".to_owned(),
            },
            issued_s: 0,
            expires_s: 3_600,
            mfa: false,
            policy: None,
            source_identity: None,
            transitive_tag_keys: Vec::new(),
            global: false,
        };
        let token = Mint::new(1).encode_session(&session);
        assert_eq!(Mint::new(1).decode_session(&token), Some(session));
        assert_eq!(Mint::new(2).decode_session(&token), None);
        assert_eq!(Mint::new(1).decode_session("AAAA"), None);
        assert_eq!(Mint::new(1).decode_session(&token.replace('a', "b")), None);
    }

    #[test]
    fn ids_have_aws_format_and_depend_on_seed() {
        let mut mint = Mint::new(7);
        let id = mint.next_id("ASIA", 16);
        assert_eq!(id.len(), 20);
        assert_eq!(id, Mint::new(7).next_id("ASIA", 16));
        assert_ne!(id, mint.next_id("ASIA", 16));
        assert_eq!(mint.next_uuid().len(), 36);
        assert_eq!(mint.secret_of("AKIA").len(), 40);
    }
}
