//! Deduplication and suppression: which findings already raised an alert.

use std::fmt;

use rusqlite::{OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use super::StateError;

/// Identifies a finding or a subject: the first half of a SHA-256 hash over its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Identity([u8; 16]);

impl Identity {
    /// Hashes these parts in this order. Each is prefixed with its length, so different lists never
    /// hash the same text.
    pub(crate) fn from_parts<'p>(parts: impl IntoIterator<Item = &'p str>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut half = [0; 16];
        half.iter_mut()
            .zip(hash.finalize())
            .for_each(|(byte, hashed)| *byte = hashed);
        Self(half)
    }

    /// A uniformly distributed number derived from the identity.
    pub(crate) fn number(self) -> u64 {
        self.0
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

/// Records an alert about this identity at `now_ms`. Returns `false` if there was one before.
pub(in crate::watch) fn insert_if_new(
    transaction: &Transaction<'_>,
    schedule: &str,
    identity: Identity,
    now_ms: i64,
) -> Result<bool, StateError> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR IGNORE INTO told (schedule, identity, told_ms) VALUES (?1, ?2, ?3)",
    )?;
    Ok(insert.execute(params![schedule, identity.0, now_ms])? == 1)
}

/// Whether there was an alert about this identity. Records nothing.
pub(in crate::watch) fn is_known(
    transaction: &Transaction<'_>,
    schedule: &str,
    identity: Identity,
) -> Result<bool, StateError> {
    let mut select =
        transaction.prepare_cached("SELECT 1 FROM told WHERE schedule = ?1 AND identity = ?2")?;
    Ok(select.exists(params![schedule, identity.0])?)
}

/// Records an alert about this subject at `now_ms`. Returns `false` if there was one within the
/// last `quiet_ms`.
pub(in crate::watch) fn allow_after_suppression(
    transaction: &Transaction<'_>,
    schedule: &str,
    subject: Identity,
    quiet_ms: i64,
    now_ms: i64,
) -> Result<bool, StateError> {
    let mut select = transaction
        .prepare_cached("SELECT told_ms FROM subject WHERE schedule = ?1 AND subject = ?2")?;
    let last: Option<i64> = select
        .query_row(params![schedule, subject.0], |row| row.get(0))
        .optional()?;
    if last.is_some_and(|last| now_ms.saturating_sub(last) < quiet_ms) {
        return Ok(false);
    }
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO subject (schedule, subject, told_ms) VALUES (?1, ?2, ?3)",
    )?;
    insert.execute(params![schedule, subject.0, now_ms])?;
    Ok(true)
}

/// Deletes records from before `before_ms`; no window reaches back that far.
pub(in crate::watch) fn prune(
    transaction: &Transaction<'_>,
    schedule: &str,
    before_ms: i64,
) -> Result<(), StateError> {
    transaction.execute(
        "DELETE FROM told WHERE schedule = ?1 AND told_ms < ?2",
        params![schedule, before_ms],
    )?;
    transaction.execute(
        "DELETE FROM subject WHERE schedule = ?1 AND told_ms < ?2",
        params![schedule, before_ms],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn findings_are_deduplicated_and_subjects_suppressed() {
        let temp = tempfile::tempdir().unwrap();
        let one = Identity::from_parts(["ab", "c"]);
        let other = Identity::from_parts(["a", "bc"]);
        assert_ne!(one, other);
        drop(State::open(temp.path()).unwrap());
        let insert = |identity, now| {
            State::open_read_only(temp.path())
                .unwrap()
                .change(|transaction| insert_if_new(transaction, "s", identity, now))
                .unwrap()
        };
        assert!(insert(one, 1) && !insert(one, 2) && insert(other, 3));
        let state = State::open(temp.path()).unwrap();
        let is_allowed = |now| {
            state
                .change(|transaction| allow_after_suppression(transaction, "s", one, 10, now))
                .unwrap()
        };
        assert!(is_allowed(100) && !is_allowed(109) && is_allowed(110) && !is_allowed(111));
        state
            .change(|transaction| prune(transaction, "s", 3))
            .unwrap();
        assert!(insert(one, 4) && !insert(other, 4));
    }
}
