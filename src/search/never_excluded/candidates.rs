//! The candidates of a content of many records: every record that a full scan matches has one.

use std::net::Ipv4Addr;
use std::ops::Range;

use proptest::prelude::*;
use serde_json::json;

use super::spelled::{Escaping, Spelled, any_spelled, percent_encoded, v4_spelling};
use super::{in_message, with_escapes};
use crate::search::{Candidates, Matcher};
use dragnet_model::Indicator;

/// The candidates are searched for in blocks of this size.
const BLOCK: usize = 1 << 16;

/// A mark that many records have.
const MARK: [&[u8]; 3] = [b"\"", b":", b"\""];

/// Records in one content, which need not be UTF-8.
#[derive(Debug)]
struct Content {
    bytes: Vec<u8>,
    records: Vec<Range<usize>>,
}

impl Content {
    /// Begins a content so that its records are around the end of a block.
    fn ending_a_block(before_end: usize) -> Self {
        Self {
            bytes: vec![b' '; BLOCK.saturating_sub(before_end)],
            records: Vec::new(),
        }
    }

    fn add(&mut self, record: &[u8], separator: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend(record);
        self.records.push(start..self.bytes.len());
        self.bytes.extend(separator);
    }

    /// The first record that a full scan matches and that has no candidate, of the matcher's passes
    /// or of the one for whole contents.
    fn lost_record(&self, matcher: &Matcher) -> Option<String> {
        let mut offsets = Vec::new();
        let candidates = matcher.candidates(&self.bytes, &mut offsets);
        assert!(candidates == Candidates::Everywhere || offsets.is_sorted());
        assert_eq!(
            candidates != Candidates::None,
            matcher.may_be_in(&self.bytes)
        );
        let lost = self.lost_without(matcher, candidates, &offsets);
        lost.or_else(|| {
            let scan = matcher.content_scan(MARK);
            let mut marks = Vec::new();
            // It has no blocks of this size, and is slow without optimisation.
            let first = self.records.first().map_or(0, |record| record.start);
            let skipped = first.saturating_sub(10);
            let content = &self.bytes[skipped..];
            let candidates = matcher.candidates_and_marks(content, &scan, &mut offsets, &mut marks);
            if candidates != Candidates::Everywhere {
                assert!(offsets.is_sorted());
                assert_eq!(marks, marks_in(content));
            }
            let skipped = u32::try_from(skipped).unwrap();
            for offset in &mut offsets {
                *offset += skipped;
            }
            self.lost_without(matcher, candidates, &offsets)
        })
    }

    fn lost_without(
        &self,
        matcher: &Matcher,
        candidates: Candidates,
        offsets: &[u32],
    ) -> Option<String> {
        let has_one = |record: &Range<usize>| match candidates {
            Candidates::None => false,
            Candidates::At => offsets.iter().any(|at| record.contains(&(*at as usize))),
            Candidates::Everywhere => true,
        };
        let mut texts = self
            .records
            .iter()
            .filter(|record| !has_one(record))
            .map(|record| String::from_utf8_lossy(&self.bytes[record.clone()]).into_owned());
        texts.find(|text| matcher.match_full_scan(text, |_| true).is_some())
    }
}

/// Where the mark is.
fn marks_in(content: &[u8]) -> Vec<u32> {
    let windows = content.windows(3).enumerate();
    windows
        .filter(|(_, window)| *window == b"\":\"")
        .map(|(at, _)| u32::try_from(at).unwrap())
        .collect()
}

/// More indicators than the literal prefilter can hold.
fn many(which: usize) -> Vec<Indicator> {
    let texts: Vec<String> = match which {
        1 => (0..40).map(|n| format!("10.9.8.{n}")).collect(),
        2 => (0..40)
            .flat_map(|n| [format!("10.9.8.{n}"), format!("2001:db8:{n}::1")])
            .collect(),
        3 => (0..70).map(|n| format!("host-{n}.example")).collect(),
        4 => vec!["10.9.8.7".to_owned(), "text:<>".to_owned()],
        _ => Vec::new(),
    };
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn escapes() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 1 => any::<u64>(), 2 => (0..64_u32).prop_map(|bit| 1 << bit)]
}

fn separator() -> impl Strategy<Value = &'static [u8]> {
    prop_oneof![
        Just(&b"\n"[..]),
        Just(&b","[..]),
        Just(&b" \xff\xfe "[..]),
        Just(&b"\n\xc3\n"[..]),
    ]
}

proptest! {
    // Each case searches some twenty records.
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_matching_record_has_a_candidate(
        all in prop::collection::vec(any_spelled(), 1..4),
        which in 0..5_usize,
        before in r#"[\x00-\x1f0f:.%"/\\ -]{0,3}"#,
        after in r#"[\x00-\x1f0f:.%"/\\ -]{0,3}"#,
        escapes in prop::array::uniform2(escapes()),
        how in any::<u8>(),
        separator in separator(),
        before_end in 0..2_000_usize,
        damage in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut indicators: Vec<Indicator> = all.iter().map(|one| one.indicator.clone()).collect();
        indicators.extend(many(which));
        let matcher = Matcher::new(&indicators).unwrap();
        let mut content = Content::ending_a_block(before_end);
        let [once, twice] = escapes;
        for Spelled { spelling, .. } in &all {
            let text = format!("{before}{spelling}{after}");
            let inner = with_escapes(&json!({ "field": text, "n": 1.5 }), once);
            let outer = with_escapes(&json!([{ "payload": inner }, ""]), twice);
            let encoded = percent_encoded(&text, Escaping { which: once, upper: twice });
            for record in [in_message(&text, how), inner, outer, in_message(&encoded, how), "{\"a\":1}".to_owned()] {
                let mut record = record.into_bytes();
                if let Some(at) = damage {
                    record.insert(at.index(record.len()), 0xff);
                }
                content.add(&record, separator);
            }
        }
        prop_assert_eq!(content.lost_record(&matcher), None);
    }
}

/// Parts of addresses, and what may be beside them.
fn address_parts() -> impl Strategy<Value = String> {
    let fixed = [
        ".",
        "..",
        ":",
        "::",
        "-",
        "%",
        "%2",
        "%20",
        "%A",
        "%2F",
        "%f0",
        "\\n",
        "\\t",
        "ip-",
        "ec2-",
        "ffff:",
        "fFFf:",
        "c000:201",
        "192.0.2.1",
        "192-0-2-1",
        "2001:db8::1",
        "1.2.3.4",
        ".443",
        "f",
        "g",
        " ",
        "é",
        ",",
        "0",
    ];
    let part = prop_oneof![
        3 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => "[0-9]{1,3}",
        1 => "[0-9a-fA-F]{1,4}:",
    ];
    prop::collection::vec(part, 0..16).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_address_in_any_text_has_a_candidate(text in address_parts(), is_quoted in any::<bool>()) {
        let record = if is_quoted { json!({ "a": text }).to_string() } else { text };
        for networks in [
            &["192.0.2.1", "2001:db8::1"][..],
            &["1.2.3.4", "192.0.2.0/23", "2.3.0.0/16", "2001:db8::/32"],
            &["0.0.0.0/1", "128.0.0.0/1"],
            &["::/1", "8000::/1"],
            &["0.0.0.0/0", "::1", "20.0.0.0/6", "192.0.2.1"],
        ] {
            let indicators: Vec<Indicator> = networks.iter().map(|text| text.parse().unwrap()).collect();
            let matcher = Matcher::new(&indicators).unwrap();
            let mut content = Content::ending_a_block(record.len() / 2);
            content.add(record.as_bytes(), b"\n");
            prop_assert_eq!(content.lost_record(&matcher), None, "{:?}", networks);
            prop_assert_eq!(matcher.find(&record), matcher.match_full_scan(&record, |_| true));
        }
    }
}

/// Ten thousand addresses are found in every spelling, and rule out what contains none of them.
#[test]
fn ten_thousand_addresses_are_found_by_their_digits() {
    let addresses: Vec<Ipv4Addr> = (0..10_000_u32)
        .map(|number| Ipv4Addr::from(0x0a00_0000 + number * 7))
        .collect();
    let indicators: Vec<Indicator> = addresses
        .iter()
        .map(|address| address.to_string().parse().unwrap())
        .collect();
    let matcher = Matcher::new(&indicators).unwrap();
    for (how, address) in (0..9).zip(addresses.iter().skip(5_000)) {
        for escape in ["-", "\\n", "\\t", "%2F", "%20", "%0A", "%f0", "%3d", " "] {
            let spelling = v4_spelling(*address, how);
            let mut content = Content::ending_a_block(10);
            let record = format!("{{\"a\":\"x{escape}{spelling}%20y\"}}");
            content.add(record.as_bytes(), b"\n");
            // A percent escape of which the address is the end.
            content.add(format!("x%A{spelling}").as_bytes(), b"\n");
            assert_eq!(content.lost_record(&matcher), None);
            assert!(
                matcher.match_full_scan(&record, |_| true).is_some(),
                "{record}"
            );
            assert!(matcher.find(&record).is_some(), "{record}");
        }
    }
    let others = br#"{"eventTime":"2026-11-27T10:00:00Z","userAgent":"aws-cli/2.13.0 md/Botocore#1.31.0",
        "sourceIPAddress":"10.0.0.1","url":"https://a.example/%20x%2Fy?z=10.0.0.2%3D","text":"a\nb\t\"c\"",
        "host":"ip-10-0-0-3.ec2.internal","arn":"arn:aws:iam::111111111111:user/ben","v6":"2001:db8::1 ::ffff:a00:1"}"#;
    let mut offsets = Vec::new();
    assert_eq!(matcher.candidates(others, &mut offsets), Candidates::None);
    let scan = matcher.content_scan(MARK);
    let found = matcher.candidates_and_marks(others, &scan, &mut offsets, &mut Vec::new());
    assert_eq!((found, &offsets[..]), (Candidates::None, &[][..]));
    assert!(!matcher.may_be_in(others));
}
