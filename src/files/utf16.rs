//! Decodes UTF-16, in which Windows `PowerShell` writes redirected output.
//!
//! Source: Microsoft Learn, "`about_Character_Encoding`".

use std::io::{self, Read};

/// The order of the bytes of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

const CHUNK_BYTES: usize = 16 << 10;

/// Reads UTF-16 as UTF-8. A unit without a partner becomes U+FFFD.
pub(super) struct Utf16Reader<R> {
    source: R,
    order: ByteOrder,
    raw: Vec<u8>,
    /// How many bytes of `raw` have been read but not decoded.
    pending: usize,
    decoded: Vec<u8>,
    /// How many bytes of `decoded` have been returned.
    returned: usize,
    is_at_end: bool,
}

impl<R: Read> Utf16Reader<R> {
    /// The source is behind the byte order mark.
    pub(super) fn new(source: R, order: ByteOrder) -> Self {
        Self {
            source,
            order,
            raw: vec![0; CHUNK_BYTES],
            pending: 0,
            decoded: Vec::new(),
            returned: 0,
            is_at_end: false,
        }
    }

    fn decode_more(&mut self) -> io::Result<()> {
        self.decoded.clear();
        self.returned = 0;
        let free = self.raw.get_mut(self.pending..).unwrap_or_default();
        let count = self.source.read(free)?;
        self.is_at_end = count == 0;
        let filled = self.pending + count;
        let bytes = self.raw.get(..filled).unwrap_or_default();
        let mut units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|unit| match (self.order, unit) {
                (ByteOrder::Little, [low, high]) => u16::from_le_bytes([*low, *high]),
                (ByteOrder::Big, [high, low]) => u16::from_be_bytes([*high, *low]),
                _ => 0,
            })
            .collect();
        let mut used = units.len() * 2;
        let is_high = |unit: &u16| (0xd800..0xdc00).contains(unit);
        if !self.is_at_end && units.last().is_some_and(is_high) {
            units.pop();
            used -= 2;
        }
        let characters =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        let mut text: String = characters.collect();
        if self.is_at_end && used < filled {
            text.push(char::REPLACEMENT_CHARACTER);
            used = filled;
        }
        self.decoded = text.into_bytes();
        self.raw.copy_within(used..filled, 0);
        self.pending = filled - used;
        Ok(())
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.returned == self.decoded.len() {
            if self.is_at_end {
                return Ok(0);
            }
            self.decode_more()?;
        }
        let mut rest = self.decoded.get(self.returned..).unwrap_or_default();
        let count = rest.read(into)?;
        self.returned += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_decode() {
        let text = "{\"a\":\"é 😀\"}";
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| match order {
                    ByteOrder::Little => unit.to_le_bytes(),
                    ByteOrder::Big => unit.to_be_bytes(),
                })
                .collect();
            let mut decoded = String::new();
            let mut reader = Utf16Reader::new(&bytes[..], order);
            reader.read_to_string(&mut decoded).unwrap();
            assert_eq!(decoded, text);
            // A surrogate pair may be split between two reads.
            let mut split = Utf16Reader::new(io::Cursor::new(bytes), order);
            split.raw.truncate(5);
            let mut decoded = String::new();
            split.read_to_string(&mut decoded).unwrap();
            assert_eq!(decoded, text);
        }
    }

    #[test]
    fn damaged_units_are_replaced() {
        let mut decoded = String::new();
        let mut reader = Utf16Reader::new(&b"a\0\x00\xd8b\0c"[..], ByteOrder::Little);
        reader.read_to_string(&mut decoded).unwrap();
        assert_eq!(decoded, "a\u{fffd}b\u{fffd}");
    }
}
