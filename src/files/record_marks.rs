//! Cuts the list of a log file into pieces, one for each record, and finds two members in each.
//! The sink has found where they may be, in its pass over the bytes.

use std::ops::{ControlFlow, Range};

use crate::byte_scan::{ByteClass, ByteScan, SEQUENCE};

/// The sequences by which records are found: `},{`, `tTi` and `tAc`. A class also has mixtures of
/// them, which are rare.
pub const RECORD_MARKS: ByteClass<'static> = [b"}t", b",TA", b"{ic"];

/// What is between two records of a list. In a string, the quotation marks would be escaped.
const BORDER: &[u8; 19] = b"},{\"eventVersion\":\"";

/// The key of the time, and the one of the account. Their marks are inside of them.
const TIME: &[u8; 13] = b"\"eventTime\":\"";
const ACCOUNT: &[u8; 22] = b"\"recipientAccountId\":\"";
const TIME_TO_MARK: usize = 5;
const ACCOUNT_TO_MARK: usize = 9;

/// What is between two borders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MarkedPiece {
    /// Its first byte and the one behind its last in the content.
    pub(super) range: Range<usize>,
    /// Where the only key `eventTime` is, from the start of the piece.
    pub(super) time: usize,
    /// Where the first key `recipientAccountId` behind it is, from the start of the piece.
    pub(super) account: usize,
}

/// What a mark is.
#[derive(Clone, Copy, Debug)]
enum Mark {
    /// The key of a time begins here.
    Time(usize),
    /// The key of an account begins here.
    Account(usize),
    /// A border begins here.
    Border(usize),
}

/// Replaces `marks` with the ascending positions at which a mark may begin.
pub fn find_record_marks(content: &[u8], marks: &mut Vec<u32>) {
    marks.clear();
    if let Some(scan) = ByteScan::new(&[RECORD_MARKS]) {
        // All of them are visited, so the search does not break off.
        _ = scan.find(content, &mut |at, _| {
            marks.extend(u32::try_from(at));
            ControlFlow::Continue(())
        });
    }
}

/// Returns the pieces of the list in a content: from the start of the first record to the bracket
/// behind the last one. `marks` are those of the content. An item is `None` if a piece has no time,
/// several ones, or no account behind it.
pub(super) fn pieces<'c>(content: &'c [u8], list: Range<usize>, marks: &'c [u32]) -> Pieces<'c> {
    Pieces {
        marks: marks.iter(),
        content: content.get(..list.end).unwrap_or(content),
        next: Some(list.start),
    }
}

/// Iterates over the pieces of a list.
pub(super) struct Pieces<'c> {
    marks: std::slice::Iter<'c, u32>,
    /// The content up to the end of the list.
    content: &'c [u8],
    /// The start of the next piece; `None` behind the last one.
    next: Option<usize>,
}

impl Pieces<'_> {
    /// Compares what is around the next positions, up to one that is a mark.
    fn next_mark(&mut self) -> Option<Mark> {
        let content = self.content;
        self.marks.find_map(|at| {
            let at = usize::try_from(*at).ok()?;
            match content.get(at..at + SEQUENCE)? {
                b"tTi" => find_at(content, at.checked_sub(TIME_TO_MARK)?, TIME).map(Mark::Time),
                b"tAc" => {
                    find_at(content, at.checked_sub(ACCOUNT_TO_MARK)?, ACCOUNT).map(Mark::Account)
                }
                b"},{" => find_at(content, at, BORDER).map(Mark::Border),
                _ => None,
            }
        })
    }
}

/// Returns the position if the text is there.
fn find_at<const N: usize>(content: &[u8], at: usize, text: &[u8; N]) -> Option<usize> {
    let found = content.get(at..)?.first_chunk::<N>()?;
    (found == text).then_some(at)
}

impl Iterator for Pieces<'_> {
    type Item = Option<MarkedPiece>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next.take()?;
        let mut time = None;
        let mut account = None;
        let mut has_other_time = false;
        let mut end = self.content.len();
        while let Some(mark) = self.next_mark() {
            match mark {
                Mark::Time(at) => {
                    has_other_time |= time.is_some();
                    time = Some(at);
                }
                Mark::Account(at) => {
                    if time.is_some() && account.is_none() {
                        account = Some(at);
                    }
                }
                Mark::Border(at) => {
                    end = at + 1;
                    // Behind the comma.
                    self.next = Some(end + 1);
                    break;
                }
            }
        }
        let piece = time.zip(account).and_then(|(time, account)| {
            Some(MarkedPiece {
                range: start..end,
                time: time.checked_sub(start)?,
                account: account.checked_sub(start)?,
            })
        });
        Some(piece.filter(|_| !has_other_time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of a list: their texts, and what begins at their marks.
    fn pieces(list: &str) -> Vec<Option<[&str; 3]>> {
        let mut marks = Vec::new();
        find_record_marks(list.as_bytes(), &mut marks);
        let found = super::pieces(list.as_bytes(), 0..list.len(), &marks);
        let shown = |piece: MarkedPiece| {
            let text = &list[piece.range];
            [text, &text[piece.time..], &text[piece.account..]]
        };
        found.map(|piece| piece.map(shown)).collect()
    }

    #[test]
    fn pieces_end_at_borders() {
        let time = r#""eventTime":"t""#;
        let account = r#""recipientAccountId":"1""#;
        let one = format!(r#"{{"eventVersion":"1","startTime":"x",{time},"a":"b",{account}}}"#);
        let rest = one.find(time).unwrap();
        let end = one.find(account).unwrap();
        let shown = Some([one.as_str(), &one[rest..], &one[end..]]);
        assert_eq!(pieces(&one), [shown]);
        assert_eq!(pieces(&format!("{one},{one}")), [shown, shown]);
        let many = vec![one.as_str(); 40].join(",");
        assert_eq!(pieces(&many), vec![shown; 40]);
        assert_eq!(pieces(&format!("{one},{{\"a\":1}}")).len(), 1);
        assert_eq!(pieces(&format!("{one}, {one}")), [None]);
    }

    #[test]
    fn pieces_without_exactly_one_time_are_none() {
        let time = r#""eventTime":"t""#;
        let account = r#""recipientAccountId":"1""#;
        let good = format!(r#"{{"eventVersion":"1",{time},{account}}}"#);
        for members in [
            format!("{time},{time},{account}"),
            format!("{time},{account},{time}"),
            format!("{account},{time}"),
            time.to_owned(),
            account.to_owned(),
            format!("\"entTime\":\"t\",{account}"),
        ] {
            let bad = format!(r#"{{"eventVersion":"1",{members}}}"#);
            let found = pieces(&format!("{good},{bad},{good}"))
                .iter()
                .map(Option::is_some)
                .collect::<Vec<_>>();
            assert_eq!(found, [true, false, true], "{members}");
        }
        let twice = format!(r#"{{"eventVersion":"1",{time},"a":{{{account}}},{account}}}"#);
        let first = twice.find(account).unwrap();
        assert_eq!(pieces(&twice)[0].unwrap()[2], &twice[first..]);
    }
}
