//! A JSON document with a keyed seal.
//!
//! The seal covers the bytes of the document, because a number that was read may be written in another
//! way. It also covers what kind of document it is: a checkpoint cannot be passed off as a result.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};

use super::shard_key::ShardKey;

/// A kind of document that is sealed.
pub trait Sealable: Serialize + DeserializeOwned {
    /// The name of the kind, which is a part of what is sealed.
    const KIND: &'static str;
}

/// A document and the hash of its content.
#[derive(Clone, Debug, PartialEq)]
pub struct Sealed<T> {
    /// The document.
    pub content: T,
    /// The SHA-256 of its content, in hexadecimal.
    pub hash: String,
}

/// Why a document is not used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSeal {
    /// The text is not JSON of the expected structure.
    #[error("it is not a {kind} of this version of dragnet: {source}")]
    Malformed {
        /// The kind of document.
        kind: &'static str,
        /// What was found.
        source: serde_json::Error,
    },
    /// Another key sealed it, or it was changed.
    #[error(
        "its seal is not of this key: it was made with another key, or changed; set DRAGNET_SHARD_KEY to the key of the plan"
    )]
    Seal,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    seal: String,
    content: Box<RawValue>,
}

impl<T: Sealable> Sealed<T> {
    /// Computes the hash of a document.
    ///
    /// # Errors
    /// The document cannot be serialized.
    pub fn new(content: T) -> Result<Self, InvalidSeal> {
        let text = to_raw_value(&content).map_err(malformed::<T>)?;
        let hash = content_hash(&text);
        Ok(Self { content, hash })
    }

    /// Returns the text of the file.
    ///
    /// # Errors
    /// The document cannot be serialized.
    pub fn to_text(&self, key: &ShardKey) -> Result<Vec<u8>, InvalidSeal> {
        let file = File {
            seal: key.seal(&sealed_text::<T>(&self.hash)),
            content: to_raw_value(&self.content).map_err(malformed::<T>)?,
        };
        serde_json::to_vec(&file).map_err(malformed::<T>)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It is not such a document, or this key did not seal it.
    pub fn parse(text: &[u8], key: &ShardKey) -> Result<Self, InvalidSeal> {
        let File { seal, content } = serde_json::from_slice(text).map_err(malformed::<T>)?;
        let hash = content_hash(&content);
        if !key.is_seal_of(&seal, &sealed_text::<T>(&hash)) {
            return Err(InvalidSeal::Seal);
        }
        let content = serde_json::from_str(content.get()).map_err(malformed::<T>)?;
        Ok(Self { content, hash })
    }
}

fn malformed<T: Sealable>(source: serde_json::Error) -> InvalidSeal {
    InvalidSeal::Malformed {
        kind: T::KIND,
        source,
    }
}

fn sealed_text<T: Sealable>(hash: &str) -> String {
    format!("dragnet shard {} {hash}", T::KIND)
}

fn content_hash(content: &RawValue) -> String {
    hex::encode(Sha256::digest(content.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Note(u32);

    impl Sealable for Note {
        const KIND: &'static str = "note";
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Other(u32);

    impl Sealable for Other {
        const KIND: &'static str = "other";
    }

    #[test]
    fn only_the_same_key_kind_and_content_are_accepted() {
        let key = ShardKey::parse(&"01".repeat(32)).unwrap();
        let other_key = ShardKey::parse(&"02".repeat(32)).unwrap();
        let note = Sealed::new(Note(7)).unwrap();
        let text = note.to_text(&key).unwrap();
        assert_eq!(Sealed::parse(&text, &key).unwrap(), note);
        assert!(Sealed::<Note>::parse(&text, &other_key).is_err());
        assert!(Sealed::<Other>::parse(&text, &key).is_err());
        let changed = String::from_utf8(text).unwrap().replace(":7", ":8");
        let changed = Sealed::<Note>::parse(changed.as_bytes(), &key);
        assert!(matches!(changed, Err(InvalidSeal::Seal)));
        assert!(Sealed::<Note>::parse(b"{}", &key).is_err());
    }
}
