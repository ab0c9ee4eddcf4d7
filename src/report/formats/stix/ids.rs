//! Deterministic identifiers, so that two bundles of a run have the same objects.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// The namespace of cyber-observable objects.
///
/// Source: STIX 2.1, section 2.9, "Identifier".
const OBSERVABLES: u128 = 0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7;

/// The namespace of all other objects that Dragnet writes, a random UUID. The specification forbids
/// that of the observables for them.
const OTHERS: u128 = 0x6b1f_7a0e_2c55_4d0b_9d0a_4f1c_8a63_e2d4;

/// The number of identifiers that are remembered. An attacker can write any number of addresses into
/// a log, and they must not fill the memory.
const MOST_REMEMBERED: usize = 200_000;

/// The identifier of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ObjectId {
    kind: &'static str,
    uuid: u128,
}

impl ObjectId {
    /// Returns the identifier of a cyber-observable object: the UUID of the properties that
    /// contribute to it, as canonical JSON.
    ///
    /// Source: STIX 2.1, section 2.9; RFC 8785.
    pub(super) fn from_properties(
        kind: &'static str,
        contributing: &BTreeMap<&str, Value>,
    ) -> serde_json::Result<Self> {
        // Names in order and no spaces: for texts and integers, that is canonical.
        let name = serde_json::to_string(contributing)?;
        Ok(Self {
            kind,
            uuid: uuid_v5(OBSERVABLES, &name),
        })
    }

    /// Returns the identifier of an object of a run. The parts have to be unique together.
    pub(super) fn from_parts(kind: &'static str, parts: &[&str]) -> serde_json::Result<Self> {
        // JSON keeps the parts apart, whatever they contain.
        let name = serde_json::to_string(&(kind, parts))?;
        Ok(Self {
            kind,
            uuid: uuid_v5(OTHERS, &name),
        })
    }

    /// The type of the object.
    pub(super) fn kind(self) -> &'static str {
        self.kind
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uuid = self.uuid;
        write!(
            formatter,
            "{}--{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            self.kind,
            uuid >> 96,
            (uuid >> 80) & 0xffff,
            (uuid >> 64) & 0xffff,
            (uuid >> 48) & 0xffff,
            uuid & 0xffff_ffff_ffff
        )
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Source: RFC 4122, section 4.3: the first 16 bytes of a SHA-1 hash, with the version and the
/// variant.
fn uuid_v5(namespace: u128, name: &str) -> u128 {
    let mut hashed = namespace.to_be_bytes().to_vec();
    hashed.extend(name.as_bytes());
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &hashed);
    let first = hash
        .as_ref()
        .iter()
        .take(16)
        .fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    let without_version = first & !(0xf_u128 << 76) & !(0x3_u128 << 62);
    without_version | (5_u128 << 76) | (2_u128 << 62)
}

/// The identifiers of objects that were written.
#[derive(Debug, Default)]
pub(super) struct WrittenIds(HashSet<ObjectId>);

impl WrittenIds {
    /// Remembers an identifier, and returns whether it is a new one. Since the memory is bounded, an
    /// old one may count as new again: its object is then written a second time.
    pub(super) fn is_new(&mut self, id: ObjectId) -> bool {
        if self.0.len() >= MOST_REMEMBERED {
            self.0.clear();
        }
        self.0.insert(id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The expected identifiers are those of the Python library stix2 3.0.2.
    #[test]
    fn observables_have_the_identifiers_of_other_tools() {
        let ipv4 = BTreeMap::from([("value", json!("198.51.100.3"))]);
        assert_eq!(
            ObjectId::from_properties("ipv4-addr", &ipv4)
                .unwrap()
                .to_string(),
            "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"
        );
        let account = BTreeMap::from([("user_id", json!("arn:x\u{7f}é"))]);
        assert_eq!(
            ObjectId::from_properties("user-account", &account)
                .unwrap()
                .to_string(),
            "user-account--192ce9b0-8b1e-5f2c-bda3-66e766cb828b"
        );
    }

    #[test]
    fn identifiers_depend_on_each_part() {
        let id = |kind, parts: &[&str]| ObjectId::from_parts(kind, parts).unwrap();
        assert_eq!(id("identity", &["a", "b"]), id("identity", &["a", "b"]));
        assert_ne!(id("identity", &["a", "b"]), id("identity", &["ab"]));
        assert_ne!(id("identity", &["a"]), id("indicator", &["a"]));
        let mut written = WrittenIds::default();
        assert!(written.is_new(id("identity", &["a"])));
        assert!(!written.is_new(id("identity", &["a"])));
    }
}
