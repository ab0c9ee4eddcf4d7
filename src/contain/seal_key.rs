//! The key with which plans are sealed that this user makes on this host.
//!
//! A seal says only where a plan was made, so that the person who applies it looks closer at a plan
//! from elsewhere. It permits nothing: apply checks a sealed plan like any other, and verify and
//! undo never read the key.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::store::read_secret_file;

/// The file of the key, in the directory of the journals.
const FILE: &str = "seal.key";
const KEY_BYTES: usize = 32;

/// Where a plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealOrigin {
    /// With this key: by this user, on this host, and not edited since.
    Here,
    /// On another host, by another user or an older version; or it was edited since.
    Unknown,
}

/// The key of a user on a host.
pub struct SealKey([u8; KEY_BYTES]);

impl SealKey {
    /// Reads the key in a directory; `None` if there is none.
    ///
    /// # Errors
    /// The file cannot be read, is not a key, or others may know or have chosen it.
    pub fn load(directory: &Path) -> io::Result<Option<Self>> {
        let bytes = match read_secret_file(&directory.join(FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(io::Error::other(error)),
        };
        let key = bytes
            .try_into()
            .map_err(|_| io::Error::other(format!("{FILE} does not have {KEY_BYTES} bytes")))?;
        Ok(Some(Self(key)))
    }

    /// Reads the key in a directory, and creates both the first time.
    ///
    /// # Errors
    /// The file cannot be read or created, or is not a key.
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
        file.write_all(&key)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(directory.join(FILE)) {
            Ok(_) => Ok(Self(key)),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Self::load(directory)?.ok_or(error.error)
            }
            Err(error) => Err(error.error),
        }
    }

    /// Returns the seal of a plan with this hash.
    pub(super) fn seal(&self, hash: &str) -> String {
        hex::encode(self.mac(hash).finalize().into_bytes())
    }

    /// Whether this key made the seal of a plan with this hash.
    pub(super) fn is_seal_of(&self, seal: &str, hash: &str) -> bool {
        hex::decode(seal).is_ok_and(|seal| self.mac(hash).verify_slice(&seal).is_ok())
    }

    fn mac(&self, hash: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
        mac.update(hash.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn key_is_created_once_and_private() {
        let temp = tempfile::tempdir().unwrap();
        let directory = temp.path().join("contain");
        assert!(SealKey::load(&directory).unwrap().is_none());
        let key = SealKey::load_or_create(&directory).unwrap();
        let seal = key.seal("hash");
        let again = SealKey::load_or_create(&directory).unwrap();
        assert!(again.is_seal_of(&seal, "hash"));
        assert!(!again.is_seal_of(&seal, "other") && !again.is_seal_of("00", "hash"));
        let mode = std::fs::metadata(directory.join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = SealKey::load_or_create(&temp.path().join("other")).unwrap();
        assert!(!other.is_seal_of(&seal, "hash"));
        let set_mode = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(directory.join(FILE), permissions).unwrap();
        };
        set_mode(0o640);
        let error = SealKey::load_or_create(&directory).err().unwrap();
        assert!(error.to_string().contains("chmod 600"), "{error}");
        set_mode(0o600);
        std::fs::write(directory.join(FILE), "short").unwrap();
        assert!(SealKey::load_or_create(&directory).is_err());
    }
}
