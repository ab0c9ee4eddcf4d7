//! The signatures of digests.
//!
//! CloudTrail signs each digest with a key of its Region. The signature covers the end of the hour, the
//! bucket and the key, the hash of the content, and the signature of the digest before, so none of them
//! can be changed, also not by copying a digest to another key.
//!
//! Source: CloudTrail user guide, "Custom implementations of CloudTrail log file integrity validation";
//! "CloudTrail digest file structure", `digestSignatureAlgorithm` and the metadata of digest files.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::digest::Digest;

/// The only signature algorithm of digests: RSA, PKCS #1 version 1.5, with SHA-256.
const SHA256_WITH_RSA: &str = "SHA256withRSA";

/// The names of the metadata of digests, as S3 returns them without `x-amz-meta-`.
const SIGNATURE: &str = "signature";
const ALGORITHM: &str = "signature-algorithm";
const BACKFILL_TIME: &str = "backfill-generation-timestamp";

/// How long after its end a digest may be signed, in milliseconds. A key that became valid in this time
/// may have signed it.
const SIGNING_MS: i64 = 86_400_000;

/// What the signed text has in place of a previous signature in the first digest of a chain.
const NO_SIGNATURE: &str = "null";

/// How much of an unexpected value a message contains, in characters.
const SHOWN: usize = 80;

/// A public key of a Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The fingerprint, by which digests name it.
    pub fingerprint: String,
    /// The RSA key in PKCS #1, DER.
    pub der: Vec<u8>,
    /// From when on it is valid, in milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// Until when it is valid, in milliseconds since the Unix epoch.
    pub to_ms: i64,
}

/// The signature of a digest, from the metadata of its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestSignature {
    hex: String,
    bytes: Vec<u8>,
    /// When a backfill digest was generated, in milliseconds since the Unix epoch.
    generated_ms: Option<i64>,
}

/// Why a digest does not count as signed by CloudTrail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignature {
    /// A name of the metadata is missing.
    #[error("its object has no metadata `x-amz-meta-{0}`, which CloudTrail writes")]
    Missing(&'static str),
    /// A value of the metadata is not one that CloudTrail writes.
    #[error("its metadata `x-amz-meta-{name}` is `{found}`, expected {expected}")]
    Metadata {
        /// The name.
        name: &'static str,
        /// The value.
        found: String,
        /// What CloudTrail writes.
        expected: &'static str,
    },
    /// No key of the Region with the fingerprint in the digest was valid at the time.
    #[error(
        "no public key of the Region has the fingerprint `{0}` that it names and was valid at its time"
    )]
    UnknownKey(String),
    /// The signature is not that of the content.
    #[error("its signature is wrong: CloudTrail did not write this content, or not to this key")]
    Wrong,
}

impl DigestSignature {
    /// Reads the metadata of the object of a digest, by name in lower case and without `x-amz-meta-`.
    ///
    /// # Errors
    /// The metadata are not those that CloudTrail writes.
    pub fn from_metadata(
        metadata: &BTreeMap<String, String>,
        is_backfill: bool,
    ) -> Result<Self, InvalidSignature> {
        let value = |name: &'static str| {
            metadata
                .get(name)
                .map(|value| value.trim())
                .ok_or(InvalidSignature::Missing(name))
        };
        let hex = value(SIGNATURE)?;
        let algorithm = value(ALGORITHM)?;
        if algorithm != SHA256_WITH_RSA {
            return Err(invalid(ALGORITHM, algorithm, SHA256_WITH_RSA));
        }
        let bytes = hex::decode(hex)
            .map_err(|_| invalid(SIGNATURE, hex, "a signature in hexadecimal digits"))?;
        let generated_ms = if is_backfill {
            let text = value(BACKFILL_TIME)?;
            let time: Result<Timestamp, jiff::Error> = text.parse();
            let time =
                time.map_err(|_| invalid(BACKFILL_TIME, text, "a time: 2026-11-27T10:04:04Z"))?;
            Some(time.as_millisecond())
        } else {
            None
        };
        Ok(Self {
            hex: hex.to_owned(),
            bytes,
            generated_ms,
        })
    }

    /// The signature in hexadecimal, as the next digest names it.
    pub fn as_hex(&self) -> &str {
        &self.hex
    }

    /// Verifies the signature of a digest, whose content has this SHA-256, with the keys of its Region.
    ///
    /// # Errors
    /// No key has signed it.
    pub fn verify(
        &self,
        digest: &Digest,
        sha256: [u8; 32],
        keys: &[PublicKey],
    ) -> Result<(), InvalidSignature> {
        let signed_ms = self
            .generated_ms
            .unwrap_or_else(|| digest.end_s.saturating_mul(1_000));
        let text = signed_text(digest, sha256);
        let fingerprint = digest.signed.key_fingerprint.as_str();
        let mut is_known = false;
        for key in keys {
            if key.fingerprint != fingerprint || !key.may_have_signed(signed_ms) {
                continue;
            }
            is_known = true;
            let public_key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.der);
            if public_key.verify(text.as_bytes(), &self.bytes).is_ok() {
                return Ok(());
            }
        }
        Err(if is_known {
            InvalidSignature::Wrong
        } else {
            InvalidSignature::UnknownKey(shorten(fingerprint))
        })
    }
}

impl PublicKey {
    /// Whether it was valid when, or in the day after, a digest was to be signed.
    fn may_have_signed(&self, signed_ms: i64) -> bool {
        self.from_ms <= signed_ms.saturating_add(SIGNING_MS) && signed_ms <= self.to_ms
    }
}

/// Returns the text that CloudTrail has signed.
fn signed_text(digest: &Digest, sha256: [u8; 32]) -> String {
    let Digest {
        bucket,
        key,
        signed,
        ..
    } = digest;
    let previous = signed.previous_signature.as_deref();
    format!(
        "{}\n{bucket}/{key}\n{}\n{}",
        signed.end_time,
        hex::encode(sha256),
        previous.unwrap_or(NO_SIGNATURE)
    )
}

/// Returns what identifies a signature: its hash, which is shorter.
pub(super) fn signature_id(hex: &str) -> [u8; 32] {
    Sha256::digest(hex.trim().as_bytes()).into()
}

fn invalid(name: &'static str, found: &str, expected: &'static str) -> InvalidSignature {
    InvalidSignature::Metadata {
        name,
        found: shorten(found),
        expected,
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
    use serde_json::json;

    use super::*;
    use crate::digests::test_digests::{TestChain, sha256};

    /// A key of the practice range.
    const PRIVATE_KEY: &[u8] = include_bytes!("../../crates/dragnet-range/keys/digest-1.pk8");
    const FINGERPRINT: &str = "be2f0b997552f44942837300ba1aba9d";

    /// A digest, the hash of its content, and the key pair of its Region.
    struct Signed {
        digest: Digest,
        sha256: [u8; 32],
        pair: RsaKeyPair,
    }

    impl Signed {
        fn new() -> Self {
            let mut chain = TestChain::new("main");
            chain.next_hour(&[]);
            let mut json = chain.next_hour(&[("a", "content")]);
            json["digestPublicKeyFingerprint"] = json!(FINGERPRINT);
            let text = json.to_string();
            Self {
                digest: Digest::parse(&text).unwrap(),
                sha256: sha256(&text),
                pair: RsaKeyPair::from_pkcs8(PRIVATE_KEY).unwrap(),
            }
        }

        fn key(&self) -> PublicKey {
            let end_ms = self.digest.end_s * 1_000;
            PublicKey {
                fingerprint: FINGERPRINT.to_owned(),
                der: self.pair.public_key().as_ref().to_vec(),
                from_ms: end_ms - 1,
                to_ms: end_ms + 1,
            }
        }

        /// Signs the text as the documentation has it, with the previous signature `00`.
        fn metadata(&self) -> BTreeMap<String, String> {
            let Digest { bucket, key, .. } = &self.digest;
            let hash = hex::encode(self.sha256);
            let text = format!("2026-11-27T12:04:04Z\n{bucket}/{key}\n{hash}\n00");
            let mut signature = vec![0; self.pair.public_modulus_len()];
            self.pair
                .sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    text.as_bytes(),
                    &mut signature,
                )
                .unwrap();
            BTreeMap::from([
                (SIGNATURE.to_owned(), hex::encode(signature)),
                (ALGORITHM.to_owned(), SHA256_WITH_RSA.to_owned()),
            ])
        }

        fn signature(&self) -> DigestSignature {
            DigestSignature::from_metadata(&self.metadata(), false).unwrap()
        }
    }

    #[test]
    fn signature_is_that_of_the_content_and_the_key() {
        let signed = Signed::new();
        let signature = signed.signature();
        let keys = [signed.key()];
        let verify = |digest: &Digest, sha256| signature.verify(digest, sha256, &keys);
        assert_eq!(verify(&signed.digest, signed.sha256), Ok(()));
        let wrong = Err(InvalidSignature::Wrong);
        assert_eq!(verify(&signed.digest, [1; 32]), wrong);
        let mut changed = signed.digest.clone();
        changed.bucket.push('x');
        assert_eq!(verify(&changed, signed.sha256), wrong);
        let mut changed = signed.digest.clone();
        changed.key.push('x');
        assert_eq!(verify(&changed, signed.sha256), wrong);
        let mut changed = signed.digest.clone();
        changed.signed.previous_signature = None;
        assert_eq!(verify(&changed, signed.sha256), wrong);
        let mut changed = signed.digest.clone();
        changed.signed.end_time.push('x');
        assert_eq!(verify(&changed, signed.sha256), wrong);
    }

    #[test]
    fn key_is_chosen_by_fingerprint_and_time() {
        let signed = Signed::new();
        let signature = signed.signature();
        let good = signed.key();
        let verify = |keys: &[PublicKey]| signature.verify(&signed.digest, signed.sha256, keys);
        let unknown = Err(InvalidSignature::UnknownKey(FINGERPRINT.to_owned()));
        let other = PublicKey {
            fingerprint: "00".to_owned(),
            ..good.clone()
        };
        let expired = PublicKey {
            to_ms: good.from_ms,
            ..good.clone()
        };
        let future = PublicKey {
            from_ms: good.from_ms + 2 * SIGNING_MS,
            to_ms: i64::MAX,
            ..good.clone()
        };
        for key in [&other, &expired, &future] {
            assert_eq!(verify(std::slice::from_ref(key)), unknown);
        }
        assert_eq!(verify(&[]), unknown);
        let broken = PublicKey {
            der: vec![0x30],
            ..good.clone()
        };
        assert_eq!(
            verify(std::slice::from_ref(&broken)),
            Err(InvalidSignature::Wrong)
        );
        assert_eq!(verify(&[other, broken, good]), Ok(()));
    }

    #[test]
    fn backfill_digest_is_signed_when_it_was_generated() {
        let signed = Signed::new();
        let mut metadata = signed.metadata();
        let missing = InvalidSignature::Missing(BACKFILL_TIME);
        assert_eq!(
            DigestSignature::from_metadata(&metadata, true),
            Err(missing)
        );
        metadata.insert(BACKFILL_TIME.to_owned(), "2026-12-20T00:00:00Z".to_owned());
        let signature = DigestSignature::from_metadata(&metadata, true).unwrap();
        let at_end = signed.key();
        let later = PublicKey {
            to_ms: i64::MAX,
            ..at_end.clone()
        };
        let verify = |key| signature.verify(&signed.digest, signed.sha256, &[key]);
        assert!(verify(at_end).is_err());
        assert_eq!(verify(later), Ok(()));
    }

    #[test]
    fn metadata_are_those_of_cloudtrail_or_an_error() {
        let signed = Signed::new();
        for (name, value, expected) in [
            (ALGORITHM, Some("SHA1withRSA"), "expected SHA256withRSA"),
            (ALGORITHM, None, "no metadata"),
            (SIGNATURE, Some("xyz"), "hexadecimal"),
            (SIGNATURE, None, "no metadata"),
        ] {
            let mut metadata = signed.metadata();
            metadata.remove(name);
            if let Some(value) = value {
                metadata.insert(name.to_owned(), value.to_owned());
            }
            let error = DigestSignature::from_metadata(&metadata, false).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
