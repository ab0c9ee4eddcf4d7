//! The compact protocol of Thrift, in which the metadata of Parquet files is written. Only what that
//! needs: structs of numbers that are not negative, texts, structs and lists.
//!
//! Source: Apache Thrift, "Thrift Compact protocol encoding".

/// The type of a 32-bit number, in a field or a list.
pub(super) const I32: u8 = 5;
const I64: u8 = 6;
/// The type of a text.
pub(super) const BINARY: u8 = 8;
const LIST: u8 = 9;
/// The type of a struct.
pub(super) const STRUCT: u8 = 12;

/// A struct in progress. Fields are written in the order of their ids.
#[derive(Debug, Default)]
pub(super) struct ThriftStruct {
    bytes: Vec<u8>,
    last_id: u8,
}

impl ThriftStruct {
    /// Adds a 32-bit number.
    pub(super) fn i32(mut self, id: u8, number: u64) -> Self {
        self.start_field(id, I32);
        self.bytes.extend(encode_number(number));
        self
    }

    /// Adds a 64-bit number.
    pub(super) fn i64(mut self, id: u8, number: u64) -> Self {
        self.start_field(id, I64);
        self.bytes.extend(encode_number(number));
        self
    }

    /// Adds a text.
    pub(super) fn text(mut self, id: u8, text: &str) -> Self {
        self.start_field(id, BINARY);
        self.bytes.extend(encode_text(text));
        self
    }

    /// Adds a struct.
    pub(super) fn nested(mut self, id: u8, inner: Self) -> Self {
        self.start_field(id, STRUCT);
        self.bytes.extend(inner.finish());
        self
    }

    /// Adds a list of encoded elements of one type.
    pub(super) fn list(mut self, id: u8, element_type: u8, elements: &[Vec<u8>]) -> Self {
        self.start_field(id, LIST);
        match u8::try_from(elements.len()) {
            Ok(short) if short < 15 => self.bytes.push((short << 4) | element_type),
            _ => {
                self.bytes.push(0xf0 | element_type);
                push_varint(&mut self.bytes, elements.len() as u64);
            }
        }
        self.bytes.extend(elements.iter().flatten());
        self
    }

    /// Returns the encoded struct.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }

    fn start_field(&mut self, id: u8, field_type: u8) {
        let difference = id.saturating_sub(self.last_id);
        self.bytes.push((difference << 4) | field_type);
        self.last_id = id;
    }
}

/// Encodes a number that is not negative, as an element of a list. Its zigzag encoding is twice the
/// number.
pub(super) fn encode_number(number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_varint(&mut bytes, number << 1);
    bytes
}

/// Encodes a text, as an element of a list.
pub(super) fn encode_text(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_varint(&mut bytes, text.len() as u64);
    bytes.extend(text.as_bytes());
    bytes
}

/// Appends a number in groups of seven bits, the lowest first.
pub(super) fn push_varint(bytes: &mut Vec<u8>, number: u64) {
    let mut rest = number;
    while rest >= 0x80 {
        bytes.push(low_bits(rest) | 0x80);
        rest >>= 7;
    }
    bytes.push(low_bits(rest));
}

fn low_bits(number: u64) -> u8 {
    let [lowest, ..] = number.to_le_bytes();
    lowest & 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_as_thrift_does() {
        let encoded = ThriftStruct::default()
            .i32(1, 1)
            .text(4, "ab")
            .nested(5, ThriftStruct::default().i64(1, 300))
            .finish();
        assert_eq!(hex::encode(encoded), "1502380261621c16d8040000");
    }

    #[test]
    fn long_lists_have_a_length_of_their_own() {
        let short = ThriftStruct::default().list(2, I32, &[encode_number(0), encode_number(3)]);
        assert_eq!(hex::encode(short.finish()), "2925000600");
        let long = ThriftStruct::default().list(2, I32, &vec![encode_number(0); 16]);
        assert_eq!(
            hex::encode(long.finish()),
            format!("29f510{}00", "00".repeat(16))
        );
    }
}
