//! The JSON text of a file, whose parts know their lines.

use serde::Deserialize;

use super::Malformed;

/// The JSON text of a file; the parts that are read are slices of it.
#[derive(Clone, Copy)]
pub(super) struct JsonSource<'a> {
    text: &'a str,
    first_line: usize,
}

impl<'a> JsonSource<'a> {
    /// The text begins on this line of the file.
    pub(super) fn starting_on(first_line: usize, text: &'a str) -> Self {
        Self { text, first_line }
    }

    /// Deserializes a part of the file.
    pub(super) fn read<'p, T: Deserialize<'p>>(self, part: &'p str) -> Result<T, Malformed> {
        serde_json::from_str(part).map_err(|error| {
            let line = self.line(part) + error.line().saturating_sub(1);
            (Some(line), format!("it is not the expected JSON: {error}"))
        })
    }

    /// Returns the line on which a part of the file begins, counted from 1.
    pub(super) fn line(self, part: &str) -> usize {
        let before = part
            .as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr());
        let newlines = self
            .text
            .bytes()
            .take(before)
            .filter(|byte| *byte == b'\n')
            .count();
        self.first_line + newlines
    }
}
