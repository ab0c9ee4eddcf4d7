//! Reads the entries of a tar.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use tar::{Archive, EntryType};

use super::content_name::{ContentName, path_text};
use super::reader::{FileReader, Packing, describe_error};
use super::tar_source::{ReadAllowance, TarSource};
use super::{FileReason, FileSink};

/// How many bytes of the path of an entry are shown. Source: Linux, `PATH_MAX`.
const LONGEST_PATH: usize = 4_096;

/// How many bytes behind the end of a tar are examined.
const TRAILING_CHUNK: usize = 8 << 10;

impl FileReader {
    /// Reads each file of a tar as a content of its own.
    pub(super) fn read_tar(
        &mut self,
        source: impl Read,
        name: ContentName<'_>,
        packing: Packing,
        sink: &mut dyn FileSink,
    ) {
        let allowance = ReadAllowance::new();
        let mut archive = Archive::new(TarSource::new(source, &allowance));
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => {
                report_damage(&error, name, packing, sink);
                return;
            }
        };
        for entry in entries {
            let mut entry = match entry {
                Ok(entry) => entry,
                // Where the next entry starts is not known any more.
                Err(error) => {
                    report_damage(&error, name, packing, sink);
                    return;
                }
            };
            let path = entry_path(name.entry, &entry.path_bytes());
            let entry_name = ContentName {
                path: name.path,
                entry: Some(&path),
            };
            let kind = entry.header().entry_type();
            let stored = entry.header().entry_size().unwrap_or_default();
            if let Some((reason, detail)) = describe_special(kind, stored) {
                sink.problem(entry_name.problem(reason, None, detail));
                allowance.allow_headers(stored);
            } else if is_silent(kind) {
                allowance.allow_headers(stored);
            } else {
                allowance.allow_content();
                self.read_stream(&mut entry, entry_name, packing.inside("tar"), sink);
                // If this fails, so does the search for the next entry.
                _ = io::copy(&mut entry, &mut io::sink());
                allowance.allow_headers(0);
            }
        }
        allowance.allow_content();
        report_end(&mut archive.into_inner(), name, sink);
    }
}

/// Reports what follows the end of a tar, or that there is no end: it may have been cut off between
/// two entries.
fn report_end(rest: &mut TarSource<'_, impl Read>, name: ContentName<'_>, sink: &mut dyn FileSink) {
    if has_content(rest) {
        let detail = "data follows the end of the tar, perhaps another one: separate and unpack it";
        sink.problem(name.problem(FileReason::TrailingData, None, detail));
    } else if !rest.has_end() {
        let detail =
            "the tar has no end, so entries may be missing; those that are there were searched";
        sink.problem(name.problem(FileReason::DamagedArchive, None, detail));
    }
}

/// Describes an entry that is no file. An entry of an unknown type is read as a file, and so is a hard
/// link with a content.
///
/// Source: POSIX, "pax - ustar Interchange Format", `typeflag`; "pax Interchange Format", linked files
/// may have contents.
fn describe_special(kind: EntryType, stored: u64) -> Option<(FileReason, &'static str)> {
    if kind.is_hard_link() && stored == 0 {
        let detail = "a hard link to an earlier entry of the archive, where it was searched";
        Some((FileReason::InnerLink, detail))
    } else if kind.is_symlink() {
        let detail = "a symbolic link in the archive, which is not followed: unpack it first";
        Some((FileReason::SymbolicLink, detail))
    } else if kind.is_gnu_sparse() {
        // A few bytes can claim any number of zeros.
        let detail = "a sparse file in the archive: unpack it first";
        Some((FileReason::Packed, detail))
    } else if kind.is_fifo() || kind.is_character_special() || kind.is_block_special() {
        let detail = "a FIFO or device in the archive: it has no content";
        Some((FileReason::NotRegular, detail))
    } else {
        None
    }
}

/// Whether an entry needs no mention: directories, and headers that describe other entries.
fn is_silent(kind: EntryType) -> bool {
    kind.is_dir() || kind.is_pax_global_extensions() || kind.is_pax_local_extensions()
}

/// Returns the path of an entry, behind that of the archive if it is itself an entry. It is a part of
/// the id of each event, so a very long one is cut.
fn entry_path(archive: Option<&str>, path: &[u8]) -> String {
    let short = path.get(..LONGEST_PATH).unwrap_or(path);
    let path = path_text(Path::new(OsStr::from_bytes(short)));
    match archive {
        Some(archive) => format!("{archive}!{path}"),
        None => path,
    }
}

fn report_damage(
    error: &io::Error,
    name: ContentName<'_>,
    packing: Packing,
    sink: &mut dyn FileSink,
) {
    let (reason, detail) = describe_error(error, packing);
    let problem = if reason == FileReason::ExpansionLimit {
        name.problem(reason, None, detail)
    } else {
        let detail = format!(
            "the tar is damaged or breaks off ({error}); the entries before were searched, and nothing behind them"
        );
        name.problem(FileReason::DamagedArchive, None, detail)
    };
    sink.problem(problem);
}

/// Whether anything but the zeros of the padding follows. It also reads compressed data to its end,
/// so that its checksum is compared. An error counts as content.
fn has_content(rest: &mut impl Read) -> bool {
    let mut chunk = [0; TRAILING_CHUNK];
    loop {
        match rest.read(&mut chunk) {
            Ok(0) => return false,
            Ok(count) => {
                let read = chunk.get(..count).unwrap_or_default();
                if read.iter().any(|byte| *byte != 0) {
                    return true;
                }
            }
            Err(_) => return true,
        }
    }
}
