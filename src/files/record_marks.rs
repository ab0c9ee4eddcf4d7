//! Cuts the list of a log file into pieces, one for each record, and finds two members in each.
//! A single pass over the bytes with SIMD finds the borders and the members together.

use std::ops::Range;

use aho_corasick::packed;

/// What is between two records of a list. In a string, the quotation marks would be escaped.
const BORDER: &[u8] = b"},{\"eventVersion\":\"";

/// The key of the time without its beginning, which it has in common with many other keys.
const TIME_END: &[u8] = b"tTime\":\"";
const TIME_START: &[u8] = b"\"even";

const ACCOUNT: &[u8] = b"\"recipientAccountId\":\"";

/// The order of the patterns. None of them begins as another one ends, so no match hides another
/// one.
const PATTERNS: [&[u8]; 3] = [TIME_END, ACCOUNT, BORDER];
const TIME_PATTERN: usize = 0;
const ACCOUNT_PATTERN: usize = 1;

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

/// The searcher, which is built once a reader.
pub(super) struct RecordMarks(packed::Searcher);

impl RecordMarks {
    /// Builds the searcher; `None` if the processor has no instructions for it.
    pub(super) fn new() -> Option<Self> {
        packed::Config::new()
            .only_teddy(true)
            .builder()
            .extend(PATTERNS)
            .build()
            .map(Self)
    }

    /// Returns the pieces of the list in a content: from the start of the first record to the
    /// bracket behind the last one. An item is `None` if a piece has no time, several ones, or no
    /// account behind it.
    pub(super) fn pieces<'c>(&'c self, content: &'c [u8], list: Range<usize>) -> Pieces<'c> {
        let content = content.get(..list.end).unwrap_or(content);
        Pieces {
            matches: self.0.find_iter(content),
            content,
            next: Some(list.start),
        }
    }
}

/// Iterates over the pieces of a list.
pub(super) struct Pieces<'c> {
    matches: packed::FindIter<'c, 'c>,
    /// The content up to the end of the list.
    content: &'c [u8],
    /// The start of the next piece; `None` behind the last one.
    next: Option<usize>,
}

impl Iterator for Pieces<'_> {
    type Item = Option<MarkedPiece>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next.take()?;
        let mut time = None;
        let mut account = None;
        let mut has_other_time = false;
        let mut end = self.content.len();
        for found in self.matches.by_ref() {
            let at = found.start();
            match found.pattern().as_usize() {
                TIME_PATTERN => {
                    let before = self.content.get(..at).unwrap_or_default();
                    if before.ends_with(TIME_START) {
                        has_other_time |= time.is_some();
                        time = Some(at - TIME_START.len());
                    }
                }
                ACCOUNT_PATTERN => {
                    if time.is_some() && account.is_none() {
                        account = Some(at);
                    }
                }
                _ => {
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
        let marks = RecordMarks::new().unwrap();
        let found = marks.pieces(list.as_bytes(), 0..list.len());
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
