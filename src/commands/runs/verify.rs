//! `dragnet runs verify`: checks that the files of a run are unchanged since the manifest was
//! written.

use std::io::{BufReader, ErrorKind, Write};
use std::path::{Component, Path};

use serde::Serialize;

use super::super::CommandError;
use super::super::run_files::MANIFEST;
use crate::report::{Manifest, escape, write_json};
use crate::store::{RunDir, StoreError};

/// The result for one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Check {
    Same,
    Changed,
    Missing,
    NotInManifest,
}

#[derive(Serialize)]
struct Checked {
    name: String,
    check: Check,
}

#[derive(Serialize)]
struct Verification {
    verified: bool,
    manifest_sha256: String,
    files: Vec<Checked>,
}

/// Checks every file, prints the result, and returns the exit code: 0 if all files are unchanged,
/// else 1.
pub(super) fn verify(dir: &RunDir, json: bool, out: &mut dyn Write) -> Result<u8, CommandError> {
    let (_, manifest_sha256) = dir.digest(MANIFEST)?;
    let files = check_all(dir, &read_manifest(dir)?)?;
    let verified = files.iter().all(|file| file.check == Check::Same);
    let verification = Verification {
        verified,
        manifest_sha256,
        files,
    };
    if json {
        write_json(&verification, &mut *out)?;
    } else {
        for Checked { name, check } in &verification.files {
            let word = match check {
                Check::Same => "same",
                Check::Changed => "CHANGED",
                Check::Missing => "MISSING",
                Check::NotInManifest => "NOT IN THE MANIFEST",
            };
            writeln!(out, "{word:<8} {}", escape(name))?;
        }
        writeln!(
            out,
            "SHA-256 of manifest.json: {} (compare it with the one in the ticket)",
            verification.manifest_sha256
        )?;
        writeln!(out, "{}", verdict(&verification.files))?;
    }
    out.flush()?;
    Ok(u8::from(!verified))
}

/// Counts the files by result: `8 unchanged; 3 not in the manifest`.
fn verdict(files: &[Checked]) -> String {
    let count = |check: Check| files.iter().filter(|file| file.check == check).count();
    let mut parts = vec![format!("{} unchanged", count(Check::Same))];
    for (check, text) in [
        (Check::Changed, "CHANGED"),
        (Check::Missing, "MISSING"),
        (Check::NotInManifest, "not in the manifest"),
    ] {
        let number = count(check);
        if number > 0 {
            parts.push(format!("{number} {text}"));
        }
    }
    parts.join("; ")
}

fn read_manifest(dir: &RunDir) -> Result<Manifest, CommandError> {
    let file = BufReader::new(dir.open_file(MANIFEST)?);
    Ok(serde_json::from_reader(file)
        .map_err(|error| StoreError::Damaged(format!("{MANIFEST}: {error}")))?)
}

fn check_all(dir: &RunDir, manifest: &Manifest) -> Result<Vec<Checked>, StoreError> {
    let mut files = Vec::new();
    for file in &manifest.files {
        let check = match digest(dir, &file.name) {
            Ok((bytes, sha256)) if bytes == file.bytes && sha256 == file.sha256 => Check::Same,
            Ok(_) => Check::Changed,
            Err(StoreError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
                Check::Missing
            }
            // The file is a link or a FIFO instead of a regular file.
            Err(StoreError::File { source, .. }) if source.kind() == ErrorKind::InvalidInput => {
                Check::Changed
            }
            Err(error) => return Err(error),
        };
        files.push(Checked {
            name: file.name.clone(),
            check,
        });
    }
    let is_listed =
        |name: &String| name == MANIFEST || manifest.files.iter().any(|file| file.name == *name);
    let unlisted = dir
        .file_names()?
        .into_iter()
        .filter(|name| !is_listed(name));
    files.extend(unlisted.map(|name| Checked {
        name,
        check: Check::NotInManifest,
    }));
    Ok(files)
}

/// Returns the size and hash of a file of the run. A modified manifest could name any path, so a
/// path outside of the run directory is treated as missing.
fn digest(dir: &RunDir, name: &str) -> Result<(u64, String), StoreError> {
    if Path::new(name)
        .components()
        .all(|component| matches!(component, Component::Normal(_)))
    {
        return dir.digest(name);
    }
    Err(StoreError::File {
        action: "read",
        path: name.into(),
        source: ErrorKind::NotFound.into(),
    })
}
