//! The bytes of an indicator list as text: unpacks gzip, and decodes the encodings of Windows.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// The largest list in bytes, unpacked. A list of 10,000 indicators is smaller than 10 MB in every
/// format, and a small gzip file can unpack to any size.
const LARGEST: u64 = 512 << 20;

/// Reads a list to its end and decodes it.
///
/// # Errors
/// It cannot be read, is damaged, or is larger than 512 MB.
pub(super) fn read_text(input: impl Read) -> io::Result<String> {
    let bytes = read_limited(input)?;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        read_limited(MultiGzDecoder::new(bytes.as_slice()))?
    } else {
        bytes
    };
    Ok(decode(&bytes))
}

fn read_limited(input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = input.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if u64::try_from(length).is_ok_and(|length| length <= LARGEST) {
        return Ok(bytes);
    }
    Err(io::Error::other("it is larger than 512 MB"))
}

/// Decodes UTF-16 (the `>` of `PowerShell` writes it) and UTF-8. In any other encoding, the
/// indicators are still ASCII, so the characters that are not UTF-8 are replaced.
fn decode(bytes: &[u8]) -> String {
    let utf16 = |body: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = body
            .chunks_exact(2)
            .map(|unit| read([unit[0], unit[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    let is_zero = |at: usize| bytes.get(at) == Some(&0);
    if let Some(body) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return utf16(body, u16::from_le_bytes);
    }
    if let Some(body) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return utf16(body, u16::from_be_bytes);
    }
    // Without a byte order mark: every other byte of ASCII text is zero.
    if bytes.len() >= 4 && is_zero(1) && is_zero(3) {
        return utf16(bytes, u16::from_le_bytes);
    }
    if bytes.len() >= 4 && is_zero(0) && is_zero(2) {
        return utf16(bytes, u16::from_be_bytes);
    }
    let body = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    String::from_utf8_lossy(body).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn encodings_of_windows_are_decoded() {
        let text = "198.51.100.23\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat(),
            [&[0xff, 0xfe], little.as_slice()].concat(),
            [&[0xfe, 0xff], big.as_slice()].concat(),
            little,
            big,
        ] {
            assert_eq!(read_text(bytes.as_slice()).unwrap(), text);
        }
        assert_eq!(
            read_text(&b"192.0.2.1 caf\xe9"[..]).unwrap(),
            "192.0.2.1 caf\u{fffd}"
        );
    }

    #[test]
    fn gzip_is_unpacked_up_to_the_limit() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"192.0.2.1\n").unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(read_text(packed.as_slice()).unwrap(), "192.0.2.1\n");
        assert!(read_text(&packed[..packed.len() - 9]).is_err());
        assert!(read_text(io::repeat(b'a').take(LARGEST + 1)).is_err());
    }
}
