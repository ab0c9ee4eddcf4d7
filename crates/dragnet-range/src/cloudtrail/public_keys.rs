//! `ListPublicKeys`: the keys that signed the digests of a Region.
//!
//! Source: CloudTrail API, `ListPublicKeys`, `PublicKey`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::s3::{key_fingerprint, public_key};
use crate::wire::{AwsError, Reply};

/// How long before and after the present the key is valid.
const VALIDITY: SignedDuration = SignedDuration::from_hours(500 * 24);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListPublicKeys {
    start_time: Option<f64>,
    end_time: Option<f64>,
}

pub(super) fn list(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: ListPublicKeys = call.input.parse()?;
    let now = call.now.as_duration().as_secs_f64();
    let validity = VALIDITY.as_secs_f64();
    let start = input.start_time.unwrap_or(now - 3_600.0);
    let end = input.end_time.unwrap_or(now);
    if end < start {
        return Err(AwsError::new(
            "InvalidTimeRangeException",
            "The start time is after the end time.",
        ));
    }
    let is_valid = start <= now + validity && end >= now - validity;
    let keys: Vec<Value> = is_valid
        .then(|| {
            let key = public_key(&call.caller.region);
            json!({
                "Value": STANDARD.encode(&key),
                "ValidityStartTime": (now - validity).floor(),
                "ValidityEndTime": (now + validity).floor(),
                "Fingerprint": key_fingerprint(&key),
            })
        })
        .into_iter()
        .collect();
    Reply::json(&json!({ "PublicKeyList": keys }))
}
