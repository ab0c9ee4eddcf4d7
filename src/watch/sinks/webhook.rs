//! The webhook sink: posts the alert as JSON, with a signature.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// When the alert was signed, in seconds since the Unix epoch.
const TIMESTAMP: &str = "dragnet-timestamp";
/// `v1=` and the hexadecimal HMAC-SHA256 of `<timestamp>.<body>`.
const SIGNATURE: &str = "dragnet-signature";
/// The id of the alert, which is the same for every attempt.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The secrets of a webhook.
#[derive(Clone, Copy)]
pub(super) struct Secrets<'a> {
    /// The signing key.
    pub key: Option<&'a SecretString>,
    /// The `Authorization` header.
    pub authorization: Option<&'a SecretString>,
}

/// The headers of an alert. The signature covers the time, so a receiver can refuse a replayed
/// alert.
pub(super) fn headers(
    secrets: Secrets<'_>,
    id: &str,
    body: &str,
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let timestamp = now.as_second().to_string();
    let mut headers = vec![(IDEMPOTENCY_KEY, id.to_owned())];
    if let Some(key) = secrets.key {
        let signature = hex::encode(signature(key.expose_secret(), &timestamp, body));
        headers.push((SIGNATURE, format!("v1={signature}")));
    }
    if let Some(authorization) = secrets.authorization {
        headers.push(("authorization", authorization.expose_secret().to_owned()));
    }
    headers.push((TIMESTAMP, timestamp));
    headers
}

fn signature(key: &str, timestamp: &str, body: &str) -> impl AsRef<[u8]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    for part in [timestamp, ".", body] {
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_covers_time_and_body() {
        let headers = |body: &str| {
            let now = "2026-03-01T12:00:00Z".parse().unwrap();
            let key = SecretString::from("key");
            let secrets = Secrets {
                key: Some(&key),
                authorization: None,
            };
            let values = headers(secrets, "s-1", body, now).into_iter();
            values.map(|(_, value)| value).collect::<Vec<String>>()
        };
        // printf '1772366400.{"a":1}' | openssl dgst -sha256 -hmac key
        let expected = "90a64f88ebf606de162bfece044c01c80129bba6361c091018f52b4b50366e6b";
        assert_eq!(
            headers("{\"a\":1}"),
            ["s-1", &format!("v1={expected}"), "1772366400"]
        );
        assert_ne!(headers("{\"a\":2}")[1], headers("{\"a\":1}")[1]);
    }

    #[test]
    fn authorization_needs_no_signing_key() {
        let authorization = SecretString::from("Basic eA==");
        let secrets = Secrets {
            key: None,
            authorization: Some(&authorization),
        };
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let headers = headers(secrets, "s-1", "{}", now);
        assert!(headers.contains(&("authorization", "Basic eA==".to_owned())));
        assert!(headers.iter().all(|(name, _)| *name != SIGNATURE));
    }
}
