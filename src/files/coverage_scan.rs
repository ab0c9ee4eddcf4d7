//! Finds account, Region, kind, hour and event name of CloudTrail records without parsing them.
//!
//! CloudTrail writes the members of a record in a fixed order, without spaces: `eventTime`,
//! `eventSource`, `eventName` and `awsRegion` one directly behind the other, and later
//! `managementEvent` before `recipientAccountId`. Whenever they are not as expected the scan gives
//! up, and the records are parsed. A key inside a string has escaped quotation marks and is not
//! mistaken for one.
//!
//! Source: CloudTrail user guide, "CloudTrail record contents", and the order in real records.

#![expect(
    clippy::inline_always,
    reason = "SIMD instructions are used only in what is inlined into the function that enables them"
)]

use dragnet_model::LogKind;
use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};
use memchr::memmem::Finder;

use super::CoverageCell;
use super::bracket_depth::{CHUNK, ends_object, has_own_member};
use super::coverage::hour_of_text;
use super::fields::CATEGORIES;
use super::record_marks::MarkedPiece;

/// The start of a CloudTrail record.
const RECORD_START: &[u8] = b"{\"eventVersion\":\"";

const EVENT_TIME: &[u8; 13] = b"\"eventTime\":\"";
const EVENT_SOURCE: &[u8; 16] = b",\"eventSource\":\"";
const EVENT_NAME: &[u8; 14] = b",\"eventName\":\"";
const REGION: &[u8; 14] = b",\"awsRegion\":\"";
const ACCOUNT: &[u8; 22] = b"\"recipientAccountId\":\"";
const CATEGORY: &[u8; 17] = b"\"eventCategory\":\"";
const MANAGEMENT: &[u8; 23] = b"\"managementEvent\":true,";
const NOT_MANAGEMENT: &[u8; 24] = b"\"managementEvent\":false,";

/// The longest value that is read here, in bytes. Most names of events have fewer than 64.
const LONGEST_VALUE: usize = 256;

/// The length of a time such as `2026-11-27T10:15:00Z`.
const TIME_LENGTH: usize = 20;

/// The length of its beginning with the hour.
const HOUR_LENGTH: usize = 13;

const ACCOUNT_LENGTH: usize = 12;

/// What one record says about its coverage, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeenCell<'w> {
    /// The time up to the hour.
    hour: &'w [u8; HOUR_LENGTH],
    account: &'w [u8; ACCOUNT_LENGTH],
    region: &'w [u8],
    kind: Option<LogKind>,
}

impl SeenCell<'_> {
    pub(super) fn to_cell(self) -> Option<CoverageCell> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        Some(CoverageCell {
            account: Some(text(self.account)?.parse().ok()?),
            region: Some(text(self.region)?.parse().ok()?),
            kind: self.kind,
            hour: Some(hour_of_text(self.hour)?),
        })
    }
}

/// What one record says about itself, as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeenRecord<'w> {
    pub(super) cell: SeenCell<'w>,
    /// It has no escapes.
    pub(super) event_name: &'w [u8],
}

/// The searchers, which are built once a reader.
pub(super) struct CoverageScan {
    level: Level,
    event_time: Finder<'static>,
    account: Finder<'static>,
    category: Finder<'static>,
}

impl CoverageScan {
    pub(super) fn new() -> Self {
        Self {
            level: Level::new(),
            event_time: Finder::new(EVENT_TIME),
            account: Finder::new(ACCOUNT),
            category: Finder::new(CATEGORY),
        }
    }

    /// Returns the cell of a text that is a single record.
    pub(super) fn read_cell(&self, record: &[u8]) -> Option<CoverageCell> {
        if !record.starts_with(RECORD_START) {
            return None;
        }
        let mut times = self.event_time.find_iter(record);
        let time = times.next()?;
        if times.next().is_some() {
            return None;
        }
        let account = time + self.account.find(record.get(time..)?)?;
        let piece = MarkedPiece {
            range: 0..record.len(),
            time,
            account,
        };
        self.read_record(record, &piece)?.cell.to_cell()
    }

    /// Reads a record in a content, whose time is at this position, and the first account behind it
    /// at the other. The piece has to be the record, as far as that can be seen without following
    /// the strings.
    pub(super) fn read_record<'w>(
        &self,
        content: &'w [u8],
        piece: &MarkedPiece,
    ) -> Option<SeenRecord<'w>> {
        dispatch!(self.level, simd => self.read_with(simd, content, piece))
    }

    #[inline(always)]
    fn read_with<'w, S: Simd>(
        &self,
        simd: S,
        content: &'w [u8],
        piece: &MarkedPiece,
    ) -> Option<SeenRecord<'w>> {
        let record = content.get(piece.range.clone())?;
        let (hour, rest) = take_hour(record.get(piece.time..)?)?;
        let (_, rest) = take_member(simd, rest, EVENT_SOURCE)?;
        let (event_name, rest) = take_member(simd, rest, EVENT_NAME)?;
        let (region, rest) = take_member(simd, rest, REGION)?;
        let region_end = record.len() - rest.len();
        let to_account = piece.account.checked_sub(region_end)?;
        let (before_account, rest) = rest.split_at_checked(to_account)?;
        let (account, rest) = take_account(rest)?;
        // Records of 2014 and before have no account.
        let is_management = before_account.ends_with(MANAGEMENT);
        if !is_management && !before_account.ends_with(NOT_MANAGEMENT) {
            return None;
        }
        let start = piece.range.start;
        let end = piece.range.end;
        if !has_own_member(simd, content, start..start + piece.time)
            || !ends_object(simd, content, end - rest.len()..end)
        {
            return None;
        }
        // The category decides. Records of before 2019 have none.
        let kind = if let Some(category) = self.find_category(rest) {
            let value = category.strip_prefix(CATEGORY)?;
            let is_found = |known: &&(&str, Option<LogKind>)| starts_with_value(value, known.0);
            CATEGORIES.iter().find(is_found)?.1
        } else if is_management {
            Some(LogKind::Management)
        } else {
            Some(LogKind::Data)
        };
        let cell = SeenCell {
            hour,
            account,
            region,
            kind,
        };
        Some(SeenRecord { cell, event_name })
    }

    /// Returns the text from the first key of a category on. It usually follows the account.
    #[inline(always)]
    fn find_category<'w>(&self, behind_account: &'w [u8]) -> Option<&'w [u8]> {
        if behind_account.len() < CATEGORY.len() {
            return None;
        }
        let next = behind_account.strip_prefix(b",");
        next.filter(|next| next.starts_with(CATEGORY))
            .or_else(|| behind_account.get(self.category.find(behind_account)?..))
    }
}

/// Whether a value with its closing quotation mark starts a text.
#[inline(always)]
fn starts_with_value(text: &[u8], value: &str) -> bool {
    let rest = text.strip_prefix(value.as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b"\""))
}

/// Returns the hour of the time that a text starts with, and what is behind its quotation mark.
#[inline(always)]
fn take_hour(text: &[u8]) -> Option<(&[u8; HOUR_LENGTH], &[u8])> {
    let value = text.strip_prefix(EVENT_TIME)?;
    let (time, rest) = value.split_at_checked(TIME_LENGTH)?;
    Some((hour_of_time(time)?, rest.strip_prefix(b"\"")?))
}

/// Returns the account that a text starts with, and what is behind its quotation mark.
#[inline(always)]
fn take_account(text: &[u8]) -> Option<(&[u8; ACCOUNT_LENGTH], &[u8])> {
    let (account, rest) = text.strip_prefix(ACCOUNT)?.split_first_chunk()?;
    Some((account, rest.strip_prefix(b"\"")?))
}

/// Returns the value of the member that a text starts with, and what is behind its quotation mark.
/// `None` if the value has escapes.
#[inline(always)]
fn take_member<'w, S: Simd, const N: usize>(
    simd: S,
    text: &'w [u8],
    key: &[u8; N],
) -> Option<(&'w [u8], &'w [u8])> {
    let value = text.strip_prefix(key)?;
    let end = find_value_end(simd, value)?;
    let rest = value.get(end..)?.strip_prefix(b"\"")?;
    Some((value.get(..end)?, rest))
}

/// Returns the position of the first quotation mark or backslash, unless the value is too long.
#[inline(always)]
fn find_value_end<S: Simd>(simd: S, value: &[u8]) -> Option<usize> {
    if let Some(chunk) = value.first_chunk::<CHUNK>() {
        let chunk = u8x64::load_array_ref(simd, chunk);
        let is_end = chunk.simd_eq(b'"') | chunk.simd_eq(b'\\');
        let ends = is_end.to_bitmask();
        if ends != 0 {
            return Some(ends.trailing_zeros() as usize);
        }
    }
    let near = value.get(..LONGEST_VALUE).unwrap_or(value);
    memchr::memchr2(b'"', b'\\', near)
}

/// Returns the first 13 bytes of a time such as `2026-11-27T10:15:00Z`. `None` if it is written in
/// another way: with an offset, it would be of another hour.
#[inline(always)]
fn hour_of_time(time: &[u8]) -> Option<&[u8; HOUR_LENGTH]> {
    let (hour, rest) = time.split_first_chunk()?;
    let is_utc = matches!(
        rest,
        [
            b':',
            b'0'..=b'5',
            b'0'..=b'9',
            b':',
            b'0'..=b'5',
            b'0'..=b'9',
            b'Z'
        ]
    );
    is_utc.then_some(hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(time: &str, management: bool, category: &str) -> String {
        format!(
            r#"{{"eventVersion":"1.08","userIdentity":{{"type":"Root"}},"eventTime":"{time}","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","requestParameters":{{"a":"}}]\"eventTime\":\""}},"managementEvent":{management},"recipientAccountId":"111111111111","eventCategory":"{category}"}}"#
        )
    }

    fn read(record: &str) -> Option<CoverageCell> {
        CoverageScan::new().read_cell(record.as_bytes())
    }

    #[test]
    fn single_record_has_a_cell() {
        for (kind, is_management, expected) in [
            ("Management", true, Some(LogKind::Management)),
            ("Data", false, Some(LogKind::Data)),
            ("Insight", false, None),
            ("NetworkActivity", true, None),
        ] {
            let cell = read(&record("2026-11-27T10:59:59Z", is_management, kind)).unwrap();
            assert_eq!(cell.kind, expected);
            assert_eq!(cell.hour, Some(498_826));
            assert_eq!(cell.account.unwrap().to_string(), "111111111111");
            assert_eq!(cell.region.unwrap().as_str(), "us-east-1");
        }
    }

    #[test]
    fn event_name_is_read() {
        let one = record("2026-11-27T10:00:00Z", true, "Management");
        let scan = CoverageScan::new();
        let time = one.find("\"eventTime").unwrap();
        let account = one.find("\"recipientAccountId").unwrap();
        let piece = MarkedPiece {
            range: 0..one.len(),
            time,
            account,
        };
        let seen = scan.read_record(one.as_bytes(), &piece).unwrap();
        assert_eq!(seen.event_name, b"GetObject");
    }

    #[test]
    fn anything_unexpected_is_left_to_the_parser() {
        let one = record("2026-11-27T10:00:00Z", true, "Management");
        assert!(read(&one).is_some());
        for end in 0..one.len() {
            assert_eq!(read(&one[..end]), None, "cut at {end}");
        }
        for unexpected in [
            format!("[{one},{one}]"),
            format!("{one},{one}"),
            format!("{one},{{\"a\":1}}"),
            one.replace("{\"eventVersion", "{ \"eventVersion"),
            format!("{{\"eventVersion\":\"1\"}},[1],{one}"),
            one.replace("{\"type\":\"Root\"}", "{\"type\":\"Root\""),
            one.replace("recipientAccountId", "recipientAccount"),
            one.replace("us-east-1", "somewhere"),
            one.replace("2026-11", "2026-13"),
            one.replace(":00Z", ":60Z"),
            one.replace("00Z", "00+02:00"),
            one.replace("00Z", "00ZZ"),
            one.replace("111111111111", "11111111111"),
            one.replace("\"managementEvent\":true,", ""),
            one.replace("true", "false")
                .replace("Management\"}", "Other\"}"),
            one.replace("GetObject", "Get\\u004fbject"),
            one.replace("\"eventName\"", "\"name\":1,\"eventName\""),
            one.replace("\"111111111111\",", "\"111111111111\",\"list\":[],"),
        ] {
            assert_eq!(read(&unexpected), None, "{unexpected}");
        }
    }
}
