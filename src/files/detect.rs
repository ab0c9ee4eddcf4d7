//! Recognises content by its first bytes, whatever the file is called.

use super::FileReason;
use super::csv_split::has_csv_header;
use super::gzip_stream::GZIP_MAGIC;
use super::utf16::ByteOrder;

/// How many bytes are enough to recognise every content.
pub(super) const HEAD_BYTES: usize = 4 << 10;

/// Where a tar has its magic. Source: POSIX, "pax - ustar Interchange Format".
const TAR_MAGIC_OFFSET: usize = 257;

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a content is, judged by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detected {
    Gzip,
    Zstd,
    Tar,
    /// Text in UTF-16, behind this many bytes of byte order mark.
    Utf16(ByteOrder, usize),
    /// JSON values, behind this many bytes of byte order mark.
    Json(usize),
    /// CSV with the header of an export, behind this many bytes of byte order mark.
    Csv(usize),
    /// Lines of text, behind this many bytes of byte order mark.
    Lines(usize),
    /// Nothing that can be read here: the reason and the name of the format.
    Refused(FileReason, &'static str),
}

impl Detected {
    /// Whether the content itself consists of records.
    pub(super) fn has_records(self) -> bool {
        matches!(self, Self::Json(_) | Self::Csv(_) | Self::Lines(_))
    }
}

/// Formats that are recognised so that the report can name them, with the bytes that they start
/// with. Sources: the specification of each; `file(1)`'s database.
const REFUSED: [(&[u8], FileReason, &str); 26] = [
    (b"PK\x03\x04", FileReason::Packed, "zip"),
    (b"PK\x05\x06", FileReason::Packed, "zip"),
    (b"PK\x07\x08", FileReason::Packed, "zip"),
    (b"BZh", FileReason::Packed, "bzip2"),
    (b"\xfd7zXZ\0", FileReason::Packed, "xz"),
    (b"7z\xbc\xaf\x27\x1c", FileReason::Packed, "7z"),
    (b"Rar!\x1a\x07", FileReason::Packed, "rar"),
    (b"\x04\x22\x4d\x18", FileReason::Packed, "lz4"),
    (b"\xff\x06\0\0sNaPpY", FileReason::Packed, "snappy"),
    (b"\x1f\x9d", FileReason::Packed, "compress"),
    (b"PAR1", FileReason::UnsupportedFormat, "Parquet"),
    (b"Obj\x01", FileReason::UnsupportedFormat, "Avro"),
    (b"\xd4\xc3\xb2\xa1", FileReason::UnsupportedFormat, PCAP),
    (b"\xa1\xb2\xc3\xd4", FileReason::UnsupportedFormat, PCAP),
    (b"\x4d\x3c\xb2\xa1", FileReason::UnsupportedFormat, PCAP),
    (b"\xa1\xb2\x3c\x4d", FileReason::UnsupportedFormat, PCAP),
    (b"\x0a\x0d\x0d\x0a", FileReason::UnsupportedFormat, PCAP),
    (
        b"SQLite format 3\0",
        FileReason::UnsupportedFormat,
        "SQLite database",
    ),
    (
        b"ElfFile\0",
        FileReason::UnsupportedFormat,
        "Windows event log",
    ),
    (b"\x7fELF", FileReason::Binary, "ELF program"),
    (b"MZ\x90\0", FileReason::Binary, "Windows program"),
    (b"%PDF-", FileReason::Binary, "PDF"),
    (b"\x89PNG\r\n", FileReason::Binary, "PNG image"),
    (b"\xff\xd8\xff", FileReason::Binary, "JPEG image"),
    (b"GIF87a", FileReason::Binary, "GIF image"),
    (b"GIF89a", FileReason::Binary, "GIF image"),
];

/// Source: IETF drafts, "PCAP Capture File Format" (microseconds and nanoseconds, in both byte
/// orders) and "PCAP Now Generic (pcapng)".
const PCAP: &str = "packet capture";

/// Returns the command that unpacks a format, or makes text of it.
pub(super) fn command_for(format: &str) -> Option<&'static str> {
    Some(match format {
        "zip" => "unzip FILE -d DIR",
        "bzip2" => "bunzip2 -k FILE",
        "xz" => "unxz -k FILE",
        "7z" => "7z x FILE -oDIR",
        "rar" => "unrar x FILE DIR/",
        "lz4" => "unlz4 FILE",
        "compress" => "uncompress -k FILE",
        "Parquet" => "duckdb -c \"COPY (FROM 'FILE') TO 'FILE.json'\"",
        "Avro" => "avro-tools tojson FILE",
        "SQLite database" => "sqlite3 FILE .dump",
        "Windows event log" => "evtx_dump -o jsonl FILE",
        PCAP => "tshark -r FILE -T json",
        _ => return None,
    })
}

/// Returns what a content is, from its first [`HEAD_BYTES`] bytes.
pub(super) fn detect(head: &[u8]) -> Detected {
    if head.starts_with(GZIP_MAGIC) {
        return Detected::Gzip;
    }
    if is_zstd(head) {
        return Detected::Zstd;
    }
    if head.get(TAR_MAGIC_OFFSET..).is_some_and(is_tar) {
        return Detected::Tar;
    }
    let refused = REFUSED.iter().find(|(magic, ..)| head.starts_with(magic));
    if let Some((_, reason, name)) = refused {
        return Detected::Refused(*reason, name);
    }
    detect_text(head)
}

fn is_tar(magic: &[u8]) -> bool {
    magic.starts_with(b"ustar")
}

/// A frame, or a frame to skip. Source: RFC 8878, "Zstandard Frames", "Skippable Frames".
fn is_zstd(head: &[u8]) -> bool {
    matches!(
        head,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]
    )
}

fn detect_text(head: &[u8]) -> Detected {
    match head {
        [0xff, 0xfe, ..] => return Detected::Utf16(ByteOrder::Little, 2),
        [0xfe, 0xff, ..] => return Detected::Utf16(ByteOrder::Big, 2),
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => return Detected::Utf16(ByteOrder::Little, 0),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => return Detected::Utf16(ByteOrder::Big, 0),
        _ => {}
    }
    if memchr::memchr(0, head).is_some() {
        return Detected::Refused(FileReason::Binary, "binary data");
    }
    let text = head.strip_prefix(UTF8_MARK).unwrap_or(head);
    let mark = head.len() - text.len();
    if is_json(text) {
        Detected::Json(mark)
    } else if has_csv_header(text) {
        Detected::Csv(mark)
    } else {
        Detected::Lines(mark)
    }
}

/// Whether a text starts as an object, or as an array of objects or arrays. A line of a log may
/// start with a bracket too: `[INFO] …`. The record separator of RFC 7464 may precede.
fn is_json(text: &[u8]) -> bool {
    let mut bytes = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace() && **byte != 0x1e);
    matches!(
        (bytes.next(), bytes.next()),
        (Some(b'{'), Some(b'"' | b'}') | None) | (Some(b'['), Some(b'{' | b'[' | b']') | None)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_decide() {
        let mut tar = vec![b'a'; TAR_MAGIC_OFFSET];
        tar.extend(b"ustar\x0000");
        let cases: &[(&[u8], Detected)] = &[
            (b"\x1f\x8b\x08\0", Detected::Gzip),
            (b"\x28\xb5\x2f\xfd", Detected::Zstd),
            (b"\x51\x2a\x4d\x18", Detected::Zstd),
            (&tar, Detected::Tar),
            (b"\xff\xfe{\0", Detected::Utf16(ByteOrder::Little, 2)),
            (b"\xfe\xff\0{", Detected::Utf16(ByteOrder::Big, 2)),
            (b"{\0\"\0", Detected::Utf16(ByteOrder::Little, 0)),
            (b"\0[\0{", Detected::Utf16(ByteOrder::Big, 0)),
            (b"\xef\xbb\xbf{\"a\":1}", Detected::Json(3)),
            (b"\xef\xbb\xbfhello", Detected::Lines(3)),
            (b" \r\n{ \"Records\": [", Detected::Json(0)),
            (b"[\n {", Detected::Json(0)),
            (b"[]", Detected::Json(0)),
            (b"[INFO] started", Detected::Lines(0)),
            (b"@timestamp,@message\n1,2", Detected::Csv(0)),
            (
                b"\xef\xbb\xbf\"eventTime\",eventName,userName\r\n",
                Detected::Csv(3),
            ),
            (b"time,level,message\n", Detected::Lines(0)),
            (b"{not json}", Detected::Lines(0)),
            (b"2 123456789012 eni-1 ", Detected::Lines(0)),
            (b"", Detected::Lines(0)),
            (
                b"PAR1..",
                Detected::Refused(FileReason::UnsupportedFormat, "Parquet"),
            ),
            (b"PK\x03\x04", Detected::Refused(FileReason::Packed, "zip")),
            (
                b"a\0b",
                Detected::Refused(FileReason::Binary, "binary data"),
            ),
        ];
        for (head, expected) in cases {
            assert_eq!(detect(head), *expected, "{head:?}");
        }
    }
}
