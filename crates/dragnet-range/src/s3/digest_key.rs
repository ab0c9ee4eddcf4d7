//! The keys that sign digests. Every Region has one, as on AWS.
//!
//! The keys are only for practice: they are part of the source, so that a range has the same
//! digests after a restart.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use sha2::{Digest, Sha256};

use super::delivery::spread;
use dragnet_model::Region;

/// The keys in PKCS #8; half of the Regions have each.
const PRIVATE_KEYS: [&[u8]; 2] = [
    include_bytes!("../../keys/digest-1.pk8"),
    include_bytes!("../../keys/digest-2.pk8"),
];

static KEY_PAIRS: OnceLock<Vec<RsaKeyPair>> = OnceLock::new();

fn key_pair(region: &Region) -> Option<&'static RsaKeyPair> {
    let pairs = KEY_PAIRS.get_or_init(|| {
        PRIVATE_KEYS
            .iter()
            .filter_map(|key| RsaKeyPair::from_pkcs8(key).ok())
            .collect()
    });
    let number = spread(region.as_str(), 2);
    pairs.get(usize::try_from(number).unwrap_or_default())
}

/// The public key of a Region in PKCS #1, as `ListPublicKeys` returns it.
pub(crate) fn public_key(region: &Region) -> Vec<u8> {
    key_pair(region).map_or_else(Vec::new, |pair| pair.public_key().as_ref().to_vec())
}

/// The fingerprint of a public key. AWS does not document how it is computed.
pub(crate) fn key_fingerprint(public_key: &[u8]) -> String {
    let mut text = hex::encode(Sha256::digest(public_key));
    text.truncate(32);
    text
}

/// Signs a text with SHA-256 and RSA. The signature is in hexadecimal.
///
/// Source: CloudTrail user guide, "CloudTrail digest file structure" (`SHA256withRSA`).
pub(super) fn sign(region: &Region, text: &str) -> String {
    let Some(pair) = key_pair(region) else {
        return String::new();
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    // Signing fails only if the length of the buffer is wrong.
    _ = pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    );
    hex::encode(signature)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    #[test]
    fn signature_verifies_with_the_key_of_the_region_only() {
        let region = |name: &str| -> Region { name.parse().unwrap() };
        let home = region("us-east-1");
        let signature = hex::decode(sign(&home, "text")).unwrap();
        let verifies = |region: &Region, text: &str| {
            let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key(region));
            key.verify(text.as_bytes(), &signature).is_ok()
        };
        assert!(verifies(&home, "text") && !verifies(&home, "other"));
        let others = [
            "us-east-2",
            "us-west-1",
            "us-west-2",
            "eu-west-1",
            "eu-central-1",
        ];
        assert!(others.iter().any(|name| !verifies(&region(name), "text")));
    }
}
