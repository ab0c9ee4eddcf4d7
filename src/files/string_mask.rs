//! Finds which bytes of JSON are in strings, 64 at a time: a bit for each byte.

#![expect(
    clippy::inline_always,
    reason = "SIMD instructions are used only in what is inlined into the function that enables them"
)]

/// Which bytes of the next chunk are in strings.
#[derive(Default)]
pub(super) struct StringMask {
    /// One if the first byte of the chunk is escaped.
    is_escaped: u64,
    /// All bits if the chunk starts in a string.
    inside: u64,
}

impl StringMask {
    /// Returns which bytes of a chunk are in strings: the opening quotation mark is, the closing one
    /// is not.
    #[inline(always)]
    pub(super) fn follow(&mut self, quotes: u64, backslashes: u64) -> u64 {
        let escaped = self.find_escaped(backslashes);
        let inside = fold_parity(quotes & !escaped) ^ self.inside;
        self.inside = 0_u64.wrapping_sub(inside >> 63);
        inside
    }

    /// Returns the bytes behind a backslash that is not escaped itself.
    ///
    /// Source: G. Langdale, D. Lemire, "Parsing Gigabytes of JSON per Second", section 3.1.1.
    #[inline(always)]
    fn find_escaped(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        if backslashes == 0 {
            return std::mem::take(&mut self.is_escaped);
        }
        let backslashes = backslashes & !self.is_escaped;
        let behind = (backslashes << 1) | self.is_escaped;
        let odd_starts = backslashes & !EVEN & !behind;
        let (sequences, overflows) = odd_starts.overflowing_add(backslashes);
        self.is_escaped = u64::from(overflows);
        (EVEN ^ (sequences << 1)) & behind
    }
}

/// For each bit, whether the number of bits up to and with it is odd.
#[inline(always)]
fn fold_parity(bits: u64) -> u64 {
    let mut parity = bits;
    for shift in [1, 2, 4, 8, 16, 32] {
        parity ^= parity << shift;
    }
    parity
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that are in strings, each string with its opening quotation mark.
    fn strings(text: &str) -> String {
        let mut mask = StringMask::default();
        let mut strings = String::new();
        for chunk in text.as_bytes().chunks(64) {
            let bits = |wanted: u8| {
                let positions = (0..).zip(chunk).filter(|(_, byte)| **byte == wanted);
                positions.fold(0, |bits, (at, _)| bits | (1_u64 << at))
            };
            let inside = mask.follow(bits(b'"'), bits(b'\\'));
            let inside = (0..).zip(chunk).filter(|(at, _)| inside & (1 << at) != 0);
            strings.extend(inside.map(|(_, byte)| char::from(*byte)));
        }
        strings
    }

    #[test]
    fn escaped_quotation_marks_end_no_string() {
        let text = r#"["a\"b\\","",1,"\\\"c",{"d":2}]"#;
        let expected = r#""a\"b\\""\\\"c"d"#;
        // Each byte is once the first one of a chunk.
        for before in 0..64 {
            let padded = format!("{}{text}", " ".repeat(before));
            assert_eq!(strings(&padded), expected, "{before}");
        }
    }
}
