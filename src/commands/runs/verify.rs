//! `dragnet runs verify`: checks that the files of a run are unchanged since the manifest was
//! written, and that the manifest is signed.

use std::io::{ErrorKind, Write};
use std::path::{Component, Path};

use serde::Serialize;

use super::super::CommandError;
use super::super::signing::is_signature;
use crate::report::{escape, write_json};
use crate::store::{
    ChangedRun, DatabaseCheck, MANIFEST, Manifest, RunDir, StoreError, check_database,
};

/// The name of the database.
const DATABASE: &str = "run.db";
/// Files that only a process that uses the run needs. A killed process leaves them behind.
const WORKING_FILES: [&str; 2] = ["run.lock", "run.db-shm"];
/// The file with changes of the database. It is empty unless the database was changed.
const WRITE_AHEAD_LOG: &str = "run.db-wal";

/// The result for one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Check {
    /// The manifest lists it, and it is unchanged.
    Listed,
    /// The manifest does not list it.
    Added,
    /// It is not what the manifest lists.
    Changed,
    /// The manifest lists it, and it does not exist.
    Missing,
    /// A signature of the manifest, which the manifest cannot list.
    Signature,
}

/// The result for the signature of the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum SignatureCheck {
    /// No program is configured that checks it.
    NotChecked,
    Valid,
    Invalid,
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
    signature: SignatureCheck,
    files: Vec<Checked>,
    /// The changed databases from which files were written.
    changed_runs: Vec<ChangedRun>,
}

/// Checks every file, prints the result, and returns the exit code: 0 if all files are listed and
/// unchanged, else 1. `signature` is the result for the signature, if it was checked.
pub(super) fn verify(
    dir: &RunDir,
    signature: Option<Result<(), String>>,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let (_, manifest_sha256) = dir.digest(MANIFEST)?;
    let manifest = Manifest::load(dir)?.ok_or_else(|| missing(MANIFEST))?;
    let files = check_all(dir, &manifest)?;
    let is_unchanged = files
        .iter()
        .all(|file| matches!(file.check, Check::Listed | Check::Signature));
    let verification = Verification {
        verified: is_unchanged
            && manifest.changed_runs.is_empty()
            && !matches!(signature, Some(Err(_))),
        manifest_sha256,
        signature: match &signature {
            None => SignatureCheck::NotChecked,
            Some(Ok(())) => SignatureCheck::Valid,
            Some(Err(_)) => SignatureCheck::Invalid,
        },
        files,
        changed_runs: manifest.changed_runs,
    };
    if json {
        write_json(&verification, &mut *out)?;
    } else {
        let problem = signature.and_then(Result::err);
        print(&verification, problem.as_deref(), out)?;
    }
    out.flush()?;
    Ok(u8::from(!verification.verified))
}

fn print(
    verification: &Verification,
    problem: Option<&str>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    for Checked { name, check } in &verification.files {
        let word = match check {
            Check::Listed => "listed",
            Check::Added => "ADDED",
            Check::Changed => "CHANGED",
            Check::Missing => "MISSING",
            Check::Signature => "signature",
        };
        writeln!(out, "{word:<9} {}", escape(name))?;
    }
    for run in &verification.changed_runs {
        writeln!(
            out,
            "Written from a changed run.db (SHA-256 {}): {}",
            escape(&run.sha256),
            escape(&run.files.join(", "))
        )?;
    }
    writeln!(
        out,
        "SHA-256 of manifest.json: {} (compare it with the one in the ticket)",
        verification.manifest_sha256
    )?;
    match verification.signature {
        SignatureCheck::NotChecked => {
            writeln!(out, "Signature: not checked (no report.verify_command)")?;
        }
        SignatureCheck::Valid => writeln!(out, "Signature: valid")?,
        SignatureCheck::Invalid => {
            writeln!(out, "Signature: NOT VALID")?;
            for line in problem.unwrap_or_default().lines() {
                writeln!(out, "  {}", escape(line))?;
            }
        }
    }
    writeln!(out, "{}", count_results(&verification.files))
}

/// Counts the files by result: `8 listed; 3 ADDED`.
fn count_results(files: &[Checked]) -> String {
    let count = |check: Check| files.iter().filter(|file| file.check == check).count();
    let mut parts = vec![format!("{} listed", count(Check::Listed))];
    for (check, text) in [
        (Check::Added, "ADDED"),
        (Check::Changed, "CHANGED"),
        (Check::Missing, "MISSING"),
    ] {
        let number = count(check);
        if number > 0 {
            parts.push(format!("{number} {text}"));
        }
    }
    parts.join("; ")
}

fn check_all(dir: &RunDir, manifest: &Manifest) -> Result<Vec<Checked>, StoreError> {
    let mut files = Vec::new();
    for file in &manifest.files {
        let mut check = match digest(dir, &file.name) {
            Ok((bytes, sha256)) if bytes == file.bytes && sha256 == file.sha256 => Check::Listed,
            Ok(_) => Check::Changed,
            Err(StoreError::File { source, .. }) => match source.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => Check::Missing,
                ErrorKind::PermissionDenied => {
                    return Err(StoreError::File {
                        action: "read",
                        path: dir.path().join(&file.name),
                        source,
                    });
                }
                // Something else is in its place: a link, a FIFO, a socket.
                _ => Check::Changed,
            },
            Err(error) => return Err(error),
        };
        // A write-ahead log changes the database although its file is the listed one.
        if file.name == DATABASE
            && check == Check::Listed
            && matches!(check_database(dir), Ok(DatabaseCheck::Changed(_)))
        {
            check = Check::Changed;
        }
        files.push(Checked {
            name: file.name.clone(),
            check,
        });
    }
    for name in dir.file_names()? {
        if name == MANIFEST || manifest.entry(&name).is_some() || is_working_file(dir, &name) {
            continue;
        }
        let check = if is_signature(&name) {
            Check::Signature
        } else {
            Check::Added
        };
        files.push(Checked { name, check });
    }
    Ok(files)
}

/// Whether a killed process may have left the file behind.
fn is_working_file(dir: &RunDir, name: &str) -> bool {
    let path = dir.path().join(name);
    let is_empty = || path.symlink_metadata().is_ok_and(|data| data.len() == 0);
    WORKING_FILES.contains(&name) || (name == WRITE_AHEAD_LOG && is_empty())
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
    Err(missing(name))
}

fn missing(name: &str) -> StoreError {
    StoreError::File {
        action: "read",
        path: name.into(),
        source: ErrorKind::NotFound.into(),
    }
}
