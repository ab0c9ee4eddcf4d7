//! The sinks for stdout and files: one JSON object per line.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{SharedOutput, SinkError};
use crate::report::escape_json;

/// Prints a line of JSON. The output may be a terminal, so it is escaped.
pub(super) fn print(output: &SharedOutput, line: &str) -> Result<(), SinkError> {
    // A panic during an earlier write does not make the output unusable.
    let mut output = output.lock();
    writeln!(output, "{}", escape_json(line))
        .and_then(|()| output.flush())
        .map_err(|error| SinkError::Temporary(error.to_string()))
}

/// Appends a line of JSON to a file, which is created with mode 0600 if it does not exist. The file is
/// opened each time, so that it can be rotated. The line is on disk when this returns.
pub(super) fn append(path: &Path, line: &str) -> Result<(), SinkError> {
    append_line(path, line)
        .map_err(|error| SinkError::Temporary(format!("{}: {error}", path.display())))
}

fn append_line(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    // A killed process may have left an incomplete line; end it first.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    let line_end = if last == *b"\n" { "" } else { "\n" };
    let line = escape_json(line);
    file.write_all(format!("{line_end}{line}\n").as_bytes())?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incomplete_line_is_ended_before_the_next() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("alerts.jsonl");
        append(&path, "one").unwrap();
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"tw")
            .unwrap();
        append(&path, "two").unwrap();
        append(&path, "three").unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "one\ntw\ntwo\nthree\n"
        );
        assert!(append(temp.path(), "a directory").is_err());
    }
}
