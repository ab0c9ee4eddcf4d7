//! Moves the database of a shard to the store and back: compressed, in parts, and with a sealed
//! manifest that is written last.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::ShardError;
use super::store::{ShardStore, in_background};
use crate::shard::{
    CHECKPOINT, COMMIT, ResultManifest, ResultPart, Sealed, ShardKey, manifest_name, part_name,
};

/// The size of a part. It fits into memory, and a failed write is repeated cheaply.
const PART_BYTES: u64 = 4 << 20;
/// zstd's default level. Databases have messages that are compressed already.
const LEVEL: i32 = 3;

/// A shard of a plan in a store.
#[derive(Clone, Debug)]
pub(super) struct ShardPlace {
    pub store: ShardStore,
    pub key: ShardKey,
    /// The hash of the plan.
    pub plan: String,
    pub shard: usize,
}

impl ShardPlace {
    /// Returns what the shard has committed, or its last checkpoint; `None` if there is none.
    ///
    /// # Errors
    /// The manifest cannot be read, is of another plan or shard, or was changed.
    pub(super) async fn manifest(
        &self,
        is_complete: bool,
    ) -> Result<Option<ResultManifest>, ShardError> {
        let name = manifest_name(self.shard, if is_complete { COMMIT } else { CHECKPOINT });
        let Some(text) = self.store.read(&name).await? else {
            return Ok(None);
        };
        let sealed = Sealed::<ResultManifest>::parse(&text, &self.key);
        let manifest = match sealed {
            Ok(sealed) => sealed.content,
            Err(source) => return Err(ShardError::Seal { name, source }),
        };
        if !manifest.is_of(&self.plan, self.shard, is_complete) {
            let problem = "it belongs to another plan or shard".to_owned();
            return Err(ShardError::Damaged { name, problem });
        }
        Ok(Some(manifest))
    }

    /// Writes a database to the store, and returns its manifest, which is not in the store yet.
    pub(super) async fn upload(
        &self,
        database: &Path,
        folder: String,
        written: String,
    ) -> Result<ResultManifest, ShardError> {
        let (packed, bytes) = pack(database).await?;
        let mut manifest = ResultManifest {
            bytes,
            written,
            ..ResultManifest::new(&self.plan, self.shard, folder)
        };
        let mut next = Some(packed);
        while let Some(file) = next.take() {
            let (file, part) = in_background(move || read_part(file)).await?;
            if part.is_empty() && !manifest.parts.is_empty() {
                break;
            }
            let name = part_name(self.shard, &manifest.folder, manifest.parts.len());
            manifest.parts.push(ResultPart::new(&part));
            self.store.replace(&name, part).await?;
            next = Some(file);
        }
        Ok(manifest)
    }

    /// Replaces the checkpoint of the shard.
    pub(super) async fn write_checkpoint(
        &self,
        manifest: ResultManifest,
    ) -> Result<(), ShardError> {
        let name = manifest_name(self.shard, CHECKPOINT);
        let text = self.seal(&name, manifest)?;
        self.store.replace(&name, text).await
    }

    /// Commits a result. Returns `false` if another machine was first. What counts is what the store has
    /// afterwards: the response to a write may be lost, or come from a proxy.
    pub(super) async fn commit(&self, manifest: ResultManifest) -> Result<bool, ShardError> {
        let name = manifest_name(self.shard, COMMIT);
        let manifest = ResultManifest {
            is_complete: true,
            ..manifest
        };
        let folder = manifest.folder.clone();
        let text = self.seal(&name, manifest)?;
        self.store.create(&name, text).await?;
        match self.manifest(true).await? {
            Some(stored) => Ok(stored.folder == folder),
            None => Err(ShardError::Damaged {
                name,
                problem: "it is missing after it was written".to_owned(),
            }),
        }
    }

    fn seal(&self, name: &str, manifest: ResultManifest) -> Result<Vec<u8>, ShardError> {
        Sealed::new(manifest)
            .and_then(|sealed| sealed.to_text(&self.key))
            .map_err(|source| ShardError::Seal {
                name: name.to_owned(),
                source,
            })
    }

    /// Writes the database of a manifest to a new file.
    ///
    /// # Errors
    /// A part is missing, or is not the one that the manifest describes.
    pub(super) async fn download(
        &self,
        manifest: &ResultManifest,
        to: &Path,
    ) -> Result<(), ShardError> {
        let packed_path = to.with_extension("zst");
        let mut packed =
            BufWriter::new(File::create(&packed_path).map_err(ShardError::file(&packed_path))?);
        for (number, part) in manifest.parts.iter().enumerate() {
            let name = part_name(self.shard, &manifest.folder, number);
            let damaged = |problem: &str| ShardError::Damaged {
                name: name.clone(),
                problem: problem.to_owned(),
            };
            let content = self.store.read(&name).await?;
            let content = content.ok_or_else(|| damaged("it is missing"))?;
            if hex::encode(Sha256::digest(&content)) != part.sha256 {
                return Err(damaged("it has another hash than its manifest says"));
            }
            packed
                .write_all(&content)
                .map_err(ShardError::file(&packed_path))?;
        }
        let flushed = packed
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error);
        drop(flushed.map_err(ShardError::file(&packed_path))?);
        let bytes = manifest.bytes;
        let to = to.to_owned();
        in_background(move || unpack(&packed_path, &to, bytes)).await
    }
}

/// Compresses a file into a temporary one, which is returned at its start with the size of the original.
async fn pack(database: &Path) -> Result<(File, u64), ShardError> {
    let path = database.to_owned();
    in_background(move || {
        let failed = || ShardError::file(&path);
        let source = File::open(&path).map_err(failed())?;
        let bytes = source.metadata().map_err(failed())?.len();
        let mut packed = tempfile::tempfile().map_err(failed())?;
        zstd::stream::copy_encode(BufReader::new(source), &mut packed, LEVEL).map_err(failed())?;
        packed.rewind().map_err(failed())?;
        Ok((packed, bytes))
    })
    .await
}

/// Reads the next part of a compressed file.
fn read_part(mut file: File) -> Result<(File, Vec<u8>), ShardError> {
    let mut part = Vec::new();
    let read = (&mut file).take(PART_BYTES).read_to_end(&mut part);
    read.map_err(ShardError::file(&PathBuf::from("a temporary file")))?;
    Ok((file, part))
}

/// Decompresses a file of which the size is known, and removes the compressed one.
fn unpack(packed: &Path, to: &Path, bytes: u64) -> Result<(), ShardError> {
    let failed = || ShardError::file(to);
    let source = File::open(packed).map_err(failed())?;
    let decoder = zstd::stream::read::Decoder::new(source).map_err(failed())?;
    let mut target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(failed())?;
    // One byte more shows that there is more.
    let limit = bytes.saturating_add(1);
    let written = std::io::copy(&mut decoder.take(limit), &mut target).map_err(failed())?;
    target.sync_all().map_err(failed())?;
    std::fs::remove_file(packed).map_err(failed())?;
    if written != bytes {
        return Err(ShardError::Damaged {
            name: to.display().to_string(),
            problem: format!("found {written} bytes or more, expected {bytes}"),
        });
    }
    Ok(())
}
