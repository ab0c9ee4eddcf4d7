//! The public keys with which CloudTrail signed the digests of a Region. Each Region is asked once.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::unverified::Unverified;
use crate::aws::Session;
use crate::digests::PublicKey;
use crate::sweep::context::SweepContext;
use crate::sweep::delivery_lag::shift_time;
use dragnet_model::{AccountId, Reason, Region, TimeWindow};

/// How much earlier than the window the keys may have signed digests that are read.
const EARLIER: SignedDuration = SignedDuration::from_hours(24);

/// The keys of a Region, or why they are not known.
type Keys = Result<Arc<[PublicKey]>, Unverified>;

/// Who asked for which Region: the account of the session, if it has one.
type Asked = (Option<AccountId>, Region);

/// The keys of a Region, once they were fetched.
type KeyCell = Arc<OnceCell<Keys>>;

/// The keys of all Regions.
#[derive(Debug, Default)]
pub(super) struct PublicKeyCache(Mutex<BTreeMap<Asked, KeyCell>>);

impl PublicKeyCache {
    /// Returns the keys of a Region that were valid in the window of the sweep, or since then: digests
    /// may have been signed later.
    pub(super) async fn get(
        &self,
        shared: &SweepContext,
        session: &Session,
        region: &Region,
    ) -> Keys {
        let asked = (session.account(), region.clone());
        let cell = Arc::clone(self.0.lock().entry(asked).or_default());
        let keys = cell.get_or_init(|| fetch(shared, session, region)).await;
        keys.clone()
    }
}

async fn fetch(shared: &SweepContext, session: &Session, region: &Region) -> Keys {
    let window = shared.settings.window;
    let from = shift_time(window.from(), -EARLIER);
    let to = window.to().max(shared.started);
    let window = TimeWindow::new(from, to).unwrap_or(window);
    let keys = shared.aws.trail_public_keys(session, region, window);
    let Some(keys) = shared.run_until_cancelled(keys).await else {
        return Err(Unverified::interrupted());
    };
    let keys = keys.map_err(|error| Unverified::new(Reason::NotVerified, error.to_string()))?;
    if keys.is_empty() {
        let detail = format!("ListPublicKeys in {region} returned no key for the time");
        return Err(Unverified::new(Reason::NotVerified, detail));
    }
    let keys = keys.into_iter().map(|key| PublicKey {
        fingerprint: key.fingerprint,
        der: key.der,
        from_ms: key.from_ms,
        to_ms: key.to_ms,
    });
    Ok(keys.collect())
}
