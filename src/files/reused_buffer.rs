//! Memory that a reader uses for one file after the other. A buffer only grows, so that it is not
//! filled with zeros for each file: its content is in its first bytes.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

/// Larger buffers are given back, so that the threads do not all keep one for the largest file.
const MOST_KEPT: usize = 8 << 20;

/// By how many bytes a buffer grows at least.
const GROWTH: usize = 1 << 20;

/// Makes room for a content of this size. What the buffer contained is lost. The old memory is
/// given back first, so that both are never used at the same time.
pub(super) fn make_room(buffer: &mut Vec<u8>, size: usize) {
    if buffer.len() < size {
        *buffer = Vec::new();
        *buffer = vec![0; size.next_multiple_of(GROWTH)];
    }
}

/// Copies a content to the start of a buffer.
pub(super) fn copy_to_start(content: &[u8], buffer: &mut Vec<u8>) {
    make_room(buffer, content.len());
    if let Some(start) = buffer.get_mut(..content.len()) {
        start.copy_from_slice(content);
    }
}

/// Returns the buffer for the next content.
pub(super) fn keep(buffer: Vec<u8>) -> Vec<u8> {
    if buffer.len() > MOST_KEPT {
        Vec::new()
    } else {
        buffer
    }
}

/// Reads the start of a file: `expected` bytes, and up to `most` if there are more. Returns how
/// many bytes were read, and the error that ended the reading.
pub(super) fn read_start(
    mut file: &File,
    expected: usize,
    most: usize,
    buffer: &mut Vec<u8>,
) -> (usize, io::Result<()>) {
    let mut length = 0;
    // With room for another byte, the end of the file is noticed without more memory.
    let mut wanted = expected.saturating_add(1).min(most);
    loop {
        if length == wanted {
            if wanted >= most {
                return (length, Ok(()));
            }
            wanted = wanted.saturating_mul(2).min(most);
        }
        if buffer.len() < wanted {
            buffer.resize(wanted, 0);
        }
        let free = buffer.get_mut(length..wanted).unwrap_or_default();
        match file.read(free) {
            Ok(0) => return (length, Ok(())),
            Ok(count) => length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (length, Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    #[test]
    fn file_is_read_up_to_the_limit_whatever_was_expected() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abcdefgh").unwrap();
        for (expected, most, read) in [
            (8, 100, 8),
            (0, 100, 8),
            (3, 100, 8),
            (50, 100, 8),
            (8, 8, 8),
            (8, 5, 5),
            (0, 1, 1),
        ] {
            let mut buffer = b"0123456789".to_vec();
            file.rewind().unwrap();
            let (length, result) = read_start(&file, expected, most, &mut buffer);
            assert!(result.is_ok());
            assert_eq!(&buffer[..length], &b"abcdefgh"[..read], "{expected} {most}");
        }
    }

    #[test]
    fn error_ends_the_reading() {
        let directory = File::open("/").unwrap();
        let (length, result) = read_start(&directory, 1, 10, &mut Vec::new());
        assert!(length == 0 && result.is_err());
    }

    #[test]
    fn large_buffers_are_not_kept() {
        let mut buffer = vec![1; 5];
        make_room(&mut buffer, 3);
        assert_eq!(buffer.len(), 5);
        make_room(&mut buffer, 6);
        assert_eq!(buffer.len(), GROWTH);
        assert_eq!(keep(buffer).len(), GROWTH);
        assert!(keep(vec![0; MOST_KEPT + 1]).is_empty());
    }
}
