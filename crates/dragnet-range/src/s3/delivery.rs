//! An object that was or will be delivered to a bucket.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::cloudtrail::{Record, RecordForm};
use crate::world::{DigestLink, PlacedObject};
use dragnet_model::{AccountId, Region};

/// Trails and flow logs deliver every five minutes.
const INTERVAL_SECONDS: i64 = 300;
/// The longest time between the time in the name of an object and its arrival.
const WRITE_SECONDS: u64 = 60;

/// Where the objects of a folder come from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) kind: SourceKind,
    /// The account of the records.
    pub(super) account: AccountId,
    /// The Region of the records.
    pub(super) region: Region,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceKind {
    /// The log files of the trail with this number.
    LogFiles(usize),
    /// The digests of the trail with this number.
    Digests(usize),
    /// The files of the flow log with this number in its account-Region.
    FlowLog(usize),
}

/// An object, before its content is generated.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) key: String,
    /// When it arrived in the bucket.
    pub(super) modified: Timestamp,
    /// The ARN of the key that encrypts it, if the trail sets one.
    pub(super) kms_key: Option<String>,
    pub(super) content: Content,
}

/// What an object is made of.
#[derive(Clone, Debug)]
pub(super) enum Content {
    LogFile(Vec<Arc<Record>>, RecordForm),
    Digest(DigestLink),
    /// Lines of text, the first of which is the header.
    FlowLog(Vec<Arc<str>>),
    Placed(PlacedObject),
}

/// The time in the name of the object with something that is ready at `ready`.
pub(super) fn name_time(ready: Timestamp) -> Timestamp {
    let intervals = ready.as_second().div_euclid(INTERVAL_SECONDS) + 1;
    Timestamp::from_second(intervals * INTERVAL_SECONDS).unwrap_or(ready)
}

/// When an object with this name arrives.
pub(super) fn arrival(name_time: Timestamp, key: &str) -> Timestamp {
    let delay = SignedDuration::from_secs(1 + spread(key, WRITE_SECONDS));
    name_time.saturating_add(delay).unwrap_or(name_time)
}

/// A number below `bound` that depends only on the text.
pub(super) fn spread(text: &str, bound: u64) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The low bits of this hash are not well mixed.
    i64::try_from((hash >> 16).checked_rem(bound).unwrap_or(0)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_time_is_after_the_record_and_before_the_arrival() {
        let ready: Timestamp = "2026-03-02T11:55:00Z".parse().unwrap();
        let name = name_time(ready);
        assert_eq!(name.to_string(), "2026-03-02T12:00:00Z");
        let arrived = arrival(name, "key");
        assert!(arrived > name && arrived.duration_since(name).as_secs() <= 60);
        assert_eq!(spread("x", 0), 0);
    }
}
