//! The columns of a Parquet file: their values in memory, and how they are encoded.
//!
//! Source: Apache Parquet, "Encodings" (plain, and the hybrid of runs for levels) and "Logical Types",
//! "Lists".

use std::borrow::Cow;
use std::io;

use serde_json::Value;

use super::thrift::{BINARY, I32, ThriftStruct, encode_number, encode_text, push_varint};

/// What a column contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Text,
    /// A list of texts.
    Texts,
    Number,
    Truth,
}

// Source: `parquet.thrift`, `Type`, `ConvertedType`, `FieldRepetitionType`, `Encoding`.
const BOOLEAN: u64 = 0;
const INT64: u64 = 2;
const BYTE_ARRAY: u64 = 6;
const CONVERTED_TEXT: u64 = 0;
const CONVERTED_LIST: u64 = 3;
const REQUIRED: u64 = 0;
const REPEATED: u64 = 2;
/// The encoding of the values.
pub(super) const PLAIN: u64 = 0;
/// The encoding of the levels.
pub(super) const RLE: u64 = 3;

/// A column and the values of the current row group.
#[derive(Debug)]
pub(super) struct Column {
    name: String,
    kind: ColumnKind,
    values: Vec<u8>,
    /// The number of values; an empty list counts too.
    entries: u64,
    /// Whether a text continues the list of the one before.
    repetitions: Levels,
    /// Whether there is a text; an empty list has none.
    definitions: Levels,
}

/// The values of a column in a row group.
#[derive(Debug)]
pub(super) struct Page {
    pub entries: u64,
    pub body: Vec<u8>,
}

impl Column {
    pub(super) fn new(name: &str, kind: ColumnKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            values: Vec::new(),
            entries: 0,
            repetitions: Levels::default(),
            definitions: Levels::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The size of the values in memory, in bytes.
    pub(super) fn size(&self) -> usize {
        self.values.len()
    }

    /// Adds the value of the next row.
    pub(super) fn push(&mut self, value: &Value) -> io::Result<()> {
        match self.kind {
            ColumnKind::Text => self.push_text(&text_of(value)),
            ColumnKind::Texts => self.push_list(value.as_array().map_or(&[][..], Vec::as_slice)),
            ColumnKind::Number => {
                let number = value.as_u64().unwrap_or_default();
                self.values.extend(number.to_le_bytes());
                self.entries += 1;
                Ok(())
            }
            ColumnKind::Truth => {
                let truth = value.as_bool().unwrap_or_default();
                self.values.push(u8::from(truth));
                self.entries += 1;
                Ok(())
            }
        }
    }

    fn push_list(&mut self, items: &[Value]) -> io::Result<()> {
        if items.is_empty() {
            self.repetitions.push(false);
            self.definitions.push(false);
            self.entries += 1;
        }
        for (number, item) in items.iter().enumerate() {
            self.repetitions.push(number > 0);
            self.definitions.push(true);
            self.push_text(&text_of(item))?;
        }
        Ok(())
    }

    fn push_text(&mut self, text: &str) -> io::Result<()> {
        let length = u32::try_from(text.len()).map_err(io::Error::other)?;
        self.values.extend(length.to_le_bytes());
        self.values.extend(text.as_bytes());
        self.entries += 1;
        Ok(())
    }

    /// Returns the values, and starts again without any.
    pub(super) fn take_page(&mut self) -> io::Result<Page> {
        let values = std::mem::take(&mut self.values);
        let entries = std::mem::take(&mut self.entries);
        let body = match self.kind {
            ColumnKind::Text | ColumnKind::Number => values,
            ColumnKind::Truth => values.chunks(8).map(pack_bits).collect(),
            ColumnKind::Texts => {
                let repetitions = std::mem::take(&mut self.repetitions).finish()?;
                let definitions = std::mem::take(&mut self.definitions).finish()?;
                [repetitions, definitions, values].concat()
            }
        };
        Ok(Page { entries, body })
    }

    /// Returns the elements of the schema.
    pub(super) fn schema(&self) -> Vec<Vec<u8>> {
        let name = self.name.as_str();
        match self.kind {
            ColumnKind::Text => vec![text_element(name)],
            ColumnKind::Number => vec![leaf(INT64).text(4, name).finish()],
            ColumnKind::Truth => vec![leaf(BOOLEAN).text(4, name).finish()],
            ColumnKind::Texts => {
                let outer = group(REQUIRED, name).i32(6, CONVERTED_LIST);
                let repeated = group(REPEATED, "list");
                vec![outer.finish(), repeated.finish(), text_element("element")]
            }
        }
    }

    /// Starts the metadata of a chunk of the column: its type, its encodings and its path.
    pub(super) fn chunk_metadata(&self) -> ThriftStruct {
        let value_type = match self.kind {
            ColumnKind::Text | ColumnKind::Texts => BYTE_ARRAY,
            ColumnKind::Number => INT64,
            ColumnKind::Truth => BOOLEAN,
        };
        let mut path = vec![encode_text(&self.name)];
        if self.kind == ColumnKind::Texts {
            path.extend(["list", "element"].map(encode_text));
        }
        ThriftStruct::default()
            .i32(1, value_type)
            .list(2, I32, &[encode_number(PLAIN), encode_number(RLE)])
            .list(3, BINARY, &path)
    }
}

/// Returns a value as the text of a cell. The column `self` is a truth value or a text.
fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Null => Cow::Borrowed(""),
        other => Cow::Owned(other.to_string()),
    }
}

/// Starts the element of a required column without children.
fn leaf(value_type: u64) -> ThriftStruct {
    ThriftStruct::default().i32(1, value_type).i32(3, REQUIRED)
}

fn text_element(name: &str) -> Vec<u8> {
    leaf(BYTE_ARRAY)
        .text(4, name)
        .i32(6, CONVERTED_TEXT)
        .finish()
}

/// Starts the element of a group with one child.
fn group(repetition: u64, name: &str) -> ThriftStruct {
    ThriftStruct::default()
        .i32(3, repetition)
        .text(4, name)
        .i32(5, 1)
}

/// Packs up to eight truth values into a byte, the first into the lowest bit.
fn pack_bits(truths: &[u8]) -> u8 {
    truths
        .iter()
        .rev()
        .fold(0_u8, |packed, truth| (packed << 1) | truth)
}

/// Levels of one bit, as runs of equal ones.
#[derive(Debug, Default)]
struct Levels {
    runs: Vec<u8>,
    level: bool,
    length: u64,
}

impl Levels {
    fn push(&mut self, level: bool) {
        if level != self.level {
            self.finish_run();
            self.level = level;
        }
        self.length += 1;
    }

    fn finish_run(&mut self) {
        if self.length > 0 {
            push_varint(&mut self.runs, self.length << 1);
            self.runs.push(u8::from(self.level));
            self.length = 0;
        }
    }

    /// Returns the runs after their size.
    fn finish(mut self) -> io::Result<Vec<u8>> {
        self.finish_run();
        let size = u32::try_from(self.runs.len()).map_err(io::Error::other)?;
        Ok([&size.to_le_bytes()[..], &self.runs].concat())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(kind: ColumnKind, values: &[Value]) -> (u64, String) {
        let mut column = Column::new("c", kind);
        for value in values {
            column.push(value).unwrap();
        }
        let page = column.take_page().unwrap();
        assert_eq!(column.size(), 0);
        (page.entries, hex::encode(page.body))
    }

    #[test]
    fn values_are_plain() {
        let texts = [json!("a"), json!(true), Value::Null];
        let expected = "0100000061040000007472756500000000";
        assert_eq!(body(ColumnKind::Text, &texts), (3, expected.to_owned()));
        let number = (1, "0300000000000000".to_owned());
        assert_eq!(body(ColumnKind::Number, &[json!(3)]), number);
        let truths = [true, false, true, true, false, false, false, false, true].map(Value::Bool);
        assert_eq!(body(ColumnKind::Truth, &truths), (9, "0d01".to_owned()));
    }

    #[test]
    fn lists_have_levels() {
        let lists = [json!(["p", "q"]), json!([])];
        // Repetitions 0 1 0 and definitions 1 1 0, each as runs after their size, then the texts.
        let repetitions = "06000000020002010200";
        let definitions = "0400000004010200";
        let texts = "01000000700100000071";
        let expected = [repetitions, definitions, texts].concat();
        assert_eq!(body(ColumnKind::Texts, &lists), (3, expected));
    }
}
