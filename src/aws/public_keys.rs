//! The public keys with which CloudTrail signed the digests of a Region.

use aws_sdk_cloudtrail::types::PublicKey;
use aws_smithy_types::DateTime;

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::page_list::{ListPage, collect_pages};
use super::session::Session;
use dragnet_model::{Operation, Region, TimeWindow};

/// A public key of a Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailPublicKey {
    /// The fingerprint, by which digests name their key.
    pub fingerprint: String,
    /// The RSA key in PKCS #1, DER.
    pub der: Vec<u8>,
    /// From when on it is valid, in milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// Until when it is valid, in milliseconds since the Unix epoch.
    pub to_ms: i64,
}

impl Aws {
    /// Returns the public keys of a Region that were valid at some time of a window.
    ///
    /// Source: CloudTrail API, `ListPublicKeys`.
    ///
    /// # Errors
    /// The call fails, its pages do not end, or a key is not complete.
    pub async fn trail_public_keys(
        &self,
        session: &Session,
        region: &Region,
        window: TimeWindow,
    ) -> Result<Vec<TrailPublicKey>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::ListPublicKeys,
        };
        let request = self
            .clients
            .cloudtrail
            .list_public_keys()
            .start_time(DateTime::from_millis(window.from_ms()))
            .end_time(DateTime::from_millis(window.to_ms()));
        let request = &request;
        let keys = collect_pages(context, |token| async move {
            let output = send!(self, context, request.clone().set_next_token(token))?;
            Ok(Some(ListPage {
                items: output.public_key_list.unwrap_or_default(),
                next_token: output.next_token,
            }))
        });
        let incomplete = "a public key in the response has no value, fingerprint or time";
        keys.await?
            .iter()
            .map(|key| parse_key(key).ok_or_else(|| context.unreadable(incomplete)))
            .collect()
    }
}

fn parse_key(key: &PublicKey) -> Option<TrailPublicKey> {
    Some(TrailPublicKey {
        fingerprint: key.fingerprint()?.to_owned(),
        der: key.value()?.as_ref().to_vec(),
        from_ms: key.validity_start_time()?.to_millis().ok()?,
        to_ms: key.validity_end_time()?.to_millis().ok()?,
    })
}
