//! The name of a content: the path of its file and, in an archive, of its entry.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{FileProblem, FileReason};

/// Returns a path as text. A byte that is not UTF-8 becomes U+FFFD and its hexadecimal number, and
/// U+FFFD is doubled, so that no two paths have the same text: a run knows its files by it.
pub fn path_text(path: &Path) -> String {
    const MARK: char = char::REPLACEMENT_CHARACTER;
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            text.push(character);
            if character == MARK {
                text.push(MARK);
            }
        }
        for byte in chunk.invalid() {
            text.push(MARK);
            text.push_str(&hex::encode([*byte]));
        }
    }
    text
}

/// What is being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContentName<'a> {
    pub(super) path: &'a str,
    pub(super) entry: Option<&'a str>,
}

impl ContentName<'_> {
    /// Creates a problem with this content.
    pub(super) fn problem(
        self,
        reason: FileReason,
        offset: Option<u64>,
        detail: impl Into<String>,
    ) -> FileProblem {
        FileProblem {
            path: self.path.to_owned(),
            entry: self.entry.map(str::to_owned),
            offset,
            reason,
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn different_paths_have_different_texts() {
        for (path, text) in [
            (&b"/logs/a b\n"[..], "/logs/a b\n"),
            (b"/\xff", "/\u{fffd}ff"),
            (b"/\xfe", "/\u{fffd}fe"),
            ("/\u{fffd}ff".as_bytes(), "/\u{fffd}\u{fffd}ff"),
        ] {
            assert_eq!(path_text(Path::new(OsStr::from_bytes(path))), text);
        }
    }
}
