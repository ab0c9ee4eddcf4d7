//! The candidates in a content of many records, such as a log file: the byte offsets at which a
//! match may be. Only the records that contain one are parsed.

use std::ops::ControlFlow;

/// With fewer bytes than this for each offset, most records contain one, and it costs less to read
/// all of them.
const BYTES_PER_OFFSET: usize = 256;

/// The number of offsets that are stored for a content of any length.
const LEAST_LIMIT: usize = 64;

/// Where in a content of many records a match may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// No record matches.
    None,
    /// Every record that matches contains one of the offsets.
    At,
    /// Every record may match. The offsets are incomplete.
    Everywhere,
}

/// Collects the offsets of candidates, as far as they are few.
#[derive(Debug)]
pub(super) struct CandidateList<'o> {
    offsets: &'o mut Vec<u32>,
    limit: usize,
}

impl<'o> CandidateList<'o> {
    /// Clears a vector, and collects the offsets in a content of this length in it.
    pub(super) fn new(offsets: &'o mut Vec<u32>, content_length: usize) -> Self {
        offsets.clear();
        Self {
            offsets,
            limit: content_length / BYTES_PER_OFFSET + LEAST_LIMIT,
        }
    }

    /// Adds an offset. Breaks off if there are too many.
    pub(super) fn add(&mut self, offset: usize) -> ControlFlow<()> {
        match u32::try_from(offset) {
            Ok(offset) if self.offsets.len() < self.limit => {
                self.offsets.push(offset);
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(()),
        }
    }

    /// Sorts the offsets of a content that was searched completely.
    pub(super) fn finish(self) -> Candidates {
        self.offsets.sort_unstable();
        self.offsets.dedup();
        if self.offsets.is_empty() {
            Candidates::None
        } else {
            Candidates::At
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_sorted_and_limited() {
        let mut offsets = vec![7];
        let mut list = CandidateList::new(&mut offsets, 0);
        for offset in [5, 3, 5] {
            assert!(list.add(offset).is_continue());
        }
        assert_eq!(list.finish(), Candidates::At);
        assert_eq!(offsets, [3, 5]);

        let mut list = CandidateList::new(&mut offsets, 2 * BYTES_PER_OFFSET);
        for offset in 0..LEAST_LIMIT + 2 {
            assert!(list.add(offset).is_continue());
        }
        assert!(list.add(0).is_break());
        let list = CandidateList::new(&mut offsets, 0);
        assert_eq!(list.finish(), Candidates::None);
        assert!(offsets.is_empty());
    }
}
