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

/// The headers of an alert. The signature covers the time, so a receiver can refuse a replayed
/// alert.
pub(super) fn headers(
    key: &SecretString,
    id: &str,
    body: &str,
    now: Timestamp,
) -> [(&'static str, String); 3] {
    let timestamp = now.as_second().to_string();
    let signature = format!(
        "v1={}",
        hex::encode(signature(key.expose_secret(), &timestamp, body))
    );
    [
        (TIMESTAMP, timestamp),
        (SIGNATURE, signature),
        (IDEMPOTENCY_KEY, id.to_owned()),
    ]
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
            headers(&SecretString::from("key"), "s-1", body, now).map(|(_, value)| value)
        };
        // printf '1772366400.{"a":1}' | openssl dgst -sha256 -hmac key
        let expected = "90a64f88ebf606de162bfece044c01c80129bba6361c091018f52b4b50366e6b";
        assert_eq!(
            headers("{\"a\":1}"),
            ["1772366400", &format!("v1={expected}"), "s-1"]
        );
        assert_ne!(headers("{\"a\":2}")[1], headers("{\"a\":1}")[1]);
    }
}
