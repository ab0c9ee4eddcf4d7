//! Every way in which compressed data can be complete, continued or damaged.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::test_sink::{TestSink, read, read_as, streaming, trail_record};
use super::{FileReason, ReadLimits, RecordForm};

pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn lines(count: usize) -> String {
    let lines: Vec<String> = (0..count).map(|n| format!("line number {n}\n")).collect();
    lines.concat()
}

/// Reads at once and as a stream, which must agree.
fn read_both(bytes: &[u8]) -> TestSink {
    let whole = read(bytes);
    let streamed = read_as("evidence/file", bytes, None, streaming(1_000));
    assert_eq!(whole.records, streamed.records);
    assert_eq!(whole.reasons(), streamed.reasons());
    whole
}

#[test]
fn one_member_is_read() {
    let text = lines(1_000);
    let found = read_both(&gzip(text.as_bytes()));
    assert_eq!(found.texts(), text.lines().collect::<Vec<_>>());
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!(found.bytes, text.len() as u64);
    assert!(read_both(&gzip(b"")).problems.is_empty());
}

#[test]
fn hash_is_that_of_the_unpacked_content() {
    let record = trail_record("2026-11-27T10:00:00Z", "A", "Management");
    let contents = [
        format!(r#"{{"Records":[{record},{record}]}}"#),
        format!("{record}\n{record}"),
        lines(1_000),
        "\u{feff}one\n".to_owned(),
        String::new(),
    ];
    for content in contents {
        let expected: [u8; 32] = Sha256::digest(content.as_bytes()).into();
        let packed = gzip(content.as_bytes());
        for needle in [None, Some("NOWHERE")] {
            for bytes in [content.as_bytes(), &packed] {
                for limits in [ReadLimits::default(), streaming(100)] {
                    let found = read_as("evidence/file", bytes, needle, limits);
                    assert_eq!(found.sha256, [Some(expected)], "{content}");
                }
            }
        }
        // What is left of a damaged content has no hash.
        let cut_off = &packed[..packed.len() - 1];
        assert_eq!(read_both(cut_off).sha256, [None], "{content}");
    }
}

#[test]
fn every_member_is_read() {
    let two = [gzip(b"one\n"), gzip(b"HIDDEN\n"), gzip(b"")].concat();
    let found = read_both(&two);
    assert_eq!(found.texts(), ["one", "HIDDEN"]);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    // A record may be split between two members.
    let record = trail_record("2026-11-27T10:00:00Z", "A", "Management");
    let (start, end) = record.split_at(100);
    let split = [gzip(start.as_bytes()), gzip(end.as_bytes())].concat();
    assert_eq!(read_both(&split).texts(), [record]);
}

#[test]
fn data_behind_the_last_member_is_reported() {
    let one = gzip(b"one\n");
    let cases: [(&[u8], FileReason); 4] = [
        (b"junk!!", FileReason::TrailingData),
        (&[0; 12], FileReason::TrailingZeros),
        (&vec![0; 100_000], FileReason::TrailingZeros),
        (b"\0\0\0\0\0\0\0\0HIDDEN", FileReason::TrailingData),
    ];
    for (trailing, reason) in cases {
        let found = read_both(&[&one[..], trailing].concat());
        assert_eq!(found.texts(), ["one"]);
        assert_eq!(found.reasons(), [reason], "{} bytes", trailing.len());
    }
    // The start of a magic number is a member that broke off.
    let found = read_both(&[&one[..], b"\x1f\x8b"].concat());
    assert_eq!(found.texts(), ["one"]);
    assert_eq!(found.reasons(), [FileReason::DamagedCompression]);
}

/// Junk that ends in a copy of the trailer passes the comparison with it; it must not hide a member.
#[test]
fn member_between_a_member_and_its_copied_trailer_is_read() {
    let one = gzip(b"one\n");
    let trailer = &one[one.len() - 8..];
    let forged = [&one[..], &gzip(b"HIDDEN\n"), trailer].concat();
    let found = read_both(&forged);
    assert_eq!(found.texts(), ["one", "HIDDEN"]);
    assert_eq!(found.reasons(), [FileReason::TrailingData]);
}

#[test]
fn file_that_breaks_off_yields_what_was_before() {
    let text = lines(20_000);
    let whole = gzip(text.as_bytes());
    for end in [whole.len() - 1, whole.len() - 9, whole.len() / 2] {
        let found = read_both(&whole[..end]);
        assert_eq!(found.reasons(), [FileReason::DamagedCompression], "{end}");
        let lines: Vec<&str> = text.lines().collect();
        let read = found
            .records
            .iter()
            .filter(|record| record.form == RecordForm::Text);
        let read: Vec<&str> = read.map(|record| &*record.text).collect();
        assert!(read.len() > 1_000, "{end}: {}", read.len());
        assert_eq!(read, lines[..read.len()]);
    }
    for end in 3..20 {
        assert_eq!(read(&whole[..end]).problems.len(), 1, "{end}");
    }
}

#[test]
fn damage_of_every_byte_is_noticed() {
    let one = gzip(b"one two three four five six seven\n");
    // Bytes 3 to 9 of the header may have any value: flags, time, extra flags and system.
    let damaged = (0..3).chain(10..one.len());
    for at in damaged {
        let mut bytes = one.clone();
        bytes[at] ^= 0x55;
        let found = read(&bytes);
        assert!(!found.problems.is_empty(), "byte {at}");
    }
}

#[test]
fn wrong_checksum_and_size_are_reported() {
    let one = gzip(b"one\ntwo\n");
    for at in [one.len() - 8, one.len() - 4] {
        let mut bytes = one.clone();
        bytes[at] ^= 1;
        let found = read_both(&bytes);
        assert_eq!(found.texts(), ["one", "two"]);
        assert_eq!(found.reasons(), [FileReason::DamagedCompression]);
    }
}

#[test]
fn bomb_ends_at_the_limit_with_what_was_before() {
    let bomb = gzip(&lines(100_000).into_bytes());
    let limits = ReadLimits {
        expanded_bytes: 100_000,
        whole_content_bytes: 10_000,
        ..ReadLimits::default()
    };
    let found = read_as("bomb", &bomb, None, limits);
    assert_eq!(found.reasons(), [FileReason::ExpansionLimit]);
    assert!(found.records.len() > 5_000);
    assert!(found.problems[0].detail.contains("unpack to more than"));
}

#[test]
fn packings_are_read_inside_each_other() {
    let inner = gzip(b"one\n");
    let zstd = zstd::bulk::compress(&inner, 1).unwrap();
    assert_eq!(read_both(&zstd).texts(), ["one"]);
    let cut = read_both(&zstd[..zstd.len() - 3]);
    assert!(cut.reasons().contains(&FileReason::DamagedCompression));
    let mut deep = inner;
    for _ in 0..4 {
        deep = gzip(&deep);
    }
    assert_eq!(read_both(&deep).reasons(), [FileReason::NestingLimit]);
}

#[test]
fn entries_of_a_tar_are_contents() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: &str, kind: tar::EntryType, text: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, text).unwrap();
    };
    add("logs", tar::EntryType::Directory, b"");
    add("logs/a.log", tar::EntryType::Regular, b"one\n");
    add("logs/b.gz", tar::EntryType::Regular, &gzip(b"two\n"));
    add("logs/p", tar::EntryType::Fifo, b"");
    add("logs/c.zip", tar::EntryType::Regular, b"PK\x03\x04");
    let tar = builder.into_inner().unwrap();
    for bytes in [tar.clone(), gzip(&tar)] {
        let found = read_both(&bytes);
        assert_eq!(found.texts(), ["one", "two"]);
        let entries: Vec<_> = found.records.iter().map(|r| r.entry.as_deref()).collect();
        assert_eq!(entries, [Some("logs/a.log"), Some("logs/b.gz")]);
        assert_eq!(
            found.reasons(),
            [FileReason::NotRegular, FileReason::Packed]
        );
        assert_eq!(found.problems[1].entry.as_deref(), Some("logs/c.zip"));
    }
    let cut = read_both(&tar[..tar.len() - 2_000]);
    assert_eq!(cut.reasons().last(), Some(&FileReason::DamagedArchive));
    let behind = read_both(&[&tar[..], b"HIDDEN"].concat());
    assert_eq!(behind.reasons().last(), Some(&FileReason::TrailingData));
}

/// Returns the tar of a file, behind an entry with its long name if `name` is one.
fn tar_of(name: &str, text: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append_data(&mut header, name, text).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn tar_that_is_cut_off_between_entries_is_reported() {
    let tar = tar_of("a.log", b"one\n");
    assert!(read_both(&tar).problems.is_empty());
    let without_end = &tar[..1_024];
    for bytes in [without_end.to_vec(), gzip(without_end)] {
        let found = read_both(&bytes);
        assert_eq!(found.texts(), ["one"]);
        assert_eq!(found.reasons(), [FileReason::DamagedArchive]);
    }
}

#[test]
fn names_in_a_tar_cannot_fill_the_memory() {
    let long = "a/".repeat(3_000) + "b.log";
    let found = read_both(&tar_of(&long, b"one\n"));
    assert_eq!(found.texts(), ["one"]);
    let entry = found.records[0].entry.as_deref().unwrap();
    assert!(entry.len() == 4_096 && long.starts_with(entry));
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(2 << 20);
    header.set_cksum();
    let name = vec![b'a'; 2 << 20];
    builder.append(&header, &name[..]).unwrap();
    let bomb = builder.into_inner().unwrap();
    let found = read_both(&gzip(&bomb));
    assert_eq!(found.reasons(), [FileReason::DamagedArchive]);
}
