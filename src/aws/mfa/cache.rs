//! The file that keeps an MFA session until it expires, so that a day of work needs one code.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use aws_credential_types::Credentials;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::{SecretFileError, read_secret_file};

/// The file in the state directory for the session of one profile and device, mode 0600.
#[derive(Clone, Debug)]
pub(super) struct SessionCache {
    file: PathBuf,
}

/// The content of the file. It has no `Debug`, because all of it is secret.
#[derive(Serialize, Deserialize)]
struct CachedSession {
    /// The key with which the session was opened. The session of another user must not be used.
    source_access_key_id: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// RFC 3339.
    expires: String,
}

impl SessionCache {
    /// The cache for the session of a profile with this device.
    pub(super) fn new(directory: &Path, profile: &str, serial: &str) -> Self {
        let digest = hex::encode(Sha256::digest(format!("{profile}\0{serial}")));
        Self {
            file: directory.join(format!("mfa-{}.json", digest.get(..16).unwrap_or(&digest))),
        }
    }

    /// Returns the cached session, if it was opened with these keys.
    ///
    /// # Errors
    /// Others may know the session, or have chosen it.
    pub(super) fn load(
        &self,
        source: &Credentials,
    ) -> Result<Option<Credentials>, SecretFileError> {
        match read_secret_file(&self.file) {
            Ok(bytes) => Ok(parse_session(&bytes, source)),
            // An unreadable file counts as missing: a code opens a new session.
            Err(SecretFileError::Unreadable { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores a session.
    ///
    /// # Errors
    /// The file cannot be written. The session can be used anyway.
    pub(super) fn store(&self, source: &Credentials, session: &Credentials) -> io::Result<()> {
        let (Some(token), Some(expiry)) = (session.session_token(), session.expiry()) else {
            return Ok(());
        };
        let cached = CachedSession {
            source_access_key_id: source.access_key_id().to_owned(),
            access_key_id: session.access_key_id().to_owned(),
            secret_access_key: session.secret_access_key().to_owned(),
            session_token: token.to_owned(),
            expires: Timestamp::try_from(expiry)
                .map_err(io::Error::other)?
                .to_string(),
        };
        let directory = self.file.parent().unwrap_or(Path::new("."));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        // tempfile creates files with mode 0600; `persist` replaces the old session atomically.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(&serde_json::to_vec(&cached)?)?;
        file.persist(&self.file).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes the cached session. Returns `false` if none was cached.
    ///
    /// # Errors
    /// The file exists and cannot be removed.
    pub(super) fn remove(&self) -> io::Result<bool> {
        match fs::remove_file(&self.file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Returns the session in the content of the file, if it was opened with the keys of `source`.
fn parse_session(content: &[u8], source: &Credentials) -> Option<Credentials> {
    let cached: CachedSession = serde_json::from_slice(content).ok()?;
    let CachedSession {
        source_access_key_id,
        access_key_id,
        secret_access_key,
        session_token,
        expires,
    } = cached;
    let expires: Timestamp = expires.parse().ok()?;
    (source_access_key_id == source.access_key_id()).then(|| {
        Credentials::new(
            access_key_id,
            secret_access_key,
            Some(session_token),
            Some(expires.into()),
            "MFA session",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn session_is_cached_privately_for_keys_profile_and_device() {
        let temp = tempfile::tempdir().unwrap();
        let directory = temp.path().join("state");
        let keys = |id: &str| Credentials::new(id, "s", None, None, "test");
        let expires: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let session = Credentials::new(
            "ASIA",
            "secret",
            Some("token".to_owned()),
            Some(expires.into()),
            "test",
        );
        let cache = SessionCache::new(&directory, "p", "serial");
        assert!(cache.load(&keys("AKIA")).unwrap().is_none() && !cache.remove().unwrap());
        cache.store(&keys("AKIA"), &session).unwrap();
        let loaded = cache.load(&keys("AKIA")).unwrap().unwrap();
        assert_eq!(
            (
                loaded.access_key_id(),
                loaded.session_token(),
                loaded.expiry()
            ),
            ("ASIA", Some("token"), session.expiry())
        );
        assert!(
            cache.load(&keys("AKIB")).unwrap().is_none(),
            "keys of another user"
        );
        assert!(
            SessionCache::new(&directory, "q", "serial")
                .load(&keys("AKIA"))
                .unwrap()
                .is_none(),
            "another profile"
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&cache.file)), (0o700, 0o600));
        assert!(cache.remove().unwrap() && cache.load(&keys("AKIA")).unwrap().is_none());
    }

    #[test]
    fn damaged_file_counts_as_missing() {
        let temp = tempfile::tempdir().unwrap();
        let cache = SessionCache::new(temp.path(), "p", "serial");
        fs::write(&cache.file, "{\"access_key_id\":").unwrap();
        fs::set_permissions(&cache.file, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(
            cache
                .load(&Credentials::new("AKIA", "s", None, None, "test"))
                .unwrap()
                .is_none()
        );
        fs::set_permissions(&cache.file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(
            cache.load(&Credentials::new("AKIA", "s", None, None, "test")),
            Err(SecretFileError::Shared { mode: 0o666, .. })
        ));
    }
}
