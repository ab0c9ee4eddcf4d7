//! The key that all machines of a sweep share. It seals the plan and the results, so that access to
//! the store alone does not suffice to add, change or replace a result. The store never has the key.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::store::read_secret_file;

/// The file of the key, in the directory for persistent state: its bytes in hexadecimal.
const FILE: &str = "shard.key";
const KEY_BYTES: usize = 32;

/// The text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key of the shards is not {} hexadecimal digits: copy the file {FILE} of the machine that made the plan", KEY_BYTES * 2)]
pub struct InvalidShardKey;

/// The key of a sweep in shards.
#[derive(Clone)]
pub struct ShardKey([u8; KEY_BYTES]);

impl std::fmt::Debug for ShardKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShardKey(…)")
    }
}

impl ShardKey {
    /// Reads a key in hexadecimal.
    ///
    /// # Errors
    /// The text is no key.
    pub fn parse(text: &str) -> Result<Self, InvalidShardKey> {
        let bytes = hex::decode(text.trim()).map_err(|_| InvalidShardKey)?;
        bytes.try_into().map(Self).map_err(|_| InvalidShardKey)
    }

    /// Returns the file of the key in a directory.
    pub fn file(directory: &Path) -> PathBuf {
        directory.join(FILE)
    }

    /// Reads the key in a directory; `None` if there is none.
    ///
    /// # Errors
    /// The file cannot be read, is no key, or others may know or have chosen it.
    pub fn load(directory: &Path) -> io::Result<Option<Self>> {
        let bytes = match read_secret_file(&Self::file(directory)) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(io::Error::other(error)),
        };
        let text = String::from_utf8(bytes).map_err(|_| io::Error::other(InvalidShardKey))?;
        Self::parse(&text).map(Some).map_err(io::Error::other)
    }

    /// Reads the key in a directory, and creates both the first time.
    ///
    /// # Errors
    /// The file cannot be read or created, or is no key.
    pub fn load_or_create(directory: &Path) -> io::Result<Self> {
        if let Some(key) = Self::load(directory)? {
            return Ok(key);
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let mut key = [0; KEY_BYTES];
        File::open("/dev/urandom")?.read_exact(&mut key)?;
        // The file appears whole, with mode 0600. Another process may have been faster.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(hex::encode(key).as_bytes())?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(Self::file(directory)) {
            Ok(_) => Ok(Self(key)),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Self::load(directory)?.ok_or(error.error)
            }
            Err(error) => Err(error.error),
        }
    }

    /// Returns the seal of a text.
    pub(super) fn seal(&self, text: &str) -> String {
        hex::encode(self.mac(text).finalize().into_bytes())
    }

    /// Whether this key made the seal of a text.
    pub(super) fn is_seal_of(&self, seal: &str, text: &str) -> bool {
        hex::decode(seal).is_ok_and(|seal| self.mac(text).verify_slice(&seal).is_ok())
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
        mac.update(text.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_created_once_and_can_be_copied_as_a_text() {
        let temp = tempfile::tempdir().unwrap();
        let directory = temp.path().join("state");
        assert!(ShardKey::load(&directory).unwrap().is_none());
        let key = ShardKey::load_or_create(&directory).unwrap();
        let seal = key.seal("text");
        let again = ShardKey::load_or_create(&directory).unwrap();
        assert!(again.is_seal_of(&seal, "text"));
        assert!(!again.is_seal_of(&seal, "other") && !again.is_seal_of("zz", "text"));
        let text = std::fs::read_to_string(ShardKey::file(&directory)).unwrap();
        let copied = ShardKey::parse(&format!("{text}\n")).unwrap();
        assert!(copied.is_seal_of(&seal, "text"));
        assert_eq!(ShardKey::parse("00").err(), Some(InvalidShardKey));
        assert_eq!(format!("{key:?}"), "ShardKey(…)");
    }
}
