//! Compressed values that are not searched by: JSON in zstd.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::row::damaged;

/// The fastest standard level of zstd, as for messages.
const LEVEL: i32 = 1;

/// The largest unpacked value. A page has 10,000 events or rows, or 1 MB; this leaves room for what
/// is derived from them.
const MAX_UNPACKED_BYTES: usize = 256 << 20;

pub(super) fn pack(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let json = serde_json::to_vec(value).map_err(damaged)?;
    zstd::bulk::compress(&json, LEVEL).map_err(damaged)
}

/// Unpacks a value that [`pack`] has packed.
pub(super) fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<T, StoreError> {
    let json = zstd::bulk::decompress(packed, MAX_UNPACKED_BYTES).map_err(damaged)?;
    serde_json::from_slice(&json).map_err(damaged)
}
